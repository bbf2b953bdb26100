"""What a group's activities tell: launches that came to nothing and why, and who last set its size."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from academy_ops.diagnosis.records import listed
from academy_ops.thresholds import LAUNCH_LOOP_LAUNCHES, LAUNCH_LOOP_SECONDS
from checks.facts import Case
from checks.group_facts import Activity, Group, WorkersFacts
from checks.job_progress import waited
from checks.times import age
from checks.words import meaning, table

_INSTANCE_ID: Final = re.compile(r"\bi-[0-9a-f]+\b")
_FAILED: Final = frozenset({"Failed", "Cancelled"})
_HEALTH_CHECK: Final = re.compile(r"health.?check", re.IGNORECASE)
_SCALED_IN: Final = re.compile(r"difference between desired and actual capacity|shrinking the capacity", re.IGNORECASE)
"""A termination is scaling in only where the activity says so."""
_ENDED_ELSEWHERE: Final = re.compile(r"terminated or stopped|user request|rebalance|\bspot\b", re.IGNORECASE)
_REFRESHED: Final = re.compile(r"instance refresh", re.IGNORECASE)
_FOR_LATER: Final = "into warm pool"
"""An instance that is kept ready is none of the group's yet."""
_SENTENCE: Final = re.compile(r"(?=\bAt \d{4}-\d\d-\d\dT)")
_ENCODED: Final = re.compile(r"Encoded authorization failure message:\s{0,9}([\w+/=-]{1,8192})", re.IGNORECASE)

_REASONS: Final = table(
    ("hook", r"lifecycle (?:action|hook)|abandoned: "),
    ("role", r"iam:PassRole"),
    ("encoded", r"Encoded authorization failure message"),
    ("volume-key", r"KMS|Client\.InternalError|client error on launch"),
    (
        "quota",
        r"(?:vCPU|instance|volume|storage|interface) limit|CountExceeded|count exceeded|quota",
        # Of calls, and gone a moment later.
        r"(?<!Request)LimitExceeded",
        r"instances?(?:\(s\))? are already running|maximum number of .{0,40}(?:reached|exceeded)",
        r"reached the maximum number of",
    ),
    (
        "capacity",
        r"Insufficient\w{0,30}Capacity|sufficient .{0,60}capacity|no spot capacity|UnfulfillableCapacity",
        r"CapacityExceeded|SpotMaxPriceTooLow|spot .{0,20}price|Capacity ?(?:Block|Reservation)",
        r"capacity-not-available|Server\.Spot|spot .{0,40}(?:interrupt|terminat)",
    ),
    (
        "account",
        r"PendingVerification|being (?:verified|validated)|OptInRequired|not subscribed|marketplace",
        r"account .{0,40}(?:blocked|suspended|closed)|aws-verification@|not opted in",
        r"needs a subscription|declarative policy|(?:service|resource) control policy",
    ),
    (
        "role",
        r"instance ?profile|service-linked role|AWSServiceRole|ServiceLinkedRole|assume role",
        r"not authorized to (?:use|perform)|UnauthorizedOperation|Authentication Failure|AuthFailure",
        r"validate the provided access credentials",
    ),
    (
        "load-balancer",
        r"target groups?\b|load ?balancers? .{0,80}(?:not found|does not exist|failed)|add instance to load ?balancer",
    ),
    ("image", r"InvalidAMIID|\bAMIs?\b|image ?id\b|for images|InvalidSnapshot|snapshot .{0,80}does not exist"),
    ("template", r"key ?pair|security group .{0,120}does not exist|InvalidGroup|groupName"),
    (
        "network",
        r"subnet|free addresses|default VPC|non-VPC|vpc ID|different networks|\binterface\b|network ?interface",
    ),
    (
        "template",
        r"launch ?template|launch ?configuration|instance type|availability zone|requested configuration",
        r"not (?:currently )?supported|device|InvalidParameter|placement group|virtualName|tenancy",
        r"\bInvalid (?:id\b|value ')|tag (?:policy|key)|dedicated host|volume size ratio",
        r"httpTokens|IMDSv1|user ?data|(?:volume size|volume of size|smaller than snapshot)",
    ),
)
"""EC2's and Auto Scaling's own words; the first that is found decides."""


@dataclass(frozen=True, slots=True)
class History:
    """Launches that came to nothing since the job waits, newest first.

    Attributes:
        failed: EC2 refused them, or they were cancelled.
        ended: They succeeded, and their instances are gone again, not by scaling in.
        set_back: Their instances were scaled in again.
        failure: The newest that failed, whose words tell most; also one before the job waited, if none succeeded since.
    """

    failed: tuple[Activity, ...] = ()
    ended: tuple[Activity, ...] = ()
    set_back: tuple[Activity, ...] = ()
    failure: Activity | None = None

    @property
    def code(self) -> str | None:
        """The cause that they prove; None where they are too few."""
        if len(self.failed) + len(self.ended) >= LAUNCH_LOOP_LAUNCHES:
            return "worker-launch-failing" if len(self.failed) >= len(self.ended) else "worker-launch-loop"
        return "worker-scaled-to-zero" if len(self.set_back) >= LAUNCH_LOOP_LAUNCHES else None


def launches(facts: WorkersFacts) -> list[Activity]:
    """Return the launches among the group's activities, newest first."""
    return [
        activity
        for activity in listed(facts.activities)
        if activity.description.startswith("Launching") and _FOR_LATER not in activity.description
    ]


def history(case: Case, facts: WorkersFacts, group: Group, *, waits: bool) -> History:
    """Return the launches that came to nothing; where work waits, since it does.

    What failed before an instance that is in service now was launched is outlived by it.
    """
    known = waited(case) if waits else None
    since = LAUNCH_LOOP_SECONDS if known is None else known
    present = {instance.instance_id for instance in group.instances}
    serving = {instance.instance_id for instance in group.in_service}
    scaled_in, refreshed = set[str](), set[str]()
    for activity in listed(facts.activities):
        if activity.description.startswith("Terminating") and not _HEALTH_CHECK.search(activity.cause):
            gone = _INSTANCE_ID.findall(activity.description)
            scaled_in.update(gone if _SCALED_IN.search(activity.cause) else ())
            refreshed.update(gone if _REFRESHED.search(activity.cause) else ())
    failed, ended, set_back = list[Activity](), list[Activity](), list[Activity]()
    outlived = False
    for launch in launches(facts):
        names = set(_INSTANCE_ID.findall(launch.description))
        begun = age(case.observed_at, launch.started_at)
        if launch.status in _FAILED:
            if not outlived and _within(begun, since):
                failed.append(launch)
        elif launch.status == "Successful":
            outlived = outlived or bool(names & serving)
            if names & scaled_in:
                if waits and _within(begun, since):
                    set_back.append(launch)
            elif not names & (present | refreshed) and _within(begun, max(since, LAUNCH_LOOP_SECONDS)):
                ended.append(launch)
    newest = next(iter(failed), None) or _newest_failure(facts)
    return History(tuple(failed), tuple(ended), tuple(set_back), newest)


def _newest_failure(facts: WorkersFacts) -> Activity | None:
    """Return the newest launch that failed, if none has succeeded since."""
    ended = next((launch for launch in launches(facts) if launch.status in _FAILED | {"Successful"}), None)
    return ended if ended and ended.status in _FAILED else None


def reason(failure: Activity) -> str | None:
    """Return the stable word for why a launch failed; None for words that are not known."""
    words = _ENCODED.sub("Encoded authorization failure message", f"{failure.message} {failure.description}")
    return meaning(words, _REASONS)


def encoded(failure: Activity) -> str | None:
    """Return the encoded message that STS can decode, where there is one."""
    found = _ENCODED.search(failure.message) or _ENCODED.search(failure.description)
    return found[1] if found else None


def ending(facts: WorkersFacts, launch: Activity) -> str | None:
    """Return why the instance of ``launch`` was terminated, in Auto Scaling's own words; None where none tells."""
    names = set(_INSTANCE_ID.findall(launch.description))
    ends = (activity for activity in listed(facts.activities) if activity.description.startswith("Terminating"))
    return next((end.cause or None for end in ends if names.intersection(_INSTANCE_ID.findall(end.description))), None)


def ended_by_others(facts: WorkersFacts, launch: Activity) -> bool:
    """Return whether something else than the group's health checks has ended the instance of ``launch``."""
    return _ENDED_ELSEWHERE.search(ending(facts, launch) or "") is not None


def last_set(known: Sequence[Activity]) -> tuple[str, datetime | None] | None:
    """Return what last set the desired capacity, in Auto Scaling's own words, and when; None where none tells."""
    for activity in known:
        sentences = [part.strip() for part in _SENTENCE.split(activity.cause) if "desired capacity" in part]
        if sentences:
            return sentences[-1], activity.started_at
    return None


def _within(known: float | None, seconds: float) -> bool:
    return known is not None and known <= seconds
