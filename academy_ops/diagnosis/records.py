"""The records of a diagnosis: what was seen, what it means, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeVar

from academy_ops.diagnosis.command import Place, Steps, posix
from academy_ops.messages import Text, say

T = TypeVar("T")

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

Status = Literal["ok", "warn", "fail", "unknown", "skip"]
Section = Literal["0", "1", "2", "3-1", "3-3", "3-4", "4"]
Risk = Literal["read", "change", "destructive"]
VerdictStatus = Literal["healthy", "in-progress", "faulty", "undetermined"]

RISKS: Final[Mapping[Risk, Text]] = {
    "read": say("read-only"),
    "change": say("changes the system"),
    "destructive": say("can't be undone"),
}
PLACES: Final[Mapping[Place, Text]] = {"api-server": say("on the API server"), "worker": say("on the worker")}
"""Where commands are typed that are not typed here."""
_BY_HAND: Final = say("done by hand; the command only reads")

Reason = Literal[
    "denied",
    "credentials-missing",
    "credentials-invalid",
    "clock-skew",
    "throttled",
    "not-found",
    "dns",
    "refused",
    "tls",
    "timeout",
    "deadline",
    "unreachable",
    "server-error",
    "unexpected-answer",
    "cached",
    "proxy",
    "trust-store",
    "signed-out",
    "too-long",
    "unreadable",
    "not-configured",
    "malformed",
    "offline",
    "log-class",
    "log-key",
    "not-asked",
    "crashed",
]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Something that could not be observed. A value like any other: never a fault, never a pass.

    Attributes:
        tried: What was tried: an IAM action (``sqs:GetQueueAttributes``), a URL, or a setting's name.
        detail: The other side's own words, or the error's.
        why: A stable word for what is behind the reason, where that is known: ``expired`` behind ``tls``.
    """

    reason: Reason
    tried: str
    detail: str = ""
    why: str = ""


def listed(seen: tuple[T, ...] | Unavailable) -> tuple[T, ...]:
    """Return what was observed; nothing where it could not be."""
    return () if isinstance(seen, Unavailable) else seen


NOT_ASKED: Final = Unavailable("not-asked", "")


class JobState(StrEnum):
    """What is known of the job, as the root-cause rule wants it."""

    NONE = "none"
    """No job: nothing was asked about one, or the upload never made one."""
    PENDING = "pending"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"
    UNSEEN = "unseen"
    """There may be a job, but its state could not be read."""
    UNASKED = "unasked"
    """A job was asked about, but no address is set where its state could be read."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Where the job stands.

    Attributes:
        moving: It is young or was seen to move, so its state needs no further explanation.
    """

    state: JobState
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, for people and for a shell.

    Attributes:
        text: What it does, in prose. Where that is done by hand, the steps show what to correct.
        check: The commands that show whether it worked.
        risk: ``read`` changes nothing, ``change`` can be undone, ``destructive`` can't.
        by_hand: A person makes the change, and the steps only show what to correct.
    """

    text: Text
    steps: Steps = ()
    check: Steps = ()
    risk: Risk = "read"
    by_hand: bool = False

    @property
    def effect(self) -> Text:
        """What it does to the system, in words, and where its commands are typed."""
        effect = _BY_HAND if self.by_hand else RISKS[self.risk]
        place = PLACES.get(self.steps[0].place) if self.steps else None
        return say("{effect}; {place}", effect=effect, place=place) if place else effect

    @property
    def command(self) -> str | None:
        """The steps as one line for a POSIX shell."""
        return posix(self.steps) or None

    @property
    def verify(self) -> str | None:
        """The check as one line for a POSIX shell."""
        return posix(self.check) or None


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement of one check.

    Attributes:
        status: ``warn`` and ``fail`` carry a cause.
        evidence: The facts that prove it; no secrets.
        missing_permission: The IAM action that was denied.
        because: Why it was skipped or is unknown.
        may_conceal: The causes that can't be excluded as long as this is unknown.
        elapsed_ms: How long the check's observation took.
        reason: What lies behind the cause, where one code can have several reasons; a stable word.
        explained_by: The causes that explain this one here, besides those of which the catalogue says so.
    """

    check: str
    section: Section
    status: Status
    summary: Text
    cause: str | None = None
    evidence: Mapping[str, Json] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()
    missing_permission: str | None = None
    because: Text | None = None
    may_conceal: frozenset[str] = frozenset()
    elapsed_ms: int = 0
    reason: str | None = None
    explained_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all findings together mean."""

    status: VerdictStatus
    summary: Text
    cause: str | None = None
    section: Section | None = None
    remedies: tuple[Remedy, ...] = ()
    also: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finished run.

    Attributes:
        verdict: What all findings mean; of a run of one step, what that step's mean, which is no verdict on the job.
        findings: In runbook order.
        step: The check that was run alone, or None where the job was diagnosed.
        tier: The tier of workers that was looked at, where that is not the basic one.
        strict: A warning is as bad as a fault: ``--fail-on warn``.
        of_smoke: Its job is the smoke check's, and is taken back: no command names it.
    """

    job_id: str | None
    started_at: datetime
    elapsed_ms: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    step: str | None = None
    strict: bool = False
    context: str | None = None
    tier: str | None = None
    of_smoke: bool = False
