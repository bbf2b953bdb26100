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
from academy_ops.report.facts import everything
from academy_ops.report.reading import TITLES, indented, line

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What XML 1.0 forbids besides control characters and surrogates."""


def as_text(diagnosis: Diagnosis) -> str:
    """Return the JUnit XML of ``diagnosis``; sentences are in the current language."""
    return written(suite(diagnosis))


def suite(diagnosis: Diagnosis) -> ET.Element:
    """Return the test suite of ``diagnosis``.

    A warning passes and tells itself as output. What could not be observed is an error where it leaves the verdict
    open, which GitHub, GitLab and Jenkins show red; elsewhere it is skipped, so that a job that is done stays green.
    """
    open_verdict = diagnosis.verdict.status == "undetermined"
    names = Counter[tuple[str, str]]()
    made = ET.Element("testsuite", name="academy-ops", timestamp=diagnosis.started_at.isoformat())
    _properties(made, diagnosis)
    for finding in diagnosis.findings:
        _case(made, finding, names, open_verdict=open_verdict)
    if open_verdict and not made.findall("testcase/error") and not made.findall("testcase/failure"):
        # Everything was skipped: nothing else would tell that nothing was decided.
        case = ET.SubElement(made, "testcase", classname="academy-ops.verdict", name="undetermined", time="0.000")
        tell(case, "error", "undetermined", line(diagnosis.verdict.summary), [])
    return counted(made, diagnosis.elapsed_ms)


def counted(made: ET.Element, elapsed_ms: int) -> ET.Element:
    """Return a finished suite with the numbers of its test cases."""
    made.set("tests", str(len(made.findall("testcase"))))
    for total, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        made.set(total, str(len(made.findall(f"testcase/{kind}"))))
    made.set("time", seconds(elapsed_ms))
    return made


def written(*suites: ET.Element) -> str:
    """Return the report that holds ``suites``."""
    root = ET.Element("testsuites", name="academy-ops")
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(one.get(total, "0")) for one in suites)))
    root.set("time", f"{sum(float(one.get('time', '0')) for one in suites):.3f}")
    root.extend(suites)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml.decode() + "\n"


def _properties(made: ET.Element, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
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
    properties(made, told)


def properties(made: ET.Element, told: Mapping[str, str | None]) -> None:
    """Add the properties that have a value to a suite."""
    whole = ET.SubElement(made, "properties")
    for name, value in told.items():
        if value:
            ET.SubElement(whole, "property", name=name, value=_xml(value))


def _case(made: ET.Element, finding: Finding, names: Counter[tuple[str, str]], *, open_verdict: bool) -> None:
    """Add a finding, named after its cause, so that CI recognises it in the next run."""
    name = finding.cause or line(finding.summary)
    names[finding.check, name] += 1
    if (count := names[finding.check, name]) > 1:
        name = f"{name} ({count})"
    case = ET.SubElement(
        made, "testcase", classname=f"academy-ops.{finding.check}", name=_xml(name), time=seconds(finding.elapsed_ms)
    )
    because = line(finding.because or finding.summary)
    if finding.status == "fail":
        tell(case, "failure", finding.cause or "fault", line(finding.summary), _lines(finding))
    elif finding.status == "unknown" and open_verdict:
        tell(case, "error", "unknown", because, _lines(finding))
    elif finding.status in {"unknown", "skip"}:
        tell(case, "skipped", finding.status, because, [])
    elif finding.status == "warn":
        ET.SubElement(case, "system-out").text = _xml("\n".join([line(finding.summary), *_lines(finding)]))


def tell(case: ET.Element, kind: str, form: str, message: str, lines: list[str]) -> None:
    """Say of a test case that it failed (``failure``), broke (``error``) or was skipped, and why."""
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


def seconds(milliseconds: int) -> str:
    """Return a time as JUnit writes it."""
    return f"{milliseconds / 1000:.3f}"


def _xml(text: str) -> str:
    """Return ``text`` without characters that no XML 1.0 document may hold."""
    return _NO_XML.sub("\ufffd", printable(text))
