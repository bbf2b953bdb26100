"""Standard output and error as they are found: closed, cut off by `head`, or on a console with few characters."""

from __future__ import annotations

import codecs
import errno
import io
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SUBSTITUTES: Final[Mapping[str, str]] = {
    "…": "...",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "“": '"',
    "”": '"',
    "→": "->",
    "·": ".",
    "\N{MULTIPLICATION SIGN}": "x",
}
"""For what stands in our own sentences; marks are chosen by the console, where they are made."""
_READABLE: Final = "academy_ops.readable"
_HANGUL: Final = "한"
_NO_READER: Final = frozenset({errno.EPIPE, errno.EINVAL})
"""EINVAL is what Windows says of a pipe that nobody reads."""


def prepare() -> None:
    """Make standard output and error fit to write whatever there is to say, whoever reads it."""
    codecs.register_error(_READABLE, _substitute)
    sys.stdout, sys.stderr = _fit(sys.stdout), _fit(sys.stderr)


def unread() -> bool:
    """Return whether the reader of standard output (head, less) has gone; to be asked by what would never end."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _Pipe) and raw.unread


def shows_korean() -> bool:
    """Return whether standard output and error have the letters for Korean."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _HANGUL.encode(stream.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


class _Pipe(io.FileIO):
    """A stream that drops what nobody reads any more, so that the command still comes to its result."""

    unread = False

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _NO_READER:
                raise
            self.unread = True
            return len(memoryview(data).cast("B"))


def _fit(stream: TextIO | None) -> TextIO:
    if stream is None:
        # Closed by whoever called; there is nobody to write to.
        return io.StringIO()
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    if stream.isatty():
        stream.reconfigure(errors=_READABLE)
        return stream
    pipe = io.BufferedWriter(_Pipe(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(pipe, stream.encoding, _READABLE, line_buffering=stream.line_buffering)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_SUBSTITUTES.get(character, "?") for character in missing), error.end
