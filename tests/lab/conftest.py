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
from academy_ops.lab.state import FOLDER_VARIABLE, Keys


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
    resources.create_queues(found.client)
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


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[operate.LabInfo]:
    """A running lab that ``academy_ops.lab.operate`` finds; its autoscaler does not interfere."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("lab") / "lab"))
        environment.setenv("ACADEMY_LAB_BOOT_SECONDS", "0.2")
        environment.setenv("ACADEMY_LAB_AUTOSCALE_SECONDS", "3600")
        with operate.running() as (info, _wait):
            yield info
