"""The wheel, installed without extras into an empty environment outside the checkout."""

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.lab_driver import Lab

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.xdist_group("lab-2")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel and what it declares; return the folder of its programs."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    wheel = next((folder / "dist").glob("*.whl"))
    home = folder / "environment"
    venv.create(home, with_pip=True)
    pinned = folder / "constraints.txt"
    # pip takes no hashes in a constraints file.
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned.write_text("\n".join(line.split(" \\")[0] for line in lines if "==" in line), encoding="utf-8")
    install: list[str | Path] = [home / "bin" / "pip", "install", "--quiet", "--constraint", pinned, wheel]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=300)
    return home / "bin"


def test_what_ci_runs_on_windows_and_macos_is_there() -> None:
    chosen = re.findall(r"^  (tests/\S+)", (ROOT / ".ci" / "operator").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(chosen) > 5
    assert [path for path in chosen if not (ROOT / path).exists()] == []


def run(installed: Path, lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed / "academy-ops", *arguments],
        cwd=lab.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(lab.folder), "LANG": "C.UTF-8", **lab.settings()},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def test_the_operators_commands_work_against_a_lab(installed: Path, lab: Lab) -> None:
    lab.do("lab", "break", "worker-off")
    job_id = lab.do("lab", "upload")
    diagnosed = run(installed, lab, "diagnose", job_id)
    assert (diagnosed.returncode, "worker-scaled-to-zero" in diagnosed.stdout) == (1, True), diagnosed.stderr
    assert run(installed, lab, "check", "queue").returncode == 0
    assert run(installed, lab, "scale-worker", "--desired", "1", "--yes", "--wait").returncode == 0
    assert run(installed, lab, "watch", job_id).returncode == 0


def test_it_speaks_korean(installed: Path, lab: Lab) -> None:
    assert "점검" in run(installed, lab, "--lang", "ko", "check", "--help").stdout


@pytest.mark.parametrize("command", [("lab", "status"), ("demo",), ("serve", "worker"), ("check", "excel", "x.xlsx")])
def test_a_command_of_the_lab_names_the_missing_extra_in_one_line(
    installed: Path, lab: Lab, command: tuple[str, ...]
) -> None:
    done = run(installed, lab, *command)
    assert done.returncode == 2
    assert "academy-ops[lab]" in done.stderr
    assert done.stderr.count("\n") == 1
