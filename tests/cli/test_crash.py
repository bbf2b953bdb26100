"""A fault of the tool itself: one line, a report without secrets, exit code 70."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import academy_ops
import checks
from academy_ops.cli.errors import crash_text

SECRET = "wJalrXUtnFEMI-K7MDENG"
MO = "academy_ops/locale/ko/LC_MESSAGES/academy_ops.mo"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of the tool as a broken installation would leave it: its Korean catalogue is cut off."""
    folder = tmp_path / "damaged"
    for package in (academy_ops, checks):
        source = Path(package.__file__ or "").parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = (folder / MO).read_bytes()
    (folder / MO).write_bytes(catalogue[: len(catalogue) // 2])
    (folder / "tmp").mkdir()
    return folder


def run(damaged: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "academy_ops", *arguments],
        cwd=damaged,
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(damaged / "tmp"),
            "ACADEMY_API_TOKEN": SECRET,
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_one_line_says_where_the_report_is_and_the_report_tells_what_happened(damaged: Path) -> None:
    done = run(damaged, "--lang", "ko", "config")
    (report,) = (damaged / "tmp").glob("academy-ops-crash-*.txt")
    assert done.returncode == 70
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(report) in done.stderr
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    result = report.read_text(encoding="utf-8")
    assert "Traceback" in result
    assert "Then no Korean could be spoken: " in result
    assert f"academy-ops: {academy_ops.__version__}" in result
    assert "ACADEMY_API_TOKEN: environment" in result
    assert SECRET not in result


def test_the_log_of_a_served_part_keeps_the_traceback(damaged: Path) -> None:
    assert "Traceback" in run(damaged, "--lang", "ko", "serve", "worker").stderr


def test_commands_that_cannot_be_listed_are_told_beside_what_has_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ModuleType("academy_ops.cli.app")
    monkeypatch.setitem(sys.modules, "academy_ops.cli.app", broken)
    result = crash_text(RuntimeError("first"), ["diagnose"], None)
    assert "command: academy-ops …\n" in result
    assert "RuntimeError: first\nThe commands could not be listed: AttributeError: " in result


def test_neither_secrets_nor_values_of_arguments_stand_in_the_report(tmp_path: Path) -> None:
    env_file = tmp_path / "api.env"
    env_file.write_text(f"R2_SECRET_KEY={SECRET}\n", encoding="utf-8")
    error = RuntimeError(f"no answer from https://user:pass-word@db/?key={SECRET}")
    result = crash_text(error, ["diagnose", "pasted-by-mistake", "--save=x.json"], str(env_file))
    assert "RuntimeError: no answer from https://***@db/?key=***" in result
    assert "R2_SECRET_KEY: env file" in result
    assert "pasted-by-mistake" not in result
    assert "x.json" not in result


def test_the_secrets_of_every_env_file_are_masked_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first.env", "second.env", "broken.env")]
    files[0].write_text("R2_SECRET_KEY=first-secret\nexport DJANGO_SECRET_KEY='second-$(secret'\n", encoding="utf-8")
    files[1].write_text("ACADEMY_API_TOKEN=third-secret\nDEBUG=not-secret\n", encoding="utf-8")
    files[2].write_text("R2_ACCESS_KEY=fourth-secret\nSECRET_KEY='fifth-secret\n", encoding="utf-8")
    words = "first-secret second-$(secret third-secret not-secret fourth-secret fifth-secret"
    given = ["--env-file", str(files[0]), "diagnose", f"--env-file={files[1]}", "--env-file", str(files[2])]
    result = crash_text(RuntimeError(words), given, str(files[2]))
    assert "RuntimeError: *** *** *** not-secret *** ***" in result
