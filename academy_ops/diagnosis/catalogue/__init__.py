"""The cause catalogue: every code, in the order of the pipeline, as data."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from academy_ops.diagnosis.catalogue.access import ACCESS
from academy_ops.diagnosis.catalogue.autoscaler import AUTOSCALER
from academy_ops.diagnosis.catalogue.boot import BOOT
from academy_ops.diagnosis.catalogue.cause import Cause, filled
from academy_ops.diagnosis.catalogue.containers import CONTAINERS
from academy_ops.diagnosis.catalogue.endpoint import ENDPOINT
from academy_ops.diagnosis.catalogue.gateway import GATEWAY
from academy_ops.diagnosis.catalogue.hosts import HOSTS
from academy_ops.diagnosis.catalogue.job import JOB
from academy_ops.diagnosis.catalogue.queue import QUEUE
from academy_ops.diagnosis.catalogue.r2 import R2
from academy_ops.diagnosis.catalogue.worker_env import WORKER_ENV
from academy_ops.diagnosis.catalogue.worker_log import WORKER_LOG
from academy_ops.diagnosis.catalogue.workers import WORKERS
from academy_ops.diagnosis.records import Section

__all__ = ["CATALOGUE", "Cause", "explained_by", "faults_of", "filled", "position"]

_PIPELINE: Final = (
    *ACCESS, *R2, *ENDPOINT, *GATEWAY, *QUEUE, *WORKERS, *AUTOSCALER,
    *BOOT, *HOSTS, *WORKER_ENV, *WORKER_LOG, *CONTAINERS, *JOB,
)  # fmt: skip
CATALOGUE: Final[Mapping[str, Cause]] = MappingProxyType({cause.code: cause for cause in _PIPELINE})
"""Code to cause. The order is that of the pipeline, which decides among equals."""

_ORDER: Final = {code: number for number, code in enumerate(CATALOGUE)}


def faults_of(*sections: Section) -> tuple[str, ...]:
    """Return the codes of these sections of the runbook, but for those that only warn."""
    return tuple(cause.code for cause in _PIPELINE if cause.section in sections and not cause.warn)


def position(code: str) -> int:
    """Return where ``code`` stands in the order of the pipeline."""
    return _ORDER[code]


@cache
def explained_by(code: str) -> frozenset[str]:
    """Return every code that ``code`` explains, directly or through a third."""
    reached: set[str] = set()
    ahead = [code]
    while ahead:
        new = CATALOGUE[ahead.pop()].explains - reached - {code}
        reached |= new
        ahead.extend(new)
    return frozenset(reached)


def extract(*_: object, **__: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield every sentence of the rows, as Babel asks for what is to be translated."""
    for cause in CATALOGUE.values():
        remedies = [*cause.remedies, *(remedy for reason in cause.reasons.values() for remedy in reason.remedies)]
        meanings = (cause.meaning, cause.told_by, *(reason.meaning for reason in cause.reasons.values()))
        for text in (*meanings, *(remedy.text for remedy in remedies)):
            yield 1, "say", text.template, []
