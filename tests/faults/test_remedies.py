"""The commands of a remedy, run against the lab in the state that shows them, end that state.

`make faults` runs every command that any row prints; here, besides what the matrix runs, are those whose effect is
looked at, and each call of AWS once.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest

from academy_ops import contract
from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.catalogue.commands import KEPT_LOG
from academy_ops.diagnosis.command import fill, placeholders
from academy_ops.diagnosis.records import Remedy
from academy_ops.lab.faults.launches import HOOK
from academy_ops.lab.processes import until
from academy_ops.lab.state import LOG_GROUP
from academy_ops.settings import load
from tests.faults.matrix import ROWS
from tests.faults.printed import NOT_IN_THE_LAB, Place, of_finding, why_not
from tests.lab_driver import Lab

pytestmark = pytest.mark.xdist_group("lab-2")
of_the_cli = pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("autoscaler-off", 0),
        ("autoscaler-off/no-rule", 0),
        ("autoscaler-off/schedule", 0),
        ("autoscaler-off/alarm-disabled", 0),
        ("worker-scaled-to-zero/max-zero", 0),
        ("worker-container-exited/paused", 0),
        ("worker-docker-down/hung", 0),
        ("worker-disk-full/idle", 0),
    ],
)
def test_a_remedy_of_aws_ends_the_fault(lab: Lab, fault: str, number: int) -> None:
    job_id, remedy = shown(lab, fault, number)
    before = sent(lab)
    Place(lab).run(remedy.steps)
    assert until(lambda: {status for name, status in sent(lab).items() if name not in before} <= {"Success"}, 20)
    lab.wait_for_worker()
    after = lab.diagnose(*filter(None, [job_id])).verdict
    assert fault.partition("/")[0] not in {after["cause"], *after["also"], *after["symptoms"], *after["warnings"]}


def test_scheduled_actions_that_are_resumed_are_no_longer_what_is_told(lab: Lab) -> None:
    # They start workers once a day; that nothing does so for the queue is told then.
    _, remedy = shown(lab, "autoscaler-off/actions-suspended", 0)
    Place(lab).run(remedy.steps)
    (finding,) = (one for one in lab.diagnose().findings("workers") if one["cause"] == "autoscaler-off")
    assert finding["reason"] == "no-function"


def test_the_remedy_of_two_hands_keeps_one_worker(lab: Lab) -> None:
    # In that state instances boot for an hour.
    _, remedy = shown(lab, "worker-scaled-to-zero/set-back", 1)
    Place(lab).run(remedy.steps)
    (group,) = lab.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["MinSize"], group["DesiredCapacity"], len(group["Instances"])) == (1, 1, 1)


@pytest.mark.parametrize(
    "fault", ["dead-letter-queue-missing", "few-receives", "short-visibility", "delay", "short-retention"]
)
def test_the_remedy_of_an_attribute_gives_the_queue_the_right_one(lab: Lab, fault: str) -> None:
    _, remedy = shown(lab, f"queue-misconfigured/{fault}", 0)
    Place(lab).run(remedy.steps)
    assert lab.diagnose().verdict["warnings"] == []


def test_dead_letters_of_a_queue_that_names_none_go_back_once_it_does(lab: Lab) -> None:
    lab.break_fault("queue-dead-letters/old")
    lab.break_fault("queue-misconfigured/no-dead-letter-queue")
    _, remedy = found(lab, None, "queue-dead-letters", 0)
    Place(lab).run(remedy.steps)
    assert lab.diagnose().verdict["warnings"] == []


@pytest.mark.parametrize("fault", ["worker-queue-denied/key-disabled", "worker-queue-denied/key-deletion"])
def test_the_remedy_of_a_key_that_is_not_in_force_puts_it_in_force(lab: Lab, fault: str) -> None:
    job_id, remedy = shown(lab, fault, 0)
    Place(lab).run(remedy.steps)
    lab.ended(job_id or lab.upload())
    assert lab.diagnose().verdict["cause"] is None


def test_the_remedy_of_a_short_way_to_the_metadata_service_opens_it_to_the_container(lab: Lab) -> None:
    _, remedy = shown(lab, "worker-aws-credentials/hop-limit", 0)
    Place(lab).run(remedy.steps)
    machines = lab.client("ec2").describe_instances()["Reservations"]
    hops = {one["MetadataOptions"]["HttpPutResponseHopLimit"] for group in machines for one in group["Instances"]}
    assert 2 in hops


def test_the_remedy_of_a_launch_that_waits_lets_its_instance_into_service(lab: Lab) -> None:
    _, remedy = shown(lab, "worker-launch-stuck", 0)
    hook, instance, _completed = Place(lab).run(remedy.steps)
    assert hook == HOOK
    (group,) = lab.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["LifecycleState"] for one in group["Instances"] if one["InstanceId"] == instance] == ["InService"]


@of_the_cli
@pytest.mark.parametrize(("fault", "number"), [("autoscaler-off/alarm-other-queue", 0), ("worker-refresh-failed", 0)])
def test_the_aws_cli_itself_runs_what_the_second_generations_remedies_say(lab: Lab, fault: str, number: int) -> None:
    _, remedy = shown(lab, fault, number)
    assert all(Place(lab, by_cli=True).run(remedy.steps))


@of_the_cli
def test_the_aws_cli_itself_reads_a_workers_kept_log(lab: Lab) -> None:
    job_id = lab.break_fault("worker-dependency-missing/gone")
    (log,) = Place(lab, by_cli=True).run(fill(KEPT_LOG, names_of(lab, job_id)))
    assert "No module named" in log


def test_each_call_of_aws_that_a_remedy_makes_to_look_is_one_that_aws_answers(
    lab: Lab, compared: Callable[[int], None]
) -> None:
    names = {**names_of(lab), "alarm": "depth-high"}
    looks = {
        steps
        for remedy in every_remedy()
        for steps in (remedy.steps, remedy.check)
        if steps[0].argv[0] == "aws" and not any(step.changes or step.argv[1] == "kms" for step in steps)
    }
    # Without a load balancer there is no target group to look at.
    lab.break_fault("proxy-upstream-down/load-balancer")
    run = [Place(lab).run(fill(steps, names)) for steps in looks if placeholders(steps) <= names.keys()]
    assert len(run) > 20
    compared(sum(map(len, run)))


NOT_SHOWN: Mapping[str, Mapping[str, str]] = {
    "moto knows no such state": {
        "asg-missing": "deleting",
        "aws-wrong-account": "local-aws",
        "aws-wrong-region": "local-aws",
        "aws-credentials-invalid": "account container",
        "autoscaler-off": "alarm-missing forecast-only function-failed percent-of-none",
        "worker-launch-loop": "outside",
    },
    "needs the AWS CLI's own login, or keys in a file": {"aws-credentials-invalid": "login role"},
    "rclone has no jurisdictions and one pair of keys": {
        "r2-access-denied": "jurisdiction wrong-name",
        "r2-bucket-missing": "jurisdiction",
    },
    "the lab is in one region": {"aws-wrong-region": "not-enabled", "queue-missing": "wrong-region"},
    "a symptom of what the API's own setting lacks": {
        "worker-env-missing": "api-side",
        "worker-queue-mismatch": "api-side",
        "worker-r2-mismatch": "api-side",
    },
}
"""The reasons that no row of the matrix shows, by why and by code."""


def test_every_reason_is_shown_by_a_row_of_the_matrix_or_said_to_be_not(compared: Callable[[int], None]) -> None:
    reasons = {(code, reason) for code, cause in CATALOGUE.items() for reason in cause.reasons}
    shown_ones = {(row.code, row.reason) for row in ROWS if row.reason}
    not_shown = [
        (code, one) for codes in NOT_SHOWN.values() for code, listed in codes.items() for one in listed.split()
    ]
    assert reasons - shown_ones == set(not_shown)
    compared(len(reasons))


def test_every_command_that_is_not_run_in_the_lab_is_one_that_a_remedy_has() -> None:
    steps = [
        step
        for remedy in every_remedy()
        for step in fill(remedy.steps + remedy.check, {"ops": "academy-ops", "region": contract.REGION})
    ]
    assert {why_not(step) for step in steps} >= set(NOT_IN_THE_LAB.values())


def every_remedy() -> Iterator[Remedy]:
    """Yield the remedies of every cause and reason."""
    for cause in CATALOGUE.values():
        yield from cause.remedies
        for variant in cause.reasons.values():
            yield from variant.remedies


def names_of(lab: Lab, job_id: str | None = None) -> Mapping[str, str]:
    """Return what fills the commands of remedies in the lab."""
    return live_names(load(environ={**lab.settings(), "AI_WORKER_LOG_GROUP": LOG_GROUP}), "academy-ops", job_id)


def sent(lab: Lab) -> dict[tuple[str, str], str]:
    """Return where each command that was sent through SSM stands, by its id and its instance."""
    invocations = lab.client("ssm").list_command_invocations()["CommandInvocations"]
    return {(one["CommandId"], one["InstanceId"]): one["Status"] for one in invocations}


def shown(lab: Lab, fault: str, number: int) -> tuple[str | None, Remedy]:
    """Break something; return the job, and the remedy whose commands the diagnosis shows."""
    return found(lab, lab.break_fault(fault), fault.partition("/")[0], number)


def found(lab: Lab, job_id: str | None, code: str, number: int) -> tuple[str | None, Remedy]:
    """Return the job, and the remedy whose commands the diagnosis shows for a code."""
    result = lab.diagnose(*filter(None, [job_id]))
    finding = next(one for one in result.document["findings"] if one["cause"] == code)
    return job_id, of_finding(finding, live_names(load(environ=lab.settings()), "academy-ops", job_id))[number]
