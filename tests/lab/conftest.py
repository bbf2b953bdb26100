"""The lab's AWS within the test's own process, and a whole lab in processes of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from academy_ops.lab import operate, processes
from academy_ops.lab.aws import resources
from academy_ops.lab.aws.cloud import Cloud
from academy_ops.lab.aws.gate import create_user, create_users
from academy_ops.lab.aws.resources import client
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.lab.machine import run_script
from academy_ops.lab.state import Keys
from tests.lab_driver import Lab


@dataclass
class Desk:
    """A managed machine that is no more than a folder."""

    folder: Path
    env: dict[str, str]
    address: str = "10.20.1.99"
    agent_online: bool = True
    answers: Outcome | None = None
    rebooted: threading.Event = field(default_factory=threading.Event)

    def run(self, script: str, seconds: float) -> Outcome:
        return self.answers or run_script(script, self.folder, self.env, seconds)

    def reboot(self) -> None:
        self.rebooted.set()


@dataclass
class Aws:
    """The lab's AWS with the academy's resources in it."""

    cloud: Cloud
    users: dict[str, Keys]
    hosts: dict[str, Desk]

    def client(self, service: str, keys: Keys | None = None) -> Any:
        return client(self.cloud.url, keys or self.users["operator"], service)

    def keys(self, name: str, policy: dict[str, Any]) -> Keys:
        return create_user(name, policy)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    hosts: dict[str, Desk] = {}
    cloud = Cloud(lambda: hosts)
    cloud.start()
    found = Aws(cloud, create_users(), hosts)
    cloud.queues.create()
    resources.create_function_and_rule(found.client)
    resources.create_group(found.client, resources.create_network(found.client))
    cloud.scaling.reconcile()
    yield found
    cloud.stop()


@pytest.fixture
def desk(aws: Aws, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "bin").mkdir()
    desk = Desk(tmp_path, processes.clean_env(tmp_path, {}))
    aws.hosts["i-0123456789abcdef0"] = desk
    yield desk
    aws.hosts.clear()


@pytest.fixture(scope="module")
def lab(running_lab: Lab) -> Iterator[operate.LabInfo]:
    """The running lab, which ``academy_ops.lab.operate`` finds for as long as a file's tests run."""
    with running_lab.operated():
        status = operate.status()
        assert status is not None
        yield status.info
        running_lab.start_afresh()
