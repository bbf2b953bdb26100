"""The API's containers as a load balancer of AWS sees them, which moto takes for well whatever they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from academy_ops.contract import REGION
from academy_ops.lab.aws.resources import Clients
from academy_ops.lab.state import ACCOUNT

if TYPE_CHECKING:
    from moto.elbv2.models import FakeHealthStatus

_NAME: Final = "academy-api"
_PORT: Final = 8000
_TARGET: Final = "10.20.1.10"


def create(aws: Clients, subnet: str, state: str, reason: str) -> None:
    """Make the API's target group, with one target in such a state; with none where the state is empty."""
    from moto.elbv2.models import elbv2_backends  # noqa: PLC0415 - moto is slow to import

    (found,) = aws("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"]
    elb = aws("elbv2")
    made = elb.create_target_group(Name=_NAME, Protocol="HTTP", Port=_PORT, VpcId=found["VpcId"], TargetType="ip")
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    if state:
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": _TARGET, "Port": _PORT}])
    # moto knows no state but the one that its own EC2 has.
    vars(elbv2_backends[ACCOUNT][REGION].target_groups[arn])["health_for"] = partial(_health, state, reason)


def _health(state: str, reason: str, target: Mapping[str, Any], _ec2: object) -> FakeHealthStatus:
    from moto.elbv2.models import FakeHealthStatus  # noqa: PLC0415 - moto is slow to import

    port = str(_PORT)
    return FakeHealthStatus(target["Id"], port, port, state, reason, reason.partition(".")[2])


def remove() -> None:
    """Remove it, where it is there."""
    from moto.elbv2.models import elbv2_backends  # noqa: PLC0415 - moto is slow to import

    elbv2_backends[ACCOUNT][REGION].target_groups.clear()
