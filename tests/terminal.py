"""A command on a terminal of its own, as a person has it: what is shown can be awaited, and answered."""

import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import psutil

from academy_ops.lab.processes import until
from tests.commands import Running

SECONDS = 60.0
Process = subprocess.Popen[bytes] | Running


class Terminal:
    """A running command and what it has written."""

    def __init__(self, process: Process, side: int) -> None:
        self._process = process
        self._side = side
        self.written = ""

    def until(self, text: str) -> None:
        """Read until ``text`` was shown."""
        ends_at = time.monotonic() + SECONDS
        while text not in self.written:
            assert time.monotonic() < ends_at, f"{text!r} was never shown:\n{self.written}"
            assert self._read(), f"ended before {text!r} was shown:\n{self.written}"

    def type(self, text: str) -> None:
        """Type ``text``."""
        os.write(self._side, text.encode())

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send what Ctrl-C sends, or another signal, once it waits: a question takes one only while it reads."""
        assert until(lambda: psutil.Process(self._process.pid).status() == psutil.STATUS_SLEEPING, SECONDS)
        self._process.send_signal(number)

    def ended(self) -> int:
        """Read what is left, and return the exit code."""
        ends_at = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < ends_at, f"did not end:\n{self.written}"
        return self._process.wait(SECONDS)

    def kill(self) -> None:
        """End it, where it has not ended."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(SECONDS)

    def _read(self) -> bool:
        """Read what there is; return whether there may be more."""
        if not select.select([self._side], [], [], 1.0)[0]:
            return True
        try:
            chunk = os.read(self._side, 65536)
        except OSError:
            return False  # the command has ended and closed its side
        self.written += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(chunk)


@contextmanager
def terminal(
    *arguments: str,
    cwd: Path,
    environ: Mapping[str, str],
    columns: int = 80,
    lines: int = 24,
    command: Sequence[str] = (),
) -> Iterator[Terminal]:
    """Run the tool on a terminal of that size, or another ``command``."""
    here, there = pty.openpty()
    ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    mine = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
    if command:
        process: Process = subprocess.Popen(
            [*command, *arguments], stdin=there, stdout=there, stderr=there, cwd=cwd, env=mine
        )
    else:
        process = Running(arguments, cwd, mine, [os.ttyname(there)] * 3)
    os.close(there)
    running = Terminal(process, here)
    try:
        yield running
    finally:
        running.kill()
        os.close(here)
