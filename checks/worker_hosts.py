"""Through SSM into the workers' hosts: which agents are online, what the probe tells there, and the parameter."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from academy_ops.diagnosis.records import Reason, Unavailable
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import SSM_SECONDS, gather
from checks.host_facts import HostReport, Parameter, WorkerLog
from checks.worker_report import compare, digests_of, names_in_clear, parse_parameter, read_host

T = TypeVar("T")

ONLINE: Final = "Online"
LARGEST_COMMAND: Final = 50
"""SendCommand takes at most 50 instance ids."""
_FIRST_LOOK_SECONDS: Final = 0.3
"""After a command was sent; each further look waits twice as long, up to `SSM_SECONDS`."""
_COMMAND_SECONDS: Final = 30
_OUTPUT_CHARACTERS: Final = 24_000
"""SSM keeps no more of what a command prints."""
_PASSES: Final[frozenset[Reason]] = frozenset({"throttled", "server-error", "timeout", "unreachable"})
"""What one look came to, and the next may not: a command goes on whether it is looked at or not."""
_GOES_ON: Final = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})


def read_pings(target: Target, ids: Sequence[str]) -> dict[str, str] | Unavailable:
    """Return SSM's word for the agent of each instance that has ever registered with it, such as ``Online``."""
    if not ids:
        return {}
    try:
        pages = target.connect.aws("ssm").get_paginator("describe_instance_information")
        return {
            agent["InstanceId"]: target.connect.clean(agent["PingStatus"])
            for batch in _batches(ids)
            for page in target.each_page(pages.paginate(Filters=[{"Key": "InstanceIds", "Values": batch}]))
            for agent in page["InstanceInformationList"]
        }
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:DescribeInstanceInformation")


def _batches(items: Sequence[T]) -> list[list[T]]:
    return [list(items[start : start + LARGEST_COMMAND]) for start in range(0, len(items), LARGEST_COMMAND)]


def ask(
    target: Target, ids: Sequence[str], salt: str
) -> tuple[tuple[HostReport, ...], dict[str, WorkerLog], dict[str, Unavailable]]:
    """Run the probe on every instance; return what each reports and its worker has logged, or why it did not answer."""
    outputs = run_script(target, ids, host_scripts.probe(target.settings.worker, target.job_id, salt))
    now = datetime.now(UTC) - timedelta(seconds=target.connect.clocks.ahead() or 0)
    hosts: list[HostReport] = []
    logs: dict[str, WorkerLog] = {}
    unseen: dict[str, Unavailable] = {}
    for instance_id, output in outputs.items():
        if isinstance(output, Unavailable):
            unseen[instance_id] = output
        elif read := read_host(instance_id, output, salt, target.settings, target.connect, now):
            host, log = read
            hosts.append(host)
            if host.container_unread or host.docker == "unreadable":
                unseen[instance_id] = Unavailable("unreadable", "docker inspect", host.said)
            elif host.container and host.container.created_at and host.environment is None:
                unseen[instance_id] = Unavailable("unreadable", "sha256sum")
            logs |= {instance_id: log} if log else {}
        else:
            unseen[instance_id] = Unavailable("unexpected-answer", "AWS-RunShellScript")
    return tuple(hosts), logs, unseen


def run_script(target: Target, ids: Sequence[str], script: str) -> dict[str, str | Unavailable]:
    """Run one of our scripts on every instance, in as few commands as SSM allows; return what each wrote."""
    batches = _batches(ids)
    sent = gather([("ssm:SendCommand", partial(_send, target, script, batch)) for batch in batches], target.until)
    outputs: dict[str, str | Unavailable] = {}
    running: dict[str, list[str]] = {}
    for batch, commands in zip(batches, sent, strict=True):
        for part, command in [(batch, commands)] if isinstance(commands, Unavailable) else commands:
            if isinstance(command, Unavailable):
                outputs |= dict.fromkeys(part, command)
            else:
                running[command] = part
    late = dict.fromkeys(ids, Unavailable("deadline", "AWS-RunShellScript"))
    pause = _FIRST_LOOK_SECONDS
    target.answered(len(outputs), len(ids))
    while running and target.pause(pause):
        pause = min(2 * pause, SSM_SECONDS)
        for some in _ended(target, running):
            for name, output in some.items():
                if isinstance(output, Unavailable) and output.reason in _PASSES:
                    late[name] = output
                else:
                    outputs[name] = output
            target.answered(len(outputs), len(ids))
        left = {command: [name for name in batch if name not in outputs] for command, batch in running.items()}
        running = {command: batch for command, batch in left.items() if batch}
    return {instance_id: outputs.get(instance_id, late[instance_id]) for instance_id in ids}


def _send(target: Target, script: str, ids: list[str]) -> list[tuple[list[str], str | Unavailable]]:
    """Send the script; return the command's id, or why it was refused, and for which of the instances.

    SSM refuses a command as a whole where one of the instances has just gone.
    """
    try:
        answer = target.connect.aws("ssm").send_command(
            InstanceIds=ids,
            DocumentName="AWS-RunShellScript",
            Parameters={"commands": [script], "executionTimeout": [str(_COMMAND_SECONDS)]},
            TimeoutSeconds=_COMMAND_SECONDS,
        )
        return [(ids, str(answer["Command"]["CommandId"]))]
    except AWS_ERRORS as error:
        refused = target.connect.unseen(error, "ssm:SendCommand")
        if error_code(error) != "InvalidInstanceId" or len(ids) == 1 or not target.remaining():
            return [(ids, refused)]
        named = [instance_id for instance_id in ids if instance_id in str(error)]
        rest = [instance_id for instance_id in ids if instance_id not in named]
        if named and rest:
            return [(named, refused), *_send(target, script, rest)]
        half = len(ids) // 2
        return [*_send(target, script, ids[:half]), *_send(target, script, ids[half:])]


def _ended(target: Target, running: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str | Unavailable]]:
    """Yield what was written on the instances where the commands have ended by now: one list for each command."""
    lists = [("ssm:ListCommandInvocations", partial(_states, target, command)) for command in running]
    ended: list[tuple[str, str]] = []
    for (command, batch), states in zip(running.items(), gather(lists, target.until), strict=True):
        if isinstance(states, Unavailable):
            yield dict.fromkeys(batch, states)
        else:
            ended += [
                (command, instance_id) for instance_id in batch if states.get(instance_id, "Pending") not in _GOES_ON
            ]
    # The list would cut each output at 2,500 characters.
    for some in _batches(ended):
        asked = [("ssm:GetCommandInvocation", partial(_output, target, *invocation)) for invocation in some]
        found = zip(some, gather(asked, target.until), strict=True)
        yield {instance_id: output for (_, instance_id), output in found if output is not None}


def _states(target: Target, command: str) -> dict[str, str] | Unavailable:
    """Return how far a command is on each instance; SSM knows one only some moments after it was sent."""
    try:
        pages = target.connect.aws("ssm").get_paginator("list_command_invocations").paginate(CommandId=command)
        return {
            invocation["InstanceId"]: invocation["Status"]
            for page in target.each_page(pages)
            for invocation in page["CommandInvocations"]
        }
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ssm:ListCommandInvocations")


def _output(target: Target, command: str, instance_id: str) -> str | Unavailable | None:
    """Return what a command printed on an instance, or None where SSM does not say yet that it has ended there."""
    try:
        answer = target.connect.aws("ssm").get_command_invocation(CommandId=command, InstanceId=instance_id)
        status = answer["Status"]
    except AWS_ERRORS as error:
        if error_code(error) == "InvocationDoesNotExist":
            return None
        return target.connect.unseen(error, "ssm:GetCommandInvocation")
    output = answer.get("StandardOutputContent", "")
    # What a script has printed before its time was over counts.
    if (status == "Success" or (status == "TimedOut" and output)) and len(output) <= _OUTPUT_CHARACTERS:
        return str(output)
    if status in _GOES_ON:
        return None
    said = f"{status}: {answer.get('StandardErrorContent', '')}"
    return Unavailable("unexpected-answer", "AWS-RunShellScript", target.connect.clean(said.strip()))


def read_parameter(target: Target, salt: str) -> Parameter | Unavailable | None:
    """Read the workers' parameter; its values stay in this function."""
    try:
        name = target.settings.parameter
        answer = target.connect.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
        text = answer["Value"]
    except AWS_ERRORS as error:
        return None if error_code(error) == "ParameterNotFound" else target.connect.unseen(error, "ssm:GetParameter")
    form, values = parse_parameter(text)
    known = None
    if form != "unreadable":
        named = {name: target.connect.clean(value) for name, value in names_in_clear(values).items()}
        known = compare(digests_of(values, salt), salt, target.settings, named)
    return Parameter(form, answer.get("LastModifiedDate"), known)
