"""Section 3-4: inside the worker instances, seen through SSM, and the parameter they boot from."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from academy_ops.contract import LOG_COMPLETED, QUEUE_SETTING
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check, Grant
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import (
    BOOT_SECONDS,
    COMPLAINT_SECONDS,
    CRASH_LOOP_RESTARTS,
    CRASH_LOOP_SECONDS,
    DISK_FULL_PERCENT,
    DISK_NEARLY_FULL_PERCENT,
    POLL_COMPLAINT_SECONDS,
    STEADY_SECONDS,
)
from checks.facts import Case, Container, Environment, HostReport, LogLine, LogsFacts, Parameter, WorkerLog
from checks.job import still_waits
from checks.job_document import DATABASE_DOWN, GAP
from checks.refusals import CLOCK, KEY_REFUSED, NO_CREDENTIALS, credentials_reason, denial_reason, named_in
from checks.times import age
from checks.worker_hosts import ONLINE, ask, read_parameter, read_pings
from checks.workers import boot_age, in_service, launched_at, machine_of, past_boot, stopped, work_waits

_Fault = tuple[str, str | None]
"""A code, and which of the reasons behind it."""

UNREAD: Final = "parameter-unread"
_AT_EACH_POLL: Final = frozenset({"worker-aws-credentials", "worker-queue-denied"})
"""What a worker complains of again at each of its polls, every 20 s at most: later, it has been fixed."""
_SHOWN_LINES: Final = 5
_SHOWN_JOB_LINES: Final = 15
_SHOWN_INSTANCES: Final = 10
_MAY_CONCEAL: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section == "3-4" and not cause.warn)
_FROM_PARAMETER: Final = ("worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch", "worker-env-stale")

_PARAMETER_ARN: Final = "arn:aws:ssm:{region}:{account}:parameter/{parameter}"

_OWN_KEY_REFUSED: Final = "worker-r2-mismatch"
_REFUSALS: Final = "InvalidAccessKeyId|SignatureDoesNotMatch|InvalidArgument|Unauthorized|AccessDenied|Forbidden|40[13]"
_LOG_SIGNS: Final = tuple(
    (re.compile(form), code)
    for form, code in (
        (r"ModuleNotFoundError|No module named", "worker-dependency-missing"),
        (
            rf"{NO_CREDENTIALS}|InvalidClientTokenId|ExpiredToken|{CLOCK}",
            "worker-aws-credentials",
        ),
        (rf"token {GAP} is invalid", "worker-aws-credentials"),
        (r"PartialCredentialsError", "worker-aws-credentials"),
        (rf"(SignatureDoesNotMatch|InvalidAccessKeyId){GAP}calling the (Receive|GetQueue)", "worker-aws-credentials"),
        (rf"(AccessDenied|not authorized){GAP}(sqs:|ReceiveMessage|SQS)", "worker-queue-denied"),
        (KEY_REFUSED, "worker-queue-denied"),
        (DATABASE_DOWN, "worker-database-down"),
        (r"No space left on device", "worker-disk-full"),
        (r"\bMemoryError\b", "worker-out-of-memory"),
        (rf"\(({_REFUSALS})\) when calling the (Get|Head)Object", _OWN_KEY_REFUSED),
    )
)


def observe(target: Target, case: Case) -> LogsFacts:
    """Ask the instances in service through SSM, and read the parameter."""
    if isinstance(case.workers, Unavailable):
        return LogsFacts(Unavailable("not-asked", "workers"))
    # One salt for both, so that a container's environment can be held against the parameter's.
    salt = secrets.token_hex(16)
    ids = [one.instance_id for one in in_service(case)]
    parameter = begin("ssm:GetParameter", partial(read_parameter, target, salt), target.until)
    if isinstance(case.workers.group, Unavailable):
        return LogsFacts(Unavailable("not-asked", "workers"), parameter=parameter())
    pings = begin("ssm:DescribeInstanceInformation", partial(read_pings, target, ids), target.until)()
    if isinstance(pings, Unavailable):
        return LogsFacts(pings, parameter=parameter())
    online = {one: pings.get(one) == ONLINE for one in ids}
    hosts, logs, unavailable = ask(target, [one for one in ids if online[one]], salt)
    return LogsFacts(online, hosts, unavailable, parameter(), logs, pings)


def judge(case: Case) -> Iterator[Finding]:
    """Judge what is wrong inside the workers."""
    build = FindingBuilder("logs", "3-4", case.names)
    facts = case.logs
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the inside of the workers"), facts, _MAY_CONCEAL)
        return
    inside = list(_judge_inside(build, case, facts))
    yield from inside
    if isinstance(facts.online, Unavailable):
        if facts.online.reason == "not-asked":
            # The workers check says what is missing, once.
            yield build.skip(say("No worker to look into."), say("the worker group could not be observed"))
        else:
            yield build.unknown(say("which workers SSM reaches"), facts.online, _MAY_CONCEAL)
    elif not facts.online:
        yield build.skip(say("No worker to look into."), say("no instance is in service"))
    elif not inside and not facts.hosts:
        yield build.skip(say("No worker to look into."), say("SSM reaches no instance yet"))
    elif not inside:
        yield build.ok(say("Workers that run well: {count}.", count=len(facts.hosts)), _shown(case, facts))


def _judge_inside(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    if isinstance(facts.parameter, Unavailable) and (
        facts.parameter.reason == "denied" or not isinstance(facts.online, Unavailable)
    ):
        yield build.unknown(say("the workers' parameter"), facts.parameter, _FROM_PARAMETER)
    yield from _judge_hosts(build, case, facts)
    for why in dict.fromkeys(facts.unavailable_hosts.values()):
        names = [name for name, unseen in facts.unavailable_hosts.items() if unseen == why]
        shown = ", ".join(names[:_SHOWN_INSTANCES])
        yield build.unknown(
            say("the inside of {count} workers ({shown})", count=len(names), shown=shown), why, _MAY_CONCEAL
        )
    yield from _judge_offline(build, case, facts)
    yield from _judge_parameter(build, facts)


def _judge_hosts(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Report each fault once, however many instances have it."""
    evidence_of: dict[_Fault, list[Mapping[str, Json]]] = {}
    for host in facts.hosts:
        for fault, evidence in _faults_of(case, host, facts.logs.get(host.instance_id), facts.parameter):
            evidence_of.setdefault(fault, []).append(evidence)
    for (code, reason), found in evidence_of.items():
        evidence = dict(found[0])
        if len(facts.hosts) > 1:
            evidence["instances"] = [one["instance"] for one in found]
        write = build.warn if CATALOGUE[code].warn else build.fail
        yield write(code, evidence, reason=reason)


def _faults_of(
    case: Case, host: HostReport, log: WorkerLog | None, parameter: Parameter | Unavailable | None
) -> Iterator[tuple[_Fault, Mapping[str, Json]]]:
    evidence: dict[str, Json] = {"instance": host.instance_id, "docker": host.docker}
    container = host.container
    if container:
        evidence |= _container_evidence(case, host, container, log)
    if _disk_full(host):
        yield ("worker-disk-full", None), {**evidence, "disk_percent": host.disk_percent}
    if host.docker != "up" or container is None:
        since = boot_age(case, host.instance_id)
        # While an instance boots, what is not there yet is no fault; the workers check says that it boots.
        if since is not None and since >= BOOT_SECONDS:
            yield ("worker-container-missing" if host.docker == "up" else "worker-docker-down", None), evidence
        return
    faults = [
        *((code, None) for code in _state_codes(case, host, container)),
        *_environment_codes(host, container, parameter, case),
    ]
    for fault in faults:
        yield fault, evidence
    signs = _log_signs(case, host, container, log) if log else None
    if signs and signs[0] not in {code for code, _ in faults}:
        yield _read_sign(case, host, signs[0], evidence | {"log": [line.text for line in signs[1]]})
    if container.status == "running" and log and log.lines == 0 and work_waits(case):
        yield ("worker-silent", None), evidence


def _read_sign(case: Case, host: HostReport, code: str, evidence: dict[str, Json]) -> tuple[_Fault, dict[str, Json]]:
    """Add to what the log complains of the reason that its words, and the instance's state, tell."""
    words = str(evidence["log"])
    if code == "worker-aws-credentials":
        return (code, credentials_reason(words, host, machine_of(case, host.instance_id))), evidence
    if code == "worker-queue-denied":
        return (code, denial_reason(words)), evidence | named_in(words)
    return (code, None), evidence


def _disk_full(host: HostReport) -> bool:
    """Return whether the disk is full: at its end, or nearly there and something does not run any more."""
    runs = host.container is not None and host.container.status == "running"
    percent = host.disk_percent or 0
    return percent >= DISK_FULL_PERCENT or (percent >= DISK_NEARLY_FULL_PERCENT and not runs)


def _state_codes(case: Case, host: HostReport, container: Container) -> Iterator[str]:
    since = age(case.observed_at, container.started_at)
    lately = since is not None and since < CRASH_LOOP_SECONDS
    if container.out_of_memory or (container.oom_kills and lately):
        yield "worker-out-of-memory"
    if crash_loops(case, container):
        yield "worker-crash-loop"
    elif container.status != "running" and not (container.status == "created" and _boots(case, host)):
        yield "worker-container-exited"


def _boots(case: Case, host: HostReport) -> bool:
    since = boot_age(case, host.instance_id)
    return since is not None and since < BOOT_SECONDS


def _environment_codes(
    host: HostReport, container: Container, parameter: Parameter | Unavailable | None, case: Case
) -> Iterator[_Fault]:
    own = host.environment
    if own is None:
        return
    # A container that Docker has restarted keeps the environment that it was given at the instance's boot.
    started_at = (launched_at(case, host.instance_id) if container.restarts else None) or container.started_at
    newer = (
        isinstance(parameter, Parameter)
        and parameter.modified_at is not None
        and started_at is not None
        and parameter.modified_at > started_at
    )
    environment = parameter.environment if newer and isinstance(parameter, Parameter) else None
    # Booting from a parameter that is wrong itself would not help; that one is reported as what it is.
    right = environment is not None and not list(_codes_of(environment))
    stale = right and environment is not None and _differs(own, environment)
    known = parameter.environment if isinstance(parameter, Parameter) else None
    unread = known is not None and not stale and _has_nothing(own) and not list(_codes_of(known))
    for code, reason in _codes_of(own):
        yield code, UNREAD if unread and code == "worker-env-missing" else reason
    if stale:
        yield "worker-env-stale", None


def _differs(own: Environment, parameter: Environment) -> bool:
    """Return whether a worker runs with something else than the parameter holds now."""
    compared = ((own.region, parameter.region), (own.aws_endpoint, parameter.aws_endpoint))
    corrected = any(here == "different" != there for here, there in compared)
    return corrected or own.fingerprint != parameter.fingerprint


def _has_nothing(own: Environment) -> bool:
    return (own.endpoint, own.access_key, own.secret_key) == ("missing",) * 3


def parameter_is_right(facts: LogsFacts) -> bool:
    """Return whether a worker that boots now would get what it needs; False also where that could not be seen."""
    parameter = facts.parameter
    environment = parameter.environment if isinstance(parameter, Parameter) else None
    return environment is not None and not list(_codes_of(environment))


def parameter_unread(facts: LogsFacts, case: Case) -> bool:
    """Return whether a worker runs without the parameter because its instance could not read it."""
    return any(
        ("worker-env-missing", UNREAD) in _environment_codes(host, host.container, facts.parameter, case)
        for host in facts.hosts
        if host.container
    )


def _codes_of(environment: Environment) -> Iterator[_Fault]:
    """Name what an environment lacks or has otherwise than the API; a key of its own is no fault by itself."""
    queue = {"queue": environment.queue, "region": environment.region, "endpoint": environment.aws_endpoint}
    otherwise = next((name for name, compared in queue.items() if compared == "different"), None)
    required = (environment.endpoint, environment.access_key, environment.secret_key)
    if any(one in {"missing", "blank"} for one in required):
        yield "worker-env-missing", None
    if otherwise:
        yield "worker-queue-mismatch", None if otherwise == "queue" else otherwise
    if "different" in (environment.endpoint, environment.bucket):
        yield "worker-r2-mismatch", None


def _log_signs(case: Case, host: HostReport, container: Container, log: WorkerLog) -> tuple[str, list[LogLine]] | None:
    """Name what the log complains of, and its lines; None where a job was completed since, or it is long ago."""
    since = age(case.observed_at, container.started_at)
    just_restarted = container.restarts > 0 and since is not None and since < STEADY_SECONDS
    steady = container.status == "running" and not just_restarted and not _restarts_lately(case, container)
    for line in sorted({*log.errors, *log.tail}, key=_written_at, reverse=True):
        if LOG_COMPLETED in line.text:
            return None
        # What a process that does not run any more said last is why, however long ago.
        if steady and not container.wrote(line):
            return None
        code = next((code for form, code in _LOG_SIGNS if form.search(line.text)), None)
        if code == _OWN_KEY_REFUSED and not _has_own_keys(host):
            # R2 refuses the API's own key, too; its check says so.
            continue
        if code:
            lasts = POLL_COMPLAINT_SECONDS if code in _AT_EACH_POLL else COMPLAINT_SECONDS
            known = age(case.observed_at, line.at)
            return None if steady and (known is None or known >= lasts) else (code, [line])
    return None


def _has_own_keys(host: HostReport) -> bool:
    own = host.environment
    return own is not None and "different" in (own.access_key, own.secret_key)


def _written_at(line: LogLine) -> tuple[datetime, str]:
    return line.at or datetime.min.replace(tzinfo=UTC), line.text


def crash_loops(case: Case, container: Container) -> bool:
    """Return whether the container crashes and is restarted over and over."""
    return container.status == "restarting" or _restarts_lately(case, container)


def _restarts_lately(case: Case, container: Container) -> bool:
    since = age(case.observed_at, container.started_at)
    return container.restarts >= CRASH_LOOP_RESTARTS and since is not None and since < CRASH_LOOP_SECONDS


def _judge_offline(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    if isinstance(facts.online, Unavailable):
        return
    # An agent registers only at the end of the boot.
    booted = {one for one in past_boot(case) if not stopped(case, one)}
    offline = [instance_id for instance_id, online in facts.online.items() if not online and instance_id in booted]
    if not offline:
        return
    evidence: dict[str, Json] = {"offline": _listed(offline), "instance": offline[0], "of": len(facts.online)}
    reason = None
    if facts.pings is not None:
        evidence["ping"] = facts.pings.get(offline[0])
        reason = "connection-lost" if offline[0] in facts.pings else "never-registered"
    write = build.fail if len(offline) == len(booted) and still_waits(case) else build.warn
    yield write("ssm-offline", evidence, reason=reason)


def _judge_parameter(build: FindingBuilder, facts: LogsFacts) -> Iterator[Finding]:
    """Judge what the next worker would boot with; where one runs, its own environment counts."""
    parameter = facts.parameter
    if isinstance(parameter, Unavailable) or any(host.container for host in facts.hosts):
        return
    evidence: dict[str, Json] = {"parameter": build.names["parameter"], "form": parameter.form if parameter else None}
    if parameter is None or parameter.environment is None:
        yield build.fail("worker-env-missing", evidence)
        return
    evidence["environment"] = _environment_evidence(parameter.environment)
    for code, reason in _codes_of(parameter.environment):
        yield build.fail(code, evidence, reason=reason)


def _container_evidence(case: Case, host: HostReport, container: Container, log: WorkerLog | None) -> dict[str, Json]:
    lines = (log.of_job or log.tail) if log else ()
    since = age(case.observed_at, container.started_at)
    return {
        "container": container.status,
        "exit_code": container.exit_code,
        "restarts": container.restarts,
        "running_seconds": since if container.status == "running" else None,
        "environment": _environment_evidence(host.environment) if host.environment else None,
        "log": [line.text for line in lines[-_SHOWN_LINES:]],
    }


def _environment_evidence(environment: Environment) -> dict[str, Json]:
    optional: dict[str, Json] = {"AWS_REGION": environment.region, "AWS_ENDPOINT_URL_SQS": environment.aws_endpoint}
    if environment.static_keys:
        optional["AWS_ACCESS_KEY_ID"] = "set"
    return {
        QUEUE_SETTING: environment.queue,
        "R2_ENDPOINT": environment.endpoint,
        "bucket": environment.bucket,
        "R2_ACCESS_KEY": environment.access_key,
        "R2_SECRET_KEY": environment.secret_key,
        **{name: compared for name, compared in optional.items() if compared != "missing"},
    }


def _shown(case: Case, facts: LogsFacts) -> dict[str, Json]:
    shown = _listed([host.instance_id for host in facts.hosts])
    lines: list[Json] = [line.text for log in facts.logs.values() for line in log.of_job]
    return {"instances": shown, "log": lines[:_SHOWN_JOB_LINES]} if case.job_id else {"instances": shown}


def _listed(names: Sequence[str]) -> list[Json]:
    return list(names)


CHECK: Final = Check(
    name="logs",
    section="3-4",
    waits_for=say("the workers' hosts, through SSM"),
    observe=observe,
    judge=judge,
    needs=("workers",),
    reads=("workers", "queue", "job"),
    shows=("instance", "container", "disk_percent", "environment", "log"),
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
