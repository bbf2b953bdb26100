"""Through SSM into the workers' hosts: which agents are online, what the probe tells there, and the parameter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from botocore.exceptions import ClientError

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Target, each
from academy_ops.outside.failures import AWS_ERRORS
from checks.facts import HostReport, Parameter, WorkerLog
from checks.worker_report import compare, digests_of, parse_parameter, read_host

_BATCH: Final = 50
"""SendCommand takes at most 50 instance ids."""
_POLL_SECONDS: Final = 0.2
_COMMAND_SECONDS: Final = 30
_OUTPUT_CHARACTERS: Final = 24_000
"""SSM keeps no more of what a command prints."""
_GOES_ON: Final = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})


def online_agents(target: Target, ids: Sequence[str]) -> dict[str, bool] | Unavailable:
    """Tell for each instance whether its SSM agent is online."""
    if not ids:
        return {}
    try:
        pages = target.connect.aws("ssm").get_paginator("describe_instance_information")
        states = {
            one["InstanceId"]: one["PingStatus"] == "Online"
            for start in range(0, len(ids), _BATCH)
            for page in target.each_page(
                pages.paginate(Filters=[{"Key": "InstanceIds", "Values": list(ids[start : start + _BATCH])}])
            )
            for one in page["InstanceInformationList"]
        }
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:DescribeInstanceInformation")
    return {one: states.get(one, False) for one in ids}


def ask(
    target: Target, ids: Sequence[str], salt: str
) -> tuple[tuple[HostReport, ...], dict[str, WorkerLog], dict[str, Unavailable]]:
    """Run the probe on every instance, in as few commands as SSM allows.

    Returns:
        What each host reports, what their workers have logged, and why an instance did not answer.
    """
    told = run_script(target, ids, host_scripts.probe(target.settings.worker, target.job_id, salt))
    hosts: list[HostReport] = []
    logs: dict[str, WorkerLog] = {}
    unseen: dict[str, Unavailable] = {}
    for instance_id, output in told.items():
        if isinstance(output, Unavailable):
            unseen[instance_id] = output
        elif read := read_host(instance_id, output, salt, target.settings, target.connect):
            host, log = read
            hosts.append(host)
            logs |= {instance_id: log} if log else {}
        else:
            unseen[instance_id] = Unavailable("unexpected-answer", "AWS-RunShellScript")
    return tuple(hosts), logs, unseen


def run_script(target: Target, ids: Sequence[str], script: str) -> dict[str, str | Unavailable]:
    """Run one of our scripts on every instance, in as few commands as SSM allows; return what each wrote."""
    told: dict[str, str | Unavailable] = {}
    running: dict[str, str] = {}
    for start in range(0, len(ids), _BATCH):
        batch = list(ids[start : start + _BATCH])
        command = _send(target, script, batch)
        if isinstance(command, Unavailable):
            told |= dict.fromkeys(batch, command)
        else:
            running |= dict.fromkeys(batch, command)
    while running and target.pause(_POLL_SECONDS):
        # All that still run, in one round: a large fleet is waited for once, not instance by instance.
        answers = zip(list(running), each(partial(_output, target), list(running.items())), strict=True)
        told |= {instance_id: answer for instance_id, answer in answers if answer is not None}
        running = {instance_id: command for instance_id, command in running.items() if instance_id not in told}
    told |= dict.fromkeys(running, Unavailable("timeout", "AWS-RunShellScript"))
    return {instance_id: told[instance_id] for instance_id in ids}


def _send(target: Target, script: str, ids: list[str]) -> str | Unavailable:
    """Send the script; return the command's id."""
    try:
        answer = target.connect.aws("ssm").send_command(
            InstanceIds=ids,
            DocumentName="AWS-RunShellScript",
            Parameters={"commands": [script], "executionTimeout": [str(_COMMAND_SECONDS)]},
            TimeoutSeconds=_COMMAND_SECONDS,
        )
        return str(answer["Command"]["CommandId"])
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:SendCommand")


def _output(target: Target, sent: tuple[str, str]) -> str | Unavailable | None:
    """Return what a command printed on an instance, or None where it has not ended there."""
    instance_id, command_id = sent
    if not target.pause(0):
        return None
    try:
        answer = target.connect.aws("ssm").get_command_invocation(CommandId=command_id, InstanceId=instance_id)
    except AWS_ERRORS as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
        # SSM knows an invocation only some moments after it was sent.
        return None if code == "InvocationDoesNotExist" else target.connect.unseen(error, "ssm:GetCommandInvocation")
    status, output = str(answer.get("Status")), str(answer.get("StandardOutputContent", ""))
    if status == "Success" and len(output) <= _OUTPUT_CHARACTERS:
        return output
    if status not in _GOES_ON:
        said = f"{status}: {answer.get('StandardErrorContent', '')}"
        return Unavailable("unexpected-answer", "AWS-RunShellScript", target.connect.clean(said.strip()))
    return None


def read_parameter(target: Target, salt: str) -> Parameter | Unavailable | None:
    """Read the workers' parameter; its values stay in this function."""
    try:
        name = target.settings.parameter
        answer = target.connect.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
        form, values = parse_parameter(answer["Value"])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ParameterNotFound":
            return None
        return target.connect.unseen(error, "ssm:GetParameter")
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:GetParameter")
    known = compare(digests_of(values, salt), salt, target.settings) if form != "unreadable" else None
    return Parameter(form, answer.get("LastModifiedDate"), known)
