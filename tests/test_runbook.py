"""The runbook for people and the checks tell the same story, in both languages."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from academy_ops.cli.app import commands
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Section
from academy_ops.messages import Language
from academy_ops.report.runbook import anchor, heading, updated
from checks import RUNBOOK

ROOT = Path(__file__).parent.parent
LANGUAGES = ("runbook.md", "runbook.en.md")
FILES: dict[Language, str] = {"ko": "runbook.md", "en": "runbook.en.md"}
QUOTED = {
    "autoscaler_period_minutes",
    "launch_loop_launches",
    *(
        "usual_boot_from",
        "usual_boot_to",
        "boot_minutes",
        "boot_endless_minutes",
        "autoscaler_minutes",
        "jobs_per_worker",
    ),
    *("autoscaler_period_minutes", "launch_loop_launches"),
    *("receives", "visibility_minutes", "lost_seconds", "waited_minutes", "stalled_minutes"),
}
"""The thresholds that the runbook tells; `explain` tells the others."""
HEADING = re.compile(r"^#{2,3} (?P<number>\d(?:-\d)?)\. .+$", re.MULTILINE)
MARKER = re.compile(r"<!-- check: (\w+) -->")


def sections(name: str) -> dict[str, str]:
    """The text of each numbered section, its heading left out, by number in the order of the file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {heading["number"]: text[heading.end() : end] for heading, end in zip(headings, ends, strict=True)}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_check_has_its_section_with_its_marker_and_its_command(name: str) -> None:
    written = sections(name)
    for check in RUNBOOK:
        text = written[check.section]
        assert text.startswith(f"\n<!-- check: {check.name} -->\n"), check.section
        assert f"\nacademy-ops check {check.name}" in text, check.section


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_number_that_a_threshold_decides_is_the_one_in_force(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == updated(text), "make runbooks"
    assert set(re.findall(r"<!--(\w+)-->", text)) == QUOTED


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_marker_names_a_check_of_its_section(name: str) -> None:
    marked = {number: found[1] for number, text in sections(name).items() if (found := MARKER.search(text))}
    assert marked == {check.section: check.name for check in RUNBOOK}


def test_both_languages_have_the_same_sections_in_the_same_order() -> None:
    korean, english = (list(sections(name)) for name in LANGUAGES)
    assert korean == english
    assert korean == sorted(korean)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_cause_is_told_in_its_section_and_no_other_cause_is_listed_there(name: str) -> None:
    result = {
        number: set(re.findall(r"^- `([a-z0-9-]+)`(?: \(|:)", text, re.MULTILINE))
        for number, text in sections(name).items()
    }
    known = {number: {code for code, cause in CATALOGUE.items() if cause.section == number} for number in result}
    assert result == known


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_link_within_the_runbook_leads_to_a_heading(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    # As GitHub makes them: lower case, punctuation dropped, spaces to hyphens.
    titles = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@pytest.mark.parametrize("language", FILES)
def test_explain_leads_to_the_headings_of_the_runbook(language: Language) -> None:
    text = (ROOT / FILES[language]).read_text(encoding="utf-8")
    titles = dict(re.findall(r"^#{2,3} ((\d(?:-\d)?)\. .+)$", text, re.MULTILINE))
    checked = {check.section for check in RUNBOOK}
    assert checked == set(get_args(Section))
    assert {heading(section, language) for section in get_args(Section)} == {
        title for title, number in titles.items() if number in checked
    }
    links = set(re.findall(r"\]\((#[^)]+)\)", text))
    assert {anchor(section, language).removeprefix(FILES[language]) for section in get_args(Section)} <= links


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_command_of_the_tool_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    known = set(commands().commands)
    named = set(re.findall(r"academy-ops ([a-z][a-z-]*)", text))
    assert named <= known
    assert {"diagnose", "check", "explain", "scale-worker", "queue", "watch", "lab", "demo"} <= named
    assert set(re.findall(r"academy-ops check ([a-z0-9]+)", text)) == {*(check.name for check in RUNBOOK), "excel"}


def test_the_commands_are_the_same_in_both_languages() -> None:
    def commands(name: str) -> list[str]:
        blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        lines = [re.sub(r"\s+# .*|^# .*", "", line) for block in blocks for line in block.splitlines()]
        # Placeholders and words for people are translated.
        return [re.sub(r"<[^>]+>|echo ['\"][^'\"]+['\"]", "…", line) for line in lines]

    korean, english = (commands(name) for name in LANGUAGES)
    assert korean == english


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_names_are_taken_from_the_env_file_without_executing_it(name: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(
        b"SECRET_KEY=django-insecure-(1$x&y)`: >owned`;$(: >owned)\r\n# R2_ENDPOINT=https://old.example\r\n"
        b"export R2_ENDPOINT = https://account.r2.example # the account's\r\nR2_ACCESS_KEY='a key'\r\n"
        b'R2_SECRET_KEY="$(: >owned)=#x"\nAWS_PROFILE=\nNOT_NAMED=1\nAWS_REGION=eu-west-1'
    )
    block = re.search(r"^```bash\n(.*?take .*?)^```", (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert block
    shown = "env -0 | grep -zE '^(R2_|AWS_|NOT_|SECRET_)' | sort -z | tr '\\0' '\\n'"
    done = subprocess.run(
        ["bash", "-euc", f"{block[1]}{shown}"], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True,
        text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "AWS_DEFAULT_REGION=eu-west-1",
        "AWS_PAGER=",
        "AWS_REGION=eu-west-1",
        "R2_ACCESS_KEY=a key",
        "R2_ENDPOINT=https://account.r2.example",
        "R2_SECRET_KEY=$(: >owned)=#x",
    ]
    assert not (tmp_path / "owned").exists()
