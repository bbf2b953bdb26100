"""EventBridge, Lambda and CloudWatch in one: the autoscaler runs while its rule is enabled; alarms are evaluated."""

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from academy_ops.contract import AUTOSCALER_NAME, AUTOSCALER_RULE
from academy_ops.lab import processes
from academy_ops.lab.aws import second_generation
from academy_ops.lab.aws.resources import Clients

_RUN: Final = "from academy_ops.academy.autoscaler import handler; print(handler({}, None))"
_RUN_SECONDS: Final = 30.0


class Schedule:
    """Runs the bundled autoscaler, each time in a process of its own, as Lambda would."""

    def __init__(self, aws: Clients, env: Mapping[str, str], place: Path, every: float) -> None:
        """Prepare it to run every so many seconds, in ``env``, which has the autoscaler's own credentials."""
        self._aws = aws
        self._env = env
        self._place = place
        self._every = every
        self._held = False
        self._running = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="schedule", daemon=True)

    def start(self) -> None:
        """Run it from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Run it no more."""
        self._stopping.set()
        self._thread.join()

    def hold(self) -> None:
        """Let it run no more until `release`; what runs now ends first."""
        with self._running:
            self._held = True

    def release(self) -> None:
        """Let it run again."""
        self._held = False

    def _keep(self) -> None:
        while not self._stopping.wait(self._every):
            with self._running:
                if self._held:
                    continue
                second_generation.act(self._aws)
                if self._due():
                    self._run()

    def _due(self) -> bool:
        try:
            rule = self._aws("events").describe_rule(Name=AUTOSCALER_RULE)
            self._aws("lambda").get_function_configuration(FunctionName=AUTOSCALER_NAME)
        except (BotoCoreError, ClientError):
            return False  # without rule or function nothing runs, as after some faults
        return bool(rule["State"] == "ENABLED")

    def _run(self) -> None:
        with (self._place / "autoscaler.log").open("ab") as log:
            process = processes.spawn((sys.executable, "-c", _RUN), self._env, log, self._place)
            try:
                processes.until(lambda: process.poll() is not None or self._stopping.is_set(), _RUN_SECONDS, 0.1)
            finally:
                processes.stop(process, grace=1.0)
