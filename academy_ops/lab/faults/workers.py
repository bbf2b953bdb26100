"""Faults inside the worker instances: Docker, the container, its environment, the SSM agent, the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import (
    BUCKET_NAME,
    GROUP_NAME,
    LOG_STARTED,
    LOG_UNKNOWN,
    QUEUE_NAME,
    QUEUE_SETTING,
    WORKER_ENV_PARAMETER,
)
from academy_ops.lab import processes
from academy_ops.lab.container import WORKER, Image
from academy_ops.lab.faults.boots import USER_DATA
from academy_ops.lab.faults.endpoint import NO_DATABASE
from academy_ops.lab.faults.fault import age_job, execute, worker_fault
from academy_ops.lab.faults.launches import scale_to_zero
from academy_ops.lab.faults.uploads import NO_WORDS, take_message, upload_and_wait, upload_students
from academy_ops.lab.state import LOG_GROUP
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_READER: Final = "python_calamine"
_HANGING: Final = Image(
    command=(sys.executable, "-c", f"import time; print({LOG_STARTED!r}, flush=True); time.sleep(86400)")
)
_SQS_URL: Final = "https://sqs.ap-northeast-2.amazonaws.com/"
_NOT_VERIFIED: Final = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"
_CUT_OFF: Final = {
    "no-route": f'Connect timeout on endpoint URL: "{_SQS_URL}"',
    "untrusted": f"SSL validation failed for {_SQS_URL} {_NOT_VERIFIED} unable to get local issuer certificate",
    "clock": f"SSL validation failed for {_SQS_URL} {_NOT_VERIFIED} certificate is not yet valid",
    "tls": f"SSL validation failed for {_SQS_URL} [SSL: WRONG_VERSION_NUMBER] wrong version number",
    "proxy": 'Failed to connect to proxy URL: "http://10.0.0.9:3128"',
}
"""What a worker writes that does not reach SQS; the lab has no subnets, firewalls or wrong clocks."""
_LONG_AGO_SECONDS: Final = 660
_OF_DATABASE: Final = {
    "full": 'psycopg.errors.DiskFull: could not extend file "base/16384/2619": No space left on device',
    "schema": 'psycopg.errors.UndefinedTable: relation "job" does not exist',
    "credentials": 'psycopg.OperationalError: connection failed: FATAL:  password authentication failed for user "w"',
    "tls": "psycopg.OperationalError: connection failed: server does not support SSL, but SSL was required",
    "connections": "psycopg.OperationalError: connection failed: FATAL:  sorry, too many clients already",
}
"""What a worker's last words are for each reason that its database can have."""
_FAILED_SECONDS: Final = 20.0
_PAST_BOOT_SECONDS: Final = 3600
_MANY_MESSAGES: Final = 40
_LOOP_RESTARTS: Final = 3
_OTHER_QUEUE: Final = {QUEUE_SETTING: f"{QUEUE_NAME}-staging"}
_OTHER_KEYS: Final = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
_OTHER_BUCKET: Final = {"R2_EXCEL_BUCKET": f"{BUCKET_NAME}-old"}


def _two_images(lab: Lab) -> None:
    """Start a second worker from a newer image."""
    lab.fleet.image = Image(digest="sha256:" + "2" * 64)
    autoscaling = lab.aws("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, MinSize=2, DesiredCapacity=2)
    processes.until(lambda: sum(host.worker_pid is not None for host in lab.fleet.hosts().values()) > 1, 30)


def _fleet(**changed: object) -> Callable[[Lab], None]:
    """Return what changes the condition of every instance."""
    return lambda lab: lab.fleet.change(**changed)


def _crash(image: Image, lab: Lab) -> None:
    """Run an image that ends again and again."""
    lab.fleet.use(image)
    lab.fleet.wait_until(lambda machine: machine.restarts >= _LOOP_RESTARTS)


def _silence(lab: Lab, *, registered: bool = True) -> str:
    lab.fleet.change(agent=False, registered=registered, container="stopped")
    return _upload_of_long_ago(lab)


def _impair(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=["ReplaceUnhealthy"])
    for instance_id in lab.fleet.hosts():
        autoscaling.set_instance_health(InstanceId=instance_id, HealthStatus="Unhealthy")
    lab.fleet.change(container="stopped")


def _hang(lab: Lab) -> str:
    lab.fleet.use(_HANGING)
    return _upload_of_long_ago(lab)


def _hang_beside_another(lab: Lab) -> str:
    """Let one message be in flight of nobody, and another wait, while the workers' logs have been silent for long."""
    lab.fleet.use(replace(_HANGING, age=_LONG_AGO_SECONDS))
    take_message(lab)
    job_id = upload_and_wait(lab)
    age_job(lab, job_id, _LONG_AGO_SECONDS)
    return job_id


def _cut_off(words: str, lab: Lab) -> str:
    program = f"import time; print({LOG_STARTED!r}); print({words!r}, flush=True); time.sleep(86400)"
    lab.fleet.use(Image(command=(sys.executable, "-c", program)))
    lab.fleet.wait_for_log(words)
    return _upload_of_long_ago(lab)


def _pile_up(lab: Lab) -> str:
    lab.fleet.use(_HANGING)
    sqs = lab.aws("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE_NAME)["QueueUrl"]
    for start in range(0, _MANY_MESSAGES, 10):
        entries = [{"Id": str(start + n), "MessageBody": '{"job_type": "unknown"}'} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return upload_and_wait(lab)


def _upload_of_long_ago(lab: Lab) -> str:
    # What a worker had in hand when the fault ended it has come back since.
    lab.cloud.queues.release(QUEUE_NAME)
    job_id = upload_and_wait(lab)
    age_job(lab, job_id, _LONG_AGO_SECONDS)
    return job_id


def _lose_dependency(lab: Lab) -> str:
    _shadow(lab, f'raise ModuleNotFoundError("No module named {_READER!r}", name={_READER!r})\n')
    # The worker imports it with its first workbook.
    job_id = upload_students(lab)
    lab.fleet.wait_for_log(_READER)
    return job_id


def _break_reader(lab: Lab) -> str:
    # Ended, not raised: the second reader would take its place.
    _shadow(lab, 'import os\nos.write(2, b"RuntimeError: the reader is broken")\nos._exit(1)\n')
    return upload_students(lab)


def _fail_and_go(lab: Lab, break_it: Callable[[Lab], str]) -> str:
    """Let a worker of the second generation fail a job of which the API says no more than that, and be terminated."""
    lab.fleet.log_to(LOG_GROUP)
    job_id = break_it(lab)
    failed = "SELECT 1 FROM job WHERE id = ? AND status = 'FAILED'"
    processes.until(lambda: bool(execute(lab, failed, job_id)), _FAILED_SECONDS, 0.1)
    execute(lab, "UPDATE job SET error_message = ? WHERE id = ?", NO_WORDS, job_id)
    # The next one runs the image as it was.
    lab.fleet.image = Image()
    lab.cloud.scaling.replace_instances()
    processes.until(lambda: not lab.fleet.leaving(), _FAILED_SECONDS, 0.1)
    lab.cloud.scaling.age_instances(_PAST_BOOT_SECONDS)
    return job_id


def _shadow(lab: Lab, text: str) -> None:
    """Put another module in place of the worker's workbook reader."""
    shadow = lab.place / "shadow"
    shadow.mkdir(mode=0o700, exist_ok=True)
    (shadow / f"{_READER}.py").write_text(text, encoding="utf-8")
    paths = [str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])]
    lab.fleet.use(Image(env={"PYTHONPATH": os.pathsep.join(paths)}))


def _no_parameter(lab: Lab) -> None:
    lab.aws("ssm").delete_parameter(Name=WORKER_ENV_PARAMETER)
    lab.fleet.reboot()


def _start_with(changed: Mapping[str, str | None], lab: Lab, *, encoded: bool = False) -> None:
    """Start the workers with other values in their parameter."""
    lab.put_worker_env(changed, encoded=encoded)
    lab.fleet.reboot()


def _start_with_keys(lab: Lab) -> None:
    _start_with(_OTHER_KEYS, lab)
    lab.fleet.wait_for_log("InvalidClientTokenId")


def _stale_environment(lab: Lab) -> None:
    _start_with(_OTHER_BUCKET, lab)
    lab.put_worker_env()


def _no_database(lab: Lab) -> None:
    _start_with({"DATABASE_URL": NO_DATABASE}, lab)
    lab.fleet.wait_for_log("could not connect to the database")


def _end_with(words: str, lab: Lab) -> None:
    """Run a worker that ends right after its start with an exception of these words."""
    _crash(Image(command=(sys.executable, "-c", f"import sys; sys.exit({words!r})")), lab)


def _other_database(lab: Lab) -> str:
    _start_with({"DATABASE_URL": f"sqlite:///{lab.place / 'other.sqlite3'}"}, lab)
    job_id = upload_students(lab)
    lab.fleet.wait_for_log(LOG_UNKNOWN)
    age_job(lab, job_id, _LONG_AGO_SECONDS)
    return job_id


def _scale_in_from_work(lab: Lab) -> str:
    job_id = take_message(lab)
    scale_to_zero(lab)
    return job_id


FAULTS: Final = (
    worker_fault("worker-unhealthy", say("The instances are unhealthy and are not being replaced."), _impair),
    worker_fault("queue-not-consumed", say("The workers' processes hang, and a job has waited 11 minutes."), _hang),
    worker_fault(
        "queue-not-consumed/hung",
        say("The workers' processes hang; one message is in flight with a worker that is gone, and another waits."),
        _hang_beside_another,
    ),
    *(
        worker_fault(
            f"queue-not-consumed/{reason}",
            say("The workers don't reach SQS, and a job waits: {words}", words=words),
            partial(_cut_off, words),
        )
        for reason, words in _CUT_OFF.items()
    ),
    worker_fault(
        "worker-crash-loop/untrusted",
        say("The worker ends at its start with what it says of SQS: {words}", words=_CUT_OFF["untrusted"]),
        partial(_end_with, _CUT_OFF["untrusted"]),
    ),
    worker_fault("worker-undersized", say("The workers' processes hang, and 41 messages are waiting."), _pile_up),
    worker_fault(
        "worker-scaled-to-zero/in-flight",
        say("A message is in flight, desired is 0, and no instance is left."),
        _scale_in_from_work,
    ),
    worker_fault(
        "ssm-offline", say("The instances' SSM agents are off, the workers are stopped, and a job waits."), _silence
    ),
    worker_fault(
        "ssm-offline/never-registered",
        say("The instances' SSM agents never reached SSM, the workers are stopped, and a job waits."),
        partial(_silence, registered=False),
    ),
    worker_fault("worker-docker-down", say("The Docker daemon is down on every instance."), _fleet(docker=False)),
    worker_fault("worker-docker-down/hung", say("The Docker daemon hangs on every instance."), _fleet(answers=False)),
    worker_fault(
        "worker-container-exited/paused",
        say("Someone paused the worker's container."),
        _fleet(container="paused"),
    ),
    worker_fault(
        "worker-container-exited/start-failed",
        say("Docker can't start the worker's container."),
        _fleet(container="unstartable"),
    ),
    worker_fault(
        "worker-container-unhealthy",
        say("The health check of the worker's container fails."),
        lambda lab: lab.fleet.use(Image(health="unhealthy")),
    ),
    worker_fault("worker-images-differ", say("Two workers run different images."), _two_images),
    *(
        worker_fault(
            f"worker-boot-failed/{reason}",
            say("User data failed on every instance ({reason}), so there is no container.", reason=reason),
            _fleet(container="missing", user_data=lines),
        )
        for reason, lines in USER_DATA.items()
    ),
    worker_fault("worker-disk-full/inodes", say("The worker's disk has no inodes left."), _fleet(inodes_percent=100)),
    worker_fault(
        "worker-container-missing",
        say("The worker's container is gone on every instance."),
        _fleet(container="missing"),
    ),
    worker_fault(
        "worker-container-exited", say("Someone stopped the worker's container."), _fleet(container="stopped")
    ),
    worker_fault(
        "worker-crash-loop",
        say("The worker exits right after each start."),
        partial(_crash, Image(command=(*WORKER, "--no-such-option"))),
    ),
    worker_fault(
        "worker-crash-loop/unit",
        say("The worker ends right after each start; a systemd unit runs it, and Docker forgets it at its end."),
        partial(_crash, Image(command=(*WORKER, "--no-such-option"), of_unit=True)),
    ),
    worker_fault(
        "worker-out-of-memory",
        say("The kernel kills the worker: it is out of memory."),
        partial(_crash, Image(memory_lasts=0.5)),
    ),
    worker_fault(
        "worker-out-of-memory/host",
        say("The kernel kills the worker because its host is out of memory; Docker does not show it."),
        partial(_crash, Image(memory_lasts=0.5, of_host=True)),
    ),
    worker_fault(
        "worker-dependency-missing/start",
        say("A Python package is missing from the worker's image, and the worker exits as it starts."),
        partial(_end_with, "ModuleNotFoundError: No module named 'psycopg'"),
    ),
    worker_fault(
        "worker-disk-full",
        say("The instances' disks are full, and the worker is stopped."),
        _fleet(disk_percent=100, container="stopped"),
    ),
    worker_fault(
        "worker-dependency-missing",
        say("A Python package is missing from the worker's image, and a workbook is uploaded."),
        _lose_dependency,
    ),
    worker_fault(
        "worker-dependency-missing/gone",
        say("A worker without a Python package fails a job, and is terminated; its log is in CloudWatch Logs."),
        partial(_fail_and_go, break_it=_lose_dependency),
    ),
    worker_fault(
        "excel-unreadable/reader",
        say("The worker's workbook reader fails with an unknown error."),
        _break_reader,
    ),
    worker_fault(
        "worker-env-missing",
        say("The workers' parameter lacks the R2 settings."),
        partial(_start_with, dict.fromkeys(("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY"))),
    ),
    worker_fault("worker-env-missing/parameter", say("The workers' parameter is deleted."), _no_parameter),
    worker_fault(
        "worker-queue-mismatch", say("The workers' parameter names another queue."), partial(_start_with, _OTHER_QUEUE)
    ),
    worker_fault(
        "worker-queue-mismatch/encoded",
        say("The workers' parameter, as base64 of JSON, names another queue."),
        partial(_start_with, _OTHER_QUEUE, encoded=True),
    ),
    worker_fault(
        "worker-queue-mismatch/region",
        say("The workers' parameter names another AWS region."),
        partial(_start_with, dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "us-east-1")),
    ),
    worker_fault(
        "worker-queue-mismatch/endpoint",
        say("The workers' parameter names another AWS endpoint."),
        partial(_start_with, {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"}),
    ),
    worker_fault(
        "worker-aws-credentials/static-keys",
        say("The workers' parameter holds AWS keys that are not valid."),
        _start_with_keys,
    ),
    worker_fault(
        "worker-r2-mismatch", say("The workers' parameter names another bucket."), partial(_start_with, _OTHER_BUCKET)
    ),
    worker_fault(
        "worker-r2-mismatch/endpoint",
        say("The workers' parameter names another R2 endpoint."),
        partial(_start_with, {"R2_ENDPOINT": "http://127.0.0.1:9"}),
    ),
    worker_fault(
        "worker-env-stale",
        say("The workers started with a wrong parameter, which has been corrected since."),
        _stale_environment,
    ),
    worker_fault("worker-database-down", say("The workers' database does not answer."), _no_database),
    *(
        worker_fault(
            f"worker-database-down/{reason}",
            say("The worker exits with a database error: {words}", words=words),
            partial(_end_with, words),
        )
        for reason, words in _OF_DATABASE.items()
    ),
    worker_fault(
        "worker-database-mismatch", say("The workers use a different database from the API."), _other_database
    ),
)
