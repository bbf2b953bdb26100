"""What can be observed about the academy: one small frozen record for each step of the runbook.

A field that may be `Unavailable` could not be observed; None says that the thing asked for does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from academy_ops.contract import JobStatus
from academy_ops.diagnosis.records import NOT_ASKED, Unavailable
from academy_ops.outside.clients import Answer
from checks.group_facts import Group, WorkersFacts
from checks.host_facts import LogsFacts

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


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """Section 0: who AWS says we are.

    Attributes:
        account: The account id, or why STS did not tell it.
        arn: The identity's ARN; empty when unseen.
        expected_account: ``ACADEMY_AWS_ACCOUNT_ID``.
        key_is_r2_key: The AWS access key id equals ``R2_ACCESS_KEY``.
        credentials: Where the AWS SDK has them from, by its own word, such as ``env`` or ``sso``; empty without any.
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

    @property
    def all_rejected(self) -> bool:
        """Whether the job is DONE without a complaint, and yet created nobody: every row was rejected."""
        return self.status == JobStatus.DONE and bool(self.failed) and self.error_message is None


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
class QueueSettings:
    """How a queue treats its messages; None where SQS did not say.

    Attributes:
        visibility_seconds: For how long a message that was received stays hidden.
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
        created_at: When it was created, to the second; None where SQS did not say.
    """

    arn: str
    visible: int
    in_flight: int
    delayed: int
    dead_letter_arn: str | None = None
    settings: QueueSettings | None = None
    created_at: datetime | None = None

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
class Case:
    """Everything that was observed in one run, and the names it was asked about.

    Attributes:
        observed_at: The moment that every age is counted from, by the servers' clocks.
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

    @property
    def depth(self) -> Depth | None:
        """The job queue as it was first read; None where it was not seen, or does not exist."""
        depth = self.queue.queue if isinstance(self.queue, QueueFacts) else None
        return depth if isinstance(depth, Depth) else None

    @property
    def fleet(self) -> WorkersFacts:
        """What is known of the workers' group: where it could not be observed, why."""
        why = self.workers
        return WorkersFacts(why, why, why, why) if isinstance(why, Unavailable) else why

    @property
    def group(self) -> Group | None:
        """The workers' group; None where it was not seen, or does not exist."""
        return self.fleet.group if isinstance(self.fleet.group, Group) else None

    @property
    def inside(self) -> LogsFacts:
        """What is known of the inside of the workers: where it could not be observed, nothing."""
        return LogsFacts(self.logs) if isinstance(self.logs, Unavailable) else self.logs
