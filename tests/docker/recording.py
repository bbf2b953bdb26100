"""What real engines have answered to the probe, kept to be held against the lab's docker and the probe of today.

``python -m tests.docker.recording`` asks the engine that is on the PATH (and Podman, with ``--podman``) in every state
of `STATES`, and adds its answers to ``recordings/``. Where it answers as another one has, only its name is added.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from academy_ops.outside import host_scripts
from tests.docker.engine import IMAGE, Engine, EngineError, start, start_podman

NAME: Final = "academy-ai-worker-cpu"
SALT: Final = "0123456789abcdef0123456789abcdef"
FOLDER: Final = Path(__file__).with_name("recordings")
_LINES: Final = "echo SQS_MESSAGE_RECEIVED; echo ready; exec sleep 600"
_EATS: Final = "x=0123456789; while :; do x=$x$x; done"
_SECONDS: Final = 20
_PODMAN: Final = frozenset(
    {
        "running",
        "exited",
        "ended",
        "not-started",
        "paused",
        "restarted",
        "missing",
        "log-none",
        "initialized",
    }
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d| UTC|Z)*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client said to one question.

    Attributes:
        asked: Its arguments, without the format: that may become longer.
        code: Its exit code.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    asked: str
    code: int
    out: str
    err: str

    @property
    def form(self) -> tuple[str, int, str, str]:
        """Return it without what differs from container to container."""
        return form(self.asked), self.code, form(self.out), form(self.err)


def form(text: str) -> str:
    """Return a text's lines without ids, times, paths and numbers, in order and each once.

    The order of variables, and how often what is restarted over and over has written, differ from run to run.
    """
    text = _TIME.sub("<time>", re.sub(r"[0-9a-f]{64}", "<id>", text))
    text = re.sub(rf"{SALT} (TERM|HOSTNAME|HOME|PATH|container)=.*|health_said=.*", "", text)
    text = re.sub(r"\d+(\.\d+)*(\+\w+)?", "<n>", text)
    return "\n".join(sorted({line for line in text.split("\n") if line}))


def load() -> dict[str, list[tuple[list[str], list[Answer]]]]:
    """Return of each state the engines that answer alike in it, and their answers."""
    return {
        file.stem: [
            (one["engines"], [Answer(**answer) for answer in one["answers"]])
            for one in json.loads(file.read_text("utf-8"))
        ]
        for file in sorted(FOLDER.glob("*.json"))
    }


def stand_in(folder: Path, answers: Sequence[Answer]) -> None:
    """Write a ``docker`` into a folder that answers as was recorded, and fails at what was not asked then."""
    cases = []
    for number, answer in enumerate(answers):
        (folder / f"{number}.out").write_text(answer.out, "utf-8")
        (folder / f"{number}.err").write_text(answer.err, "utf-8")
        said = f"cat {folder}/{number}.err >&2; cat {folder}/{number}.out; exit {answer.code}"
        cases.append(f"'{answer.asked}') {said} ;;")
    script = [
        "#!/bin/sh",
        "asked=''",
        'while [ $# -gt 0 ]; do case $1 in --format) shift ;; *) asked="$asked $1" ;; esac; shift; done',
        "case ${asked# } in",
        *cases,
        "esac",
        'echo "not recorded:$asked" >&2; exit 1',
    ]
    (folder / "docker").write_text("\n".join(script) + "\n", "utf-8")
    (folder / "docker").chmod(0o700)


_CONFIGS: Final = {"broken-config": "{broken", "no-context": '{"currentContext": "gone"}'}
# The states, and how a real engine is brought into each.


def _running(engine: Engine) -> None:
    engine.run(NAME, _LINES, "--env", "R2_ENDPOINT=https://a.r2.example/", "--env", "R2_SECRET_KEY=two\nlines")
    _until(lambda: "ready" in engine.docker("logs", NAME))


def _ended(engine: Engine) -> None:
    engine.run(NAME, "echo ready; exit 3")
    _until(lambda: _status(engine) == "exited")


def _exited(engine: Engine) -> None:
    _running(engine)
    engine.docker("stop", "-t", "0", NAME)


def _not_started(engine: Engine) -> None:
    engine.docker("create", "--network", "none", "--name", NAME, IMAGE, "/no/such/program")
    engine.docker("start", NAME, check=False)


def _paused(engine: Engine) -> None:
    _running(engine)
    engine.docker("pause", NAME)


def _restarted(engine: Engine) -> None:
    _running(engine)
    engine.docker("restart", "-t", "0", NAME)
    _until(lambda: engine.docker("logs", NAME).count("ready") == 2)


def _restarting(engine: Engine) -> None:
    engine.run(NAME, "echo ready; exit 3", "--restart", "unless-stopped")
    _until(lambda: engine.docker("inspect", "--format", "{{.RestartCount}}", NAME).strip() not in {"0", "1", "2", "3"})
    _until(lambda: _status(engine) == "restarting")


def _unhealthy(engine: Engine) -> None:
    check = ("--health-cmd", "echo 'no queue'; exit 1", "--health-retries", "1", "--health-interval", "1s")
    engine.run(NAME, _LINES, *check)
    _until(lambda: engine.docker("inspect", "--format", "{{.State.Health.Status}}", NAME).strip() == "unhealthy")


def _missing(engine: Engine) -> None:
    engine.run("shipper", _LINES)


def _log_none(engine: Engine) -> None:
    engine.run(NAME, _LINES, "--log-driver", "none")


def _out_of_memory(engine: Engine) -> None:
    engine.run(NAME, f"/bin/sh -c '{_EATS}'; {_LINES}", "--memory", "16m")
    _until(lambda: "ready" in engine.docker("logs", NAME))
    _until(lambda: "oom" in engine.docker("events", "--since", "10m", "--until", "0s"))


def _initialized(engine: Engine) -> None:
    engine.docker("create", "--network", "none", "--name", NAME, IMAGE, "/bin/sh", "-c", _LINES)
    engine.docker("init", NAME)


def _nothing(_engine: Engine) -> None:
    """Leave it as it is: the client's environment makes the state."""


STATES: Final[Mapping[str, Callable[[Engine], None]]] = {
    "running": _running,
    "exited": _exited,
    "ended": _ended,
    "not-started": _not_started,
    "paused": _paused,
    "restarted": _restarted,
    "restarting": _restarting,
    "unhealthy": _unhealthy,
    "missing": _missing,
    "log-none": _log_none,
    "out-of-memory": _out_of_memory,
    "initialized": _initialized,
    "no-socket": _nothing,
    "nobody-listens": _nothing,
    "not-allowed": _nothing,
    "too-old": _nothing,
    "too-new": _nothing,
    "broken-config": _nothing,
    "no-context": _nothing,
}


def _environment(state: str, engine: Engine) -> dict[str, str]:
    """Return what the client finds in its environment in a state; an empty value unsets."""
    config = engine.folder / "config"
    config.mkdir(exist_ok=True)
    dead, written = config / "docker.sock", config / "config.json"
    if state == "nobody-listens":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(dead))
    elif state in _CONFIGS:
        written.write_text(_CONFIGS[state], "utf-8")
    return {
        "no-socket": {"DOCKER_HOST": f"unix://{config}/none.sock"},
        "nobody-listens": {"DOCKER_HOST": f"unix://{dead}"},
        "too-old": {"DOCKER_API_VERSION": "1.11"},
        "too-new": {"DOCKER_API_VERSION": "1.99"},
        "broken-config": {"DOCKER_CONFIG": str(config)},
        "no-context": {"DOCKER_CONFIG": str(config), "DOCKER_HOST": ""},
    }.get(state, {})


def _until(true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > ends_at:
            raise EngineError("a state did not come")
        time.sleep(0.1)


def _status(engine: Engine) -> str:
    return engine.docker("inspect", "--format", "{{.State.Status}}", NAME).strip()


# The recording itself.

_WRAPPER: Final = """#!/usr/bin/python3
import json, subprocess, sys
done = subprocess.run([{real!r}, *sys.argv[1:]], capture_output=True)
asked = sys.argv[1:]
if "--format" in asked:
    at = asked.index("--format")
    del asked[at:at + 2]
said = [one.decode("utf-8", "replace") for one in (done.stdout, done.stderr)]
answer = (" ".join(asked), done.returncode, *said)
with open({file!r}, "a") as kept:
    kept.write(json.dumps(answer) + "\\n")
sys.stderr.buffer.write(done.stderr)
sys.stdout.buffer.write(done.stdout)
sys.exit(done.returncode)
"""


def record(engine: Engine, state: str) -> list[Answer]:
    """Bring an engine into a state, run the probe, and return what the client answered."""
    STATES[state](engine)
    environ = {**engine.environ, **_environment(state, engine)}
    environ = {name: value for name, value in environ.items() if value}
    folder, file = engine.folder / "wrapper", engine.folder / "kept"
    folder.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    real = shutil.which("docker", path=environ["PATH"])
    script = _WRAPPER.format(real=real, file=str(file))
    (folder / "docker").write_text(script, "utf-8")
    (folder / "docker").chmod(0o755)
    command = ["sh", "-c", host_scripts.probe(NAME, None, SALT)]
    listens = engine.folder / "docker.sock"
    if state == "not-allowed":
        without = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", *command]
        listens.chmod(0)
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=120)
    if listens.exists():
        listens.chmod(0o600)
    ids: dict[str, str] = {}
    kept = (Answer(*json.loads(line)) for line in file.read_text("utf-8").splitlines())
    return [
        Answer(
            _plain(one.asked, engine, ids),
            one.code,
            _plain(_few(one.out, ids) if one.asked.startswith("events") else one.out, engine, ids),
            _plain(one.err, engine, ids),
        )
        for one in kept
    ]


def _few(events: str, ids: Mapping[str, str]) -> str:
    """Return of what has happened to all containers the first, and what the probe looks for of this one."""
    lines = events.splitlines(keepends=True)
    return "".join(
        line for number, line in enumerate(lines) if not number or (" oom " in line and line.split()[-1] in ids)
    )


def _plain(text: str, engine: Engine, ids: dict[str, str]) -> str:
    """Return a text without the names of this machine's folders, and with ids that are the same each time."""
    text = text.replace("%2F" + str(engine.folder)[1:].replace("/", "%2F"), "%2Fvar%2Frun")
    text = re.sub(rf"{engine.folder}/(config/)?\w+\.sock", "/var/run/docker.sock", text)
    text = text.replace(f"{engine.folder}/config", "/home/ec2-user/.docker").replace(
        f"{engine.folder}/data", "/var/lib/docker"
    )
    text = text.replace(str(engine.folder), "/run")
    return re.sub(r"[0-9a-f]{64}", lambda one: ids.setdefault(one[0], f"{len(ids) + 1:064x}"), text)


def keep(state: str, engine: str, answers: Sequence[Answer]) -> None:
    """Add what an engine has answered to a state's file."""
    file = FOLDER / f"{state}.json"
    kept = json.loads(file.read_text("utf-8")) if file.exists() else []
    for one in kept:
        one["engines"] = [name for name in one["engines"] if name != engine]
    forms = [one.form for one in answers]
    alike = next((one for one in kept if [Answer(**answer).form for answer in one["answers"]] == forms), None)
    if alike:
        alike["engines"] = sorted([*alike["engines"], engine])
    else:
        kept.append({"engines": [engine], "answers": [asdict(one) for one in answers]})
    kept = [one for one in kept if one["engines"]]
    FOLDER.mkdir(exist_ok=True)
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    podman = "--podman" in sys.argv
    engine = (start_podman if podman else start)(folder)
    if podman:
        name = "podman " + engine.docker("version", "--format", "{{.Client.Version}}").strip()
    else:
        client, server = engine.docker("version", "--format", "{{.Client.Version}} {{.Server.Version}}").split()
        client, server = client.partition("+")[0], server.partition("+")[0]
        name = f"docker {server}" if client == server else f"docker {server}, client {client}"
    try:
        for state in _PODMAN if podman else STATES.keys() - {"initialized"}:
            try:
                keep(state, name, record(engine, state))
            except EngineError as why:
                sys.stderr.write(f"{name}: {state}: {why}\n")
            engine.remove_all()
    finally:
        engine.stop()


if __name__ == "__main__":
    _main()
