"""A threshold is changed in one place, and every text that quotes it follows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source in which an instance boots for 14 minutes and work waits for 7 before that is a fault."""
    copy = tmp_path_factory.mktemp("changed")
    for name in ("academy_ops", "checks"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("runbook.md", "runbook.en.md"):
        shutil.copy(ROOT / name, copy)
    path = copy / "academy_ops" / "thresholds.py"
    text = path.read_text("utf-8")
    for name, seconds in (("BOOT_SECONDS", 840), ("WAITED_SECONDS", 420)):
        text, count = re.subn(rf"^{name}: Final = \d+$", f"{name}: Final = {seconds}", text, flags=re.MULTILINE)
        assert count == 1
    path.write_text(text, "utf-8")
    return copy


def shown(source: Path, *command: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "academy_ops", *command],
        env=environ, cwd=source, capture_output=True, text=True, encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("explain", "queue-not-consumed", "--lang", "en"), ("for 7 minutes", "older than 14 minutes")),
        (("explain", "queue-not-consumed", "--lang", "ko"), ("7분 이상 대기", "14분이 넘은")),
        (("explain", "worker-booting", "--lang", "en"), ("at most 14",)),
        (("runbook", "3-3", "--lang", "en"), ("has been waiting for 7 minutes",)),
        (("runbook", "3-3", "--lang", "ko"), ("메시지가 7분 넘게",)),
        (("runbook", "3-1", "--lang", "ko"), ("최대 14분", "시작된 지 14분이")),
        (("--lang", "en", "smoke", "--help"), ("For 7 minutes some faults", "--timeout 480 or more")),
    ],
)
def test_every_text_follows(changed: Path, command: tuple[str, ...], says: tuple[str, ...]) -> None:
    text = shown(changed, *command)
    assert [phrase for phrase in says if phrase not in text] == []
