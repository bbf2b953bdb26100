"""What a chaos run has to answer for: nothing lost, nothing twice, nothing leaked, nobody left without an answer."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from academy_ops import contract
from academy_ops.contract import ENDED
from academy_ops.lab.state import LabState
from tests.chaos import database
from tests.chaos.plan import REFUSED, Upload
from tests.chaos.users import Told

HOLDERS: Final = ("state.json", "env", "inspect", "edge.pem")
"""Files whose purpose is to hold secrets: the lab's own notes, and what ``docker inspect`` shows of a container."""


@dataclass(frozen=True, slots=True)
class Account:
    """The outcome.

    Attributes:
        counts: What there was, in the order to be shown.
        lost: What should be there and is not, or has not ended as it must.
        twice: What is there more often than it must be.
        leaked: Where a secret was found, without the secret.
    """

    counts: Mapping[str, int]
    lost: Sequence[str]
    twice: Sequence[str]
    leaked: Sequence[str]


def account(
    lab: LabState, uploads: Sequence[Upload], told: Told, waiting: Mapping[str, Sequence[str]], leaked: Sequence[str]
) -> Account:
    """Compare what people were told with what is in the database and in the queues.

    Args:
        lab: The lab that ran.
        uploads: The plan.
        told: What people were told.
        waiting: The messages left, by queue.
        leaked: Where a secret was found.
    """
    jobs = {job["id"]: job for job in database.rows(lab.database_url, "job")}
    students = database.rows(lab.database_url, "student")
    lost = [
        *_unanswered(uploads, told),
        *_jobs_without_end(jobs),
        *_ends(uploads, told, jobs),
        *_missing(uploads, told, students),
        *_left(waiting, jobs),
    ]
    ends = Counter(str(job["status"]) for job in jobs.values())
    counts = {
        "uploads planned": len(uploads),
        "accepted": len(told.accepted),
        "refused, and told why": len(told.refused),
        "cut off and sent again": sum(told.cut.values()),
        "jobs": len(jobs),
        **{f"jobs {status}": count for status, count in sorted(ends.items())},
        "attempts at jobs": sum(int(job["attempt"]) for job in jobs.values()),
        "students created": len(students),
        "rows that were duplicates": sum(int((_result(job)).get("duplicates", 0)) for job in jobs.values()),
        "messages left in the queue": len(waiting[contract.QUEUE_NAME]),
        "messages left in the dead-letter queue": len(waiting[contract.QUEUE_NAME + contract.DLQ_SUFFIX]),
    }
    return Account(counts, lost, _twice(told, jobs, students), leaked)


def secrets_of(lab: LabState, folder: Path, uploads: Iterable[Upload]) -> dict[str, str]:
    """Return every secret in play, with what it is."""
    found = {one.password: f"the initial password of upload {one.number}" for one in uploads}
    found |= {lab.operator.secret: "an AWS key", lab.r2.secret: "the R2 key"}
    found |= {lab.api_token: "the API's token", lab.control_token: "the lab's token"}
    if "@" in lab.database_url and (password := lab.database_url.partition("@")[0].rpartition(":")[2]):
        found[password] = "the database's password"
    for path in folder.rglob("edge.pem"):
        found[path.read_text("ascii").splitlines()[1]] = "the edge's private key"
    return found


def leaks(secrets: Mapping[str, str], folder: Path, texts: Mapping[str, Iterable[str]]) -> list[str]:
    """Search every file of the lab, and ``texts`` by where they come from, for secrets."""
    needles = {secret.encode(): what for secret, what in secrets.items()}
    found: list[str] = []
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in HOLDERS:
            content = path.read_bytes()
            found += [f"{what} in {path.name}" for secret, what in needles.items() if secret in content]
    for where, some in texts.items():
        content = "\n".join(some).encode()
        found += [f"{what} in {where}" for secret, what in needles.items() if secret in content]
    return found


def dump(url: str) -> list[str]:
    """Return every row of the database as text."""
    return [json.dumps(row, default=str) for table in database.TABLES for row in database.rows(url, table)]


def _unanswered(uploads: Sequence[Upload], told: Told) -> Iterable[str]:
    for one in uploads:
        if one.number not in told.accepted and one.number not in told.refused:
            yield f"upload {one.number} ({one.kind}): neither accepted nor refused"
        elif (one.ends == REFUSED) != (one.number in told.refused):
            yield f"upload {one.number} ({one.kind}): {told.refused.get(one.number, 'accepted')}"
    yield from (f"an unclear answer: {one}" for one in told.unclear)


def _jobs_without_end(jobs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for job_id, job in jobs.items():
        if job["status"] not in ENDED:
            yield f"job {job_id} is {job['status']} after {job['attempt']} attempts"


def _ends(uploads: Sequence[Upload], told: Told, jobs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for one in uploads:
        job_id = told.accepted.get(one.number, "")
        if not job_id:
            continue
        job = jobs.get(job_id)
        if job is None:
            yield f"job {job_id} of upload {one.number} is not there"
        elif job["status"] in ENDED and job["status"] != one.ends:
            yield f"job {job_id} of upload {one.number} ({one.kind}) is {job['status']}: {job['error_message']}"
        elif told.ended.get(job_id, job["status"]) != job["status"]:
            yield f"job {job_id} was {told.ended[job_id]}, and is {job['status']}"


def _left(waiting: Mapping[str, Sequence[str]], jobs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for queue, bodies in waiting.items():
        for job_id in (json.loads(body)["job_id"] for body in bodies):
            yield f"the message of job {job_id}, which is {jobs[job_id]['status']}, is left in {queue}"


def _missing(uploads: Sequence[Upload], told: Told, students: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    there = {(student["name"], student["parent_phone"]) for student in students}
    for one in uploads:
        if one.number in told.accepted and (missing := one.students() - there):
            yield f"{len(missing)} of {one.count} students of upload {one.number} are not there"


def _twice(told: Told, jobs: Mapping[str, Mapping[str, Any]], students: Sequence[Mapping[str, Any]]) -> list[str]:
    here = Counter((student["tenant"], student["name"], student["parent_phone"]) for student in students)
    found = [f"{count} times the same student" for count in here.values() if count > 1]
    created = Counter(str(student["job_id"]) for student in students)
    found += [
        f"job {job_id} says {said} created, and {created[job_id]} are there"
        for job_id, job in jobs.items()
        if (said := int(_result(job).get("created", 0))) != created[job_id]
    ]
    # Whoever was cut off, or told of a fault of the server, may have been taken nevertheless.
    most = len(told.accepted) + sum(told.cut.values()) + sum(told.answers[f"POST 50{n} of the API"] for n in range(10))
    return found + ([f"{len(jobs)} jobs of at most {most} uploads"] if len(jobs) > most else [])


def _result(job: Mapping[str, Any]) -> Mapping[str, Any]:
    result = job["result"]
    return json.loads(result) if isinstance(result, str) else result or {}
