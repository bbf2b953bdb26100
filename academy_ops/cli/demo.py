"""``demo``: the main story, played with the real commands on a lab of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text as Line

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.lab import operate
from academy_ops.cli.options import Common, with_text_only
from academy_ops.messages import Text, _, current, say

if TYPE_CHECKING:
    from academy_ops.lab.operate import LabInfo

_ENV_FILE: Final = "lab.env"
_STEP_SECONDS: Final = 120
_FOREIGN: Final = (
    *("ACADEMY_API", "ACADEMY_ORIGIN", "ACADEMY_APP", "ACADEMY_TENANT", "AI_", "AWS_", "DATABASE_URL", "EXCEL_"),
    *("R2_", "WORKER_"),
)
"""How the names of settings begin that would lead the commands away from the lab."""


@with_text_only
def demo(common: Common) -> int:
    """Play the story; the exit code is 0 only if every step ended as expected."""
    lab = operate()
    out = common.console()
    with tempfile.TemporaryDirectory(prefix="academy-ops-demo-") as folder:
        # A lab of its own, beside any that the user runs; the workers are slow enough to be watched.
        os.environ["ACADEMY_LAB_DIR"] = str(Path(folder, "lab"))
        os.environ.setdefault("ACADEMY_WORKER_STEP_DELAY", "0.7")
        _chapter(out, 1, say("A complete academy starts on this machine: AWS, R2, nginx, API, one worker."))
        with lab.running(lambda text: out.print(Line(f"  {text}", "dim"))) as (info, _wait):
            Path(folder, _ENV_FILE).write_text(lab.env(), encoding="utf-8")
            _play_story(out, Path(folder), info)
    out.print()
    out.print(Line(_("The lab is gone: no process, port, or file is left."), "dim"))
    out.print(_("Try it yourself: academy-ops lab up --detach, then academy-ops lab break --list"))
    return errors.HEALTHY


def _play_story(out: Console, folder: Path, info: LabInfo) -> None:
    lab = operate()
    _chapter(out, 2, say("Overnight, someone switches the workers off: desired 0, the autoscaler's rule disabled."))
    lab.break_fault("worker-off")

    _chapter(out, 3, say("A school uploads an Excel file with five students. The upload is accepted."))
    job_id = lab.upload()
    out.print(f"  202 {{job_id: {job_id}, status: PENDING}}")
    out.print(_("  The browser polls the job once a second: PENDING, PENDING, PENDING. The school calls."))

    _chapter(out, 4, say("The operator asks one question."))
    _run(out, folder, "diagnose", job_id, expect=errors.FAULT)

    _chapter(out, 5, say("The operator does what it says. Here a worker boots in seconds; on EC2 it takes minutes."))
    _run(out, folder, "scale-worker", "--desired", "1", "--yes", "--wait", expect=errors.HEALTHY)

    _chapter(out, 6, say("The worker takes the job from the queue, reads the file from R2, and creates the students."))
    _run(out, folder, "watch", job_id, expect=errors.HEALTHY)
    for student in _students(lab.settings()):
        out.print(f"  {student['name']}  {student['parent_phone']}  {student['school'] or ''}")

    _chapter(out, 7, say("The operator asks again."))
    _run(out, folder, "diagnose", job_id, expect=errors.HEALTHY)
    out.print()
    out.print(Line(_("While it ran, logs and data were in {folder}.", folder=str(info.folder)), "dim"))


def _chapter(out: Console, number: int, text: Text) -> None:
    out.print()
    out.print(Line(f"{number}. ", "bold").append(str(text), "bold"))


def _run(out: Console, folder: Path, *arguments: str, expect: int) -> None:
    """Run a real command of the tool, on the same terminal."""
    shown = shlex.join(["academy-ops", "--env-file", _ENV_FILE, *arguments])
    out.print(Line(f"  $ {shown}", "bold cyan"), soft_wrap=True)
    out.print()
    sys.stdout.flush()
    options = ["--lang", current(), "--env-file", _ENV_FILE, *(["--no-color"] if out.no_color else [])]
    words = [sys.executable, "-m", "academy_ops", *options, *arguments]
    try:
        done = subprocess.run(words, cwd=folder, env=_environment(), check=False, timeout=_STEP_SECONDS)
    except subprocess.TimeoutExpired as error:
        late = say("The demo stopped: '{command}' took more than {seconds} s.", command=shown, seconds=_STEP_SECONDS)
        raise RefusedError(late, errors.FAULT) from error
    if done.returncode != expect:
        raise RefusedError(
            say("The demo did not go as planned: '{command}' exited with {code}.", command=shown, code=done.returncode),
            errors.FAULT,
        )


def _environment() -> dict[str, str]:
    """Return this process's environment without foreign settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    # The tool may run from a checkout that the demo's folder knows nothing of.
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _students(settings: Mapping[str, str]) -> list[dict[str, object]]:
    from academy_ops.academy.store import Store

    store = Store(settings["DATABASE_URL"])
    try:
        students: list[dict[str, object]] = store.students(settings["ACADEMY_TENANT_CODE"])
    finally:
        store.close()
    return students
