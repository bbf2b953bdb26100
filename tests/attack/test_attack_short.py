"""The attack in short: every hostile request and message once, some workbooks and answers, and all counts are 0."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("chaos")  # one lab under load at a time
ROOT = Path(__file__).parents[2]


def test_a_short_attack_loses_leaks_freezes_and_spoils_nothing() -> None:
    command = [sys.executable, "-m", "tests.attack", "--once"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert run.stdout.splitlines()[-1] == "0 lost, 0 leaked, 0 frozen, 0 wrong"
