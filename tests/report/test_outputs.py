"""Each form of output writes a diagnosis and a smoke check, and shows the reason behind a cause."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from academy_ops.diagnosis.records import Diagnosis, Finding, Verdict
from academy_ops.messages import LANGUAGES, Language, say, use
from academy_ops.report import Output
from academy_ops.report.pipeline import draw
from academy_ops.report.table import TableReport
from academy_ops.smoke.records import Seen, Smoke
from tests.report.golden import shown
from tests.report.test_hostile import LONG, about, assert_only_text

_ACCEPTED = {Output.JSON: '"accepted": 120', Output.YAML: "accepted: 120"}
"""When a hop was reached, where a program reads it in milliseconds."""
FOR_PEOPLE = (Output.TABLE, Output.JUNIT, Output.MARKDOWN, Output.GITHUB, Output.HTML)
DOCUMENTS = [output for output in Output if output is not Output.TABLE]


def with_reason(reason: str | None) -> Diagnosis:
    one = about("x")
    first, *others = one.findings
    verdict: Verdict = replace(one.verdict, reason=reason)
    return replace(one, verdict=verdict, findings=(replace(first, reason=reason), *others))


@pytest.mark.parametrize("output", Output)
def test_a_reason_is_shown_where_there_is_one(output: Output) -> None:
    assert "hop-limit" in shown(with_reason("hop-limit"), output, "en")


@pytest.mark.parametrize("output", FOR_PEOPLE)
def test_where_there_is_no_reason_people_read_of_none(output: Output) -> None:
    assert "reason" not in shown(with_reason(None), output, "en")


def test_while_many_workers_are_asked_the_screen_says_how_many_have_answered() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=100, record=True)
    report = TableReport(console)
    report.started("logs")
    report.answered(40, 200)
    with report.live():
        pass
    assert "40 of 200 workers have answered" in console.export_text()


@pytest.mark.parametrize("output", DOCUMENTS)
def test_a_smoke_check_that_failed_is_written_with_its_diagnosis(output: Output) -> None:
    seen = Seen(job_id="job-1", reached_ms={"accepted": 120})
    smoke = Smoke(datetime(2026, 11, 22, tzinfo=UTC), 2000, "failed", say("It says {text}.", text=LONG), seen,
                  say("They may stay."), about("x"))  # fmt: skip
    text = output.load().render_smoke(smoke, "academy-ops")
    for part in ("job-1", _ACCEPTED.get(output, "0.12"), "They may stay.", "job-failed"):
        assert part in text
    assert_only_text(text, output)


@pytest.mark.parametrize("output", DOCUMENTS)
def test_a_smoke_check_that_passed_needs_no_diagnosis(output: Output) -> None:
    smoke = Smoke(datetime(2026, 11, 22, tzinfo=UTC), 2000, "passed", say("All is well."), Seen(job_id="job-1"))
    text = output.load().render_smoke(smoke, "academy-ops")
    assert "All is well." in text
    assert_only_text(text, output)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_in_its_language_and_lists_every_finding(language: Language) -> None:
    page = shown(about("x"), Output.HTML, language)
    assert f'<html lang="{language}">' in page
    assert page.count("<details>") == len(about("x").findings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pipeline_is_one_row_of_80_columns_behind_a_load_balancer_too(language: Language) -> None:
    use(language)
    seen = Finding("endpoint", "2", "ok", say("It answers."), evidence={"main": {"status": 200, "balanced_by": "aws"}})
    console = Console(file=StringIO(), width=80, record=True)
    draw(console, replace(about("x"), findings=(seen,)))
    use("en")
    names = console.export_text().splitlines()[0]
    assert {"en": "load balancer", "ko": "로드 밸런서"}[language] in names
    assert names.endswith({"en": "students", "ko": "학생"}[language])


def test_jinja_is_imported_for_a_page_alone() -> None:
    code = "import sys; from academy_ops.report import Output; [one.load() for one in Output if one != 'html']; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print('jinja2' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
