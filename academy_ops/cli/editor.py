"""A text in the user's editor: its file is private, and is gone when the editor is left, however that happens."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from academy_ops.cli.errors import RefusedError
from academy_ops.cli.streams import on_terminal
from academy_ops.messages import say

_FILE: Final = "workers.env"
_EDITOR_ENDS_SECONDS: Final = 2.0


def edited(text: str) -> str:
    """Return ``text`` as it left the editor; its file is private, and gone afterwards."""
    words = _editor()
    with _private_folder() as folder:
        path = folder / _FILE
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        code = _run([*words, str(path)])
        if code:
            raise RefusedError(say("The editor exited with code {code}. Nothing was changed.", code=code))
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise RefusedError(say("The edited file is not UTF-8 text. Nothing was changed.")) from None


def _editor() -> list[str]:
    """Return the editor's words: VISUAL, EDITOR, or what every system has."""
    named = os.environ.get("VISUAL", "").strip() or os.environ.get("EDITOR", "").strip()
    if not named and not on_terminal():
        raise RefusedError(say("--edit needs a terminal, or an EDITOR that needs none. Nothing was changed."))
    windows = sys.platform == "win32"
    try:
        words = shlex.split(named, posix=not windows) or ["notepad" if windows else "vi"]
    except ValueError:
        words = [named]
    found = shutil.which(words[0].strip('"'))
    if found is None:
        raise RefusedError(say("Editor {editor} not found; set EDITOR. Nothing was changed.", editor=words[0]))
    return [found, *words[1:]]


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Make a folder that nobody else can look into, and remove it whatever ends the block, a signal too."""
    signals = [signal.SIGTERM]
    if sys.platform != "win32":
        signals.append(signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in signals}
    folder = Path(tempfile.mkdtemp(prefix="academy-ops-"))
    try:
        yield folder
    finally:
        # Nor does a second Ctrl-C leave it there.
        before[signal.SIGINT] = signal.getsignal(signal.SIGINT)
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(words: Sequence[str]) -> int:
    """Run the editor to its end; return its exit code.

    Ctrl-C is the editor's own while it has the terminal to itself, as vi has; else it ends both.
    """

    def pressed(_number: int, _frame: FrameType | None) -> None:
        if not _keys_are_the_editors():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, pressed)
    kept = _terminal_state()
    try:
        with subprocess.Popen(words) as process:
            try:
                code = process.wait()
            except BaseException:
                process.terminate()
                try:
                    process.wait(_EDITOR_ENDS_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise
    finally:
        _restore_terminal(kept)
        signal.signal(signal.SIGINT, before)
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    return code


def _keys_are_the_editors() -> bool:
    """Return whether what runs on the terminal reads it key by key."""
    state = _terminal_state()
    if sys.platform == "win32" or state is None:
        return False
    import termios

    return not state[3] & termios.ICANON


def _terminal_state() -> list[Any] | None:
    """Return the terminal's settings; None where there is none."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        return None
    import termios

    return termios.tcgetattr(sys.stdin.fileno())


def _restore_terminal(state: list[Any] | None) -> None:
    if sys.platform != "win32" and state is not None:
        import termios

        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, state)
