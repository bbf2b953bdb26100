"""``explain``: every cause as a page of a manual, in both languages, without a network."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from academy_ops import messages
from academy_ops.cli import main
from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.report import explanation
from academy_ops.settings import load

LANGUAGES = pytest.mark.parametrize("language", ["ko", "en"])
NAMES = live_names(load(environ={}, default_env_file=None), "academy-ops")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    yield
    messages.use("en")


class Explain:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, language: str, *arguments: str, code: int = 0) -> str:
        assert main.run(["--lang", language, *arguments]) == code
        result = self._capsys.readouterr()
        assert bool(result.err) == bool(code)
        return result.err or result.out


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str]) -> "Explain":
    return Explain(capsys)


def shown(language: str, code: str) -> str:
    """Return the page of a cause."""
    messages.use("ko" if language == "ko" else "en")
    out = Console(file=io.StringIO(), width=80, highlight=False)
    explanation.print_cause(out, CATALOGUE[code], NAMES, "posix")
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@LANGUAGES
def test_the_command_shows_the_page_and_the_document_of_a_cause(explain: Explain, language: str) -> None:
    assert explain(language, "explain", "queue-missing") == shown(language, "queue-missing")
    document = json.loads(explain(language, "explain", "queue-missing", "-o", "json"))
    assert document == explanation.document(CATALOGUE["queue-missing"], NAMES)


@LANGUAGES
def test_every_cause_is_explained(language: str, compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        page = shown(language, code)
        assert page.startswith(f"{code}\n")
        for text in (cause.meaning, cause.told_by, *(remedy.text for remedy in cause.remedies)):
            assert "".join(str(text).split()) in "".join(page.split()), code
        assert ("runbook.md#" if language == "ko" else "runbook.en.md#") + cause.section in page, code
    compared(len(CATALOGUE))


def test_every_document_holds_the_same_as_the_page(compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        # People see long commands folded as a shell allows it.
        unfolded = shown("en", code).replace(" \\\n    ", " ")
        document: dict[str, Any] = explanation.document(cause, NAMES)
        assert set(document) - {"reasons"} == {
            "schema", "tool", "code", "section", "runbook", "warn", "meaning", "told_by", "look", "states", "explains",
            "explained_by", "remedies",
        }  # fmt: skip
        assert document["schema"] == "academy-ops/explanation/1"
        assert (document["code"], document["warn"]) == (code, cause.warn)
        for command in (*document["look"], *(remedy["command"] for remedy in document["remedies"])):
            assert f"\n  {command}\n" in unfolded, code
        for remedy in document["remedies"]:
            assert set(remedy) == {"text", "command", "verify", "risk"}, code
        assert len(document.get("reasons", ())) == len(cause.reasons)
    compared(len(CATALOGUE))


def test_commands_carry_the_names_of_the_settings(explain: Explain, tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("AI_WORKER_ASG_NAME=my-group\nAWS_REGION=eu-west-1\n", encoding="utf-8")
    page = explain("en", "explain", "worker-scaled-to-zero", "--env-file", "my.env")
    assert "--region eu-west-1" in page
    assert "--auto-scaling-group-names my-group" in page
    assert "academy-ops --env-file my.env scale-worker --desired 1" in page


def test_what_is_not_known_beforehand_is_said_to_be_so(explain: Explain) -> None:
    assert "<…>" in explain("en", "explain", "queue-dead-letters")
    assert "<…>" not in explain("en", "explain", "queue-missing")


def test_explaining_tells_symptoms_through_a_third(explain: Explain) -> None:
    document = json.loads(explain("en", "explain", "worker-env-stale", "-o", "json"))
    assert "excel-object-missing" in document["explains"]
    document = json.loads(explain("en", "explain", "excel-object-missing", "-o", "json"))
    assert "worker-env-stale" in document["explained_by"]


@LANGUAGES
def test_without_a_cause_all_are_listed_below_each_other(explain: Explain, language: str) -> None:
    lines = explain(language, "explain").splitlines()
    listed = [match for line in lines if (match := re.match(r"  ([a-z0-9-]+) +", line))]
    assert {match[1] for match in listed} == set(CATALOGUE)
    # Codes are ASCII, so the meaning begins in one column; no line is wider than the terminal.
    assert len({match.end() for match in listed}) == 1
    assert max(cell_len(line) for line in lines) <= 80


def test_the_list_as_a_document_names_every_cause_in_the_order_of_the_runbook(explain: Explain) -> None:
    causes = json.loads(explain("ko", "explain", "-o", "json"))["causes"]
    assert {cause["code"] for cause in causes} == set(CATALOGUE)
    assert [cause["section"] for cause in causes] == sorted(cause["section"] for cause in causes)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("worker-scaled-to-zer0", "worker-scaled-to-zero"),
        ("worker-scaled", "worker-scaled-to-zero"),
        ("queue-mising", "queue-missing"),
        ("zzzz", "academy-ops explain"),
        ("", "academy-ops explain"),
    ],
)
@LANGUAGES
def test_an_unknown_cause_gets_one_line_with_the_nearest_and_exit_2(
    explain: Explain, language: str, asked: str, said: str
) -> None:
    line = explain(language, "explain", asked, code=2)
    assert said in line
    assert line.count("\n") == 1
