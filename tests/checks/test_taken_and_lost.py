"""Whether a worker has the job: queue, log and job are never read in the same moment, and a log may say little."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks.facts import JobDocument, JobFacts
from checks.host_facts import LogsFacts
from tests.checks import facts_factory as h

WAITED = h.job("PENDING", age=1600)
TAKEN = "SQS_MESSAGE_RECEIVED | job_id=x | tier=basic"
FAILED = "SQS_JOB_FAILED | job_id=x | error=boom"
IN_FLIGHT = h.queue(h.depth(0, 1))


def log(*lines: tuple[str, float]) -> LogsFacts:
    """A worker whose log says this of the job, and then only that it polls."""
    said = tuple(h.line(text, seconds) for text, seconds in lines)
    return h.logs(h.container(of_job=said, tail=(*said, h.line("polling", 1))))


@pytest.mark.parametrize("end", ["SQS_JOB_FAILED", "EXCEL_PARSING failed"])
def test_a_message_whose_worker_has_given_the_job_up_is_stuck(end: str) -> None:
    case = h.case(document=WAITED, queue=IN_FLIGHT, logs=log((TAKEN, 900), (f"{end} | job_id=x", 800)))
    assert h.verdict(case).cause == "message-stuck"


def test_a_message_is_not_stuck_if_the_job_was_taken_between_two_looks() -> None:
    queue = replace(IN_FLIGHT, job_again=h.job("RUNNING", age=1600))
    assert h.verdict(h.case(document=WAITED, queue=queue)).status == "in-progress"


def test_a_worker_that_wrote_of_a_job_after_the_run_began_does_not_look_idle() -> None:
    # The log is read some seconds after the moment that ages are counted from.
    logs = h.logs(h.container(tail=(h.line("SQS_JOB_COMPLETED | job_id=other", -3),)))
    assert h.verdict(h.case(document=WAITED, queue=h.queue(h.depth(1)), logs=logs)).status == "in-progress"


def test_a_message_in_flight_may_be_another_jobs_while_one_waits() -> None:
    group = h.group(1, instances=(h.instance(lifecycle="Pending"),))
    booting = {"workers": h.workers(group, boot=40), "logs": h.NO_LOGS}
    case = h.case(document=h.job("PENDING", age=150), queue=h.queue(h.depth(1, 1)), **booting)
    assert (h.verdict(case).status, h.verdict(case).warnings) == ("in-progress", ("worker-booting",))


def gone(again: JobDocument = WAITED, **facts: LogsFacts) -> str | None:
    queue = h.queue(h.depth(), again=h.depth(), job_again=again)
    return h.verdict(h.case(document=WAITED, job=JobFacts(WAITED), queue=queue, **facts)).cause


def test_a_job_that_its_worker_gave_up_without_a_word_to_the_api_is_lost() -> None:
    assert gone(logs=log((TAKEN, 900), (FAILED, 800))) == "message-lost"


def test_a_job_that_a_process_of_before_had_taken_is_lost() -> None:
    assert gone(logs=log((TAKEN, 3500))) == "message-lost"


@pytest.mark.parametrize(
    "lines", [((TAKEN, 900),), ((TAKEN, 900), ("SQS_JOB_COMPLETED | job_id=x", 3))], ids=["at work", "just done"]
)
def test_a_job_that_a_worker_has_is_not_lost(lines: tuple[tuple[str, float], ...]) -> None:
    assert gone(logs=log(*lines)) is None


def test_a_log_that_could_not_be_read_does_not_keep_a_job_from_being_lost() -> None:
    assert gone(logs=LogsFacts({"i-0": True}, (), {"i-0": Unavailable("timeout", "i-0")})) == "message-lost"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"status": "restarting", "restarts": 9}, "worker-crash-loop"),
        ({"out_of_memory": True, "oom_kills": 2, "killed_at": (h.ago(100),)}, "worker-out-of-memory"),
        # It had received nothing while it was not running.
        ({"status": "exited", "exit_code": 1}, "queue-dead-letters"),
        ({}, "queue-dead-letters"),
    ],
)
def test_what_kills_a_worker_now_explains_a_dead_letter_that_is_still_to_be_moved(
    changes: dict[str, Any], cause: str
) -> None:
    queue = h.queue(h.depth(), 1, again=h.depth(), job_again=WAITED)
    case = h.case(document=WAITED, job=JobFacts(WAITED), queue=queue, logs=h.logs(h.container(**changes)))
    verdict = h.verdict(case)
    assert verdict.cause == cause
    assert "start-message-move-task" in str(verdict.remedies[-1].command)


def test_a_message_that_is_lost_is_still_to_be_sent_again_once_its_worker_runs() -> None:
    queue = h.queue(h.depth(), again=h.depth(), job_again=WAITED)
    logs = h.logs(h.container(status="restarting", restarts=9))
    verdict = h.verdict(h.case(document=WAITED, job=JobFacts(WAITED), queue=queue, logs=logs))
    assert (verdict.cause, verdict.symptoms) == ("worker-crash-loop", ("message-lost",))
    assert "upload the file again" in str(verdict.remedies[-1].text)
