"""A worker that a unit of systemd runs, and that Docker forgets at the end of each run."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from academy_ops.lab.container import Image, description, write_inspect
from academy_ops.lab.machine import make_host_folder, run_script
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import LogsFacts, Parameter
from checks.worker_report import read_host
from tests.checks import facts_factory as h

SALT = "0" * 32
API = {"R2_ENDPOINT": "https://a.r2.cloudflarestorage.com", "R2_ACCESS_KEY": "key", "R2_SECRET_KEY": "secret"}
WORKER = "academy-ai-worker-cpu"
RUN = f"/usr/bin/docker run --rm --name {WORKER} --env-file /opt/workers.env img"


def unit(active: str, sub: str, status: int = 0, run: str = RUN, name: str = "academy.service") -> str:
    return "\n".join(
        (
            f"Result={'exit-code' if status else 'success'}",
            f"ExecMainStatus={status}",
            f"ExecStart={{ path=/usr/bin/docker ; argv[]={run} ; ignore_errors=no }}",
            f"Id={name}",
            f"ActiveState={active}",
            f"SubState={sub}",
        )
    )


OTHERS = (
    unit("active", "running", run="/usr/sbin/sshd -D", name="sshd.service"),
    unit("failed", "failed", 1, f"/usr/bin/docker logs -f {WORKER}", "shipper.service"),
    unit("failed", "failed", 1, f"/usr/bin/docker run --rm --name {WORKER}-exporter x", "exporter.service"),
)
"""What else runs on the host."""


def furnished(folder: Path, blocks: str, journal: Mapping[str, str], state: Mapping[str, object] | None) -> None:
    """Give the host units as ``systemctl show`` tells them, a journal, and a container where ``state`` is given."""
    make_host_folder(folder)
    if state:
        (folder / "container").mkdir()
        made = description(WORKER, Image(of_unit=True), API)
        write_inspect(folder / "container", made, {**blank(), **state}, 0)
        for name in ("log", "log.times", "oom-kills"):
            (folder / "container" / name).touch()
    (folder / "units").write_text(blocks, "utf-8")
    for name, text in journal.items():
        (folder / f"journal-{name}").write_text(text, "utf-8")
    journal_of = 'case " $* " in *" -u "*) kind=unit ;; *) kind=own ;; esac; cat "${0%/*}/../journal-$kind"'
    programs = {"systemctl": '[ "$1" = show ] && cat "${0%/*}/../units" || echo active', "journalctl": journal_of}
    for name, script in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (folder / "bin" / name).chmod(0o700)


def blank() -> dict[str, object]:
    return {"Status": "running", "ExitCode": 0, "OOMKilled": False, "Error": "", "StartedAt": "", "FinishedAt": ""}


def ended(seconds: float, status: int = 1) -> str:
    how = f"code=exited, status={status}/{'FAILURE' if status else 'SUCCESS'}"
    return f"{h.ago(seconds):%Y-%m-%dT%H:%M:%S%z} ip-10-0-0-1 systemd[1]: academy.service: Main process exited, {how}\n"


def wrote(seconds: float, text: str) -> str:
    return f"{h.ago(seconds):%Y-%m-%dT%H:%M:%S%z} ip-10-0-0-1 docker[812]: {text}\n"


LOOP = "".join(ended(seconds) for seconds in (30, 20, 10))
CLEAN = "".join(ended(seconds, 0) for seconds in (30, 20, 10))
TRIES = unit("activating", "auto-restart", 1)
RUNS = {"Status": "running", "StartedAt": f"{h.ago(2):%Y-%m-%dT%H:%M:%SZ}"}
LONG = {"Status": "running", "StartedAt": f"{h.ago(4000):%Y-%m-%dT%H:%M:%SZ}"}
NO_MODULE = "ModuleNotFoundError: No module named 'psycopg'"
PULL = "docker: Error response from daemon: manifest for x:1 not found: manifest unknown: Requested image not found."
LOOPS, STOPPED = ("fail", "worker-crash-loop", "unit"), ("fail", "worker-container-exited", "unit")
BOOTS = ("warn", "worker-booting", "unit")
STATES: Mapping[str, tuple[str, str, str, Mapping[str, object] | None, tuple[str, str, str | None] | None]] = {
    "between two runs": (TRIES, LOOP, "", None, LOOPS),
    "in a short run": (unit("active", "running"), LOOP, "", RUNS, LOOPS),
    "before its container": (unit("active", "running"), LOOP, "", None, LOOPS),
    "runs another": (unit("active", "exited"), "", "", None, ("fail", "worker-container-missing", None)),
    "at a start": (unit("activating", "start", 1), LOOP, "", None, LOOPS),
    "named like it": (unit("activating", "auto-restart", 1, "/opt/run", f"{WORKER}.service"), LOOP, "", None, LOOPS),
    "by a wrapper": (unit("activating", "auto-restart", 1, f"/opt/start {WORKER}"), LOOP, "", None, LOOPS),
    "says why": (TRIES, LOOP, wrote(12, NO_MODULE), None, ("fail", "worker-dependency-missing", None)),
    "no such image": (TRIES, LOOP, wrote(11, PULL), None, ("fail", "worker-boot-failed", "image-missing")),
    "given up": (unit("failed", "failed", 1), LOOP, "", None, STOPPED),
    "stopped by hand": (unit("inactive", "dead"), "", "", None, STOPPED),
    "ends well": (TRIES.replace("=1", "=0"), CLEAN, wrote(12, "served 100 jobs"), None, BOOTS),
    "pulls its image": (unit("activating", "start-pre"), "", "", None, BOOTS),
    "failed once": (TRIES, ended(10), "", None, BOOTS),
    "an hour since": (unit("active", "running"), LOOP, "", LONG, None),
    "runs": (unit("active", "running"), "", "", LONG, None),
    "started by hand": (unit("inactive", "dead"), "", "", LONG, None),
    "others fail": ("", LOOP, "", LONG, None),
    "no unit": ("", "", "", None, ("fail", "worker-container-missing", None)),
}
"""Units, what systemd says of its runs, what the worker wrote, the container; what is told."""


def test_a_unit_of_systemd_is_seen_where_docker_forgets(tmp_path: Path, compared: Callable[[int], None]) -> None:
    settings = load(environ=API, default_env_file=None)
    for name, (block, runs, own, state, expected) in STATES.items():
        folder = tmp_path / name
        folder.mkdir()
        furnished(folder, "\n\n".join((*OTHERS, *filter(None, [block]))), {"unit": runs, "own": own}, state)
        script = host_scripts.probe(WORKER, None, SALT)
        done = run_script(script, folder, {"PATH": os.environ["PATH"]}, 20)
        assert (done.exit_code, done.stderr) == (0, ""), name
        read = read_host("i-0", done.stdout, SALT, settings, Connections(settings))
        assert read is not None, name
        host, log = read
        parameter = Parameter("dotenv", h.ago(9000), h.SAME)
        logs = LogsFacts({"i-0": True}, (host,), {}, parameter, {"i-0": log} if log else {})
        found = [one for one in h.findings(h.case(logs=logs)) if one.check == "logs" and one.status != "ok"]
        result = [(one.status, one.cause, one.reason) for one in found]
        assert result[-1:] == [expected] if expected else result == [], name
    compared(len(STATES))
