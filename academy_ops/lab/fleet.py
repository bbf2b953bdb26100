"""The worker instances: each instance of the group becomes, after a boot, a container with a real worker."""

from __future__ import annotations

import base64
import binascii
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from moto.autoscaling.models import InstanceState

from academy_ops.lab import agent, names, processes
from academy_ops.lab.aws.autoscaling import Scaling
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.lab.condition import Condition
from academy_ops.lab.container import Container, Image
from academy_ops.lab.errors import LabError
from academy_ops.messages import say

_RECONCILE_SECONDS: Final = 0.2
_START_SECONDS: Final = 15.0
_SHOWN_SECONDS: Final = 60.0
_SHIMS: Final = ("docker", "df")


class Machine:
    """One instance; an `academy_ops.lab.aws.ssm.Host`.

    Attributes:
        address: Its private IP address.
        booted: Set when it has booted and its SSM agent has registered.
        condition: In what condition it is.
    """

    def __init__(self, folder: Path, address: str, fleet: Fleet) -> None:
        self.address = address
        self.condition = Condition()
        self.booted = threading.Event()
        self._folder = folder
        self._fleet = fleet
        self._container: Container | None = None
        self._gone = threading.Event()
        self._off = False
        self._lock = threading.Lock()
        (folder / "bin").mkdir(mode=0o700, parents=True)
        for shim in _SHIMS:
            script = folder / "bin" / shim
            script.write_text((files("academy_ops.lab") / "shims" / f"{shim}.sh").read_text("utf-8"), "utf-8")
            script.chmod(0o700)

    @property
    def agent_online(self) -> bool:
        """Whether the SSM agent answers."""
        return self.condition.agent

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, or None when none runs."""
        return self._container.pid if self._container else None

    @property
    def runs_worker(self) -> bool:
        """Whether its condition lets a worker run at all."""
        return self.condition.docker and self.condition.container == "running"

    @property
    def restarts(self) -> int:
        """How often Docker has restarted the worker."""
        return self._container.restarts if self._container else 0

    def run(self, script: str, seconds: float) -> Outcome:
        """Run a script as the SSM agent would."""
        return agent.run(script, self._folder, self._fleet.host_env, seconds)

    def log(self) -> str:
        """Return what the container has written."""
        try:
            return (self._folder / "container" / "log").read_text("utf-8", "replace")
        except OSError:
            return ""

    def boot(self, delay: float) -> None:
        """Boot, or boot again: read the parameter, and run the container as the condition says."""
        with self._lock:
            if self._container is not None:
                self._container.remove()
                self._container = None
            self._off = True
            gone = self._gone.wait(delay)
            self._off = False
            if gone:
                return
            self._show_condition()
            if self.condition.docker and self.condition.container != "missing":
                self._run_container()
            self.booted.set()

    def restart(self) -> None:
        """Boot again without a delay; one that is off boots by itself, with what is known by then."""
        if not self._off:
            self.boot(0)

    def reboot(self) -> None:
        """Boot as EC2 reboots it: agent and Docker daemon start with it."""
        self.condition = replace(self.condition, agent=True, docker=True)
        self.boot(self._fleet.boot_seconds)

    def become(self, condition: Condition) -> None:
        """Change its condition; it boots again where the container is concerned."""
        before, self.condition = self.condition, condition
        if (before.container, before.docker) == (condition.container, condition.docker):
            self._show_condition()
        else:
            self.restart()

    def terminate(self) -> None:
        """End it; nothing of it stays."""
        self._gone.set()
        with self._lock:
            if self._container is not None:
                self._container.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _show_condition(self) -> None:
        """Let the shims know."""
        (self._folder / "disk-percent").write_text(f"{self.condition.disk_percent}\n", "utf-8")
        down = self._folder / "docker-down"
        down.unlink(missing_ok=True) if self.condition.docker else down.touch()

    def _run_container(self) -> None:
        env = self._fleet.read_parameter()
        image, host_env = self._fleet.image, self._fleet.host_env
        self._container = Container(self._folder / "container", names.WORKER, image, env, host_env)
        self._container.start()
        if self.condition.container == "stopped":
            processes.until(lambda: self.worker_pid is not None, _START_SECONDS)
            self._container.stop()


class Fleet:
    """Every instance of the group.

    Attributes:
        image: What the workers' containers run from their next start.
        host_env: The environment of an instance, with its instance profile's credentials.
        boot_seconds: How long a boot takes from now on.
    """

    def __init__(
        self, folder: Path, scaling: Scaling, fetch: Callable[[], str], host_env: Mapping[str, str], boot_seconds: float
    ) -> None:
        """Prepare it.

        Args:
            folder: Where the instances' folders go.
            scaling: The group's service; brought up to date at every round.
            fetch: Gets the parameter's value over the wire.
            host_env: The environment of an instance.
            boot_seconds: How long a boot takes.
        """
        self.image = Image()
        self.host_env = host_env
        self._folder = folder
        self._scaling = scaling
        self._fetch = fetch
        self.boot_seconds = boot_seconds
        self._machines: dict[str, Machine] = {}
        self._ending: dict[str, tuple[Machine, threading.Thread]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="fleet", daemon=True)

    def start(self) -> None:
        """Follow the group from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End every instance."""
        self._stopping.set()
        self._thread.join()
        _together([machine.terminate for machine in self._machines.values()])
        self._machines.clear()
        for _machine, thread in self._ending.values():
            thread.join()

    def is_empty(self) -> bool:
        """Return whether no instance is left, and no worker of one that has gone."""
        return not self._machines and not self.leaving()

    def unbooted(self) -> frozenset[str]:
        """Return the instances that have not booted yet."""
        return frozenset(name for name, machine in list(self._machines.items()) if not machine.booted.is_set())

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to every worker's process: it hangs from SIGSTOP on, and Docker restarts it after SIGKILL."""
        for machine in list(self._machines.values()):
            if machine.worker_pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(machine.worker_pid, number)

    def workers(self) -> dict[str, int | None]:
        """Return for each instance the worker's process id, or None where none runs (yet); `leaving` ones are there."""
        machines = dict(self._machines)
        found = dict.fromkeys(self._wanted()) | machines | self.leaving()
        return {name: machine.worker_pid if machine else None for name, machine in found.items()}

    def leaving(self) -> dict[str, Machine]:
        """Return the instances that have left the group and not ended: their workers may take a message yet."""
        wanted = self._wanted()
        left = {name: machine for name, machine in list(self._machines.items()) if name not in wanted}
        return left | {name: machine for name, (machine, thread) in list(self._ending.items()) if thread.is_alive()}

    def wait_until(self, shows: Callable[[Machine], bool]) -> None:
        """Wait until every instance of the group, where a worker runs, shows what a fault has done to it.

        Args:
            shows: Tells whether an instance does.

        Raises:
            LabError: One does not.
        """

        def all_show() -> bool:
            found = [self._machines.get(name) for name in self._wanted()]
            return all(machine and (shows(machine) or not machine.runs_worker) for machine in found)

        if not processes.until(all_show, _SHOWN_SECONDS, 0.1):
            folder = str(self._folder)
            raise LabError(say("The fault does not show in the workers. Their logs are in {folder}.", folder=folder))

    def wait_for_log(self, words: str) -> None:
        """Wait until every worker's log says so.

        Raises:
            LabError: One does not.
        """
        self.wait_until(lambda machine: words in machine.log())

    def hosts(self) -> dict[str, Machine]:
        """Return the instances whose agents have registered with SSM."""
        return {name: machine for name, machine in list(self._machines.items()) if machine.booted.is_set()}

    def change(self, **changed: Any) -> None:  # noqa: ANN401 - the fields of Condition
        """Change the condition of every instance there is."""
        machines = list(self._machines.values())
        _together([partial(machine.become, replace(machine.condition, **changed)) for machine in machines])

    def use(self, image: Image) -> None:
        """Run another image from now on, in every instance."""
        if image != self.image:
            self.image = image
            self.reboot()

    def reboot(self) -> None:
        """Boot every instance again, without the delay: the parameter is read anew."""
        _together([machine.restart for machine in list(self._machines.values())])

    def read_parameter(self) -> dict[str, str]:
        """Get the workers' environment as an instance does at boot; empty when it can't be had."""
        try:
            return parse_environment(self._fetch())
        except (BotoCoreError, ClientError):
            # Production's boot script goes on as well: the worker then starts without any environment.
            return {}

    def _wanted(self) -> dict[str, InstanceState]:
        with self._scaling.lock:
            group = self._scaling.backend.autoscaling_groups.get(names.GROUP)
            return {state.instance_id: state for state in group.instance_states} if group else {}

    def _keep(self) -> None:
        while not self._stopping.wait(_RECONCILE_SECONDS):
            self._scaling.reconcile()
            wanted = self._wanted()
            self._ending = {name: ending for name, ending in self._ending.items() if ending[1].is_alive()}
            for name in [name for name in self._machines if name not in wanted]:
                self._end(name)
            for name, state in wanted.items():
                if name not in self._machines:
                    self._launch(name, state)

    def _end(self, name: str) -> None:
        machine = self._machines[name]
        thread = threading.Thread(target=machine.terminate, name=f"end {name}", daemon=True)
        thread.start()
        # Never in neither of the two: who looks meanwhile must see it.
        self._ending[name] = machine, thread
        del self._machines[name]

    def _launch(self, name: str, state: InstanceState) -> None:
        machine = Machine(self._folder / name, str(state.instance.private_ip), self)
        self._machines[name] = machine
        threading.Thread(target=machine.boot, args=(self.boot_seconds,), name=f"boot {name}", daemon=True).start()


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


def _together(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
