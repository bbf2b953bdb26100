"""Completion at the Tab key: what each shell asks, and what it is told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from academy_ops.cli import names
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.lab.faults import ALIASES, FAULTS
from academy_ops.report import Output
from academy_ops.report.runbook import sections, text
from checks import RUNBOOK
from tests.commands import SHELL, academy_ops
from tests.terminal import terminal

CHECKS = {check.name for check in RUNBOOK}
SHELLS = ("bash", "zsh", "fish", "powershell")
BIN = Path(sys.executable).parent


def asked(shell: str, line: str) -> dict[str, str]:
    """Return the environment in which the script of ``shell`` asks what may follow ``line``."""
    words = line.split(" ")
    asks = {"_ACADEMY_OPS_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        return {**asks, "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if shell == "fish":
        return {**asks, "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    if shell == "zsh":
        return {**asks, "_TYPER_COMPLETE_ARGS": line}
    # What PowerShell tells of the line ends with its last word.
    return {**asks, "_TYPER_COMPLETE_ARGS": line.rstrip(), "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1]}


def offered(shell: str, line: str, cwd: Path, **environ: str) -> dict[str, str]:
    """Return what ``shell`` would offer after ``line``, each with what is said of it."""
    done = academy_ops(cwd=cwd, **asked(shell, line), **environ)
    assert done.stderr == ""
    result = done.stdout.strip()
    if shell == "zsh":
        # _arguments '*: :(("value":"what it is" …))'
        result = result.removeprefix("_arguments '*: :((").removesuffix("))'").replace('"', "")
    apart = {"bash": "\n", "zsh": ":", "fish": "\t", "powershell": ":::"}[shell]
    return {value: what for value, _, what in (one.partition(apart) for one in result.splitlines())}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("academy-ops check ", {*CHECKS, "excel"}),
        ("academy-ops diagnose --only ", CHECKS),
        ("academy-ops diagnose --only queue --skip wor", {"workers"}),
        ("academy-ops explain ", set(CATALOGUE)),
        ("academy-ops explain excel-ph", {"excel-phone-column-missing", "excel-phone-invalid"}),
        ("academy-ops runbook ", {*sections(text("en")), *CHECKS}),
        ("academy-ops lab break ", {*FAULTS, *ALIASES}),
        ("academy-ops diagnose --output ", set(Output)),
        ("academy-ops diagnose --fail-on ", {"fail", "warn"}),
        ("academy-ops --lang ", {"ko", "en"}),
        ("academy-ops diagnose --fa", {"--fail-on"}),
        ("academy-ops queue ", {"create"}),
        ("academy-ops worker-env --from-api R2_S", {"R2_SECRET_KEY"}),
    ],
)
def test_each_shell_is_offered_what_is_known_without_a_job(
    shell: str, line: str, values: set[str], tmp_path: Path
) -> None:
    assert set(offered(shell, line, tmp_path)) == values


@pytest.mark.parametrize(
    "line", ["academy-ops check excel ", "academy-ops diagnose --from ", "academy-ops --env-file "]
)
def test_where_a_file_goes_files_are_left_to_the_shell(line: str, tmp_path: Path) -> None:
    assert [shell for shell in SHELLS if shell != "zsh" and offered(shell, line, tmp_path)] == []
    assert set(offered("zsh", line, tmp_path)) == {"_files"}


@pytest.mark.parametrize(("language", "said"), [("en", "3-1. Workers"), ("ko", "3-1. 워커")])
def test_a_value_is_told_in_the_language_spoken(language: str, said: str, tmp_path: Path) -> None:
    assert offered("fish", "academy-ops check w", tmp_path, ACADEMY_OPS_LANG=language) == {"workers": said}


@pytest.mark.parametrize("values", ["checks", "sections", "causes", "faults"])
def test_a_tab_loads_no_aws_sdk(values: str) -> None:
    """It would make each of them wait."""
    code = (
        "import sys; from academy_ops.cli import app, names; "
        f"assert names.complete_{values}(); print(*sys.modules, sep='\\n')"
    )
    loaded = subprocess.run([sys.executable, "-c", code], env=SHELL, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in loaded.stdout.split()} & {"boto3", "botocore", "moto"} == set()


def test_the_checks_offered_are_those_of_the_runbook() -> None:
    assert {name for name, _what in names.complete_checks()} == CHECKS


@pytest.mark.parametrize("line", ["academy-ops --timeout nan check q", "academy-ops --lang fr check q"])
def test_a_mistake_earlier_in_the_line_is_told_when_it_is_run(line: str, tmp_path: Path) -> None:
    assert set(offered("bash", line, tmp_path)) == {"queue"}


@pytest.mark.parametrize("environ", [{"ACADEMY_OPS_LANG": "fr"}, {"LANG": "ko_KR", "PYTHONIOENCODING": "latin-1"}])
def test_a_language_that_can_not_be_spoken_is_no_noise_while_one_types(environ: dict[str, str], tmp_path: Path) -> None:
    assert academy_ops(cwd=tmp_path, **asked("bash", "academy-ops check q"), **environ).stderr == ""


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
@pytest.mark.parametrize("line", ["academy-ops diagnose --", "academy-ops lab up --", "academy-ops --"])
def test_what_is_said_of_an_option_is_one_line(shell: str, line: str, tmp_path: Path) -> None:
    assert [one for one in offered(shell, line, tmp_path) if not one.startswith("-")] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_completes_once_it_is_installed(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environ = {**SHELL, "HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{SHELL['PATH']}", "LANG": "C.UTF-8"}
    # Else fish would go through all manual pages of this machine in the background.
    (tmp_path / ".local/share/fish/generated_completions").mkdir(parents=True)
    # Something must follow it: a shell becomes its last command, and would not be there to be found.
    install = [shell, "-c", "academy-ops --install-completion; true"]
    subprocess.run(install, env=environ, check=True, capture_output=True, timeout=60)
    with terminal(command=("setsid", "--ctty", shell, "-i"), cwd=tmp_path, environ=environ) as screen:
        # The first Tab of a session of zsh only loads what the second asks.
        screen.type("academy-ops explain worker-scaled\t\t")
        screen.until("-to-zero")
