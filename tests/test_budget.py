"""What a run may cost, without a clock: requests, service models, modules."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from academy_ops.cli.app import COMMANDS
from academy_ops.contract import JOBS_PATH
from academy_ops.outside.sdk import MODELS
from tests.lab_driver import Lab
from tests.overheard import overheard

QUESTIONS: Final = {
    "GetCallerIdentity": 1,
    "R2_ENDPOINT: GET /academy-excel": 1,
    f"ACADEMY_API_URL: GET {JOBS_PATH}JOB/": 1,
    # Through the edge: is the process up, and is its database? Behind it, whose fault it would be if not.
    "ACADEMY_API_URL: GET /health": 1,
    "ACADEMY_API_URL: GET /healthz": 1,
    "ACADEMY_ORIGIN_URL: GET /healthz": 1,
    "ACADEMY_APP_URL: GET /healthz": 1,
    "DescribeAutoScalingGroups": 1,
    "DescribeScalingActivities": 1,
    "DescribeInstanceRefreshes": 1,
    "DescribeInstances": 1,
    # Whether the autoscaler lives: its function, the rules that run it, and each rule's state.
    "AWS_ENDPOINT_URL: GET /2015-03-31/functions/academy-worker-autoscale/configuration": 1,
    "ListRuleNamesByTarget": 1,
    "DescribeRule": 1,
    # The queue and its dead-letter queue.
    "GetQueueUrl": 2,
    "GetQueueAttributes": 2,
    "GetParameter": 1,
    # For up to fifty workers.
    "DescribeInstanceInformation": 1,
    "SendCommand": 1,
    # For each worker, once its command has ended.
    "GetCommandInvocation": 1,
}
"""Every request of a diagnosis: sixteen of AWS, one of R2, five of the API and what stands before it."""
POLLED: Final = "ListCommandInvocations"
"""Asked until each host has answered: how often is up to the hosts."""
SERVICES: Final = ("autoscaling", "ec2", "events", "lambda", "s3", "sqs", "ssm", "sts")
"""CloudWatch is asked only where a message waits whose age nobody else knows."""
MODEL_BYTES: Final = 205_000
"""Decoding the models is what a client costs; botocore's own of these services are 8 MB."""

COMMAND_LINE: Final = {"academy_ops", "annotated_doc", "dotenv", "rich", "shellingham", "typer"}
"""What draws a help text, and reads an env file that may name its language."""
SDK: Final = {"botocore", "dateutil", "jmespath", "six", "urllib3"}
HTTP: Final = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna"}
HTTP_COMMAND: Final = {"click", "pygments"}
"""httpx loads a command line of its own where these are installed, as they are here; an operator has no click."""

OF_COMMANDS: Final = {row.place.partition(":")[0] for row in COMMANDS.values()}

_OPENED: Final = """
import sys
sys.addaudithook(lambda event, told: event == "open" and sys.stderr.write(f"{told[0]}\\n"))
from academy_ops.cli.main import main
main()
"""
_LOADED: Final = """
import sys
from academy_ops.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write(" ".join(sys.modules))
sys.exit(code)
"""


_OF_THE_ENVIRONMENT: Final = frozenset({"sitecustomize", "usercustomize"})


def run(folder: Path, environ: Mapping[str, str], *python: str) -> subprocess.CompletedProcess[str]:
    """Run Python in ``folder``, with nothing of the machine's environment."""
    return subprocess.run(
        [sys.executable, *python],
        cwd=folder,
        env={"LANG": "C.UTF-8", "HOME": str(folder), **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )


def packages(folder: Path, environ: Mapping[str, str], *arguments: str) -> set[str]:
    """Return what a command imports from outside the standard library."""
    found = {name.partition(".")[0] for name in run(folder, environ, "-c", _LOADED, *arguments).stderr.split()}
    return {name for name in found - sys.stdlib_module_names - _OF_THE_ENVIRONMENT if not name.startswith("_")}


def test_a_diagnosis_of_a_healthy_system_asks_each_question_once(lab: Lab, tmp_path: Path) -> None:
    job = lab.ended_job()
    with overheard(lab.settings(), tmp_path) as (environ, asked):
        result = lab.diagnose(job, **environ)
    assert result.short == (0, "healthy", None)
    counted = Counter(one.replace(job, "JOB") for one in asked)
    assert counted.pop(POLLED) >= 1
    assert counted == QUESTIONS


def test_a_diagnosis_reads_one_small_model_for_each_service_that_it_asks(lab: Lab) -> None:
    opened = run(
        lab.folder, lab.settings(), "-c", _OPENED, "diagnose", lab.ended_job(), "-o", "json"
    ).stderr.splitlines()
    models = [Path(path) for path in opened if "/service-2.json" in path]
    assert sorted(path.parents[1].name for path in models) == list(SERVICES)
    assert all(path.is_relative_to(MODELS) for path in models)
    assert sum(path.stat().st_size for path in models) <= MODEL_BYTES


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["diagnose", "--help"], ["explain", "queue-missing"]])
def test_what_only_tells_something_loads_the_command_line_and_no_more(arguments: list[str], tmp_path: Path) -> None:
    assert packages(tmp_path, {}, *arguments) <= COMMAND_LINE


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["--help"], set()),
        (["--lang", "ko", "--help"], set()),
        (["queue", "--help"], {"change"}),
        (["help", "watch"], {"follow", "reference"}),
        (["explain", "queue-missing"], {"reference"}),
    ],
)
def test_of_all_commands_those_that_are_named_are_loaded(
    arguments: list[str], commands: set[str], tmp_path: Path
) -> None:
    loaded = run(tmp_path, {}, "-c", _LOADED, *arguments).stderr.split()
    assert {name for name in OF_COMMANDS if f"academy_ops.cli.{name}" in loaded} == commands


def test_the_version_needs_nothing_from_outside_the_standard_library(tmp_path: Path) -> None:
    assert packages(tmp_path, {"ACADEMY_OPS_LANG": "ko"}, "--version") == {"academy_ops"}


def test_a_diagnosis_loads_what_asks_and_nothing_of_the_lab(lab: Lab) -> None:
    loaded = packages(lab.folder, lab.settings(), "diagnose", lab.ended_job(), "-o", "json")
    assert loaded <= {"checks"} | COMMAND_LINE | SDK | HTTP | HTTP_COMMAND
