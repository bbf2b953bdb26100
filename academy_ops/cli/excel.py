"""``check excel``: a workbook read as the bundled worker would read it, from the disk or from R2."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from academy_ops.academy.excel.records import Content, Stricter, Why, WorkbookError
from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, note
from academy_ops.cli.outputs import write_structured
from academy_ops.cli.streams import regular
from academy_ops.contract import MAX_UPLOAD_BYTES
from academy_ops.diagnosis.redact import MASK, printable
from academy_ops.messages import Text, _, os_reason, say

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.outside.clients import Target

_SKIPPED: Final[dict[Why, Text]] = {
    "example": say("an example row"),
    "heading": say("a heading"),
    "note": say("a note or a class name"),
    "total": say("a total"),
    "no-name": say("no name and no phone"),
    "left": say("a student who has left"),
    "same": say("continues the student above"),
}
_STRICTER: Final[dict[Stricter, Text]] = {
    "lost-zero": say("phone numbers missing the leading 0"),
    "grade": say("grades that are not plain numbers"),
    "several-sheets": say("several sheets that all look like the roster"),
    "strict": say("the Strict Open XML format"),
    "dimension": say("a sheet whose stated dimension is A1"),
}
"""What facts.md knows of the production parser."""
_WORDS: Final = {
    "create": say("create"),
    "duplicate": say("duplicate"),
    "reject": say("reject"),
    "skip": say("skip"),
}
_STYLES: Final = {"create": "", "duplicate": "yellow", "reject": "red", "skip": "dim"}
_MOST_NAMED: Final = 20


class _Row(NamedTuple):
    """A row of the workbook, and what becomes of it."""

    sheet: str
    row: int
    outcome: str
    name: str
    detail: str
    value: str


def check_excel(common: Common, file: str | None, job_id: str | None) -> int:
    """Show row by row what would be created, skipped and rejected; return 1 where nothing would be created."""
    from academy_ops.academy.excel.workbook import LateError, ReaderError, read

    common.refuse_but()
    if (file is None) == (job_id is None):
        raise RefusedError(say("Name the workbook: academy-ops check excel FILE.xlsx, or --job JOB_ID"))
    ends_at = time.monotonic() + common.seconds
    with _workbook(common, file, job_id, ends_at) as (path, name):
        try:
            content = read(path, max(0.0, ends_at - time.monotonic()), production=True)
        except LateError as error:
            raise RefusedError(
                say("{path} could not be read in {seconds} s.", path=name, seconds=f"{common.seconds:g}"),
                errors.UNDETERMINED,
            ) from error
        except WorkbookError as error:
            _refused(common, name, error)
            return errors.FAULT
        except OSError as error:
            raise RefusedError(say("Can't read {path}: {reason}.", path=name, reason=os_reason(error))) from error
        except ReaderError as error:
            raise RefusedError(
                say("The workbook reader doesn't work on this machine: {reason}.", reason=str(error))
            ) from error
    rows = _rows(content)
    if common.structured:
        write_structured(common, _document(name, content, rows))
    else:
        _print(common.console(), content, rows)
    return errors.HEALTHY if content.students else errors.FAULT


@contextmanager
def _workbook(common: Common, file: str | None, job_id: str | None, ends_at: float) -> Iterator[tuple[Path, str]]:
    """Yield the workbook's path and what it is called; a job's file is kept for as long as it is read."""
    if file is not None:
        yield regular(file), file
        return
    with tempfile.TemporaryDirectory(prefix="academy-ops-") as folder:
        path = Path(folder, "upload.xlsx")
        yield path, _download(common, job_id, path, ends_at)


def _download(common: Common, job_id: str | None, path: Path, ends_at: float) -> str:
    """Read a job's file from R2; return its key. Nothing is changed."""
    from academy_ops.cli.jobs import job_target

    target = job_target(common, job_id, ends_at)
    key = _key(target, common.command_prefix())
    path.write_bytes(_object(target, key))
    return key


def _key(target: Target, ops: str) -> str:
    """Return the key of the job's file: from the API, else from the workers' logs and the bucket's listing."""
    from academy_ops.diagnosis.findings import because
    from academy_ops.diagnosis.records import Unavailable
    from checks.job_document import look_again
    from checks.uploads import stored_key

    document = look_again(target, at_once=True)
    if document is None:
        raise RefusedError(say("The API has no such job for this tenant."), errors.FAULT)
    if isinstance(document, Unavailable):
        raise RefusedError(say("Can't read the status: {reason}", reason=because(document)), errors.UNDETERMINED)
    if document.file_key and MASK not in document.file_key:
        return document.file_key
    found = stored_key(target)
    if isinstance(found, Unavailable):
        raise RefusedError(
            say(
                "Neither the API nor the workers' logs say which file in R2 belongs to the job ({reason}). Check a "
                "copy on disk: {ops} check excel FILE",
                reason=because(found),
                ops=ops,
            ),
            errors.UNDETERMINED,
        )
    key, by_time = found
    if by_time:
        note(_("Matched to the job only by the time of its upload: {key}", key=key))
    return key


def _object(target: Target, key: str) -> bytes:
    from academy_ops.diagnosis.findings import because
    from academy_ops.outside.failures import AWS_ERRORS
    from academy_ops.outside.time_limits import call_with_timeout

    def read() -> bytes:
        body = target.connect.r2().get_object(Bucket=target.settings.bucket, Key=key)["Body"]
        content: bytes = body.read(MAX_UPLOAD_BYTES + 1)
        return content

    try:
        return call_with_timeout(read, target.remaining())
    except (*AWS_ERRORS, TimeoutError) as error:
        why = target.connect.unseen(error, "s3:GetObject")
        raise RefusedError(
            say("Can't read the job's file {key} from R2: {reason}", key=key, reason=because(why)),
            errors.UNDETERMINED,
        ) from error


def _refused(common: Common, name: str, error: WorkbookError) -> None:
    if common.structured:
        write_structured(common, {"file": name, "error": str(error), "problem": error.problem, "rows": []})
    else:
        common.console().print(_("The worker would reject this file: {reason}", reason=str(error)), style="bold red")


def _rows(content: Content) -> list[_Row]:
    """Return every row of the workbook, sheet by sheet in its order."""
    rows = [
        *(_Row(row.sheet, row.row, "reject", row.name, row.error, row.value) for row in content.rejected),
        *(_Row(row.sheet, row.row, "skip", "", str(_SKIPPED[row.why]), "") for row in content.skipped),
    ]
    first: dict[tuple[str, str], _Row] = {}
    several = len(content.sheets) > 1
    for student in content.students:
        row = _Row(student.sheet, student.row, "create", student.name, student.parent_phone, "")
        same = first.setdefault((student.name, student.parent_phone), row)
        if same is not row:
            detail = (
                _("the same as row {row} of {sheet}", row=same.row, sheet=same.sheet)
                if several
                else _("the same as row {row}", row=same.row)
            )
            row = row._replace(outcome="duplicate", detail=detail)
        rows.append(row)
    order = {sheet.name: place for place, sheet in enumerate(content.sheets)}
    return sorted(rows, key=lambda row: (order.get(row.sheet, 0), row.row))


def _counts(content: Content, rows: list[_Row]) -> dict[str, int]:
    outcomes = Counter(row.outcome for row in rows)
    # Of very many skipped rows not every one is listed.
    return {**outcomes, "skip": sum(sheet.skipped for sheet in content.sheets)}


def _document(name: str, content: Content, rows: list[_Row]) -> dict[str, Any]:
    counts = _counts(content, rows)
    return {
        "file": name,
        "error": None,
        "problem": None,
        "created": counts.get("create", 0),
        "duplicates": counts.get("duplicate", 0),
        "rejected": counts.get("reject", 0),
        **content.details(),
        "production_would_reject": list(content.stricter),
        "rows": [
            {"sheet": row.sheet, "row": row.row, "outcome": row.outcome, "name": row.name, "detail": row.detail}
            | ({"value": row.value} if row.outcome == "reject" else {})
            for row in rows
        ],
    }


def _print(out: Console, content: Content, rows: list[_Row]) -> None:
    from rich.table import Table

    several = len(content.sheets) > 1
    table = Table(box=None, header_style="bold")
    for heading in (*([_("sheet")] if several else []), _("row"), _("outcome"), _("name"), _("detail")):
        table.add_column(heading, overflow="fold")
    for row in rows:
        detail = f"{row.detail} ({row.value})" if row.value else row.detail
        cells = (str(row.row), str(_WORDS[row.outcome]), printable(row.name), printable(detail))
        table.add_row(*([printable(row.sheet)] if several else []), *cells, style=_STYLES[row.outcome])
    out.print(table)
    for line in _notes(content):
        out.print(printable(line), style="yellow")
    counts = _counts(content, rows)
    out.print(
        _(
            "Would be created: {created}; repeated in the file: {duplicates}; rejected: {rejected}; skipped: "
            "{skipped}. Students who already exist count as duplicates.",
            created=counts.get("create", 0),
            duplicates=counts.get("duplicate", 0),
            rejected=counts.get("reject", 0),
            skipped=counts["skip"],
        )
    )


def _notes(content: Content) -> Iterator[str]:
    """Yield what else is to be known, a line each."""
    if len(content.sheets) > 1:
        yield _("Sheets read: {names}", names=", ".join(sheet.name for sheet in content.sheets))
    for sheet in content.sheets_left_out[:_MOST_NAMED]:
        yield _("Sheet not read: {name}. {reason}", name=sheet.name, reason=sheet.reason)
    if content.ignored_columns:
        headings = dict.fromkeys(column.heading for column in content.ignored_columns)
        yield _("Columns not read: {headings}", headings=", ".join(list(headings)[:_MOST_NAMED]))
    for value in content.left_out_values[:_MOST_NAMED]:
        yield _(
            "Value not used: row {row}, {column}: {value}", row=value.row, column=value.column, value=value.value
        ) + (f" ({value.sheet})" if len(content.sheets) > 1 else "")
    if content.stricter:
        what = ", ".join(str(_STRICTER[rule]) for rule in content.stricter)
        yield _("The production parser of August 2026 would reject this: {what}", what=what)
