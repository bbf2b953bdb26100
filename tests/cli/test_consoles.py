"""Any console and any reader: few characters, a pipe that is cut off, a full disk, streams that are closed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_save_and_from import waiting, write
from tests.commands import SHELL, academy_ops, run_on_console

FEW = ("cp949", "ascii", "latin-1")
COMMANDS = (("--help",), ("diagnose", "--help"), ("diagnose", "--from", "evidence.json"), ("explain",), ("config",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, waiting())
    return tmp_path


def run(folder: Path, command: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell; ``academy-ops`` in it is the tool."""
    tool = f'academy-ops() {{ "{sys.executable}" -m academy_ops "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", tool + command],
        cwd=folder,
        env={**SHELL, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "LANG": "C.UTF-8", **environ},
        capture_output=True,
        check=False,
        timeout=60,
    )


def console(folder: Path, encoding: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the tool on a console that has the characters of ``encoding``."""
    environ = {**SHELL, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "PYTHONIOENCODING": encoding}
    return run_on_console(arguments, folder, environ)


@pytest.mark.parametrize("encoding", FEW)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_is_lost_on_a_console_that_knows_few_characters(encoding: str, language: str, folder: Path) -> None:
    done = [console(folder, encoding, "--lang", language, *command) for command in COMMANDS]
    result = "".join(one.stdout.decode(encoding) for one in done)
    assert [one.stderr for one in done if b"Traceback" in one.stderr] == []
    assert "worker-scaled-to-zero" in result
    # A question may be asked; a letter that was lost stands within a word.
    assert not re.search(r"\?(?!\s)", result)
    assert ("장애 발견" in result) == (language == "ko" and encoding == "cp949")


def test_a_console_without_korean_letters_is_told_so_and_gets_english(folder: Path) -> None:
    done = console(folder, "latin-1", "--lang", "ko", "explain")
    result = "This console can't show Korean (latin-1), so the output is in English."
    assert done.stderr.decode() == f"academy-ops: {result}\n"
    assert b"The API server's R2 settings are incomplete" in done.stdout


@pytest.mark.parametrize("environ", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
def test_the_c_locale_speaks_english(environ: dict[str, str], folder: Path) -> None:
    done = run(folder, "academy-ops diagnose --from evidence.json", **environ)
    assert done.returncode == 1
    assert "FAULT FOUND" in done.stdout.decode()


@pytest.mark.parametrize("output", ["json", "junit", "markdown", "html"])
def test_a_document_is_utf_8_whatever_the_console_is(output: str, folder: Path) -> None:
    done = console(folder, "cp949", "--lang", "ko", "diagnose", "--from", "evidence.json", "-o", output)
    assert "워커" in done.stdout.decode("utf-8")


def test_json_of_other_commands_is_utf_8_too(folder: Path) -> None:
    done = console(folder, "cp949", "--lang", "ko", "explain", "r2-env-missing", "-o", "json")
    assert "설정" in json.loads(done.stdout)["meaning"]


def test_a_pipe_that_is_cut_off_leaves_the_exit_code_of_the_result_and_no_message(folder: Path) -> None:
    done = run(folder, "academy-ops diagnose --from evidence.json | head -n 1; exit ${PIPESTATUS[0]}")
    assert done.returncode == 1
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


def test_a_cut_pipe_of_errors_is_no_error_either(folder: Path) -> None:
    done = run(folder, "academy-ops diagnos 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.parametrize("command", ["diagnose --from evidence.json", "explain", "config -o json", "--help"])
def test_a_full_disk_is_told_in_one_line(command: str, folder: Path) -> None:
    done = run(folder, f"academy-ops {command} > /dev/full")
    assert done.returncode == 3
    assert done.stderr == b"academy-ops: Can't write the output: the disk is full.\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(closed: str, folder: Path) -> None:
    done = run(folder, f"academy-ops diagnose --from evidence.json {closed}")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_the_language_may_stand_in_the_env_file(folder: Path) -> None:
    (folder / ".env").write_text("ACADEMY_OPS_LANG=ko\n", encoding="utf-8")
    diagnose = ("diagnose", "--from", "evidence.json")
    assert "장애 발견" in academy_ops(*diagnose, cwd=folder).stdout
    assert "FAULT" in academy_ops(*diagnose, cwd=folder, ACADEMY_OPS_LANG="en").stdout
