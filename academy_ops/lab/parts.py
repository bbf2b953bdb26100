"""The running lab: its parts, put together."""

from __future__ import annotations

import os
import secrets
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from academy_ops import contract
from academy_ops.academy import sample_workbooks
from academy_ops.lab import LabError, processes
from academy_ops.lab.aws import resources
from academy_ops.lab.aws.resources import Clients, client
from academy_ops.lab.control import NO_TLS, PATH, Action, Control
from academy_ops.lab.origin import Origin
from academy_ops.lab.state import LOG_GROUP, TENANT, WORKER_USER, Keys, LabState, aws_env
from academy_ops.lab.storage import Storage
from academy_ops.messages import Text, say

if TYPE_CHECKING:
    from academy_ops.lab.aws.cloud import Cloud
    from academy_ops.lab.edge import Edge
    from academy_ops.lab.fleet import Fleet
    from academy_ops.lab.schedule import Schedule

INITIAL_PASSWORD: Final = "lab-1234"  # noqa: S105 - the students of a lab have no secrets
SAMPLE_FILE: Final = "students.xlsx"
_READY_SECONDS: Final = 60.0
_WORKER_SECONDS: Final = 15.0


@dataclass(slots=True)
class Lab:
    """Everything that runs.

    Attributes:
        users: The keys of the lab's IAM users, by their part.
        aws: Makes clients with the lab's own key; the operator's may be what is broken.
        worker_env: What the workers' parameter holds when all is well.
        boot_seconds: How long an instance boots when all is well.
        broken: The faults that were put in, in that order.
        filtered: Ports that a fault keeps from answering.
    """

    place: Path
    state: LabState
    cloud: Cloud
    users: dict[str, Keys]
    aws: Clients
    subnet: str
    storage: Storage
    edge: Edge
    origin: Origin
    api: processes.Service
    fleet: Fleet
    schedule: Schedule
    worker_env: dict[str, str]
    boot_seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    filtered: list[processes.FilteredPort | processes.SilentPort | processes.OddPort] = field(default_factory=list)

    def put_worker_env(self, changed: Mapping[str, str | None] | None = None, *, encoded: bool = False) -> None:
        """Write the workers' parameter, with some values changed or, where None, left out."""
        env: dict[str, str | None] = {**self.worker_env, **(changed or {})}
        values = {name: value for name, value in env.items() if value is not None}
        # The second generation's user data reads that form only.
        resources.put_worker_environment(self.aws, values, encoded=encoded or self.state.generation > 1)

    def ensure_worker(self) -> None:
        """Have one instance at least, and in each a worker that runs, unless a fault prevents it."""
        group = self.cloud.scaling.backend.autoscaling_groups.get(contract.GROUP_NAME)
        if group and not group.desired_capacity:
            self.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=1)
        if self.fleet.provisioning.boot_seconds < _WORKER_SECONDS:  # else none that is not there yet would come in time
            processes.until(self.fleet.is_settled, _WORKER_SECONDS)

    def await_boots(self) -> None:
        """Wait until every instance of the group has booted, as those do that a heal has just launched."""
        if self.fleet.provisioning.boot_seconds < _WORKER_SECONDS:
            processes.until(lambda: self.cloud.scaling.instances().keys() <= self.fleet.booted(), _WORKER_SECONDS)

    def stop(self) -> None:
        """End every part, the workers first."""
        self.schedule.stop()
        self.fleet.stop()
        self.edge.stop()
        self.origin.service.stop()
        self.api.stop()
        self.storage.stop()
        self.cloud.stop()


def start(place: Path, actions: Mapping[str, Action[Lab]], on_event: Callable[[Text], None]) -> Lab:
    """Start every part and wait until the API answers and a worker polls.

    Raises:
        LabError: A part is missing or does not start.
    """
    processes.prepare(processes.clean_env(place, {}))
    r2_port, edge_port, origin_port, app_port = processes.free_ports(4)
    storage = Storage(place, r2_port)
    storage.start()
    origin = Origin(place, origin_port, app_port)
    origin.start()

    # Only now: moto takes a second to import, and the two above start meanwhile.
    from academy_ops.lab.aws.cloud import Cloud  # noqa: PLC0415
    from academy_ops.lab.aws.gate import create_users  # noqa: PLC0415
    from academy_ops.lab.edge import Edge  # noqa: PLC0415
    from academy_ops.lab.schedule import Schedule  # noqa: PLC0415

    generation = 2 if os.environ.get("ACADEMY_LAB_GENERATION") == "2" else 1
    # A load balancer sends requests to the API itself; nginx then stands aside.
    edge = Edge(place, edge_port, app_port, "awselb") if generation > 1 else Edge(place, edge_port, origin_port)
    control_token = secrets.token_urlsafe(32)
    control = Control[Lab](control_token, actions)
    cloud = Cloud(lambda: control.lab.fleet.hosts() if control.lab else {}, {PATH: control})
    cloud.start()
    users = create_users()
    state = LabState(
        pid=os.getpid(),
        since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        cloud_url=cloud.url,
        r2_endpoint=storage.endpoint,
        api_url=edge.url,
        ca_file=str(edge.ca_file),
        origin_url=origin.url,
        app_url=f"http://127.0.0.1:{app_port}",
        operator=users["operator"],
        r2=storage.keys,
        api_token=secrets.token_urlsafe(24),
        control_token=control_token,
        # The faults that change the database know SQLite only; a chaos run puts none of them in.
        database_url=os.environ.get("ACADEMY_LAB_DATABASE_URL") or f"sqlite:///{place / 'academy.sqlite3'}",
        generation=generation,
    )
    command = (sys.executable, "-m", "academy_ops", "serve", "api", "--host", "127.0.0.1", "--port", str(app_port))
    env = processes.clean_env(place, {**state.env(), **aws_env(cloud.url, users["api"])})
    api = processes.Service("api", command, env, app_port, place)
    api.start()
    on_event(say("AWS is up at {url}, R2 at {r2}.", url=cloud.url, r2=storage.endpoint))

    aws, worker_env = partial(cloud.client, users["lab"]), _worker_env(state)
    resources.put_worker_environment(aws, worker_env, encoded=generation > 1)
    cloud.queues.create()
    subnet = resources.create_network(aws)
    resources.create_group(aws, subnet, generation)
    fleet = _fleet(place, cloud, users["worker"], generation)
    fleet.start()
    resources.create_starters(aws, generation)
    of_autoscaler = processes.clean_env(place, aws_env(cloud.url, users["autoscaler"]))
    schedule = Schedule(aws, of_autoscaler, place, every=_seconds("ACADEMY_LAB_AUTOSCALE_SECONDS", 60.0))
    lab = Lab(place, state, cloud, users, aws, subnet, storage, edge, origin, api, fleet, schedule, worker_env)
    control.lab = lab
    _await_all(lab, on_event)
    return lab


def _worker_env(state: LabState) -> dict[str, str]:
    """Return what the workers' parameter holds when all is well."""
    shared = ("R2_", "AI_SQS_", "DATABASE_", "AWS_DEFAULT_REGION")
    return {name: value for name, value in state.env().items() if name.startswith(shared)}


def _fleet(place: Path, cloud: Cloud, keys: Keys, generation: int) -> Fleet:
    """Prepare the workers' instances, which have these keys; the first one boots at once."""
    from academy_ops.lab.fleet import Fleet  # noqa: PLC0415 - as above
    from academy_ops.lab.provisioning import Provisioning  # noqa: PLC0415 - as above

    parameters = client(cloud.url, keys, "ssm")
    # Whoever starts the lab may slow its workers down.
    step_delay = {name: os.environ[name] for name in ("ACADEMY_WORKER_STEP_DELAY",) if name in os.environ}
    provisioning = Provisioning(
        processes.clean_env(place, {**aws_env(cloud.url, keys), **step_delay}),
        cloud.scaling.gives_credentials,
        lambda: parameters.get_parameter(Name=contract.WORKER_ENV_PARAMETER, WithDecryption=True)["Parameter"]["Value"],
        partial(cloud.set_late, WORKER_USER, 0),
    )
    if generation > 1:
        provisioning.log_group, provisioning.user_data = LOG_GROUP, True
    return Fleet(place / "instances", cloud.scaling, provisioning)


def _await_all(lab: Lab, on_event: Callable[[Text], None]) -> None:
    """Wait until the API answers and a worker polls; from then on instances take their time to boot."""
    lab.storage.service.wait_ready(lab.storage.service.listening)
    lab.origin.wait_ready()
    lab.api.wait_ready(lambda: healthy(lab.state.app_url), _READY_SECONDS)
    lab.edge.start()
    on_event(say("The API is up at {url}.", url=lab.state.api_url))
    if not lab.cloud.queues.polled.wait(_READY_SECONDS):
        raise LabError(say("The first worker is not polling its queue."))
    on_event(say("A worker is polling {queue}.", queue=contract.QUEUE_NAME))
    lab.boot_seconds = lab.fleet.provisioning.boot_seconds = _seconds("ACADEMY_LAB_BOOT_SECONDS", 3.0)
    lab.schedule.start()


def healthy(url: str) -> bool:
    """Return whether the API at ``url`` and its database are up."""
    try:
        answer = httpx.get(f"{url}{contract.HEALTH_PATH}", timeout=2.0, verify=NO_TLS, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success


def upload(state: LabState, name: str, content: bytes) -> str:
    """Upload a workbook as the browser does; return the job's id.

    Raises:
        LabError: The API refused it, or does not answer; the error quotes its answer.
    """
    try:
        response = httpx.post(
            f"{state.api_url}{contract.UPLOAD_PATH}",
            files={"file": (name, content)},
            data={"initial_password": INITIAL_PASSWORD},
            headers={"Authorization": f"Bearer {state.api_token}", contract.TENANT_HEADER: TENANT},
            timeout=30.0,
            trust_env=False,
            verify=ssl.create_default_context(cafile=state.ca_file),
        )
    except httpx.HTTPError as error:
        raise LabError(say("The API does not answer: {reason}.", reason=str(error) or type(error).__name__)) from error
    status, body = response.status_code, " ".join(response.text.split())[:300]
    if status != httpx.codes.ACCEPTED:
        raise LabError(say("The API rejected the upload: HTTP {status}: {body}", status=status, body=body))
    return str(response.json()["job_id"])


def upload_students(state: LabState) -> str:
    """Upload a workbook of five students who are new each time, as `upload`; return the job's id."""
    return upload(state, SAMPLE_FILE, sample_workbooks.students(5, secrets.randbelow(99_000_000)))


def _seconds(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        return float(text) if text else default
    except ValueError as error:
        raise LabError(say("{name} must be a number of seconds.", name=name)) from error
