"""Commands for the shell in use: PowerShell's where people type them, POSIX where another machine may read them."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.checks.scenarios import SCENARIOS
from tests.cli.test_save_and_from import document, write
from tests.commands import academy_ops

POWERSHELL = {"ACADEMY_OPS_SHELL": "powershell"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with evidence of a launch that waits on a hook: its remedy has three steps, with variables between."""
    write(tmp_path, document(**SCENARIOS["worker-launch-stuck"][0]))
    return tmp_path


def command_of(folder: Path) -> str:
    result = academy_ops("diagnose", "--from", "evidence.json", "-o", "json", cwd=folder, **POWERSHELL).stdout
    command: str = json.loads(result)["verdict"]["remedies"][0]["command"]
    return command


def shown(folder: Path, **environ: str) -> str:
    result: str = academy_ops("diagnose", "--from", "evidence.json", cwd=folder, **environ).stdout
    return result


IN_POWERSHELL = "  $hook = aws autoscaling describe-lifecycle-hooks --region ap-northeast-2 "


def test_the_verdict_shows_the_command_for_the_shell_in_use(folder: Path) -> None:
    posix = f"  {command_of(folder)}\n"
    assert "hook=$(aws autoscaling" in posix
    result = {shell: shown(folder, ACADEMY_OPS_SHELL=shell) for shell in ("posix", "powershell")}
    assert [shell for shell, out in result.items() if posix in out] == ["posix"]
    assert [shell for shell, out in result.items() if IN_POWERSHELL in out] == ["powershell"]


def test_powershell_is_known_by_its_environment(folder: Path) -> None:
    assert IN_POWERSHELL in shown(folder, PSModulePath="C:\\Modules")


@pytest.mark.parametrize("output", ["json", "junit", "markdown", "github", "html"])
def test_a_document_is_for_a_posix_shell(output: str, folder: Path) -> None:
    asked = ("diagnose", "--from", "evidence.json", "-o", output)
    assert academy_ops(*asked, cwd=folder, **POWERSHELL).stdout == academy_ops(*asked, cwd=folder).stdout


def test_the_report_in_a_bundle_is_for_a_posix_shell(folder: Path) -> None:
    academy_ops("bundle", "--from", "evidence.json", "--to", "one.zip", cwd=folder, **POWERSHELL)
    with zipfile.ZipFile(folder / "one.zip") as archive:
        assert f"  {command_of(folder)}\n" in archive.read("report.txt").decode()


def test_explain_keeps_the_commands_of_the_api_server(tmp_path: Path) -> None:
    result = academy_ops("explain", "proxy-upstream-down", cwd=tmp_path, **POWERSHELL).stdout
    assert "  curl.exe -sS --max-time 10 -o NUL" in result
    assert "  docker start academy-api && docker logs --tail 50 academy-api\n" in result


def test_json_of_explain_is_for_a_posix_shell(tmp_path: Path) -> None:
    asked = ("explain", "r2-bucket-missing", "-o", "json")
    assert academy_ops(*asked, cwd=tmp_path, **POWERSHELL).stdout == academy_ops(*asked, cwd=tmp_path).stdout


def test_an_unknown_shell_is_refused_in_one_line(tmp_path: Path) -> None:
    done = academy_ops("explain", cwd=tmp_path, ACADEMY_OPS_SHELL="cmd")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "academy-ops: Unknown shell 'cmd'; use posix or powershell (ACADEMY_OPS_SHELL).\n"
