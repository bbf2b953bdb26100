"""The pipeline as it flows, and how each hop of it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from academy_ops.contract import JobStatus
from academy_ops.diagnosis.check import Hop
from academy_ops.diagnosis.records import Diagnosis, Finding
from academy_ops.messages import say
from checks import RUNBOOK

HopState = Literal["ok", "warn", "fail", "unknown", "unseen"]
"""``unknown``: it could not be observed; ``unseen``: nothing was asked about it, or nothing came so far."""


_CHECKED: Final = {hop.place: check.name for check in RUNBOOK for hop in check.hops}
HOPS: Final = (
    Hop(0, say("browser"), ()),
    *sorted((hop for check in RUNBOOK for hop in check.hops), key=lambda hop: hop.place),
)
"""In the order of the pipeline; no check looks at the browser."""


def check_of(hop: Hop) -> str | None:
    """Return the name of the check that looks at ``hop``; None where none does."""
    return _CHECKED.get(hop.place)


def hop_of(code: str | None) -> Hop | None:
    """Return the hop that a cause breaks; None for one that breaks none, such as missing credentials."""
    return next((hop for hop in HOPS if code and code.startswith(hop.codes)), None)


def states(diagnosis: Diagnosis) -> tuple[HopState, ...]:
    """Tell for each hop in `HOPS` how it is.

    Only faults with a remedy of their own break a hop; what they explain is no more than a warning at its own.
    """
    verdict = diagnosis.verdict
    broken = [hop_of(code) for code in (verdict.cause, *verdict.also)]
    suffering = [hop_of(code) for code in (*verdict.symptoms, *verdict.warnings)]
    return tuple(
        "fail" if hop in broken else "warn" if hop in suffering else _state(hop, diagnosis, _ahead(hop, broken))
        for hop in HOPS
    )


def _state(hop: Hop, diagnosis: Diagnosis, way_ahead: Sequence[Hop | None]) -> HopState:
    told = [finding.status for finding in _findings(hop, diagnosis)]
    if "unknown" in told:
        return "unknown"
    if check_of(hop) == "job" and not _done(diagnosis):
        # The students are there only when the job is done.
        return "unseen"
    if "ok" in told or "warn" in told:
        return "ok"
    # What broke further on has come this far.
    return "ok" if check_of(hop) in {check_of(one) for one in way_ahead if one} else "unseen"


def _done(diagnosis: Diagnosis) -> bool:
    return any(one.check == "job" and one.evidence.get("status") == JobStatus.DONE for one in diagnosis.findings)


def _ahead(hop: Hop, broken: Sequence[Hop | None]) -> list[Hop | None]:
    return [one for one in broken if one and HOPS.index(one) > HOPS.index(hop)]


def _findings(hop: Hop, diagnosis: Diagnosis) -> list[Finding]:
    return [finding for finding in diagnosis.findings if finding.check == check_of(hop)]
