"""What can be observed about the academy: one small frozen record for each step of the runbook.

A field that may be `Unavailable` could not be observed; None says that the thing asked for does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Answer

NOT_ASKED: Final = Unavailable("not-asked", "")
EARLY_LINE: Final = timedelta(milliseconds=100)
"""By so much Docker may date a process's first lines before its start."""

SettingState = Literal[
    "set",
    "missing",
    "quoted",
    "lone-quote",
    "spaces",
    "unexpanded",
    "placeholder",
    "not-a-bucket",
    "not-a-url",
    "not-a-host",
    "bucket-in-path",
    "bucket-in-host",
    "not-r2",
    "not-an-account",
    "no-tls",
    "refused",
]
Comparison = Literal["same", "different", "blank", "missing", "unknown"]
"""``unknown``: the API's own value is not set, so there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """Section 0: who AWS says we are.

    Attributes:
        account: The account id, or why STS did not tell it.
        arn: The identity's ARN; empty when unseen.
        expected_account: ``ACADEMY_AWS_ACCOUNT_ID``.
        key_is_r2_key: The AWS access key id equals ``R2_ACCESS_KEY``.
        credentials: Where the AWS SDK has them from, by its own word, such as ``env`` or ``sso``; empty without any.
        profile: The profile in force.
        clock_ahead_seconds: By how much this machine's clock is ahead of the servers'; None where none has told.
        why: The word for why the credentials can't be used; empty where they can, or none is known.
        form: What is wrong with how the keys are written, ``malformed``, or put together, ``session-token`` or
            ``no-session-token``; empty where nothing is.
    """

    account: str | Unavailable
    arn: str
    expected_account: str | None
    key_is_r2_key: bool
    credentials: str = ""
    profile: str = ""
    clock_ahead_seconds: int | None = None
    why: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class R2Facts:
    """Section 1: the API's R2 settings and what R2 says to them.

    Attributes:
        settings: Setting name to its state; never its value.
        endpoint: The endpoint's URL as configured.
        bucket: The bucket's name.
        bucket_source: The setting the name came from, or ``default``.
        reach: True when the bucket answered, None when there is no such bucket.
        error_code: R2's own error code when ``reach`` is Unavailable.
        status: The HTTP status of R2's refusal; 0 where none came in S3's XML.
        swapped: The access key has a secret's form, and the secret an access key's.
        elsewhere: The address of the account's other jurisdiction in which the keys open the bucket.
        opens: Buckets of other names that are set or the default, and that the keys open.
        listed: The account's buckets, where the keys may list them.
        foreign: What somebody else than S3 has answered at the endpoint; None where none has.
    """

    settings: Mapping[str, SettingState]
    endpoint: str | None
    bucket: str
    bucket_source: str
    reach: Literal[True] | Unavailable | None
    error_code: str = ""
    status: int = 0
    swapped: bool = False
    elsewhere: str = ""
    opens: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    foreign: Answer | None = None


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target of the load balancer in front of the API: where it is, its state, and why it is in that."""

    target: str
    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """Section 2: what each layer between the browser and the API answers.

    Attributes:
        main: The job's status through the edge; without a job id that of an id that no job has, as it shows whether
            the API takes the token, or ``/health`` without a token.
        health: ``/health`` through the edge.
        healthz: ``/healthz`` through the edge.
        origin: ``/healthz`` at nginx on the origin.
        app: ``/healthz`` at the app's own port.
        again: ``main`` some seconds later, where nginx may have refused it for coming too soon.
        cached: What a cache had answered before ``main`` was asked past it.
        targets: The API's containers as an AWS load balancer sees them; asked for only where one has answered with a
            page of its own. None where that was not asked.
    """

    main: Answer | Unavailable
    health: Answer | Unavailable
    healthz: Answer | Unavailable
    origin: Answer | Unavailable
    app: Answer | Unavailable
    again: Answer | Unavailable = NOT_ASKED
    cached: Answer | Unavailable = NOT_ASKED
    targets: tuple[TargetHealth, ...] | Unavailable | None = None


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that the worker rejected."""

    row: int | None
    error: str
    sheet: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """The ``result`` of a job; a number that is absent is None.

    Attributes:
        created: How many students were created.
        total: How many rows hold a student: created, duplicates and rejected.
        duplicates: How many students were there already.
        failed: The rejected rows; of very many the first ones.
        rejected: How many rows were rejected; where the API does not say, as many as `failed` holds.
        skipped: How many rows hold no student, as notes and examples.
    """

    created: int | None
    total: int | None
    duplicates: int | None
    failed: tuple[FailedRow, ...]
    rejected: int | None = None
    skipped: int | None = None

    @property
    def rejected_count(self) -> int:
        """How many rows were rejected."""
        return max(self.rejected or 0, len(self.failed))


@dataclass(frozen=True, slots=True)
class JobDocument:
    """A job's status as the API returns it; only ``job_id`` and ``status`` are sure."""

    job_id: str
    status: str
    error_message: str | None
    result: JobResult | None
    percent: float | None
    step: str | None
    created_at: datetime | None
    updated_at: datetime | None
    file_key: str | None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload, as far as it is known without its job's id having been asked about.

    Attributes:
        at: When it was uploaded.
        tenant: Whose it is.
        job_id: Its job; None where nothing that could be read names it.
        status: The job's status; None where nothing tells it.
        failed: Whether it ended badly, or None as above.
        error_message: Why, in the job's words or the log's.
        seen: Where: ``api``, ``bucket``, ``log``.
        by_time: Its job is told by the time alone: no other upload and no other job were near.
    """

    at: datetime | None
    tenant: str | None
    job_id: str | None
    status: str | None
    failed: bool | None
    error_message: str | None
    seen: tuple[str, ...]
    by_time: bool = False


@dataclass(frozen=True, slots=True)
class JobFacts:
    """Section 4: the job.

    Attributes:
        document: What the API says; None when it knows no such job.
        again: What it said on a second look: 3 s later where the job's age is unknown and would decide, at once
            where its file is gone.
        object_there: Whether the job's file is still in the bucket; None where that was not asked.
        recent: Without a job: the last uploads that failed or wait, newest first, where the API lists them or the
            bucket's listing is short.
    """

    document: JobDocument | Unavailable | None
    again: JobDocument | Unavailable | None = NOT_ASKED
    object_there: bool | Unavailable | None = None
    recent: tuple[Upload, ...] = ()


@dataclass(frozen=True, slots=True)
class AsgInstance:
    """An instance as the Auto Scaling group sees it, with the version of the launch template that it was made of."""

    instance_id: str
    lifecycle: str
    health: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The worker Auto Scaling group, with the version of the launch template that its next instance is made of.

    The version may be a word that EC2 resolves, such as ``$Latest``.
    """

    desired: int
    minimum: int
    maximum: int
    suspended: tuple[str, ...]
    instances: tuple[AsgInstance, ...]
    version: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """A scaling activity, newest first in a list of them.

    Attributes:
        status: ``Successful``, ``Failed``, ``Cancelled``, or what it waits for.
        description: What is done, and to which instance.
        message: Why it failed, in the words of EC2.
        cause: Why it was begun.
        started_at: When.
    """

    status: str
    description: str
    message: str
    cause: str
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ec2Instance:
    """An instance as EC2 sees it.

    Attributes:
        role: Whether it has an instance profile; None where that was not seen.
        metadata: Whether its metadata service answers, and whether only to those who have fetched a token (IMDSv2).
        hop_limit: How many hops such a token travels; a container on a bridge network is the second.
    """

    instance_id: str
    state: str
    launched_at: datetime | None
    private_ip: str | None
    role: bool | None = None
    metadata: Literal["", "disabled", "optional", "required"] = ""
    hop_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """The autoscaler's function, and the rule that runs it once a minute.

    Attributes:
        state: The function's state, ``Active`` when well.
        rule: The name of the rule that targets it; None when there is none.
        enabled: Whether that rule is enabled.
        schedule: When that rule runs it, such as ``rate(1 minute)``; empty when not known.
        why: Why the function is in that state, in Lambda's words.
        unseen: Why it is not known whether another rule runs it.
    """

    state: str
    rule: str | None
    enabled: bool
    schedule: str = ""
    why: str = ""
    unseen: Unavailable | None = None


Halted = Literal["", "alarm-no-data", "alarm-disabled", "alarm-missing"]


@dataclass(frozen=True, slots=True)
class Starter:
    """What may start a worker beside a rule that runs the autoscaler.

    Attributes:
        kind: A scaling policy, a scheduled action of the group, or a schedule of EventBridge Scheduler that runs the
            autoscaler (``schedule``) or sets the group's size itself (``resize``).
        name: Its name.
        enabled: Whether it acts.
        when: Its alarms, its next time, or its schedule.
        why: Why a policy that has alarms does not act; empty where it does.
        unseen: Why it is not known whether its alarms act.
        zone: The time zone of a schedule, such as ``Asia/Seoul``; empty for UTC.
    """

    kind: Literal["policy", "action", "schedule", "resize"]
    name: str
    enabled: bool
    when: str = ""
    why: Halted = ""
    unseen: Unavailable | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Refresh:
    """An instance refresh: how a new version of the workers is deployed.

    Attributes:
        status: Its status, such as ``InProgress``.
        percent: How far it is.
        reason: Its status's own reason.
        started_at: When it was begun.
        ended_at: When it ended.
    """

    status: str
    percent: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkersFacts:
    """Section 3-1: the group, its activities, its instances, who would start one, and the newest deployment.

    Policies, actions and schedules are asked for only where no rule runs the autoscaler.
    """

    group: Group | Unavailable | None
    activities: tuple[Activity, ...] | Unavailable
    machines: tuple[Ec2Instance, ...] | Unavailable
    autoscaler: Autoscaler | Unavailable | None
    policies: tuple[Starter, ...] | Unavailable = NOT_ASKED
    actions: tuple[Starter, ...] | Unavailable = NOT_ASKED
    schedules: tuple[Starter, ...] | Unavailable = NOT_ASKED
    refresh: Refresh | Unavailable | None = None


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a queue treats its messages; None where SQS did not say.

    Attributes:
        visibility_seconds: For how long a message that was received stays hidden.
        retention_seconds: For how long a message is kept.
        delay_seconds: For how long a new message is held back.
        max_receives: After so many receives it becomes a dead letter.
    """

    visibility_seconds: int | None
    retention_seconds: int | None
    delay_seconds: int | None
    max_receives: int | None


@dataclass(frozen=True, slots=True)
class Depth:
    """A queue's attributes that matter here.

    Attributes:
        dead_letter_arn: The dead-letter queue that its RedrivePolicy names.
        settings: How it treats its messages; None in evidence that was saved before that was read.
    """

    arn: str
    visible: int
    in_flight: int
    delayed: int
    dead_letter_arn: str | None = None
    settings: QueueSettings | None = None

    @property
    def total(self) -> int:
        """Return how many messages there are in all."""
        return self.visible + self.in_flight + self.delayed


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """Section 3-3: the queue and its dead-letter queue; attributes only, never a receive.

    Attributes:
        queue: The job queue; None when it does not exist.
        dead_letters: Its dead-letter queue; None when it has none.
        oldest_seconds: The age of the oldest message by CloudWatch, where messages wait and the job's own times don't
            tell for how long.
        again: The job queue some seconds later, where that would decide: the job waits and the queue was empty, or
            messages of unknown age wait, or those of other jobs.
        job_again: The job's status read after that.
        measured_seconds: How long ago CloudWatch has measured that age, which counts the time since.
        default_there: There is no queue of the API's name, but one of the name that is the default.
    """

    queue: Depth | Unavailable | None
    dead_letters: Depth | Unavailable | None
    oldest_seconds: float | Unavailable | None = NOT_ASKED
    again: Depth | Unavailable | None = NOT_ASKED
    job_again: JobDocument | Unavailable | None = NOT_ASKED
    measured_seconds: float | None = None
    default_there: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """A worker's environment held against the API's; compared as salted digests, never shown.

    Attributes:
        queue: ``AI_SQS_QUEUE_NAME_BASIC``.
        endpoint: ``R2_ENDPOINT``.
        bucket: The effective bucket.
        access_key: ``R2_ACCESS_KEY``.
        secret_key: ``R2_SECRET_KEY``.
        fingerprint: A salted digest of all of them, to hold a container's against the parameter's.
        database: ``DATABASE_URL``; no fault by itself, as one database has many addresses.
        region: The first one set of ``AWS_REGION`` and ``AWS_DEFAULT_REGION``; ``missing`` where neither is.
        aws_endpoint: The address at which it asks SQS, where it sets one: ``AWS_ENDPOINT_URL_SQS``, else
            ``AWS_ENDPOINT_URL``.
        static_keys: It holds AWS keys of its own, which outrank the instance's role.
        differing: What it has in force otherwise than the API, by its variable: names of queues, buckets, regions and
            endpoints, which are no secret; none that could be a key.
    """

    queue: Comparison
    endpoint: Comparison
    bucket: Comparison
    access_key: Comparison
    secret_key: Comparison
    fingerprint: str = ""
    database: Comparison = "unknown"
    region: Comparison = "missing"
    aws_endpoint: Comparison = "missing"
    static_keys: bool = False
    differing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a worker's log; ``at`` is Docker's own time of it, None where there is none."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class WorkerLog:
    """What a worker's container has logged.

    Attributes:
        lines: How many of its last lines were looked at.
        of_job: The last of them that name the job, each failure of it with the lines that follow.
        errors: The last of them that speak of an error.
        tail: The last of all.
        unreadable: Why Docker can't read it, or not to its end, in Docker's words; empty where it can.
    """

    lines: int
    of_job: tuple[LogLine, ...]
    errors: tuple[LogLine, ...]
    tail: tuple[LogLine, ...]
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class LogDriver:
    """Where Docker sends a container's log.

    Attributes:
        name: The driver, such as ``json-file`` or ``awslogs``.
        group: The log group of ``awslogs``; empty with any other driver, as are the next two.
        region: Its region, where the driver is given one.
        stream: Its log stream; by default the container's id.
        cached: Whether Docker keeps a copy that can be read on the host, where the driver itself can't read.
    """

    name: str
    group: str = ""
    region: str = ""
    stream: str = ""
    cached: bool = True


@dataclass(frozen=True, slots=True)
class Container:
    """The worker's container on one instance.

    Attributes:
        out_of_memory: Its last process ran out of memory and was killed; a restart forgets that.
        oom_kills: How often that happened in the last ten minutes.
        finished_at: When its last process ended, where none runs.
        kernel_kills: For how many seconds the kernel's last kills for lack of memory are past, on the whole host; None
            where its log could not be read.
        network: Its network by Docker's word, such as ``default``, ``bridge`` or ``host``; empty where unseen.
        created_at: When it was made; what it was given then, a restart does not change.
        error: Why it could not be started, in Docker's words; empty where it could.
        health: What its health check says, such as ``unhealthy``; empty without one.
        health_said: What the health check wrote last.
        name: Its own name, where that is not the one that was asked for.
        image: The image as it was named.
        image_id: Its id.
        image_digest: Its name and digest in the registry; empty for one that came from none.
        command: What it runs, the program first.
        log_driver: Where its log goes; None where unseen.
        killed_at: When one of its processes was killed for lack of memory, as far as Docker remembers; None where
            that was not kept.
    """

    status: str
    exit_code: int | None
    out_of_memory: bool
    oom_kills: int
    restarts: int
    started_at: datetime | None
    finished_at: datetime | None = None
    kernel_kills: tuple[int, ...] | None = None
    network: str = ""
    created_at: datetime | None = None
    error: str = ""
    health: str = ""
    health_said: str = ""
    name: str = ""
    image: str = ""
    image_id: str = ""
    image_digest: str = ""
    command: str = ""
    log_driver: LogDriver | None = None
    killed_at: tuple[datetime, ...] | None = None

    def wrote(self, line: LogLine) -> bool:
        """Return whether the process that runs now has written ``line``; Docker keeps those of the ones before.

        Docker may take a line before it notes the start, but never before the process before has ended.
        """
        if line.at is None or self.started_at is None or line.at >= self.started_at:
            return True
        if self.finished_at and self.finished_at < self.started_at:
            return line.at > self.finished_at
        return self.restarts == 0 and line.at >= self.started_at - EARLY_LINE


@dataclass(frozen=True, slots=True)
class BootLog:
    """How far an instance's boot has come, and the end of what it wrote.

    Attributes:
        state: ``running``, ``finished``, or empty where the host does not say.
        user_data: The end of the user data's own log.
        cloud_init: The end of cloud-init's.
    """

    state: str
    user_data: tuple[str, ...] = ()
    cloud_init: tuple[str, ...] = ()

    def last(self, count: int) -> tuple[str, ...]:
        """Return the last lines that its own script wrote; without one, cloud-init's."""
        return (self.user_data or self.cloud_init)[-count:]


@dataclass(frozen=True, slots=True)
class HostReport:
    """What a worker's instance reports through SSM.

    Attributes:
        instance_id: The instance.
        docker: ``up``, ``down``, ``missing``, ``hung`` (it does not answer) or ``unreadable`` (it answers otherwise).
        disk_percent: How full the disk with Docker's data is.
        container: The worker's container; None when there is none.
        environment: What it runs with; None without a container.
        inodes_percent: How many of that disk's inodes are used.
        disk_path: Where Docker's data is.
        clock_ahead_seconds: By how much the host's clock is ahead of the servers'; 0 where it is right. The host's
            times are corrected by it.
        said: Why Docker or its container could not be read, in Docker's words.
        container_unread: There may be a container: Docker could not say.
        others: The containers that there are where the worker's is not; name, state and image each.
        boot: How the instance booted; None where a container is there, or nothing tells.
    """

    instance_id: str
    docker: str
    disk_percent: int | None
    container: Container | None
    environment: Environment | None
    inodes_percent: int | None = None
    disk_path: str = ""
    clock_ahead_seconds: int = 0
    said: str = ""
    container_unread: bool = False
    others: tuple[str, ...] = ()
    boot: BootLog | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """The parameter with the workers' environment.

    Attributes:
        form: ``dotenv``, ``base64-json`` or ``unreadable``.
        modified_at: When it was last written.
        environment: Its content against the API's environment.
    """

    form: str
    modified_at: datetime | None
    environment: Environment | None


@dataclass(frozen=True, slots=True)
class Archive:
    """What CloudWatch Logs keeps of the workers' logs, also of workers that are gone.

    Attributes:
        group: The log group.
        logs: Instance id, or the stream's name where that names none, to what was found there.
        complete: Whether all of it was read.
    """

    group: str
    logs: Mapping[str, WorkerLog]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class LogsFacts:
    """Section 3-4: the inside of the workers.

    Attributes:
        online: Instance id to whether its SSM agent is online, for the instances in service.
        hosts: What each online instance reports.
        unavailable_hosts: Instances that were asked and did not answer, and why.
        parameter: The workers' parameter; None when it does not exist.
        logs: Instance id to what its worker has logged, of those that have a container.
        pings: Instance id to SSM's word for its agent, such as ``ConnectionLost``, of those that have ever registered;
            None where that was not kept.
        archive: What CloudWatch Logs keeps of workers whose own log was not read on their host, or says nothing of the
            job; None where no log group is known.
    """

    online: Mapping[str, bool] | Unavailable
    hosts: tuple[HostReport, ...] = ()
    unavailable_hosts: Mapping[str, Unavailable] = field(default_factory=dict)
    parameter: Parameter | Unavailable | None = NOT_ASKED
    logs: Mapping[str, WorkerLog] = field(default_factory=dict)
    pings: Mapping[str, str] | None = None
    archive: Archive | Unavailable | None = None

    def archived(self) -> Mapping[str, WorkerLog]:
        """Return what CloudWatch Logs keeps, by instance."""
        return self.archive.logs if isinstance(self.archive, Archive) else {}

    def written(self) -> tuple[WorkerLog, ...]:
        """Return what the workers have logged, those that are gone among them."""
        return (*self.logs.values(), *self.archived().values())

    def booting(self) -> frozenset[str]:
        """Return the instances whose user data still runs, and has made no worker yet."""
        return frozenset(
            host.instance_id for host in self.hosts if not host.container and host.boot and host.boot.state == "running"
        )

    def running(self) -> list[tuple[Container, WorkerLog]]:
        """Return each container that runs, and its log."""
        return [
            (host.container, self.logs[host.instance_id])
            for host in self.hosts
            if host.container and host.container.status == "running" and host.instance_id in self.logs
        ]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that was observed in one run, and the names it was asked about.

    Attributes:
        observed_at: The moment that every age is counted from, by the servers' clocks.
        job_id: The job asked about, or None.
        names: Live names for the remedies' commands.
    """

    observed_at: datetime
    job_id: str | None
    names: Mapping[str, str]
    access: AccessFacts | Unavailable = NOT_ASKED
    r2: R2Facts | Unavailable = NOT_ASKED
    endpoint: EndpointFacts | Unavailable = NOT_ASKED
    job: JobFacts | Unavailable = NOT_ASKED
    workers: WorkersFacts | Unavailable = NOT_ASKED
    queue: QueueFacts | Unavailable = NOT_ASKED
    logs: LogsFacts | Unavailable = NOT_ASKED

    def anything_answered(self) -> bool:
        """Return whether anything outside answered this machine at all.

        Where nothing did, a time-out says as much about this machine's own network as about the other side.
        """
        seen: list[object] = []
        if isinstance(self.access, AccessFacts):
            seen.append(self.access.account)
        if isinstance(self.r2, R2Facts):
            seen.append(self.r2.reach)
        if isinstance(self.endpoint, EndpointFacts):
            way = self.endpoint
            seen += [way.main, way.health, way.healthz, way.origin, way.app]
        return any(_answered(one) for one in seen)

    def nothing_answers(self) -> bool:
        """Return whether AWS or R2 were asked beside the API, and none has answered: then it is this machine."""
        beside: list[object] = []
        if isinstance(self.access, AccessFacts):
            beside.append(self.access.account)
        if isinstance(self.r2, R2Facts):
            beside.append(self.r2.reach)
        asked = any(isinstance(one, Unavailable) and one.reason not in _NOT_SENT for one in beside)
        return asked and not self.anything_answered()

    def trusts_nobody(self) -> bool:
        """Return whether no certificate led to an authority that this machine trusts, the API's and others'.

        Then its own certificates are not those that it needs here, or a proxy opens TLS on its way out.
        """
        main = self.endpoint.main if isinstance(self.endpoint, EndpointFacts) else None
        others: list[object] = []
        if isinstance(self.access, AccessFacts):
            others.append(self.access.account)
        if isinstance(self.r2, R2Facts):
            others.append(self.r2.reach)
        refused = [isinstance(one, Unavailable) and one.reason == "tls" for one in others]
        return isinstance(main, Unavailable) and main.why == "issuer" and bool(refused) and all(refused)


def _answered(seen: object) -> bool:
    return not isinstance(seen, Unavailable) or seen.reason in _ANSWERS


_NOT_SENT: Final = frozenset({"not-configured", "not-asked", "credentials-missing", "crashed", "deadline"})
_ANSWERS: Final = frozenset(
    {"denied", "credentials-invalid", "clock-skew", "throttled", "not-found", "server-error", "unexpected-answer"}
)
