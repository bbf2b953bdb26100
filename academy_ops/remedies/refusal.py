"""The one error that leaves a remedy."""

from __future__ import annotations

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Unseen
from academy_ops.messages import Text, say


class RemedyError(Exception):
    """The change can't be made; the message says what was and was not done.

    Attributes:
        message: Why, for the operator.
        unseen: It failed because something could not be observed or was denied, not because it is refused.
    """

    def __init__(self, message: Text, *, unseen: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unseen = unseen


def denied(done: Text, unseen: Unseen) -> RemedyError:
    """Make the error for a call that AWS refused.

    Args:
        done: What was changed before, in a sentence.
        unseen: The refusal.
    """
    return RemedyError(
        say("{done} {reason}. {detail}", done=done, reason=because(unseen), detail=unseen.detail), unseen=True
    )


NOTHING_CHANGED = say("Nothing was changed:")
