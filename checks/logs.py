"""Section 3-4: inside the worker instances, seen through SSM, and the parameter they boot from."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from academy_ops.diagnosis.catalogue import CATALOGUE, faults_of
from academy_ops.diagnosis.check import Check, Grant
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.host_scripts import CONTAINER_NAME, UNIT_NAME
from academy_ops.outside.time_limits import begin, gather
from checks import cloudwatch_logs
from checks.container_state import disk_full, state_faults, without_container
from checks.facts import Case
from checks.host_facts import Archive, Container, HostReport, LogsFacts, WorkerLog
from checks.job_log import completed_elsewhere, moved_since
from checks.job_progress import still_waits
from checks.log_signs import log_sign
from checks.refreshes import judge_images
from checks.refusals import OTHER_REGION, credentials_reason, denial_reason, named_in
from checks.times import age, of_last_process
from checks.words import Fault
from checks.worker_environment import both_values, compared, environment_faults, fail_beside_api, judge_parameter
from checks.worker_hosts import ONLINE, ask, read_parameter, read_pings
from checks.workers import in_service, machine_of, past_boot, stopped, work_waits

_MEBIBYTE: Final = 1024 * 1024
_SHOWN_LINES: Final = 5
_SHOWN_JOB_LINES: Final = 15
_SHOWN_INSTANCES: Final = 10
_MAY_CONCEAL: Final = faults_of("3-4")
_TOLD_BY_LOG: Final = (
    *("worker-aws-credentials", "worker-queue-denied", "worker-dependency-missing", "worker-database-down"),
    "worker-database-mismatch",
)
_FROM_PARAMETER: Final = ("worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch", "worker-env-stale")

_PARAMETER_ARN: Final = "arn:aws:ssm:{region}:{account}:parameter/{parameter}"


def observe(target: Target, case: Case) -> LogsFacts:
    """Ask the instances in service through SSM, the parameter, and CloudWatch Logs for what the hosts don't tell."""
    named = cloudwatch_logs.configured(target.settings)
    job_there = cloudwatch_logs.begin_job(target, named, case.observed_at)
    facts = _observe_hosts(target, case)
    # Where the containers write to, counts; what is set may be where those wrote that are gone.
    own = cloudwatch_logs.places_of(target.settings, facts)
    places = tuple(dict.fromkeys((*own, *filter(None, [named]))))
    if not places:
        return facts
    ids = [instance.instance_id for instance in in_service(case)]
    jobs = [
        job_there if place == named else cloudwatch_logs.begin_job(target, place, case.observed_at) for place in places
    ]
    looks = [
        (cloudwatch_logs.ACTION, partial(cloudwatch_logs.read_rest, target, place, case.observed_at, facts, ids, job()))
        for place, job in zip(places, jobs, strict=True)
    ]
    archive = cloudwatch_logs.merged(gather(looks, target.until))
    if own and named and named not in own and isinstance(archive, Archive):
        archive = replace(archive, instead_of=named.group)
    return cloudwatch_logs.with_archive(facts, archive)


def _observe_hosts(target: Target, case: Case) -> LogsFacts:
    if isinstance(case.workers, Unavailable):
        return LogsFacts(Unavailable("not-asked", "workers"))
    # One salt for both, so that a container's environment can be held against the parameter's.
    salt = secrets.token_hex(16)
    ids = [instance.instance_id for instance in in_service(case)]
    parameter = begin("ssm:GetParameter", partial(read_parameter, target, salt), target.until)
    if isinstance(case.workers.group, Unavailable):
        return LogsFacts(Unavailable("not-asked", "workers"), parameter=parameter())
    pings = begin("ssm:DescribeInstanceInformation", partial(read_pings, target, ids), target.until)()
    if isinstance(pings, Unavailable):
        return LogsFacts(pings, parameter=parameter())
    online = {name: pings.get(name) == ONLINE for name in ids}
    hosts, logs, unavailable = ask(target, [name for name in ids if online[name]], salt)
    return LogsFacts(online, hosts, unavailable, parameter(), logs, pings)


def judge(case: Case) -> Iterator[Finding]:
    """Judge what is wrong inside the workers."""
    build = FindingBuilder("logs", "3-4", case.names)
    facts = case.logs
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the state inside the workers"), facts, _MAY_CONCEAL)
        return
    inside = list(_judge_inside(build, case, facts))
    archived = list(_judge_archive(build, case, facts))
    yield from inside
    yield from archived
    if isinstance(facts.online, Unavailable):
        if facts.online.reason == "not-asked":
            # The workers check says what is missing, once.
            yield build.skip(say("No worker to check."), say("the worker group could not be checked"))
        else:
            yield build.unknown(say("which workers SSM can reach"), facts.online, _MAY_CONCEAL)
    elif not facts.online and not archived:
        yield build.skip(say("No worker to check."), say("no instance is in service"))
    elif not inside and not facts.hosts and not archived:
        yield build.skip(say("No worker to check."), say("SSM can't reach any instance yet"))
    elif not inside and facts.hosts:
        yield build.ok(say("Healthy workers: {count}.", count=len(facts.hosts)), _shown(case, facts))


def _judge_inside(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    if isinstance(facts.parameter, Unavailable) and (
        facts.parameter.reason == "denied" or not isinstance(facts.online, Unavailable)
    ):
        yield build.unknown(say("the workers' parameter"), facts.parameter, _FROM_PARAMETER)
    yield from _judge_hosts(build, case, facts)
    if line := completed_elsewhere(case):
        evidence: dict[str, Json] = {"log": [line.text]}
        known = [host.environment for host in facts.hosts if host.environment]
        if known:
            evidence["environment"] = compared(known[0])
        yield build.fail("worker-database-mismatch", evidence)
    yield from judge_images(build, case, facts)
    for why in dict.fromkeys(facts.unavailable_hosts.values()):
        names = [name for name, unseen in facts.unavailable_hosts.items() if unseen == why]
        shown = ", ".join(names[:_SHOWN_INSTANCES])
        yield build.unknown(
            say("the state inside {count} of the workers ({shown})", count=len(names), shown=shown), why, _MAY_CONCEAL
        )
    yield from _judge_unread_logs(build, facts)
    yield from _judge_offline(build, case, facts)
    yield from judge_parameter(build, case, facts)


def _judge_unread_logs(build: FindingBuilder, facts: LogsFacts) -> Iterator[Finding]:
    """Name the logs that Docker can't read, and the driver they go to: an empty log says something else."""
    unread: dict[tuple[str, str], list[str]] = {}
    kept = facts.archive.logs if isinstance(facts.archive, Archive) else {}
    for host in facts.hosts:
        log = facts.logs.get(host.instance_id)
        if log and log.unreadable and host.instance_id not in kept:
            driver = host.container.log_driver if host.container else None
            unread.setdefault((driver.name if driver else "", log.unreadable), []).append(host.instance_id)
    for (driver_name, words), names in unread.items():
        yield build.unknown(
            say(
                "the log of {count} of the workers ({shown}; Docker's log driver: {driver})",
                count=len(names),
                shown=", ".join(names[:_SHOWN_INSTANCES]),
                driver=driver_name or "?",
            ),
            Unavailable("unreadable", "docker logs", words),
            _TOLD_BY_LOG,
        )


def _judge_archive(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Judge what CloudWatch Logs keeps of workers that could not be looked into, or that are gone."""
    archive = facts.archive
    if isinstance(archive, Unavailable):
        yield build.unknown(say("the workers' logs in CloudWatch Logs"), archive)
    if not isinstance(archive, Archive):
        return
    if archive.instead_of:
        yield build.ok(
            say(
                "The workers log to {group}{region}, but AI_WORKER_LOG_GROUP is {configured}.",
                group=archive.group,
                region=f" ({archive.region})" if archive.region else "",
                configured=archive.instead_of,
            ),
            _place(archive),
        )
    here = {instance.instance_id for instance in in_service(case)}
    known = {host.instance_id for host in facts.hosts}
    for instance, log in archive.logs.items():
        evidence: dict[str, Json] = {"instance": instance, **_place(archive)}
        # What a worker that is gone complained of is a fault no more, where others work.
        sign = log_sign(case, *_unseen_worker(instance), log) if instance not in known else None
        if sign and (instance in here or not facts.hosts):
            fault, line = sign
            code, reason = fault
            evidence["log"] = [line.text]
            proven = instance in here and not moved_since(case, line)
            write = build.fail if proven and not CATALOGUE[code].warn else build.warn
            yield write(code, evidence, reason=reason)
        elif log.of_job:
            shown: list[Json] = [line.text for line in log.of_job[-_SHOWN_JOB_LINES:]]
            yield build.ok(
                say("CloudWatch Logs has what {instance} logged for the job.", instance=instance),
                {**evidence, "log": shown},
            )


def _place(archive: Archive) -> dict[str, Json]:
    # As words of a command: none of them may be an option.
    return present(log_group=archive.group, log_region=archive.region)


def _unseen_worker(instance: str) -> tuple[HostReport, Container]:
    """Return a worker of which no more is known than what it has logged."""
    container = Container("running", None, out_of_memory=False, oom_kills=0, restarts=0, started_at=None)
    return HostReport(instance, "up", None, container, None), container


def _judge_hosts(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Report each fault once, however many instances have it."""
    evidence_of: dict[Fault, list[Mapping[str, Json]]] = {}
    proven: set[str] = set()
    for host in facts.hosts:
        for fault, evidence, proves in _faults_of(case, facts, host):
            evidence_of.setdefault(fault, []).append(evidence)
            if proves:
                proven.add(fault.code)
    for fault, found in evidence_of.items():
        evidence = dict(found[0])
        if len(facts.hosts) > 1:
            evidence["instances"] = [seen["instance"] for seen in found]
        if CATALOGUE[fault.code].warn or fault.code not in proven:
            yield build.warn(fault.code, evidence, reason=fault.reason)
        else:
            yield fail_beside_api(build, case, fault, evidence)


def _faults_of(case: Case, facts: LogsFacts, host: HostReport) -> Iterator[tuple[Fault, Mapping[str, Json], bool]]:
    """Return each fault of a host, its evidence, and whether that proves it; where not, it is a warning."""
    log = facts.logs.get(host.instance_id)
    ahead = host.clock_ahead_seconds or None
    evidence: dict[str, Json] = {"instance": host.instance_id}
    evidence |= present(docker=host.docker, said=host.said, clock_ahead_seconds=ahead)
    container = host.container
    if container:
        evidence |= _container_evidence(case, host, container, log)
    if full := disk_full(host):
        yield full, {**evidence, "disk_percent": host.disk_percent, "inodes_percent": host.inodes_percent}, True
    if container is None:
        for fault, more in without_container(case, host):
            yield fault, {**evidence, **more}, True
        return
    faults = [*state_faults(case, host, container, log), *environment_faults(case, host, container, facts)]
    for fault in faults:
        yield fault, evidence, True
    sign = log_sign(case, host, container, log) if log else None
    if sign and sign[0].code not in {code for code, _ in faults}:
        fault, line = sign
        yield (*_read_sign(case, host, fault, evidence | {"log": [line.text]}), not moved_since(case, line))
    if container.status == "running" and log and log.lines == 0 and not log.unreadable and work_waits(case):
        yield Fault("worker-silent"), evidence, True


def _read_sign(
    case: Case, host: HostReport, fault: Fault, evidence: Mapping[str, Json]
) -> tuple[Fault, Mapping[str, Json]]:
    """Add to what the log complains of the reason that its words, and the instance's state, tell."""
    words = str(evidence["log"])
    if fault.code == "worker-aws-credentials":
        reason = credentials_reason(words, host, machine_of(case, host.instance_id))
        return Fault(fault.code, reason), evidence
    if fault.code == "worker-queue-denied":
        return Fault(fault.code, denial_reason(words)), {**evidence, **named_in(words)}
    if fault.code == "worker-queue-mismatch":
        own = host.environment
        # The same name in the same region is another queue in another account.
        alike = own is not None and "different" not in (own.queue, own.region, own.aws_endpoint)
        reason = "region" if re.search(OTHER_REGION, words) else "account" if alike else None
        return Fault(fault.code, reason), evidence
    return fault, evidence


def _judge_offline(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    if isinstance(facts.online, Unavailable):
        return
    # An agent registers only at the end of the boot.
    booted = {name for name in past_boot(case) if not stopped(case, name)}
    offline = [instance_id for instance_id, online in facts.online.items() if not online and instance_id in booted]
    if not offline:
        return
    evidence: dict[str, Json] = {"offline": list[Json](offline), "instance": offline[0], "of": len(facts.online)}
    reason = None
    if facts.pings is not None:
        evidence["ping"] = facts.pings.get(offline[0])
        reason = "connection-lost" if offline[0] in facts.pings else "never-registered"
    if len(offline) == len(booted) and still_waits(case):
        # The agent signs with the same role.
        yield build.fail("ssm-offline", evidence, reason=reason, explained_by={"worker-aws-credentials"})
    else:
        yield build.warn("ssm-offline", evidence, reason=reason)


def _container_evidence(case: Case, host: HostReport, container: Container, log: WorkerLog | None) -> dict[str, Json]:
    last = [line for line in log.tail if of_last_process(case.observed_at, container, line)] if log else []
    lines = (log.of_job or last) if log else ()
    since = age(case.observed_at, container.started_at)
    return {
        "container": container.status,
        **present(
            error=container.error,
            health=container.health,
            health_said=container.health_said,
            # It stands in scripts of the remedies.
            worker_container=container.name if CONTAINER_NAME.fullmatch(container.name) else None,
            image=container.image_digest or container.image,
            image_id=container.image_id,
            command=container.command if container.error else None,
            unit=container.unit if UNIT_NAME.fullmatch(container.unit) else None,
        ),
        **present(memory_limit_mib=container.memory_limit // _MEBIBYTE or None),
        "exit_code": container.exit_code,
        "restarts": container.restarts,
        "running_seconds": since if container.status == "running" else None,
        "environment": compared(host.environment) if host.environment else None,
        **(both_values(host.environment, case.names) if host.environment else {}),
        "log": [line.text for line in lines[-_SHOWN_LINES:]],
    }


def _shown(case: Case, facts: LogsFacts) -> dict[str, Json]:
    lines: list[Json] = [line.text for log in facts.logs.values() for line in log.of_job]
    shown: dict[str, Json] = {"instances": [host.instance_id for host in facts.hosts]}
    return shown | {"log": lines[:_SHOWN_JOB_LINES]} if case.job_id else shown


CHECK: Final = Check(
    name="logs",
    section="3-4",
    waits_for=say("the workers' hosts, through SSM"),
    observe=observe,
    judge=judge,
    needs=("workers",),
    reads=("access", "endpoint", "r2", "workers", "queue", "job"),
    shows=(
        *("instance", "container", "unit", "error", "said", "boot_log", "health_said", "disk_percent", "images"),
        *("former", "environment", "differing", "log"),
    ),
    grants=(
        Grant(
            "CheckLogsAgents",
            ("ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations", "ssm:GetCommandInvocation"),
        ),
        Grant("CheckLogsDocument", ("ssm:SendCommand",), ("arn:aws:ssm:{region}::document/AWS-RunShellScript",)),
        # A statement of its own: the document bears no tag. Auto Scaling tags every instance of a group by itself.
        Grant(
            "CheckLogsInstances",
            ("ssm:SendCommand",),
            ("arn:aws:ec2:{region}:{account}:instance/*",),
            {"StringEquals": {"ssm:resourceTag/aws:autoscaling:groupName": "{group}"}},
        ),
        Grant(
            "CheckLogsArchive", ("logs:FilterLogEvents",), ("arn:aws:logs:{region}:{account}:log-group:{log_group}:*",)
        ),
        Grant("CheckLogsParameter", ("ssm:GetParameter",), (_PARAMETER_ARN,)),
        # Which key encrypts the parameter is not known here; it decrypts that parameter only, and only for SSM.
        Grant(
            "CheckLogsParameterKey",
            ("kms:Decrypt",),
            ("arn:aws:kms:{region}:{account}:key/*",),
            {
                "StringEquals": {"kms:ViaService": "ssm.{region}.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": _PARAMETER_ARN},
            },
        ),
    ),
)
