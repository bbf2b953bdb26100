"""``--output``: stdout holds the document asked for, and nothing else; each form belongs to a diagnosis alone."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from academy_ops.report import Output
from checks.facts import JobFacts
from tests.cli.test_save_and_from import document, waiting, write
from tests.commands import academy_ops
from tests.report.golden import Golden

FROM = ("diagnose", "--from", "evidence.json")


def test_junit_is_red_where_a_fault_was_found_and_holds_what_to_type(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    done = academy_ops(*FROM, "-o", "junit", cwd=tmp_path)
    suites = ET.fromstring(done.stdout)
    assert (done.returncode, done.stderr, suites.get("failures")) == (1, "", "1")
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert "academy-ops scale-worker --desired 1" in (failure.text or "")


def test_junit_counts_a_case_for_each_finding(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    suites = ET.fromstring(academy_ops(*FROM, "-o", "junit", cwd=tmp_path).stdout)
    findings = json.loads(academy_ops(*FROM, "-o", "json", cwd=tmp_path).stdout)["findings"]
    cases = suites.findall("testsuite/testcase")
    assert [case.get("classname") for case in cases] == [f"academy-ops.{one['check']}" for one in findings]
    assert suites.get("tests") == str(len(findings))


@pytest.mark.parametrize("scene", ["denied", "healthy"])
def test_junit_is_green_only_where_the_verdict_is(scene: str) -> None:
    suites = ET.fromstring(Golden(scene, Output.JUNIT, "en").written())
    red = int(suites.get("errors", "0")) + int(suites.get("failures", "0"))
    assert bool(red) == (scene == "denied")


def test_junit_is_red_where_everything_was_skipped(tmp_path: Path) -> None:
    write(tmp_path, document(job=JobFacts(None)))
    done = academy_ops(*FROM, "--only", "job", "-o", "junit", cwd=tmp_path)
    assert (done.returncode, ET.fromstring(done.stdout).get("errors")) == (3, "1")


def test_the_step_summary_gets_the_markdown_after_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    done = academy_ops(*FROM, "-o", "github", cwd=tmp_path, GITHUB_STEP_SUMMARY=str(summary))
    markdown = academy_ops(*FROM, "-o", "markdown", cwd=tmp_path).stdout
    assert done.stdout.startswith("::error title=FAULT FOUND%3A worker-scaled-to-zero")
    assert summary.read_text(encoding="utf-8") == "before\n" + markdown


def test_a_step_summary_that_cant_be_written_is_a_note_and_changes_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    done = academy_ops(*FROM, "-o", "github", cwd=tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path))
    assert (done.returncode, done.stdout.count("\n"), done.stderr.count("\n")) == (1, 1, 1)
    assert "Can't write" in done.stderr


@pytest.mark.parametrize("form", ["junit", "markdown", "github", "html"])
@pytest.mark.parametrize("command", [("config",), ("check", "excel", "nowhere.xlsx"), ("explain", "clock-skew")])
def test_other_commands_refuse_the_forms_of_a_diagnosis(command: tuple[str, ...], form: str, tmp_path: Path) -> None:
    done = academy_ops("-o", form, *command, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "choose from table, json" in done.stderr
