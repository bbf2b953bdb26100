"""Starts processes that need not import their libraries: ``python -m academy_ops.academy.forks MODULE...``.

That process imports the modules once and forks itself for each start: a process of its own, with memory and limits of
its own, which can be frozen, killed and restarted with another environment as any other. When the socket that is its
standard input closes, as it does however its parent ends, it kills what it has started and ends.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Final, NoReturn

READ_AT_START: Final = ("PYTHON", "LC_", "LANG")
"""What a Python reads before it runs anything; a fork would not notice."""
_MOST_FILES: Final = 65_536
_START_SECONDS: Final = 30.0
"""For the imports, on a busy machine."""
_STOP_SECONDS: Final = 5.0


class Forked:
    """A process that `Forks` has started; it is used as a `subprocess.Popen`.

    Attributes:
        pid: Its id.
        returncode: Its exit code once `poll` or `wait` has seen its end, negative for a signal.
        stdout: Its output, where that was asked for.
    """

    def __init__(self, channel: socket.socket, stdout: IO[bytes] | None) -> None:
        self.stdout = stdout
        channel.settimeout(_START_SECONDS)
        self._channel = channel.makefile("rb", buffering=0)
        channel.close()
        self._reading = threading.Lock()
        self.returncode: int | None = None
        if not (line := self._channel.readline()):
            raise ConnectionError("the process that is forked has ended")
        self.pid = int(line)

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        with self._reading:
            if self.returncode is None and select.select([self._channel], [], [], 0)[0]:
                line = b""
                with suppress(ConnectionResetError):
                    line = self._channel.readline()
                if not line:  # whoever would have told has ended; without it nobody would ever know
                    with suppress(ProcessLookupError, PermissionError):
                        os.killpg(self.pid, signal.SIGKILL)
                self.returncode = int(line or -signal.SIGKILL)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: It still runs after ``timeout`` seconds.
        """
        select.select([self._channel], [], [], timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process that is forked.

    Attributes:
        pid: Its id.
    """

    def __init__(self, modules: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it.

        Args:
            modules: What it imports.
            env: Its environment; of each fork's, what Python reads at its start must be the same.
        """
        self._env = dict(env)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, *modules],
                env=self._env,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                process_group=0,
            )
        self.pid: Final = self._process.pid

    def can_start(self, command: Sequence[str], env: Mapping[str, str]) -> bool:
        """Return whether a fork is as good as a process that is started anew."""
        return (
            tuple(command[:2]) == (sys.executable, "-m")
            and _read_at_start(env) == _read_at_start(self._env)
            and self._process.poll() is None
        )

    def start(
        self, command: Sequence[str], env: Mapping[str, str], output: int, cwd: Path, errors: int | None = None
    ) -> Forked:
        """Fork a process, leader of a new process group.

        Args:
            command: What `can_start` has agreed to.
            env: Its whole environment.
            output: Where its stdout goes: a file's descriptor, or `subprocess.PIPE`.
            cwd: Its working directory.
            errors: Where its stderr goes; where its stdout does, unless given.

        Raises:
            OSError: The process that is forked has ended, or does not answer.
        """
        reading = None
        mine, theirs = socket.socketpair()
        with ExitStack() as given:
            given.enter_context(theirs)
            if output == subprocess.PIPE:
                ends = os.pipe()
                reading, output = os.fdopen(ends[0], "rb"), ends[1]
                given.callback(os.close, output)
            socket.send_fds(self._control, [b"\0"], [theirs.fileno(), output, output if errors is None else errors])
        mine.sendall(json.dumps({"arguments": command[2:], "env": dict(env), "cwd": str(cwd)}).encode() + b"\n")
        return Forked(mine, reading)

    def close(self) -> None:
        """End it, and with it what it has started."""
        self._control.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:  # frozen, perhaps
            self._process.kill()
            self._process.wait()


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(READ_AT_START)}


def _serve(modules: Sequence[str]) -> None:
    """Fork a process for each request, and tell each one's id and exit code."""
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # a collection in a fork would copy every page
    gc.enable()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    control = socket.socket(fileno=os.dup(0))
    channels: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 1)
            _tell_ends(channels)
        if control.fileno() in ready:
            asked, fds, _, _ = socket.recv_fds(control, 1, 3)
            if not asked:
                for pid in channels:
                    with suppress(ProcessLookupError, PermissionError):  # it is about to end
                        os.killpg(pid, signal.SIGKILL)
                return
            channel = socket.socket(fileno=fds[0])
            if (pid := os.fork()) == 0:
                _become(channel, fds[1:])
            with suppress(ProcessLookupError, PermissionError):  # as it does itself; whoever is first
                os.setpgid(pid, pid)
            channels[pid] = channel
            for fd in fds[1:]:
                os.close(fd)
            _tell(channel, pid)


def _tell_ends(channels: dict[int, socket.socket]) -> None:
    while channels:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with channels.pop(pid) as channel:
            _tell(channel, os.waitstatus_to_exitcode(status))


def _tell(channel: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody wants to know any more
        channel.sendall(b"%d\n" % number)


def _become(channel: socket.socket, outputs: Sequence[int]) -> NoReturn:
    """Be the process that was asked for."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with channel, channel.makefile("rb") as lines:
        request: dict[str, Any] = json.loads(lines.readline())
    for fd, its in enumerate((os.open(os.devnull, os.O_RDONLY), *outputs)):
        os.dup2(its, fd)
    # Also what belongs to the other forks.
    os.closerange(3, _MOST_FILES)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    module, *sys.argv[1:] = request["arguments"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    _serve(sys.argv[1:])
    os._exit(0)
