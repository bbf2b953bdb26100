"""The form of a catalogue row, and how its remedies are filled with live names."""

from __future__ import annotations

import re
import shlex
import string
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
    """One cause: what it means, how it is told, what it explains, what to do.

    Attributes:
        code: Its stable name.
        section: The runbook section it belongs to.
        meaning: What is wrong, in one sentence.
        told_by: How it is told from what was observed, with its thresholds; what ``judge`` of its check does.
        look: Commands by which an operator sees the same by hand; they only read, and hold ``{name}`` as remedies do.
        states: The job states it explains.
        explains: The codes that are its symptoms where both are present.
        remedies: What to do; commands hold ``{name}`` where a live name goes.
        warn: It is told by a ``warn`` finding and is never the cause.
        inconclusive: It says that the tool could not look, not that the academy is at fault.
    """

    code: str
    section: Section
    meaning: Text
    told_by: Text
    look: tuple[str, ...]
    states: frozenset[JobState] = NOTHING
    explains: frozenset[str] = frozenset()
    remedies: tuple[Remedy, ...] = ()
    warn: bool = False
    inconclusive: bool = False


def codes(*names: str) -> frozenset[str]:
    """Return the codes named; reads better in a table than a set of a tuple."""
    return frozenset(names)


def remedy(text: Text, command: str, verify: str, risk: Risk = "read") -> Remedy:
    """Make a remedy row.

    Args:
        text: What to do. Where that is done by hand, the command shows what to correct.
        command: ``{name}`` stands for a live name, ``{job}`` for " <job id>" or nothing; ``{{`` and ``}}`` are braces.
        verify: The command that shows whether it worked.
        risk: Of text and command together.
    """
    return Remedy(text, command, verify, risk)


def filled(remedies: tuple[Remedy, ...], names: Mapping[str, str]) -> tuple[Remedy, ...]:
    """Fill the commands of ``remedies`` with live names.

    A remedy that needs a name which is not known is left out where another remedy can be given whole: where no rule
    runs the autoscaler, none can be enabled, but one can be made.

    Args:
        remedies: Rows of the catalogue.
        names: Placeholder to live name. Where no remedy is whole, a name that is not known stays visible as ``<name>``.
    """
    whole = tuple(one for one in remedies if not _placeholders(one) - {*names, *_ALWAYS})
    return tuple(
        replace(
            one,
            command=fill(one.command, names) if one.command else None,
            verify=fill(one.verify, names) if one.verify else None,
        )
        for one in whole or remedies
    )


def fill(command: str, names: Mapping[str, str]) -> str:
    """Fill one command with live names, each quoted for a POSIX shell; an unknown one becomes ``<name>``."""
    quoted = _Names({name: shlex.quote(value) for name, value in names.items()})
    # Both are words of a command line, not one argument of it; a job id is of a form that needs no quotes.
    quoted["ops"] = names.get("ops", "academy-ops")
    quoted["job"] = f" {names['job_id']}" if names.get("job_id") else ""
    # It stands within quotes, too, in scripts for a worker's host; Docker knows no container with other characters.
    if "worker" in names:
        quoted["worker"] = _NOT_IN_A_CONTAINERS_NAME.sub("_", names["worker"])
    return command.format_map(quoted)


_NOT_IN_A_CONTAINERS_NAME: Final = re.compile("[^A-Za-z0-9_.-]")
_ALWAYS: Final = frozenset({"ops", "job"})
"""Placeholders that `fill` knows by itself."""


def _placeholders(remedy: Remedy) -> set[str]:
    parts = string.Formatter().parse(f"{remedy.command or ''}{remedy.verify or ''}")
    return {name for _, name, _, _ in parts if name}


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"<{name}>"
