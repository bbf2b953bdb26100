"""The one error that leaves a remedy."""

from collections.abc import Iterable, Mapping
from typing import cast

from botocore import xform_name

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.redact import redacted
from academy_ops.messages import Text, UserError, say
from academy_ops.outside.clients import Service, Target
from academy_ops.outside.failures import AWS_ERRORS, outcome_unknown

UNCHANGED = say("Nothing was changed.")


class RemedyError(UserError):
    """The change can't be made; the message says what was and was not done.

    Attributes:
        unseen: It failed because something could not be observed or was denied, not because it is refused.
    """

    def __init__(self, message: Text, *, unseen: bool = False) -> None:
        super().__init__(message)
        self.unseen = unseen


def why(unseen: Unavailable) -> Mapping[str, Text | str]:
    """Return why something could not be read, as the values of a sentence: the reason, and the other side's words."""
    return {"reason": because(unseen), "detail": unseen.detail}


def send(target: Target, action: str, done: Text, **arguments: object) -> Text:
    """Make a change with one call of AWS, named like its IAM action; return what to say of it then.

    Raises:
        RemedyError: AWS refused it, or did not confirm it.
    """
    service, _, operation = action.partition(":")
    try:
        getattr(target.connect.aws(cast("Service", service), changes=True), xform_name(operation))(**arguments)
    except AWS_ERRORS as error:
        raise not_made(target, error, action) from error
    return done


def not_made(
    target: Target, error: Exception, action: str, before: Text | None = None, hidden: Iterable[str] = ()
) -> RemedyError:
    """Make the error for a change that AWS refused, or did not confirm.

    It says what was changed ``before``, and shows none of the ``hidden`` values, which AWS's words may repeat.
    """
    unseen = target.connect.unseen(error, action)
    done = say("Nothing else was changed:") if before else say("Nothing was changed:")
    if outcome_unknown(error):
        done = say("Whether it was changed is not known; check first ({ops} diagnose):", ops=target.ops)
    problem = say(
        "{done} {reason}. {detail}", done=done, reason=because(unseen), detail=redacted(unseen.detail, hidden)
    )
    return RemedyError(say("{before} {then}", before=before, then=problem) if before else problem, unseen=True)
