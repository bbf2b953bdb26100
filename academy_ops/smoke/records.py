"""What a smoke check has seen, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from academy_ops.diagnosis.records import Diagnosis, Unavailable
from academy_ops.messages import Text, say

if TYPE_CHECKING:
    from academy_ops.outside.clients import Answer
    from checks.facts import JobDocument, JobResult

Hop = Literal["accepted", "running", "ended", "taken-back"]
Result = Literal["passed", "failed", "undetermined"]

HOPS: Final[Mapping[Hop, Text]] = {
    "accepted": say("upload accepted"),
    "running": say("worker started"),
    "ended": say("job ended"),
    "taken-back": say("students deleted"),
}
"""The hops in their order, in words."""
SMOKE_TITLES: Final[Mapping[Result, Text]] = {
    "passed": say("SMOKE CHECK PASSED"),
    "failed": say("SMOKE CHECK FAILED"),
    "undetermined": say("SMOKE CHECK UNDETERMINED"),
}

MARK: Final = "스모크점검"
"""What the names of the smoke check's students begin with."""
STUDENTS: Final = tuple((f"{MARK}{number}", f"010-0000-000{number}") for number in range(1, 4))
"""Name and parent's phone, which nobody has; the same in each run: where they can't be deleted, the next adds none."""


@dataclass(slots=True)
class Seen:
    """What has been seen so far; it grows, so that whoever interrupts the check knows it, too.

    Attributes:
        upload: What the API said to the upload; None while it is under way.
        job_id: The job that the API has made of it.
        job: The job as it was last read.
        taken_back: What the API said when it was asked to take the students back.
        deleted: How many it has deleted, those that an earlier run could not take back among them.
        reached_ms: When each hop was reached, in milliseconds since the start. A quick worker's start is not seen.
    """

    upload: Answer | Unavailable | None = None
    job_id: str | None = None
    job: JobDocument | Unavailable | None = None
    taken_back: Answer | Unavailable | None = None
    deleted: int | None = None
    reached_ms: dict[Hop, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Smoke:
    """A smoke check that is over.

    Attributes:
        elapsed_ms: How long it took, diagnosis and all.
        left: What may have stayed behind; None where nothing has.
        diagnosis: Why it did not pass.
        context: The context whose settings were in force.
    """

    started_at: datetime
    elapsed_ms: int
    result: Result
    summary: Text
    seen: Seen
    left: Text | None = None
    diagnosis: Diagnosis | None = None
    context: str | None = None

    @property
    def job_id(self) -> str | None:
        """The job that the API made of the upload."""
        return self.seen.job_id

    @property
    def job_result(self) -> JobResult | None:
        """What the job made, as it was last read."""
        return None if self.seen.job is None or isinstance(self.seen.job, Unavailable) else self.seen.job.result

    @property
    def cause(self) -> str | None:
        """The root cause that the diagnosis names."""
        return self.diagnosis.verdict.cause if self.diagnosis else None
