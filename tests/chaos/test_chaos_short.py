"""The chaos run in short: each disturbance once, and everything that was accepted ends as it must."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.chaos.plan import DISTURBANCES

pytestmark = pytest.mark.xdist_group("chaos")  # one lab under load at a time
ROOT = Path(__file__).parents[2]


@contextmanager
def chaos(*flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.chaos", *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        try:
            yield run
        finally:
            if run.poll() is None:
                run.terminate()


def test_a_short_chaos_run_loses_nothing_doubles_nothing_and_leaks_nothing(compared: Callable[[int], None]) -> None:
    with chaos("--uploads", "15", "--minutes", "0.45", "--seed", "1") as run:
        said = run.communicate(timeout=160)[0]
    assert run.returncode == 0, said
    assert said.splitlines()[-1] == "0 lost, 0 twice, 0 leaked"
    kinds = [kind for kind in DISTURBANCES if f"x {kind}\n" in said or f"not done: {kind}" in said]
    assert kinds == [*DISTURBANCES]
    compared(len(kinds))


def test_an_interrupted_chaos_run_leaves_no_process() -> None:
    with chaos("--uploads", "4", "--minutes", "1", "--workers", "1") as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "1 workers" in line:
                break
        started = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)[0]
    assert run.returncode == 130, said
    assert len(started) > 5
    assert psutil.wait_procs(started, timeout=10)[1] == []
