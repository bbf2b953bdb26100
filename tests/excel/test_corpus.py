"""Every workbook of the corpus: the students that must come out, and no others.

The writers take turns; every fifth workbook is written by all of them, and read by both readers.
"""

from collections.abc import Callable
from pathlib import Path

from academy_ops.academy.excel.child import content
from academy_ops.academy.excel.records import Content, WorkbookError
from academy_ops.academy.excel.values import phone
from tests.excel.corpus import CASES
from tests.excel.corpus.case import Case
from tests.excel.writers import writers

_EACH = 5


def difference(case: Case, path: Path, *, frugal: bool) -> str | None:
    """Return how what is read differs from what must come out."""
    try:
        found = content(str(path), frugal=frugal)
    except WorkbookError as error:
        expected = error.problem == case.problem and all(word in str(error) for word in case.says)
        return None if expected else f"refused: {error.problem}: {error}"
    if case.problem:
        return f"not refused: {found.students}"
    return next(
        (f"{what}: {got} and not {want}" for what, got, want in compared_parts(case, found) if got != want), None
    )


def compared_parts(case: Case, found: Content) -> list[tuple[str, object, object]]:
    """Return what was found and what must be, part by part."""
    by_name = {one.name: one for one in found.students}
    return [
        ("students", [(one.name, one.parent_phone) for one in found.students], [
            (name, phone(number)) for name, number in case.students
        ]),
        ("fields", {
            (name, field): getattr(by_name.get(name), field, "no student")
            for name, fields in case.fields.items() for field in fields
        }, {(name, field): value for name, fields in case.fields.items() for field, value in fields.items()}),
        ("rejected", [one.row for one in found.rejected], list(case.rejected)),
        ("skipped", sum(one.skipped for one in found.sheets), case.skipped),
        ("left out", set(case.left_out) - {one.name for one in found.sheets_left_out}, set()),
        ("ignored", set(case.ignored) - {one.heading for one in found.ignored_columns}, set()),
        ("values", [one.value for one in found.left_out_values], list(case.values)),
        ("sums", (len(found.students), len(found.rejected)), (
            sum(one.students for one in found.sheets), sum(one.rejected for one in found.sheets)
        )),
    ]  # fmt: skip


def test_the_corpus(tmp_path: Path, compared: Callable[[int], None]) -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)
    differences, count = [], 0
    path = tmp_path / "a.xlsx"
    for number, case in enumerate(CASES):
        able = list(writers(case))
        everywhere = not number % _EACH or case.package is not None
        for writer, write in able if everywhere else [able[number // _EACH % len(able)]]:
            made = write(case)
            path.write_bytes(case.package(made) if case.package else made)
            for frugal in (False, True) if everywhere and writer == able[-1][0] else (False,):
                count += 1
                if differs := difference(case, path, frugal=frugal):
                    differences.append(f"{case.name}, {writer}{', frugal' if frugal else ''}: {differs}")
    assert not differences, "\n".join(differences)
    compared(count)
