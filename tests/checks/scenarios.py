"""Every cause in at least two forms, as the facts that differ from a healthy academy."""

from dataclasses import replace
from typing import Any

from academy_ops.diagnosis.records import Reason, Unavailable
from academy_ops.outside.clients import Answer
from checks.facts import AccessFacts, Depth, JobDocument, JobFacts, QueueFacts
from checks.group_facts import Activity, Autoscaler, Halted, Refresh, Starter, WorkersFacts
from checks.host_facts import Archive, BootLog, Environment, LogLine, LogsFacts, Parameter, WorkerLog
from checks.job_document import read_answer
from tests.checks import facts_factory as h

Facts = dict[str, Any]

HTML = "<html><h1>Bad Request (400)</h1></html>"
"""Django's."""
UNSIGNED = "<html><body><h2>Sorry</h2></body></html>"
NGINX = (
    "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr><center>nginx</center></body></html>"
)
BARE = NGINX.replace("nginx", "cloudflare")
BAD_GATEWAY = h.answer(502, NGINX.format("502 Bad Gateway"), server="nginx")
AWS = NGINX.replace("<hr><center>nginx</center>", "")
ONE_OF_CLOUDFLARE = {"cloudflare_error": True, "error_code": 1016, "title": "Error 1016: Origin DNS error"}
CHALLENGE = "<html><title>Just a moment...</title></html>"
REFUSED = Unavailable("refused", "http://127.0.0.1:8000/healthz")
UNSET = Unavailable("not-configured", "ACADEMY_APP_URL")
WAITED = 1200
STARTED = h.line("worker started", 2990)
TAKEN = h.line("SQS_MESSAGE_RECEIVED | job_id=x | tier=basic", 1500)
FAILED = h.line(f"EXCEL_PARSING failed job_id={h.JOB_ID} : unexpected", 300)
ENDED = h.line("SQS_JOB_COMPLETED | job_id=x", 1490)
CUT_OFF = h.line(
    'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "https://sqs.ap-northeast-2.amazonaws.com/"',
    60,
)
NO_SOCKET = h.line(
    'EndpointConnectionError: Could not connect to the endpoint URL: "https://ap-northeast-2.queue.amazonaws.com/"', 30
)


def unseen(reason: Reason, tried: str = "sts:GetCallerIdentity") -> Unavailable:
    return Unavailable(reason, tried)


def access(account: Any, *, expected: str | None = None, same_key: bool = False) -> Facts:
    return {"access": AccessFacts(account, "", expected, key_is_r2_key=same_key)}


def r2(*arguments: Any, **fields: Any) -> Facts:
    return {"r2": h.r2(*arguments, **fields)}


def way(main: Answer | Unavailable, **layers: Any) -> Facts:
    """The job's state can't be read, as the endpoint answers otherwise."""
    return {"endpoint": h.endpoint(main, **layers), "job": JobFacts(read_answer(main))}


NO_LOGIN = "Error response from daemon: Head https://1.dkr.ecr.example/v2/worker: no basic auth credentials"
SCRIPTS = "cc_scripts_user.py[WARNING]: Failed to run module scripts_user (scripts in /var/lib/cloud/instance/scripts)"


def two_images(*, waits: bool = False) -> Facts:
    """Two workers that run well, each another image."""
    (host,) = h.logs(h.container(image_id="sha256:1")).hosts
    assert host.container
    other = replace(host, instance_id="i-1", container=replace(host.container, image_id="sha256:2"))
    logs = replace(h.logs(), online={"i-0": True, "i-1": True}, hosts=(host, other))
    facts = {"workers": h.workers(h.group(2)), "logs": logs}
    return {**facts, "document": h.job("RUNNING", age=60), "queue": h.queue(h.depth(0, 1))} if waits else facts


def waiting(**facts: Any) -> Facts:
    """A job that has waited for 20 minutes with its message in the queue."""
    queue = h.queue(h.depth(1), oldest_seconds=float(WAITED))
    return {"document": h.job("PENDING", age=WAITED), "queue": queue, **facts}


def archived(*of_job: LogLine) -> LogsFacts:
    """What CloudWatch Logs keeps of the job from a worker that was terminated; another one is there and well."""
    kept = {"i-0gone": WorkerLog(len(of_job), of_job, (), ())}
    return replace(h.logs(), archive=Archive("/academy/ai-worker", kept))


def group(*arguments: Any, **fields: Any) -> Facts:
    """A group without a worker that could be looked into."""
    return waiting(workers=h.workers(*arguments, **fields), logs=h.NO_LOGS)


def misconfigured(depth: Depth | None = None, arn: str | None = h.DEAD_LETTERS, **settings: int | None) -> Facts:
    """A queue with these attributes and else those of production."""
    queue = replace(depth or h.depth(), dead_letter_arn=arn, settings=replace(h.SETTINGS, **settings))
    return {"queue": h.queue(queue)}


def alarms(why: Halted) -> Facts:
    """A group that is scaled by alarms alone, of which none acts."""
    policy = Starter("policy", "grow", enabled=False, when="depth-high", why=why)
    return {"policies": (policy,), "actions": (), "schedules": ()}


def refreshed(status: str, *versions: str) -> WorkersFacts:
    """A group whose newest instance refresh has this status, with instances of these versions."""
    instances = tuple(replace(h.instance(f"i-{n}"), version=one) for n, one in enumerate(versions))
    refresh = Refresh(status, 50, "Instance replacement timed out.", h.ago(1200), h.ago(600))
    return replace(h.workers(h.group(len(versions), instances=instances)), refresh=refresh)


def fresh(queue: QueueFacts, **facts: Any) -> Facts:
    """A job that was uploaded a moment ago."""
    return {"document": h.job("PENDING", age=5), "queue": queue, **facts}


def inside(**changes: Any) -> Facts:
    return waiting(logs=h.logs(h.container(**changes)))


def says(*lines: str, **changes: Any) -> Facts:
    """A worker whose log ends so."""
    return inside(tail=tuple(h.line(text) for text in lines), **changes)


def own(**changes: Any) -> Facts:
    return inside(environment=replace(h.SAME, fingerprint="another", **changes))


def parameter(environment: Environment, seconds: float = 9000) -> Parameter:
    return Parameter("dotenv", h.ago(seconds), environment)


def idle_with(environment: Environment | None) -> Facts:
    """Nobody works and nothing waits; the next worker would boot with this."""
    result = Parameter("unreadable", h.ago(9000), None) if environment is None else parameter(environment)
    return {"workers": h.workers(h.group(0)), "logs": replace(h.NO_LOGS, parameter=result)}


def changed_since(environment: Environment) -> Facts:
    """The parameter was put right a minute ago; the container runs with something else."""
    logs = h.logs(h.container(environment=replace(environment, fingerprint="before")))
    return waiting(logs=replace(logs, parameter=parameter(h.SAME, 60)))


def ended(message: object, status: str = "FAILED", **fields: Any) -> Facts:
    return {"document": h.job(status, error_message=message, **fields)}


def rejected(*errors: str, created: int = 0) -> Facts:
    rows = [{"row": number, "name": "x", "error": error} for number, error in enumerate(errors, 3)]
    return ended(None, "DONE", result={"created": created, "total": len(rows) + created, "failed": rows})


def gone(document: JobDocument, dead: int = 0) -> Facts:
    """The job waits, twice seen, and no message is left."""
    again = replace(document)
    return {
        "document": document,
        "job": JobFacts(document, again),
        "queue": h.queue(h.depth(), dead, again=h.depth(), job_again=again),
    }


def activity(status: str, seconds: float, instance_id: str = "", cause: str = "") -> Activity:
    return Activity(status, f"Launching a new EC2 instance: {instance_id}", "", cause, h.ago(seconds))


def one_by_one(*names: str) -> tuple[Activity, ...]:
    """Instances that were launched and failed their health check, one after another."""
    return tuple(
        one
        for number, name in enumerate(names)
        for one in (
            Activity("Successful", f"Terminating EC2 instance: {name}", "", "an EC2 health check", h.ago(60 + number)),
            h.launched(name, 120 + number),
        )
    )


def differs(message: str, **changes: Any) -> Facts:
    return {**ended(message), "logs": h.logs(h.container(environment=replace(h.SAME, **changes)))}


FRESH = h.job("PENDING", age=300)
AGELESS = h.job("PENDING", age=None)
RUNNING = h.job("RUNNING", age=4000, updated=700)
RUNNING_AGELESS = h.job("RUNNING", age=None)
REFUSAL = "An error occurred ({}) when calling the GetObject operation"
MODULE = "ModuleNotFoundError: No module named 'openpyxl'"

SCENARIOS: dict[str, list[Facts]] = {
    "aws-keys-are-r2-keys": [access(unseen("credentials-invalid"), same_key=True), access("1", same_key=True)],
    "r2-env-missing": [
        r2({"R2_SECRET_KEY": "missing"}, unseen("not-configured", "R2_SECRET_KEY")),
        r2(
            dict.fromkeys(("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY"), "missing"),
            unseen("not-configured", "R2_ENDPOINT"),
        ),
    ],
    "r2-env-malformed": [
        *(r2({"R2_ENDPOINT": state}) for state in ("quoted", "spaces", "bucket-in-path", "not-a-url", "no-tls")),
        r2({"R2_SECRET_KEY": "quoted"}, unseen("credentials-invalid", "s3:ListBucket"), "SignatureDoesNotMatch"),
        r2({"R2_ACCESS_KEY": "placeholder"}, unseen("credentials-invalid", "s3:ListBucket"), "InvalidAccessKeyId"),
        r2({"R2_EXCEL_BUCKET": "spaces"}, None, "NoSuchBucket"),
        r2({"R2_EXCEL_BUCKET": "not-a-bucket"}, unseen("unexpected-answer", "R2_ENDPOINT")),
        r2({"R2_ENDPOINT": "not-a-host"}, unseen("unexpected-answer", "R2_ENDPOINT")),
        r2(reach=unseen("unexpected-answer", "s3:ListBucket"), error_code="NoSuchKey", status=404),
        r2(reach=unseen("unexpected-answer", "s3:ListBucket"), error_code="InvalidRequest", status=400),
    ],
    "r2-endpoint-unreachable": [
        r2(reach=unseen(reason, "https://account.r2.example"))
        for reason in ("dns", "refused", "timeout", "tls", "unreachable")
    ],
    "r2-credentials-rejected": [
        r2(reach=unseen("credentials-invalid", "s3:ListBucket"), error_code=code)
        for code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized", "InvalidArgument")
    ],
    "r2-access-denied": [
        r2(reach=unseen("denied", "s3:ListBucket"), error_code="AccessDenied"),
        r2(reach=unseen("denied", "s3:ListBucket"), error_code="403"),
        r2(reach=unseen("unexpected-answer", "s3:ListBucket"), error_code="NotEntitled", status=403),
        r2(reach=unseen("denied", "s3:ListBucket"), error_code="AccessDenied", elsewhere="https://eu.r2.example"),
        ended(REFUSAL.format("AccessDenied")),
    ],
    "r2-bucket-missing": [
        r2(reach=None, error_code="NoSuchBucket"),
        r2(reach=None, error_code="NoSuchBucket", elsewhere="https://eu.r2.example"),
        r2(reach=None, error_code="NoSuchBucket", opens=("school-files",)),
        {**ended(REFUSAL.format("NoSuchBucket")), **r2(reach=None, error_code="NoSuchBucket")},
    ],
    "r2-server-error": [
        r2(reach=unseen("server-error", "s3:ListBucket"), error_code="InternalError"),
        r2(reach=unseen("server-error", "s3:ListBucket"), error_code="503"),
    ],
    "upload-object-missing": [
        waiting(job=JobFacts(FRESH, FRESH, object_there=False), document=FRESH),
        {"job": JobFacts(h.job("RUNNING", age=900, updated=5), h.job("RUNNING", age=900), object_there=False)},
    ],
    "endpoint-dns": [way(unseen("dns")), way(unseen("dns"), origin=h.answer(200), app=h.answer(200))],
    "endpoint-refused": [way(unseen("refused")), way(unseen("unreachable"))],
    "endpoint-timeout": [way(unseen("timeout")), way(unseen("timeout"), origin=h.answer(200))],
    "endpoint-tls": [way(unseen("tls")), way(unseen("tls"), origin=h.answer(200))],
    "edge-origin-down": [
        way(h.answer(521, HTML, server="cloudflare")),
        way(h.answer(521, HTML, server="cloudflare"), origin=REFUSED),
    ],
    "edge-origin-timeout": [way(h.answer(status, HTML, server="cloudflare")) for status in (522, 524)],
    "edge-tls-mode": [way(h.answer(status, HTML, server="cloudflare")) for status in (525, 526)],
    "edge-blocked": [
        way(h.answer(403, BARE.format("403 Forbidden"), server="cloudflare")),
        way(h.answer(403, {**ONE_OF_CLOUDFLARE, "error_code": 1020}, server="cloudflare")),
        way(h.answer(503, HTML, **{"cf-mitigated": "challenge"})),
        way(h.answer(503, CHALLENGE, server="cloudflare")),
    ],
    "edge-error": [
        *(way(h.answer(status, HTML, server="cloudflare")) for status in (520, 523, 527, 530)),
        way(h.answer(530, ONE_OF_CLOUDFLARE, server="cloudflare")),
        way(h.answer(502, "error code: 502", server="cloudflare"), origin=h.answer(200), app=h.answer(200)),
        way(h.answer(500, BARE.format("500 Internal Server Error"), server="cloudflare")),
    ],
    "redirect-loop": [
        way(replace(h.answer(status), redirects=("https://api.example/",) * 5)) for status in (301, 302, 308)
    ],
    "proxy-upstream-down": [
        way(BAD_GATEWAY, app=REFUSED, healthz=BAD_GATEWAY),
        way(h.answer(502, UNSIGNED, server="cloudflare"), app=REFUSED, origin=BAD_GATEWAY, healthz=BAD_GATEWAY),
        way(h.answer(503, AWS.format("503 Service Temporarily Unavailable"), server="cloudflare")),
    ],
    "proxy-misrouted": [
        way(BAD_GATEWAY, app=h.answer(200), healthz=BAD_GATEWAY),
        way(h.answer(502, UNSIGNED, server="cloudflare"), app=h.answer(503), origin=BAD_GATEWAY, healthz=BAD_GATEWAY),
    ],
    "bad-gateway": [
        way(BAD_GATEWAY, app=UNSET, healthz=BAD_GATEWAY),
        way(h.answer(502, UNSIGNED), app=unseen("timeout"), healthz=BAD_GATEWAY),
        way(BAD_GATEWAY, app=h.answer(200)),
        way(h.answer(500, NGINX.format("500 Internal Server Error"))),
        way(h.answer(403, UNSIGNED)),
    ],
    "gateway-timeout": [
        way(h.answer(504, NGINX.format("504 Gateway Time-out"), server="nginx")),
        way(h.answer(504, UNSIGNED, server="cloudflare"), app=unseen("timeout"), healthz=unseen("timeout")),
    ],
    "api-error": [
        way(h.answer(500, {"detail": "x"})),
        way(h.answer(503, HTML, server="cloudflare")),
        way(h.answer(500, HTML), health=h.answer(500), healthz=h.answer(500)),
    ],
    "api-database-down": [
        way(h.answer(500, {"detail": "x"}), health=h.answer(503)),
        way(h.answer(503, {"detail": "x"}), health=h.answer(500)),
        way(unseen("timeout"), health=unseen("timeout")),
    ],
    "api-auth-rejected": [
        way(h.answer(401, {"detail": "x"})),
        way(h.answer(403, {"detail": "x"}, server="cloudflare")),
        way(h.answer(403, "<center>nginx</center>", server="cloudflare")),
    ],
    "api-throttled": [
        way(h.answer(429, {"detail": "x"}, **{"retry-after": "30"})),
        way(h.answer(429, HTML, server="cloudflare")),
    ],
    "api-host-rejected": [way(h.answer(400, HTML)), way(h.answer(400, {"detail": "Invalid host header"}))],
    "api-not-json": [
        way(h.answer(200, "<html>")),
        way(h.answer(404, "<html>")),
        way(h.answer(302, "", location="https://login.example/")),
        way(h.answer(200, {"hello": "world"})),
        way(h.answer(404, {"detail": "Not Found"}), healthz=h.answer(404, {"detail": "Not Found"})),
        way(unseen("unexpected-answer", "http://api.example/x")),
    ],
    "job-not-found": [
        way(h.answer(404, {"detail": "x"})),
        way(h.answer(404, {"detail": "x"}), healthz=unseen("timeout")),
    ],
    "asg-missing": [
        waiting(workers=replace(h.workers(), group=None), logs=h.NO_LOGS),
        {"workers": replace(h.workers(autoscaler=None), group=None), "logs": h.NO_LOGS},
        waiting(workers=h.workers(replace(h.group(0, maximum=0), deleting=True)), logs=h.NO_LOGS),
        {"workers": h.workers(replace(h.group(1, instances=(h.instance(lifecycle="Terminating"),)), deleting=True))},
    ],
    "worker-scaled-to-zero": [
        group(h.group(0), autoscaler=None),
        group(h.group(0)),
        {**group(h.group(0), autoscaler=None), "queue": h.queue(h.depth(0, 1))},
        {**group(h.group(0)), "job": JobFacts(AGELESS, replace(AGELESS)), "queue": h.queue(h.depth(1))},
        {**group(h.group(0), autoscaler=None), "document": h.job("PENDING", age=2)},
        group(h.group(0, maximum=0)),
    ],
    "worker-launch-suspended": [
        group(h.group(1, instances=(), suspended=("Launch",))),
        group(h.group(2, instances=(h.instance(lifecycle="Terminating"),), suspended=("AZRebalance", "Launch"))),
    ],
    "worker-launch-failing": [
        group(h.group(1, instances=()), activities=(h.failed_launch("InsufficientInstanceCapacity"),)),
        group(h.group(1, instances=()), activities=(activity("Cancelled", 30), h.launched("i-9", 5000))),
        group(
            h.group(1, instances=(h.instance(lifecycle="Pending"),)),
            activities=(activity("InProgress", 15, "i-0"), *(activity("Cancelled", 60 * n) for n in (1, 2, 3))),
            boot=15,
        ),
    ],
    "worker-launch-loop": [
        group(h.group(1, instances=()), activities=one_by_one("i-a1", "i-a2", "i-a3")),
        waiting(workers=h.workers(h.group(), boot=30, activities=one_by_one("i-a1", "i-a2", "i-a3"))),
    ],
    "worker-launch-stuck": [
        group(h.group(1, instances=(h.instance(lifecycle="Pending:Wait"),))),
        group(
            h.group(1, instances=(h.instance(lifecycle="Pending"),)),
            activities=(activity("MidLifecycleAction", 900, "i-0"),),
            boot=900,
        ),
    ],
    "worker-no-instances": [
        group(h.group(1, instances=())),
        group(h.group(1, instances=(h.instance(lifecycle="Standby"),))),
        group(h.group(1, instances=()), activities=(activity("WaitingForInstanceId", 5000),)),
    ],
    "worker-unhealthy": [
        waiting(workers=h.workers(h.group(1, instances=(h.instance(health="Unhealthy"),)))),
        waiting(
            document=h.job("PENDING", age=5),
            workers=h.workers(h.group(1, instances=(h.instance(health="UNHEALTHY"),), suspended=("ReplaceUnhealthy",))),
        ),
    ],
    "queue-missing": [
        {"document": h.job("PENDING", age=200), "queue": h.queue(None)},
        {"document": h.job("PENDING", age=2), "queue": h.queue(None)},
        {"queue": h.queue(None)},
    ],
    "message-lost": [gone(FRESH), gone(AGELESS)],
    "queue-dead-letters": [gone(FRESH, dead=1), gone(AGELESS, dead=3)],
    "queue-not-consumed": [
        waiting(),
        {"job": JobFacts(AGELESS, replace(AGELESS)), "queue": h.queue(h.depth(1))},
        waiting(document=AGELESS, queue=h.queue(h.depth(1), oldest_seconds=600.0)),
        # One in flight of a worker that is gone; the log has been silent since it ended its last job.
        waiting(queue=h.queue(h.depth(10, 1)), logs=h.logs(h.container(tail=(STARTED,)))),
        waiting(queue=h.queue(h.depth(3, 2)), logs=h.logs(h.container(tail=(TAKEN, ENDED)))),
        # It hangs in the middle of the job that is in flight.
        waiting(queue=h.queue(h.depth(10, 1)), logs=h.logs(h.container(tail=(TAKEN,), of_job=()))),
        # The job is fresh, the messages before it are not.
        fresh(h.queue(h.depth(4), oldest_seconds=1200.0)),
        fresh(h.queue(h.depth(4), oldest_seconds=510.0, measured_seconds=480.0)),
        fresh(
            h.queue(h.depth(9, 1), oldest_seconds=1200.0, again=h.depth(9, 1)),
            logs=h.logs(h.container(tail=(STARTED,))),
        ),
        waiting(logs=h.logs(h.container(errors=(CUT_OFF,), tail=(CUT_OFF,)))),
        waiting(queue=h.queue(h.depth(5, 1)), logs=h.logs(h.container(errors=(NO_SOCKET,), tail=(STARTED, NO_SOCKET)))),
    ],
    "message-stuck": [
        waiting(queue=h.queue(h.depth(0, 1))),
        waiting(queue=h.queue(h.depth(3, 2)), logs=archived(h.line(f"SQS_MESSAGE_RECEIVED | job_id={h.JOB_ID}", 900))),
        waiting(
            queue=h.queue(h.depth(0, 1)),
            logs=h.logs(
                h.container(
                    of_job=(h.line("SQS_MESSAGE_RECEIVED | job_id=x", 5000),),
                    tail=(h.line("SQS_MESSAGE_RECEIVED | job_id=x", 5000), h.line("polling", 2000)),
                )
            ),
        ),
    ],
    "ssm-offline": [
        waiting(logs=replace(h.NO_LOGS, online={"i-0": False})),
        waiting(workers=h.workers(h.group(2)), logs=replace(h.NO_LOGS, online={"i-0": False, "i-1": False})),
    ],
    "worker-docker-down": [
        waiting(logs=h.logs(docker=docker, container=None)) for docker in ("down", "missing", "hung")
    ],
    "worker-boot-failed": [
        waiting(logs=h.logs(container=None, boot=BootLog("finished", (NO_LOGIN, "ERROR: ECR login/pull failed")))),
        waiting(
            workers=h.workers(boot=200),
            logs=h.logs(
                container=None, docker="missing", boot=BootLog("finished", ("Unable to find a match: docker", SCRIPTS))
            ),
        ),
        waiting(workers=h.workers(boot=7200), logs=h.logs(container=None, boot=BootLog("running", ("waiting",)))),
    ],
    "worker-container-missing": [
        waiting(logs=h.logs(container=None)),
        {"logs": h.logs(container=None)},
    ],
    "worker-container-exited": [
        inside(status="exited", exit_code=1),
        {"logs": h.logs(h.container(status="exited", exit_code=0))},
        inside(status="created"),
        inside(status="created", error="exec: no such file or directory: unknown", exit_code=127),
        inside(status="paused"),
        inside(status="dead"),
    ],
    "worker-crash-loop": [inside(status="restarting"), inside(restarts=5, started_at=h.ago(20))],
    "worker-out-of-memory": [
        inside(status="exited", exit_code=137, out_of_memory=True),
        inside(restarts=3, started_at=h.ago(5), oom_kills=3),
        says("MemoryError"),
        inside(status="exited", exit_code=137),
        inside(restarts=1, started_at=h.ago(60), finished_at=h.ago(61), killed_at=(h.ago(62),)),
        inside(killed_at=(h.ago(100),), tail=(h.line("SQS_JOB_COMPLETED | job_id=x", 200),)),
        ended("Worker exited prematurely: signal 9 (SIGKILL) Job: 10."),
    ],
    "worker-disk-full": [
        waiting(logs=h.logs(disk_percent=100)),
        waiting(logs=h.logs(disk_percent=97, docker="down", container=None)),
        waiting(logs=h.logs(inodes_percent=100)),
        inside(status="exited", error="mkdir /var/lib/docker/overlay2/ab: no space left on device"),
        waiting(
            logs=h.logs(h.container(tail=(h.line("OSError: [Errno 28] No space left on device"),)), disk_percent=94)
        ),
        ended("[Errno 28] No space left on device: '/tmp/tmpk2x.xlsx'"),
    ],
    "worker-env-missing": [
        own(endpoint="missing"),
        own(secret_key="blank"),
        idle_with(None),
        {"workers": h.workers(h.group(0)), "logs": replace(h.NO_LOGS, parameter=None)},
    ],
    "worker-queue-mismatch": [
        own(queue="different"),
        idle_with(replace(h.SAME, queue="different")),
    ],
    "worker-r2-mismatch": [
        own(bucket="different"),
        own(endpoint="different"),
        differs(REFUSAL.format("SignatureDoesNotMatch"), secret_key="different"),
        differs(REFUSAL.format("NoSuchBucket"), bucket="different"),
        ended(REFUSAL.format("NoSuchBucket")),
        {
            **ended(REFUSAL.format("InvalidAccessKeyId")),
            **idle_with(replace(h.SAME, access_key="different")),
        },
    ],
    "worker-env-stale": [
        changed_since(replace(h.SAME, bucket="different")),
        changed_since(replace(h.SAME, queue="different")),
        changed_since(replace(h.SAME, secret_key="missing")),
        changed_since(h.SAME),
    ],
    "worker-aws-credentials": [
        says("botocore.exceptions.NoCredentialsError: Unable to locate credentials"),
        says("ClientError: (InvalidClientTokenId) the security token included in the request is invalid"),
    ],
    "worker-queue-denied": [
        says("AccessDenied when calling the ReceiveMessage operation"),
        says("ClientError: User is not authorized to perform: sqs:receivemessage"),
    ],
    "worker-dependency-missing": [
        says(MODULE, status="restarting"),
        inside(status="exited", exit_code=1, started_at=h.ago(5001), errors=(h.line(MODULE, 5000),)),
        ended("No module named 'openpyxl'"),
        {**ended("처리 중 오류가 발생했습니다."), "logs": archived(FAILED, h.line(MODULE, 300))},
    ],
    "worker-database-down": [
        says("OperationalError: connection refused"),
        ended("too many connections"),
        {
            **ended("처리 중 오류가 발생했습니다."),
            "logs": h.logs(h.container(of_job=(h.line(f"SQS_JOB_FAILED | job_id={h.JOB_ID} | error=psycopg.Error"),))),
        },
    ],
    "worker-database-mismatch": [
        {
            **gone(FRESH),
            "logs": h.logs(h.container(of_job=(h.line(f"{end} | job_id={h.JOB_ID}", 200),))),
        }
        for end in ("SQS_JOB_COMPLETED", "AI_JOB_IDEMPOTENT_SKIP")
    ],
    "excel-unreadable": [
        ended("File is not a zip file"),
        ended("암호화된 파일입니다."),
        ended("No active sheet"),
        ended("openpyxl does not support the old .xls file format"),
        ended("MIME type not allowed: application/haansoftxlsx"),
        ended("엑셀을 읽는 프로그램의 오류입니다: KeyError"),
    ],
    "excel-too-large": [ended("파일은 10MB 이하여야 합니다."), ended("too many rows: 120000")],
    "excel-ambiguous": [
        ended("명단으로 보이는 시트가 여러 개입니다: 중1, 중2"),
        ended("Multiple sheets look like rosters"),
    ],
    "excel-names-invalid": [
        ended("이름 누락: 3행, 4행"),
        rejected("이름이 비어 있습니다.", "이름이 너무 깁니다 (50자까지)."),
    ],
    "excel-header-missing": [
        ended("머리글 행을 찾지 못했습니다. '이름'과 '학부모전화번호' 열이 필요합니다."),
        ended("no header row found"),
    ],
    "excel-phone-column-missing": [
        ended("학부모전화번호 열이 없습니다. 머리글 행에 '학부모전화번호' 열을 추가해 주세요."),
        ended("no parent-phone column"),
    ],
    "excel-phone-invalid": [
        ended("phone check failed for 3 rows"),
        rejected("전화번호 형식 오류", "전화번호 형식 오류"),
        rejected("전화번호 형식 오류", "이름 없음", "전화번호 형식 오류"),
        rejected(*("학생 전화번호 형식이 올바르지 않습니다",) * 2),
    ],
    "excel-no-students": [ended("no student rows"), ended("등록할 학생 행이 없습니다.")],
    "excel-object-missing": [
        ended(REFUSAL.format("NoSuchKey")),
        ended("An error occurred (404) when calling the HeadObject operation: Not Found"),
    ],
    "job-failed": [
        ended("something else"),
        ended(None),
        ended("something else", "REJECTED_BAD_INPUT"),
        ended("something else", "DONE"),
        ended(["boom"], "DONE"),
        rejected("전화번호 형식 오류", "학년은 숫자여야 합니다"),
    ],
    "job-stalled": [
        {"document": RUNNING, "queue": h.queue(h.depth(0, 1))},
        {"document": h.job("VALIDATING", age=4000, updated=700), "queue": h.queue(h.depth())},
        {"document": RUNNING_AGELESS, "job": JobFacts(RUNNING_AGELESS, replace(RUNNING_AGELESS))},
    ],
}
"""Code to facts; with each of them that code must be the cause."""

NOTHING_THERE: Facts = {
    "workers": replace(h.workers(), group=None, autoscaler=None),
    "queue": QueueFacts(None, None),
    "logs": LogsFacts({}, parameter=None),
}
"""AWS in another region."""

BLIND: dict[str, list[Facts]] = {
    "aws-credentials-missing": [access(unseen("credentials-missing"))],
    "aws-credentials-invalid": [
        access(unseen("credentials-invalid")),
        *(
            {
                "access": AccessFacts(
                    unseen("credentials-invalid"), "", None, key_is_r2_key=False, profile="ops", why=why
                )
            }
            for why in ("mfa", "expired", "process", "config", "role", "web-identity")
        ),
    ],
    "aws-unreachable": [access(unseen(reason)) for reason in ("timeout", "unreachable", "dns", "refused", "tls")],
    "clock-skew": [access(unseen("clock-skew"))],
    "aws-wrong-region": [
        NOTHING_THERE,
        {**NOTHING_THERE, "document": h.job("PENDING", age=300)},
        {**NOTHING_THERE, "document": h.job("PENDING", age=5)},
    ],
    "aws-wrong-account": [
        {**access("2", expected="1"), **NOTHING_THERE},
        access("2", expected="1"),
        {
            **access("2", expected="1"),
            "workers": replace(h.workers(), group=None),
            "queue": h.queue(None),
            "logs": LogsFacts({}, parameter=None),
        },
    ],
}
"""Codes that say that the tool could not look."""

WARNINGS: dict[str, list[Facts]] = {
    "worker-booting": [
        waiting(workers=h.workers(boot=100)),
        group(h.group(1, instances=(h.instance(lifecycle="Pending:Wait"),)), boot=60),
    ],
    "worker-undersized": [
        waiting(queue=h.queue(h.depth(100, 1))),
        {"queue": h.queue(h.depth(45, 1))},
        {"workers": h.workers(h.group(4, instances=(h.instance(),)), activities=(h.failed_launch("no capacity"),))},
    ],
    "autoscaler-off": [
        waiting(queue=h.queue(h.depth(1, 1)), workers=h.workers(autoscaler=None)),
        {"workers": h.workers(autoscaler=Autoscaler("Active", "every-minute", enabled=False))},
        {"workers": h.workers(autoscaler=Autoscaler("Failed", "every-minute", enabled=True))},
        {"workers": replace(h.workers(autoscaler=None), **alarms("alarm-no-data"))},
        {"workers": replace(h.workers(autoscaler=None), **alarms("alarm-disabled"))},
    ],
    "worker-refresh-failed": [
        {"workers": refreshed("Failed", "1", "2")},
        {"workers": refreshed("Cancelled", "1", "1", "2")},
        {"workers": refreshed("RollbackInProgress", "2")},
    ],
    "queue-dead-letters": [{"queue": h.queue(h.depth(), dead=2)}, waiting(queue=h.queue(h.depth(1, 1), dead=1))],
    "queue-misconfigured": [
        misconfigured(arn=None),
        {"queue": replace(misconfigured()["queue"], dead_letters=None)},
        misconfigured(max_receives=1),
        misconfigured(max_receives=2),
        misconfigured(visibility_seconds=30),
        misconfigured(retention_seconds=3600),
        misconfigured(delay_seconds=900),
        {"document": h.job("PENDING", age=60), **misconfigured(h.depth(delayed=1), delay_seconds=900)},
        # Delayed by who has sent it.
        {"document": h.job("PENDING", age=300), **misconfigured(h.depth(delayed=1))},
    ],
    "worker-container-unhealthy": [
        {"logs": h.logs(h.container(health="unhealthy"))},
        {"logs": h.logs(h.container(health="unhealthy", health_said="curl: (7) Failed to connect"))},
    ],
    "worker-images-differ": [two_images(), two_images(waits=True)],
    "worker-silent": [
        waiting(queue=h.queue(h.depth(1, 1)), logs=h.logs(h.container(lines=0, tail=()))),
        {"queue": h.queue(h.depth(0, 1)), "logs": h.logs(h.container(lines=0, tail=()))},
    ],
    "job-partial": [
        rejected("전화번호 형식 오류", created=1),
        ended(None, "DONE", result={"created": 3, "failed": [{"row": 4, "error": "x"}]}),
    ],
    "job-review": [
        {"document": h.job("REVIEW_REQUIRED")},
        {"document": h.job("REVIEW_REQUIRED", age=None, result={"created": 3, "total": 3})},
    ],
    "ssm-offline": [
        {"workers": h.workers(h.group(2)), "logs": replace(h.logs(), online={"i-0": True, "i-1": False})},
        {"logs": replace(h.NO_LOGS, online={"i-0": False})},
    ],
}
"""Codes told by a warning, which is never the cause."""

__all__ = ["BLIND", "SCENARIOS", "WARNINGS", "Facts", "LogLine"]
