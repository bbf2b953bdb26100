"""A diagnosis against the number of workers: wall time and calls, on groups that exist only in the lab's AWS.

The machines behind the lab's SSM are canned: each answers the probe at once, as a worker that runs well. What is timed
is the tool and the lab's AWS, which shares this machine with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from academy_ops import contract
from academy_ops.lab.aws import resources
from academy_ops.lab.aws.cloud import Cloud
from academy_ops.lab.aws.gate import create_users
from academy_ops.lab.aws.resources import client
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.lab.state import Keys
from tests.bench.relays import relayed
from tests.bench.tables import table
from tests.lab_driver import ADDRESSES
from tests.overheard import overheard

SIZES: Final = (1, 20, 200, 1_000)
DELAYS: Final = (0, 80)
_SALT: Final = re.compile(r"^salt='([0-9a-f]{32})'$", re.MULTILINE)
_STATE: Final = ("status=running", "exit_code=0", "oom_killed=false", "started=2026-01-01T00:00:00.000000000Z")
_LINE: Final = "2026-01-01T00:00:00.000000000Z SQS_JOB_COMPLETED | job_id=00000000-0000-0000-0000-000000000000"
_LINES: Final = 60
"""As many as the probe shows of a log."""


@dataclass(frozen=True)
class Machine:
    """A managed machine whose worker runs well."""

    environment: Mapping[str, str]
    address: str = "10.20.16.9"
    agent_online: bool = True

    def run(self, script: str, seconds: float) -> Outcome:  # noqa: ARG002 - the form of a host
        salt = _SALT.findall(script)[0]
        digests = {name: hashlib.sha256((salt + value).encode()) for name, value in self.environment.items()}
        result = [
            "probe=2", "docker=up", "disk_percent=40", "container=present", *_STATE, "restarts=0",
            *(f"env={name} {digest.hexdigest()}" for name, digest in digests.items()),
            f"log_lines={_LINES}", "section=tail", *[_LINE] * _LINES, "section=end", "",
        ]  # fmt: skip
        return Outcome(0, "\n".join(result), "")

    def reboot(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Fleet:
    """The lab's AWS with a group of canned machines."""

    cloud: Cloud
    keys: Keys
    hosts: dict[str, Machine]
    machine: Machine

    def resize(self, size: int) -> None:
        """Give the group so many instances."""
        group = client(self.cloud.url, self.keys, "autoscaling")
        sizes = {"MinSize": size, "MaxSize": max(size, resources.MAX_SIZE), "DesiredCapacity": size}
        group.update_auto_scaling_group(AutoScalingGroupName=contract.GROUP_NAME, **sizes)
        (result,) = group.describe_auto_scaling_groups(AutoScalingGroupNames=[contract.GROUP_NAME])["AutoScalingGroups"]
        self.hosts.clear()
        self.hosts.update({one["InstanceId"]: self.machine for one in result["Instances"]})
        assert len(self.hosts) == size


@contextmanager
def fleet(environment: Mapping[str, str]) -> Iterator[Fleet]:
    """Start the lab's AWS in this process, with the academy's resources and workers that have this environment."""
    hosts: dict[str, Machine] = {}
    cloud = Cloud(lambda: hosts)
    cloud.start()
    try:
        keys = create_users()["operator"]
        aws = partial(client, cloud.url, keys)
        cloud.queues.create()
        resources.create_function_and_rule(aws)
        small = resources.create_network(aws)
        ec2 = aws("ec2")
        (place,) = ec2.describe_subnets(SubnetIds=[small])["Subnets"]
        subnet = ec2.create_subnet(VpcId=place["VpcId"], CidrBlock="10.20.16.0/20")["Subnet"]["SubnetId"]
        resources.create_group(aws, subnet)
        resources.put_worker_environment(aws, dict(environment))
        yield Fleet(cloud, keys, hosts, Machine(environment))
    finally:
        cloud.stop()


@dataclass(frozen=True)
class Took:
    """What a diagnosis took, in seconds: of the clock, and of the processor for the tool and for the lab's AWS."""

    wall: float
    tool: float
    aws: float


def diagnosed(job: str, environ: Mapping[str, str | None]) -> Took:
    """Diagnose once; the lab's AWS runs in this process."""
    command = [sys.executable, "-m", "academy_ops", "diagnose", job, "--timeout", "300", "-o", "json"]
    known = {name: value for name, value in environ.items() if value is not None}
    wall, before = time.perf_counter(), os.times()
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=330)
    wall, after = time.perf_counter() - wall, os.times()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    tool = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall, tool, after.user + after.system - before.user - before.system)


def measure(job: str, settings: Mapping[str, str], folder: Path, runs: int, sizes: Sequence[int] = SIZES) -> str:
    """Measure each size of the fleet; return the table.

    Args:
        job: A job of the lab that is done.
        settings: The environment that reaches the lab's API and R2.
        folder: Where files may be left.
        runs: How often each is timed; a figure is the median.
        sizes: How many workers the group has.
    """
    result = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY", "R2_EXCEL_BUCKET", "AI_SQS_QUEUE_NAME_BASIC")
    rows = []
    with fleet({name: settings[name].rstrip("/") for name in result if name in settings}) as group:
        keys = {"AWS_ACCESS_KEY_ID": group.keys.key_id, "AWS_SECRET_ACCESS_KEY": group.keys.secret}
        environ = {**settings, **keys, "AWS_ENDPOINT_URL": group.cloud.url}
        for size in sizes:
            group.resize(size)
            with overheard(environ, folder) as (changed, asked):
                diagnosed(job, {**environ, **changed})
            calls = Counter(asked)
            seconds = []
            for milliseconds in DELAYS:
                with relayed({name: environ[name] for name in ADDRESSES if name != "R2_ENDPOINT"}, milliseconds) as far:
                    taken = [diagnosed(job, {**environ, **far}) for _ in range(runs)]
                seconds.append(statistics.median(one.wall for one in taken))
                if not milliseconds:
                    seconds.append(statistics.median(one.tool for one in taken))
                    seconds.append(statistics.median(one.aws for one in taken))
            answers = calls["GetCommandInvocation"]
            agents, sent = calls["DescribeInstanceInformation"], calls["SendCommand"]
            rest = calls.total() - answers - agents - sent
            rows.append(
                [
                    f"{size:,}",
                    *(f"{one:.2f}" for one in seconds),
                    *(f"{count:,}" for count in (sent, agents, answers, rest)),
                ]
            )
    times = ["+0 ms, s", "CPU: tool", "CPU: lab's AWS", "+80 ms, s"]
    return table(["workers", *times, "SendCommand", "agents", "GetCommandInvocation", "other requests"], rows)
