"""What engines, services and libraries say in public reports, each with the reason that its words tell."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from checks import launches
from checks.boot import boot_failure
from checks.database_words import database_fault
from checks.group_facts import Starter
from checks.host_facts import BootLog
from checks.schedule_expressions import often_enough
from checks.starters import active
from tests.checks import facts_factory as h
from tests.checks.scenarios import SCRIPTS, inside, says, waiting
from tests.words import code_of_message

FAILED = " Launching EC2 instance failed."
UNHEALTHY = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
LAUNCHES = {
    "One or more target groups not found. Validating load balancer configuration failed.": "load-balancer",
    "Provided Target Groups may not be valid. Validating load balancer configuration failed.": "load-balancer",
    "Access denied when attempting to assume role arn:aws:iam::1:role/x. Validating load balancer configuration "
    "failed.": "role",
    "You have reached the maximum number of Elastic network interfaces. Launching EC2 instance failed.": "quota",
    "The network interface 'eni-0abc' is currently in use. Launching EC2 instance failed.": "network",
    "You've reached your quota for maximum Fleet Requests for this account. Launching EC2 instance failed.": "quota",
    "The instance type m7i.large is not compatible with the boot mode legacy-bios. Launching EC2 instance failed.": (
        "template"
    ),
    "Could not launch On-Demand Instances. ReservationCapacityExceeded - The requested reservation does not have "
    "sufficient compatible and available capacity for this request. Launching EC2 instance failed.": "capacity",
    "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
    "Server.InternalError: Internal error on launch": None,
    "Request limit exceeded. Launching EC2 instance failed.": None,
    "Authentication Failure. Launching EC2 instance failed.": "role",
    "VPC security groups may not be used for a non-VPC launch. Launching EC2 instance failed.": "network",
    "User: x is not authorized to perform: ec2:RunInstances with a deny in a service control policy": "account",
    "Invalid value 'gp4' for VolumeType. Launching EC2 instance failed.": "template",
    "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded.": "quota",
    "InvalidLaunchTemplateId.VersionNotFound - Could not find the specified version 7": "template",
    "The specified instance type can only be used in a VPC. A subnet ID or network interface ID is required": "network",
    "AMI ami-0abc is disabled. Launching EC2 instance failed.": "image",
    "Instance became unhealthy. Termination Reason: Server.InternalError: Internal error on launch": None,
    "Instance became unhealthy. Termination Reason: Client.UserInitiatedShutdown": None,
    UNHEALTHY + "Server.SpotInstanceTermination: Spot instance termination": "capacity",
    "Your Spot request failed: capacity-not-available." + FAILED: "capacity",
    "The maximum number of addresses has been reached." + FAILED: "quota",
    "RequestLimitExceeded": None,
    "AWS was not able to validate the provided access credentials." + FAILED: "role",
    UNHEALTHY + "Client.UserInitiatedShutdown: User initiated shutdown": None,
    "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account.": "template",
    "Volume of size 8GB is smaller than snapshot 'snap-0a', expect size >= 30GB." + FAILED: "template",
    "User data is limited to 16384 bytes." + FAILED: "template",
    "Invalid BASE64 encoding of user data." + FAILED: "template",
    'Invalid id: "workers" (expecting "sg-...")' + FAILED: "template",
    "Iops to volume size ratio of 100.000000 is too high; maximum is 50.000000" + FAILED: "template",
    "The tag policy does not allow the specified value for the following tag key: 'env'." + FAILED: "template",
    "The requested dedicated host h-0a does not exist" + FAILED: "template",
    "Interface: [eni-0a1b] in use." + FAILED: "network",
    "The vpc ID 'vpc-0ab' does not exist." + FAILED: "network",
    "This functionality has been disabled by a Declarative Policy." + FAILED: "account",
    "The AWS Access Key Id needs a subscription for the service" + FAILED: "account",
    "Failed to add instance to Load Balancer academy: ValidationError": "load-balancer",
    UNHEALTHY + "Client.InstanceInitiatedShutdown: Instance initiated shutdown": None,
}
REACHED = 'psycopg.OperationalError: connection failed: connection to server at "10.0.3.4", port 5432 failed: FATAL: '
"""A server or a pooler that answers was reached."""
DATABASE = {
    "FATAL: This RDS proxy has no credentials for the role academy. Check them.": "credentials",
    "OperationalError: FATAL: The IAM authentication failed for the role academy.": "credentials",
    "OperationalError: FATAL: (ENOTFOUND) tenant/user postgres.abc not found": "credentials",
    "OperationalError: FATAL: Timed-out waiting to acquire database connection": "connections",
    "OperationalError: connection failed: FATAL: no such database: academy": "schema",
    'FATAL: database "academy" is not currently accepting connections': "unreachable",
    "django.db.utils.OperationalError: the connection is closed": "unreachable",
    "FATAL: terminating connection because of crash of another server process": "unreachable",
    f"{REACHED} The password that was provided for the role academy is wrong.": "credentials",
    f"{REACHED} SASL authentication failed": "credentials",
    f"{REACHED} Auth failed": "credentials",
    f"{REACHED} Max client connections reached": "connections",
    f"{REACHED} the database system is starting up": "unreachable",
    f"{REACHED} Feature not supported: RDS Proxy currently doesn't support command-line options": None,
    f"{REACHED} unsupported startup parameter in options: search_path": None,
    'connection to server at "10.0.3.4", port 6432 failed: FATAL: unsupported startup parameter: options': None,
    REACHED.removesuffix("FATAL: ") + "Connection refused": "unreachable",
    "FATAL: client_login_timeout (server down)": "unreachable",
    "FATAL: pgbouncer cannot connect to server": "unreachable",
    "redis.exceptions.ConnectionError: x; psycopg.OperationalError: sorry, too many clients already": "connections",
    "FATAL:  28000: This RDS Proxy requires TLS connections": "tls",
    "FATAL:  SSL required": "tls",
    'pg_hba.conf rejects connection for host "10.0.1.4", user "a", database "a", no encryption': "tls",
    'permission denied to set role "rds_superuser"': "credentials",
    "(1130, \"Host '10.0.0.9' is not allowed to connect to this MySQL server\")": "credentials",
    "(1129, \"Host '10.0.0.9' is blocked because of many connection errors\")": "connections",
    "(1290, 'The MySQL server is running with the --read-only option')": "read-only",
    "(1290, 'The MySQL server is running with the --innodb-read-only option')": "read-only",
    "(1836, 'Running in read-only mode')": "read-only",
    "sqlite3.OperationalError: attempt to write a readonly database": "read-only",
    "cannot execute UPDATE during recovery": "read-only",
    "sqlx: pool timed out while waiting for an open connection": "connections",
    "Timed out fetching a new connection from the connection pool (limit: 5)": "connections",
    "Knex: Timeout acquiring a connection. The pool is probably full.": "connections",
    "DB 커넥션 풀이 가득 찼습니다": "connections",
    "데이터베이스에 연결할 수 없습니다": "unreachable",
    "DB 접속에 실패했습니다": "unreachable",
    "데이터베이스 연결 시간 초과": "unreachable",
    "데이터베이스 인증 실패": "credentials",
    "DB 비밀번호가 올바르지 않습니다": "credentials",
    "DB 쓰기 권한이 없습니다": "credentials",
    "DB에 students 테이블이 존재하지 않습니다": "schema",
    "데이터베이스에서 테이블 'job'을 찾을 수 없습니다": "schema",
    "DB의 students 테이블에 school 컬럼이 없습니다": "schema",
    "데이터베이스가 읽기 전용입니다": "read-only",
    "DB가 읽기 전용 모드로 전환되었습니다": "read-only",
    "DB 연결 실패 (08006)": "unreachable",
    "데이터베이스 디스크 공간이 부족합니다": "full",
    "Can't reach database server at `db.example`:`5432`": "unreachable",
    "DBConnectionError: Can't establish connection to database academy": "unreachable",
    "Error: connect ECONNREFUSED 10.0.2.3:5432": "unreachable",
    "OperationalError('server closed the connection unexpectedly')": "unreachable",
    "could not connect to server: Connection refused": "unreachable",
    "dial tcp 10.0.2.3:3306: i/o timeout": "unreachable",
    "BadRequestException: Communications link failure": "unreachable",
    "DatabaseResumingException: The instance is resuming after being auto-paused.": "unreachable",
    'could not extend file "base/16385/16389": wrote only 4096 of 8192 bytes at block 1': "full",
}
NO_DATABASE = (
    "kombu.exceptions.OperationalError: [Errno 111] Connection refused",
    "kombu.exceptions.OperationalError: Error 111 connecting to redis:6379. Connection refused.",
    "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
    "redis.exceptions.TimeoutError: Timeout connecting to server",
    "Error: connect ECONNREFUSED 10.0.2.3:6379",
    "OperationalError('Error 111 connecting to redis:6379. Connection refused.')",
    "OperationalError: amqp://guest@rabbit: Connection refused",
    "datadog: Unable to connect to server agent:8126",
    "connection to server at sms.example failed: timed out",
    "statsd: cannot reach server",
    "학생 DB와 연결된 학부모 번호 오류",
    "DB에 등록되지 않은 학교입니다",
    "DB 테이블에 학생이 없습니다",
    "DB에 컬럼 값이 없습니다",
    "worker is running in read-only mode",
    "unable to connect to the server: sms.example",
    "smtplib.SMTPServerDisconnected: Connection unexpectedly closed",
    "smtplib.SMTPAuthenticationError: (535, b'5.7.8 password authentication failed')",
    "httpcore.PoolTimeout: timed out waiting for a connection",
    "redis.exceptions.ConnectionError: Too many connections",
    'psycopg.errors.DuplicatePreparedStatement: prepared statement "_pg3_0" already exists',
    "django.db.utils.IntegrityError: duplicate key value violates unique constraint",
)
MEMORY = {
    "bash: fork: Cannot allocate memory": True,
    "terminate called after throwing an instance of 'std::bad_alloc'": True,
    "pyarrow.lib.ArrowMemoryError: malloc of size 8589934592 failed": True,
    "Memory cgroup out of memory: Killed process 4242 (celery) total-vm:8000000kB": True,
    "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'.": False,
    "billiard.exceptions.WorkerLostError: Worker exited prematurely: exitcode 155 Job: 3.": False,
}
NO_SUCH_QUEUE = "The specified queue does not exist or you do not have access to it."
NOT_SEEN = f"(AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation: {NO_SUCH_QUEUE}"
REFUSALS = {
    NOT_SEEN: "queue-denied",
    "(QueueDoesNotExist) when calling the ReceiveMessage operation: or you do not have access to it": "queue-denied",
    "(InvalidSignatureException) when calling the ReceiveMessage operation: The request signature": "aws-credentials",
    "(IncompleteSignature) when calling the GetQueueUrl operation: Credential must have": "aws-credentials",
    "(AuthFailure) when calling the ReceiveMessage operation: AWS was not able to validate": "aws-credentials",
    "(MissingAuthenticationToken) when calling the ReceiveMessage operation: Request is missing": "aws-credentials",
    "(InvalidSignatureException) when calling the ReceiveMessage operation: Credential should be scoped to a valid "
    "region, not 'us-east-1'.": "queue-mismatch",
    "(SignatureDoesNotMatch) when calling the ReceiveMessage operation: Credential should be scoped to a valid "
    "region, not 'us-east-1'.": "queue-mismatch",
    "botocore.exceptions.ProfileNotFound: The config profile (academy) could not be found": "aws-credentials",
    "RuntimeError: Credentials were refreshed, but the refreshed credentials are still expired.": "aws-credentials",
    "operation error SQS: ReceiveMessage, get credentials: no EC2 IMDS role found": "aws-credentials",
    "SdkClientException: Unable to load credentials from any of the providers in the chain": "aws-credentials",
    "CredentialsProviderError: Could not load credentials from any providers": "aws-credentials",
    "kombu.transport.SQS.UndefinedQueueException: Queue with name 'celery' must be defined": "queue-mismatch",
    "Aws::Errors::MissingCredentialsError: unable to sign request without credentials set": "aws-credentials",
    "CredentialsException: Error retrieving credentials from the instance profile metadata": "aws-credentials",
    "botocore.exceptions.MetadataRetrievalError: Error retrieving metadata: Received non 200": "aws-credentials",
}
GET = "when calling the GetObject operation"
AT_R2 = "https://abc.r2.cloudflarestorage.com/academy-excel/excel/1/a.xlsx"
MESSAGES = {
    f"An error occurred (SlowDown) {GET} (reached max retries: 4): Please reduce your request rate.": "r2-server-error",
    "botocore.exceptions.ResponseStreamingError: An error occurred while reading": "r2-endpoint-unreachable",
    "botocore.exceptions.IncompleteReadError: 1024 read, but total bytes expected is 9": "r2-endpoint-unreachable",
    "FileNotFoundError: The specified key does not exist.": "excel-object-missing",
    f"404 Client Error: Not Found for url: {AT_R2}": "excel-object-missing",
    "object excel/1/a.xlsx does not exist in bucket academy-excel": "excel-object-missing",
    "엑셀 파일을 저장소에서 찾을 수 없습니다": "excel-object-missing",
    "R2에서 파일을 찾을 수 없습니다: excel/1/a.xlsx": "excel-object-missing",
    "R2에 파일을 쓸 권한이 없습니다": "r2-access-denied",
    "버킷에 접근할 권한이 없습니다": "r2-access-denied",
    "이 학원에 접근할 권한이 없습니다": None,
    "R2 인증에 실패했습니다": "r2-credentials-rejected",
    "저장소 액세스 키가 올바르지 않습니다": "r2-credentials-rejected",
    "초기 비밀번호가 올바르지 않습니다": None,
    "R2 버킷을 찾을 수 없습니다": "r2-bucket-missing",
    "버킷 academy-excel이 존재하지 않습니다": "r2-bucket-missing",
    "저장소에 연결할 수 없습니다": "r2-endpoint-unreachable",
    "R2 다운로드 시간 초과": "r2-endpoint-unreachable",
    "처리 시간이 초과되었습니다": None,
    "메모리 부족으로 작업이 중단되었습니다": "worker-out-of-memory",
    "메모리얼학원 학생 처리 오류": None,
    "모듈을 찾을 수 없습니다: openpyxl": "worker-dependency-missing",
    "학습 모듈을 찾을 수 없습니다": None,
    "수강 패키지를 찾을 수 없습니다": None,
    "DB 저장 중 교착 상태가 발생했습니다": "job-failed",
    "엑셀 형식이 아닙니다": "excel-unreadable",
    "파일에서 이름 열을 찾을 수 없습니다": "excel-header-missing",
    "FileNotFoundError: The specified bucket does not exist": "r2-bucket-missing",
    f"Client error '401 Unauthorized' for url '{AT_R2}'": "r2-credentials-rejected",
    f"ClientResponseError: 403, message='Forbidden', url=URL('{AT_R2}')": "r2-access-denied",
    f"503 Server Error: Service Unavailable for url: {AT_R2}": "r2-server-error",
    "503 Server Error: Service Unavailable for url: https://api.example/v1": None,
    f"timeout after 500 ms for url {AT_R2}": "r2-endpoint-unreachable",
    "업로드한 파일을 열 수 없습니다": "excel-unreadable",
    "파일을 읽을 수 없습니다": "excel-unreadable",
    "a.xlsx 파일을 열 수 없습니다": "excel-unreadable",
    "설정 파일을 읽을 수 없습니다: /app/config.yaml": None,
    "config.yaml 파일을 열 수 없습니다": None,
    "(AccessDenied) when calling the PutObject operation: Access Denied": "r2-access-denied",
    "(AccessDenied) when calling the CreateMultipartUpload operation: x": "r2-access-denied",
    "(AccessDenied) when calling the GetSecretValue operation: x": None,
    "reading key 'a' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject operation": "r2-access-denied",
    f"Generic S3 error: GET {AT_R2} - Client error with status 403 Forbidden": "r2-access-denied",
    "S3 operation failed; code: AccessDenied, message: Access Denied": "r2-access-denied",
    "operation error S3: PutObject, StatusCode: 403, api error AccessDenied: Access Denied": "r2-access-denied",
    "operation error SQS: SendMessage, StatusCode: 403, api error AccessDenied: x": None,
    "AWS Error INVALID_ACCESS_KEY_ID during GetObject operation": "r2-credentials-rejected",
    f"Generic S3 error: Error performing GET {AT_R2} in 503.2ms - status code: 503: SlowDown": "r2-server-error",
    f"Generic S3 error: Error performing GET {AT_R2} in 503.2ms - status code: 304": None,
    "AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 6": "r2-endpoint-unreachable",
    f"TimeoutError: connect ETIMEDOUT 104.18.2.3:443 ({AT_R2})": "r2-endpoint-unreachable",
    "TimeoutError: connect ETIMEDOUT 104.18.2.3:443": None,
    "ImportError: libgomp.so.1: cannot open shared object file": "worker-dependency-missing",
    "cannot import name 'Workbook' from 'openpyxl' (/usr/lib/openpyxl/__init__.py)": "worker-dependency-missing",
    "libxml2.so.2: cannot open shared object file: No such file or directory": "worker-dependency-missing",
    "Missing optional dependency 'openpyxl'. Use pip or conda to install it.": "worker-dependency-missing",
    "OSError: [Errno 122] Disk quota exceeded: '/tmp/x.xlsx'": "worker-disk-full",
    "OSError: [Errno 24] Too many open files: '/tmp/x.xlsx'": None,
    "PermissionError: [Errno 13] Permission denied: '/tmp/x.xlsx'": None,
    "SoftTimeLimitExceeded()": None,
}
NO_PASSWORD = "Error: Cannot perform an interactive login from a non TTY device"
PULL, RUN = "ERROR: ECR login/pull failed", "docker run failed"
PART = "/var/lib/cloud/instance/scripts/part-001: line 9: "
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NO_API = "failed to connect to the docker API at unix:///var/run/docker.sock: connect: no such file or directory"
BOOTS = {
    (
        'failed to resolve reference "1.dkr.ecr.example/w@sha256:ab": 1.dkr.ecr.example/w: not found',
        PULL,
    ): "image-missing",
    ("Error: Unable to find a match: docker", "util.py[WARNING]: Running module scripts-user (<module 'x'>) failed"): (
        "packages"
    ),
    ("  installing package docker needs 120MB more space on the / filesystem", SCRIPTS): "disk",
    ("Error response from daemon: invalid digest format", PULL): "image-missing",
    ("Error response from daemon: no match for platform in manifest sha256:ab: not found", PULL): "architecture",
    (NO_DAEMON, PULL): "docker-daemon",
    (NO_API, RUN): "docker-daemon",
    (f"{PART}aws: command not found", SCRIPTS): "packages",
    ("Errors during downloading metadata for repository 'amazonlinux':", SCRIPTS): "packages",
    ('Could not connect to the endpoint URL: "https://api.ecr.example/"', NO_PASSWORD, PULL): "network",
    ("Unable to locate credentials. You can configure credentials", NO_PASSWORD, PULL): "image-pull",
    (NO_PASSWORD, SCRIPTS): "image-pull",
    ("tls: failed to verify certificate: x509: certificate signed by unknown authority", PULL): "network",
    ("curl: (7) Failed to connect to 169.254.169.254 port 80 after 0 ms: Could not connect", SCRIPTS): "metadata",
    ("(AccessDeniedException) when calling the GetParameter operation: not authorized", SCRIPTS): "parameter",
    ("An error occurred (ParameterNotFound) when calling the GetParameter operation:", SCRIPTS): "parameter",
    ("docker: poorly formatted environment: variable 'A B' contains whitespaces.", RUN): "parameter",
    ("docker: invalid env file (/opt/workers.env): variable 'A B' contains whitespaces", RUN): "parameter",
    ("jq: parse error: Invalid numeric literal at line 1, column 4", SCRIPTS): "parameter",
    ("base64: invalid input", SCRIPTS): "parameter",
    (f"{PART}syntax error near unexpected token `fi'", SCRIPTS): "script",
    (f"{PART}IMAGE: unbound variable", SCRIPTS): "script",
    ("Could not resolve host: al2023-repos.s3", "Cannot find a valid baseurl for repo: x", SCRIPTS): "network",
    ("Curl error (28): Timeout was reached for x", "Error: Failed to download metadata for repo", SCRIPTS): "network",
    (f"{PART}$'\\r': command not found", SCRIPTS): "script",
    (f"{PART}unexpected EOF while looking for matching `'", SCRIPTS): "script",
    ("/bin/bash^M: bad interpreter: No such file or directory", SCRIPTS): "script",
    ("__init__.py[WARNING]: Unhandled non-multipart (text/x-not-multipart) userdata: 'b'SX'...'",): "script",
}
MADE = "4f5ce7a1d0f8e9b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef01234"
SCHEDULES = {
    "cron(0-59 * * * ? *)": True,
    "cron(0-59/5 * * * ? *)": True,
    "cron(1/5 * * * ? *)": True,
    "cron(* 22-6 * * ? *)": True,
    "cron(* * ? * SAT-MON *)": True,
    "cron(* * ? NOV * *)": True,
    "cron(* * ? * 6L *)": True,
    "cron(* * ? * MON-FRI *)": False,
    "cron(0,30 * * * ? *)": False,
    "cron(* * 1 * ? *)": False,
}
"""Of a Sunday in November, two in the morning."""


def test_the_words_of_launches_databases_and_boots_have_their_reasons(compared: Callable[[int], None]) -> None:
    for text, reason in LAUNCHES.items():
        assert launches.reason(h.failed_launch(text)) == reason, text
    for text, reason in DATABASE.items():
        assert database_fault(text) == ("worker-database-down", reason), text
    for text in NO_DATABASE:
        assert database_fault(text) is None, text
    for lines, reason in BOOTS.items():
        failure = boot_failure(BootLog("finished", (), lines))
        assert failure is not None, lines
        assert failure[0] == reason, lines
        assert reason in CATALOGUE["worker-boot-failed"].reasons
    compared(len(LAUNCHES) + len(DATABASE) + len(NO_DATABASE) + len(BOOTS))


def test_what_a_script_failed_at_is_read_in_its_own_log() -> None:
    lines = ("(AccessDeniedException) when calling the GetParameter operation: not authorized",)
    failure = boot_failure(BootLog("finished", lines, ("ci-info: no authorized SSH keys", SCRIPTS)))
    assert failure == ("parameter", lines[0])
    assert boot_failure(BootLog("finished", (MADE,), (SCRIPTS,))) is None


def test_a_script_that_fails_after_its_container_was_made_is_no_boot_without_one() -> None:
    assert boot_failure(BootLog("finished", (MADE, f"{PART}IMAGE: unbound variable", SCRIPTS))) is None


def test_a_workers_words_of_memory_and_refusals_have_their_codes(compared: Callable[[int], None]) -> None:
    for text, counts in MEMORY.items():
        assert (h.verdict(h.case(**says(text))).cause == "worker-out-of-memory") == counts, text
        assert (code_of_message(text) == "worker-out-of-memory") == counts, text
    for text, code in REFUSALS.items():
        assert h.verdict(h.case(**says(f"ERROR poll {text}"))).cause == f"worker-{code}", text
    for text, result in MESSAGES.items():
        assert code_of_message(text) == result, text
    compared(2 * len(MEMORY) + len(REFUSALS) + len(MESSAGES))


@pytest.mark.parametrize(("state", "enabled"), [("disabled", True), ("pending import", False), ("unavailable", False)])
def test_a_key_is_enabled_only_where_that_is_what_it_lacks(state: str, enabled: bool) -> None:
    key = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    refused = f"(KMS.InvalidStateException) when calling the ReceiveMessage operation: {key} is {state}."
    verdict = h.verdict(h.case(**says(f"ERROR poll {refused}")))
    assert (verdict.cause, verdict.reason) == ("worker-queue-denied", "key-disabled")
    assert any("enable-key" in str(one.command) for one in verdict.remedies) == enabled


def test_a_queue_that_is_missing_or_another_is_not_denied() -> None:
    line = says(f"ERROR poll {NOT_SEEN}")
    assert h.verdict(h.case(**{**line, "queue": h.queue(None)})).cause == "queue-missing"
    other = replace(h.SAME, queue="different", fingerprint="another")
    of_other = inside(environment=other, tail=(h.line(f"ERROR poll {NOT_SEEN}"),))
    assert h.verdict(h.case(**of_other)).cause == "worker-queue-mismatch"


def test_a_warm_pool_that_fills_is_no_loop_of_launches() -> None:
    filled = tuple(
        replace(h.launched("", 300 + 60 * n), description=f"Launching a new EC2 instance into warm pool: i-00{n}")
        for n in range(4)
    )
    comes = replace(h.launched("i-0", 60), status="InProgress")
    pending = h.group(1, instances=(h.instance("i-0", "Pending"),))
    workers = h.workers(pending, boot=60, activities=(comes, *filled))
    verdict = h.verdict(h.case(**waiting(workers=workers, logs=h.NO_LOGS)))
    assert (verdict.status, verdict.warnings) == ("in-progress", ("worker-booting",))


@pytest.mark.parametrize(("schedule", "enough"), SCHEDULES.items())
def test_each_field_of_a_cron_expression_counts(schedule: str, enough: bool) -> None:
    assert often_enough(schedule, h.NOW) is enough


@pytest.mark.parametrize(
    ("zone", "acts"), [("Asia/Seoul", True), ("", False), ("UTC", False), ("No/Where", False), ("../x", False)]
)
def test_a_schedule_is_kept_by_the_clocks_of_its_zone(zone: str, acts: bool) -> None:
    schedule = Starter("resize", "s", enabled=True, when="cron(* 9-18 * * ? *)", zone=zone)
    facts = replace(h.workers(autoscaler=None), policies=(), actions=(), schedules=(schedule,))
    assert bool(active(facts, h.NOW)) is acts


STARVED = Starter("policy", "grow", enabled=False, when="depth-high", why="alarm-no-data")
NOBODY: dict[str, Any] = {"group": h.group(0), "machines": ()}


@pytest.mark.parametrize(
    ("policy", "changes", "facts", "told"),
    [
        (STARVED, NOBODY, {}, False),
        (STARVED, NOBODY, {"document": h.job("PENDING", age=60), "queue": h.queue(h.depth(1))}, True),
        # A worker in service asks the queue all the time, so SQS does report it.
        (STARVED, {}, {}, True),
        (replace(STARVED, why="alarm-disabled"), NOBODY, {}, True),
        (replace(STARVED, why="alarm-missing"), NOBODY, {}, True),
    ],
)
def test_the_alarm_of_a_queue_that_nobody_uses_has_no_data(
    policy: Starter, changes: dict[str, Any], facts: dict[str, Any], told: bool
) -> None:
    workers = replace(h.workers(autoscaler=None), policies=(policy,), actions=(), schedules=(), **changes)
    verdict = h.verdict(h.case(workers=workers, logs=h.NO_LOGS, **facts))
    assert ("autoscaler-off" in verdict.warnings) == told
