"""What remedies have the workers' instances run is what the lab's instances carry out, and nothing else."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.command import fill
from academy_ops.lab.host_remedies import effect
from academy_ops.lab.machine import Condition

NAMES = {"worker_container": "academy-ai-worker-cpu", "unit": "academy-worker.service", "worker": "x", "region": "x"}


def test_the_lab_carries_out_each_line_that_a_remedy_sends_through_ssm(compared: Callable[[int], None]) -> None:
    steps = [
        step
        for cause in CATALOGUE.values()
        for remedy in (*cause.remedies, *(one for variant in cause.reasons.values() for one in variant.remedies))
        for step in fill(remedy.steps, NAMES)
        if "send-command" in step.argv
    ]
    known = {field.name for field in fields(Condition)} | {"clock"}
    for step in steps:
        changed = effect(step.argv[-1].removeprefix("commands="))
        assert changed is not None, step
        assert changed.keys() <= known
    assert len(steps) > 8
    compared(len(steps))


@pytest.mark.parametrize("script", ["reboot", "docker start x; reboot", "docker start $(reboot)", "rm -rf /"])
def test_any_other_line_is_none(script: str) -> None:
    assert effect(script) is None
