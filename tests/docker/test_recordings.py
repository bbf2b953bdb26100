"""What real engines have answered: the probe reads it as the state that they were in, and the lab's docker says it too.

`tests.docker.recording` records it; those of releases that can't be had here are given by their client's words.
"""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import HostReport, WorkerLog
from checks.worker_report import read_host
from tests.docker.recording import NAME, SALT, Answer, stand_in
from tests.docker.recording import load as recordings


def probe(answers: list[Answer]) -> tuple[HostReport, WorkerLog | None]:
    """Run the probe where ``docker`` answers so, and read what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        stand_in(Path(folder), answers)
        environ = {"PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin", "ACADEMY_HOST_FILES": folder}
        script = host_scripts.probe(NAME, None, SALT)
        done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, check=True, timeout=60)
    settings = load(environ={"R2_ENDPOINT": "https://a.r2.example"}, default_env_file=None)
    read = read_host("i-0", done.stdout.decode(), SALT, settings, Connections(settings))
    assert read is not None, done.stdout
    return read


def status(expected: str, exit_code: int | None = None) -> Callable[[HostReport, WorkerLog | None], bool]:
    def holds(host: HostReport, _log: WorkerLog | None) -> bool:
        found = host.container
        return found is not None and found.status == expected and exit_code in {None, found.exit_code}

    return holds


def _running(host: HostReport, log: WorkerLog | None) -> bool:
    assert host.container is not None
    assert host.environment is not None
    assert log is not None
    assert [line.text for line in log.tail] == ["SQS_MESSAGE_RECEIVED", "ready"]
    assert all(host.container.wrote(line) for line in log.tail)
    assert host.container.finished_at is None
    assert host.container.started_at
    return (host.container.status, host.environment.endpoint) == ("running", "same")


def _restarted(host: HostReport, log: WorkerLog | None) -> bool:
    assert host.container is not None
    assert host.container.created_at is not None
    assert host.container.finished_at is not None
    assert host.container.started_at is not None
    assert host.container.created_at < host.container.finished_at < host.container.started_at
    assert log is not None
    # Podman leaves a line without text where the runs meet.
    return [host.container.wrote(line) for line in log.tail if line.text] == [False, False, True, True]


def _unread(host: HostReport, log: WorkerLog | None) -> bool:
    # Podman has no driver that is not read but this one, and says so in its own words.
    return log is not None and log.lines == 0 and ("read" in log.unreadable) and host.container is not None


def _out_of_memory(host: HostReport, _log: WorkerLog | None) -> bool:
    return host.container is not None and bool(host.container.killed_at) and host.container.status == "running"


def _unhealthy(host: HostReport, _log: WorkerLog | None) -> bool:
    assert host.container is not None
    return (host.container.health, host.container.health_said) == ("unhealthy", "no queue")


def _missing(host: HostReport, _log: WorkerLog | None) -> bool:
    named = not host.others or (len(host.others) == 1 and host.others[0].startswith("shipper "))
    return (host.docker, host.container, host.container_unread, named) == ("up", None, False, True)


def docker(state: str, words: str = "") -> Callable[[HostReport, WorkerLog | None], bool]:
    return lambda host, _log: (host.docker, host.container) == (state, None) and words in host.said


HOLDS: dict[str, Callable[[HostReport, WorkerLog | None], bool]] = {
    "running": _running,
    "exited": status("exited", 137),
    "ended": status("exited", 3),
    "not-started": status("created"),
    "initialized": status("created"),
    "paused": status("paused"),
    "restarted": _restarted,
    "restarting": status("restarting", 3),
    "unhealthy": _unhealthy,
    "missing": _missing,
    "broken-config": _missing,
    "log-none": _unread,
    "out-of-memory": _out_of_memory,
    "no-socket": docker("down", "daemon"),
    "nobody-listens": docker("down", "daemon"),
    "not-allowed": docker("unreadable", "permission denied"),
    "too-old": docker("unreadable", "is too old"),
    "too-new": docker("unreadable", "is too new"),
    "no-context": docker("unreadable", 'context "gone"'),
}


def test_the_probe_reads_what_each_real_engine_answered(compared: Callable[[int], None]) -> None:
    count = 0
    for state, kinds in recordings().items():
        for engines, answers in kinds:
            host, log = probe(answers)
            assert HOLDS[state](host, log), f"{state}: {engines}: {host} {log}"
            count += 1
    compared(count)


SOCKET = "unix:///var/run/docker.sock"
UNTIL_28 = f"Cannot connect to the Docker daemon at {SOCKET}. Is the docker daemon running?"
SINCE_29 = (
    f"failed to connect to the docker API at {SOCKET}; check if the path is correct and if the daemon is running: "
)
DIALED = "dial unix /var/run/docker.sock: connect: "
WORDS_OF_CLIENTS = [
    # Some of these clients end with 0 all the same.
    ("down", 0, UNTIL_28),
    ("down", 1, UNTIL_28),
    ("down", 1, f"{SINCE_29}{DIALED}no such file or directory"),
    ("down", 1, f"{SINCE_29}{DIALED}connection refused"),
    ("down", 1, f"Error response from daemon: {DIALED}connection refused"),
    ("down", 1, "Cannot connect to the Docker daemon at tcp://127.0.0.1:2375. Is the docker daemon running?"),
    ("unreadable", 1, f"permission denied while trying to connect to the docker API at {SOCKET}"),
    (
        "unreadable",
        1,
        (
            f"Got permission denied while trying to connect to the Docker daemon socket at {SOCKET}: {DIALED}"
            "permission denied"
        ),
    ),
    (
        "unreadable",
        1,
        "Error response from daemon: client version 1.43 is too old. Minimum supported API version is 1.44",
    ),
    ("unreadable", 1, "error during connect: Get https://10.0.0.1:2376/v1.47/version: x509: certificate has expired"),
    ("unreadable", 127, "docker: error while loading shared libraries: libc.so.6: cannot open shared object file"),
    ("unreadable", 1, "cannot create user data directory: /home/ec2-user/snap/docker/2893: Read-only file system"),
]


@pytest.mark.parametrize(("expected", "code", "words"), WORDS_OF_CLIENTS)
def test_what_other_releases_say_of_a_daemon_is_understood(expected: str, code: int, words: str) -> None:
    host, _ = probe([Answer("version", code, "\n", words + "\n")])
    assert (host.docker, host.container) == (expected, None)
    assert host.said.startswith(words[:300])


def test_a_warning_of_the_clients_own_is_no_answer() -> None:
    warning = "WARNING: Error loading config file: open /home/ec2-user/.docker/config.json: permission denied"
    host, _ = probe([Answer("version", 1, "\n", f"{warning}\n{UNTIL_28}\n")])
    assert (host.docker, host.said) == ("down", UNTIL_28)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "Error response from daemon: configured logging driver does not support reading"),
        (1, '"logs" command is supported only for "json-file" and "journald" logging drivers (got: awslogs)'),
        (1, "Error response from daemon: error getting reader: plugin not found"),
        # It ends well all the same.
        (0, "error from daemon in stream: Error grabbing logs: error decoding log message: proto: wrong wireType"),
    ],
)
def test_a_log_that_can_not_be_read_is_none_that_says_nothing(code: int, words: str) -> None:
    answers = next(answers for engines, answers in recordings()["running"] if "docker 28.5.2" in engines)
    changed = [replace(one, code=code, out="", err=words) if one.asked.startswith("logs") else one for one in answers]
    host, log = probe(changed)
    assert host.container is not None
    assert log is not None
    assert (log.lines, log.unreadable) == (0, words)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (True, "Error: No such container: academy-ai-worker-cpu"),
        (True, "Error response from daemon: No such container: academy-ai-worker-cpu"),
        (True, "error: no such object: academy-ai-worker-cpu"),
        (True, "Error: no such container academy-ai-worker-cpu"),
        (True, 'Error: inspecting object: no such container "academy-ai-worker-cpu"'),
        (False, "Error response from daemon: Bad response from Docker engine"),
        (False, "Error response from daemon: open /var/lib/docker/containers/x: input/output error"),
        (False, 'template: :1:2: executing "" at <.State.Health>: map has no entry for key "Health"'),
        (False, "Error response from daemon: context deadline exceeded"),
    ],
)
def test_only_its_own_words_for_it_make_a_container_missing(missing: bool, words: str) -> None:
    answers = [
        Answer("version", 0, "29.1.2\n", ""),
        Answer(f"inspect --type container {NAME}", 1, "\n", words + "\n"),
        Answer("ps -a", 0, "", ""),
        Answer(f"ps -a --filter label=com.docker.compose.service={NAME}", 0, "", ""),
    ]
    host, _ = probe(answers)
    assert (host.docker, host.container, host.container_unread) == ("up", None, not missing)
