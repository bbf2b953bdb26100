"""The database: its tables, and how it is connected to; SQLite by default, PostgreSQL by ``DATABASE_URL``."""

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

_SCHEMA_LOCK: Final = 7_201_126
"""The advisory lock of whoever creates tables: PostgreSQL's own IF NOT EXISTS is not safe against another one."""
_BUSY_MILLISECONDS: Final = 10_000
_CONNECT_SECONDS: Final = 3
_WAL_ATTEMPTS: Final = 50
_WAL_PAUSE_SECONDS: Final = 0.1
_POOL_SECONDS: Final = 5

DATABASE_ERRORS: Final = (OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What says that the database, not the data, is in trouble."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A time in UTC, also where the database (SQLite) keeps no zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store every time as UTC."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Give the zone back."""
        return value.replace(tzinfo=value.tzinfo or UTC) if value is not None else None


_METADATA: Final = sa.MetaData()
TOKENS: Final = sa.Table(
    "api_token",
    _METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
)
JOBS: Final = sa.Table(
    "job",
    _METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("file_key", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("error_message", sa.Text),
    sa.Column("progress", sa.JSON),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime, index=True),
    sa.Index("ix_job_tenant_created_at", "tenant", "created_at"),
)
STUDENTS: Final = sa.Table(
    "student",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent_phone", sa.String(11), nullable=False),
    sa.Column("phone", sa.String(11)),
    sa.Column("gender", sa.Text),
    sa.Column("school_type", sa.Text),
    sa.Column("school", sa.Text),
    sa.Column("grade", sa.Text),
    sa.Column("class_name", sa.Text),
    sa.Column("track", sa.Text),
    sa.Column("memo", sa.Text),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), nullable=False, index=True),
    sa.UniqueConstraint("tenant", "name", "parent_phone"),
)
REJECTED_ROWS: Final = sa.Table(
    "rejected_row",
    _METADATA,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("row", sa.JSON, nullable=False),
)
"""What a job's result has no room for: the rows behind the first page."""

NEW_STUDENT_COLUMNS: Final = [column.name for column in STUDENTS.c if column.name != "id"]
INCOMING_STUDENTS: Final = sa.Table(
    "incoming_student",
    sa.MetaData(),
    *(sa.Column(name, STUDENTS.c[name].type) for name in NEW_STUDENT_COLUMNS),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
"""A job's students on their way into PostgreSQL's table."""


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


def create_tables(connection: sa.Connection) -> None:
    """Create the tables that are missing."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
    _METADATA.create_all(connection)


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
