"""The database: tokens, jobs and students; SQLite by default, PostgreSQL by ``DATABASE_URL``."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from academy_ops.contract import ENDED, ROWS_IN_RESULT, JobStatus

_SCHEMA_LOCK: Final = 7_201_126
"""The advisory lock of whoever creates tables: PostgreSQL's own IF NOT EXISTS is not safe against another one."""
_BUSY_MILLISECONDS: Final = 10_000
_CONNECT_SECONDS: Final = 3
_WAL_ATTEMPTS: Final = 50
_WAL_PAUSE_SECONDS: Final = 0.1
_POOL_SECONDS: Final = 5
_LONGEST_MESSAGE: Final = 4000
"""Of a job that failed; every poll of it holds the message."""


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


_metadata = sa.MetaData()
_tokens = sa.Table(
    "api_token",
    _metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
)
_jobs = sa.Table(
    "job",
    _metadata,
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
_students = sa.Table(
    "student",
    _metadata,
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

_NEW_STUDENT: Final = [column.name for column in _students.c if column.name != "id"]
_incoming = sa.Table(
    "incoming_student",
    sa.MetaData(),
    *(sa.Column(name, _students.c[name].type) for name in _NEW_STUDENT),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
"""A job's students on their way into PostgreSQL's table."""

_rejected = sa.Table(
    "rejected_row",
    _metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("row", sa.JSON, nullable=False),
)
"""What a job's result has no room for: the rows behind the first page."""

_SHOWN: Final = tuple(column for column in _students.c if column.name != "password_hash")
"""What the API shows of a student."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job row."""

    id: str
    tenant: str
    status: str
    file_key: str
    password_hash: str
    result: dict[str, Any] | None
    error_message: str | None
    progress: dict[str, Any] | None
    attempt: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


class SupersededError(Exception):
    """Another worker has taken the job over or ended it; nothing of this attempt was stored."""


class Store:
    """Everything that is kept. Each method is one transaction."""

    def __init__(self, url: str) -> None:
        """Open the database and create what is missing in it.

        Args:
            url: SQLAlchemy's URL; ``postgresql://`` means the psycopg 3 driver.

        Raises:
            OperationalError: The database can't be reached.
        """
        self._engine = engine(url)
        on_postgres = self._engine.dialect.name == "postgresql"
        self._insert = postgresql.insert if on_postgres else sqlite.insert
        with self._write() as connection:
            if on_postgres:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            _metadata.create_all(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            OperationalError: There is none.
        """
        with self._read() as connection:
            connection.execute(sa.select(1))

    def add_token(self, token: str, tenant: str) -> None:
        """Accept ``token`` for ``tenant``; only its digest is kept."""
        with self._write() as connection:
            row = self._insert(_tokens).values(digest=_digest(token), tenant=tenant)
            connection.execute(row.on_conflict_do_update(index_elements=["digest"], set_={"tenant": tenant}))

    def tenant_of(self, token: str) -> str | None:
        """Return the tenant of ``token``.

        The look-up is by digest, so its duration reveals nothing about the tokens there are.
        """
        with self._read() as connection:
            tenant: str | None = connection.scalar(
                sa.select(_tokens.c.tenant).where(_tokens.c.digest == _digest(token))
            )
            return tenant

    def add_job(self, tenant: str, file_key: str, password_hash: str) -> Job:
        """Add a PENDING job whose message is still to be sent."""
        now = datetime.now(UTC)
        values = {
            "id": str(uuid.uuid4()),
            "tenant": tenant,
            "status": JobStatus.PENDING.value,
            "file_key": file_key,
            "password_hash": password_hash,
            "attempt": 0,
            "created_at": now,
            "updated_at": now,
        }
        with self._write() as connection:
            connection.execute(_jobs.insert().values(values))
        return Job(**values, result=None, error_message=None, progress=None, sent_at=None)  # type: ignore[arg-type] # the values above

    def job(self, job_id: str) -> Job | None:
        """Return a job."""
        with self._read() as connection:
            row = connection.execute(sa.select(_jobs).where(_jobs.c.id == job_id)).mappings().one_or_none()
            return Job(**row) if row else None

    def find_jobs(
        self,
        tenant: str,
        statuses: Sequence[str],
        *,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        offset: int,
    ) -> tuple[int, list[Job]]:
        """Return how many jobs a tenant has, and one page of them, newest first.

        Args:
            tenant: The tenant.
            statuses: Only jobs in one of these; in any where there are none.
            since: Only jobs made then or later.
            until: Only jobs made before then.
            limit: How many to return at most.
            offset: How many of the newest to leave out.
        """
        matching = [_jobs.c.tenant == tenant]
        matching += [_jobs.c.status.in_(statuses)] if statuses else []
        matching += [_jobs.c.created_at >= since] if since else []
        matching += [_jobs.c.created_at < until] if until else []
        newest = sa.select(_jobs).where(*matching).order_by(_jobs.c.created_at.desc(), _jobs.c.id)
        with self._read() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(_jobs).where(*matching)) or 0
            rows = connection.execute(newest.limit(limit).offset(offset)).mappings()
            return count, [Job(**row) for row in rows]

    def mark_sent(self, job_id: str) -> None:
        """Note that the job's message was sent."""
        with self._write() as connection:
            connection.execute(_jobs.update().where(_jobs.c.id == job_id).values(sent_at=datetime.now(UTC)))

    def unsent(self, before: datetime, limit: int) -> list[Job]:
        """Return PENDING jobs older than ``before`` whose message was not sent, oldest first."""
        waiting = (_jobs.c.sent_at.is_(None), _jobs.c.status == JobStatus.PENDING, _jobs.c.created_at < before)
        with self._read() as connection:
            rows = connection.execute(sa.select(_jobs).where(*waiting).order_by(_jobs.c.created_at).limit(limit))
            return [Job(**row) for row in rows.mappings()]

    def claim(self, job_id: str) -> Job | None:
        """Take a job that has not ended; whoever had it before can't store anything any more.

        Returns:
            The job with the number of this attempt, or None when it has ended or there is none.
        """
        with self._write() as connection:
            taken = connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job_id, _jobs.c.status.not_in(ENDED))
                .values(status=JobStatus.RUNNING.value, attempt=_jobs.c.attempt + 1, updated_at=datetime.now(UTC))
                .returning(_jobs)
            )
            row = taken.mappings().one_or_none()
            return Job(**row) if row else None

    def progress(self, job: Job, progress: Mapping[str, object]) -> None:
        """Note how far a job has come.

        Raises:
            SupersededError: Another worker has it.
        """
        with self._write() as connection:
            self._update(connection, job, progress=dict(progress))

    def retry(self, job: Job) -> None:
        """Note that this attempt ended without a result and another will follow.

        Raises:
            SupersededError: Another worker has it.
        """
        with self._write() as connection:
            self._update(connection, job, status=JobStatus.RETRYING.value)

    def fail(self, job: Job, message: str) -> None:
        """End a job as FAILED.

        Raises:
            SupersededError: Another worker has it.
        """
        with self._write() as connection:
            self._update(connection, job, status=JobStatus.FAILED.value, error_message=message[:_LONGEST_MESSAGE])

    def finish(
        self,
        job: Job,
        students: Sequence[Mapping[str, object]],
        failed: Sequence[Mapping[str, object]],
        processed_by: str,
        told: Mapping[str, Any] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Create the students and end the job as DONE, both or neither.

        Args:
            job: The job as `claim` returned it.
            students: The columns of each student; one who exists already is counted, not created.
            failed: Every row that was rejected; the job's result lists the first of them.
            processed_by: Who did it.
            told: What else the result says; of each of its ``sheets``, ``students`` is how many of ``students``
                come from there, sheet by sheet.

        Returns:
            The job's result. Its ``total`` counts the rows that hold a student: created, duplicates and rejected;
            with ``skipped`` they are all rows that were looked at.

        Raises:
            SupersededError: Another worker has it.
        """
        common = {"tenant": job.tenant, "job_id": job.id, "password_hash": job.password_hash}
        rows = [
            tuple(map({**student, **common}.get, _NEW_STUDENT))
            # In one order for every job: on PostgreSQL two jobs with the same students would else wait for each other.
            for student in sorted(students, key=lambda one: (str(one["name"]), str(one["parent_phone"])))
        ]
        with self._write() as connection:
            self._update(connection, job)
            if rows:
                self._create(connection, rows)
            if more := failed[ROWS_IN_RESULT:]:
                numbered = enumerate(more, ROWS_IN_RESULT)
                rejected = [{"job_id": job.id, "number": number, "row": dict(row)} for number, row in numbered]
                connection.execute(_rejected.insert(), rejected)
            mine = sa.select(sa.func.count()).select_from(_students).where(_students.c.job_id == job.id)
            created = connection.scalar(mine) or 0
            result = {
                "skipped": 0,
                **told,
                "created": created,
                "failed": list(failed[:ROWS_IN_RESULT]),
                "rejected": len(failed),
                "total": len(rows) + len(failed),
                "processed_by": processed_by,
                "duplicates": len(rows) - created,
                "sheets": self._by_sheet(connection, job, students, told.get("sheets", ()), created),
            }
            last = connection.scalar(sa.select(_jobs.c.progress).where(_jobs.c.id == job.id))
            progress = {**(last or {}), "percent": 100}
            self._update(connection, job, status=JobStatus.DONE.value, result=result, progress=progress)
        return result

    def _create(self, connection: sa.Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Create the students who are not there yet; past SQLAlchemy, which takes as long for them as SQLite."""
        if connection.dialect.name != "postgresql":
            insert = self._insert(_students).on_conflict_do_nothing().compile(connection, column_keys=_NEW_STUDENT)
            connection.exec_driver_sql(str(insert), list(rows))
            return
        # PostgreSQL is another process: the rows by COPY, which is one message, and from there by one INSERT.
        _incoming.create(connection, checkfirst=False)
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor().copy(f"COPY {_incoming.name} ({', '.join(_NEW_STUDENT)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.OperationalError as error:
            # SQLAlchemy has no COPY, so it does not see its errors.
            raise OperationalError("COPY", None, error) from error
        copied = postgresql.insert(_students).from_select(_NEW_STUDENT, sa.select(_incoming))
        connection.execute(copied.on_conflict_do_nothing())

    def rejected(self, job: Job, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows of a job were rejected, and one page of them, in the workbook's order."""
        result = job.result or {}
        rows = list(result.get("failed", ()))[offset : offset + limit]
        there = (_rejected.c.job_id == job.id, _rejected.c.number >= offset)
        page = sa.select(_rejected.c.row).where(*there).order_by(_rejected.c.number).limit(limit - len(rows))
        with self._read() as connection:
            rows += connection.scalars(page)
        return result.get("rejected", len(result.get("failed", ()))), rows

    def _by_sheet(
        self,
        connection: sa.Connection,
        job: Job,
        students: Sequence[Mapping[str, object]],
        sheets: Sequence[Mapping[str, Any]],
        created: int,
    ) -> list[dict[str, Any]]:
        """Return the sheets, each with how many of its students were created and how many were there already."""
        if len(sheets) == 1:
            counts = [created]
        else:
            mine = sa.select(_students.c.name, _students.c.parent_phone).where(_students.c.job_id == job.id)
            left = {(name, phone) for name, phone in connection.execute(mine)} if sheets else set()
            counts, following = [], iter(students)
            for sheet in sheets:
                before = len(left)
                left -= {(one["name"], one["parent_phone"]) for one in islice(following, sheet["students"])}
                counts.append(before - len(left))
        return [
            {
                "name": sheet["name"],
                "created": count,
                "duplicates": sheet["students"] - count,
                "rejected": sheet["rejected"],
                "skipped": sheet["skipped"],
            }
            for sheet, count in zip(sheets, counts, strict=True)
        ]

    def withdraw(self, job: Job, message: str) -> int:
        """Take back what a job has created; one that has not ended ends as FAILED, so that it creates nothing later.

        Returns:
            How many students were deleted.
        """
        going_on = (_jobs.c.id == job.id, _jobs.c.status.not_in(ENDED))
        ended = {"status": JobStatus.FAILED.value, "error_message": message, "updated_at": datetime.now(UTC)}
        with self._write() as connection:
            # First: it waits for a worker that is about to finish, whose students are then seen below.
            connection.execute(_jobs.update().where(*going_on).values(ended))
            return connection.execute(_students.delete().where(_students.c.job_id == job.id)).rowcount

    def students(self, tenant: str) -> list[dict[str, Any]]:
        """Return a tenant's students, in the order in which they were created."""
        return self._students(sa.select(*_SHOWN).where(_students.c.tenant == tenant).order_by(_students.c.id))

    def find_students(self, tenant: str, name: str, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many of a tenant's students have ``name`` in their names, and one page of them, newest first."""
        matching = (_students.c.tenant == tenant, _students.c.name.contains(name, autoescape=True))
        with self._read() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(_students).where(*matching)) or 0
        page = sa.select(*_SHOWN).where(*matching).order_by(_students.c.id.desc()).limit(limit).offset(offset)
        return count, self._students(page)

    def _students(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _update(self, connection: sa.Connection, job: Job, **values: object) -> None:
        """Change a job only while it is still this attempt's."""
        mine = (_jobs.c.id == job.id, _jobs.c.attempt == job.attempt, _jobs.c.status.not_in(ENDED))
        changed = connection.execute(_jobs.update().where(*mine).values(updated_at=datetime.now(UTC), **values))
        if changed.rowcount != 1:
            raise SupersededError(job.id)

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection


# SQLite so that several processes can write, PostgreSQL within bounds on waiting.
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


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


DATABASE_ERRORS: Final = (OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What says that the database, not the data, is in trouble."""
