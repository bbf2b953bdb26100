"""``runbook``: the runbook's own text, whole or one section of it."""

from pathlib import Path

import pytest

from academy_ops.report.runbook import text
from tests.commands import SHELL, academy_ops
from tests.terminal import terminal


@pytest.mark.parametrize(("language", "title"), [("ko", "### 3-1. 워커"), ("en", "### 3-1. Workers")])
@pytest.mark.parametrize("name", ["3-1", "workers"])
def test_a_section_is_found_by_its_number_and_by_its_check(
    name: str, language: str, title: str, tmp_path: Path
) -> None:
    done = academy_ops("--lang", language, "runbook", name, cwd=tmp_path)
    result = done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert result.startswith(title)
    assert "worker-scaled-to-zero" in result
    assert "queue-missing" not in result


def test_a_section_holds_its_subsections(tmp_path: Path) -> None:
    result = academy_ops("--lang", "ko", "runbook", "3", cwd=tmp_path).stdout
    inner = [line.split()[1] for line in result.splitlines() if line.startswith("### ")]
    assert inner == ["3-1.", "3-2.", "3-3.", "3-4."]


def test_without_a_section_all_of_it_is_shown_but_its_markers(tmp_path: Path) -> None:
    result = academy_ops("--lang", "en", "runbook", cwd=tmp_path).stdout
    assert result.splitlines() == [line for line in text("en").splitlines() if not line.startswith("<!--")]


def test_an_unknown_section_is_refused_with_what_there_is(tmp_path: Path) -> None:
    done = academy_ops("--lang", "en", "runbook", "9", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no section '9'. Choose from: 0 (access), 1 (r2)" in done.stderr


def test_a_terminal_gets_commands_whole_so_that_they_can_be_copied(tmp_path: Path) -> None:
    environ = {**SHELL, "HOME": str(tmp_path)}
    with terminal("--lang", "en", "runbook", "queue", cwd=tmp_path, environ=environ) as screen:
        screen.until("message-stuck")
    assert "```" not in screen.written
    long = max(line for line in text("en").splitlines() if line.startswith("aws sqs"))
    assert long in screen.written
