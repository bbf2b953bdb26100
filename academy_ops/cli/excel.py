"""``check excel FILE``: the workbook on disk, read as the worker would read it. No network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from academy_ops.cli import errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common
from academy_ops.cli.outputs import write_json
from academy_ops.cli.serve import needs_lab
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import _, os_reason, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from academy_ops.academy.excel import Content


def check_excel(common: Common, file: str | None) -> int:
    """Show row by row what would be created, skipped and rejected.

    Args:
        common: The common options.
        file: The workbook's path.

    Returns:
        0 when students would be created, 1 when none would be.

    Raises:
        RefusedError: There is no such file, or the reader's packages are not installed.
    """
    if file is None:
        raise RefusedError(say("Name the workbook: academy-ops check excel FILE.xlsx"))
    try:
        import python_calamine  # noqa: F401 - only the reader's child uses it, but it must be there

        from academy_ops.academy.excel import WorkbookError
        from academy_ops.academy.workbook import ReaderError, read
    except ImportError as error:
        raise needs_lab(error) from error
    try:
        content = read(Path(file))
    except WorkbookError as error:
        if common.form is Output.JSON:
            write_json({"file": file, "error": str(error), "problem": error.problem, "rows": []})
        else:
            console(common).print(_("The worker would refuse the file: {reason}", reason=str(error)), style="bold red")
        return errors.FAULT
    except OSError as error:
        raise RefusedError(say("Can't read {path}: {reason}.", path=file, reason=os_reason(error))) from error
    except ReaderError as error:
        raise RefusedError(say("The reader does not work here: {reason}.", reason=str(error))) from error
    rows = _rows(content)
    if common.form is Output.JSON:
        told = [dict(zip(("row", "outcome", "name", "detail"), row, strict=True)) for row in rows]
        write_json({"file": file, "error": None, "problem": None, "rows": told})
    else:
        table = Table(box=None, header_style="bold")
        for heading in (_("row"), _("outcome"), _("name"), _("detail")):
            table.add_column(heading, overflow="fold")
        words = {"create": _("create"), "duplicate": _("duplicate"), "reject": _("reject"), "skip": _("skip")}
        styles = {"create": "", "duplicate": "yellow", "reject": "red", "skip": "dim"}
        for number, outcome, name, detail in rows:
            table.add_row(str(number), words[outcome], printable(name), printable(detail), style=styles[outcome])
        out = console(common)
        out.print(table)
        outcomes = Counter(outcome for _number, outcome, _name, _detail in rows)
        out.print(
            _(
                "Would be created: {created}, repeated in the file: {duplicates}, rejected: {rejected}, "
                "skipped: {skipped}. Students who exist already are counted as duplicates.",
                created=outcomes["create"],
                duplicates=outcomes["duplicate"],
                rejected=outcomes["reject"],
                skipped=outcomes["skip"],
            )
        )
    return errors.HEALTHY if content.students else errors.FAULT


def _rows(content: Content) -> list[tuple[int, str, str, str]]:
    """Return every row of the workbook: its number, what becomes of it, its name, and why."""
    rows = [
        *((row.row, "reject", row.name, row.error) for row in content.rejected),
        *((number, "skip", "", _("an example row")) for number in content.examples),
    ]
    first: dict[tuple[str, str], int] = {}
    for student in content.students:
        same = first.setdefault((student.name, student.parent_phone), student.row)
        rows.append(
            (student.row, "create", student.name, student.parent_phone)
            if same == student.row
            else (student.row, "duplicate", student.name, _("the same as row {row}", row=same))
        )
    return sorted(rows)
