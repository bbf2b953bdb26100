"""The form of every remedy: what would change, the change itself, and how to see that it has taken effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from academy_ops.messages import Text
from academy_ops.outside.clients import Target

End = Literal["reached", "failed", "unseen"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has taken effect.

    Attributes:
        text: What is seen now.
        end: How it ended; None while it goes on. ``unseen`` means that the end can't be observed.
    """

    text: Text
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A change, before it is made.

    Attributes:
        changes: What will change, from what to what.
        risks: What it costs or risks, and who may undo it.
        apply: Makes the change; returns what was done, raises `RemedyError` with what was and was not done.
        follow: Watches it take effect, until the target's deadline; None where it does at once.
        usual: How long that takes as a rule.
        nothing_to_do: Why no change is needed, where none is.
        interrupts_work: Workers may be stopped while messages are, or may be, in flight.
        then: Plans what must follow before workers have anything of it; None where nothing must.
    """

    changes: tuple[Text, ...]
    risks: tuple[Text, ...]
    apply: Callable[[Target], Text]
    follow: Callable[[Target], Iterator[Progress]] | None = None
    usual: Text | None = None
    nothing_to_do: Text | None = None
    interrupts_work: bool = False
    then: Callable[[Target], Plan] | None = None
