"""States in which nothing is wrong: no fault may be told there."""

from dataclasses import replace

import pytest

from academy_ops.diagnosis.records import Unseen
from checks import Case
from checks.facts import JobFacts
from tests.checks import at_hand as h

HEALTHY = {
    "the job is done": h.case(),
    "no job is asked about": h.case(job_id=None, job=JobFacts(Unseen("not-asked", "job"))),
    "idle at zero with an empty queue": h.case(workers=h.workers(h.group(0)), logs=h.NO_LOGS),
    "done long ago and scaled in again": h.case(
        document=h.job("DONE", age=90_000), workers=h.workers(h.group(0)), logs=h.NO_LOGS
    ),
    "done, some rows were rejected": h.case(
        document=h.job("DONE", result={"created": 3, "total": 4, "failed": [{"row": 5, "error": "전화번호"}]})
    ),
    "done, everyone existed already": h.case(
        document=h.job("DONE", result={"created": 0, "total": 2, "failed": [], "duplicates": 2})
    ),
    "done, awaits a review": h.case(document=h.job("REVIEW_REQUIRED")),
    "done, and R2 may not be looked at": h.case(r2=h.r2(reach=Unseen("denied", "s3:ListBucket"))),
    "an old dead letter": h.case(queue=h.queue(h.depth(), dead=1)),
    "the worker logs nothing": h.case(logs=h.logs(h.container(log_lines=0, tail=()))),
    "the autoscaler does not exist": h.case(workers=h.workers(autoscaler=None)),
    "the worker has an R2 key of its own": h.case(
        logs=h.logs(h.container(environment=replace(h.SAME, access_key="different", secret_key="different")))
    ),
    "the worker had trouble, then completed a job": h.case(
        logs=h.logs(h.container(tail=("OperationalError: gone", "SQS_JOB_COMPLETED | job_id=x")))
    ),
    "the worker ran out of memory once, and has recovered": h.case(logs=h.logs(h.container(restarts=1, oom_kills=1))),
    "one worker of two is offline in SSM": h.case(
        workers=h.workers(h.group(2)), logs=replace(h.logs(), online={"i-0": True, "i-1": False})
    ),
}
IN_PROGRESS = {
    "just uploaded": h.case(document=h.job("PENDING", age=2), queue=h.queue(h.depth(1))),
    "just uploaded, queue may not be read": h.case(
        document=h.job("PENDING", age=2), queue=h.queue(Unseen("denied", "sqs:GetQueueUrl"))
    ),
    "uploaded a minute ago, the autoscaler will act": h.case(
        document=h.job("PENDING", age=60),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(0)),
        logs=h.NO_LOGS,
    ),
    "the worker boots": h.case(
        document=h.job("PENDING", age=300),
        queue=h.queue(h.depth(1)),
        workers=h.workers(boot=120),
    ),
    "the instance is not in service yet": h.case(
        document=h.job("PENDING", age=150),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(1, instances=(h.instance(lifecycle="Pending"),)), boot=40),
        logs=h.NO_LOGS,
    ),
    "the job runs": h.case(document=h.job("RUNNING", age=900, updated=20), queue=h.queue(h.depth(0, 1))),
    "the job waits behind others": h.case(document=h.job("PENDING", age=900), queue=h.queue(h.depth(5, 1))),
    "the job is taken this moment": h.case(
        document=h.job("PENDING", age=200),
        queue=h.queue(h.depth(0, 1)),
        logs=h.logs(h.container(job_lines=("SQS_MESSAGE_RECEIVED | job_id=x | tier=basic",))),
    ),
    "the job tells no times, and moves": h.case(
        job=JobFacts(h.job("RUNNING", age=None), h.job("RUNNING", age=None, progress={"percent": 10})),
        queue=h.queue(h.depth()),
    ),
}


@pytest.mark.parametrize("case", HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_state_is_called_healthy(case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause, verdict.also) == ("healthy", None, ())


@pytest.mark.parametrize("case", IN_PROGRESS.values(), ids=IN_PROGRESS.keys())
def test_a_job_on_its_way_is_called_in_progress(case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause, verdict.also) == ("in-progress", None, ())
