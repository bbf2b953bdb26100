"""The form of a catalogue row, and how its remedies are filled with live names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from academy_ops.diagnosis.records import JobState, Remedy, Risk, Section
from academy_ops.messages import Text

NO_JOB_OR_FAILED: Final = frozenset({JobState.NONE, JobState.FAILED})
WAITING: Final = frozenset({JobState.PENDING, JobState.RUNNING})
RUNNING: Final = frozenset({JobState.RUNNING})
PENDING: Final = frozenset({JobState.PENDING})
NO_JOB_OR_PENDING: Final = frozenset({JobState.NONE, JobState.PENDING})
UNSEEN: Final = frozenset({JobState.UNSEEN})
FAILED: Final = frozenset({JobState.FAILED})
NOTHING: Final[frozenset[JobState]] = frozenset()


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: what it means, what it explains, what to do.

    Attributes:
        code: Its stable name.
        section: The runbook section it belongs to.
        meaning: What is wrong, in one sentence.
        states: The job states it explains.
        explains: The codes that are its symptoms where both are present.
        remedies: What to do; commands hold ``{name}`` where a live name goes.
        warn: It is told by a ``warn`` finding and is never the cause.
        blinds: It says that the tool could not look, not that the academy is at fault.
    """

    code: str
    section: Section
    meaning: Text
    states: frozenset[JobState] = NOTHING
    explains: frozenset[str] = frozenset()
    remedies: tuple[Remedy, ...] = ()
    warn: bool = False
    blinds: bool = False


def codes(*names: str) -> frozenset[str]:
    """Return the codes named; reads better in a table than a set of a tuple."""
    return frozenset(names)


def do(text: Text, command: str | None = None, verify: str | None = None, risk: Risk = "read") -> Remedy:
    """Make a remedy row."""
    return Remedy(text, command, verify, risk)


def filled(remedies: tuple[Remedy, ...], names: Mapping[str, str]) -> tuple[Remedy, ...]:
    """Fill the commands of ``remedies`` with live names, each quoted for a POSIX shell.

    Args:
        remedies: Rows of the catalogue.
        names: Placeholder to live name; one that is not known stays visible as ``<name>``.
    """
    quoted = _Names({name: shlex.quote(value) for name, value in names.items()})
    # Both are words of a command line, not one argument of it; a job id is of a form that needs no quotes.
    quoted["ops"] = names.get("ops", "academy-ops")
    quoted["job"] = f" {names['job_id']}" if names.get("job_id") else ""
    return tuple(
        replace(
            remedy,
            command=remedy.command.format_map(quoted) if remedy.command else None,
            verify=remedy.verify.format_map(quoted) if remedy.verify else None,
        )
        for remedy in remedies
    )


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"<{name}>"
