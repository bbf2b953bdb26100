"""Which image the workers run: whether all the same, and whether that of the group's launch template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json
from checks.facts import Case
from checks.group_facts import Refresh
from checks.host_facts import LogsFacts
from checks.workers import in_service

_SHOWN: Final = 10


def judge_images(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Say where workers run different images, or one of a former launch template: a fault of one need not be all's."""
    images: dict[str, list[str]] = {}
    for host in facts.hosts:
        if (container := host.container) and container.image_id:
            images.setdefault(container.image_digest or container.image_id, []).append(host.instance_id)
    former = _former(case)
    if len(images) > 1:
        yield build.warn("worker-images-differ", {"images": _listed(images)} | ({"former": former} if former else {}))
    elif former:
        yield build.warn("worker-images-differ", {"former": former, "images": _listed(images)}, reason="template")


def _former(case: Case) -> list[Json]:
    """Return the instances in service that an earlier version of the launch template has made; none in a deployment."""
    refresh = case.fleet.refresh
    if case.group is None or (isinstance(refresh, Refresh) and refresh.status != "Successful"):
        return []
    versions = {
        instance.instance_id: int(instance.version) for instance in in_service(case) if instance.version.isdecimal()
    }
    current = int(case.group.version) if case.group.version.isdecimal() else max(versions.values(), default=0)
    return [f"{name}: {version} < {current}" for name, version in versions.items() if version < current]


def _listed(images: Mapping[str, Sequence[str]]) -> list[Json]:
    return [f"{image}: {', '.join(names[:_SHOWN])}" for image, names in images.items()]
