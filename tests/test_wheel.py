"""The wheel, installed without extras into an empty environment outside the checkout."""

import json
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from academy_ops.academy.sample_workbooks import students
from tests.lab_driver import Lab

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, and link what it declares from here; return the folder of its programs."""
    folder = tmp_path_factory.mktemp("wheel")
    # As make wheel does.
    manual = subprocess.run(
        [sys.executable, "-m", "academy_ops", "--lang", "en", "help", "--man"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "academy-ops.1").write_bytes(manual.stdout)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    home = folder / "environment"
    venv.create(home, symlinks=True)
    libraries = next((home / "lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(libraries)
    (wheel_itself,) = distributions(path=[str(libraries)])
    for name in declared(wheel_itself):
        for file in distribution(name).files or ():
            top = libraries / file.parts[0]
            if file.parts[0] not in {"..", "__pycache__"} and not top.exists():
                top.symlink_to(Path(str(distribution(name).locate_file(file.parts[0]))))
    (script,) = wheel_itself.entry_points.select(group="console_scripts")
    program = home / "bin" / script.name
    program.write_text(f"#!{home}/bin/python\nfrom {script.module} import {script.attr}\n{script.attr}()\n", "utf-8")
    program.chmod(0o700)
    return home / "bin"


def declared(wheel: Distribution) -> set[str]:
    """Return every distribution that a wheel needs without its extras, directly or through another."""
    found: set[str] = set()
    left = list(wheel.requires or ())
    while left:
        needed = Requirement(left.pop())
        if needed.name not in found and (not needed.marker or needed.marker.evaluate({"extra": ""})):
            found.add(needed.name)
            left += distribution(needed.name).requires or ()
    return found


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


def test_it_brings_a_man_page_where_man_looks_for_it(installed: Path) -> None:
    (page,) = installed.parent.glob("lib/python*/site-packages/academy_ops-*.data/data/share/man/man1/academy-ops.1")
    assert page.read_text("utf-8").startswith(".TH ACADEMY-OPS 1 ")


def test_it_speaks_korean(installed: Path, lab: Lab) -> None:
    assert "점검" in run(installed, lab, "--lang", "ko", "check", "--help").stdout


def test_a_workbook_is_read_without_an_extra(installed: Path, lab: Lab) -> None:
    path = lab.folder / "students.xlsx"
    path.write_bytes(students(2))
    done = run(installed, lab, "check", "excel", str(path), "-o", "json")
    assert (done.returncode, json.loads(done.stdout)["created"]) == (0, 2), done.stderr


@pytest.mark.parametrize("command", [("lab", "status"), ("demo",), ("serve", "worker")])
def test_a_command_of_the_lab_names_the_missing_extra_in_one_line(
    installed: Path, lab: Lab, command: tuple[str, ...]
) -> None:
    done = run(installed, lab, *command)
    assert done.returncode == 2
    assert "academy-ops[lab]" in done.stderr
    assert done.stderr.count("\n") == 1
