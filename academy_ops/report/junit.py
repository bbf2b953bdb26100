"""The diagnosis as a JUnit report: a test case for each check, so that CI shows what it shows of any test."""

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from academy_ops.diagnosis.records import Diagnosis, Finding, Status
from academy_ops.diagnosis.redact import printable
from academy_ops.report.content import indented, line, remedy_lines, smoke_lines, title
from academy_ops.report.evidence import all_evidence
from academy_ops.smoke.records import Smoke

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What XML 1.0 forbids besides control characters and surrogates."""


_WORST_FIRST: Final = ("failure", "error", "skipped")


def render_diagnosis(diagnosis: Diagnosis, _ops: str = "academy-ops") -> str:
    """Return the JUnit XML of ``diagnosis``; sentences are in the current language."""
    return _document(_suite(diagnosis))


def render_smoke(smoke: Smoke, _ops: str = "academy-ops") -> str:
    """Return JUnit XML: one test case for the check, always of the same name, and the suite of the diagnosis."""
    suite = ET.Element("testsuite", name="academy-ops smoke", timestamp=smoke.started_at.isoformat())
    hops: dict[str, str | None] = {hop: _seconds(ms) for hop, ms in smoke.seen.reached_ms.items()}
    _add_properties(suite, {"context": smoke.context, "job_id": smoke.job_id, "summary": line(smoke.summary)} | hops)
    elapsed = _seconds(smoke.elapsed_ms)
    case = ET.SubElement(suite, "testcase", classname="academy-ops.smoke", name="upload to students", time=elapsed)
    if smoke.result != "passed":
        kind = "failure" if smoke.result == "failed" else "error"
        _add_result(case, kind, smoke.cause or smoke.result, line(smoke.summary), list(smoke_lines(smoke)))
    suites = [_counted(suite, smoke.elapsed_ms)]
    return _document(*suites, *([_suite(smoke.diagnosis)] if smoke.diagnosis else []))


def _document(*suites: ET.Element) -> str:
    root = ET.Element("testsuites", name="academy-ops")
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml.decode() + "\n"


def _suite(diagnosis: Diagnosis) -> ET.Element:
    """Return the test suite of ``diagnosis``: a test case for each check, of the same name whatever it finds.

    There is a failure where the exit code is 1, and an error where it is 3: what could not be observed is one only
    where it leaves the verdict open. Elsewhere it is skipped, so that a job that is done stays green.
    """
    verdict = diagnosis.verdict
    suite = ET.Element("testsuite", name="academy-ops", timestamp=diagnosis.started_at.isoformat())
    words = {
        "verdict": verdict.status,
        "cause": verdict.cause,
        "reason": verdict.reason,
        "section": verdict.section,
        "also": ", ".join(verdict.also),
        "symptoms": ", ".join(verdict.symptoms),
        "ruled_out": ", ".join(verdict.ruled_out),
    }
    _add_properties(
        suite,
        {
            "context": diagnosis.context,
            **({"tier": diagnosis.tier} if diagnosis.tier else {}),
            "job_id": diagnosis.job_id,
            "title": title(diagnosis),
            "summary": line(verdict.summary),
            **({} if diagnosis.step else words),
        },
    )
    kinds = _kinds(diagnosis)
    for check, findings in groupby(diagnosis.findings, lambda finding: finding.check):
        _add_case(suite, check, list(findings), kinds)
    return _counted(suite, diagnosis.elapsed_ms)


def _kinds(diagnosis: Diagnosis) -> Mapping[Status, str]:
    """Return what a finding of each status is in a test case."""
    if diagnosis.verdict.status != "undetermined":
        kinds: dict[Status, str] = {"fail": "failure", "unknown": "skipped", "skip": "skipped"}
    elif {finding.status for finding in diagnosis.findings} <= {"ok", "warn", "skip"}:
        # Nothing was looked at that would have decided it.
        kinds = {"skip": "error"}
    else:
        kinds = {"fail": "error", "unknown": "error", "skip": "skipped"}
    return {**kinds, "warn": "failure"} if diagnosis.strict else kinds


def _counted(suite: ET.Element, elapsed_ms: int) -> ET.Element:
    """Return a finished suite with the numbers of its test cases."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    for total, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(len(suite.findall(f"testcase/{kind}"))))
    suite.set("time", _seconds(elapsed_ms))
    return suite


def _add_properties(suite: ET.Element, values: Mapping[str, str | None]) -> None:
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=_xml(value))


def _add_case(suite: ET.Element, check: str, findings: list[Finding], kinds: Mapping[Status, str]) -> None:
    """Add a check with all that it found; the worst of it says how the test has ended."""
    elapsed = max(finding.elapsed_ms for finding in findings)
    case = ET.SubElement(suite, "testcase", classname=f"academy-ops.{check}", name=check, time=_seconds(elapsed))
    by_kind = {kind: [finding for finding in findings if kinds.get(finding.status) == kind] for kind in _WORST_FIRST}
    kind = next((kind for kind, found in by_kind.items() if found), None)
    if kind == "skipped" and len(by_kind[kind]) < len(findings):
        # The rest of it was looked at, and is well.
        kind = None
    named = by_kind[kind] if kind else []
    if kind:
        first, *others = named
        message = line(first.summary if first.cause else first.because or first.summary)
        more = (text for other in others for text in ("", line(other.summary), *_lines(other)))
        lines = [] if kind == "skipped" else [*_lines(first), *more]
        _add_result(case, kind, first.cause or first.status, message, lines)
    rest = [finding for finding in findings if finding not in named and finding.status != "ok"]
    if rest:
        texts = (text for other in rest for text in (line(other.because or other.summary), *_lines(other)))
        ET.SubElement(case, "system-out").text = _xml("\n".join(texts))


def _add_result(case: ET.Element, kind: str, code: str, message: str, lines: list[str]) -> None:
    """Add why a test case failed (``failure``), could not run (``error``) or was skipped (``skipped``)."""
    result = ET.SubElement(case, kind, type=code, message=_xml(message))
    if lines:
        result.text = _xml("\n".join([message, *lines]))


def _lines(finding: Finding) -> list[str]:
    facts = [f"{name}: {indented(value)}" for name, value in all_evidence(finding)]
    if finding.reason:
        facts.append(f"reason: {finding.reason}")
    if finding.missing_permission:
        facts.append(f"missing_permission: {finding.missing_permission}")
    return [*facts, *(text for remedy in finding.remedies for text in ("", *remedy_lines(remedy, "  ")))]


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _xml(text: str) -> str:
    """Return ``text`` without characters that no XML 1.0 document may hold."""
    return _NO_XML.sub("\ufffd", printable(text))
