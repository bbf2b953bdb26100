"""Run Command in the lab: a real agent, real output, and nothing but the tool's own scripts."""

from __future__ import annotations

from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from academy_ops import contract
from academy_ops.lab import processes
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.outside.host_scripts import probe
from tests.lab.conftest import Aws, Desk

INSTANCE: Final = "i-0123456789abcdef0"
PROBE: Final = probe(contract.WORKER_NAME, None, "0" * 32)


def send(aws: Aws, script: str, **values: Any) -> str:
    sent = {"DocumentName": "AWS-RunShellScript", "InstanceIds": [INSTANCE], "Parameters": {"commands": [script]}}
    return str(aws.client("ssm").send_command(**{**sent, **values})["Command"]["CommandId"])


def ended(aws: Aws, command_id: str) -> dict[str, Any]:
    """Follow a command to its end; return its last invocation."""
    ssm = aws.client("ssm")
    last: dict[str, Any] = {"Status": "Pending"}

    def is_over() -> bool:
        try:
            last.update(ssm.get_command_invocation(CommandId=command_id, InstanceId=INSTANCE))
        except ssm.exceptions.InvocationDoesNotExist:
            return False
        return last["Status"] not in {"Pending", "InProgress"}

    assert processes.until(is_over, 20)
    return last


def test_only_managed_instances_are_listed(aws: Aws, desk: Desk) -> None:
    (listed,) = aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    assert (listed["InstanceId"], listed["PingStatus"], listed["IPAddress"]) == (INSTANCE, "Online", desk.address)


def test_an_agent_that_is_off_is_listed_as_lost(aws: Aws, desk: Desk) -> None:
    desk.agent_online = False
    filters = [{"Key": "InstanceIds", "Values": [INSTANCE]}]
    (listed,) = aws.client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"]
    assert listed["PingStatus"] == "ConnectionLost"


def test_a_script_of_ours_succeeds_with_its_real_output(aws: Aws, desk: Desk) -> None:
    assert desk.agent_online
    done = ended(aws, send(aws, PROBE))
    assert (done["Status"], done["ResponseCode"]) == ("Success", 0)
    assert done["StandardOutputContent"].startswith("probe=2\n")


def test_any_other_script_is_refused_by_the_agent_and_does_nothing(aws: Aws, desk: Desk) -> None:
    done = ended(aws, send(aws, f"touch {desk.folder}/touched"))
    assert done["Status"] == "Failed"
    assert "runs only the scripts that academy-ops itself builds" in done["StandardErrorContent"]
    assert not (desk.folder / "touched").exists()


def test_an_instance_that_is_not_managed_is_refused(aws: Aws, desk: Desk) -> None:
    assert desk.agent_online
    with pytest.raises(ClientError) as error:
        send(aws, PROBE, InstanceIds=["i-0aaaaaaaaaaaaaaaa"])
    assert error.value.response["Error"]["Code"] == "InvalidInstanceId"


def test_any_other_document_is_refused(aws: Aws, desk: Desk) -> None:
    assert desk.agent_online
    with pytest.raises(ClientError) as error:
        send(aws, PROBE, DocumentName="AWS-RunPowerShellScript")
    assert error.value.response["Error"]["Code"] == "InvalidDocument"


def test_a_command_waits_for_its_agent(aws: Aws, desk: Desk) -> None:
    desk.agent_online = False
    command_id = send(aws, PROBE)
    ssm = aws.client("ssm")
    listed: list[dict[str, Any]] = []

    def is_listed() -> bool:
        listed[:] = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
        return bool(listed)

    assert processes.until(is_listed, 5)
    assert listed[0]["Status"] == "Pending"
    desk.agent_online = True
    assert ended(aws, command_id)["Status"] == "Success"


def test_a_script_that_takes_too_long_times_out(aws: Aws, desk: Desk) -> None:
    desk.answers = Outcome(None, "", "")
    done = ended(aws, send(aws, PROBE))
    assert (done["Status"], done["StatusDetails"], done["ResponseCode"]) == ("TimedOut", "ExecutionTimedOut", -1)


def test_only_the_first_24000_characters_of_the_output_are_kept(aws: Aws, desk: Desk) -> None:
    desk.answers = Outcome(0, "가" * 30_000, "")
    assert ended(aws, send(aws, PROBE))["StandardOutputContent"] == "가" * 24_000


def test_the_exit_code_is_told(aws: Aws, desk: Desk) -> None:
    desk.answers = Outcome(7, "", "no such file\n")
    done = ended(aws, send(aws, PROBE))
    assert (done["Status"], done["ResponseCode"], done["StandardErrorContent"]) == ("Failed", 7, "no such file\n")


def test_an_invocation_that_nobody_asked_for_does_not_exist(aws: Aws, desk: Desk) -> None:
    ssm = aws.client("ssm")
    command_id = send(aws, PROBE)
    ended(aws, command_id)
    for wrong in ({"CommandId": "0" * 8 + command_id[8:]}, {"InstanceId": "i-0aaaaaaaaaaaaaaaa"}):
        with pytest.raises(ssm.exceptions.InvocationDoesNotExist):
            ssm.get_command_invocation(**{"CommandId": command_id, "InstanceId": INSTANCE, **wrong})
    assert desk.agent_online
