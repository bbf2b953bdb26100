"""Which of two sides that differ is the wrong one: the API's settings, or a worker's."""

from __future__ import annotations

from collections.abc import Mapping

from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from checks.facts import Case
from checks.host_facts import Environment
from checks.r2 import api_side_wrong
from checks.words import Fault


def fail_beside_api(build: FindingBuilder, case: Case, fault: Fault, evidence: Mapping[str, Json]) -> Finding:
    """Write a worker's fault down; where the API's side is the wrong one, nobody is told to copy it."""
    reason = "api-side" if fault.code in _behind(case) else fault.reason
    return build.fail(fault.code, evidence, reason=reason)


def differs_from_wrong(own: Environment, case: Case) -> bool:
    """Return whether a worker's environment differs from the API's in what is wrong there."""
    wrong = _behind(case)
    of_r2 = "different" in (own.endpoint, own.bucket, own.access_key, own.secret_key)
    of_queue = "different" in (own.queue, own.region, own.aws_endpoint)
    return (of_r2 and "worker-r2-mismatch" in wrong) or (of_queue and "worker-queue-mismatch" in wrong)


def _behind(case: Case) -> set[str]:
    """Return the faults of a worker, of having others or none, that the API's own settings can't mend."""
    no_queue = not isinstance(case.queue, Unavailable) and case.queue.queue is None
    of_r2 = {"worker-r2-mismatch", "worker-env-missing"} if api_side_wrong(case) else set[str]()
    return of_r2 | ({"worker-queue-mismatch"} if no_queue else set())
