"""The API's containers as the AWS load balancer in front of them sees them; evidence where that may be asked for."""

from functools import partial
from itertools import chain
from typing import Final

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS
from academy_ops.outside.time_limits import gather
from checks.facts import TargetHealth

ACTION: Final = "elasticloadbalancing:DescribeTargetHealth"
_LIST: Final = "elasticloadbalancing:DescribeTargetGroups"
_API_PORT: Final = 8000
_GROUPS: Final = 3
"""So many target groups are asked; during a deployment there may be two."""
_TARGETS: Final = 20
_USABLE: Final = frozenset({"healthy", "unavailable"})
"""A target whose health check is turned off gets requests, too."""
_LEAVES: Final = frozenset({"draining", "unhealthy.draining"})
_UNHEALTHY: Final = {
    "Target.ResponseCodeMismatch": "health-check",
    "Target.Timeout": "no-answer",
    "Elb.InternalError": "internal",
}


def none_serves(targets: tuple[TargetHealth, ...]) -> str | None:
    """Return why the load balancer has nobody to send a request to, as a stable word; None where it has.

    Without any healthy target it sends requests to unhealthy ones.
    """
    # Another group of the same port, which no listener leads to, says nothing.
    used = [target for target in targets if target.reason != "Target.NotInUse"]
    if any(target.state in _USABLE for target in used):
        return None
    if any(target.state == "initial" for target in used):
        return "starting"
    sick = [target for target in used if target.state == "unhealthy"]
    if sick:
        return _UNHEALTHY.get(sick[0].reason, "load-balancer")
    return "draining" if any(target.state in _LEAVES for target in used) else "no-target"


def read_targets(target: Target) -> tuple[TargetHealth, ...] | Unavailable | None:
    """Return the targets of the groups that lead to the API's port; None where no group does."""
    try:
        groups = target.connect.aws("elbv2").describe_target_groups(PageSize=400)["TargetGroups"]
        arns = [group["TargetGroupArn"] for group in groups if group.get("Port") == _API_PORT][:_GROUPS]
    except AWS_ERRORS as error:
        return target.connect.unseen(error, _LIST)
    if not arns:
        return None
    found = gather([(ACTION, partial(_of_group, target, arn)) for arn in arns], target.until)
    seen = [group for group in found if not isinstance(group, Unavailable)]
    unseen = next((group for group in found if isinstance(group, Unavailable)), None)
    return unseen if unseen and not seen else tuple(chain.from_iterable(seen))[:_TARGETS]


def _of_group(target: Target, arn: str) -> tuple[TargetHealth, ...] | Unavailable:
    clean = target.connect.clean
    try:
        answer = target.connect.aws("elbv2").describe_target_health(TargetGroupArn=arn)
        return tuple(
            TargetHealth(
                clean(f"{known['Target']['Id']}:{known['Target'].get('Port', _API_PORT)}"),
                *(clean(known.get("TargetHealth", {}).get(name, "")) for name in ("State", "Reason", "Description")),
            )
            for known in answer["TargetHealthDescriptions"]
        )
    except AWS_ERRORS as error:
        return target.connect.unseen(error, ACTION)
