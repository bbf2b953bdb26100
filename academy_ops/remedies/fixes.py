"""Which causes the tool can fix by itself, and with which remedy. Each of them can be undone."""

from collections.abc import Callable, Mapping
from typing import Final

from academy_ops.diagnosis.records import Verdict
from academy_ops.outside.clients import Target
from academy_ops.remedies import parameter, queues, redrive, refresh, scale, switches
from academy_ops.remedies.plan import Plan
from checks import Case

FIXES: Final[Mapping[str, Callable[[Target, Case], Plan]]] = {
    "queue-missing": lambda target, _: queues.plan(target),
    "queue-dead-letters": redrive.plan,
    "worker-scaled-to-zero": lambda target, _: scale.plan(target, 1),
    "worker-launch-suspended": lambda target, _: switches.resume_launches(target),
    "autoscaler-off": lambda target, _: switches.enable_autoscaler(target),
    "worker-env-stale": refresh.plan,
    "worker-env-missing": parameter.plan,
    "worker-queue-mismatch": parameter.plan,
    "worker-r2-mismatch": parameter.plan,
}
"""Cause to what plans its remedy."""


_BY_HAND: Final = frozenset(
    {
        *(("queue-missing", reason) for reason in ("wrong-name", "wrong-region", "bad-name")),
        *((code, "api-side") for code in ("worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch")),
    }
)
"""Where the remedy of the cause would make or copy what nobody means."""


def to_fix(verdict: Verdict) -> str | None:
    """Return the code that ``--fix`` is about: the cause, or where there is none a warning that can be fixed."""
    if (verdict.cause, verdict.reason) in _BY_HAND:
        return None
    if verdict.cause or verdict.status == "undetermined":
        return verdict.cause
    return next((code for code in verdict.warnings if code in FIXES), None)
