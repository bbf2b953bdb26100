"""States of workers from public reports: how they end, what they write, and what only looks like a fault."""

from collections.abc import Callable

from checks.boot import boot_failure
from checks.host_facts import BootLog
from tests.checks import facts_factory as h
from tests.checks.scenarios import inside, waiting

EXITED, MEMORY, DISK = "worker-container-exited", "worker-out-of-memory", "worker-disk-full"
CREDENTIALS, DEPENDENCY, DATABASE = "worker-aws-credentials", "worker-dependency-missing", "worker-database-down"
RUNC = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed:"
LOGGING = "failed to initialize logging driver:"
ERRORS: dict[str, tuple[str, str | None]] = {
    "driver failed programming external connectivity on endpoint w (1c): Bind for 0.0.0.0:80 failed": (
        EXITED,
        "start-failed",
    ),
    "failed to set up container networking: network academy_default not found": (EXITED, "start-failed"),
    f'{RUNC} unable to start container process: exec: "python": executable file not found': (EXITED, "start-failed"),
    "error while creating mount source path '/data': mkdir /data: read-only file system": (EXITED, "start-failed"),
    'failed to add inotify watch for "/sys/fs/cgroup/x/memory.events": no space left on device': (
        EXITED,
        "start-failed",
    ),
    "mkdir /sys/fs/cgroup/memory/docker/4f5c: no space left on device": (EXITED, "start-failed"),
    f"{LOGGING} failed to create Cloudwatch log stream: AccessDeniedException: logs:CreateLogStream": (
        EXITED,
        "log-driver",
    ),
    f"{LOGGING} NoCredentialProviders: no valid providers in chain. Deprecated.": (EXITED, "log-driver"),
    f"{LOGGING} dial tcp: lookup logs.ap-northeast-2.amazonaws.com: no such host": (EXITED, "log-driver"),
    f"{RUNC} unable to start container process: exec /app/run: exec format error": (EXITED, "architecture"),
    f"{RUNC} unable to start container process: container init was OOM-killed (memory limit too low?)": (MEMORY, None),
    "failed to start shim: fork/exec /usr/bin/containerd-shim-runc-v2: cannot allocate memory": (MEMORY, None),
    "mkdir /var/lib/docker/overlay2/x: no space left on device": (DISK, "idle"),
    "write /var/lib/docker/containers/x/.tmp-config.v2.json: disk quota exceeded": (DISK, "idle"),
    'OCI runtime create failed: runc create failed: exec: "/entrypoint.sh": permission denied': (
        EXITED,
        "start-failed",
    ),
    "fork/exec /usr/bin/containerd-shim-runc-v2: resource temporarily unavailable": (EXITED, "start-failed"),
}
"""Docker's State.Error, and what it means."""
LAST: dict[str, tuple[str, str | None]] = {
    "python: /lib64/libc.so.6: version `GLIBC_2.38' not found (required by python)": (DEPENDENCY, None),
    "python: error while loading shared libraries: libpython3.11.so.1.0: cannot open": (DEPENDENCY, None),
    "pkg_resources.DistributionNotFound: The 'boto3' distribution was not found": (DEPENDENCY, None),
    "importlib.metadata.PackageNotFoundError: No package metadata was found for worker": (DEPENDENCY, None),
    "ImportError: cannot import name 'Celery' from partially initialized module": (DEPENDENCY, None),
    "SyntaxError: invalid syntax": (EXITED, None),
    "KeyError: 'ACADEMY_MODE'": (EXITED, None),
    "memory allocation of 17179869184 bytes failed": (MEMORY, None),
    "fatal error: runtime: out of memory": (MEMORY, None),
    "sqlite3.DatabaseError: database disk image is malformed": (DATABASE, None),
    "botocore.exceptions.InvalidConfigError: The source profile must have credentials": (CREDENTIALS, "profile"),
    "botocore.exceptions.TokenRetrievalError: Error when retrieving token from sso": (CREDENTIALS, "profile"),
    "(InvalidClientTokenId) when calling the ListQueues operation: The token is invalid": (CREDENTIALS, None),
    "ValueError: Invalid endpoint: https://sqs..amazonaws.com": ("worker-queue-mismatch", "region"),
}
"""What a worker wrote last, and what it means."""
BENIGN = (
    "DEBUG:botocore.credentials:Looking for credentials via: iam-role",
    "DEBUG:botocore.utils:Caught retryable HTTP exception: http://169.254.169.254/latest/api/token: Connect timeout",
    "DEBUG:urllib3.connectionpool:Starting new HTTPS connection (1): sqs.ap-northeast-2.amazonaws.com:443",
    'NOTICE:  relation "job" already exists, skipping',
    'INFO pool-1: connection to server at "10.0.3.4", port 5432 established',
    "INFO connection to server ok",
    "INFO reconnecting to the database after the connection was closed by idle timeout",
    "INFO received signal 15, finishing current job",
    "INFO cleaned 3 temp files, 12 GB space left on device",
    "INFO max memory 512 MiB; out of memory limit set",
    "WARNING celery.worker: process exited with exitcode 155 (max tasks per child)",
    "INFO no module named override found for tenant lab",
    "INFO The specified key does not exist, treating as first upload",
    "INFO file system read-only check passed",
    "INFO watchdog: no OOM kills seen",
    "WARNING No module named 'uvloop'; falling back to asyncio",
    "WARNING deadlock detected, retrying",
    "ERROR sentry_sdk: SSLCertVerificationError certificate verify failed",
    "WARN metrics: (AccessDenied) when calling the PutMetricData operation: not authorized",
    "starting worker db=postgresql://u@10.0.2.3:5432/academy?connect_timeout=10 pool=5",
    "connecting to 10.0.2.3:5432 with timeout 10",
    "acquiring a connection",
    "DB 연결 시간 0.2초",
    "DB 연결 수 3/20",
    "DB 연결 실패 시 3회 재시도합니다",
    "DB 커넥션 풀 크기 20, 초과 시 30초 대기",
    "DB 연결 오류 0건",
    "DB 읽기 전용 복제본에 연결했습니다",
    "데이터베이스 연결 확인: 오류 없음",
    "데이터베이스 디스크 사용량 41%, 비밀번호 교체 예정일 2026-12-01",
)
INSTALLED = ("Installing:", " docker  x86_64  25.0.8-1.amzn2023.0.1  amazonlinux  44 M", "Complete!")
LOGGED_IN = (
    "WARNING! Your password will be stored unencrypted in /home/ec2-user/.docker/config.json.",
    "Login Succeeded",
)
PULL, RUN = "ERROR: ECR login/pull failed", "ERROR: docker run failed"
SCRIPTS = "cc_scripts_user.py[WARNING]: Failed to run module scripts_user (scripts in /var/lib/cloud/instance/scripts)"
NO_PASSWORD = "Error: Cannot perform an interactive login from a non TTY device"
NO_DOCKER = "/var/lib/cloud/instance/scripts/part-001: line 12: docker: command not found"
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
BOOTS: list[tuple[str, tuple[str, ...]]] = [
    ("network", (*INSTALLED, *("Could not connect to the endpoint URL: ecr", NO_PASSWORD) * 5, PULL)),
    ("image-pull", (*INSTALLED, *("Unable to locate credentials.", NO_PASSWORD) * 5, PULL)),
    ("packages", ("Error: Failed to obtain the transaction lock (logged in as: root).", *[NO_DOCKER] * 5, PULL)),
    ("disk", (*INSTALLED, "failed to start daemon: mkdir /x: no space left on device", *[NO_DAEMON] * 5, PULL)),
    ("memory", (*INSTALLED, *LOGGED_IN, "part-001: line 9:  3120 Killed                  docker pull x", PULL)),
    ("memory", (*INSTALLED, *LOGGED_IN, "docker: failed to start shim: cannot allocate memory", RUN)),
    ("network", (*INSTALLED, *LOGGED_IN, f"docker: {LOGGING} dial tcp 10.0.0.9:443: i/o timeout.", RUN)),
    ("log-driver", (*INSTALLED, *LOGGED_IN, f"docker: {LOGGING} region is required", RUN)),
    ("docker-run", (*INSTALLED, *LOGGED_IN, "docker: Error response from daemon: unknown log opt 'x'.", RUN)),
    ("parameter", (*INSTALLED, *LOGGED_IN, "binascii.Error: Incorrect padding", SCRIPTS)),
    ("packages", (*INSTALLED, *LOGGED_IN, "part-001: line 14: jq: command not found", SCRIPTS)),
    ("packages", ("Error response from daemon: client version 1.52 is too new. Maximum is 1.41", PULL)),
    (
        "rate-limit",
        (*INSTALLED, *("(ThrottlingException) GetAuthorizationToken: Rate exceeded", NO_PASSWORD) * 5, PULL),
    ),
]


def told(**changes: object) -> tuple[str | None, str | None]:
    verdict = h.verdict(h.case(**inside(**changes)))
    return verdict.cause, verdict.reason


def test_docker_says_why_it_could_not_start_a_container(compared: Callable[[int], None]) -> None:
    for error, expected in ERRORS.items():
        assert told(status="exited", exit_code=128, error=error) == expected, error
    compared(len(ERRORS))


def test_a_workers_last_words_say_why_it_has_ended(compared: Callable[[int], None]) -> None:
    for text, expected in LAST.items():
        lines = (h.line("Traceback (most recent call last):", 30), h.line(text, 30))
        assert told(status="exited", exit_code=1, finished_at=h.ago(30), tail=lines) == expected, text
    compared(len(LAST))


def test_what_a_well_worker_writes_is_no_fault(compared: Callable[[int], None]) -> None:
    for text in BENIGN:
        lines = (h.line("polling", 40), h.line(text, 30))
        assert h.verdict(h.case(logs=h.logs(h.container(errors=lines, tail=lines)))).cause is None, text
        assert told(tail=lines) == ("queue-not-consumed", None), text
        assert told(status="exited", exit_code=1, tail=lines) == (EXITED, None), text
    compared(3 * len(BENIGN))


def test_a_boot_is_told_by_what_its_last_error_follows_from(compared: Callable[[int], None]) -> None:
    for reason, lines in BOOTS:
        failure = boot_failure(BootLog("finished", lines))
        assert failure is not None, lines
        assert failure[0] == reason, lines
    compared(len(BOOTS))


def test_a_disk_that_is_mounted_read_only_is_told_as_that() -> None:
    for inside_it in (h.container(status="exited", exit_code=1), h.container()):
        verdict = h.verdict(h.case(**waiting(logs=h.logs(inside_it, disk_read_only=True))))
        assert (verdict.cause, verdict.reason) == (DISK, "read-only")
