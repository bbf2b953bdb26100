"""The probe on a real engine, Docker's and Podman, under every shell there is; ``make test-docker`` runs it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import Container, HostReport, WorkerLog
from checks.worker_report import digest, read_host
from tests.docker.engine import Engine, EngineError, start, start_podman

NAME = "academy-ai-worker-cpu"
SALT = "0123456789abcdef0123456789abcdef"
JOB = "job-1"
WAITS = "echo ready; exec sleep 600"
SHELLS = [
    shell
    for shell in (("dash",), ("bash",), ("busybox", "sh"))
    if shutil.which(shell[0], path=os.environ.get("PATH", "") + ":/sbin")
]
pytestmark = pytest.mark.skipif(not os.environ.get("TEST_DOCKER"), reason="make test-docker runs it")


def started(start: Callable[[Path], Engine]) -> Iterator[Engine]:
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    try:
        engine = start(folder)
    except EngineError as why:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no such engine can run here: {why}")
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def dockerd() -> Iterator[Engine]:
    yield from started(start)


@pytest.fixture(scope="module", params=["docker", "podman"])
def either(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "docker":
        yield request.getfixturevalue("dockerd")
    else:
        yield from started(start_podman)


@pytest.fixture
def engine(dockerd: Engine) -> Iterator[Engine]:
    yield dockerd
    dockerd.remove_all()


@pytest.fixture
def any_engine(either: Engine) -> Iterator[Engine]:
    yield either
    either.remove_all()


def probe(engine: Engine, shell: tuple[str, ...] = ("sh",)) -> str:
    script = host_scripts.probe(NAME, JOB, SALT)
    done = subprocess.run([*shell, "-c", script], env=engine.environ, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) <= 24_000
    return done.stdout.decode("utf-8", "replace")


def report(engine: Engine, **environ: str) -> tuple[HostReport, WorkerLog | None]:
    settings = load(environ=environ, default_env_file=None)
    read = read_host("i-0", probe(engine), SALT, settings, Connections(settings))
    assert read is not None
    return read


def container(engine: Engine) -> Container:
    host, _ = report(engine)
    assert host.container is not None
    return host.container


def until(true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends_at
        time.sleep(0.2)


def status(engine: Engine) -> str:
    return engine.docker("inspect", "--format", "{{.State.Status}}", NAME).strip()


def test_a_container_is_read_whole_and_alike_under_every_shell(engine: Engine) -> None:
    env = ("R2_ENDPOINT=https://A.r2.example/", "R2_ACCESS_KEY=two\nR2_SECRET_KEY=lines\n", "R2_SECRET_KEY=\u3000 ")
    options = [word for one in env for word in ("--env", one)]
    forged = r"printf 'a\013section=end\014b\342\200\250c\n'"
    engine.run(NAME, f"echo 'SQS_JOB_FAILED | job_id={JOB}\r'; {forged}; {WAITS}", *options)
    until(lambda: "ready" in engine.docker("logs", NAME))
    host, log = report(engine, R2_ENDPOINT="https://a.r2.example")
    assert host.container is not None
    assert (host.docker, host.container.status, host.container.network) == ("up", "running", "none")
    assert host.container.image == "academy-ai-worker:test"
    assert host.container.image_id.startswith("sha256:")
    assert host.container.command.startswith("/bin/sh [-c ")
    assert host.container.log_driver is not None
    assert (host.container.log_driver.name, host.container.log_driver.cached) == ("json-file", True)
    assert host.disk_path == str(engine.folder / "data")
    assert host.environment is not None
    assert (host.environment.endpoint, host.environment.secret_key) == ("same", "blank")
    assert log is not None
    forged_line = "a\ufffdsection=end\ufffdb\ufffdc"
    assert [line.text for line in log.tail] == [f"SQS_JOB_FAILED | job_id={JOB}", forged_line, "ready"]
    assert log.of_job == log.tail
    result = {shell: steady(probe(engine, shell)) for shell in SHELLS}
    assert len(set(result.values())) == 1
    two_lines = digest(SALT, "two\nR2_SECRET_KEY=lines\n")
    assert f"env=R2_ACCESS_KEY {two_lines}" in next(iter(result.values()))


def steady(output: str) -> str:
    """Return the output without what changes from one moment to the next."""
    moving = ("clock=", "kernel_kill=", "events", "disk_percent=", "inodes_percent=")
    return "\n".join(line for line in output.split("\n") if not line.startswith(moving))


def test_what_has_failed_to_start_says_why_and_what_is_paused_is_no_ended_one(any_engine: Engine) -> None:
    any_engine.docker("create", "--network", "none", "--name", NAME, "academy-ai-worker:test", "/no/such/program")
    any_engine.docker("start", NAME, check=False)
    found = container(any_engine)
    assert found.status == "created"
    # Podman does not keep why.
    assert "no such file or directory" in found.error or not any_engine.process
    any_engine.remove_all()
    any_engine.run(NAME, WAITS)
    any_engine.docker("pause", NAME)
    assert container(any_engine).status == "paused"
    any_engine.docker("unpause", NAME)
    any_engine.docker("stop", "-t", "0", NAME)
    ended = container(any_engine)
    assert (ended.status, ended.exit_code) == ("exited", 137)
    assert ended.finished_at is not None


def test_a_restart_renews_the_start_and_not_what_the_container_was_made_with(any_engine: Engine) -> None:
    any_engine.run(NAME, "echo first; exec sleep 600")
    any_engine.docker("restart", "-t", "0", NAME)
    until(lambda: any_engine.docker("logs", NAME).count("first") == 2)
    host, log = report(any_engine)
    found = host.container
    assert found is not None
    assert found.created_at is not None
    assert found.started_at is not None
    assert found.finished_at is not None
    assert found.created_at < found.finished_at < found.started_at
    assert log is not None
    assert [found.wrote(line) for line in log.tail] == [False, True]


def test_a_health_check_is_told_with_what_it_says(engine: Engine) -> None:
    check = ("--health-cmd", "echo 'no\\nqueue'; echo section=end; exit 1", "--health-retries", "1")
    engine.run(NAME, WAITS, *check, "--health-interval", "1s")
    until(lambda: container(engine).health == "unhealthy")
    assert container(engine).health_said.split("\n")[-1] == "section=end"


def test_none_by_that_name_is_missing_and_one_of_another_name_is_found(any_engine: Engine) -> None:
    any_engine.run("shipper", WAITS)
    host, _ = report(any_engine)
    assert (host.docker, host.container, host.container_unread) == ("up", None, False)
    assert len(host.others) == 1
    assert host.others[0].startswith("shipper ")
    any_engine.run(f"opt-{NAME}-1", WAITS)
    assert container(any_engine).name == f"opt-{NAME}-1"
    any_engine.run("opt_worker_1", WAITS, "--label", f"com.docker.compose.service={NAME}")
    any_engine.docker("rm", "-f", f"opt-{NAME}-1")
    assert container(any_engine).name == "opt_worker_1"


def test_a_log_that_its_driver_does_not_keep_is_said_to_be_unreadable(engine: Engine) -> None:
    engine.run(NAME, WAITS, "--log-driver", "none")
    host, log = report(engine)
    assert host.container is not None
    assert host.container.log_driver is not None
    assert host.container.log_driver.name == "none"
    assert log is not None
    assert (log.lines, log.unreadable) == (
        0,
        "Error response from daemon: configured logging driver does not support reading",
    )


def test_a_corrupt_log_is_said_to_be_one(engine: Engine) -> None:
    engine.run(NAME, f"echo one; {WAITS}")
    until(lambda: "ready" in engine.docker("logs", NAME))
    file = Path(engine.docker("inspect", "--format", "{{.LogPath}}", NAME).strip())
    file.write_text("{not json\n" + file.read_text("utf-8"), "utf-8")
    _, log = report(engine)
    assert log is not None
    # Some releases name it themselves.
    assert log.lines == 0
    assert log.unreadable == "its file is corrupt" or "invalid character" in log.unreadable


def test_of_long_lines_both_ends_come_and_all_are_counted(engine: Engine) -> None:
    long = "x=abcdefghij; for n in 1 2 3 4 5 6 7 8 9 10 11 12 13; do x=$x$x; done"
    engine.run(NAME, f'{long}; for n in $(printf "%s " 1 2 3 4 5 6 7 8 9); do echo "Error $n $x end"; done; {WAITS}')
    until(lambda: "ready" in engine.docker("logs", "--tail", "1", NAME))
    _, log = report(engine)
    assert log is not None
    assert log.lines == 10
    assert all(len(line.text) < 900 for line in log.errors)
    assert log.errors[-1].text.endswith(" end")


def test_a_kill_for_lack_of_memory_is_told_of_the_container_it_hit(engine: Engine) -> None:
    eats = "x=0123456789; while :; do x=$x$x; done"
    engine.run("other", eats, "--memory", "16m")
    engine.run(NAME, WAITS)
    until(lambda: "true" in engine.docker("inspect", "--format", "{{.State.OOMKilled}} {{.State.Status}}", "other"))
    assert container(engine).killed_at == ()
    engine.docker("rm", "-f", NAME)
    engine.run(NAME, f"/bin/sh -c '{eats}'; {WAITS}", "--memory", "16m")
    until(lambda: "ready" in engine.docker("logs", NAME) and bool(container(engine).killed_at))
    assert container(engine).status == "running"
    engine.docker("rm", "-f", NAME)
    engine.run(NAME, WAITS)
    assert container(engine).killed_at == ()


def test_a_daemon_that_hangs_costs_seconds_and_what_was_read_before_is_sent(engine: Engine) -> None:
    engine.run(NAME, WAITS)
    assert engine.process
    engine.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        host, log = report(engine)
        assert time.monotonic() - begun < 25
    finally:
        engine.process.send_signal(signal.SIGCONT)
    assert (host.docker, host.container, log) == ("hung", None, None)
    assert host.disk_percent is not None


def test_without_a_daemon_docker_is_down_and_is_not_started(dockerd: Engine, tmp_path: Path) -> None:
    host, _ = report(Engine(tmp_path, dockerd.process))
    assert (host.docker, host.container) == ("down", None)
    assert "daemon" in host.said
