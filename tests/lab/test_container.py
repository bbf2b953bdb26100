"""A container of the lab lives as Docker would keep it, and the docker shim tells its true state."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from academy_ops.lab import processes
from academy_ops.lab.container import Container, Image
from academy_ops.lab.machine import make_host_folder, run_script
from academy_ops.outside.host_scripts import probe
from checks.worker_report import digest, digests_of

NAME: Final = "academy-ai-worker-cpu"
SALT: Final = "0" * 32
SLEEPS: Final = ("/bin/sh", "-c", "echo ready; exec sleep 600")


@dataclass
class Instance:
    """An instance with the shims, and the containers that a test runs on it."""

    folder: Path
    closing: ExitStack

    def run(self, *command: str, env: dict[str, str] | None = None, memory_lasts: float | None = None) -> Container:
        image = Image(command, memory_lasts=memory_lasts)
        container = Container(self.folder / "container", NAME, image, env or {}, processes.clean_env(self.folder, {}))
        self.closing.callback(container.stop)
        container.start()
        return container

    def docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "bin" / "docker"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.inspect("{{json .State}}"))
        return state

    def inspect(self, what: str) -> str:
        return self.docker("inspect", "--type", "container", "--format", what, NAME).stdout

    def reaches(self, status: str) -> bool:
        return processes.until(lambda: self.state()["Status"] == status, 15)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    make_host_folder(tmp_path)
    with ExitStack() as closing:
        yield Instance(tmp_path, closing)


def test_a_running_container_is_shown_with_its_process(instance: Instance) -> None:
    container = instance.run(*SLEEPS)
    assert instance.reaches("running")
    state = instance.state()
    assert (state["Running"], state["Pid"], state["OOMKilled"]) == (True, container.pid, False)
    assert state["StartedAt"].startswith("20")
    assert state["StartedAt"].endswith("Z")
    assert instance.docker("ps").stdout == f"{NAME}\n"
    assert instance.docker("exec", NAME, "true").returncode == 0


def test_a_killed_process_is_started_again_and_counted(instance: Instance) -> None:
    container = instance.run(*SLEEPS)
    assert instance.reaches("running")
    first = container.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert processes.until(lambda: container.pid not in {None, first}, 15)
    assert instance.reaches("running")
    assert instance.inspect("{{.RestartCount}}") == "1\n"


def test_a_process_that_ends_at_once_is_restarted_ever_more_slowly(instance: Instance) -> None:
    instance.run("/bin/sh", "-c", "echo broken >&2; exit 3")
    assert processes.until(lambda: int(instance.inspect("{{.RestartCount}}")) >= 3, 15)
    assert instance.reaches("restarting")
    assert (instance.state()["ExitCode"], instance.state()["Restarting"]) == (3, True)
    assert "broken" in instance.docker("logs", NAME).stdout


def test_a_stopped_container_has_exited_and_stays_so(instance: Instance) -> None:
    container = instance.run(*SLEEPS)
    assert instance.reaches("running")
    container.stop()
    state = instance.state()
    assert (state["Status"], state["Running"], state["ExitCode"]) == ("exited", False, 143)
    assert state["FinishedAt"] >= state["StartedAt"]
    assert instance.docker("exec", NAME, "true").returncode == 1


def test_what_a_process_has_started_ends_with_it(instance: Instance) -> None:
    container = instance.run("/bin/sh", "-c", "sleep 600 & echo $! ; wait")
    assert processes.until(lambda: instance.docker("logs", NAME).stdout != "", 15)
    child = psutil.Process(int(instance.docker("logs", NAME).stdout))
    container.stop()
    assert processes.until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_process_killed_for_want_of_memory_is_shown_as_such(instance: Instance) -> None:
    instance.run(*SLEEPS, memory_lasts=0.1)
    # At once: it is restarted soon.
    assert processes.until(lambda: (state := instance.state())["OOMKilled"] and state["ExitCode"] == 137, 15)


def test_the_environment_is_shown_as_docker_took_it(instance: Instance) -> None:
    many = {f"V{number}": "x" for number in range(9)}
    instance.run(*SLEEPS, env={"R2_ENDPOINT": '"http://quoted"', "EMPTY": "", **many})
    shown = instance.inspect("{{range .Config.Env}}{{println .}}{{end}}")
    assert shown.splitlines() == ['R2_ENDPOINT="http://quoted"', "EMPTY=", *(f"{name}=x" for name in many), ""]


def test_logs_can_be_cut_at_either_end(instance: Instance) -> None:
    instance.run("/bin/sh", "-c", "seq 1 50; exec sleep 600")
    assert processes.until(lambda: instance.docker("logs", NAME).stdout.count("\n") == 50, 15)
    assert instance.docker("logs", "--tail", "2", NAME).stdout == "49\n50\n"
    assert instance.docker("logs", "--since", "10m", "--tail", "all", NAME).stdout.count("\n") == 50
    times = instance.folder / "container" / "log.times"
    times.write_text("1000\n" * 40 + times.read_text().split("\n", 40)[40])
    assert instance.docker("logs", "--since", "10m", NAME).stdout == "".join(f"{n}\n" for n in range(41, 51))


def test_a_container_that_is_not_there_is_dockers_own_error(instance: Instance) -> None:
    done = instance.docker("inspect", "--type", "container", "--format", "{{json .State}}", NAME)
    assert (done.returncode, done.stdout) == (1, "\n")
    assert "No such container" in done.stderr


def test_a_daemon_that_is_down_is_dockers_own_error(instance: Instance) -> None:
    instance.run(*SLEEPS)
    (instance.folder / "docker-down").touch()
    done = instance.docker("version", "--format", "{{.Server.Version}}")
    assert done.returncode == 1
    assert "Is the docker daemon running?" in done.stderr


def test_the_probe_reads_a_container_from_end_to_end(instance: Instance) -> None:
    instance.run("/bin/sh", "-c", "echo 'SQS_JOB_COMPLETED | job_id=j-1'; exec sleep 600", env={"R2_ENDPOINT": "x"})
    assert processes.until(lambda: instance.docker("logs", NAME).stdout != "", 15)
    env = processes.clean_env(instance.folder, {})
    result = run_script(probe(NAME, "j-1", "0" * 32), instance.folder, env, 20).stdout.splitlines()
    assert {"docker=up", "container=present", "disk_percent=31", "restarts=0", "log_lines=1"} <= set(result)
    (line,) = result[result.index("section=job") + 1 : result.index("section=errors")]
    # Each line with the time at which it was written.
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z SQS_JOB_COMPLETED \| job_id=j-1", line)


def probed(instance: Instance, job: str | None = None) -> list[str]:
    env = processes.clean_env(instance.folder, {})
    return run_script(probe(NAME, job, SALT), instance.folder, env, 20).stdout.splitlines()


def test_the_probe_keeps_what_a_long_line_says_last(instance: Instance) -> None:
    line = f"ClientError {'x ' * 1500} with an explicit deny in a resource-based policy"
    instance.run("/bin/sh", "-c", f"echo '{line}'; exec sleep 600")
    assert processes.until(lambda: instance.docker("logs", NAME).stdout != "", 15)
    result = probed(instance)
    for section in ("errors", "tail"):
        shown = result[result.index(f"section={section}") + 1]
        assert "ClientError x x" in shown
        assert shown.endswith("with an explicit deny in a resource-based policy")
        assert len(shown) < 900


def test_what_the_probe_prints_fits_into_what_ssm_keeps(instance: Instance) -> None:
    line = f"j-1 Error {'x' * 900}"
    instance.run("/bin/sh", "-c", f"for n in $(seq 200); do echo '{line}'; done; exec sleep 600")
    assert processes.until(lambda: instance.docker("logs", NAME).stdout.count("\n") == 200, 15)
    result = probed(instance, "j-1")
    assert result[-1] == "section=end"
    assert len("\n".join(result)) < 23_000


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("R2_ENDPOINT", "https://A.r2.example:443/", "https://a.r2.example"),
        ("R2_ENDPOINT", "HTTPS://a.r2.example:443/bucket//", "https://a.r2.example/bucket/"),
        ("R2_ENDPOINT", "http://a.r2.example:80", "http://a.r2.example"),
        ("R2_ENDPOINT", "https://a.r2.example:8443", "https://a.r2.example:8443"),
        ("AWS_ENDPOINT_URL", "http://Localhost:4566/", "http://localhost:4566"),
        ("AWS_ENDPOINT_URL_SQS", "https://vpce-0a.sqs.us-east-1.vpce.amazonaws.com", "https://sqs.us-east-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL_SQS", "https://sqs-fips.us-east-1.amazonaws.com/", "https://sqs.us-east-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL_SQS", "https://sqs.us-east-1.api.aws", "https://sqs.us-east-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL_SQS", "https://us-east-1.queue.amazonaws.com", "https://sqs.us-east-1.amazonaws.com"),
        ("AWS_REGION", "us-east-1", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIA", "AKIA"),
    ],
)  # fmt: skip
def test_the_probe_and_the_parameter_are_compared_as_the_same_thing(
    instance: Instance, name: str, value: str, meant: str
) -> None:
    instance.run(*SLEEPS, env={name: value})
    result = [line for line in probed(instance) if line.startswith("env=")]
    assert result == [f"env={name} {digest(SALT, meant)}"]
    assert digests_of({name: value}, SALT) == {name: digest(SALT, meant)}


def test_a_script_that_hangs_is_ended_in_time(instance: Instance) -> None:
    (instance.folder / "bin" / "docker").write_text("#!/bin/sh\nexec sleep 600\n")
    env = processes.clean_env(instance.folder, {})
    assert run_script(probe(NAME, None, "0" * 32), instance.folder, env, 0.5).exit_code is None
