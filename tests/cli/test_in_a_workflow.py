"""In a GitHub workflow no line of a table or of standard error is a command to its runner."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from academy_ops.cli.streams import WorkflowOutput
from tests.checks import facts_factory as h
from tests.cli.test_save_and_from import document, write
from tests.commands import academy_ops

BAIT = "x " * 30 + "::error::owned ##[error]owned\n::set-env name=A::b\n  ::warning::c\n##[command]d"
OBEYED = re.compile(r"^\s*::|##\[", re.MULTILINE)
ACTIONS = {"GITHUB_ACTIONS": "true"}


def lines(*pieces: str) -> str:
    raw = io.BytesIO()
    stream = WorkflowOutput(raw, "utf-8", newline="")
    for piece in pieces:
        stream.write(piece)
    stream.flush()
    return raw.getvalue().decode()


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (("::error::x\n",), ": :error::x\n"),
        ((":", ":error::x\n"), ": :error::x\n"),
        (("a\n  ", "::", "error::x"), "a\n  : :error::x"),
        (("a ##[error]x ##[b]",), "a ## [error]x ## [b]"),
        (("a #", "#", "[error]x"), "a ## [error]x"),
        (("a\r::error::x",), "a\r: :error::x"),
        (("x" * 5000, " ##", "[a]"), "x" * 5000 + " ## [a]"),
        (("a ::error:: b: c\n", "# [x]\n"), "a ::error:: b: c\n# [x]\n"),
    ],
)
def test_what_the_runner_obeys_is_broken_up(pieces: tuple[str, ...], shown: str) -> None:
    assert lines(*pieces) == shown


@given(st.lists(st.text(":#[ \na", max_size=6), max_size=12))
def test_nothing_that_is_obeyed_is_ever_written(pieces: list[str]) -> None:
    result = lines(*pieces)
    assert not OBEYED.search(result)
    assert re.sub(r"\s", "", result) == re.sub(r"\s", "", "".join(pieces))


@pytest.mark.parametrize("width", ["40", "80"])
def test_a_table_and_its_notes_hold_no_command_and_documents_stay_whole(tmp_path: Path, width: str) -> None:
    write(tmp_path, document(document=h.job("FAILED", error_message=BAIT)))
    command = ("diagnose", "--from", "evidence.json")
    shown = academy_ops(*command, "--verbose", cwd=tmp_path, COLUMNS=width, **ACTIONS)
    assert "owned" in shown.stdout
    assert not OBEYED.search(shown.stdout + shown.stderr)
    assert OBEYED.search(academy_ops(*command, "--verbose", cwd=tmp_path, COLUMNS=width).stdout)
    written = academy_ops(*command, "-o", "json", cwd=tmp_path, **ACTIONS)
    assert not OBEYED.search(written.stdout)
    assert "##[error]owned" in json.dumps(json.loads(written.stdout))
    annotations = academy_ops(*command, "-o", "github", cwd=tmp_path, **ACTIONS).stdout
    assert annotations.startswith("::error title=")
    refused = academy_ops("check", "::error::owned", cwd=tmp_path, **ACTIONS)
    assert not OBEYED.search(refused.stderr)
