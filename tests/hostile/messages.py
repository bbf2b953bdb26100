"""Messages of the queue that are not of their form."""

from __future__ import annotations

import json
import math
from typing import Any, Final

GOOD: Final = {"job_id": "j", "job_type": "excel_parsing", "tier": "basic", "payload": {"file_key": "k", "bucket": "b"}}
WRONG: Final[tuple[Any, ...]] = (None, 1, "", [])
MALFORMED: Final = (
    "",
    "{",
    "null",
    "[]",
    '"text"',
    "{}",
    *(json.dumps({**GOOD, name: wrong}) for name in ("job_id", "job_type", "payload") for wrong in WRONG),
    json.dumps({**GOOD, "tier": 1}),
    json.dumps({**GOOD, "payload": {}}),
    json.dumps({**GOOD, "payload": {"file_key": None}}),
    json.dumps({**GOOD, "payload": {"file_key": ["k"]}}),
    *(json.dumps({**GOOD, "attempt": wrong}) for wrong in (0, -1, 1001, 10**400, "1", 1.5, True, math.inf)),
    json.dumps(GOOD)[:-1] + ', "attempt": 1e999}',
    "[" * 100_000,
    '{"job_id": ' * 100_000,
    json.dumps(GOOD)[:-1] + ', "more": ' + "[" * 100_000,
    *(json.dumps({**GOOD, name: "\ud800"}) for name in ("job_id", "tier", "tenant_id")),
    json.dumps({**GOOD, "payload": {"file_key": "\udfff"}}),
    "\ud800" + json.dumps(GOOD),
    *(
        json.dumps({**GOOD, "job_id": f"j{c}"})
        for c in ("\0", "\n", "\r", "\u2028", " ", "|", "\x1b[31m", "/", "k" * 64)
    ),
    *(json.dumps({**GOOD, "tier": f"basic{c}"}) for c in ("\0", "\nSQS_JOB_COMPLETED | job_id=j", " ", "x" * 99)),
    json.dumps({**GOOD, "payload": {"file_key": "k" * 1025}}),
    json.dumps({**GOOD, "tenant_id": "t" * 200_000}),
)
