"""Reading a job as the API returns it; only its id and status are sure, and any field may be of the wrong type."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from academy_ops.contract import ENDED, JOBS_PATH, UNSUCCESSFUL, JobStatus
from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.redact import phone_masked, printable, without_phones
from academy_ops.outside.clients import Answer, Target
from academy_ops.outside.time_limits import ANSWER_SECONDS, left
from academy_ops.thresholds import SECOND_LOOK_SECONDS
from checks.authors import cached, json_of, page_of
from checks.facts import FailedRow, JobDocument, JobResult
from checks.times import parse

_FULL: Final = 100
_COUNT_DIGITS: Final = 9
_LAST_SECONDS: Final = 1.0
"""So long an answer is waited for, though the run is over sooner."""
_KEPT_CHARACTERS: Final = 4000
_NOTHING: Final = frozenset({"none", "null", "undefined", "[]", "{}", "''", '""', "-"})
"""What programs write as text where there is no message."""
_TIER: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_KEY_BYTES: Final = 1024
"""S3 knows no longer key."""


def read_answer(answer: Answer | Unavailable) -> JobDocument | Unavailable | None:
    """Read a job from the API's answer; None when the API knows no such job, Unavailable for any other answer."""
    if isinstance(answer, Unavailable):
        return answer
    body = json_of(answer)
    author = page_of(answer).author
    # An API may say in a form of its own that it has no such job.
    no_such_job = answer.status == HTTPStatus.NOT_FOUND and author == "unknown"
    if not isinstance(body, dict) or (author != "api" and not no_such_job):
        return Unavailable("unexpected-answer", answer.url, f"HTTP {answer.status}")
    if cached(answer) and not (answer.status == HTTPStatus.OK and body.get("status") in ENDED):
        return Unavailable("cached", answer.url)
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK or not isinstance(body.get("status"), str):
        return Unavailable("unexpected-answer", answer.url, f"HTTP {answer.status}")
    return read_body(body)


def look_again(target: Target, *, at_once: bool = False) -> JobDocument | Unavailable | None:
    """Read the job's status a second time, some seconds later unless ``at_once``."""
    base = target.settings.get("ACADEMY_API_URL")
    if base is None or not (at_once or target.pause(SECOND_LOOK_SECONDS)):
        return Unavailable("timeout", "job")
    seconds = min(ANSWER_SECONDS, max(_LAST_SECONDS, left(target.until)))
    return read_answer(target.connect.get(f"{base.rstrip('/')}{JOBS_PATH}{target.job_id}/", seconds=seconds))


def read_body(body: Mapping[str, Any]) -> JobDocument:
    """Read a job as it stands in an answer of the API, which has a status."""
    progress = body.get("progress")
    if not isinstance(progress, dict):
        progress = {}
    return JobDocument(
        job_id=_kept(str(body.get("job_id", ""))),
        status=_kept(body["status"]),
        error_message=_message(body.get("error_message")) or _message(_tree(body.get("result")).get("error")),
        result=_result(body.get("result")),
        percent=_number(progress.get("percent")),
        step=_text(progress.get("step_name")) or _text(progress.get("step")),
        created_at=parse(body.get("created_at")),
        updated_at=parse(body.get("updated_at")),
        file_key=_key(body.get("file_key")),
        tier=_tier(body.get("tier")),
    )


def failed(document: JobDocument) -> bool:
    """Return whether the job has ended badly. DONE with an error message has: a production release wrote that."""
    if document.status in UNSUCCESSFUL:
        return True
    if document.status != JobStatus.DONE:
        return False
    return bool(document.error_message) or every_row_rejected(document)


def every_row_rejected(document: JobDocument) -> bool:
    """Return whether the worker rejected all that the workbook holds; an existing student is not rejected."""
    result = document.result
    if result is None or not result.rejected_count or result.duplicates:
        return False
    if result.created is None:
        return result.total is not None and result.rejected_count >= result.total
    return result.created == 0


def _result(value: object) -> JobResult | None:
    result = _tree(value)
    if not result:
        return None
    failed = result.get("failed")
    rows = _rows(failed)
    return JobResult(
        created=_count(result.get("created")),
        total=_count(result.get("total")),
        duplicates=_count(result.get("duplicates")),
        failed=tuple(
            _row(row) if isinstance(row, dict) else FailedRow(None, without_phones(_kept(str(row)))) for row in rows
        ),
        rejected=_count(result.get("rejected", _rejected(failed, rows))),
        skipped=_count(result.get("skipped")),
    )


def _tree(value: object) -> Mapping[str, object]:
    """Return an object of JSON, also where a text column holds it as JSON in JSON; empty where it is none."""
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _rows(failed: object) -> Sequence[object]:
    """Return the rejected rows: a list, or an object that is one row, has rows by their numbers, or has a list."""
    if not isinstance(failed, dict):
        return failed if isinstance(failed, list) else ()
    if failed.get("error"):
        return [failed]
    if all(number.isdecimal() for number in failed):
        return [{"row": number, "error": error} for number, error in failed.items()]
    return next((inner for inner in failed.values() if isinstance(inner, list)), ())


def _rejected(failed: object, rows: Sequence[object]) -> object:
    """Return what tells how many rows were rejected; an object of another form than `_rows` knows may have a count."""
    if not isinstance(failed, dict):
        return failed
    return rows if rows or not any(failed.values()) else failed.get("count")


def _row(row: Mapping[str, object]) -> FailedRow:
    error, value = _message(row.get("error")) or "", row.get("value")
    value = _text(value if isinstance(value, str) or value is None else str(value)[:_KEPT_CHARACTERS])
    return FailedRow(
        _count(row.get("row")), without_phones(error), _text(row.get("sheet")), phone_masked(value) if value else None
    )


def _message(value: object) -> str | None:
    """Read a message; Django REST framework also writes lists and objects of them."""
    text = _text(value if isinstance(value, str) or not value else json.dumps(value, ensure_ascii=False))
    return None if text and text.lower() in _NOTHING else text


def _text(value: object) -> str | None:
    return _kept(value).strip() or None if isinstance(value, str) else None


def _kept(text: str) -> str:
    """Return what is kept of a text: of a long one its beginning, and its end, where a traceback says what it is."""
    half = _KEPT_CHARACTERS // 2
    return printable(text if len(text) <= _KEPT_CHARACTERS else f"{text[:half]} … {text[-half:]}")


def _key(value: object) -> str | None:
    key = _text(value)
    return key if key and len(key.encode()) <= _KEY_BYTES else None


def _tier(value: object) -> str | None:
    tier = _text(value)
    return tier if tier and _TIER.fullmatch(tier) else None


def _number(value: Any) -> float | None:  # noqa: ANN401 - whatever JSON held
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A percentage: JSON also holds NaN, and numbers that no float can.
    return float(value) if 0 <= value <= _FULL else None


def _count(value: Any) -> int | None:  # noqa: ANN401 - whatever JSON held
    if isinstance(value, list | tuple):
        return len(value)
    if isinstance(value, str) and value.isdecimal() and len(value) <= _COUNT_DIGITS:
        return int(value)
    whole = isinstance(value, float) and value.is_integer()
    count = int(value) if whole or (isinstance(value, int) and not isinstance(value, bool)) else None
    # No count of rows: evidence holds no number so large.
    return count if count is not None and abs(count) < sys.maxsize else None
