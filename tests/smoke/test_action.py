"""The GitHub action: its own shell steps, run as a runner runs them, against a lab."""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import environment
from tests.lab_driver import Lab

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOWS = [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
INSTALL, RUN = ACTION["runs"]["steps"]
# What the tool needs is taken from the environment of the tests, which is held to the same constraints: to download,
# unpack and build it all would take longer than the tests.
RUNNER = {
    "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    "PYTHONPATH": sysconfig.get_path("purelib"),
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_NO_COMPILE": "1",
}
EXPRESSION = re.compile(r"\$\{\{ *(inputs|github)\.([a-z_-]+) *\}\}")


@dataclass(frozen=True)
class Step:
    """A step that has ended, and what it has left for the runner."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


def run(step: dict[str, Any], temp: Path, environ: Mapping[str, str] | None = None, **inputs: str) -> Step:
    """Run one step as GitHub's runner does: expressions filled in, then bash with -e and pipefail."""
    given = {name: str(one["default"]) for name, one in ACTION["inputs"].items()}
    known = {"inputs": {**given, **{name.replace("_", "-"): value for name, value in inputs.items()}}}
    known["github"] = {"action_path": str(ROOT)}
    script, output, summary = temp / "step.sh", temp / "output", temp / "summary"
    script.write_text(step["run"], encoding="utf-8")
    for file in (output, summary):
        file.write_text("", encoding="utf-8")
    runner = {"RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    filled = {name: EXPRESSION.sub(lambda at: known[at[1]][at[2]], text) for name, text in step["env"].items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=temp,
        env={**environment(temp), **RUNNER, "LANG": "C.UTF-8", **runner, **(environ or {}), **filled},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=170,
    )
    lines = [line.partition("=") for line in output.read_text("utf-8").splitlines()]
    outputs = {name: value for name, _, value in lines}
    return Step(done.returncode, done.stdout, outputs, summary.read_text("utf-8"))


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's folder, after the first step has installed the tool in it."""
    folder = tmp_path_factory.mktemp("runner")
    done = run(INSTALL, folder)
    assert done.code == 0, done.log
    return folder


def test_a_smoke_check_that_passes(lab: Lab, temp: Path) -> None:
    done = run(RUN, temp, lab.settings(), command="smoke")
    assert done.code == 0, done.log
    assert done.log.startswith("::notice title=SMOKE CHECK PASSED::All 3 students are registered")
    assert done.summary.startswith("# ✅ SMOKE CHECK PASSED\n")
    assert done.outputs["job-id"]
    assert (done.outputs["exit-code"], done.outputs["status"], done.outputs["cause"]) == ("0", "passed", "")


def test_a_smoke_check_that_fails_names_the_cause(lab: Lab, temp: Path) -> None:
    lab.break_fault("worker-off")
    done = run(RUN, temp, lab.settings(), command="smoke", timeout="8")
    assert done.log.startswith("::error title=SMOKE CHECK FAILED%3A worker-scaled-to-zero::")
    assert (done.code, done.outputs["exit-code"], done.outputs["cause"]) == (1, "1", "worker-scaled-to-zero")
    assert "worker-scaled-to-zero" in done.summary


def test_a_job_is_diagnosed_with_the_settings_of_an_env_file(lab: Lab, temp: Path) -> None:
    (temp / "lab.env").write_text("".join(f"{name}={value}\n" for name, value in lab.settings().items()), "utf-8")
    done = run(RUN, temp, job_id=lab.ended_job(), env_file="lab.env", lang="ko")
    assert (done.code, done.outputs["status"], done.outputs["job-id"]) == (0, "healthy", lab.ended_job()), done.log
    assert "정상" in done.summary


def test_no_secret_is_in_what_a_step_leaves(lab: Lab, temp: Path) -> None:
    done = run(RUN, temp, lab.settings(), command="smoke")
    assert [secret for secret in lab.secrets() if secret in done.log + done.summary + str(done.outputs)] == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"job_id": "$(touch owned)"},
        {"job_id": '"; touch owned; "'},
        {"job_id": "--save=owned"},
        {"command": "smoke; touch owned"},
        {"command": "$(touch owned)"},
        {"timeout": "`touch owned`"},
        {"env_file": "x; touch owned"},
        {"fail_on": "warn && touch owned"},
        {"lang": "ko | touch owned"},
    ],
)
def test_an_input_can_not_become_a_command_or_an_option(inputs: dict[str, str], temp: Path) -> None:
    done = run(RUN, temp, None, **inputs)
    assert (done.code, (temp / "owned").exists()) == (2, False), done.log


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_written_into_a_script_by_the_runner(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_no_input_is_a_secret() -> None:
    assert [name for name in ACTION["inputs"] if re.search("token|key|secret|password", name)] == []
