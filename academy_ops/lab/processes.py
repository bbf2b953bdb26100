"""The lab's child processes: started with a clean environment, in the supervisor's session, and always ended.

A child gets a process group of its own, so that what it starts ends with it. All stay in the supervisor's session:
when the supervisor dies, however it dies, `academy_ops.lab.watchdog` kills what is left of that session.
"""

import os
import random
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from academy_ops.academy.forks import Forked, Forks
from academy_ops.lab import LabError
from academy_ops.messages import os_reason, say

_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "ACADEMY_OPS_LANG")
# Below every usual ephemeral range: no outgoing connection takes a port while its server is stopped for a fault.
_PORTS: Final = (20000, 32000)
STOP_SECONDS: Final = 5.0
_HINT_LINES: Final = 8
_FILLING: Final = 32
_FULL_SECONDS: Final = 0.3
"""On loopback a connection that takes longer is not accepted at all."""
_TALK_SECONDS: Final = 5.0
_REQUEST_BYTES: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)
"""As a socket's option: what closes it at once, without a word."""
LIBRARIES: Final = (
    *("academy_ops.academy.api", "academy_ops.academy.worker", "academy_ops.academy.preloaded"),
    *("academy_ops.cli.app", "academy_ops.cli.lab", "academy_ops.report.shell", "uvicorn.config"),
)
"""What the API and the workers import."""

Process = subprocess.Popen[bytes] | Forked

_forks: Forks | None = None


def clean_env(place: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: nothing of the user's that could lead it out of the lab (proxies, AWS profiles)."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "HOME": str(place),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def prepare(env: Mapping[str, str]) -> None:
    """Let the academy's parts be forked from now on from a process that imports their libraries, beginning now.

    Args:
        env: That process's environment.
    """
    global _forks  # noqa: PLW0603 - one for each process that starts parts
    _forks = Forks(LIBRARIES, env)


def spawn(command: Sequence[str], env: Mapping[str, str], output: IO[bytes] | int, cwd: Path) -> Process:
    """Start a child.

    Args:
        command: Program and arguments; never a secret among them.
        env: Its whole environment.
        output: Where its stdout and stderr go.
        cwd: Its working directory.

    Returns:
        The process, leader of a new process group.

    Raises:
        OSError: It can't be started.
    """
    if _forks is not None and _forks.can_start(command, env):
        return _forks.start(command, env, output if isinstance(output, int) else output.fileno(), cwd)
    return subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        process_group=0,
    )


def stop(process: Process, grace: float = STOP_SECONDS) -> None:
    """End a child and everything it started: SIGTERM, after ``grace`` seconds SIGKILL."""
    if process.poll() is None:
        process.terminate()
        process.send_signal(signal.SIGCONT)  # one that a fault has frozen must wake up to end
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_group(process)
    process.wait()


def kill_group(process: Process) -> None:
    """Kill what is left of a child's process group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM where only zombies are left
        os.killpg(process.pid, signal.SIGKILL)


class Service:
    """A child that listens on a fixed port and can be stopped and started again.

    Attributes:
        port: Its port on 127.0.0.1.
    """

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], port: int, place: Path) -> None:
        self.port = port
        self._name = name
        self._command = command
        self._env = dict(env)
        self._place = place
        self._process: Process | None = None

    def start(self, **changed_env: str) -> None:
        """Start it, unless it runs.

        Args:
            **changed_env: Variables that differ from now on.

        Raises:
            LabError: The program is missing.
        """
        self._env |= changed_env
        if self.running():
            return
        with (self._place / f"{self._name}.log").open("ab") as log:
            try:
                self._process = spawn(self._command, self._env, log, self._place)
            except OSError as error:
                raise LabError(
                    say("Can't start {name}: {reason}.", name=self._name, reason=os_reason(error))
                ) from error

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            stop(self._process)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    @property
    def pid(self) -> int | None:
        """The process's id, or None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def running(self) -> bool:
        """Return whether the process lives."""
        return self.pid is not None

    def wait_ready(self, probe: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until ``probe`` is true.

        Raises:
            LabError: It ended first, or the time is over; the last line of its log is quoted.
        """
        if not until(lambda: not self.running() or probe(), seconds) or not self.running():
            raise LabError(
                say("{name} did not start: {line}", name=self._name, line=self._last_error() or "it says nothing")
            )

    def listening(self) -> bool:
        """Return whether something accepts connections on the port."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
        except OSError:
            return False
        return True

    def _last_error(self) -> str:
        try:
            lines = (self._place / f"{self._name}.log").read_text("utf-8", "replace").split("\n")
        except OSError:
            return ""
        last = [line.strip()[:300] for line in reversed(lines) if line.strip()]
        # A traceback ends with its error, or with hints below it.
        return next((line for line in last[:_HINT_LINES] if "Error" in line), last[0] if last else "")


class FilteredPort:
    """A port that neither accepts nor refuses connections, as behind a firewall: its backlog is full."""

    def __init__(self, port: int) -> None:
        """Take a port of 127.0.0.1 on which nobody listens."""
        self._sockets = [socket.socket()]
        self._sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sockets[0].bind(("127.0.0.1", port))
        self._sockets[0].listen(0)
        with suppress(TimeoutError):
            for _attempt in range(_FILLING):
                self._sockets.append(socket.create_connection(("127.0.0.1", port), timeout=_FULL_SECONDS))

    def close(self) -> None:
        """Free the port."""
        for connection in self._sockets:
            connection.close()


class SilentPort:
    """A port that accepts connections, and never says anything."""

    def __init__(self) -> None:
        """Take a free port of 127.0.0.1."""
        self.port = free_ports(1)[0]
        self._socket = socket.create_server(("127.0.0.1", self.port))

    def close(self) -> None:
        """Free the port."""
        self._socket.close()


class OddPort:
    """A port that takes a request, says something whatever that was, and closes the connection."""

    def __init__(self, port: int, said: bytes | None, certificate: Path | None = None) -> None:
        """Take a port of 127.0.0.1.

        Args:
            port: The port, on which nobody listens.
            said: What it says; None where it resets the connection.
            certificate: A file with key and certificate, where it speaks TLS.
        """
        self._socket = socket.create_server(("127.0.0.1", port))
        self._said = said
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(certificate)
        threading.Thread(target=self._serve, name=f"port {port}", daemon=True).start()

    def close(self) -> None:
        """Free the port."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with suppress(OSError):
                connection.settimeout(_TALK_SECONDS)
                self._talk(connection)
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        if self._said is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return
        with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as speaking:
            speaking.recv(_REQUEST_BYTES)
            speaking.sendall(self._said)
            if isinstance(speaking, ssl.SSLSocket):
                speaking.unwrap()


def until(condition: Callable[[], bool], seconds: float, pause: float = 0.03) -> bool:
    """Wait until ``condition`` is true, at most ``seconds``; return it."""
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_at:
            return False
        time.sleep(pause)
    return True


def free_ports(count: int) -> list[int]:
    """Return ``count`` different ports of 127.0.0.1 that nobody listens on.

    Raises:
        LabError: There are not so many.
    """
    held: list[socket.socket] = []
    try:
        for port in random.sample(range(*_PORTS), 200):
            candidate = socket.socket()
            held.append(candidate)
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
            if len(found := [one.getsockname()[1] for one in held if one.getsockname()[1]]) == count:
                return found
    finally:
        for one in held:
            one.close()
    raise LabError(say("No free port on 127.0.0.1 between {low} and {high}.", low=_PORTS[0], high=_PORTS[1]))
