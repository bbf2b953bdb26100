"""The lab's docker is held against what real engines answered in the same state, so that it can't drift from them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from academy_ops.lab import processes
from academy_ops.lab.container import Container, Image
from academy_ops.lab.machine import make_host_folder
from academy_ops.outside import host_scripts
from tests.docker.recording import NAME, SALT, Answer, form, load

LINES = "echo SQS_MESSAGE_RECEIVED; echo ready; exec sleep 600"
OF_ITS_OWN = (
    "image_name",
    "command",
    "arguments",
    "network",
    "memory_limit",
    "restart_policy",
    "log_driver",
    "restarts",
    "health_said",
)
"""What differs because the lab's container is another one, not because its docker is."""
NEVER = '"0001-01-01T00:00:00Z"'

_WRAPPER = """#!/bin/sh
kept={kept}/$(ls {kept} | wc -l)
mkdir $kept
for word; do
  if [ -n "$format" ]; then format=
  elif [ "$word" = --format ]; then format=yes
  else printf '%s ' "$word"
  fi
done >$kept/asked
{real} "$@" >$kept/out 2>$kept/err
code=$?
echo $code >$kept/code
cat $kept/err >&2
cat $kept/out
exit $code
"""


class Host:
    """An instance of the lab with one container, which a test brings into a state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.container: Container | None = None
        make_host_folder(folder)

    def make(self, script: str, **image: object) -> Container:
        made = Image(("/bin/sh", "-c", script), **image)  # type: ignore[arg-type]
        env = {"R2_ENDPOINT": "https://a.r2.example/", "R2_SECRET_KEY": "two\nlines"}
        host_env = processes.clean_env(self.folder, {})
        self.container = Container(self.folder / "container", NAME, made, env, host_env)
        return self.container

    def run(self, **image: object) -> Container:
        container = self.make(LINES, **image)
        container.start()
        log = self.folder / "container" / "log"
        assert processes.until(lambda: "ready" in log.read_text("utf-8"), 15)
        return container

    def inspected(self, line: str) -> bool:
        return processes.until(lambda: line in (self.folder / "container" / "inspect").read_text("utf-8"), 15)

    def answers(self) -> list[Answer]:
        """Run the probe, and return what the lab's docker answered to it."""
        kept, wrapper = self.folder / "kept", self.folder / "wrapper"
        kept.mkdir()
        wrapper.mkdir()
        script = _WRAPPER.format(kept=kept, real=self.folder / "bin" / "docker")
        (wrapper / "docker").write_text(script, "utf-8")
        (wrapper / "docker").chmod(0o700)
        path = f"{wrapper}:{self.folder / 'bin'}:{os.environ['PATH']}"
        probe = host_scripts.probe(NAME, None, SALT)
        subprocess.run(["sh", "-c", probe], env={"PATH": path}, check=True, capture_output=True, timeout=60)

        def read(folder: Path, name: str) -> str:
            return (folder / name).read_text("utf-8").rstrip(" ")

        folders = sorted(kept.iterdir(), key=lambda one: int(one.name))
        return [
            Answer(read(one, "asked"), int(read(one, "code")), read(one, "out"), read(one, "err")) for one in folders
        ]


def _exited(host: Host) -> None:
    host.run().stop()


def _restarted(host: Host) -> None:
    container = host.run()
    first = container.pid
    assert first
    os.kill(first, signal.SIGKILL)
    assert processes.until(lambda: container.pid not in {None, first}, 15)
    assert host.inspected(".RestartCount\t1")
    assert host.inspected(".State.Status\trunning")


def _restarting(host: Host) -> None:
    container = host.make("echo ready; exit 3")
    container.start()
    assert processes.until(lambda: container.restarts >= 3, 15)
    assert host.inspected(".State.Status\trestarting")
    # It is held in that state, which passes by within a second.
    there, held = host.folder / "container", host.folder / "held"
    shutil.copytree(there, held)
    container.stop()
    shutil.rmtree(there)
    held.rename(there)
    host.container = None


def _killed(host: Host) -> None:
    host.run()
    (host.folder / "container" / "oom-kills").write_text("1795777857\n", "utf-8")


def _down(host: Host) -> None:
    (host.folder / "docker-down").touch()
    (host.folder / "bin" / "systemctl").unlink()  # it would say so before Docker is asked


STATES: dict[str, Callable[[Host], object]] = {
    "running": Host.run,
    "exited": _exited,
    "not-started": lambda host: host.make(LINES).refuse("created", "exec: /no/such/program: no such file or directory"),
    "paused": lambda host: host.run().pause(),
    "restarted": _restarted,
    "restarting": _restarting,
    "unhealthy": lambda host: host.run(health="unhealthy"),
    "log-none": lambda host: host.run(log_driver="none"),
    "out-of-memory": _killed,
    "missing": lambda _host: None,
    "no-socket": _down,
}


@contextmanager
def host_in(state: str, folder: Path, release: str) -> Iterator[Host]:
    host = Host(folder)
    engine = folder / "docker-engine"
    engine.write_text(engine.read_text("utf-8").replace("27.5.1", release), "utf-8")
    STATES[state](host)
    try:
        yield host
    finally:
        if host.container:
            host.container.stop()


def shape(answer: Answer, *, aged: bool) -> tuple[object, ...]:
    """Return what two answers of alike engines have in common, whatever container they speak of."""
    out = answer.out.split(SALT)[0]
    if answer.asked.startswith("inspect --type") and answer.code == 0:
        fields = [line.partition("=")[::2] for line in out.split("\n") if "=" in line]
        told = {
            name: (value == NEVER, form(value) if value not in (NEVER, '""') else value[:1] + value[-1:])
            for name, value in fields
            if name not in OF_ITS_OWN
        }
        # Docker's own words of what the kernel refused are longer than the lab's.
        told["error"] = (told["error"][1] == '""', "")
        if aged:  # only newer engines keep this flag under the older cgroups
            told.pop("oom_killed")
        return answer.code, form(answer.err), *sorted(told.items())
    if answer.asked.startswith("events"):
        return answer.code, {form(line) for line in out.split("\n") if " oom " in line}
    if answer.asked.startswith("logs"):
        # What the container wrote to its standard error comes there, too.
        lines = f"{out}\n{answer.err}".split("\n")
        return answer.code, {form(line) if answer.code else form(line.partition(" ")[0]) for line in lines if line}
    if answer.asked.startswith("ps"):
        return answer.code, {len(line.split()) for line in out.split("\n") if line}
    if answer.asked.startswith(("info", "image", "inspect")):
        return answer.code, form(answer.err)
    return answer.code, form(out), form(answer.err)


RECORDED = load()


@pytest.mark.parametrize("state", STATES)
def test_it_answers_as_a_real_engine_does(state: str, tmp_path: Path, compared: Callable[[int], None]) -> None:
    count = 0
    for engines, answers in RECORDED[state]:
        release = next((name.split()[1] for name in engines if name.startswith("docker") and "," not in name), None)
        if release is None:
            continue
        aged = state == "out-of-memory"
        with host_in(state, tmp_path / release, release) as host:
            said = {form(one.asked): one for one in host.answers()}
        for real in answers:
            mine = said.get(form(real.asked))
            if state == "missing" and real.asked == "ps -a":
                continue  # a container of another name, which the lab does not have
            assert mine is not None, f"not asked of the lab: {real.asked}"
            pairs = zip(shape(mine, aged=aged), shape(real, aged=aged), strict=True)
            assert [pair for pair in pairs if pair[0] != pair[1]] == [], f"{engines}: {real.asked}"
            count += 1
    compared(count)


RELEASES = ("20.10.24", "23.0.6", "24.0.9", "25.0.5", "26.1.5", "27.5.1", "28.0.4", "28.5.2", "29.1.3")
QUIET = {"23.0.6", "24.0.9", "25.0.5", "26.1.5", "27.5.1", "28.0.4"}
"""Of these clients ``info`` ends well although no daemon has answered."""


@pytest.mark.parametrize("release", RELEASES)
def test_without_a_daemon_it_says_so_in_its_releases_words(release: str, tmp_path: Path) -> None:
    with host_in("no-socket", tmp_path, release):
        told = {
            question: subprocess.run(
                [tmp_path / "bin" / "docker", question, "--format", "{{.ServerVersion}}"],
                capture_output=True,
                text=True,
                check=False,
            )
            for question in ("version", "info")
        }
    assert told["version"].returncode == 1
    assert told["info"].returncode == (0 if release in QUIET else 1)
    words = "failed to connect to the docker API" if release.startswith("29") else "Cannot connect to the Docker daemon"
    assert all(words in one.stderr and one.stdout == "\n" for one in told.values())
