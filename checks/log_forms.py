"""What stands around a program's words: what carries its lines puts before them, and how its logger writes them."""

import logging
import re
from typing import Final, Literal

from academy_ops.contract import JOB_ID, LOG_OF_JOB
from academy_ops.diagnosis.redact import printable

Level = Literal["less", "warning", "error"]
"""``less`` is all that is no complaint, such as INFO."""

_QUOTE: Final = r"(?:\\{0,8}[\"'])?"
_LINE_OF_JOB: Final = re.compile(rf"\bjob_id{_QUOTE}\s{{0,3}}[=:]\s{{0,3}}{_QUOTE}({JOB_ID})")
_EVENT: Final = re.compile("|".join(sorted(LOG_OF_JOB, key=len, reverse=True)))
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
_OF_GROUP: Final = re.compile(r"\A {2,40}[|+] ")
"""What Python puts before each line of what a group of exceptions holds."""
_PROGRESS: Final = re.compile(r"\A[^\n]{0,400}\d%\|[^\n]{0,200}[\r\ufffd](?!\[)")
"""A bar that was drawn over and over in one line, before the words that ended up behind it."""
_INDENTED: Final = frozenset(" \t│╭╰")
"""How the lines of a traceback begin, plain and in rich's box."""
_ESCAPE: Final = re.compile(r"\\{1,8}(?:u([0-9a-fA-F]{4})|([nrt])|([\"'/]))")
_COLOR: Final = re.compile(r"(?:\x1b|\ufffd|#033|\\033|\\x1b)?\[[0-9;]{1,12}m")
_LESS: Final = "information|info|debug|trace|notice|verbose|inf|dbg|debu|trc"
_WARNING: Final = "warning|warn|wrn"
_ERROR: Final = "error|err|erro|critical|crit|fatal|fata|ftl|severe|emergency|emerg|alert|panic|dpanic|fail"
_WORDS: Final = f"(?:({_LESS})|({_WARNING})|{_ERROR})"
_FIELD: Final = re.compile(
    r"(?:\"(?:@l|@?(?:log[._]?)?(?:level|severity|lvl)(?!no)\w{0,9})\": ?(?:\{.{0,80}\"name\": ?)?\"?"
    rf"|(?<![\w-])(?:level(?:name)?|lvl|severity)=\"?)(?:{_WORDS}|(?P<number>[1-6]0))\b",
    re.IGNORECASE,
)
"""Of JSON and logfmt, wherever it stands."""
_BEFORE: Final = re.compile(
    rf"(?<![\w/=-]){_WORDS.upper()}(?![\w.-])|(?:\A|[\[<|(] ?){_WORDS}(?= {{0,9}}[\]:>|)])"
    r"|\b(?:([ID])|(W)|[EF]) ?\d{4,6} \d\d:"
)
"""In capitals, or between marks; by its first letter, of klog and tornado."""
_AS_ERROR: Final = re.compile(r"\b(?:error|critical|fatal|unrecoverable|exception|stderr)\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[a-z]{3} [a-z]{3}")
"""Names, times and brackets have nothing like it."""
_WORDS_BEFORE: Final = re.compile(rf"{_SENTENCE.pattern}|[\"']")
_STATEMENT: Final = re.compile(r"[a-z]{2} \Z")
"""Such as a program's own ``raise``."""


def event_in(line: str) -> str | None:
    """Return the first event of a job that a worker's line names, whatever its logger has put before it."""
    found = _EVENT.search(line)
    return found[0] if found else None


def job_in(line: str) -> str | None:
    """Return the job that a worker's line names."""
    found = _LINE_OF_JOB.search(line)
    return found[1] if found else None


def bare(line: str) -> str:
    """Return a line without what has been put before it by who has carried it, to see how it begins."""
    line = _PROGRESS.sub("", line)
    carried = _CARRIED.match(line)
    return _OF_GROUP.sub("", line[carried.end() :] if carried else line)


def of_program(line: str) -> bool:
    """Return whether a line shows a program's own text, as a traceback does above what was raised."""
    return bare(line)[:1] in _INDENTED


def plain(line: str) -> str:
    """Return a line without colors, and with its escapes undone: JSON has many in one, which become lines again."""
    if "\\" in line:
        # A character beyond U+FFFF has two escapes.
        halves = _ESCAPE.sub(_undone, line).encode("utf-16", "surrogatepass")
        line = printable(halves.decode("utf-16", "replace"))
    return _COLOR.sub("", line) if "[" in line else line


def level(line: str) -> Level | None:
    """Return at which level a logger has written a plain line; None where it names none before the words."""
    if (found := _FIELD.search(line)) is None:
        found = _BEFORE.search(line)
        # What is quoted, or stands in a sentence, is no level.
        if found is None or _WORDS_BEFORE.search(line[: found.start()]):
            return None
    if number := found.groupdict().get("number"):
        # Of pino and bunyan, whose lines hold a "msg", each is ten more than Python's.
        of_python = int(number) - (10 if '"msg"' in line else 0)
        return "error" if of_python >= logging.ERROR else "warning" if of_python >= logging.WARNING else "less"
    kinds = found.groups()
    return "less" if any(kinds[::2]) else "warning" if any(kinds[1::2]) else "error"


def is_raised(line: str, at: int) -> bool:
    """Return whether the exception at a place of a plain line is one that nobody has handled.

    So it is where nothing but a logger's or a carrier's own words stand before it, or the level of an error; a library
    that does without an optional package says so in a sentence, or as less than an error.
    """
    if (written := level(line)) is not None:
        return written == "error"
    head = line[:at].rpartition("\n")[2]
    return not (_SENTENCE.search(head) or _STATEMENT.search(head)) or _AS_ERROR.search(line) is not None


def _undone(escape: re.Match[str]) -> str:
    code, blank, mark = escape.groups()
    if code:
        return chr(int(code, 16))
    return mark or {"n": "\n", "r": "", "t": "\t"}[blank]
