"""``scale-worker``: plan, bounds, consent, apply, wait."""

import os

import pytest

from tests.lab_driver import Lab
from tests.terminal import terminal


def desired(lab: Lab) -> int:
    result = lab.diagnose("--only", "workers")
    evidence = next(one["evidence"] for one in result.findings("workers") if "desired" in one["evidence"])
    count: int = evidence["desired"]
    return count


def test_the_main_story_ends_well(lab: Lab) -> None:
    lab.do("lab", "break", "worker-off")
    job_id = lab.do("lab", "upload")
    assert lab.diagnose(job_id).short == (1, "faulty", "worker-scaled-to-zero")
    scaled = lab.tool("scale-worker", "--desired", "1", "--yes", "--wait")
    assert scaled.returncode == 0, scaled.stderr
    assert "desired 0 -> 1" in scaled.stdout
    assert "in service and polling" in scaled.stdout
    watched = lab.tool("watch", job_id)
    assert watched.returncode == 0
    assert "created 5" in watched.stdout
    assert lab.diagnose(job_id).short == (0, "healthy", None)


def test_without_a_terminal_and_without_yes_nothing_is_changed(lab: Lab) -> None:
    done = lab.tool("scale-worker", "--desired", "2")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert desired(lab) == 1


def test_a_dry_run_shows_the_plan_and_changes_nothing(lab: Lab) -> None:
    done = lab.tool("scale-worker", "--desired", "2", "--dry-run")
    assert done.returncode == 0
    assert "desired 1 -> 2" in done.stdout
    assert desired(lab) == 1


@pytest.mark.parametrize("wanted", ["21", "1000"])
def test_a_number_outside_the_groups_bounds_is_refused_with_the_bounds(lab: Lab, wanted: str) -> None:
    done = lab.tool("scale-worker", "--desired", wanted, "--yes")
    assert done.returncode == 2
    assert "min 0, max 20" in done.stderr
    assert desired(lab) == 1


def test_a_capacity_that_the_group_has_already_is_nothing_to_do(lab: Lab) -> None:
    done = lab.tool("scale-worker", "--desired", "1", "--yes")
    assert done.returncode == 0
    assert "No change needed" in done.stdout


def test_the_plan_says_that_the_autoscaler_will_set_the_number_again(lab: Lab) -> None:
    assert "sets desired again" in lab.tool("scale-worker", "--desired", "2", "--dry-run").stdout
    lab.do("lab", "break", "autoscaler-off")
    assert "sets desired again" not in lab.tool("scale-worker", "--desired", "2", "--dry-run").stdout


def test_to_zero_with_messages_in_flight_needs_a_yes_of_its_own(lab: Lab) -> None:
    lab.do("lab", "break", "message-stuck")
    done = lab.tool("scale-worker", "--desired", "0", "--yes")
    assert done.returncode == 2
    assert "--interrupt-jobs" in done.stderr
    assert "in flight: 1" in done.stdout
    assert desired(lab) == 1


def test_a_group_that_does_not_exist_is_named(lab: Lab) -> None:
    done = lab.tool("scale-worker", "--desired", "1", "--yes", AI_WORKER_ASG_NAME="no-such-group")
    assert done.returncode == 2
    assert "no-such-group" in done.stderr


def test_a_denied_change_says_that_nothing_was_changed_and_names_the_action(lab: Lab) -> None:
    keys = lab.keys_without("autoscaling:SetDesiredCapacity")
    done = lab.tool("scale-worker", "--desired", "2", "--yes", **keys)
    assert done.returncode == 3
    assert "Nothing was changed" in done.stderr
    assert "autoscaling:SetDesiredCapacity" in done.stderr
    assert desired(lab) == 1


def test_a_launch_that_fails_ends_the_wait_with_the_words_of_ec2(lab: Lab) -> None:
    lab.break_fault("worker-launch-failing")
    done = lab.tool("scale-worker", "--desired", "2", "--yes", "--wait")
    assert done.returncode == 1
    assert "The launch failed: We currently do not have sufficient t3.small capacity" in " ".join(done.stdout.split())
    lab.tool("scale-worker", "--desired", "1", "--yes")


def test_a_container_that_crashes_is_not_called_polling(lab: Lab) -> None:
    lab.break_fault("worker-crash-loop")
    done = lab.tool("scale-worker", "--desired", "1", "--wait")
    assert done.returncode == 1
    assert "The worker's container keeps crashing" in done.stdout


def test_a_wait_that_is_too_long_says_where_to_look(lab: Lab) -> None:
    lab.break_fault("worker-launch-stuck")
    done = lab.tool("scale-worker", "--desired", "1", "--wait", "--timeout", "3")
    assert done.returncode == 1
    assert "Not ready in time. Check with: academy-ops check workers" in done.stdout


def test_to_zero_the_wait_ends_when_no_worker_is_left(lab: Lab) -> None:
    done = lab.tool("scale-worker", "--desired", "0", "--yes", "--wait")
    assert done.returncode == 0
    assert "No worker is left." in done.stdout


def test_where_the_containers_can_not_be_seen_it_does_not_claim_that_they_poll(lab: Lab) -> None:
    keys = lab.keys_without("ssm:SendCommand")
    done = lab.tool("scale-worker", "--desired", "1", "--wait", **keys)
    assert done.returncode == 3
    assert "whether they are polling could not be observed" in done.stdout
    assert "ssm:SendCommand" in done.stdout


def test_to_zero_the_number_of_waiting_messages_is_told(lab: Lab) -> None:
    lab.break_fault("queue-not-consumed")
    done = lab.tool("scale-worker", "--desired", "0", "--dry-run")
    assert "messages waiting: 1. No worker will be left to take them." in done.stdout


def test_on_a_terminal_stopping_work_is_a_question_of_its_own(lab: Lab) -> None:
    lab.break_fault("message-stuck")
    environ = {**lab.settings(), "PATH": os.environ["PATH"]}
    with terminal("scale-worker", "--desired", "0", cwd=lab.folder, environ=environ) as shown:
        shown.until("Apply this?")
        shown.type("y\n")
        shown.until("Stop workers while messages are in flight?")
        shown.type("n\n")
        assert shown.ended() == 1
    assert "Nothing was changed." in shown.written
    assert desired(lab) == 1
