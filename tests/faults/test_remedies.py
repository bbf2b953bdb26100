"""The AWS commands of a remedy, run as records against the lab in the state that shows them, end that state."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped] # it has no types
import pytest
from botocore import xform_name

from academy_ops import contract
from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE, filled
from academy_ops.diagnosis.catalogue.commands import KEPT_LOG
from academy_ops.diagnosis.command import Steps, command, fill
from academy_ops.diagnosis.records import Remedy
from academy_ops.lab.faults.launches import HOOK
from academy_ops.lab.state import LOG_GROUP
from academy_ops.settings import load
from tests.lab_driver import Lab

pytestmark = [
    pytest.mark.xdist_group("lab-2"),
    pytest.mark.filterwarnings("ignore:deprecated string literal syntax"),
]


def connected(lab: Lab, service: str, region: str) -> Any:
    settings = lab.settings()
    return boto3.client(
        service,  # type: ignore[call-overload] # any of them
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )


def call(lab: Lab, service: str, name: str, options: Sequence[str]) -> Any:
    """Call what ``aws SERVICE NAME`` would call, and return what its ``--query`` leaves."""
    region = options[options.index("--region") + 1] if "--region" in options else lab.settings()["AWS_REGION"]
    client = connected(lab, service, region)
    method = name.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {f"--{xform_name(member, '-')}": (member, form) for member, form in shape.members.items()}
    given: dict[str, Any] = {}
    for option in (word for word in options if word.startswith("--")):
        if option.startswith("--no-"):
            given[members[f"--{option.removeprefix('--no-')}"][0]] = False
        elif option in members:
            member, form = members[option]
            values = list(options[options.index(option) + 1 :])
            values = values[: next((place for place, word in enumerate(values) if word.startswith("--")), None)]
            given[member] = argument(form, values)
    answer = getattr(client, method)(**given)
    return jmespath.search(options[options.index("--query") + 1], answer) if "--query" in options else answer


def argument(form: Any, values: list[str]) -> Any:
    """Return the value of an option as the AWS CLI reads it, its shorthand for structures included."""
    match form.type_name:
        case "list" if form.member.type_name == "structure":
            return [{key: argument(form.member.members[key], [value]) for key, value in pairs(one)} for one in values]
        case "list":
            return values
        case "map" if values[0].startswith("{"):
            given: dict[str, str] = json.loads(values[0])
            return given
        case "map":
            return {key: argument(form.value, [value]) for key, value in pairs(values[0])}
        case "integer":
            return int(values[0])
        case _:
            return values[0]


def pairs(shorthand: str) -> list[tuple[str, str]]:
    return [(key, value) for key, _, value in (part.partition("=") for part in shorthand.split(","))]


def run(lab: Lab, steps: Steps) -> dict[str, str]:
    """Run steps; return what each printed for those after it."""
    printed: dict[str, str] = {}
    for step in steps:
        (whole,) = fill((step,), printed)
        program, service, name, *options = whole.argv
        if program == "academy-ops":
            done = lab.tool(service, name, *options, "--yes")
            assert done.returncode == 0, done.stderr
            continue
        assert program == "aws"
        output = call(lab, service, name, options)
        if step.prints:
            printed[step.prints] = str(output)
    return printed


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    yield running_lab
    events = connected(running_lab, "events", contract.REGION)
    for rule in {one["Name"] for one in events.list_rules()["Rules"]} - {contract.AUTOSCALER_RULE}:
        # A remedy has made it; the lab's own stays.
        targets = [target["Id"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
        events.remove_targets(Rule=rule, Ids=targets)
        events.delete_rule(Name=rule)
    running_lab.start_afresh()


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("worker-launch-suspended", 0),
        ("worker-unhealthy", -1),
        ("autoscaler-off", 0),
        ("autoscaler-off/no-rule", 0),
        ("autoscaler-off/schedule", 0),
        ("autoscaler-off/alarm-disabled", 0),
        ("worker-scaled-to-zero/max-zero", 0),
    ],
)
def test_a_remedy_of_aws_ends_the_fault(lab: Lab, fault: str, number: int) -> None:
    job_id, remedy = shown(lab, fault, number)
    run(lab, remedy.steps)
    lab.wait_for_worker()
    after = lab.diagnose(*filter(None, [job_id])).verdict
    assert fault.partition("/")[0] not in {after["cause"], *after["also"], *after["symptoms"], *after["warnings"]}


def test_the_remedy_of_two_hands_keeps_one_worker(lab: Lab) -> None:
    # In that state instances boot for an hour.
    _, remedy = shown(lab, "worker-scaled-to-zero/set-back", 1)
    run(lab, remedy.steps)
    groups = call(lab, "autoscaling", "describe-auto-scaling-groups", ["--query", "AutoScalingGroups[0]"])
    assert (groups["MinSize"], groups["DesiredCapacity"], len(groups["Instances"])) == (1, 1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        "no-dead-letter-queue",
        "dead-letter-queue-missing",
        "few-receives",
        "short-visibility",
        "delay",
        "short-retention",
    ],
)
def test_the_remedy_of_an_attribute_gives_the_queue_the_right_one(lab: Lab, fault: str) -> None:
    _, remedy = shown(lab, f"queue-misconfigured/{fault}", 0)
    run(lab, remedy.steps)
    assert lab.diagnose().verdict["warnings"] == []


def test_dead_letters_of_a_queue_that_names_none_go_back_once_it_does(lab: Lab) -> None:
    lab.break_fault("queue-dead-letters/old")
    lab.break_fault("queue-misconfigured/no-dead-letter-queue")
    _, remedy = found(lab, None, "queue-dead-letters", 0)
    run(lab, remedy.steps)
    assert lab.diagnose().verdict["warnings"] == []


@pytest.mark.parametrize("fault", ["worker-queue-denied/key-disabled", "worker-queue-denied/key-deletion"])
def test_the_remedy_of_a_key_that_is_not_in_force_puts_it_in_force(lab: Lab, fault: str) -> None:
    job_id, remedy = shown(lab, fault, 0)
    run(lab, remedy.steps)
    lab.ended(job_id or lab.upload())
    assert lab.diagnose().verdict["cause"] is None


def test_the_remedy_of_a_short_way_to_the_metadata_service_opens_it_to_the_container(lab: Lab) -> None:
    _, remedy = shown(lab, "worker-aws-credentials/hop-limit", 0)
    run(lab, remedy.steps)
    metadata = command(
        "aws ec2 describe-instances --region <region> --filters Name=tag:Name,Values=<worker> --output text --query",
        "Reservations[].Instances[].[MetadataOptions.HttpPutResponseHopLimit]",
    )
    look = fill(metadata, live_names(load(environ=lab.settings()), "academy-ops", None))
    assert run(lab, tuple(replace(step, prints="options") for step in look))["options"].endswith("2]]")


@pytest.mark.parametrize(
    ("fault", "number"),
    [("worker-queue-denied/key-disabled", -1), ("worker-aws-credentials/no-role", 0), ("worker-unhealthy/stopped", 0)],
)
def test_a_command_of_a_reason_can_be_run_in_the_state_that_shows_it(lab: Lab, fault: str, number: int) -> None:
    _, remedy = shown(lab, fault, number)
    run(lab, remedy.steps)


def test_the_remedy_of_a_launch_that_waits_finds_its_hook_and_instance(lab: Lab) -> None:
    # The lab can't complete a lifecycle action.
    _, remedy = shown(lab, "worker-launch-stuck", 0)
    *finding, completing = remedy.steps
    printed = run(lab, tuple(finding))
    assert completing.argv[-4:] == ("--lifecycle-hook-name", "<hook>", "--instance-id", "<found>")
    assert printed["hook"] == HOOK
    assert re.fullmatch("i-[0-9a-f]+", printed["found"])


LOOKS = [
    "autoscaler-off/no-function",
    "worker-launch-failing",
    "worker-launch-failing/image",
    "worker-launch-failing/template",
    "worker-launch-failing/network",
    "worker-launch-failing/quota",
    "worker-launch-failing/role",
    "worker-launch-failing/account",
    "worker-launch-failing/hook",
    "worker-scaled-to-zero/starter-fails",
]
"""moto knows neither sts:DecodeAuthorizationMessage nor ec2:GetEbsDefaultKmsKeyId."""


@pytest.mark.parametrize("fault", LOOKS)
def test_what_a_remedy_looks_at_can_be_looked_at(lab: Lab, fault: str) -> None:
    _, remedy = shown(lab, fault, 0)
    run(lab, tuple(step for step in remedy.steps if step.argv[0] == "aws"))


SECOND_GENERATION = [
    ("autoscaler-off/alarm-no-data", 0),
    ("autoscaler-off/alarm-other-queue", 0),
    ("worker-refresh-failed/rolling-back", 0),
    ("worker-refresh-failed/cancelled", 0),
    ("worker-refresh-failed", -1),
]


@pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")
@pytest.mark.parametrize(("fault", "number"), SECOND_GENERATION)
def test_the_aws_cli_itself_runs_what_the_second_generations_remedies_say(lab: Lab, fault: str, number: int) -> None:
    _, remedy = shown(lab, fault, number)
    assert all(typed(lab, step.argv).strip() for step in remedy.steps if step.argv[0] == "aws")


@pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")
def test_the_aws_cli_itself_enables_an_alarms_actions_and_reads_a_workers_kept_log(lab: Lab) -> None:
    _, remedy = shown(lab, "autoscaler-off/alarm-disabled", 0)
    (step,) = remedy.steps
    typed(lab, step.argv)
    assert "autoscaler-off" not in lab.diagnose().verdict["warnings"]
    job_id = lab.break_fault("worker-dependency-missing/gone")
    names = live_names(load(environ={**lab.settings(), "AI_WORKER_LOG_GROUP": LOG_GROUP}), "academy-ops", job_id)
    (step,) = fill(KEPT_LOG, names)
    assert "No module named" in typed(lab, step.argv)


def typed(lab: Lab, argv: Sequence[str]) -> str:
    """Return what the AWS CLI prints for a command, as a person runs it with the lab's settings."""
    mine = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [*argv, "--endpoint-url", lab.settings()["AWS_ENDPOINT_URL"]]
    done = subprocess.run(
        command, env={**mine, **lab.settings()}, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, ""), done.args
    return done.stdout


def shown(lab: Lab, fault: str, number: int) -> tuple[str | None, Remedy]:
    """Break something; return the job, and the remedy whose commands the diagnosis shows."""
    return found(lab, lab.break_fault(fault), fault.partition("/")[0], number)


def found(lab: Lab, job_id: str | None, code: str, number: int) -> tuple[str | None, Remedy]:
    """Return the job, and the remedy whose commands the diagnosis shows for a code."""
    result = lab.diagnose(*filter(None, [job_id]))
    finding = next(one for one in result.document["findings"] if one["cause"] == code)
    observed = {name: value for name, value in finding["evidence"].items() if isinstance(value, str)}
    names = live_names(load(environ=lab.settings()), "academy-ops", job_id)
    rows = CATALOGUE[code].reasons[finding["reason"]] if finding["reason"] else CATALOGUE[code]
    remedy = filled(rows.remedies, {**names, **observed})[number]
    assert remedy.command == finding["remedies"][number]["command"]
    return job_id, remedy
