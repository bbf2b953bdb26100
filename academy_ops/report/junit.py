"""The diagnosis as a JUnit report: a test case for each finding, so that CI shows what it shows of any test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import _
from academy_ops.report.facts import everything
from academy_ops.report.reading import TITLES, indented, line

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What XML 1.0 forbids besides control characters and surrogates."""


def as_text(diagnosis: Diagnosis) -> str:
    """Return the JUnit XML of ``diagnosis``; sentences are in the current language.

    A warning passes and tells itself as output. What could not be observed is an error where it leaves the verdict
    open, which GitHub, GitLab and Jenkins show red; elsewhere it is skipped, so that a job that is done stays green.
    """
    open_verdict = diagnosis.verdict.status == "undetermined"
    names = Counter[tuple[str, str]]()
    suite = ET.Element("testsuite", name="academy-ops", timestamp=diagnosis.started_at.isoformat())
    _properties(suite, diagnosis)
    for finding in diagnosis.findings:
        _case(suite, finding, names, open_verdict=open_verdict)
    if open_verdict and not suite.findall("testcase/error") and not suite.findall("testcase/failure"):
        # Everything was skipped: nothing else would tell that nothing was decided.
        case = ET.SubElement(suite, "testcase", classname="academy-ops.verdict", name="undetermined", time="0.000")
        _tell(case, "error", "undetermined", line(diagnosis.verdict.summary), [])
    counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")}
    totals = {
        "tests": len(suite.findall("testcase")),
        "failures": counts["failure"],
        "errors": counts["error"],
        "skipped": counts["skipped"],
        "time": _seconds(diagnosis.elapsed_ms),
    }
    for name, value in totals.items():
        suite.set(name, str(value))
    suites = ET.Element("testsuites", {"name": "academy-ops", **{name: str(value) for name, value in totals.items()}})
    suites.append(suite)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _properties(suite: ET.Element, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    properties = ET.SubElement(suite, "properties")
    told = {
        "job_id": diagnosis.job_id,
        "verdict": verdict.status,
        "title": str(TITLES[verdict.status]),
        "summary": line(verdict.summary),
        "cause": verdict.cause,
        "section": verdict.section,
        "also": ", ".join(verdict.also),
        "symptoms": ", ".join(verdict.symptoms),
        "ruled_out": ", ".join(verdict.ruled_out),
    }
    for name, value in told.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=_xml(value))


def _case(suite: ET.Element, finding: Finding, names: Counter[tuple[str, str]], *, open_verdict: bool) -> None:
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
        _tell(case, "failure", finding.cause or "fault", line(finding.summary), _lines(finding))
    elif finding.status == "unknown" and open_verdict:
        _tell(case, "error", "unknown", because, _lines(finding))
    elif finding.status in {"unknown", "skip"}:
        _tell(case, "skipped", finding.status, because, [])
    elif finding.status == "warn":
        ET.SubElement(case, "system-out").text = _xml("\n".join([line(finding.summary), *_lines(finding)]))


def _tell(case: ET.Element, kind: str, form: str, message: str, lines: list[str]) -> None:
    told = ET.SubElement(case, kind, type=form, message=_xml(message))
    if lines:
        told.text = _xml("\n".join([message, *lines]))


def _lines(finding: Finding) -> list[str]:
    facts = [f"{name}: {indented(value)}" for name, value in everything(finding)]
    if finding.missing_permission:
        facts.append(f"missing_permission: {finding.missing_permission}")
    return [*facts, *(told for remedy in finding.remedies for told in _remedy(remedy))]


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
