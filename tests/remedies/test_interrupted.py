"""A change that two make at once, that is interrupted, denied half-way or not answered: the last word is true."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.between import Held, Trick, about, after, answered, between, lost, refused
from tests.cli.test_fix import at_terminal
from tests.lab_driver import Lab
from tests.remedies.test_scale import desired

TO_TWO = ("scale-worker", "--desired", "2")
SET_FOR_A_MOMENT = answered(b"<SetDesiredCapacityResponse/>")
"""AWS says yes, and whoever looks again finds the number of before."""
LOOKS = 2
"""The plan looks at the group once, and so does who applies it."""


def words(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def behind(lab: Lab, **tricks: Trick) -> Iterator[dict[str, str]]:
    with between(lab.settings()["AWS_ENDPOINT_URL"], tricks) as url:
        yield {"AWS_ENDPOINT_URL": url}


def test_of_two_who_set_another_number_the_second_is_told_and_changes_nothing(lab: Lab) -> None:
    with at_terminal(lab, *TO_TWO) as one, at_terminal(lab, "scale-worker", "--desired", "3") as other:
        for shown in (one, other):
            shown.until("Apply this?")
        other.type("y\n")
        assert other.ended() == 0
        one.type("y\n")
        assert one.ended() == 2
    said = "Nothing was changed: someone else changed the desired capacity from 1 to 3 in the meantime."
    assert words(one.written).endswith(said)
    assert desired(lab) == 3


def test_who_waits_for_his_number_is_told_that_somebody_else_has_set_another(running_lab: Lab) -> None:
    with behind(running_lab, SetDesiredCapacity=SET_FOR_A_MOMENT) as environ:
        done = running_lab.tool(*TO_TWO, "--yes", "--wait", **environ)
    assert done.returncode == 1
    assert "The desired capacity is now 1: someone else changed it." in done.stdout


def test_ctrl_c_while_the_group_is_looked_at_changes_nothing(running_lab: Lab) -> None:
    look = Held()
    with behind(running_lab, DescribeAutoScalingGroups=look) as environ:
        with at_terminal(running_lab, *TO_TWO, "--yes", **environ) as shown:
            look.arrived()
            shown.interrupt()
            assert shown.ended() == 130
        look.let_go()
    assert words(shown.written).endswith("Interrupted. Nothing was changed.")


def test_ctrl_c_while_the_change_is_made_waits_for_its_outcome(lab: Lab) -> None:
    change = Held()
    with behind(lab, SetDesiredCapacity=change) as environ, at_terminal(lab, *TO_TWO, "--yes", **environ) as shown:
        change.arrived()
        shown.interrupt()
        shown.until("Waiting to learn whether the change was made")
        change.let_go()
        assert shown.ended() == 130
    assert words(shown.written).endswith(
        "Interrupted. What was changed stays changed. Done: the desired capacity is 2."
    )
    assert desired(lab) == 2


def test_a_second_ctrl_c_leaves_at_once_and_does_not_claim_to_know(running_lab: Lab) -> None:
    change = Held(lost)
    with behind(running_lab, SetDesiredCapacity=change) as environ:
        with at_terminal(running_lab, *TO_TWO, "--yes", **environ) as shown:
            change.arrived()
            shown.interrupt()
            shown.until("Press Ctrl-C again to quit now.")
            shown.interrupt()
            assert shown.ended() == 130
        change.let_go()
    assert "Interrupted. The change was under way; whether it was made is not known." in words(shown.written)


def test_ctrl_c_while_it_waits_says_what_stays(running_lab: Lab) -> None:
    look = Held()
    tricks = {"SetDesiredCapacity": SET_FOR_A_MOMENT, "DescribeAutoScalingGroups": after(LOOKS, look)}
    with behind(running_lab, **tricks) as environ:
        with at_terminal(running_lab, *TO_TWO, "--yes", "--wait", **environ) as shown:
            look.arrived()
            shown.interrupt()
            assert shown.ended() == 130
        look.let_go()
    assert words(shown.written).endswith(
        "Interrupted. What was changed stays changed. Done: the desired capacity is 2."
    )


def test_a_change_whose_answer_is_lost_is_not_said_to_have_failed(running_lab: Lab) -> None:
    with behind(running_lab, SetDesiredCapacity=lost) as environ:
        done = running_lab.tool(*TO_TWO, "--yes", **environ)
    assert done.returncode == 3
    assert "Whether it was changed is not known; check first (academy-ops diagnose):" in done.stderr


def test_a_server_error_does_not_tell_whether_the_change_was_made(running_lab: Lab) -> None:
    with behind(running_lab, SetDesiredCapacity=refused("InternalFailure", 500)) as environ:
        done = running_lab.tool(*TO_TWO, "--yes", **environ)
    assert done.returncode == 3
    assert "Whether it was changed is not known" in done.stderr


def test_a_group_that_can_not_be_seen_any_more_does_not_hide_what_was_done(running_lab: Lab) -> None:
    tricks = {"SetDesiredCapacity": SET_FOR_A_MOMENT, "DescribeAutoScalingGroups": after(LOOKS, refused())}
    with behind(running_lab, **tricks) as environ:
        done = running_lab.tool(*TO_TWO, "--yes", "--wait", **environ)
    assert done.returncode == 3
    assert (
        "Can't read the Auto Scaling group: the permission autoscaling:DescribeAutoScalingGroups is denied"
        in done.stderr
    )
    assert done.stderr.endswith("What was changed stays changed. Done: the desired capacity is 2.\n")


def test_of_two_who_create_the_queue_the_second_is_told_that_it_is_there(running_lab: Lab) -> None:
    name = {"AI_SQS_QUEUE_NAME_BASIC": "one-after-the-other"}
    with at_terminal(running_lab, "queue", "create", **name) as shown:
        shown.until("Apply this?")
        assert running_lab.tool("queue", "create", "--yes", **name).returncode == 0
        shown.type("y\n")
        assert shown.ended() == 0
    said = "Nothing was changed: someone else created one-after-the-other-dlq, one-after-the-other in the meantime."
    assert said in words(shown.written)


def test_two_who_create_the_queue_at_once_both_end_with_the_right_one(running_lab: Lab) -> None:
    create, name = ("queue", "create"), {"AI_SQS_QUEUE_NAME_BASIC": "at-once"}
    with at_terminal(running_lab, *create, **name) as one, at_terminal(running_lab, *create, **name) as other:
        for shown in (one, other):
            shown.until("Apply this?")
        for shown in (one, other):
            shown.type("y\n")
        assert [one.ended(), other.ended()] == [0, 0]
    for shown in (one, other):
        assert words(shown.written).endswith("Done: both queues exist with the right attributes.")


def test_a_queue_that_is_denied_after_its_dead_letter_queue_says_what_was_created(running_lab: Lab) -> None:
    with behind(running_lab, CreateQueue=about("denied", refused())) as environ:
        done = running_lab.tool("queue", "create", "--yes", AI_SQS_QUEUE_NAME_BASIC="denied", **environ)
    assert done.returncode == 3
    assert "Created: denied-dlq. Nothing else was changed: the permission sqs:CreateQueue is denied." in done.stderr


def test_a_look_that_is_denied_half_way_says_what_was_created(running_lab: Lab) -> None:
    keys = running_lab.keys_without("sqs:GetQueueAttributes")
    done = running_lab.tool("queue", "create", "--yes", AI_SQS_QUEUE_NAME_BASIC="unseen", **keys)
    assert done.returncode == 3
    said = "Created: unseen-dlq. Can't read queue unseen-dlq: the permission sqs:GetQueueAttributes is denied."
    assert said in done.stderr
    assert "Nothing was changed" not in done.stderr


def test_queues_that_can_not_be_looked_at_afterwards_are_still_said_to_be_created(running_lab: Lab) -> None:
    # Only the address of the dead-letter queue is asked for while they are created.
    with behind(running_lab, GetQueueAttributes=after(1, refused())) as environ:
        done = running_lab.tool("queue", "create", "--yes", AI_SQS_QUEUE_NAME_BASIC="unverified", **environ)
    assert done.returncode == 3
    assert done.stderr.endswith("What was changed stays changed. Done: created unverified-dlq, unverified.\n")


def test_ctrl_c_between_the_two_queues_waits_for_the_second(running_lab: Lab) -> None:
    second = Held()
    name = {"AI_SQS_QUEUE_NAME_BASIC": "in-between"}
    with (
        behind(running_lab, CreateQueue=about("in-between", second)) as environ,
        at_terminal(running_lab, "queue", "create", "--yes", **name, **environ) as shown,
    ):
        second.arrived()
        shown.interrupt()
        shown.until("Waiting to learn whether the change was made")
        second.let_go()
        assert shown.ended() == 130
    said = "Interrupted. What was changed stays changed. Done: created in-between-dlq, in-between."
    assert words(shown.written).endswith(said)
