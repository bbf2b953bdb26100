"""How the database is opened: SQLite so that several processes can write, PostgreSQL within bounds on waiting."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

import sqlalchemy as sa

_BUSY_MILLISECONDS: Final = 10_000
_CONNECT_SECONDS: Final = 3
_WAL_ATTEMPTS: Final = 50
_WAL_PAUSE_SECONDS: Final = 0.1
_POOL_SECONDS: Final = 5


def engine(url: str) -> sa.Engine:
    """Return the engine of the database at ``url``; ``postgresql://`` means the psycopg 3 driver."""
    parsed = sa.make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        bounds = {"connect_timeout": _CONNECT_SECONDS}
        return sa.create_engine(parsed, pool_pre_ping=True, pool_timeout=_POOL_SECONDS, connect_args=bounds)
    made = sa.create_engine(parsed)
    sa.event.listen(made, "connect", _prepare_sqlite)
    sa.event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    connection.isolation_level = None
    for pragma in (f"busy_timeout={_BUSY_MILLISECONDS}", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite does not wait for a lock while a new file is turned to WAL, as several processes may try at once.
    for _attempt in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at the start: a reader that turns into a writer later is refused, not made to wait."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
