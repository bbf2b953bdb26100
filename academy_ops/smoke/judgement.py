"""What the seen means: passed or not, and what has stayed behind. No I/O and no clock."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from academy_ops.contract import ENDED, JOB_ID, JobStatus
from academy_ops.diagnosis.command import Command, command, fill
from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Diagnosis, Remedy, Unavailable
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Answer
from academy_ops.smoke.records import Result, Seen
from checks.authors import Page, page_of
from checks.facts import JobDocument

_NEVER_SENT: Final = frozenset({"dns", "refused", "tls", "not-configured"})
"""Reasons for which an upload can't have arrived."""
_ABOUT_A_JOB: Final = frozenset({"diagnose", "job", "watch", "--job"})
"""What commands of this tool end with that say nothing without a job."""
_NO_WAY: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


def accepted_job(answer: Answer | Unavailable) -> str | None:
    """Return the id of the job that the API has made of an upload, or None where it has not."""
    body = _json(answer)
    job_id = body.get("job_id") if isinstance(answer, Answer) and answer.status == HTTPStatus.ACCEPTED else None
    return job_id if isinstance(job_id, str) and re.fullmatch(JOB_ID, job_id) else None


def judge(seen: Seen, rows: int) -> tuple[Result, Text]:
    """Judge how the check of so many rows came out, and why; undetermined is only what could not be observed."""
    if isinstance(seen.upload, Unavailable):
        return "undetermined", say("The upload got no answer: {reason}.", reason=because(seen.upload))
    if seen.upload is not None and seen.job_id is None:
        return "failed", _refused(seen.upload)
    if isinstance(seen.job, Unavailable):
        return "undetermined", say("Can't read the job's status: {reason}.", reason=because(seen.job))
    if seen.job is None:
        return "failed", say("The API does not know the job it just accepted.")
    return _of_job(seen.job, rows)


def final_result(result: Result, diagnosis: Diagnosis | None) -> Result:
    """Return the result in the light of the diagnosis: where that names a fault, nothing is left open."""
    faulty = diagnosis is not None and diagnosis.verdict.status == "faulty"
    return "failed" if result == "undetermined" and faulty else result


def without_its_job(diagnosis: Diagnosis, ops: str) -> Diagnosis:
    """Return a diagnosis whose commands still lead somewhere when its job has been taken back."""
    (smoke,) = fill(command("<ops> smoke"), {"ops": ops})

    def command_left(step: Command) -> Command:
        job_id = diagnosis.job_id
        if job_id is None or not any(job_id in word for word in step.argv):
            return step
        words = tuple(word for word in step.argv if word != job_id)
        about_it = words[-1] in _ABOUT_A_JOB or any(job_id in word for word in words)
        return smoke if about_it else replace(step, argv=words)

    def remedy_left(remedy: Remedy) -> Remedy:
        steps, check = (tuple(map(command_left, each)) for each in (remedy.steps, remedy.check))
        # To run it again is to upload again.
        return replace(remedy, steps=steps, check=check, risk="change" if smoke in steps else remedy.risk)

    return replace(
        diagnosis,
        of_smoke=True,
        verdict=replace(diagnosis.verdict, remedies=tuple(map(remedy_left, diagnosis.verdict.remedies))),
        findings=tuple(
            replace(finding, remedies=tuple(map(remedy_left, finding.remedies))) for finding in diagnosis.findings
        ),
    )


def deleted(answer: Answer | Unavailable) -> int | None:
    """Return how many students the API says it has deleted; None where that is no answer of the bundled API."""
    number = _json(answer).get("deleted") if _well(answer) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def left_over(answer: Answer | Unavailable, students: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the jobs of earlier runs whose marked students, and nobody else, are in the API's list of students."""
    marked = {(name, _digits(phone)) for name, phone in students}
    listed = _json(answer).get("results") if _well(answer) else None
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    jobs = [row.get("job_id") for row in rows if (row.get("name"), _digits(str(row.get("parent_phone")))) in marked]
    return frozenset(job for job in jobs if isinstance(job, str) and re.fullmatch(JOB_ID, job))


def left(seen: Seen) -> Text | None:
    """Say what may have stayed behind, or None where nothing has."""
    if seen.job_id is None:
        unsure = say("The upload may have arrived. If so, its test students will be created; later runs add no more.")
        return None if _never_arrived(seen.upload) else unsure
    if _well(seen.taken_back):
        return None
    ended = isinstance(seen.job, JobDocument) and seen.job.status in ENDED
    if isinstance(seen.job, JobDocument) and ended and _created_none(seen.job):
        return None
    if isinstance(seen.taken_back, Answer) and seen.taken_back.status in _NO_WAY:
        if ended:
            return say("The API can't delete the test students. They stay; later runs add no more.")
        return say("The API can't cancel the job. Its test students may still be created; later runs add no more.")
    return say("The test students could not be deleted. They may stay; later runs add no more.")


def _refused(answer: Answer) -> Text:
    if answer.status == HTTPStatus.ACCEPTED:
        return say("The API accepted the upload but returned no job id.")
    page = page_of(answer)
    said = page.title or page.author != "unknown" or answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if page.author != "api" and said:
        return _refused_on_the_way(answer.status, page)
    detail = _json(answer).get("detail")
    if not detail:
        return say("The upload was not accepted: HTTP {status}.", status=answer.status)
    text = detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False)
    return say("The upload was not accepted: HTTP {status}, {detail}", status=answer.status, detail=printable(text))


def _refused_on_the_way(status: int, page: Page) -> Text:
    """Say who has refused the upload before the API had it; each has a limit of its own on its size."""
    if status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        text = say("The upload was not accepted: HTTP {status} from {author} ({title}).", title=page.title)
    elif page.author == "nginx":
        text = say("The upload was not accepted: HTTP {status} from {author}, whose client_max_body_size is too small.")
    elif page.author == "cloudflare":
        text = say(
            "The upload was not accepted: HTTP {status} from {author}, whose plan or rules limit the size of uploads."
        )
    else:
        text = say(
            "The upload was not accepted: HTTP {status} from {author}, which is in front of the API and limits the "
            "size."
        )
    return say(text.template, **text.values, status=status, author=page.name)


def _of_job(job: JobDocument, rows: int) -> tuple[Result, Text]:
    if job.status not in ENDED:
        return "undetermined", say(
            "Time ran out before the job ended; its status is {status}. If workers have to be started first, give it "
            "more minutes with --timeout.",
            status=job.status,
        )
    if job.status == JobStatus.DONE and not job.error_message:
        return _counted(job, rows)
    if job.error_message:
        return "failed", say("The job ended as {status}: {message}", status=job.status, message=job.error_message)
    return "failed", say("The job ended as {status}.", status=job.status)


def _counted(job: JobDocument, rows: int) -> tuple[Result, Text]:
    """Judge the numbers of a job that is DONE; an API may leave out those who were there already."""
    result = job.result
    if result is None or result.created is None:
        return "undetermined", say("The job is DONE, but the API does not say how many students it created.")
    there = result.duplicates
    if there is None:
        there = rows - result.created if result.total in {None, rows} and not result.rejected_count else 0
    numbers = {"created": result.created, "duplicates": there, "failed": result.rejected_count, "rows": rows}
    if result.created + there == rows and not result.rejected_count and there >= 0:
        return "passed", say(
            "All {rows} students are registered: {created} new, {duplicates} already there.", **numbers
        )
    return "failed", say(
        "The job is DONE, but the numbers are wrong: of {rows} students, {created} new, {duplicates} already there, "
        "{failed} rejected.",
        **numbers,
    )


def _created_none(job: JobDocument) -> bool:
    return job.result.created == 0 if job.result else job.status != JobStatus.DONE


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


def _never_arrived(upload: Answer | Unavailable | None) -> bool:
    if isinstance(upload, Answer):
        # What is in between (502, 504, 52x) may have given up on an API that goes on.
        return HTTPStatus.MULTIPLE_CHOICES <= upload.status <= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(upload, Unavailable) and upload.reason in _NEVER_SENT


def _well(answer: Answer | Unavailable | None) -> bool:
    return isinstance(answer, Answer) and HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def _json(answer: Answer | Unavailable | None) -> dict[str, Any]:
    try:
        body = json.loads(answer.body) if isinstance(answer, Answer) else None
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) else {}
