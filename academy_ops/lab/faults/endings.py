"""Ways in which a worker's process ends or goes on without its work, and what it, Docker or the kernel says of that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from academy_ops.contract import LOG_STARTED, QUEUE_NAME, WORKER_NAME
from academy_ops.lab.container import WORKER, Image
from academy_ops.lab.faults.aws import add_endpoint, encrypt_queue
from academy_ops.lab.faults.fault import Fault, age_job, hosts, nobody_writing, worker_fault
from academy_ops.lab.faults.uploads import upload_and_wait
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

HANGING: Final = Image(
    command=(sys.executable, "-c", f"import time; print({LOG_STARTED!r}, flush=True); time.sleep(86400)")
)
_LOOP_RESTARTS: Final = 3
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
_ARCHITECTURE: Final = {"architecture": "exec /usr/local/bin/python: exec format error"}
_OF_DATABASE: Final = {
    "full": 'psycopg.errors.DiskFull: could not extend file "base/16384/2619": No space left on device',
    "schema": 'psycopg.errors.UndefinedTable: relation "job" does not exist',
    "credentials": 'psycopg.OperationalError: connection failed: FATAL:  password authentication failed for user "w"',
    "tls": "psycopg.OperationalError: connection failed: server does not support SSL, but SSL was required",
    "connections": "psycopg.OperationalError: connection failed: FATAL:  sorry, too many clients already",
    "read-only": "psycopg.errors.ReadOnlySqlTransaction: cannot execute INSERT in a read-only transaction",
}
"""What a worker's last words are for each reason that its database can have."""
_RECEIVE: Final = "when calling the ReceiveMessage operation:"
_ROLE: Final = "User: arn:aws:sts::123456789012:assumed-role/academy-worker/i-0 is not authorized to perform:"
_ON_QUEUE: Final = f"sqs:receivemessage on resource: arn:aws:sqs:ap-northeast-2:123456789012:{QUEUE_NAME}"
_REFUSED: Final = {
    "worker-queue-denied/with-message": f"An error occurred (AccessDenied) when calling the DeleteMessage operation: "
    f"{_ROLE} {_ON_QUEUE} because no identity-based policy allows the sqs:deletemessage action",
    "worker-aws-credentials/profile": "ProfileNotFound: The config profile (ops) could not be found",
    "worker-aws-credentials/role": f"An error occurred (AccessDenied) when calling the AssumeRole operation: {_ROLE} "
    "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/academy-queue",
    "worker-aws-credentials/web-identity": "An error occurred (InvalidIdentityToken) when calling the "
    "AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account",
    "worker-aws-credentials/account": f"An error occurred (OptInRequired) {_RECEIVE} The AWS Access Key Id needs a "
    "subscription for the service",
    "worker-queue-denied/identity-policy": f"An error occurred (AccessDenied) {_RECEIVE} {_ROLE} {_ON_QUEUE} because "
    "no identity-based policy allows the sqs:receivemessage action",
    "worker-queue-denied/endpoint-policy": f"An error occurred (AccessDenied) {_RECEIVE} {_ROLE} {_ON_QUEUE} because "
    "no VPC endpoint policy allows the sqs:receivemessage action",
    "worker-queue-denied/organization": f"An error occurred (AccessDenied) {_RECEIVE} {_ROLE} {_ON_QUEUE} with an "
    "explicit deny in a service control policy",
    "worker-queue-denied/key-policy": f"An error occurred (KMS.AccessDeniedException) {_RECEIVE} {_ROLE} kms:Decrypt "
    "on the resource associated with this ciphertext because no resource-based policy allows the kms:Decrypt action",
    "worker-queue-denied/key-missing": f"An error occurred (KMS.NotFoundException) {_RECEIVE} Key "
    "'arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist",
    "worker-queue-mismatch/account": f"An error occurred (AWS.SimpleQueueService.NonExistentQueue) {_RECEIVE} The "
    "specified queue does not exist for this wsdl version.",
    "worker-out-of-memory/signal": "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)",
}
"""What a worker that goes on polling writes, of what moto knows nothing of."""
_NAMED: Final = {
    "worker-queue-denied/endpoint-policy": add_endpoint,
    "worker-queue-denied/key-policy": encrypt_queue,
    "worker-queue-denied/key-missing": encrypt_queue,
}
_ENDINGS: Final = {
    "exit-0": ("", 0),
    "exit-1": ("RuntimeError: the settings are incomplete", 1),
    "exit-127": ("/app/entrypoint.sh: line 3: academy-worker: not found", 127),
    "segfault": ("Fatal Python error: Segmentation fault", 139),
}
_CANNOT_START: Final = {
    "worker-container-exited/start-failed": "failed to create task for container: failed to create shim task: OCI "
    "runtime create failed: runc create failed: unable to start container process: exec: "
    '"/app/run": stat /app/run: no such file or directory: unknown',
    "worker-container-exited/start-failed-port": "driver failed programming external connectivity on endpoint "
    f"{WORKER_NAME} (1c0ab3b44bd5): Bind for 0.0.0.0:8080 failed: port is already allocated",
    "worker-container-exited/log-driver": "failed to initialize logging driver: failed to create Cloudwatch log "
    "stream: operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, "
    "ResourceNotFoundException: The specified log group does not exist.",
    "worker-container-exited/start-failed-mount": "error while creating mount source path '/var/lib/academy': mkdir "
    "/var/lib/academy: read-only file system",
    "worker-disk-full/start": "failed to create task for container: mkdir "
    "/run/containerd/io.containerd.runtime.v2.task/moby/4f5c: no space left on device: unknown",
    "worker-out-of-memory/start": "failed to create task for container: failed to start shim: fork/exec "
    "/usr/bin/containerd-shim-runc-v2: cannot allocate memory: unknown",
}
"""Why Docker could not start it, in Docker's words."""


def upload_of_long_ago(lab: Lab) -> str:
    """Upload a workbook, and let it and its message be of long ago."""
    # What a worker had in hand when the fault ended it has come back since.
    lab.cloud.queues.release(QUEUE_NAME)
    return age_job(lab, upload_and_wait(lab))


def crash(image: Image, lab: Lab) -> None:
    """Run an image that ends again and again."""
    lab.fleet.use(image)
    lab.fleet.wait_until(lambda machine: machine.restarts >= _LOOP_RESTARTS)


def _end(image: Image, lab: Lab) -> None:
    """Run an image that ends, and is not started again."""
    lab.fleet.use(image)
    lab.fleet.wait_until(lambda machine: machine.worker_pid is None)


def ending(words: str, code: int = 1, **options: Any) -> Image:  # noqa: ANN401 - the fields of Image
    """Return an image whose process writes these words and ends with this code."""
    return Image(command=("/bin/sh", "-c", 'printf "%s\\n" "$1" >&2; exit "$2"', "sh", words, str(code)), **options)


def _go_on(words: str, lab: Lab, *, prepare: Callable[[Lab], object] | None = None) -> str:
    """Run a worker that writes these words in place of its work, while a job waits; first make what they name."""
    if prepare:
        prepare(lab)
    program = f"import time; print({LOG_STARTED!r}); print({words!r}, flush=True); time.sleep(86400)"
    lab.fleet.use(Image(command=(sys.executable, "-c", program)))
    lab.fleet.wait_for_log(words)
    return upload_of_long_ago(lab)


def _lose_child(lab: Lab) -> None:
    lab.fleet.use(replace(HANGING, memory_lasts=0.3, of_child=True))
    lab.fleet.wait_until(lambda machine: machine.ran_out_of_memory)


def _be_killed_unseen(lab: Lab) -> None:
    lab.fleet.change(kernel=False)
    _end(ending("", 137, restarts=False), lab)


def _looping(name: str, words: str, code: int = 1) -> Fault:
    return worker_fault(
        f"worker-crash-loop/{name}",
        say("The worker ends with code {code} right after each start: {words}", code=code, words=words or "-"),
        partial(crash, ending(words, code)),
    )


def _ended(name: str, words: str, code: int = 1) -> Fault:
    return worker_fault(
        f"worker-container-exited/{name}",
        say("The worker ended with code {code}, and is not started again: {words}", code=code, words=words or "-"),
        partial(_end, ending(words, code, restarts=False)),
    )


def _stopped(name: str, image: Image) -> Fault:
    return worker_fault(
        f"worker-container-exited/{name}", "The worker ended, and is not started again.", partial(_end, image)
    )


def _pause(lab: Lab) -> None:
    with nobody_writing(lab):
        lab.fleet.change(container="paused")


FAULTS: Final = (
    worker_fault(
        "worker-crash-loop",
        "The worker exits right after each start.",
        partial(crash, Image(command=(*WORKER, "--no-such-option"))),
    ),
    worker_fault(
        "worker-crash-loop/unit",
        "The worker ends right after each start; a systemd unit runs it, and Docker forgets it at its end.",
        partial(crash, Image(command=(*WORKER, "--no-such-option"), of_unit=True)),
    ),
    *(_looping(name, words) for name, words in {**_CUT_OFF, **_ARCHITECTURE}.items()),
    *(_looping(name, *ends) for name, ends in _ENDINGS.items()),
    worker_fault("worker-container-exited", "Someone stopped the worker's container.", hosts(container="stopped")),
    worker_fault("worker-container-exited/paused", "Someone paused the worker's container.", _pause),
    worker_fault(
        "worker-container-exited/created",
        "The worker's container was created and never started.",
        hosts(container="created"),
    ),
    worker_fault(
        "worker-container-exited/dead", "Docker failed to remove the worker's container.", hosts(container="dead")
    ),
    *(_ended(name, words) for name, words in {**_CUT_OFF, **_ARCHITECTURE}.items()),
    *(_ended(name, *ends) for name, ends in _ENDINGS.items()),
    _stopped("unit", ending("RuntimeError", of_unit=True, restarts=False)),
    _stopped("name", ending("RuntimeError", restarts=False, name=f"opt-{WORKER_NAME}-1")),
    *(
        worker_fault(
            name,
            say("Docker can't start the worker's container: {words}", words=words),
            hosts(container="unstartable", error=words),
        )
        for name, words in _CANNOT_START.items()
    ),
    worker_fault(
        "worker-out-of-memory",
        "The kernel kills the worker: it is out of memory.",
        partial(crash, Image(memory_lasts=0.5)),
    ),
    worker_fault(
        "worker-out-of-memory/limit",
        "The kernel kills the worker: its container has reached its own limit.",
        partial(crash, Image(memory_lasts=0.5, memory_limit=512 * 1024 * 1024)),
    ),
    worker_fault(
        "worker-out-of-memory/host",
        "The kernel kills the worker because its host is out of memory; Docker does not show it.",
        partial(crash, Image(memory_lasts=0.5, of_host=True)),
    ),
    worker_fault("worker-out-of-memory/child", "The kernel kills a child of the worker, which goes on.", _lose_child),
    worker_fault(
        "worker-out-of-memory/exit-137",
        "The worker was killed by signal 9, and the kernel's log can't be read.",
        _be_killed_unseen,
    ),
    worker_fault(
        "worker-dependency-missing/start",
        "A Python package is missing from the worker's image, and the worker exits as it starts.",
        partial(crash, ending("ModuleNotFoundError: No module named 'psycopg'")),
    ),
    worker_fault(
        "worker-dependency-missing/library",
        "A system library is missing from the worker's image, and the worker exits as it starts.",
        partial(crash, ending("ImportError: libpq.so.5: cannot open shared object file: No such file or directory")),
    ),
    *(
        worker_fault(
            f"worker-database-down/{reason}",
            say("The worker exits with a database error: {words}", words=words),
            partial(crash, ending(words)),
        )
        for reason, words in _OF_DATABASE.items()
    ),
    *(
        worker_fault(
            name,
            say("The worker writes this in place of its work, and a job waits: {words}", words=words),
            partial(_go_on, words, prepare=_NAMED.get(name)),
        )
        for name, words in ({f"queue-not-consumed/{key}": line for key, line in _CUT_OFF.items()} | _REFUSED).items()
    ),
)
