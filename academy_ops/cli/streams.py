"""What a command reads and writes: standard output and error as they are found, and files for its user.

Standard output may be closed, cut off by `head`, on a full disk, or on a console with few characters. A file is read
or written as a whole or not at all.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from academy_ops.cli.errors import RefusedError
from academy_ops.messages import Text, _, os_reason, say

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
_YES: Final = frozenset({"y", "yes", "네", "예", "응", "ㅛ", "ᅭ"})
"""ㅛ is what the key Y gives while a keyboard is set to Korean; alone it is normalized to its other form."""
_NO: Final = frozenset({"", "n", "no", "아니요", "아니오", "아뇨", "아니", "ㅜ", "ᅮ"})
_MOST_TRIES: Final = 3
_READABLE: Final = "academy_ops.readable"
_HANGUL: Final = "한"
_WORKFLOW_COMMAND: Final = re.compile(r"(\A\s*:(?=:)|##(?=\[))")
_COMMAND: Final = "academy-ops"
_PAUSES: Final = (".", ",", ";", ":", ")")
"""What ends a command within a sentence."""
_CONTEXT: Final = 1000
_NO_READER: Final = frozenset({errno.EPIPE, errno.EINVAL})
"""EINVAL is what Windows says of a pipe that nobody reads."""


def prepare() -> None:
    """Make standard output and error fit to write whatever there is to say, whoever reads it."""
    codecs.register_error(_READABLE, _substitute)
    sys.stdout, sys.stderr = _fit(sys.stdout), _fit(sys.stderr)


def complain(line: str) -> None:
    """Write a line for people to standard error; on a terminal folded between words, but not within a command."""
    sys.stderr.write(f"{_folded(line) if sys.stderr.isatty() else line}\n")


def _folded(text: str) -> str:
    from rich.cells import cell_len

    width = shutil.get_terminal_size().columns
    lines: list[str] = []
    for line in text.split("\n"):
        folded = ""
        for unit in _units(line):
            if folded and cell_len(folded) + 1 + cell_len(unit) > width:
                lines.append(folded)
                folded = unit
            else:
                folded += f" {unit}" if folded else unit
        lines.append(folded)
    return "\n".join(lines)


def _units(line: str) -> Iterator[str]:
    """Yield the words of a line; a command of this tool, up to where its sentence pauses, is one of them."""
    unit = ""
    for word in line.split(" "):
        if unit.startswith(_COMMAND) and not unit.endswith(_PAUSES):
            unit += f" {word}"
            continue
        if unit:
            yield unit
        unit = word
    yield unit


def unread() -> bool:
    """Return whether the reader of standard output (head, less) has gone; for commands that would never end."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _Pipe) and raw.broken


def can_show_korean() -> bool:
    """Return whether standard output and error have the letters for Korean."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _HANGUL.encode(stream.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def on_terminal() -> bool:
    """Return whether a person sees the output as it comes and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(question: str) -> bool:
    """Ask a yes-or-no question on the terminal, in either language; no answer means no.

    Raises:
        Abort: The input ended, or Ctrl-C was pressed.
    """
    for _try in range(_MOST_TRIES):
        try:
            # A Mac writes Hangul in parts, and an input method may write Latin letters in full width.
            answer = unicodedata.normalize("NFKC", input(f"{question} [y/N]: ")).strip().casefold()
        except EOFError as error:
            import typer

            raise typer.Abort from error
        if answer in _YES or answer in _NO:
            return answer in _YES
        sys.stdout.write(_("Answer y or n.") + "\n")
    return False


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of ``path``; of a longer file ``limit`` bytes and one more."""
    from academy_ops.settings.bounded_files import read_bounded

    try:
        return read_bounded(path, limit)
    except OSError as error:
        raise RefusedError(say("Can't read {path}: {reason}.", path=str(path), reason=os_reason(error))) from error


def regular(file: str) -> Path:
    """Return the path of a file that is there or not, but is no folder, pipe or device: a pipe may never begin."""
    path = Path(file)
    if path.exists() and not path.is_file():
        raise RefusedError(say("Can't read {path}: {reason}.", path=file, reason=_irregular(path)))
    return path


def writable(path: Path) -> Path:
    """Return where ``path`` leads, when a file can be written there; to be called before anything is observed."""
    # Links are followed: replacing /dev/stdout itself would harm the whole machine.
    path = Path(os.path.realpath(path))
    try:
        if path.exists() and not path.is_file():
            _refuse(path, _irregular(path))
        if not path.parent.is_dir():
            _refuse(path, say("its folder does not exist"))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            _refuse(path, say("its folder is not writable"))
    except OSError as error:
        _refuse(path, os_reason(error))
    return path


@contextmanager
def into_file(path: Path | None) -> Iterator[None]:
    """Send what the block writes to standard output to a file, as a whole; a block that refuses leaves none.

    Without a ``path`` standard output stays as it is.
    """
    if path is None:
        yield
        return
    path = writable(path)
    written = io.BytesIO()
    # Held by its name: one that nobody holds closes what it writes to.
    stream = io.TextIOWrapper(written, "utf-8", newline="")
    before, sys.stdout = sys.stdout, stream
    whole = False
    try:
        yield
        whole = True
    except KeyboardInterrupt:
        # Of what goes on until then, such as logs --follow, all is wanted.
        whole = True
        raise
    finally:
        stream.flush()
        sys.stdout = before
        if whole:
            write_file(path, written.getvalue())


def write_file(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, as a whole: another reader sees the old one or the new one."""
    try:
        handle, name = tempfile.mkstemp(prefix=".academy-ops-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        _refuse(path, os_reason(error))


class _Pipe(io.FileIO):
    """A stream that drops what nobody reads any more, so that the command still comes to its result.

    Any other failure is raised once. After that everything is dropped: what is still buffered would fail again,
    outside of all our code, when Python flushes it.
    """

    broken = False

    def write(self, data: ReadableBuffer, /) -> int:
        size = len(memoryview(data).cast("B"))
        if self.broken:
            return size
        try:
            return super().write(data)
        except OSError as error:
            self.broken = True
            if error.errno not in _NO_READER:
                raise
            return size


class WorkflowOutput(io.TextIOWrapper):
    """A stream in a GitHub workflow, whose runner obeys ``::name::`` at a line's start and ``##[name]`` anywhere.

    Attributes:
        document: What is written is a document, which has its own escapes, and not lines for people.
    """

    document = False
    _begun = ""

    def write(self, text: str, /) -> int:
        """Write ``text``; what would be obeyed is broken up, also where it comes in pieces."""
        for piece in () if self.document else text.splitlines(keepends=True):
            line = _WORKFLOW_COMMAND.sub(r"\1 ", self._begun + piece)
            super().write(line[len(self._begun) :])
            # Of a long line its end is enough.
            self._begun = "" if line.endswith(("\n", "\r")) else line if len(line) < _CONTEXT else f"x{line[-2:]}"
        if self.document:
            super().write(text)
        return len(text)


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
    make = WorkflowOutput if os.environ.get("GITHUB_ACTIONS") else io.TextIOWrapper
    return make(pipe, stream.encoding, _READABLE, line_buffering=stream.line_buffering)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_SUBSTITUTES.get(character, "?") for character in missing), error.end


def _irregular(path: Path) -> Text:
    return say("it is a folder") if path.is_dir() else say("not a regular file")


def _refuse(path: Path, reason: str | Text) -> NoReturn:
    raise RefusedError(say("Can't write {path}: {reason}.", path=str(path), reason=reason))
