"""Deployments: the group's newest instance refresh, the versions that one has left it with, and the workers' images."""

from collections.abc import Iterator
from typing import Final

from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from checks.facts import Case
from checks.group_facts import Group, Refresh, WorkersFacts
from checks.host_facts import LogsFacts

ACTION: Final = "autoscaling:DescribeInstanceRefreshes"
_SHOWN: Final = 10
_UNDER_WAY: Final = frozenset({"Pending", "InProgress", "Baking", "Cancelling"})
_ENDED_BADLY: Final = {
    "Failed": "failed",
    "RollbackFailed": "failed",
    "RollbackInProgress": "rolling-back",
    "Cancelled": "cancelled",
}


def read_refresh(target: Target) -> Refresh | Unavailable | None:
    """Return the group's newest instance refresh; None where there has been none in six weeks."""
    try:
        answer = target.connect.aws("autoscaling").describe_instance_refreshes(
            AutoScalingGroupName=target.settings.group, MaxRecords=1
        )
        newest = next(iter(answer["InstanceRefreshes"]), None)
    except AWS_ERRORS as error:
        # A group that does not exist is told by the group itself.
        return None if error_code(error) == "ValidationError" else target.connect.unseen(error, ACTION)
    if newest is None:
        return None
    clean = target.connect.clean
    return Refresh(
        clean(newest.get("Status", "")),
        newest.get("PercentageComplete"),
        clean(newest.get("StatusReason", "")),
        newest.get("StartTime"),
        newest.get("EndTime"),
        newest.get("InstancesToUpdate"),
    )


def versions(group: Group) -> dict[str, list[str]]:
    """Return which instances in service run which version of the launch template."""
    found: dict[str, list[str]] = {}
    for instance in group.in_service:
        if instance.version:
            found.setdefault(instance.version, []).append(instance.instance_id)
    return found


def shown(refresh: Refresh) -> str:
    """Return a refresh on one line: its status, how far it is, since when, and its own reason."""
    percent = f"{refresh.percent}%" if refresh.percent is not None else ""
    since = f"{refresh.started_at:%Y-%m-%dT%H:%MZ}" if refresh.started_at else ""
    return ", ".join(filter(None, (refresh.status, percent, since, refresh.reason)))


def judge(build: FindingBuilder, facts: WorkersFacts, group: Group) -> Iterator[Finding]:
    """Name a deployment that is under way, or that has left the group between two versions."""
    refresh = facts.refresh
    if isinstance(refresh, Unavailable) or refresh is None:
        return
    evidence: dict[str, Json] = {"refresh": shown(refresh)}
    apart = versions(group)
    if len(apart) > 1:
        evidence["versions"] = {version: list[Json](ids) for version, ids in apart.items()}
    if refresh.status in _UNDER_WAY:
        yield build.ok(say("An instance refresh is in progress: {refresh}.", refresh=shown(refresh)), evidence)
    elif (reason := _ENDED_BADLY.get(refresh.status)) and (reason == "rolling-back" or len(apart) > 1):
        yield build.warn("worker-refresh-failed", evidence, reason=reason)


def judge_images(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Say where workers run different images, or one of a former launch template: a fault of one need not be all's."""
    images: dict[str, list[str]] = {}
    for host in facts.hosts:
        if (container := host.container) and container.image_id:
            images.setdefault(container.image_digest or container.image_id, []).append(host.instance_id)
    listed: list[Json] = [f"{image}: {', '.join(names[:_SHOWN])}" for image, names in images.items()]
    former = _former(case)
    if len(images) > 1:
        yield build.warn("worker-images-differ", present(images=listed, former=former))
    elif former:
        yield build.warn("worker-images-differ", {"former": former, "images": listed}, reason="template")


def _former(case: Case) -> list[Json]:
    """Return the instances in service that an earlier version of the launch template has made; none in a deployment."""
    refresh = case.fleet.refresh
    if case.group is None or (isinstance(refresh, Refresh) and refresh.status != "Successful"):
        return []
    versions = {
        instance.instance_id: int(instance.version)
        for instance in case.group.in_service
        if instance.version.isdecimal()
    }
    current = int(case.group.version) if case.group.version.isdecimal() else max(versions.values(), default=0)
    return [f"{name}: {version} < {current}" for name, version in versions.items() if version < current]
