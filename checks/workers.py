"""Section 3-1: the Auto Scaling group, its instances, and the autoscaler that sets its size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from academy_ops import contract
from academy_ops.diagnosis.catalogue import faults_of
from academy_ops.diagnosis.check import Check, Grant, Hop
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable, listed
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import (
    AUTOSCALER_SECONDS,
    BOOT_SECONDS,
    LAUNCH_LOOP_LAUNCHES,
    LAUNCH_LOOP_SECONDS,
    LAUNCH_RECORDED_SECONDS,
    YOUNG_SECONDS,
)
from checks import aws_starters, launches, refreshes, schedule_expressions, starters
from checks.facts import Case, Depth
from checks.group_facts import AsgInstance, Autoscaler, Ec2Instance, Group, Refresh, WorkersFacts
from checks.job_progress import active, waited, waited_at_least, young
from checks.times import age, at_least, under
from checks.worker_group import read_activities, read_group, read_machines, read_nameless

_ENDED: Final = frozenset({"Successful", "Failed", "Cancelled"})
_REPLACING: Final = frozenset({"ReplaceUnhealthy", "HealthCheck", "Launch", "Terminate"})
_ENDS: Final = "Terminating:Wait"
"""On a lifecycle hook; it may still work."""
_SHOWN_INSTANCES: Final = 20
_MAY_CONCEAL: Final = faults_of("3-1")
_MAY_CONCEAL_INSIDE: Final = faults_of("3-1", "3-4")
_LAUNCHES: Final = tuple(code for code in _MAY_CONCEAL if code.startswith("worker-launch"))
_AGE_DECIDES: Final = (
    "queue-not-consumed",
    "ssm-offline",
    "worker-docker-down",
    "worker-container-missing",
    "worker-launch-stuck",
)


def observe(target: Target, case: Case) -> WorkersFacts:
    """Read group, activities, instances and autoscaler at the same time."""
    until = target.until
    group = begin("autoscaling:DescribeAutoScalingGroups", partial(read_group, target), until)
    activities = begin("autoscaling:DescribeScalingActivities", partial(read_activities, target), until)
    named = begin("ec2:DescribeInstances", partial(read_machines, target), until)
    refresh = begin(refreshes.ACTION, partial(refreshes.read_refresh, target), until)
    autoscaler = begin("lambda:GetFunctionConfiguration", partial(aws_starters.read_autoscaler, target), until)
    the_group, machines = group(), named()
    if isinstance(the_group, Group) and not isinstance(machines, Unavailable):
        nameless = begin("ec2:DescribeInstances", partial(read_nameless, target, the_group, machines), until)()
        machines = nameless if isinstance(nameless, Unavailable) else machines + nameless
    facts = WorkersFacts(the_group, activities(), machines, autoscaler(), refresh=refresh())
    if isinstance(facts.autoscaler, Unavailable) or not isinstance(the_group, Group):
        return facts
    if facts.autoscaler and starters.alive(facts.autoscaler, case.observed_at):
        return facts
    # Who else would start a worker decides only where no rule runs the autoscaler.
    policies = begin("autoscaling:DescribePolicies", partial(aws_starters.read_policies, target), until)
    actions = begin("autoscaling:DescribeScheduledActions", partial(aws_starters.read_actions, target), until)
    schedules = begin("scheduler:ListSchedules", partial(aws_starters.read_schedules, target), until)
    return replace(facts, policies=policies(), actions=actions(), schedules=schedules())


def judge(case: Case) -> Iterator[Finding]:
    """Judge why nobody works, or that somebody does."""
    build = FindingBuilder("workers", "3-1", case.names)
    facts = case.workers
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the worker group"), facts, _MAY_CONCEAL_INSIDE)
        return
    if isinstance(facts.group, Unavailable):
        # Nobody knows then which instances to look into, either.
        yield build.unknown(say("the worker group"), facts.group, _MAY_CONCEAL_INSIDE)
        if facts.group.reason != "denied":
            # What keeps the group from being seen keeps the rest, too; only permissions are named one by one.
            return
    elif facts.group is None:
        yield build.fail("asg-missing", {"group": case.names["group"]})
    elif facts.group.deleting:
        yield build.fail("asg-missing", {"group": case.names["group"]}, reason="deleting")
    else:
        yield from _judge_group(build, case, facts.group)
        yield from refreshes.judge(build, facts, facts.group)
    if isinstance(facts.refresh, Unavailable):
        yield build.unknown(say("whether a new version of the workers is being deployed"), facts.refresh)
    if isinstance(facts.activities, Unavailable):
        yield build.unknown(say("the group's scaling activities"), facts.activities, _LAUNCHES)
    if isinstance(facts.machines, Unavailable):
        yield build.unknown(say("the worker instances"), facts.machines, _AGE_DECIDES)
    elif ageless := [
        instance.instance_id for instance in in_service(case) if boot_age(case, instance.instance_id) is None
    ]:
        yield build.unknown(
            say("how long {instances} have been running", instances=", ".join(ageless)),
            Unavailable("not-found", "ec2:DescribeInstances"),
            _AGE_DECIDES,
        )
    yield from _judge_autoscaler(build, case)


def in_service(case: Case) -> tuple[AsgInstance, ...]:
    """Return the instances that the group has in service."""
    return case.group.in_service if case.group else ()


def working(case: Case) -> int | None:
    """Return how many instances are in service, or None when that could not be seen."""
    return None if isinstance(case.fleet.group, Unavailable) else len(in_service(case))


def past_boot(case: Case) -> tuple[str, ...]:
    """Return the instances in service that are old enough to have booted."""
    names = [instance.instance_id for instance in in_service(case)]
    return tuple(name for name in names if at_least(boot_age(case, name), BOOT_SECONDS))


def boot_age(case: Case, instance_id: str) -> float | None:
    """Return for how many seconds an instance has run, or None when that is unknown."""
    return age(case.observed_at, launched_at(case, instance_id))


def launched_at(case: Case, instance_id: str) -> datetime | None:
    """Return when an instance was launched, or None when that is unknown."""
    machine = machine_of(case, instance_id)
    return machine.launched_at if machine else None


def machine_of(case: Case, instance_id: str) -> Ec2Instance | None:
    """Return an instance as EC2 sees it, or None when that is unknown."""
    return next((machine for machine in listed(case.fleet.machines) if machine.instance_id == instance_id), None)


def stopped(case: Case, instance_id: str) -> bool:
    """Return whether EC2 says that an instance does not run any more; the group notices minutes later."""
    machine = machine_of(case, instance_id)
    return machine is not None and machine.state in {"stopping", "stopped", "shutting-down", "terminated"}


def work_waits(case: Case) -> bool:
    """Return whether something waits or is in flight; a job whose queue is missing or unseen waits itself."""
    return case.depth.total > 0 if case.depth else active(case)


def _judge_group(build: FindingBuilder, case: Case, group: Group) -> Iterator[Finding]:
    past = launches.history(case, case.fleet, group, waits=work_waits(case))
    evidence = _evidence(case, group, past)
    suspended = "Launch" in group.suspended
    if group.desired == 0:
        yield from _judge_zero(build, case, group, past, evidence)
        if suspended and work_waits(case):
            yield build.fail("worker-launch-suspended", evidence)
        return
    serving = group.in_service
    waits_for_boot = _waits_for_boot(case, serving)
    if not serving:
        # One that was launched before still comes.
        comes = any(instance.coming for instance in group.instances)
        code = "worker-launch-suspended" if suspended and not comes else _why_none(case, group, past)
        yield _none_serves(build, case, code, past, evidence)
    elif waits_for_boot and past.code:
        yield _none_serves(build, case, past.code, past, evidence)
    elif all(instance.health.lower() != "healthy" or stopped(case, instance.instance_id) for instance in serving):
        if young(case, YOUNG_SECONDS) and not _REPLACING.intersection(group.suspended):
            yield build.ok(say("The Auto Scaling group is replacing its unhealthy workers."), evidence)
        else:
            down = [instance.instance_id for instance in serving if stopped(case, instance.instance_id)]
            if len(down) == len(serving):
                yield build.fail("worker-unhealthy", {**evidence, "instance": down[0]}, reason="stopped")
            else:
                yield build.fail("worker-unhealthy", evidence)
    elif waits_for_boot:
        yield build.warn("worker-booting", evidence)
    else:
        yield build.ok(say("Workers in service: {count}.", count=len(serving)), evidence)
    yield from _judge_size(build, case, group, past, evidence)


def _none_serves(
    build: FindingBuilder, case: Case, code: str, past: launches.History, evidence: dict[str, Json]
) -> Finding:
    """Say why none is in service, with the reason where the activities name one."""
    if code == "worker-booting":
        return build.warn(code, evidence)
    failed = past.failure if code == "worker-launch-failing" else None
    reason = launches.reason(failed) if failed else None
    if code == "worker-launch-loop" and past.ended and launches.ended_by_others(case.fleet, past.ended[0]):
        reason = "outside"
    if code == "worker-no-instances" and case.group and any(it.lifecycle == _ENDS for it in case.group.instances):
        reason = "terminating"
    return build.fail(code, evidence, reason="set-back" if code == "worker-scaled-to-zero" else reason)


def _judge_size(
    build: FindingBuilder, case: Case, group: Group, past: launches.History, evidence: dict[str, Json]
) -> Iterator[Finding]:
    """Judge whether there are, and will be, enough workers."""
    serving = len(group.in_service)
    coming = any(instance.coming for instance in group.instances)
    failure = past.failure
    if 0 < serving < group.desired and failure and (not coming or len(past.failed) >= LAUNCH_LOOP_LAUNCHES):
        fewer = say(
            "Workers in service: {count} of {desired}. Further launches fail: {message}",
            count=serving,
            desired=group.desired,
            message=failure.message or failure.description,
        )
        reason = launches.reason(failure) or "launch-failing"
        yield build.warn("worker-undersized", evidence, fewer, reason=reason)
        return
    asked_for = desired_capacity(group, case.depth)
    if asked_for > group.desired:
        yield build.warn("worker-undersized", {**evidence, "wanted": str(asked_for)})


def _judge_zero(
    build: FindingBuilder, case: Case, group: Group, past: launches.History, evidence: dict[str, Json]
) -> Iterator[Finding]:
    facts = case.fleet
    on = starters.active(facts, case.observed_at)
    # One that could not be seen may be alive; for its first minutes that is no fault.
    acts = bool(on or starters.unseen(facts)) or isinstance(facts.autoscaler, Unavailable)
    still = _still_works(case, group)
    if on:
        evidence["starters"] = list(on)
        if alarms := starters.alarms(facts):
            evidence["alarm"] = alarms[0]
    if not work_waits(case):
        yield build.ok(say("No worker is running, and nothing is waiting for one."), evidence)
    elif still:
        working_on = say("Desired capacity is 0; instances still working: {instances}.", instances=", ".join(still))
        yield build.ok(working_on, evidence)
    elif group.maximum == 0:
        yield build.fail("worker-scaled-to-zero", evidence, reason="max-zero")
    elif acts and not waited_at_least(case, _patience(facts)):
        yield build.ok(say("No worker is running yet; the autoscaler starts one within a minute or two."), evidence)
    elif past.set_back:
        yield build.fail("worker-scaled-to-zero", evidence, reason="set-back")
    elif on:
        yield build.fail("worker-scaled-to-zero", evidence, reason="starter-fails")
    elif acts:
        yield build.fail("worker-scaled-to-zero", evidence)
    else:
        alone = say("Desired capacity is 0 while work is waiting, and the autoscaler is off: start a worker yourself.")
        yield build.fail("worker-scaled-to-zero", evidence, alone)


def _patience(facts: WorkersFacts) -> float:
    """Return for how long a starter that is on may take: one that runs less often than once a minute takes longer."""
    every = schedule_expressions.period(facts.autoscaler.schedule) if isinstance(facts.autoscaler, Autoscaler) else None
    return max(AUTOSCALER_SECONDS, 2 * (every or 0))


def _still_works(case: Case, group: Group) -> list[str]:
    """Return the instances that work though none is wanted: protected, or waited for while they end."""
    idle = case.depth is not None and case.depth.in_flight == 0
    ending = frozenset[str]() if idle else frozenset({_ENDS})
    return [instance.instance_id for instance in group.instances if instance.lifecycle in {"InService"} | ending]


def _why_none(case: Case, group: Group, past: launches.History) -> str:
    """Name why a group that wants instances has none in service."""
    coming = [instance for instance in group.instances if instance.lifecycle.startswith("Pending")]
    launch = next(iter(launches.launches(case.fleet)), None)
    begun = age(case.observed_at, launch.started_at) if launch else None
    ages = [boot_age(case, instance.instance_id) or begun for instance in coming]
    # A group that has just been asked for an instance has not recorded its launch yet.
    just_asked = not group.instances and under(waited(case), LAUNCH_RECORDED_SECONDS)
    failed = launch is not None and launch.status in {"Failed", "Cancelled"} and not coming
    if failed and not (just_asked and not under(begun, LAUNCH_LOOP_SECONDS)):
        return "worker-launch-failing"
    if past.code:
        return past.code
    overdue = any((known or 0) >= BOOT_SECONDS for known in ages)
    on_hook = any(instance.lifecycle == "Pending:Wait" for instance in coming)
    if overdue and (on_hook or (launch and launch.status == "MidLifecycleAction")):
        return "worker-launch-stuck"
    launching = launch is not None and launch.status not in _ENDED and (begun or 0) < BOOT_SECONDS
    renewed = any(instance.coming for instance in group.instances if instance not in coming)
    if launching or just_asked or renewed or (coming and not overdue) or _replaces(case):
        return "worker-booting"
    return "worker-no-instances"


def _replaces(case: Case) -> bool:
    """Return whether the group has just taken an instance away, as in an instance refresh; its successor comes next."""
    newest = next(iter(listed(case.fleet.activities)), None)
    if newest is None or not newest.description.startswith("Terminating"):
        return False
    return under(age(case.observed_at, newest.started_at), BOOT_SECONDS)


def _waits_for_boot(case: Case, serving: Sequence[AsgInstance]) -> bool:
    """Return whether messages wait untouched while every instance is still young."""
    if not serving or case.depth is None or not case.depth.visible or case.depth.in_flight:
        return False
    return all(under(boot_age(case, instance.instance_id), BOOT_SECONDS) for instance in serving)


def _judge_autoscaler(build: FindingBuilder, case: Case) -> Iterator[Finding]:
    facts = case.fleet
    autoscaler, unseen = facts.autoscaler, starters.unseen(facts)
    for why in unseen:
        yield build.unknown(say("what would start a worker"), why)
    if isinstance(autoscaler, Unavailable):
        yield build.unknown(say("the autoscaler"), autoscaler)
    elif not unseen and not starters.active(facts, case.observed_at) and not _alarm_sleeps(case):
        own = autoscaler or Autoscaler("", None, enabled=False)
        evidence: dict[str, Json] = {
            "function": own.state or None,
            **present(why=own.why),
            "rule": own.rule,
            "enabled": own.enabled,
            **present(schedule=own.schedule),
        }
        reason, starter = starters.why_off(facts)
        if starter and starter.kind == "policy":
            evidence |= present(policy=starter.name, alarm=next(iter(starter.alarm_names()), None))
        elif starter:
            evidence |= {
                "scheduler": starter.name,
                "scheduler_group": starter.group or "default",
                "schedule": starter.when,
            }
        yield build.warn("autoscaler-off", evidence, reason=reason)


def _alarm_sleeps(case: Case) -> bool:
    """Return whether the policy's alarm has no data because nobody uses the queue.

    SQS tells CloudWatch nothing of a queue that is empty and that nobody has asked for six hours. A worker in service
    asks all the time: an alarm without data then watches something else.
    """
    policy = starters.halted(case.fleet) if case.fleet.autoscaler is None else None
    return policy is not None and policy.why == "alarm-no-data" and working(case) == 0 and not work_waits(case)


def desired_capacity(group: Group, depth: Depth | Unavailable | None) -> int:
    """Return the size that the autoscaler's rule asks for; as it is where the queue could not be seen."""
    if not isinstance(depth, Depth):
        return group.desired
    return contract.desired_capacity(group.minimum, group.maximum, depth.visible, depth.in_flight)


def _evidence(case: Case, group: Group, past: launches.History) -> dict[str, Json]:
    facts = case.fleet
    addresses = {machine.instance_id: machine.private_ip for machine in listed(facts.machines)}
    instances: list[Json] = [
        {
            "instance": instance.instance_id,
            "lifecycle": instance.lifecycle,
            "health": instance.health,
            "boot_seconds": boot_age(case, instance.instance_id),
            # Workers sit in a private subnet: no public address is normal.
            "private_ip": addresses.get(instance.instance_id),
        }
        for instance in group.instances[:_SHOWN_INSTANCES]
    ]
    on_standby = (instance.instance_id for instance in group.instances if instance.lifecycle == "Standby")
    autoscaler = facts.autoscaler if isinstance(facts.autoscaler, Autoscaler) else None
    runs = autoscaler is not None and starters.alive(autoscaler, case.observed_at)
    evidence: dict[str, Json] = {
        "group": case.names["group"],
        "desired": group.desired,
        "min": group.minimum,
        "max": group.maximum,
        "instances": instances,
    }
    return evidence | present(
        suspended=list[Json](group.suspended),
        # Names that the remedies take from here.
        halted=next((process for process in group.suspended if process in _REPLACING), None),
        standby=next(on_standby, None),
        **_of_activities(facts, group, past),
        refresh=refreshes.shown(facts.refresh) if isinstance(facts.refresh, Refresh) else None,
        autoscaler=("on" if runs else "off") if autoscaler else None,
        scheduled=[f"{action.name} {action.when}" for action in listed(facts.actions)],
    )


def _of_activities(facts: WorkersFacts, group: Group, past: launches.History) -> dict[str, Json]:
    """Return what the activities say: the newest launch that failed or is under way, and who last set the size."""
    latest = next(iter(launches.launches(facts)), None)
    activity = past.failure or (latest if latest and latest.status != "Successful" else None)
    several = len(past.failed) + len(past.ended) > 1
    last = launches.last_set(listed(facts.activities)) if group.desired == 0 or past.set_back else None
    return present(
        activity=activity.message or activity.description if activity else None,
        begun_by=activity.cause if activity else None,
        encoded=launches.encoded(activity) if activity else None,
        launches_failed=len(past.failed) if several else None,
        launches_ended=len(past.ended) if several else None,
        ended_by=launches.ending(facts, past.ended[0]) if past.ended else None,
        set_by=last[0] if last else None,
    )


CHECK: Final = Check(
    name="workers",
    section="3-1",
    waits_for=say("the worker group and its activities"),
    observe=observe,
    judge=judge,
    reads=("queue", "job"),
    hops=(Hop(6, say("workers"), ("asg-", "worker-", "ssm-", "autoscaler-")),),
    shows=("desired", "instances", "suspended", "activity", "ended_by", "set_by", "starters", "autoscaler"),
    grants=(
        Grant(
            "CheckWorkersGroup",
            (
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeInstances",
                "autoscaling:DescribeInstanceRefreshes",
                "autoscaling:DescribePolicies",
                "cloudwatch:DescribeAlarms",
                "autoscaling:DescribeScheduledActions",
                "events:ListRuleNamesByTarget",
                "scheduler:ListSchedules",
            ),
        ),
        Grant(
            "CheckWorkersAutoscaler",
            ("lambda:GetFunctionConfiguration", "lambda:ListAliases", "lambda:ListVersionsByFunction"),
            ("arn:aws:lambda:{region}:{account}:function:{autoscaler}",),
        ),
        # Which rules run the autoscaler is only known once they have been listed.
        Grant("CheckWorkersAutoscalerRule", ("events:DescribeRule",), ("arn:aws:events:{region}:{account}:rule/*",)),
        Grant(
            "CheckWorkersSchedules", ("scheduler:GetSchedule",), ("arn:aws:scheduler:{region}:{account}:schedule/*/*",)
        ),
    ),
)
