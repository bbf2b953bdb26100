"""The marked students of the smoke check.

They are the same in each run: where the API can't take them back, a second run finds them there and adds none.
"""

from __future__ import annotations

from typing import Final

from academy_ops.lab.workbooks import HEADER, workbook

MARK: Final = "스모크점검"
"""What the names of these students begin with."""
STUDENTS: Final = tuple((f"{MARK}{number}", f"010-0000-000{number}") for number in range(1, 4))
"""Name and parent's phone; no such number is ever given to anybody."""


def content() -> bytes:
    """Make the workbook."""
    rows = [("", name, phone, "", "", "", "academy-ops smoke", "", "") for name, phone in STUDENTS]
    return workbook([HEADER, *rows])
