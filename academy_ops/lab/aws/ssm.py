"""SSM's Run Command and EC2's reboot, which moto only pretends to carry out; here they reach the instance.

A command's life is AWS's: unknown for a moment, Pending until an agent takes it, InProgress, then Success, Failed
or TimedOut, with the first 24,000 characters of its output.
"""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Protocol

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from academy_ops.contract import WORKER_NAME

_DOCUMENT: Final = "AWS-RunShellScript"
_PLUGIN: Final = "aws:runShellScript"
_STDOUT_CHARACTERS: Final = 24_000
_STDERR_CHARACTERS: Final = 8_000
_LISTED_CHARACTERS: Final = 2_500
_EVENTUALLY_SECONDS: Final = 0.1
"""For so long a new command is unknown; AWS is eventually consistent here, and callers must live with it."""
_DELIVERY_SECONDS: Final = 3600
_EXECUTION_SECONDS: Final = 3600
_KEPT_INVOCATIONS: Final = 2_000
_AGENT_VERSION: Final = "3.3.1957.0"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script did; ``exit_code`` is None when its time was over."""

    exit_code: int | None
    stdout: str
    stderr: str


class Host(Protocol):
    """A managed instance."""

    @property
    def address(self) -> str:
        """Its private IP address."""

    @property
    def agent_online(self) -> bool:
        """Whether its agent talks to SSM now."""

    def run(self, script: str, seconds: float) -> Outcome:
        """Run a script for at most ``seconds``."""

    def reboot(self) -> None:
        """Boot again."""


@dataclass(slots=True)
class _Invocation:
    command_id: str
    instance_id: str
    comment: str
    requested_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    visible_from: float = field(default_factory=lambda: time.monotonic() + _EVENTUALLY_SECONDS)
    status: str = "Pending"
    details: str = "Pending"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome = Outcome(-1, "", "")

    def deliver(self, host: Host, script: str, delivery_seconds: float, execution_seconds: float) -> None:
        ends_at = time.monotonic() + delivery_seconds
        while not host.agent_online:
            if time.monotonic() > ends_at:
                self.status, self.details = "TimedOut", "DeliveryTimedOut"
                return
            time.sleep(0.2)
        self.started_at = datetime.now(UTC)
        self.status = self.details = "InProgress"
        self.outcome = host.run(script, execution_seconds)
        self.ended_at = datetime.now(UTC)
        code = self.outcome.exit_code
        self.details = "ExecutionTimedOut" if code is None else "Failed" if code else "Success"
        self.status = "TimedOut" if code is None else self.details

    @property
    def response_code(self) -> int:
        return -1 if self.outcome.exit_code is None else self.outcome.exit_code

    def summary(self) -> dict[str, Any]:
        return {
            "CommandId": self.command_id,
            "InstanceId": self.instance_id,
            "Comment": self.comment,
            "DocumentName": _DOCUMENT,
            "Status": self.status,
            "StatusDetails": self.details,
        }


class Commands:
    """Every command sent to this lab's instances."""

    def __init__(self, hosts: Callable[[], Mapping[str, Host]]) -> None:
        self.hosts = hosts
        self._invocations: dict[tuple[str, str], _Invocation] = {}

    def send(
        self, instance_ids: Sequence[str], script: str, comment: str, delivery_seconds: float, execution_seconds: float
    ) -> str:
        """Start a script on every instance; return the command's id."""
        hosts = self.hosts()
        if unknown := [instance_id for instance_id in instance_ids if instance_id not in hosts]:
            raise SSMException(
                "InvalidInstanceId", f"Instances [[{', '.join(unknown)}]] not in a valid state for account"
            )
        command_id = str(uuid.uuid4())
        for forgotten in list(self._invocations)[:-_KEPT_INVOCATIONS]:
            del self._invocations[forgotten]
        for instance_id in instance_ids:
            invocation = _Invocation(command_id, instance_id, comment)
            self._invocations[command_id, instance_id] = invocation
            threading.Thread(
                target=invocation.deliver,
                args=(hosts[instance_id], script, delivery_seconds, execution_seconds),
                name=f"ssm {instance_id}",
                daemon=True,
            ).start()
        return command_id

    def find(self, command_id: str | None, instance_id: str | None) -> list[_Invocation]:
        """Return the invocations that are known by now."""
        return [
            invocation
            for (of, on), invocation in list(self._invocations.items())
            if command_id in {of, None} and instance_id in {on, None} and invocation.visible_from <= time.monotonic()
        ]


class LabSSM(SimpleSystemManagerResponse):
    """The requests that moto answers otherwise than AWS; ``commands`` carries them out."""

    commands: ClassVar[Commands]

    def describe_instance_information(self) -> ActionResult:
        """List the managed instances."""
        hosts = dict(self.commands.hosts())
        for wanted in self._get_param("Filters") or []:
            if wanted["Key"] == "InstanceIds":
                hosts = {name: host for name, host in hosts.items() if name in wanted["Values"]}
        return ActionResult({"InstanceInformationList": [_information(name, host) for name, host in hosts.items()]})

    def send_command(self) -> ActionResult:
        """Hand a script to the instances' agents."""
        if (document := self._get_param("DocumentName")) != _DOCUMENT:
            raise SSMException("InvalidDocument", f"Document with name {document} does not exist.")
        parameters = self._get_param("Parameters") or {}
        execution = float((parameters.get("executionTimeout") or [_EXECUTION_SECONDS])[0])
        delivery = self._get_int_param("TimeoutSeconds") or _DELIVERY_SECONDS
        instance_ids = self._get_param("InstanceIds") or []
        targets = self._get_param("Targets") or []
        if any(target["Key"] == "tag:Name" and WORKER_NAME in target["Values"] for target in targets):
            instance_ids = list(self.commands.hosts())
        comment = self._get_param("Comment", "")
        command_id = self.commands.send(
            instance_ids, "\n".join(parameters.get("commands", [])), comment, delivery, execution
        )
        command = {
            "CommandId": command_id,
            "Comment": comment,
            "DocumentName": _DOCUMENT,
            "InstanceIds": instance_ids,
            "Parameters": parameters,
            "RequestedDateTime": datetime.now(UTC),
            "Status": "Pending",
            "StatusDetails": "Pending",
            "TargetCount": len(instance_ids),
            "TimeoutSeconds": delivery,
        }
        return ActionResult({"Command": command})

    def get_command_invocation(self) -> ActionResult:
        """Return how far a command has come on one instance."""
        found = self.commands.find(self._get_param("CommandId"), self._get_param("InstanceId"))
        if not found:
            raise SSMException("InvocationDoesNotExist", "")
        invocation = found[0]
        answer = {
            **invocation.summary(),
            "PluginName": _PLUGIN,
            "ResponseCode": invocation.response_code,
            "ExecutionStartDateTime": invocation.started_at.isoformat() if invocation.started_at else "",
            "ExecutionEndDateTime": invocation.ended_at.isoformat() if invocation.ended_at else "",
            "StandardOutputContent": invocation.outcome.stdout[:_STDOUT_CHARACTERS] if invocation.ended_at else "",
            "StandardErrorContent": invocation.outcome.stderr[:_STDERR_CHARACTERS] if invocation.ended_at else "",
        }
        return ActionResult(answer)

    def list_command_invocations(self) -> ActionResult:
        """List invocations; with Details, the beginning of their output."""
        details = self._get_bool_param("Details", if_none=False)
        found = self.commands.find(self._get_param("CommandId"), self._get_param("InstanceId"))
        return ActionResult({"CommandInvocations": [_listed(command, details=details) for command in found]})


class LabEC2(EC2Response):
    """EC2 with a reboot that reaches the instance."""

    commands: ClassVar[Commands]

    def reboot_instances(self) -> ActionResult:
        """Let the instances boot again."""
        answer = super().reboot_instances()
        hosts = self.commands.hosts()
        for instance_id in self._get_param("InstanceIds", []):
            if instance_id in hosts:
                threading.Thread(target=hosts[instance_id].reboot, name=f"reboot {instance_id}", daemon=True).start()
        return answer


def _information(instance_id: str, host: Host) -> dict[str, Any]:
    return {
        "InstanceId": instance_id,
        "PingStatus": "Online" if host.agent_online else "ConnectionLost",
        "LastPingDateTime": datetime.now(UTC),
        "AgentVersion": _AGENT_VERSION,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": host.address,
    }


def _listed(invocation: _Invocation, *, details: bool) -> dict[str, Any]:
    plugin = {
        "Name": _PLUGIN,
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "ResponseCode": invocation.response_code,
        "Output": (invocation.outcome.stdout + invocation.outcome.stderr)[:_LISTED_CHARACTERS],
    }
    return {
        **invocation.summary(),
        "RequestedDateTime": invocation.requested_at,
        "CommandPlugins": [plugin] if details else [],
    }
