"""The chaos run in short: each disturbance once, and everything that was accepted ends as it must."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("lab-2")
ROOT = Path(__file__).parents[2]


def test_a_short_chaos_run_loses_nothing_doubles_nothing_and_leaks_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--uploads", "15", "--minutes", "0.7", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "0 lost, 0 twice, 0 leaked"
