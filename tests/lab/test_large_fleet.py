"""The inside of many workers: one command for fifty of them, and one finding for all that have the same fault."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from academy_ops.lab.aws.ssm import Outcome
from academy_ops.outside.clients import Connections, Target
from academy_ops.settings import load
from checks import logs
from checks.facts import Case
from checks.host_facts import LogsFacts
from tests.between import Answer, Trick, between
from tests.checks import facts_factory as h
from tests.lab.conftest import Aws
from tests.wire import Handler, respond

OUTPUT = """probe=2
docker=up
disk_percent=40
container=present
name=/academy-ai-worker-cpu
status=exited
exit_code=1
oom_killed=false
started=2026-11-22T01:00:00.000000000Z
restarts=0
log_lines=0
section=tail
section=end
"""
SIZE = 200


@dataclass
class Canned:
    """A managed machine that always tells the same."""

    address: str = "10.20.1.99"
    agent_online: bool = True
    takes_seconds: float = 0.0
    scripts: list[str] = field(default_factory=list)

    def run(self, script: str, seconds: float) -> Outcome:  # noqa: ARG002 - the form of a host
        self.scripts.append(script)
        time.sleep(self.takes_seconds)
        return Outcome(0, OUTPUT, "")

    def reboot(self) -> None:
        pass


@pytest.fixture
def machines(aws: Aws) -> Iterator[dict[str, Canned]]:
    known = {f"i-{number:017x}": Canned() for number in range(SIZE)}
    aws.hosts.update(known)  # type: ignore[arg-type] # a machine of another kind, and a host all the same
    yield known
    aws.hosts.clear()


def observed(
    aws: Aws,
    names: list[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str = "",
    answered: Callable[[int, int], None] = lambda _hosts, _of: None,
) -> tuple[LogsFacts, Counter[str]]:
    """Look into the workers; return what was seen, and how often each of SSM's operations was called."""
    keys = aws.users["operator"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", url or aws.cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret)
    settings = load(environ={}, default_env_file=None)
    connect, called = Connections(settings), Counter[str]()
    connect.aws("ssm").meta.events.register("before-call.ssm", lambda model, **_: called.update([model.name]))
    facts = logs.observe(Target(settings, None, connect, 1e12, answered), in_service(names))
    assert isinstance(facts, LogsFacts)
    return facts, called


def in_service(names: list[str]) -> Case:
    group = h.group(len(names), instances=tuple(h.instance(name) for name in names))
    case: Case = h.case(workers=h.workers(group))
    return case


def test_two_hundred_workers_are_asked_once_each_and_told_of_in_one_finding(
    aws: Aws, machines: dict[str, Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, called = observed(aws, list(machines), monkeypatch)
    assert (len(facts.hosts), facts.unavailable_hosts) == (SIZE, {})
    assert {len(machine.scripts) for machine in machines.values()} == {1}
    # In fifties; how often it was looked for answers is up to the machines.
    assert called.pop("ListCommandInvocations") >= 4
    assert called == {
        "DescribeInstanceInformation": 4,
        "SendCommand": 4,
        "GetCommandInvocation": SIZE,
        "GetParameter": 1,
    }
    case = replace(in_service(list(machines)), logs=facts)
    exited = [one for one in logs.judge(case) if one.cause == "worker-container-exited"]
    assert len(exited) == 1
    assert exited[0].evidence["instances"] == list(machines)


def test_how_many_have_answered_is_told_meanwhile(
    aws: Aws, machines: dict[str, Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    result: list[tuple[int, int]] = []
    observed(aws, list(machines)[:120], monkeypatch, answered=lambda hosts, of: result.append((hosts, of)))
    assert result[0] == (0, 120)
    assert result[-1] == (120, 120)
    assert result == sorted(result)
    assert len(set(result)) > 2


def test_a_host_that_takes_its_time_is_asked_less_and_less_often(
    aws: Aws, machines: dict[str, Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(iter(machines))
    machines[name].takes_seconds = 3
    facts, called = observed(aws, [name], monkeypatch)
    assert [host.instance_id for host in facts.hosts] == [name]
    # After 0.3, 0.9, 2.1 and 4.5 s.
    assert 1 < called["ListCommandInvocations"] <= 4
    assert called["GetCommandInvocation"] == 1


def refused(code: str, when: Callable[[Handler], bool]) -> Trick:
    """Refuse a call with SSM's word for it, as long as that is true of it."""

    def trick(handler: Handler, on: Answer) -> None:
        if when(handler):
            body = json.dumps({"__type": code, "message": "refused"}).encode()
            respond(handler, 400, body, **{"Content-Type": "application/x-amz-json-1.1"})
        else:
            on(handler)

    return trick


@pytest.mark.parametrize("action", ["ListCommandInvocations", "GetCommandInvocation"])
def test_a_look_that_is_throttled_costs_no_host(
    aws: Aws, machines: dict[str, Canned], monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    names = list(machines)[:60]
    calls = count()
    with between(aws.cloud.url, {action: refused("ThrottlingException", lambda _: next(calls) < 6)}) as url:
        facts, _ = observed(aws, names, monkeypatch, url)
    assert next(calls) > 6
    assert (len(facts.hosts), facts.unavailable_hosts) == (60, {})


def test_a_host_that_is_gone_when_it_is_asked_costs_no_other(
    aws: Aws, machines: dict[str, Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = list(machines)[:50]
    gone = f'"{names[7]}"'.encode()
    # SSM names the instance in its answer; where it does not, the halves tell.
    for named in (True, False):
        said = refused("InvalidInstanceId", lambda handler: gone in handler.body)
        if named:
            del aws.hosts[names[7]]
        tricks = {} if named else {"SendCommand": said}
        with between(aws.cloud.url, {"DescribeInstanceInformation": all_online(names), **tricks}) as url:
            facts, called = observed(aws, names, monkeypatch, url)
        aws.hosts.update({names[7]: machines[names[7]]})  # type: ignore[dict-item] # as above
        assert [host.instance_id for host in facts.hosts] == [one for one in names if one != names[7]]
        assert list(facts.unavailable_hosts) == [names[7]]
        assert called["SendCommand"] <= (2 if named else 13)


def all_online(names: list[str]) -> Trick:
    def trick(handler: Handler, _on: Answer) -> None:
        result = [{"InstanceId": name, "PingStatus": "Online"} for name in names]
        body = json.dumps({"InstanceInformationList": result}).encode()
        respond(handler, 200, body, **{"Content-Type": "application/x-amz-json-1.1"})

    return trick
