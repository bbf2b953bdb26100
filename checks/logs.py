"""Section 3-4: inside the worker instances, seen through SSM, and the parameter they boot from."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from botocore.exceptions import ClientError

from academy_ops import hostscript
from academy_ops.academy.contract import LOG_COMPLETED
from academy_ops.clients import AWS_ERRORS, Target, each
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.findings import Pen
from academy_ops.diagnosis.records import Finding, Json, Unseen
from academy_ops.diagnosis.run import Check
from academy_ops.messages import say
from checks.facts import Case, Container, Environment, Host, LogsFacts, Parameter
from checks.job import active
from checks.times import age
from checks.worker_report import compare, digests_of, read_host, read_parameter
from checks.workers import in_service, past_boot, work_waits

_BATCH: Final = 50
"""SendCommand takes at most 50 instance ids."""
_POLL_SECONDS: Final = 0.2
_COMMAND_SECONDS: Final = 30
_ENDED: Final = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})

_FULL_PERCENT: Final = 95
_LOOP_RESTARTS: Final = 3
_LOOP_SECONDS: Final = 300
_LAST_LINES: Final = 15
_SHOWN_LINES: Final = 5
_HIDES: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section == "3-4" and not cause.warn)
_FROM_PARAMETER: Final = ("worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch", "worker-env-stale")

_LOG_SIGNS: Final = tuple(
    (re.compile(form), code)
    for form, code in (
        (r"ModuleNotFoundError|No module named", "worker-dependency-missing"),
        (
            r"Unable to locate credentials|NoCredentialsError|InvalidClientTokenId|ExpiredToken",
            "worker-aws-credentials",
        ),
        (r"(AccessDenied|not authorized).*(sqs:|ReceiveMessage|SQS)", "worker-queue-denied"),
        (r"OperationalError|too many (clients|connections)|could not connect to server", "worker-database-down"),
    )
)


def observe(target: Target, case: Case) -> LogsFacts:
    """Ask the instances in service through SSM, and read the parameter."""
    if isinstance(case.workers, Unseen):
        return LogsFacts(case.workers)
    ids = [one.instance_id for one in in_service(case)]
    with ThreadPoolExecutor(max_workers=1) as pool:
        parameter = pool.submit(_parameter, target)
        group = case.workers.group
        online = group if isinstance(group, Unseen) else _online(target, ids)
        if isinstance(online, Unseen):
            return LogsFacts(online, parameter=parameter.result())
        hosts, unseen = _ask(target, [one for one in ids if online[one]])
        return LogsFacts(online, hosts, unseen, parameter.result())


def judge(case: Case) -> Iterator[Finding]:
    """Tell what is wrong inside the workers."""
    pen = Pen("logs", "3-4", case.names)
    facts = case.logs
    if isinstance(facts, Unseen):
        yield pen.unknown(say("the inside of the workers"), facts, _HIDES)
        return
    if isinstance(facts.online, Unseen):
        yield pen.unknown(say("which workers SSM reaches"), facts.online, _HIDES)
    if isinstance(facts.parameter, Unseen) and (
        facts.parameter.reason == "denied" or not isinstance(facts.online, Unseen)
    ):
        yield pen.unknown(say("the workers' parameter"), facts.parameter, _FROM_PARAMETER)
    if isinstance(facts.online, Unseen):
        return
    told = [finding for host in facts.hosts for finding in _judge_host(pen, case, host, facts.parameter)]
    yield from told
    for instance_id, why in facts.unseen_hosts.items():
        yield pen.unknown(say("the inside of {instance}", instance=instance_id), why, _HIDES)
    yield from _judge_offline(pen, case, facts)
    if not facts.hosts:
        yield from _judge_parameter(pen, facts.parameter)
    if not facts.online:
        yield pen.skip(say("No worker to look into."), say("no instance is in service"))
    elif not told and facts.hosts:
        yield pen.ok(say("Workers that run well: {count}.", count=len(facts.hosts)), _shown(case, facts.hosts))


def _judge_host(pen: Pen, case: Case, host: Host, parameter: Parameter | Unseen | None) -> Iterator[Finding]:
    evidence: dict[str, Json] = {"instance": host.instance_id, "docker": host.docker}
    if host.disk_percent is not None and host.disk_percent >= _FULL_PERCENT:
        yield pen.fail("worker-disk-full", {**evidence, "disk_percent": host.disk_percent})
    if host.docker != "up":
        yield pen.fail("worker-docker-down", evidence)
    elif host.container is None:
        yield pen.fail("worker-container-missing", evidence)
    else:
        evidence |= _container_evidence(host.container)
        codes = [*_state_codes(case, host.container), *_environment_codes(host.container, parameter)]
        codes += [code for code in [_log_code(host.container)] if code]
        for code in codes:
            yield pen.fail(code, evidence)
        if host.container.log_lines == 0 and work_waits(case):
            yield pen.warn("worker-silent", evidence)


def _state_codes(case: Case, container: Container) -> Iterator[str]:
    since = age(case.observed_at, container.started_at)
    lately = since is not None and since < _LOOP_SECONDS
    if container.out_of_memory or (container.oom_kills and lately):
        yield "worker-out-of-memory"
    if container.status == "restarting" or (container.restarts >= _LOOP_RESTARTS and lately):
        yield "worker-crash-loop"
    elif container.status != "running":
        yield "worker-container-exited"


def _environment_codes(container: Container, parameter: Parameter | Unseen | None) -> Iterator[str]:
    own = container.environment
    codes = list(_codes_of(own))
    yield from codes
    newer = (
        isinstance(parameter, Parameter)
        and parameter.modified_at is not None
        and container.started_at is not None
        and parameter.modified_at > container.started_at
    )
    environment = parameter.environment if newer and isinstance(parameter, Parameter) else None
    # A parameter that is wrong itself explains nothing, and booting from it would not help.
    if environment is not None and environment != own and not list(_codes_of(environment)):
        yield "worker-env-stale"


def _codes_of(environment: Environment) -> Iterator[str]:
    """Name what an environment lacks or has otherwise than the API; a key of its own is no fault by itself."""
    required = (environment.endpoint, environment.access_key, environment.secret_key)
    if any(one in {"missing", "blank"} for one in required):
        yield "worker-env-missing"
    if environment.queue == "different":
        yield "worker-queue-mismatch"
    if "different" in (environment.endpoint, environment.bucket):
        yield "worker-r2-mismatch"


def _log_code(container: Container) -> str | None:
    """Name what the last log lines complain of, unless a job was completed since."""
    lines = container.tail[-_LAST_LINES:]
    for line in reversed(lines):
        if LOG_COMPLETED in line:
            return None
        for form, code in _LOG_SIGNS:
            if form.search(line):
                return code
    return None


def _judge_offline(pen: Pen, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    if isinstance(facts.online, Unseen):
        return
    offline = [instance_id for instance_id, online in facts.online.items() if not online]
    if not offline:
        return
    listed: list[Json] = list(offline)
    evidence: dict[str, Json] = {"offline": listed, "instance": offline[0], "of": len(facts.online)}
    if len(offline) == len(facts.online) and active(case) and past_boot(case):
        yield pen.fail("ssm-offline", evidence)
    else:
        yield pen.warn("ssm-offline", evidence)


def _judge_parameter(pen: Pen, parameter: Parameter | Unseen | None) -> Iterator[Finding]:
    """Judge what the next worker would boot with; where one runs, its own environment counts."""
    if isinstance(parameter, Unseen):
        return
    evidence: dict[str, Json] = {"parameter": pen.names["parameter"], "form": parameter.form if parameter else None}
    if parameter is None or parameter.environment is None:
        yield pen.fail("worker-env-missing", evidence)
        return
    for code in _codes_of(parameter.environment):
        yield pen.fail(code, evidence)


def _container_evidence(container: Container) -> dict[str, Json]:
    environment = container.environment
    evidence: dict[str, Json] = {
        "container": container.status,
        "exit_code": container.exit_code,
        "restarts": container.restarts,
        "environment": {
            "AI_SQS_QUEUE_NAME_BASIC": environment.queue,
            "R2_ENDPOINT": environment.endpoint,
            "bucket": environment.bucket,
            "R2_ACCESS_KEY": environment.access_key,
            "R2_SECRET_KEY": environment.secret_key,
        },
    }
    lines = container.job_lines or container.tail
    if lines:
        last: list[Json] = list(lines[-_SHOWN_LINES:])
        evidence["log"] = last
    return evidence


def _shown(case: Case, hosts: Sequence[Host]) -> dict[str, Json]:
    shown: list[Json] = [host.instance_id for host in hosts[:_LAST_LINES]]
    lines: list[Json] = [line for host in hosts if host.container for line in host.container.job_lines]
    lines = lines[:_LAST_LINES]
    return {"instances": shown, "log": lines} if case.job_id else {"instances": shown}


def _online(target: Target, ids: Sequence[str]) -> dict[str, bool] | Unseen:
    """Tell for each instance whether its SSM agent is online."""
    if not ids:
        return {}
    try:
        pages = target.connect.aws("ssm").get_paginator("describe_instance_information")
        states = {
            one["InstanceId"]: one["PingStatus"] == "Online"
            for start in range(0, len(ids), _BATCH)
            for page in pages.paginate(Filters=[{"Key": "InstanceIds", "Values": list(ids[start : start + _BATCH])}])
            for one in page["InstanceInformationList"]
        }
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:DescribeInstanceInformation")
    return {one: states.get(one, False) for one in ids}


def _ask(target: Target, ids: Sequence[str]) -> tuple[tuple[Host, ...], dict[str, Unseen]]:
    """Run the probe on every instance, in as few commands as SSM allows."""
    salt = secrets.token_hex(16)
    script = hostscript.probe(target.settings.worker, target.job_id, salt)
    hosts: list[Host] = []
    unseen: dict[str, Unseen] = {}
    for start in range(0, len(ids), _BATCH):
        batch = list(ids[start : start + _BATCH])
        try:
            command = target.connect.aws("ssm").send_command(
                InstanceIds=batch,
                DocumentName="AWS-RunShellScript",
                Parameters={"commands": [script], "executionTimeout": [str(_COMMAND_SECONDS)]},
                TimeoutSeconds=_COMMAND_SECONDS,
            )["Command"]["CommandId"]
        except AWS_ERRORS as error:
            unseen |= dict.fromkeys(batch, target.connect.unseen(error, "ssm:SendCommand"))
            continue
        for instance_id, told in zip(batch, each(partial(_output, target, command), batch), strict=True):
            host = (
                told
                if isinstance(told, Unseen)
                else read_host(instance_id, told, salt, target.settings, target.connect)
            )
            if isinstance(host, Host):
                hosts.append(host)
            else:
                unseen[instance_id] = host or Unseen("unexpected-answer", instance_id)
    return tuple(hosts), unseen


def _output(target: Target, command_id: str, instance_id: str) -> str | Unseen:
    """Wait until the command has ended on the instance, and return what it printed."""
    ssm = target.connect.aws("ssm")
    while target.pause(_POLL_SECONDS):
        try:
            answer = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        except ClientError as error:
            # SSM knows an invocation only some moments after it was sent.
            if error.response.get("Error", {}).get("Code") == "InvocationDoesNotExist":
                continue
            return target.connect.unseen(error, "ssm:GetCommandInvocation")
        except AWS_ERRORS as error:
            return target.connect.unseen(error, "ssm:GetCommandInvocation")
        if answer["Status"] == "Success":
            return str(answer["StandardOutputContent"])
        if answer["Status"] in _ENDED:
            said = f"{answer['Status']}: {answer.get('StandardErrorContent', '')}"
            return Unseen("unexpected-answer", instance_id, target.connect.clean(said.strip()))
    return Unseen("timeout", instance_id)


def _parameter(target: Target) -> Parameter | Unseen | None:
    """Read the workers' parameter; its values stay in this function."""
    try:
        answer = target.connect.aws("ssm").get_parameter(Name=target.settings.parameter, WithDecryption=True)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ParameterNotFound":
            return None
        return target.connect.unseen(error, "ssm:GetParameter")
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:GetParameter")
    salt = secrets.token_hex(16)
    form, values = read_parameter(answer["Parameter"]["Value"])
    known = compare(digests_of(values, salt), salt, target.settings) if form != "unreadable" else None
    return Parameter(form, answer["Parameter"].get("LastModifiedDate"), known)


CHECK: Final = Check("logs", "3-4", observe, judge, needs=("workers",), reads=("workers", "queue", "job"))
