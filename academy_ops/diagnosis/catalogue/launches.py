"""Section 3-1: why a group's launches fail."""

from collections.abc import Mapping
from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Variant
from academy_ops.diagnosis.catalogue.group import ROWS
from academy_ops.diagnosis.command import aws

_to_read, _to_change = ROWS.to_read, ROWS.to_change

FAILING: Final[Mapping[str, Variant]] = {
    "capacity": _to_read(
        "Every launch fails: EC2 has no capacity for this instance type in the group's Availability Zones.",
        "Wait, as the Auto Scaling group retries by itself. Or add subnets in other Availability "
        "Zones, or other instance types with a mixed instances policy.",
        commands.TEMPLATE + commands.SUBNETS,
    ),
    "quota": _to_change(
        "Every launch fails: an EC2 quota of this account is used up.",
        "Terminate unused instances, or request a quota increase in the Service Quotas console (for vCPUs: "
        "Running On-Demand Standard instances).",
        aws(
            "ec2 describe-instances --filters Name=instance-state-name,Values=running "
            "--output text --query Reservations[].Instances[].[InstanceId,InstanceType,LaunchTime]"
        ),
    ),
    "image": _to_change(
        "Every launch fails: the machine image is gone, not shared with this account, or built "
        "for another architecture.",
        "Set an existing image in a new version of the launch template, and have the Auto "
        "Scaling group use that version.",
        commands.TEMPLATE + commands.IMAGES,
    ),
    "template": _to_change(
        "Every launch fails: EC2 rejects a value in the launch template.",
        "Correct what the message names (key pair, security group, instance type, zone, device) in a new version "
        "of the launch template, and have the Auto Scaling group use that version.",
        commands.TEMPLATE + commands.KEY_PAIRS_AND_GROUPS,
    ),
    "network": _to_change(
        "Every launch fails: the group's subnet is gone, has no free addresses, or is in a "
        "different VPC than its security group.",
        "Set a subnet that exists and has free addresses in the Auto Scaling group.",
        commands.TEMPLATE + commands.SUBNETS,
    ),
    "volume-key": _to_change(
        "Launched instances are terminated immediately: EC2 can't use the KMS key that encrypts their volume.",
        "Enable the key or cancel its deletion. Its policy must allow the role AWSServiceRoleForAutoScaling to use "
        "it and to create grants; a key in another account needs a grant for that role.",
        commands.TEMPLATE + commands.VOLUME_KEYS,
    ),
    "role": _to_change(
        "Every launch fails: the instance profile or Auto Scaling's service-linked role is "
        "missing or lacks permissions.",
        "Create the instance profile or role named in the message, or allow iam:PassRole for it. "
        "The role of Auto Scaling itself is AWSServiceRoleForAutoScaling.",
        commands.ROLES,
    ),
    "encoded": _to_read(
        "Every launch is denied; AWS gives the reason in an encoded message.",
        "Decode the message: it shows the action, the resource and the statement that denies it. "
        "This needs sts:DecodeAuthorizationMessage.",
        commands.DECODE,
    ),
    "account": _to_change(
        "Every launch fails: AWS does not allow this account to launch instances here.",
        "Follow the message: wait for the account verification, accept the image's terms in AWS "
        "Marketplace, enable the region, or contact AWS Support.",
        commands.WHO,
    ),
    "load-balancer": _to_read(
        "Every launch fails: the Auto Scaling group is attached to a target group or load balancer that no longer "
        "exists.",
        "Detach it from the Auto Scaling group, or attach the one that replaced it. Workers need none: they take "
        "their jobs from the queue.",
        commands.describe_group("AutoScalingGroups[].[TargetGroupARNs,LoadBalancerNames]", "--output text"),
    ),
    "hook": _to_read(
        "Every launch is canceled: a lifecycle hook abandons it, or is not completed in time.",
        "Check which hook it is, and why the instance's boot script or the function that should "
        "complete it does not. Or delete the hook.",
        commands.HOOKS,
    ),
}
