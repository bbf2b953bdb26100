"""JUnit XML keeps the rules of the schema by which Jenkins reads it (junit-10.xsd of its xunit plugin).

They stand here in our own words, element by element: which children, attributes and text each may and must have.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from academy_ops.cli.runs import exit_code
from academy_ops.messages import LANGUAGES, say, use
from academy_ops.report import junit
from academy_ops.smoke.records import Result, Seen, Smoke
from checks import RUNBOOK
from tests.checks import facts_factory as h
from tests.checks.scenarios import BLIND, SCENARIOS, WARNINGS
from tests.report.golden import SCENES, diagnosis
from tests.report.test_hostile import LONG, about

MORE = {
    "autoscaler-off": WARNINGS["autoscaler-off"][0],
    "no-credentials": BLIND["aws-credentials-missing"][0],
    "denied-and-warned": {**SCENES["denied"], "r2": h.r2(), "document": h.job("REVIEW_REQUIRED")},
}
TIME = r"[0-9]{0,3}(,?[0-9]{3})*(\.[0-9]*)?"


class Rule(NamedTuple):
    """What may and must be in an element."""

    children: str = ""
    attributes: str = ""
    required: str = ""


OUTCOME = Rule(attributes="type message")
SCHEMA = {
    "testsuites": Rule("testsuite", "name time tests failures errors"),
    "testsuite": Rule(
        "testsuite properties testcase system-out system-err",
        "name tests failures errors group time skipped timestamp hostname id package file log url",
        "name tests failures errors",
    ),
    "properties": Rule("property"),
    "property": Rule(attributes="name value", required="name value"),
    "testcase": Rule("skipped error failure system-out system-err", "name time classname group", "name"),
    "failure": OUTCOME,
    "error": OUTCOME,
    "skipped": OUTCOME,
    "system-out": Rule(),
}


TEXTS = {"failure", "error", "skipped", "system-out"}
"""No other element holds text of its own."""


def assert_valid(xml: str) -> None:
    root = ET.fromstring(xml)
    assert root.tag == "testsuites"
    for one in root.iter():
        rule = SCHEMA[one.tag]
        assert {child.tag for child in one} <= set(rule.children.split()), one.tag
        assert set(rule.required.split()) <= set(one.attrib) <= set(rule.attributes.split()), one.tag
        assert re.fullmatch(TIME, one.get("time", "")), one.attrib
        between = "".join(child.tail or "" for child in one) + ("" if one.tag in TEXTS else one.text or "")
        assert not between.strip(), one.tag


@pytest.mark.parametrize("scene", SCENES)
def test_a_diagnosis_keeps_the_rules(scene: str) -> None:
    assert_valid(junit.render_diagnosis(diagnosis(**SCENES[scene])))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("scene", [*SCENES, "autoscaler-off", "no-credentials", "denied-and-warned"])
def test_failures_and_errors_agree_with_the_exit_code(scene: str, strict: bool) -> None:
    facts = {**SCENES, **MORE}[scene]
    answer = replace(diagnosis(**facts), strict=strict)
    root = ET.fromstring(junit.render_diagnosis(answer))
    failures, errors = int(root.get("failures", "")), int(root.get("errors", ""))
    assert {(False, False): 0, (False, True): 3}.get((failures > 0, errors > 0), 1) == exit_code(answer)
    assert len(root.findall(".//failure")) == failures


def test_names_are_the_checks_ids_whatever_they_find_and_in_every_language() -> None:
    names = set()
    for language in LANGUAGES:
        use(language)
        for facts in (*SCENES.values(), *MORE.values()):
            cases = ET.fromstring(junit.render_diagnosis(diagnosis(**facts))).iter("testcase")
            names.add(tuple((one.get("classname"), one.get("name")) for one in cases))
    use("en")
    assert names == {tuple((f"academy-ops.{check.name}", check.name) for check in RUNBOOK)}


def test_a_case_with_two_faults_holds_both() -> None:
    facts = {**SCENARIOS["worker-env-stale"][0], **SCENARIOS["worker-disk-full"][0]}
    answer = diagnosis(**facts)
    texts = "".join(one.text or "" for one in ET.fromstring(junit.render_diagnosis(answer)).iter("failure"))
    assert all(str(one.summary) in texts for one in answer.findings if one.status == "fail")


def test_whatever_is_quoted_the_rules_are_kept() -> None:
    assert_valid(junit.render_diagnosis(about(LONG)))


@pytest.mark.parametrize("result", ["passed", "failed", "undetermined"])
def test_a_smoke_check_keeps_the_rules(result: Result) -> None:
    seen = Seen(job_id="job-1", reached_ms={"accepted": 120, "ended": 1_234_567})
    why = None if result == "passed" else diagnosis(**SCENES["two-faults"])
    smoke = Smoke(datetime(2026, 11, 22, tzinfo=UTC), 1_300_000, result, say("It says so."), seen, diagnosis=why)
    xml = junit.render_smoke(smoke)
    assert_valid(xml)
    assert len(ET.fromstring(xml)) == (1 if why is None else 2)
