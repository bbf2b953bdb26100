"""The form of a catalogue row, and how its remedies are filled with live names."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from academy_ops.diagnosis.command import Steps, fill, placeholders
from academy_ops.diagnosis.records import JobState, Remedy, Section
from academy_ops.messages import Text
from academy_ops.thresholds import FIGURES

NO_JOB_OR_FAILED: Final = frozenset({JobState.NONE, JobState.FAILED})
WAITING: Final = frozenset({JobState.PENDING, JobState.RUNNING})
RUNNING: Final = frozenset({JobState.RUNNING})
PENDING: Final = frozenset({JobState.PENDING})
NO_JOB_OR_PENDING: Final = frozenset({JobState.NONE, JobState.PENDING})
UNSEEN: Final = frozenset({JobState.UNSEEN})
FAILED: Final = frozenset({JobState.FAILED})
NOTHING: Final[frozenset[JobState]] = frozenset()

Sentence = Text | str
"""A plain one may quote any of `FIGURES`; one with values of its own is made by `say`."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What one code means for one of the reasons that can be behind it, and what to do then."""

    meaning: Text
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: what it means, how it is recognized, what it explains, what to do.

    Attributes:
        told_by: How it is recognized in what was observed, with its thresholds; what ``judge`` of its check does.
        look: Commands by which an operator sees the same by hand; they only read.
        states: The job states it explains.
        explains: The codes that are its symptoms where both are present.
        warn: A ``warn`` finding reports it, and it is never the cause.
        inconclusive: It says that the tool could not look, not that the academy is at fault.
        remains: It has to be cured by itself, too, where another fault explains it.
        reasons: What it means for each reason that can be recognized; a stable word each.
    """

    code: str
    section: Section
    meaning: Text
    told_by: Text
    look: tuple[Steps, ...]
    states: frozenset[JobState] = NOTHING
    explains: frozenset[str] = frozenset()
    remedies: tuple[Remedy, ...] = ()
    warn: bool = False
    inconclusive: bool = False
    remains: bool = False
    reasons: Mapping[str, Variant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes the rows of one section, which have much in common.

    Attributes:
        verify: The commands that show whether a remedy worked.
        steps: The commands of a remedy that names none.
        states: The job states that a row explains unless it says otherwise.
        explains: The codes that a row explains unless it says otherwise.
        inconclusive: Whether a row says that the tool could not look, unless it says otherwise.
    """

    section: Section
    verify: Steps
    states: frozenset[JobState] = NOTHING
    explains: frozenset[str] = frozenset()
    inconclusive: bool = False
    steps: Steps = ()

    def cause(
        self,
        code: str,
        meaning: Sentence,
        told_by: Sentence,
        look: tuple[Steps, ...],
        *remedies: Remedy,
        states: frozenset[JobState] | None = None,
        explains: frozenset[str] | None = None,
        warn: bool = False,
        inconclusive: bool | None = None,
        remains: bool = False,
        reasons: Mapping[str, Variant] = MappingProxyType({}),
    ) -> Cause:
        """Make a row."""
        return Cause(
            code,
            self.section,
            said(meaning),
            said(told_by),
            look,
            self.states if states is None else states,
            self.explains if explains is None else explains,
            remedies,
            warn,
            self.inconclusive if inconclusive is None else inconclusive,
            remains,
            reasons,
        )

    def warning(
        self,
        code: str,
        meaning: Sentence,
        told_by: Sentence,
        look: tuple[Steps, ...],
        *remedies: Remedy,
        reasons: Mapping[str, Variant] = MappingProxyType({}),
    ) -> Cause:
        """Make a row for what only warns and explains nothing."""
        plain = Rows(self.section, self.verify)
        return plain.cause(code, meaning, told_by, look, *remedies, warn=True, reasons=reasons)

    def read(self, text: Sentence, steps: Steps, verify: Steps = ()) -> Remedy:
        """Make a remedy that changes nothing."""
        return Remedy(said(text), steps, verify or self.verify)

    def change(self, text: Sentence, steps: Steps = (), verify: Steps = ()) -> Remedy:
        """Make a remedy that changes something."""
        steps = steps or self.steps
        by_hand = not any(step.changes for step in steps)
        return Remedy(said(text), steps, verify or self.verify, "change", by_hand)

    def to_read(self, meaning: Sentence, text: Sentence, steps: Steps) -> Variant:
        """Make a reason with one remedy, which changes nothing."""
        return variant(meaning, self.read(text, steps))

    def to_change(self, meaning: Sentence, text: Sentence, steps: Steps = ()) -> Variant:
        """Make a reason with one remedy, which changes something."""
        return variant(meaning, self.change(text, steps))


def variant(meaning: Sentence, *remedies: Remedy) -> Variant:
    """Return what a reason means, and what to do then."""
    return Variant(said(meaning), remedies)


def said(sentence: Sentence) -> Text:
    """Return a sentence of a row as a `Text`."""
    return Text(sentence, FIGURES) if isinstance(sentence, str) else sentence


def codes(*names: str) -> frozenset[str]:
    """Return the codes named; reads better in a table than a set of a tuple."""
    return frozenset(names)


def filled(remedies: tuple[Remedy, ...], names: Mapping[str, str]) -> tuple[Remedy, ...]:
    """Fill the commands of ``remedies`` with live names; one that is not known stays visible as ``<name>``.

    A remedy that needs a name which is not known is left out where another remedy can be given whole: where no rule
    runs the autoscaler, none can be enabled, but one can be made.
    """
    whole = tuple(
        remedy for remedy in remedies if placeholders(remedy.steps) | placeholders(remedy.check) <= names.keys()
    )
    return tuple(
        replace(remedy, steps=fill(remedy.steps, names), check=fill(remedy.check, names))
        for remedy in whole or remedies
    )
