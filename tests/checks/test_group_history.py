"""A group's history against the job's wait: launches that came to nothing, why, and who set the size back."""

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks.group_facts import Activity
from tests.checks import facts_factory as h
from tests.checks.scenarios import Facts

HOOK = (
    "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 5c3e was abandoned: Heartbeat "
    "Timeout"
)
INTERNAL = (
    "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
    "Client.InternalError: Client error on launch"
)
CAPACITY = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (ap-northeast-2a). "
    "Launching EC2 instance failed."
)
SHRUNK = (
    "At 2026-11-22T01:20:00Z a user request explicitly set group desired capacity changing the desired capacity from "
    "1 to 0.  At 2026-11-22T01:20:10Z an instance was taken out of service in response to a difference between "
    "desired and actual capacity, shrinking the capacity from 1 to 0."
)
ENDED = "At 2026-11-22T01:20:10Z an instance was taken out of service in response to "
CHECKED = f"{ENDED}an ELB system health check failure."
STOPPED = f"{ENDED}an EC2 health check indicating it has been terminated or stopped."
RECLAIMED = f"{ENDED}an EC2 instance rebalance recommendation."
ASKED_FOR = "At 2026-11-22T01:59:45Z an instance was started in response to a difference between desired and actual"


def launch(status: str, seconds: float, message: str = "", name: str = "") -> Activity:
    return Activity(status, f"Launching a new EC2 instance: {name}", message, ASKED_FOR, h.ago(seconds))


def ended(name: str, seconds: float, cause: str) -> Activity:
    return Activity("Successful", f"Terminating EC2 instance: {name}", "", cause, h.ago(seconds))


def over_and_over(cause: str, times: int, every: float, life: float) -> tuple[Activity, ...]:
    """Instances that were launched and terminated again, the newest a minute ago."""
    return tuple(
        one
        for number in range(times)
        for name in [f"i-{number:04x}"]
        for one in (
            ended(name, 60 + number * every, cause),
            launch("Successful", 60 + number * every + life, name=name),
        )
    )


def failures(message: str, times: int = 10, every: float = 300, status: str = "Cancelled") -> tuple[Activity, ...]:
    return tuple(launch(status, 60 + number * every, message, f"i-{number:04x}") for number in range(times))


PENDING_NOW = launch("InProgress", 15, name="i-0")


def waits(
    age: float | None, activities: tuple[Activity, ...], *lifecycle: str, boot: float = 15, **group: int
) -> Facts:
    members = tuple(h.instance(f"i-{number}", state) for number, state in enumerate(lifecycle))
    the_group = h.group(group.pop("desired", 1), instances=members, **group)
    return {
        "document": h.job("PENDING", age=age),
        "queue": h.queue(h.depth(1)),
        "workers": h.workers(the_group, boot=boot, activities=activities),
        "logs": h.NO_LOGS,
    }


NOBODY_COMES_UP = {
    "cancelled by a hook": (waits(3600, (PENDING_NOW, *failures(HOOK)), "Pending"), "worker-launch-failing", "hook"),
    "a volume's key": (
        waits(3600, (PENDING_NOW, *failures(INTERNAL)), "Pending"),
        "worker-launch-failing",
        "volume-key",
    ),
    "no capacity, and one on its way": (
        waits(1200, (PENDING_NOW, *failures(CAPACITY, 4, 240, "Failed")), "Pending"),
        "worker-launch-failing",
        "capacity",
    ),
    "a job of unknown age": (
        waits(None, (PENDING_NOW, *failures(HOOK, 4)), "Pending"),
        "worker-launch-failing",
        "hook",
    ),
    "ended by a health check every 12 minutes": (
        waits(10_800, (PENDING_NOW, *over_and_over(CHECKED, 15, 720, 660)), "Pending"),
        "worker-launch-loop",
        None,
    ),
    "stopped from outside every 12 minutes": (
        waits(10_800, (PENDING_NOW, *over_and_over(STOPPED, 15, 720, 660)), "Pending"),
        "worker-launch-loop",
        "outside",
    ),
    "Spot interruptions": (
        waits(10_800, (PENDING_NOW, *over_and_over(RECLAIMED, 15, 720, 660)), "Pending"),
        "worker-launch-loop",
        "outside",
    ),
    "ended by hand, over and over": (
        waits(
            7200,
            over_and_over(
                "At 2026-11-22T01:20:10Z instance i-0 was taken out of service in response to a user request.",
                4,
                900,
                600,
            ),
            "InService",
            boot=50,
        ),
        "worker-launch-loop",
        "outside",
    ),
    "set up and down by two hands": (
        waits(3600, (PENDING_NOW, *over_and_over(SHRUNK, 5, 240, 120)), "Pending"),
        "worker-scaled-to-zero",
        "set-back",
    ),
    "set down again just now": (
        waits(3600, over_and_over(SHRUNK, 1, 240, 120), desired=0),
        "worker-scaled-to-zero",
        "set-back",
    ),
}


@pytest.mark.parametrize(("facts", "code", "reason"), NOBODY_COMES_UP.values(), ids=NOBODY_COMES_UP)
def test_a_group_that_never_gets_anybody_up_is_a_fault(facts: Facts, code: str, reason: str | None) -> None:
    verdict = h.verdict(h.case(**facts))
    assert (verdict.status, verdict.cause, verdict.reason) == ("faulty", code, reason)


IN_PROGRESS = {
    "failures before the job waited": waits(
        50, (PENDING_NOW, *(launch("Failed", 300 + 60 * n, CAPACITY) for n in range(5))), "Pending"
    ),
    "failures, and then one that is in service and boots": waits(
        1500,
        (launch("Successful", 120, name="i-0"), *(launch("Failed", 300 + 60 * n, CAPACITY) for n in range(5))),
        "InService",
        boot=120,
    ),
    "two failures, and one on its way": waits(900, (PENDING_NOW, *failures(CAPACITY, 2, 240, "Failed")), "Pending"),
    "an instance refresh replaces three": waits(
        900,
        (
            PENDING_NOW,
            *over_and_over(
                "At 2026-11-22T01:20:10Z an instance was taken out of service in response to an instance refresh.",
                3,
                240,
                200,
            ),
        ),
        "Pending",
    ),
}


@pytest.mark.parametrize("facts", IN_PROGRESS.values(), ids=IN_PROGRESS)
def test_what_still_comes_up_is_in_progress(facts: Facts) -> None:
    verdict = h.verdict(h.case(**facts))
    assert (verdict.status, verdict.warnings) == ("in-progress", ("worker-booting",))


def test_a_failing_launch_beside_a_worker_is_undersized_and_quotes_the_activity() -> None:
    facts = waits(600, failures(CAPACITY, 3, 120, "Failed"), "InService", boot=5000, desired=12)
    facts["queue"] = h.queue(h.depth(200, 1))
    (finding,) = (one for one in h.findings(h.case(**facts)) if one.cause == "worker-undersized")
    assert (finding.status, finding.reason) == ("warn", "capacity")
    assert "1 of 12" in finding.summary.render("en")
    assert CAPACITY in finding.summary.render("en")
    assert finding.evidence["begun_by"] == ASKED_FOR


def test_a_group_that_grows_is_not_undersized_for_a_failure_of_before() -> None:
    activities = (launch("Successful", 30, name="i-1"), launch("Failed", 90, CAPACITY))
    facts = waits(600, activities, "InService", "Pending", boot=5000, desired=2)
    assert "worker-undersized" not in [one.cause for one in h.findings(h.case(**facts))]


def test_a_set_back_names_who_last_set_the_size() -> None:
    facts = waits(3600, over_and_over(SHRUNK, 3, 240, 120), desired=0)
    (finding,) = (one for one in h.findings(h.case(**facts)) if one.cause == "worker-scaled-to-zero")
    assert finding.evidence["set_by"] == (
        "At 2026-11-22T01:20:00Z a user request explicitly set group desired capacity changing the desired capacity "
        "from 1 to 0."
    )


FAILED = " Launching EC2 instance failed."
WORDS = {
    "InsufficientInstanceCapacity": "capacity",
    CAPACITY: "capacity",
    "There is no Spot capacity available that matches your request." + FAILED: "capacity",
    "Your Spot request price of 0.015 is lower than the minimum required Spot request fulfillment price of 0.0735."
    + FAILED: "capacity",
    "The requested reservation does not have sufficient compatible and available capacity for this request."
    + FAILED: "capacity",
    "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the "
    "specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
    "adjustment to this limit." + FAILED: "quota",
    "You have requested more instances (1) than your current instance limit of 0 allows for the specified instance "
    "type." + FAILED: "quota",
    "Max spot instance count exceeded." + FAILED: "quota",
    "VcpuLimitExceeded": "quota",
    "20 instance(s) are already running." + FAILED: "quota",
    "Client.VolumeLimitExceeded: Volume limit exceeded": "quota",
    "The image id '[ami-0c9c942bd7bf113a2]' does not exist" + FAILED: "image",
    "InvalidAMIID.NotFound": "image",
    "The AMI ID ami-0c9c942bd7bf113a2 is currently disabled." + FAILED: "image",
    "AMI ami-0c9c942bd7bf113a2 is pending, and cannot be run." + FAILED: "image",
    "Not authorized for images: [ami-0c9c942bd7bf113a2]" + FAILED: "image",
    "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified "
    "AMI." + FAILED: "image",
    "The key pair 'workers' does not exist" + FAILED: "template",
    "InvalidKeyPair.NotFound": "template",
    "The security group 'sg-0a1b' does not exist in VPC 'vpc-1'" + FAILED: "template",
    "The security group 'sg-0a1b' does not exist in default VPC 'vpc-1'" + FAILED: "template",
    "Your requested instance type (t4g.small) is not supported in your requested Availability Zone (ap-northeast-2b)."
    + FAILED: "template",
    "The requested configuration is currently not supported. Please check the documentation for supported "
    "configurations." + FAILED: "template",
    "Invalid device name upload." + FAILED: "template",
    "The specified instance type is not eligible for Free Tier." + FAILED: "template",
    "You must use a valid fully-formed launch template. The parameter groupName cannot be used with the parameter "
    "subnet" + FAILED: "template",
    "The subnet ID 'subnet-0a1b' does not exist" + FAILED: "network",
    "There are not enough free addresses in subnet 'subnet-0a1b' to satisfy the requested number of instances."
    + FAILED: "network",
    "Security group sg-1 and subnet subnet-2 belong to different networks." + FAILED: "network",
    "No default VPC for this user" + FAILED: "network",
    INTERNAL: "volume-key",
    "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state": "volume-key",
    "Value (workers) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    + FAILED: "role",
    "The default Service-Linked Role for Auto Scaling could not be found." + FAILED: "role",
    "Access denied when attempting to assume role arn:aws:iam::123456789012:role/aws-service-role/"
    "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling. Validating load balancer configuration failed.": "role",
    "You are not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/workers. Encoded authorization "
    "failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdef." + FAILED: "role",
    "You are not authorized to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQKMSQ0m6-_Xn."
    + FAILED: "encoded",
    "You are not authorized to perform this operation. User: arn:aws:sts::1:assumed-role/AWSServiceRoleForAutoScaling/"
    "AutoScaling is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:*:*:instance/* with an "
    "explicit deny in a service control policy. Encoded authorization failure message: 4GIOHlTkIaWHQKMSQ0m6-_Xn."
    + FAILED: "encoded",
    "Your account is currently being verified. Verification normally takes less than 2 hours." + FAILED: "account",
    "PendingVerification": "account",
    "OptInRequired": "account",
    "In order to use this AWS Marketplace product you need to accept terms and subscribe." + FAILED: "account",
    "This account is currently blocked and not recognized as a valid account. Please contact "
    "aws-verification@amazon.com if you have questions." + FAILED: "account",
    HOOK: "hook",
    "Something that nobody has seen before." + FAILED: None,
    "Server.InternalError: Internal error on launch": None,
}


@pytest.mark.parametrize(("words", "reason"), WORDS.items())
def test_a_failed_launch_has_the_reason_that_ec2_gives(words: str, reason: str | None) -> None:
    (finding,) = (
        one
        for one in h.findings(h.case(**waits(400, (launch("Failed", 60, words),))))
        if one.cause == "worker-launch-failing"
    )
    assert finding.reason == reason
    assert finding.evidence["activity"] == words


def test_an_encoded_message_is_given_to_the_command_that_decodes_it() -> None:
    words = next(words for words, reason in WORDS.items() if reason == "encoded")
    verdict = h.verdict(h.case(**waits(400, (launch("Failed", 60, words),))))
    assert verdict.remedies[0].command == (
        "aws sts decode-authorization-message --region ap-northeast-2 --query DecodedMessage --output text "
        "--encoded-message 4GIOHlTkIaWHQKMSQ0m6-_Xn"
    )


def test_without_activities_the_group_alone_is_judged() -> None:
    facts = waits(900, (), desired=1)
    facts["workers"] = h.workers(h.group(1, instances=()), activities=Unavailable("denied", "x"))
    assert h.verdict(h.case(**facts)).cause == "worker-no-instances"
