"""States in which nothing is wrong: no fault may be told there."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.contract import JOB_CANCELLED
from academy_ops.diagnosis.records import Unavailable
from checks import Case
from checks.facts import AccessFacts, JobDocument, JobFacts
from checks.group_facts import Activity, Ec2Instance
from checks.host_facts import LogsFacts, Parameter
from tests.checks import facts_factory as h
from tests.checks.scenarios import misconfigured, waiting


def done(**result: object) -> JobDocument:
    return h.job("DONE", age=600, result=result)


def restarted(**changes: object) -> LogsFacts:
    return h.logs(h.container(started_at=h.ago(5000), **changes))


OTHER_KEYS = replace(h.SAME, access_key="different", secret_key="different", fingerprint="own")
ZERO = {"workers": h.workers(h.group(0)), "logs": h.NO_LOGS}
RECEIVED = "SQS_MESSAGE_RECEIVED | job_id=x | request_id=1 | tier=basic"
AGELESS = h.job("RUNNING", age=None)
FLAPPING = tuple(
    one
    for number, name in enumerate(("i-a1", "i-a2", "i-a3", "i-a4"))
    for one in (
        Activity(
            "Successful",
            f"Terminating EC2 instance: {name}",
            "",
            "a difference between desired and actual capacity",
            h.ago(60 + number),
        ),
        h.launched(name, 120 + number),
    )
)

SQS = '"https://sqs.ap-northeast-2.amazonaws.com/"'


def backlog(inside: h.Inside, **facts: Any) -> Case:
    """Others' messages wait, one is in flight, and the job has waited for 20 minutes."""
    return h.case(**waiting(queue=h.queue(h.depth(10, 1)), logs=h.logs(inside), **facts))


HEALTHY = {
    "the job finished": h.case(),
    "the job was taken back, as smoke does": h.case(document=h.job("FAILED", error_message=JOB_CANCELLED)),
    "no job is asked about": h.case(
        job_id=None, job=JobFacts(Unavailable("not-asked", "job")), endpoint=h.endpoint(h.answer(404))
    ),
    "idle at zero with an empty queue": h.case(**ZERO),
    "idle at zero, Launch suspended": h.case(
        workers=h.workers(h.group(0, suspended=("Launch",), instances=())), logs=h.NO_LOGS
    ),
    "done long ago and scaled in again": h.case(document=h.job("DONE", age=90_000), **ZERO),
    "done, some rows were rejected": h.case(
        document=done(created=3, total=4, failed=[{"row": 5, "error": "전화번호"}])
    ),
    "done, everyone existed already": h.case(document=done(created=0, total=2, failed=[], duplicates=2)),
    "done, everyone existed or was rejected": h.case(
        document=done(created=0, total=3, duplicates=2, failed=[{"row": 5, "error": "전화번호"}])
    ),
    "done, an API that returns two fields": h.case(document=h.job("DONE", age=None)),
    "done, with every other field null": h.case(
        document=h.job("DONE", age=None, result=None, error_message=None, progress=None, file_key=None)
    ),
    "done, with an empty error message": h.case(document=h.job("DONE", error_message="  ")),
    "done, awaits a review": h.case(document=h.job("REVIEW_REQUIRED")),
    "done, and R2 may not be looked at": h.case(r2=h.r2(reach=Unavailable("denied", "s3:ListBucket"))),
    "done, and nothing else could be seen": h.case(
        access=AccessFacts(Unavailable("throttled", "sts:GetCallerIdentity"), "", None, key_is_r2_key=False),
        workers=Unavailable("timeout", "workers"),
        queue=Unavailable("timeout", "queue"),
        logs=Unavailable("timeout", "logs"),
    ),
    "done, other jobs are in the queue": h.case(queue=h.queue(h.depth(3, 1))),
    "done, its file has been removed since": h.case(job=JobFacts(h.job("DONE"), object_there=None)),
    "done, its log line of an error was retried": h.case(
        logs=h.logs(
            h.container(
                errors=(h.line("OperationalError: gone", 60),), tail=(h.line("SQS_JOB_COMPLETED | job_id=x", 30),)
            )
        )
    ),
    "the queue has the attributes of production": h.case(**misconfigured()),
    "a queue of the second generation": h.case(**misconfigured(visibility_seconds=900, max_receives=5)),
    "done long ago, another's job waits for the first worker": h.case(
        document=h.job("DONE", age=90_000),
        workers=h.workers(h.group(0)),
        queue=h.queue(h.depth(1), oldest_seconds=3.0),
        logs=h.NO_LOGS,
    ),
    "failed over long ago, another's was taken between two looks": h.case(
        document=h.job("DONE", age=90_000),
        workers=h.workers(h.group(0)),
        queue=h.queue(h.depth(2), again=h.depth(1)),
        logs=h.NO_LOGS,
    ),
    "done long ago, and the group was just asked for an instance": h.case(
        document=h.job("DONE", age=90_000),
        workers=h.workers(h.group(1, instances=()), boot=5, activities=()),
        queue=h.queue(h.depth(1), oldest_seconds=3.0),
        logs=h.NO_LOGS,
    ),
    "done, others wait since a moment ago": h.case(queue=h.queue(h.depth(3), oldest_seconds=4.0)),
    "done, others were about to be taken": h.case(
        queue=h.queue(h.depth(3), oldest_seconds=200.0, measured_seconds=170.0, again=h.depth(2, 1))
    ),
    "the clock is some seconds off": h.case(
        access=AccessFacts("1", "", None, key_is_r2_key=False, clock_ahead_seconds=29)
    ),
    "an old dead letter": h.case(queue=h.queue(h.depth(), dead=1)),
    "a queue without a dead-letter queue": h.case(queue=replace(h.queue(h.depth()), dead_letters=None)),
    "the worker logs nothing": h.case(logs=h.logs(h.container(lines=0, tail=()))),
    "the worker's log speaks of an error of hours ago": h.case(
        logs=h.logs(h.container(errors=(h.line("ExpiredToken", 9000),), tail=(h.line("ExpiredToken", 9000),)))
    ),
    "the worker's credentials were renewed some minutes ago": h.case(
        logs=h.logs(h.container(tail=(h.line("ExpiredToken", 300),)))
    ),
    "the worker lacked credentials for a moment, and has received a message since": h.case(
        logs=h.logs(h.container(tail=(h.line("NoCredentialsError", 75), h.line(RECEIVED, 30))))
    ),
    "the worker warns of an optional package": h.case(
        logs=h.logs(h.container(tail=(h.line("WARNING No module named 'uvloop'", 60),)))
    ),
    "a statement was ended by its database": h.case(
        logs=h.logs(h.container(tail=(h.line("django.db.utils.OperationalError: deadlock detected", 60),)))
    ),
    "a child of the worker ran out of memory long ago": h.case(logs=h.logs(h.container(out_of_memory=True))),
    "the worker's error was before it was started anew": h.case(
        logs=h.logs(h.container(started_at=h.ago(60), errors=(h.line("OperationalError", 90),), restarts=1))
    ),
    "the worker restarted often, long ago": h.case(
        logs=restarted(restarts=7, errors=(h.line("OperationalError", 5200),))
    ),
    "the autoscaler does not exist": h.case(workers=h.workers(autoscaler=None)),
    "the worker has an R2 key of its own": h.case(
        logs=h.logs(h.container(environment=OTHER_KEYS), parameter=OTHER_KEYS)
    ),
    "the worker has AWS keys of its own, and works with them": h.case(
        logs=h.logs(h.container(environment=replace(h.SAME, static_keys=True)))
    ),
    "the worker is on the host's network, with a hop limit of 1": h.case(
        workers=replace(
            h.workers(),
            machines=tuple(replace(one, role=True, metadata="required", hop_limit=1) for one in h.machines(h.group())),
        ),
        logs=h.logs(h.container(network="host")),
    ),
    "the worker's denial was hours ago": h.case(
        logs=h.logs(h.container(tail=(h.line("AccessDenied ReceiveMessage in a resource-based policy", 9000),)))
    ),
    "the worker names its region, and SQS by a VPC endpoint": h.case(
        logs=h.logs(h.container(environment=replace(h.SAME, region="same", aws_endpoint="same")))
    ),
    "the API's own AWS endpoint is not known": h.case(
        logs=h.logs(h.container(environment=replace(h.SAME, region="unknown", aws_endpoint="unknown")))
    ),
    "the parameter is a base64 JSON object": h.case(
        logs=replace(h.logs(), parameter=Parameter("base64-json", h.ago(9000), h.SAME))
    ),
    "the parameter was written again, with the same content": h.case(
        logs=replace(h.logs(), parameter=Parameter("dotenv", h.ago(10), h.SAME))
    ),
    "the worker ran out of memory once, and has recovered": h.case(logs=h.logs(h.container(restarts=1, oom_kills=1))),
    "the disk is rather full, and the worker works": h.case(logs=h.logs(disk_percent=96)),
    "one worker of two is offline in SSM": h.case(
        workers=h.workers(h.group(2)), logs=replace(h.logs(), online={"i-0": True, "i-1": False})
    ),
    "a namesake that is stopped": h.case(
        workers=replace(
            h.workers(), machines=(*h.machines(h.group()), Ec2Instance("i-old", "stopped", h.ago(1e6), "10.0.0.3"))
        )
    ),
    "the autoscaler has flapped": h.case(workers=h.workers(boot=50, activities=FLAPPING)),
    "a launch failed once, and then succeeded": h.case(
        workers=h.workers(activities=(h.launched("i-0"), h.failed_launch("InsufficientInstanceCapacity")))
    ),
    "a bucket whose name looks like a placeholder": h.case(r2=h.r2({"R2_EXCEL_BUCKET": "placeholder"})),
    "a malformed setting that is not in force": h.case(r2=h.r2({"EXCEL_BUCKET_NAME": "quoted"})),
    "a worker in a private subnet, without a public address": h.case(workers=h.workers()),
    "the app's own port is closed to this machine": h.case(
        endpoint=h.endpoint(h.answer(200, {"job_id": h.JOB_ID, "status": "DONE"}), app=Unavailable("refused", "x"))
    ),
}
IN_PROGRESS = {
    "a protected instance works though none is wanted": h.case(
        document=h.job("RUNNING", age=900, updated=5),
        queue=h.queue(h.depth(0, 1)),
        workers=h.workers(h.group(0, instances=(h.instance(),))),
    ),
    "an instance that is about to end finishes its job": h.case(
        document=h.job("RUNNING", age=900, updated=5),
        queue=h.queue(h.depth(0, 1)),
        workers=h.workers(h.group(0, instances=(h.instance(lifecycle="Terminating:Wait"),))),
        logs=h.NO_LOGS,
    ),
    "others wait, and the worker is in the middle of a long job": backlog(
        h.container(tail=(h.line(RECEIVED, 400),), of_job=())
    ),
    "others wait, and the worker's release logs errors only": backlog(
        h.container(tail=(h.line("WARNING slow", 900),), errors=(h.line("WARNING slow", 900),))
    ),
    "others wait, and the worker's log has never said a word": backlog(h.container(lines=0, tail=())),
    "others wait, and an instance that leaves still works": backlog(
        h.container(tail=(h.line("worker started", 2900),)),
        workers=h.workers(h.group(1, instances=(h.instance(), h.instance("i-1", "Terminating:Wait")))),
    ),
    "others wait, and the worker got through to SQS again": backlog(
        h.container(
            errors=(h.line(f"Connect timeout on endpoint URL: {SQS}", 300),),
            tail=(h.line(f"Connect timeout on endpoint URL: {SQS}", 300), h.line(RECEIVED, 200)),
        )
    ),
    "a poll of an idle worker ended late": backlog(
        h.container(errors=(h.line(f"Read timeout on endpoint URL: {SQS}", 30),), tail=(h.line("polling", 20),))
    ),
    "just uploaded, and the oldest message is one that a worker has": h.case(
        document=h.job("PENDING", age=5),
        queue=h.queue(h.depth(4, 1), oldest_seconds=1200.0, again=h.depth(4, 1)),
        logs=h.logs(h.container(tail=(h.line(RECEIVED, 300),))),
    ),
    "just uploaded, and a worker has taken what was old when it was measured": h.case(
        document=h.job("PENDING", age=5),
        queue=h.queue(h.depth(1), oldest_seconds=510.0, measured_seconds=480.0),
        logs=h.logs(h.container(tail=(h.line(RECEIVED, 300), h.line("SQS_JOB_COMPLETED | job_id=x", 290)))),
    ),
    "just uploaded, and what was old is taken at the second look": h.case(
        document=h.job("PENDING", age=5),
        queue=h.queue(h.depth(3), oldest_seconds=300.0, again=h.depth(1, 2)),
    ),
    "just uploaded": h.case(document=h.job("PENDING", age=2), queue=h.queue(h.depth(1))),
    "just uploaded, and not sent yet": h.case(document=h.job("PENDING", age=2)),
    "just uploaded, on a machine whose clock is a little behind": h.case(
        document=h.job("PENDING", age=-20), queue=h.queue(h.depth(1))
    ),
    "just uploaded, queue may not be read": h.case(
        document=h.job("PENDING", age=2), queue=h.queue(Unavailable("denied", "sqs:GetQueueUrl"))
    ),
    "just uploaded, the group replaces an unhealthy worker": h.case(
        document=h.job("PENDING", age=5),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(1, instances=(h.instance(health="Unhealthy"),))),
    ),
    "just uploaded, SSM agents are offline": h.case(
        document=h.job("PENDING", age=5),
        queue=h.queue(h.depth(1)),
        logs=replace(h.NO_LOGS, online={"i-0": False}),
    ),
    "uploaded a minute ago, the autoscaler will act": h.case(
        document=h.job("PENDING", age=60), queue=h.queue(h.depth(1)), **ZERO
    ),
    "scaled up a moment ago, nothing recorded yet": h.case(
        document=h.job("PENDING", age=70),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(1, instances=())),
        logs=h.NO_LOGS,
    ),
    "the launch has begun": h.case(
        document=h.job("PENDING", age=400),
        queue=h.queue(h.depth(1)),
        workers=h.workers(
            h.group(1, instances=()), activities=(Activity("WaitingForInstanceId", "Launching", "", "", h.ago(9)),)
        ),
        logs=h.NO_LOGS,
    ),
    "the worker boots": h.case(
        document=h.job("PENDING", age=300), queue=h.queue(h.depth(1)), workers=h.workers(boot=120)
    ),
    "the worker boots, Docker is not up yet": h.case(
        document=h.job("PENDING", age=300),
        queue=h.queue(h.depth(1)),
        workers=h.workers(boot=60),
        logs=h.logs(docker="missing", container=None),
    ),
    "the worker boots, its container is not there yet": h.case(
        document=h.job("PENDING", age=300),
        queue=h.queue(h.depth(1)),
        workers=h.workers(boot=100),
        logs=h.logs(container=None),
    ),
    "the worker boots, its SSM agent has not registered": h.case(
        document=h.job("PENDING", age=300),
        queue=h.queue(h.depth(1)),
        workers=h.workers(boot=30),
        logs=replace(h.NO_LOGS, online={"i-0": False}),
    ),
    "the instance is not in service yet": h.case(
        document=h.job("PENDING", age=150),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(1, instances=(h.instance(lifecycle="Pending"),)), boot=40),
        logs=h.NO_LOGS,
    ),
    "the instance waits on its lifecycle hook for a minute": h.case(
        document=h.job("PENDING", age=150),
        queue=h.queue(h.depth(1)),
        workers=h.workers(h.group(1, instances=(h.instance(lifecycle="Pending:Wait"),)), boot=60),
        logs=h.NO_LOGS,
    ),
    "the job runs": h.case(document=h.job("RUNNING", age=900, updated=20), queue=h.queue(h.depth(0, 1))),
    "the job runs for an hour, and moves": h.case(
        document=h.job("RUNNING", age=3600, updated=500), queue=h.queue(h.depth(0, 1))
    ),
    "the job runs, SSM agents are offline": h.case(
        document=h.job("RUNNING", age=900, updated=20),
        queue=h.queue(h.depth(0, 1)),
        logs=replace(h.NO_LOGS, online={"i-0": False}),
    ),
    "the job is validated": h.case(document=h.job("VALIDATING", age=20, updated=2), queue=h.queue(h.depth(0, 1))),
    "the job is retried": h.case(document=h.job("RETRYING", age=900, updated=100), queue=h.queue(h.depth(1))),
    "the job waits behind others": h.case(document=h.job("PENDING", age=900), queue=h.queue(h.depth(5, 1))),
    "the job waits while the worker does another's": h.case(
        document=h.job("PENDING", age=900),
        queue=h.queue(h.depth(0, 2)),
        logs=h.logs(h.container(tail=(h.line("EXCEL_PARSING processed_by=worker job_id=other", 400),))),
    ),
    "the worker has just ended one job and takes the next": h.case(
        document=h.job("PENDING", age=300),
        queue=h.queue(h.depth(1)),
        logs=h.logs(h.container(tail=(h.line("SQS_JOB_COMPLETED | job_id=other", 1),))),
    ),
    "the job is taken this moment": h.case(
        document=h.job("PENDING", age=200),
        queue=h.queue(h.depth(0, 1)),
        logs=h.logs(h.container(of_job=(h.line(RECEIVED, 1),))),
    ),
    "the job has ended this moment, and its file with it": h.case(
        document=h.job("RUNNING", age=200, updated=3),
        job=JobFacts(h.job("RUNNING", age=200, updated=3), h.job("DONE", age=200), object_there=False),
        queue=h.queue(h.depth(0, 1)),
    ),
    "the job tells no times, and moves": h.case(
        job=JobFacts(AGELESS, h.job("RUNNING", age=None, progress={"percent": 10})), queue=h.queue(h.depth())
    ),
    "the job tells no times, and its message is in flight": h.case(
        job=JobFacts(AGELESS, replace(AGELESS)), queue=h.queue(h.depth(0, 1))
    ),
    "the job told no times, and has been taken at the second look": h.case(
        job=JobFacts(h.job("PENDING", age=None), h.job("RUNNING", age=None)), queue=h.queue(h.depth(1)), **ZERO
    ),
    "the queue was empty, and at the second look the job had been taken": h.case(
        document=h.job("PENDING", age=100),
        queue=h.queue(h.depth(), again=h.depth(), job_again=h.job("RUNNING", age=100)),
    ),
}


def test_at_least_thirty_states_are_told_apart_from_faults() -> None:
    assert len(HEALTHY) + len(IN_PROGRESS) >= 30


@pytest.mark.parametrize("case", HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_state_is_called_healthy(case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause, verdict.also) == ("healthy", None, ())


@pytest.mark.parametrize("case", IN_PROGRESS.values(), ids=IN_PROGRESS.keys())
def test_a_job_on_its_way_is_called_in_progress(case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause, verdict.also) == ("in-progress", None, ())


def test_without_a_token_it_is_not_known_whether_the_api_takes_one() -> None:
    case = h.case(job_id=None, job=JobFacts(Unavailable("not-asked", "job")), endpoint=h.endpoint(h.answer(200)))
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause) == ("undetermined", None)
