"""EC2 as moto does it, but a reboot reaches the machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import ClassVar

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from academy_ops.lab.aws.ssm import Host


class LabEC2(EC2Response):
    """The requests that moto answers without doing anything.

    Attributes:
        hosts: The machines, by instance id; set by `corrected`.
    """

    hosts: ClassVar[Callable[[], Mapping[str, Host]]]

    def reboot_instances(self) -> ActionResult:
        """Let the machines boot again."""
        answer = super().reboot_instances()
        hosts = type(self).hosts()
        for instance_id in self._get_param("InstanceIds", []):
            if instance_id in hosts:
                threading.Thread(target=hosts[instance_id].reboot, name=f"reboot {instance_id}", daemon=True).start()
        return answer


def corrected(hosts: Callable[[], Mapping[str, Host]]) -> type[EC2Response]:
    """Make the response class that reboots ``hosts``."""
    return type("LabEC2", (LabEC2,), {"hosts": staticmethod(hosts)})
