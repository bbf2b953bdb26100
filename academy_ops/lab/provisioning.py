"""What every worker instance is launched with: its image, its environment, and where its log goes."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from academy_ops.contract import REGION, WORKER_NAME
from academy_ops.lab.aws import second_generation
from academy_ops.lab.container import Image

_KEYS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


@dataclass(slots=True)
class Provisioning:
    """What every instance gets from its next boot on.

    Attributes:
        host_env: The environment of an instance, with its instance profile's credentials.
        has_role: Whether the role of an instance reaches its container, by the instance's id.
        get_parameter: Gets the workers' parameter over the wire.
        set_clock: Puts the instances' clocks right.
        image: What the workers' containers run.
        boot_seconds: How long a boot takes.
        log_group: The group in CloudWatch Logs to which the containers' logs go; None for none.
        user_data: Whether instances boot by user data, as in the second generation.
    """

    host_env: Mapping[str, str]
    has_role: Callable[[str], bool]
    get_parameter: Callable[[], str]
    set_clock: Callable[[], None]
    image: Image = field(default_factory=Image)
    boot_seconds: float = 0.0
    log_group: str | None = None
    user_data: bool = False

    def image_of(self, instance_id: str) -> Image:
        """Return what an instance's container runs, with the log driver that it is given."""
        if self.log_group is None:
            return self.image
        options = {"awslogs-group": self.log_group, "awslogs-region": REGION, "awslogs-stream": _stream(instance_id)}
        return replace(self.image, log_driver="awslogs", log_options=options)

    def ship(self, instance_id: str, line: str, at: float) -> None:
        """Write a line of a container's log to CloudWatch Logs, where it goes there."""
        if self.log_group is not None:
            second_generation.write_log(self.log_group, _stream(instance_id), line, at)

    def container_env(self, instance_id: str) -> Mapping[str, str]:
        """Return what the host adds to its container's environment: without keys where the role does not reach it."""
        if self.has_role(instance_id):
            return self.host_env
        return {name: value for name, value in self.host_env.items() if name not in _KEYS}

    def parameter(self) -> str | None:
        """Return the workers' parameter as it is stored; None where it can't be had."""
        try:
            return self.get_parameter()
        except (BotoCoreError, ClientError):
            return None

    def worker_env(self) -> dict[str, str]:
        """Return the workers' environment as an instance reads it at boot; empty where it can't be had."""
        # Production's boot script goes on as well: the worker then starts without any environment.
        return parse_environment(self.parameter() or "")


def _stream(instance_id: str) -> str:
    return f"{WORKER_NAME}/{instance_id}"


def parse_environment(text: str) -> dict[str, str]:
    """Read the workers' parameter: base64 of a JSON object, or dotenv text as ``docker run --env-file`` reads it.

    Docker strips no quotes, knows no ``export``, and takes the value as it stands.
    """
    try:
        found = json.loads(base64.b64decode(text.strip(), validate=True))
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    except (binascii.Error, ValueError):
        pass
    lines = (line.lstrip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#") and "=" in line)
    return {name: value for name, _, value in pairs}
