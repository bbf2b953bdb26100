"""The documents ``academy-ops/diagnosis/1``, as the product's contract has it, and ``academy-ops/smoke/1``."""

import json
from typing import Final

from academy_ops import __version__
from academy_ops.diagnosis.records import Diagnosis, Finding, Json, Remedy
from academy_ops.report.content import line
from academy_ops.smoke.records import HOPS, Smoke

SCHEMA: Final = "academy-ops/diagnosis/1"
SMOKE_SCHEMA: Final = "academy-ops/smoke/1"


def render_diagnosis(diagnosis: Diagnosis, _ops: str = "academy-ops") -> str:
    """Return the document of ``diagnosis`` as JSON text."""
    return _text(_document(diagnosis))


def render_smoke(smoke: Smoke, _ops: str = "academy-ops") -> str:
    """Return the document of ``smoke`` as JSON text."""
    result = smoke.job_result
    return _text(
        {
            "schema": SMOKE_SCHEMA,
            "tool": f"academy-ops {__version__}",
            **({"context": smoke.context} if smoke.context else {}),
            "job_id": smoke.job_id,
            "started_at": smoke.started_at.isoformat(),
            "elapsed_ms": smoke.elapsed_ms,
            "result": smoke.result,
            "cause": smoke.cause,
            "summary": line(smoke.summary),
            "hops_ms": {hop: smoke.seen.reached_ms.get(hop) for hop in HOPS},
            "created": result.created if result else None,
            "duplicates": result.duplicates if result else None,
            "deleted": smoke.seen.deleted,
            "left": line(smoke.left) if smoke.left else None,
            "diagnosis": _document(smoke.diagnosis) if smoke.diagnosis else None,
        }
    )


def _text(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _document(diagnosis: Diagnosis) -> dict[str, Json]:
    verdict = diagnosis.verdict
    return {
        "schema": SCHEMA,
        "tool": f"academy-ops {__version__}",
        **({"context": diagnosis.context} if diagnosis.context else {}),
        **({"tier": diagnosis.tier} if diagnosis.tier else {}),
        "job_id": diagnosis.job_id,
        "started_at": diagnosis.started_at.isoformat(),
        "elapsed_ms": diagnosis.elapsed_ms,
        "verdict": None
        if diagnosis.step
        else {
            "status": verdict.status,
            "cause": verdict.cause,
            "reason": verdict.reason,
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


def _finding(finding: Finding) -> Json:
    return {
        "check": finding.check,
        "section": finding.section,
        "status": finding.status,
        "cause": finding.cause,
        "reason": finding.reason,
        "summary": str(finding.summary),
        "evidence": dict(finding.evidence),
        "remedies": _remedies(finding.remedies),
        "missing_permission": finding.missing_permission,
        "because": str(finding.because) if finding.because else None,
        "elapsed_ms": finding.elapsed_ms,
    }


def _remedies(remedies: tuple[Remedy, ...]) -> list[Json]:
    return [
        {"text": str(remedy.text), "command": remedy.command, "verify": remedy.verify, "risk": remedy.risk}
        for remedy in remedies
    ]
