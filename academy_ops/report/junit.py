"""The diagnosis as a JUnit report: a test case for each finding, so that CI shows what it shows of any test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import _
from academy_ops.report.content import TITLES, all_evidence, indented, line, smoke_lines
from academy_ops.smoke.records import Smoke

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What XML 1.0 forbids besides control characters and surrogates."""


def render_diagnosis(diagnosis: Diagnosis, _ops: str = "academy-ops") -> str:
    """Return the JUnit XML of ``diagnosis``; sentences are in the current language."""
    return _document(_suite(diagnosis))


def render_smoke(smoke: Smoke, _ops: str = "academy-ops") -> str:
    """Return JUnit XML: one test case for the check, always of the same name, and the suite of the diagnosis."""
    suite = ET.Element("testsuite", name="academy-ops smoke", timestamp=smoke.started_at.isoformat())
    hops: dict[str, str | None] = {hop: _seconds(ms) for hop, ms in smoke.seen.reached_ms.items()}
    _add_properties(suite, {"job_id": smoke.job_id, "summary": line(smoke.summary)} | hops)
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
        root.set(total, str(sum(int(one.get(total, "0")) for one in suites)))
    root.set("time", f"{sum(float(one.get('time', '0')) for one in suites):.3f}")
    root.extend(suites)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml.decode() + "\n"


def _suite(diagnosis: Diagnosis) -> ET.Element:
    """Return the test suite of ``diagnosis``.

    A warning passes, with its text as output. What could not be observed is an error where it leaves the verdict
    open, which GitHub, GitLab and Jenkins show red; elsewhere it is skipped, so that a job that is done stays green.
    """
    verdict = diagnosis.verdict
    undetermined = verdict.status == "undetermined"
    names = Counter[tuple[str, str]]()
    suite = ET.Element("testsuite", name="academy-ops", timestamp=diagnosis.started_at.isoformat())
    _add_properties(
        suite,
        {
            "job_id": diagnosis.job_id,
            "verdict": verdict.status,
            "title": str(TITLES[verdict.status]),
            "summary": line(verdict.summary),
            "cause": verdict.cause,
            "reason": verdict.reason,
            "section": verdict.section,
            "also": ", ".join(verdict.also),
            "symptoms": ", ".join(verdict.symptoms),
            "ruled_out": ", ".join(verdict.ruled_out),
        },
    )
    for finding in diagnosis.findings:
        _add_case(suite, finding, names, undetermined=undetermined)
    if undetermined and not suite.findall("testcase/error") and not suite.findall("testcase/failure"):
        # Every check was skipped: no other test case would show that nothing was decided.
        case = ET.SubElement(suite, "testcase", classname="academy-ops.verdict", name="undetermined", time="0.000")
        _add_result(case, "error", "undetermined", line(verdict.summary), [])
    return _counted(suite, diagnosis.elapsed_ms)


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


def _add_case(suite: ET.Element, finding: Finding, names: Counter[tuple[str, str]], *, undetermined: bool) -> None:
    """Add a finding, named after its cause, so that CI recognises it in the next run."""
    name = finding.cause or line(finding.summary)
    names[finding.check, name] += 1
    if (count := names[finding.check, name]) > 1:
        name = f"{name} ({count})"
    case = ET.SubElement(
        suite, "testcase", classname=f"academy-ops.{finding.check}", name=_xml(name), time=_seconds(finding.elapsed_ms)
    )
    because = line(finding.because or finding.summary)
    if finding.status == "fail":
        _add_result(case, "failure", finding.cause or "fault", line(finding.summary), _lines(finding))
    elif finding.status == "unknown" and undetermined:
        _add_result(case, "error", "unknown", because, _lines(finding))
    elif finding.status in {"unknown", "skip"}:
        _add_result(case, "skipped", finding.status, because, [])
    elif finding.status == "warn":
        ET.SubElement(case, "system-out").text = _xml("\n".join([line(finding.summary), *_lines(finding)]))


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
    return [*facts, *(text for remedy in finding.remedies for text in _remedy(remedy))]


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield ""
    yield _("What to do: ") + line(remedy.text)
    if remedy.command:
        yield f"  {remedy.command}"
    if remedy.verify:
        yield _("Then check that it worked:")
        yield f"  {remedy.verify}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _xml(text: str) -> str:
    """Return ``text`` without characters that no XML 1.0 document may hold."""
    return _NO_XML.sub("\ufffd", printable(text))
