"""``diagnose --fix``: plan, consent, change, and the truth about what was done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import academy_ops, environment
from tests.lab_driver import Lab
from tests.terminal import Terminal, terminal


def desired(lab: Lab) -> int:
    result = lab.diagnose("--only", "workers")
    count: int = next(one["evidence"]["desired"] for one in result.findings("workers") if "desired" in one["evidence"])
    return count


@contextmanager
def at_terminal(lab: Lab, *arguments: str, **environ: str) -> Iterator[Terminal]:
    mine = environment(lab.folder) | lab.settings() | environ
    with terminal(*arguments, cwd=lab.folder, environ=mine) as running:
        yield running


def waiting_job(lab: Lab) -> str:
    """Switch the workers off and upload a workbook."""
    lab.break_fault("worker-scaled-to-zero")
    return lab.upload()


def test_with_the_workers_off_it_starts_one_and_the_job_is_done(lab: Lab) -> None:
    job_id = waiting_job(lab)
    done = lab.tool("diagnose", job_id, "--fix", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    before, _, after = done.stdout.partition("Done: the desired capacity is 1.")
    assert "desired 0 -> 1 (min 0, max 20)" in before
    assert "In service and polling: 1" in after
    assert "created 5" in after
    assert "HEALTHY" in after
    assert after.rstrip().endswith("That helped: worker-scaled-to-zero is gone, and no fault is left.")


def test_without_a_terminal_and_without_yes_it_shows_the_plan_and_changes_nothing(lab: Lab) -> None:
    done = lab.tool("diagnose", waiting_job(lab), "--fix")
    assert done.returncode == 1
    assert "desired 0 -> 1" in done.stdout
    assert "Nothing was changed: there is no terminal to confirm on. Add --yes to apply." in done.stdout
    assert desired(lab) == 0


def test_a_no_changes_nothing_and_leaves_the_exit_code_of_the_diagnosis(lab: Lab) -> None:
    with at_terminal(lab, "diagnose", waiting_job(lab), "--fix") as shown:
        shown.until("Apply this?")
        shown.type("n\n")
        assert shown.ended() == 1
    assert shown.written.rstrip().endswith("Nothing was changed.")
    assert desired(lab) == 0


def test_ctrl_c_at_the_question_changes_nothing(lab: Lab) -> None:
    with at_terminal(lab, "diagnose", waiting_job(lab), "--fix") as shown:
        shown.until("Apply this?")
        shown.interrupt()
        assert shown.ended() == 130
    assert "Interrupted. Nothing was changed." in shown.written
    assert desired(lab) == 0


def test_ctrl_c_while_it_waits_says_what_was_done_and_stays(lab: Lab) -> None:
    with at_terminal(lab, "diagnose", waiting_job(lab), "--fix", "--yes") as shown:
        shown.until("Done: the desired capacity is 1.")
        shown.interrupt()
        assert shown.ended() == 130
    assert "Interrupted. What was changed stays changed. Done: the desired capacity is 1." in " ".join(
        shown.written.split()
    )
    assert desired(lab) == 1


def test_what_another_operator_has_changed_meanwhile_is_not_overwritten(lab: Lab) -> None:
    with at_terminal(lab, "diagnose", waiting_job(lab), "--fix") as shown:
        shown.until("Apply this?")
        assert lab.tool("scale-worker", "--desired", "2", "--yes").returncode == 0
        shown.type("y\n")
        assert shown.ended() == 1
    assert "someone else changed the desired capacity from 0 to 2" in " ".join(shown.written.split())
    assert desired(lab) == 2


def test_a_denied_change_says_that_nothing_was_changed_and_names_the_action(lab: Lab) -> None:
    keys = lab.keys_without("autoscaling:SetDesiredCapacity")
    done = lab.tool("diagnose", waiting_job(lab), "--fix", "--yes", **keys)
    assert done.returncode == 1
    assert "Nothing was changed: the permission autoscaling:SetDesiredCapacity is denied" in " ".join(
        done.stdout.split()
    )
    assert desired(lab) == 0


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("queue-missing", "Done: created academy-ai-jobs-basic."),
        ("worker-launch-suspended", "Done: the group can launch instances again."),
        ("queue-dead-letters", "Done: the messages are being moved back."),
    ],
)
def test_other_faults_are_fixed_and_their_job_is_done(lab: Lab, fault: str, change: str) -> None:
    job_id = lab.break_fault(fault) or lab.upload()
    done = lab.tool("diagnose", job_id, "--fix", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert change in done.stdout
    assert f"That helped: {fault} is gone" in done.stdout


def test_workers_with_an_old_environment_are_replaced(lab: Lab) -> None:
    lab.break_fault("worker-env-stale")
    done = lab.tool("diagnose", "--fix", "--yes", "--interrupt-jobs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "replace every instance: i-" in done.stdout
    assert "That helped: worker-env-stale is gone" in done.stdout


def test_a_wrong_parameter_gets_the_apis_value_before_the_workers_are_replaced(lab: Lab) -> None:
    lab.break_fault("worker-queue-mismatch")
    done = lab.tool("diagnose", "--fix", "--yes", "--interrupt-jobs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AI_SQS_QUEUE_NAME_BASIC: changed to the API's value" in done.stdout
    assert done.stdout.index("changed to the API's value") < done.stdout.index("replace every instance: i-")
    assert "That helped: worker-queue-mismatch is gone" in done.stdout


def test_an_api_value_that_cant_be_right_is_not_copied_to_the_workers(lab: Lab) -> None:
    lab.break_fault("worker-env-missing/parameter")
    done = lab.tool("diagnose", "--fix", "--yes", R2_SECRET_KEY='"quoted"')
    assert done.returncode == 1
    assert "Done:" not in done.stdout


def test_a_warning_is_fixed_where_it_is_all_there_is(lab: Lab) -> None:
    lab.break_fault("autoscaler-off")
    done = lab.tool("diagnose", "--fix", "--yes")
    assert done.returncode == 0
    assert "disabled -> enabled" in done.stdout
    assert "That helped: autoscaler-off is gone" in done.stdout


def test_alarms_whose_actions_are_disabled_get_them_back(lab: Lab) -> None:
    lab.break_fault("autoscaler-off/alarm-disabled")
    keys = lab.keys_without("cloudwatch:EnableAlarmActions")
    denied = lab.tool("diagnose", "--fix", "--yes", **keys)
    assert "Nothing was changed: the permission cloudwatch:EnableAlarmActions is denied" in " ".join(
        denied.stdout.split()
    )
    done = lab.tool("diagnose", "--fix", "--yes")
    assert done.returncode == 0
    assert "alarm academy-worker-depth-high: actions disabled -> enabled" in done.stdout
    assert "That helped: autoscaler-off is gone" in done.stdout


def test_alarms_that_are_suspended_may_act_again(lab: Lab) -> None:
    lab.break_fault("autoscaler-off/alarms-suspended")
    done = lab.tool("diagnose", "--fix", "--yes")
    assert done.returncode == 0
    assert "AlarmNotification process: suspended -> resumed" in done.stdout
    assert "That helped: autoscaler-off is gone" in done.stdout


def test_what_needs_a_person_is_said_with_the_command(lab: Lab) -> None:
    lab.break_fault("proxy-upstream-down")
    done = lab.tool("diagnose", "--fix", "--yes")
    assert done.returncode == 1
    said = done.stdout.rpartition("--fix has no remedy for proxy-upstream-down; it needs a person.")[2]
    assert "Nothing was changed. By hand:\n  docker start academy-api" in said


def test_where_nothing_is_wrong_there_is_nothing_to_fix(lab: Lab) -> None:
    done = lab.tool("diagnose", "--fix", "--yes")
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("There is nothing to fix.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fix", "-o", "json"), "table output only"),
        (("--fix", "--from", "evidence.json"), "Use only one of them"),
        (("--yes",), "Add --fix"),
        (("--interrupt-jobs",), "Add --fix"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = academy_ops("diagnose", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
