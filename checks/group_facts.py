"""What can be observed about the workers' Auto Scaling group: its instances, and who starts them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from academy_ops.diagnosis.records import NOT_ASKED, Unavailable


@dataclass(frozen=True, slots=True)
class AsgInstance:
    """An instance as the Auto Scaling group sees it, with the version of the launch template that it was made of."""

    instance_id: str
    lifecycle: str
    health: str
    version: str = ""

    @property
    def coming(self) -> bool:
        """Whether it is on its way into service; one whose root volume is replaced by a deployment, too."""
        return self.lifecycle.startswith(("Pending", "ReplacingRootVolume", "RootVolumeReplaced"))


@dataclass(frozen=True, slots=True)
class Group:
    """The worker Auto Scaling group, with the version of the launch template that its next instance is made of.

    The version may be a word that EC2 resolves, such as ``$Latest``. One that is being deleted takes no change.
    """

    desired: int
    minimum: int
    maximum: int
    suspended: tuple[str, ...]
    instances: tuple[AsgInstance, ...]
    version: str = ""
    deleting: bool = False

    @property
    def in_service(self) -> tuple[AsgInstance, ...]:
        """The instances that it has in service."""
        return tuple(instance for instance in self.instances if instance.lifecycle == "InService")


@dataclass(frozen=True, slots=True)
class Activity:
    """A scaling activity, newest first in a list of them.

    Attributes:
        status: ``Successful``, ``Failed``, ``Cancelled``, or what it waits for.
        description: What is done, and to which instance.
        message: Why it failed, in the words of EC2.
        cause: Why it was begun.
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

    @property
    def works(self) -> bool:
        """Whether the next run finds it: one that was idle for weeks, or is just being made, is Active by then."""
        return self.state in {"Active", "Inactive", "Pending"}


Halted = Literal[
    "",
    "alarm-no-data",
    "alarm-disabled",
    "alarm-missing",
    "alarm-other-queue",
    "no-alarm",
    "alarms-suspended",
    "policy-disabled",
    "forecast-only",
    "percent-of-none",
]


@dataclass(frozen=True, slots=True)
class Starter:
    """What may start a worker beside a rule that runs the autoscaler.

    Attributes:
        kind: A scaling policy, a scheduled action of the group, or a schedule of EventBridge Scheduler that runs the
            autoscaler (``schedule``) or sets the group's size itself (``resize``).
        enabled: Whether it acts.
        when: Its alarms, its next time, or its schedule.
        why: Why a policy that has alarms does not act; empty where it does.
        unseen: Why it is not known whether its alarms act.
        alarms: The alarms that carry out a policy.
        zone: The time zone of a schedule, such as ``Asia/Seoul``; empty for UTC.
        group: The group of EventBridge Scheduler that a schedule is in; empty for its default one.
        percent: Whether a policy adds a percentage of what is there, and no least number: it adds nothing to none.
    """

    kind: Literal["policy", "action", "schedule", "resize"]
    name: str
    enabled: bool
    when: str = ""
    why: Halted = ""
    unseen: Unavailable | None = None
    zone: str = ""
    alarms: tuple[str, ...] = ()
    group: str = ""
    percent: bool = False

    def alarm_names(self) -> tuple[str, ...]:
        """Return a policy's alarms; those of evidence that was saved before they stood by themselves, too."""
        return self.alarms or tuple(filter(None, self.when.split(", ")))


@dataclass(frozen=True, slots=True)
class Refresh:
    """An instance refresh: how a new version of the workers is deployed.

    Attributes:
        status: Its status, such as ``InProgress``.
        left: How many instances are still to be replaced.
    """

    status: str
    percent: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None
    left: int | None = None


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
