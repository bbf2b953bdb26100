"""``queue create``: what is missing is made, what is there is left as it is."""

from tests.lab_driver import Lab


def test_a_missing_queue_is_created_and_the_waiting_job_goes_through(lab: Lab) -> None:
    lab.do("lab", "break", "queue-missing")
    job_id = lab.do("lab", "upload")
    assert lab.diagnose(job_id).short == (1, "faulty", "queue-missing")
    done = lab.tool("queue", "create", "--yes")
    assert done.returncode == 0, done.stderr
    assert lab.tool("watch", job_id, "--timeout", "60").returncode == 0


def test_queues_that_exist_are_nothing_to_do(lab: Lab) -> None:
    done = lab.tool("queue", "create", "--yes")
    assert done.returncode == 0
    assert "No change needed" in done.stdout


def test_without_a_terminal_and_without_yes_no_queue_is_created(lab: Lab) -> None:
    done = lab.tool("queue", "create", AI_SQS_QUEUE_NAME_BASIC="another-queue")
    assert done.returncode == 2
    assert "another-queue" in done.stdout
    assert lab.diagnose("--only", "queue", AI_SQS_QUEUE_NAME_BASIC="another-queue").verdict["cause"] == "queue-missing"
