"""The diagnosis document ``academy-ops/diagnosis/1``, as the product's contract has it."""

from __future__ import annotations

import json
from typing import Final

from academy_ops import __version__
from academy_ops.diagnosis.records import Diagnosis, Finding, Json, Remedy

SCHEMA: Final = "academy-ops/diagnosis/1"


def document(diagnosis: Diagnosis) -> dict[str, Json]:
    """Return the document of ``diagnosis``; sentences are in the current language."""
    verdict = diagnosis.verdict
    return {
        "schema": SCHEMA,
        "tool": f"academy-ops {__version__}",
        "job_id": diagnosis.job_id,
        "started_at": diagnosis.started_at.isoformat(),
        "elapsed_ms": diagnosis.elapsed_ms,
        "verdict": {
            "status": verdict.status,
            "cause": verdict.cause,
            "section": verdict.section,
            "summary": str(verdict.summary),
            "remedies": _remedies(verdict.remedies),
            "also": list(verdict.also),
            "symptoms": list(verdict.symptoms),
            "warnings": list(verdict.warnings),
            "ruled_out": list(verdict.ruled_out),
        },
        "findings": [_finding(finding) for finding in diagnosis.findings],
    }


def as_text(diagnosis: Diagnosis) -> str:
    """Return the document of ``diagnosis`` as JSON text."""
    return json.dumps(document(diagnosis), ensure_ascii=False, indent=2) + "\n"


def _finding(finding: Finding) -> Json:
    return {
        "check": finding.check,
        "section": finding.section,
        "status": finding.status,
        "cause": finding.cause,
        "summary": str(finding.summary),
        "evidence": dict(finding.evidence),
        "remedies": _remedies(finding.remedies),
        "missing_permission": finding.missing_permission,
        "because": str(finding.because) if finding.because else None,
        "elapsed_ms": finding.elapsed_ms,
    }


def _remedies(remedies: tuple[Remedy, ...]) -> list[Json]:
    return [{"text": str(one.text), "command": one.command, "verify": one.verify, "risk": one.risk} for one in remedies]
