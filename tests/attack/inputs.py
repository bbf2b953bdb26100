"""What the strangers send: requests, messages, workbooks, and answers to the tool."""

from __future__ import annotations

import gzip
import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from academy_ops.contract import HEALTH_PATH, JOBS_PATH, REJECTED_OF_JOB, STUDENTS_OF_JOB, STUDENTS_PATH, UPLOAD_PATH
from tests.hostile.files import FILES, good
from tests.hostile.messages import GOOD, MALFORMED
from tests.hostile.requests import MIB, REFUSED, form
from tests.wire import Handler, dripping, pouring, respond

JOB_ID: Final = "6f3c1b1e-6a55-4f0b-9c0e-5f0a2c1d7e11"
"""The job that the tool asks about."""
UNKNOWN: Final = frozenset({400, 404})
REFUSES: Final = frozenset({400, 413, 429})
LONG: Final = 24 * MIB


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and the statuses with which it may be answered.

    Attributes:
        token: Whether it comes with the token of the attackers' own school.
    """

    name: str
    method: str
    path: str
    answers: frozenset[int]
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    token: bool = True


def requests(theirs: str) -> tuple[Request, ...]:
    """Return the requests; ``theirs`` is another school's job."""
    uploads = tuple(
        Request(name, "POST", UPLOAD_PATH, REFUSES, content, {"Content-Type": content_type})
        for name, (content, content_type) in REFUSED.items()
    )
    of_another = tuple(
        Request(f"another school's job: {method} {below}", method, f"{JOBS_PATH}{theirs}/{below}", frozenset({404}))
        for method, below in (("GET", ""), ("GET", REJECTED_OF_JOB), ("DELETE", STUDENTS_OF_JOB))
    )
    ids = (
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "a" * 4000,
        "' OR 1=1--",
        "\u202e".encode().decode("latin-1"),
        str(uuid.uuid4()),
    )
    jobs = tuple(Request(f"job {one[:12]!r}", "GET", f"{JOBS_PATH}{one}/", UNKNOWN) for one in ids)
    searches = ("_" * 30_000, "%25" * 9000, "%00", "a%00b", "%ff%fe", "'%20OR%20'1'='1", "%f0%9f%98%80" * 200)
    listed = tuple(
        Request(f"search {one[:9]}", "GET", f"{STUDENTS_PATH}?search={one}", frozenset({200, 400})) for one in searches
    )
    pages = tuple(
        Request(f"page {one}", "GET", f"{STUDENTS_PATH}?{one}", frozenset({400}))
        for one in ("limit=0", "limit=501", "limit=1e9", "offset=-1", f"offset={10**30}", "limit=%00")
    )
    typed = {"Content-Type": "multipart/form-data; boundary=B"}
    own, long = {"Host": "evil.example"}, {"Authorization": "Bearer " + "x" * 30_000}
    others = (
        Request("no token", "GET", STUDENTS_PATH, frozenset({401}), token=False),
        Request("another school's name", "GET", STUDENTS_PATH, frozenset({403}), headers={"X-Tenant-Code": "other"}),
        Request("a token of 30 kB", "GET", STUDENTS_PATH, frozenset({401, 429}), headers=long),
        Request("100 kB of headers", "GET", HEALTH_PATH, frozenset({200, 400, 431}), headers={"X-Long": "x" * 100_000}),
        Request("no slash, another host", "GET", STUDENTS_PATH[:-1], frozenset({404}), headers=own),
        Request("out of the page's folder", "GET", "/web/..%2f..%2fapi.py", frozenset({404})),
        Request("11 MB", "POST", UPLOAD_PATH, REFUSES, form(b"1234", bytes(11 * MIB)), typed),
        Request("no workbook", "POST", UPLOAD_PATH, REFUSES, form(b"1234", b"MZ"), typed),
        Request("an unknown method", "BREW", STUDENTS_PATH, frozenset({405})),
    )
    return (*uploads, *of_another, *jobs, *listed, *pages, *others)


def messages(mine: str, their_key: str) -> tuple[str, ...]:
    """Return the messages.

    Args:
        mine: A job of the attackers' own school.
        their_key: Where another school's workbook is.
    """
    forged = {**GOOD, "job_id": mine, "tenant_id": "other", "payload": {"file_key": their_key, "bucket": "b"}}
    return (*MALFORMED, json.dumps(forged), json.dumps({**GOOD, "job_id": str(uuid.uuid4())}))


def workbook(dice: random.Random) -> bytes:
    """Return a hostile workbook, or a good one that is damaged anywhere."""
    if dice.random() < 0.7:
        return dice.choice(FILES).content()
    content = bytearray(good())
    for _ in range(dice.randint(1, 8)):
        content[dice.randrange(4, len(content))] = dice.randrange(256)
    return bytes(content)


def _job(**fields: Any) -> bytes:
    return json.dumps({"job_id": JOB_ID, "status": "DONE", **fields}).encode()


ROWS: Final = [{"row": row, "name": "가", "error": "전화번호" * 10} for row in range(40_000)]
BOMB: Final = gzip.compress(bytes(64 * MIB), 9)
ANSWERS: Final[Mapping[str, Callable[[Handler], None]]] = {
    "a bomb": lambda handler: respond(handler, 200, BOMB, **{"Content-Encoding": "gzip"}),
    "a bomb in a bomb": lambda handler: respond(
        handler, 200, gzip.compress(BOMB), **{"Content-Encoding": "gzip, gzip"}
    ),
    "40,000 rejected rows": lambda handler: respond(handler, 200, _job(result={"created": 0, "failed": ROWS})),
    "a body without end": pouring(b"x" * 65536, LONG // 65536),
    "a body that drips": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"["),
    "a head that drips": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "a million floors": lambda handler: respond(handler, 200, b"[" * MIB),
    "another place": lambda handler: respond(handler, 302, Location="http://localhost:9/"),
    "commands": lambda handler: respond(
        handler, 200, _job(status="FAILED", error_message="\x1b[31m::error::x ##[error]$(id)\u2028`id`" * 50)
    ),
}
"""What the tool's API answers."""
