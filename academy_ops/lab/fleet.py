"""The worker instances: each instance of the group becomes, after a boot, a `Machine`."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from academy_ops.lab import LabError, processes
from academy_ops.lab.aws.autoscaling import Scaling
from academy_ops.lab.container import Image
from academy_ops.lab.machine import Condition, Machine
from academy_ops.lab.provisioning import Provisioning
from academy_ops.messages import say

_RECONCILE_SECONDS: Final = 0.2
_VISIBLE_SECONDS: Final = 60.0


class Fleet:
    """Every instance of the group.

    Attributes:
        provisioning: What the instances get from their next boot on.
    """

    def __init__(self, folder: Path, scaling: Scaling, provisioning: Provisioning) -> None:
        """Prepare it in a folder for the instances of ``scaling``."""
        self.provisioning = provisioning
        self._folder = folder
        self._scaling = scaling
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
        self._each(Machine.terminate)
        self._machines.clear()
        for _machine, thread in self._ending.values():
            thread.join()

    def is_empty(self) -> bool:
        """Return whether no instance is left, and no worker of one that has gone."""
        return not self._machines and not self.leaving()

    def unbooted(self) -> frozenset[str]:
        """Return the instances that have not booted yet."""
        return frozenset(name for name, machine in list(self._machines.items()) if not machine.booted.is_set())

    def booted(self) -> frozenset[str]:
        """Return the instances that have booted."""
        return frozenset(self._machines) - self.unbooted()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to every worker's process: it hangs from SIGSTOP on, and Docker restarts it after SIGKILL."""
        for machine in list(self._machines.values()):
            if machine.worker_pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(machine.worker_pid, number)

    def workers(self) -> dict[str, int | None]:
        """Return the worker's process id by instance, or None where none runs (yet); `leaving` ones are included."""
        machines = dict(self._machines)
        found = dict.fromkeys(self._scaling.instances()) | machines | self.leaving()
        return {name: machine.worker_pid if machine else None for name, machine in found.items()}

    def leaving(self) -> dict[str, Machine]:
        """Return the instances that have left the group and not ended: their workers may still take a message."""
        group = self._scaling.instances()
        left = {name: machine for name, machine in list(self._machines.items()) if name not in group}
        return left | {name: machine for name, (machine, thread) in list(self._ending.items()) if thread.is_alive()}

    def is_settled(self) -> bool:
        """Return whether the group has instances, each with a worker that runs or will not, and none leaves it."""
        found = [self._machines.get(name) for name in self._scaling.instances()]
        return bool(found) and all(machine and machine.settled for machine in found) and not self.leaving()

    def wait_until(self, shows_fault: Callable[[Machine], bool]) -> None:
        """Wait until every instance of the group where a worker can run shows what a fault has done to it."""

        def all_show() -> bool:
            found = [self._machines.get(name) for name in self._scaling.instances()]
            return all(machine and (shows_fault(machine) or not machine.can_run_worker) for machine in found)

        if not processes.until(all_show, _VISIBLE_SECONDS, 0.1):
            folder = str(self._folder)
            raise LabError(say("The fault did not show in the workers. Their logs are in {folder}.", folder=folder))

    def wait_for_log(self, words: str) -> None:
        """Wait until every worker's log says so."""
        self.wait_until(lambda machine: words in machine.log())

    def hosts(self) -> dict[str, Machine]:
        """Return the instances whose agents have registered with SSM."""
        return {name: machine for name, machine in list(self._machines.items()) if machine.registered}

    def change(self, **changed: Any) -> None:  # noqa: ANN401 - the fields of Condition
        """Change the condition of every instance there is."""
        self._each(lambda machine: machine.change_condition(replace(machine.condition, **changed)))

    def restore(self) -> None:
        """Let every instance be well."""
        self._each(lambda machine: machine.change_condition(Condition()))

    def use(self, image: Image) -> None:
        """Run another image from now on, in every instance."""
        if image != self.provisioning.image:
            self.provisioning.image = image
            self.reboot()

    def log_to(self, group: str | None) -> None:
        """Send the containers' logs to a group of CloudWatch Logs from now on, or to none."""
        if group != self.provisioning.log_group:
            self.provisioning.log_group = group
            self.reboot()

    def reboot(self) -> None:
        """Boot every instance again, without the delay: the parameter is read anew."""
        self._each(Machine.restart)

    def _each(self, call: Callable[[Machine], None]) -> None:
        """Call a function for every instance, all at the same time."""
        threads = [
            threading.Thread(target=call, args=(machine,), daemon=True) for machine in list(self._machines.values())
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _keep(self) -> None:
        while not self._stopping.wait(_RECONCILE_SECONDS):
            self._scaling.reconcile()
            group = self._scaling.instances()
            self._ending = {name: ending for name, ending in self._ending.items() if ending[1].is_alive()}
            for name in [name for name in self._machines if name not in group]:
                self._end(name)
            for name, address in group.items():
                if name not in self._machines:
                    self._launch(name, address)

    def _end(self, name: str) -> None:
        machine = self._machines[name]
        thread = threading.Thread(target=machine.terminate, name=f"end {name}", daemon=True)
        thread.start()
        # First there, then gone here: whoever looks meanwhile must see it.
        self._ending[name] = machine, thread
        del self._machines[name]

    def _launch(self, name: str, address: str) -> None:
        machine = Machine(self._folder / name, address, self.provisioning)
        self._machines[name] = machine
        threading.Thread(
            target=machine.boot, args=(self.provisioning.boot_seconds,), name=f"boot {name}", daemon=True
        ).start()
