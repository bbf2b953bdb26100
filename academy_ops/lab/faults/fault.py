"""One fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from academy_ops.messages import Text

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be broken.

    Attributes:
        name: The code of the cause that it produces; another way to it has a word of its own behind a slash.
        does: What is done.
        put_in: Does it; returns the job's id where it made one.
        needs_worker: Whether it concerns a worker that must be there; the autoscaler may just have ended the last, and
            ends none from then on.
    """

    name: str
    does: Text
    put_in: Callable[[Lab], str | None]
    needs_worker: bool = False
