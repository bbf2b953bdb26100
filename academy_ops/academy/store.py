"""What the academy keeps, and how it changes: tokens, jobs and students."""

import hashlib
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

from academy_ops.academy.database import (
    INCOMING_STUDENTS,
    JOBS,
    NEW_STUDENT_COLUMNS,
    REJECTED_ROWS,
    STUDENTS,
    TOKENS,
    create_tables,
    engine,
)
from academy_ops.contract import ENDED, ROWS_IN_RESULT, JobStatus

_LONGEST_MESSAGE: Final = 4000
"""Of a job that failed; every poll of it holds the message."""
_SHOWN: Final = tuple(column for column in STUDENTS.c if column.name != "password_hash")
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
        """Open the database at SQLAlchemy's ``url``, and create what is missing in it.

        Raises:
            OperationalError: The database can't be reached.
        """
        self._engine = engine(url)
        on_postgres = self._engine.dialect.name == "postgresql"
        self._insert = postgresql.insert if on_postgres else sqlite.insert
        with self._write() as connection:
            create_tables(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def ping(self) -> None:
        """Ask the database for a sign of life, or raise OperationalError."""
        with self._read() as connection:
            connection.execute(sa.select(1))

    def add_token(self, token: str, tenant: str) -> None:
        """Accept ``token`` for ``tenant``; only its digest is kept."""
        with self._write() as connection:
            row = self._insert(TOKENS).values(digest=_digest(token), tenant=tenant)
            connection.execute(row.on_conflict_do_update(index_elements=["digest"], set_={"tenant": tenant}))

    def tenant_of(self, token: str) -> str | None:
        """Return the tenant of ``token``.

        The look-up is by digest, so its duration reveals nothing about the tokens there are.
        """
        with self._read() as connection:
            tenant: str | None = connection.scalar(sa.select(TOKENS.c.tenant).where(TOKENS.c.digest == _digest(token)))
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
            connection.execute(JOBS.insert().values(values))
        return Job(**values, result=None, error_message=None, progress=None, sent_at=None)  # type: ignore[arg-type] # the values above

    def job(self, job_id: str) -> Job | None:
        """Return a job."""
        with self._read() as connection:
            row = connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).mappings().one_or_none()
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
        """Return how many jobs of these states, if any, and times there are, and one page of them, newest first."""
        matching = [JOBS.c.tenant == tenant]
        matching += [JOBS.c.status.in_(statuses)] if statuses else []
        matching += [JOBS.c.created_at >= since] if since else []
        matching += [JOBS.c.created_at < until] if until else []
        newest = sa.select(JOBS).where(*matching).order_by(JOBS.c.created_at.desc(), JOBS.c.id)
        count, rows = self._page(newest, limit, offset)
        return count, [Job(**row) for row in rows]

    def mark_sent(self, job_id: str) -> None:
        """Note that the job's message was sent."""
        with self._write() as connection:
            connection.execute(JOBS.update().where(JOBS.c.id == job_id).values(sent_at=datetime.now(UTC)))

    def unsent(self, before: datetime, limit: int) -> list[Job]:
        """Return PENDING jobs older than ``before`` whose message was not sent, oldest first."""
        waiting = (JOBS.c.sent_at.is_(None), JOBS.c.status == JobStatus.PENDING, JOBS.c.created_at < before)
        with self._read() as connection:
            rows = connection.execute(sa.select(JOBS).where(*waiting).order_by(JOBS.c.created_at).limit(limit))
            return [Job(**row) for row in rows.mappings()]

    def claim(self, job_id: str) -> Job | None:
        """Take a job that has not ended; whoever had it before can't store anything any more.

        It has the number of this attempt; there is None when it has ended, or there is no such job.
        """
        with self._write() as connection:
            taken = connection.execute(
                JOBS.update()
                .where(JOBS.c.id == job_id, JOBS.c.status.not_in(ENDED))
                .values(status=JobStatus.RUNNING.value, attempt=JOBS.c.attempt + 1, updated_at=datetime.now(UTC))
                .returning(JOBS)
            )
            row = taken.mappings().one_or_none()
            return Job(**row) if row else None

    def progress(self, job: Job, progress: Mapping[str, object]) -> None:
        """Note how far a job has come."""
        with self._write() as connection:
            self._update(connection, job, progress=dict(progress))

    def retry(self, job: Job) -> None:
        """Note that this attempt ended without a result and another will follow."""
        with self._write() as connection:
            self._update(connection, job, status=JobStatus.RETRYING.value)

    def fail(self, job: Job, message: str) -> None:
        """End a job as FAILED."""
        with self._write() as connection:
            self._update(connection, job, status=JobStatus.FAILED.value, error_message=message[:_LONGEST_MESSAGE])

    def finish(
        self,
        job: Job,
        students: Sequence[Mapping[str, object]],
        failed: Sequence[Mapping[str, object]],
        processed_by: str,
        details: Mapping[str, Any] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Create the students and end the job as DONE, both or neither.

        Args:
            job: The job as `claim` returned it.
            students: The columns of each student; one who exists already is counted, not created.
            failed: Every row that was rejected; the job's result lists the first of them.
            processed_by: Who did it.
            details: What else the result says; of each of its ``sheets``, ``students`` is how many of ``students``
                come from there, sheet by sheet.

        Returns:
            The job's result. Its ``total`` counts the rows that hold a student: created, duplicates and rejected;
            with ``skipped`` they are all rows that were looked at.

        Raises:
            SupersededError: Another worker has it.
        """
        common = {"tenant": job.tenant, "job_id": job.id, "password_hash": job.password_hash}
        rows = [
            tuple(map({**student, **common}.get, NEW_STUDENT_COLUMNS))
            # In one order for every job: on PostgreSQL two jobs with the same students would else wait for each other.
            for student in sorted(students, key=lambda student: (str(student["name"]), str(student["parent_phone"])))
        ]
        with self._write() as connection:
            self._update(connection, job)
            created = self._create(connection, job, rows) if rows else 0
            rejected = [
                {"job_id": job.id, "number": number, "row": dict(row)}
                for number, row in enumerate(failed[ROWS_IN_RESULT:], ROWS_IN_RESULT)
            ]
            if rejected:
                connection.execute(REJECTED_ROWS.insert(), rejected)
            result = {
                "skipped": 0,
                **details,
                "created": created,
                "failed": list(failed[:ROWS_IN_RESULT]),
                "rejected": len(failed),
                "total": len(students) + len(failed),
                "processed_by": processed_by,
                "duplicates": len(students) - created,
                "sheets": self._by_sheet(connection, job, students, details.get("sheets", ()), created),
            }
            last = connection.scalar(sa.select(JOBS.c.progress).where(JOBS.c.id == job.id))
            progress = {**(last or {}), "percent": 100}
            self._update(connection, job, status=JobStatus.DONE.value, result=result, progress=progress)
        return result

    def _create(self, connection: sa.Connection, job: Job, rows: Sequence[tuple[object, ...]]) -> int:
        """Create the students who are not there yet; return how many those are."""
        if connection.dialect.name == "postgresql":
            _copy(connection, rows)
        else:
            insert = sqlite.insert(STUDENTS).on_conflict_do_nothing()
            # Past SQLAlchemy, which takes as long for them as SQLite.
            connection.exec_driver_sql(str(insert.compile(connection, column_keys=NEW_STUDENT_COLUMNS)), list(rows))
        mine = sa.select(sa.func.count()).select_from(STUDENTS).where(STUDENTS.c.job_id == job.id)
        return connection.scalar(mine) or 0

    def rejected(self, job: Job, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows of a job were rejected, and one page of them, in the workbook's order."""
        result = job.result or {}
        rows = list(result.get("failed", ()))[offset : offset + limit]
        there = (REJECTED_ROWS.c.job_id == job.id, REJECTED_ROWS.c.number >= offset)
        page = sa.select(REJECTED_ROWS.c.row).where(*there).order_by(REJECTED_ROWS.c.number).limit(limit - len(rows))
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
            mine = sa.select(STUDENTS.c.name, STUDENTS.c.parent_phone).where(STUDENTS.c.job_id == job.id)
            left = {(name, phone) for name, phone in connection.execute(mine)} if sheets else set()
            counts, following = [], iter(students)
            for sheet in sheets:
                before = len(left)
                left -= {(student["name"], student["parent_phone"]) for student in islice(following, sheet["students"])}
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
        """Take back what a job has created; return how many students were deleted.

        A job that has not ended ends as FAILED, so that it creates nothing later.
        """
        going_on = (JOBS.c.id == job.id, JOBS.c.status.not_in(ENDED))
        ended = {"status": JobStatus.FAILED.value, "error_message": message, "updated_at": datetime.now(UTC)}
        with self._write() as connection:
            # First: it waits for a worker that is about to finish, whose students are then seen below.
            connection.execute(JOBS.update().where(*going_on).values(ended))
            return connection.execute(STUDENTS.delete().where(STUDENTS.c.job_id == job.id)).rowcount

    def students(self, tenant: str) -> list[dict[str, Any]]:
        """Return a tenant's students, in the order in which they were created."""
        query = sa.select(*_SHOWN).where(STUDENTS.c.tenant == tenant).order_by(STUDENTS.c.id)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def find_students(self, tenant: str, name: str, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many of a tenant's students have ``name`` in their names, and one page of them, newest first."""
        matching = (STUDENTS.c.tenant == tenant, STUDENTS.c.name.contains(name, autoescape=True))
        return self._page(sa.select(*_SHOWN).where(*matching).order_by(STUDENTS.c.id.desc()), limit, offset)

    def _page(self, query: sa.Select[Any], limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows a query has, and one page of them."""
        with self._read() as connection:
            everything = query.with_only_columns(sa.func.count()).order_by(None)
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return connection.scalar(everything) or 0, [dict(row) for row in rows]

    def _update(self, connection: sa.Connection, job: Job, **values: object) -> None:
        """Change a job only while it is still this attempt's."""
        mine = (JOBS.c.id == job.id, JOBS.c.attempt == job.attempt, JOBS.c.status.not_in(ENDED))
        changed = connection.execute(JOBS.update().where(*mine).values(updated_at=datetime.now(UTC), **values))
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


def _copy(connection: sa.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Create students on PostgreSQL, another process: by COPY, which is one message, and then by one INSERT."""
    INCOMING_STUDENTS.create(connection, checkfirst=False)
    driver: Any = connection.connection.driver_connection
    columns = ", ".join(NEW_STUDENT_COLUMNS)
    try:
        with driver.cursor().copy(f"COPY {INCOMING_STUDENTS.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.OperationalError as error:
        # SQLAlchemy has no COPY, so it does not see its errors.
        raise OperationalError("COPY", None, error) from error
    copied = postgresql.insert(STUDENTS).from_select(NEW_STUDENT_COLUMNS, sa.select(INCOMING_STUDENTS))
    connection.execute(copied.on_conflict_do_nothing())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
