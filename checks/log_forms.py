"""What stands around a program's words: what carries its lines puts before them, and how its logger writes them."""

from __future__ import annotations

import re
from typing import Final

_TIME: Final = (
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:+Z-]{0,20}|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d[\d.]{0,10}"
    r"|\d\d:\d\d:\d\d[\d.,]{0,10}|@[0-9a-f]{24}|\s{0,9}\d{1,9}\.\d{1,9}"
)
_CARRIED: Final = re.compile(
    rf"(?:<\d{{1,3}}>)?(?:(?:\[(?:{_TIME})\]|{_TIME})\s(?:[\w.-]{{1,60}}: )?)?"
    r"(?:(?:[\w.-]{1,60} )?[\w./@-]{1,60}\[\d{1,9}\]: |[\w.|/-]{1,60}\s{1,20}\| |std(?:out|err) [FP] "
    r"|\[[\w./-]{1,80}\] |\{.{0,300}?\"log\": ?\")?"
)
"""What a journal, syslog, compose, containerd, Docker and others put there."""
_ESCAPE: Final = re.compile(r"\\{1,8}(?:u([0-9a-fA-F]{4})|([nrt])|([\"'/]))")
_COLOR: Final = re.compile(r"(?:\x1b|\ufffd|#033|\\033|\\x1b)?\[[0-9;]{1,12}m")
_LESS: Final = re.compile(
    r"\b(?:warn(?:ing)?|info(?:rmation)?|debug|notice|trace|verbose|WRN|INF|DBG|DEBU)\b|\b[IWD]\d{4} \d\d:",
    re.IGNORECASE,
)
_FIELD_OF_LESS: Final = re.compile(r"\"(?:warn(?:ing)?|info|debug|notice|trace)\"|\"level\": ?[1-4]0\b", re.IGNORECASE)
_ERROR: Final = re.compile(
    r"\b(?:error|critical|fatal|unrecoverable|exception|stderr|severe|emergency|alert|panic|ERR|ERRO|CRIT|FATA|FTL)\b"
    r"|\b[EF]\d{4} \d\d:|\"level\": ?[56]0\b",
    re.IGNORECASE,
)
"""By which level a logger has written a line, in words or numbers, and in klog's letters."""
_PROSE: Final = re.compile(r"[a-z]{3} [a-z]{3}|[a-z]{2} \Z")
"""Words of a sentence, or of a program; names, times and brackets have none."""


def bare(line: str) -> str:
    """Return a line without what has been put before it by who has carried it, to see how it begins."""
    carried = _CARRIED.match(line)
    return line[carried.end() :] if carried else line


def plain(line: str) -> str:
    """Return a line without colors, and with its escapes undone: JSON has many in one, which become lines again."""
    if "\\" in line:
        line = _ESCAPE.sub(_undone, line)
    return _COLOR.sub("", line) if "[" in line else line


def is_raised(line: str, at: int) -> bool:
    """Return whether the exception at a place of a plain line is one that nobody has handled.

    So it is where nothing but a logger's or a carrier's own words stand before it, or the level of an error; a library
    that does without an optional package says so in a sentence, or as less than an error.
    """
    head = line[:at].rpartition("\n")[2]
    if _LESS.search(head) or _FIELD_OF_LESS.search(line):
        return False
    return not _PROSE.search(head) or _ERROR.search(line) is not None


def _undone(escape: re.Match[str]) -> str:
    code, blank, mark = escape.groups()
    if code:
        return chr(int(code, 16))
    return mark or {"n": "\n", "r": "", "t": "\t"}[blank]
