"""The marked students of the smoke check.

They are the same in each run: where the API can't take them back, a second run finds them there and adds none.
"""

from __future__ import annotations

from typing import Final

MARK: Final = "스모크점검"
"""What the names of these students begin with."""
STUDENTS: Final = tuple((f"{MARK}{number}", f"010-0000-000{number}") for number in range(1, 4))
"""Name and parent's phone; no such number is ever given to anybody."""
