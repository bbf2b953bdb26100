"""What can be observed inside the workers: the host, its container, what that runs with and what it has logged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from academy_ops.diagnosis.records import NOT_ASKED, Unavailable

EARLY_LINE: Final = timedelta(milliseconds=100)
"""By so much Docker may date a process's first lines before its start."""

Comparison = Literal["same", "different", "blank", "missing", "unknown"]
"""``unknown``: the API's own value is not set, so there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A worker's environment held against the API's; compared as salted digests, never shown.

    Attributes:
        queue: The queue in force, as are its bucket and region.
        endpoint: That of R2, as are the two keys.
        fingerprint: A salted digest of all of them, to hold a container's against the parameter's.
        database: ``DATABASE_URL``; no fault by itself, as one database has many addresses.
        region: ``missing`` where no variable sets one.
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
        image_digest: Its name and digest in the registry; empty for one that came from none.
        command: What it runs, the program first.
        log_driver: Where its log goes; None where unseen.
        killed_at: When one of its processes was killed for lack of memory, as far as Docker remembers; None where
            that was not kept.
        memory_limit: Its own limit in bytes; 0 where it has none, or that was not seen.
        unit: The unit of systemd that runs it; where it is removed at the end of each run, that is all there is to see.
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
    unit: str = ""
    memory_limit: int = 0

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
        docker: ``up``, ``down``, ``missing``, ``hung`` (it does not answer) or ``unreadable`` (it answers otherwise).
        disk_percent: How full the disk with Docker's data is.
        container: The worker's container; None when there is none.
        inodes_percent: How many of that disk's inodes are used.
        disk_path: Where Docker's data is.
        clock_ahead_seconds: By how much the host's clock is ahead of the servers'; 0 where it is right. The host's
            times are corrected by it.
        said: Why Docker or its container could not be read, in Docker's words.
        container_unread: There may be a container: Docker could not say.
        others: The containers that there are where the worker's is not; name, state and image each.
        disk_read_only: That disk is mounted read-only, as the kernel does after errors of it.
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
    disk_read_only: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """The parameter with the workers' environment.

    Attributes:
        form: ``dotenv``, ``base64-json`` or ``unreadable``.
        environment: Its content against the API's environment.
    """

    form: str
    modified_at: datetime | None
    environment: Environment | None


@dataclass(frozen=True, slots=True)
class Archive:
    """What CloudWatch Logs keeps of the workers' logs, also of workers that are gone.

    Attributes:
        logs: Instance id, or the stream's name where that names none, to what was found there.
        complete: Whether all of it was read.
        region: The group's region, where that is not the one that is configured.
        instead_of: The log group that is set, where the containers write to another.
    """

    group: str
    logs: Mapping[str, WorkerLog]
    complete: bool = True
    region: str = ""
    instead_of: str = ""


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

    @property
    def parameter_holds(self) -> Environment | None:
        """The environment that a worker gets which boots now; None where it was not seen, or can't be read."""
        return self.parameter.environment if isinstance(self.parameter, Parameter) else None

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
