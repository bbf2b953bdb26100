"""The diagnosis as one page that needs nothing else: no script, no font, no image from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element, indent, tostring

from academy_ops import __version__
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy
from academy_ops.messages import Text, _, current, say
from academy_ops.report.explanation import RISKS
from academy_ops.report.facts import Fact, everything, proof, telling
from academy_ops.report.markup import add, add_sentence, add_text, whole_words
from academy_ops.report.pipeline_svg import draw
from academy_ops.report.reading import STATUSES, TITLES, heading, moment, others, to_do, unseen

_YEARS: Final = range(1970, 9999)
"""A time outside of them is a mistake, and may not be one in another zone."""


def as_text(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the page of ``diagnosis``; sentences are in the current language.

    Args:
        diagnosis: The finished run.
        ops: How to call this tool again.
    """
    page = Element("html", lang=current())
    _head(page, diagnosis)
    body = add(page, "body")
    _verdict(body, diagnosis)
    main = add(body, "main")
    undetermined = diagnosis.verdict.status == "undetermined"
    if undetermined:
        _unseen(main, diagnosis)
    _why(main, diagnosis)
    _what_to_do(main, diagnosis, ops)
    _times(main, diagnosis)
    _others(main, diagnosis)
    if not undetermined:
        _unseen(main, diagnosis)
    _explained(main, diagnosis)
    _findings(main, diagnosis)
    told = _("Findings: {checks}, in {seconds} s", checks=len(diagnosis.findings), seconds=_seconds(diagnosis))
    add(body, "footer", f"academy-ops {__version__} · {told}")
    indent(page, space=" ")
    for command in page.iter("pre"):
        whole_words(command)
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _head(page: Element, diagnosis: Diagnosis) -> None:
    style = files("academy_ops").joinpath("report", "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = add(page, "head")
    add(head, "meta", charset="utf-8")
    add(head, "meta", http_equiv="Content-Security-Policy", content=policy)
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "meta", name="referrer", content="no-referrer")
    verdict = diagnosis.verdict
    told = [str(TITLES[verdict.status]), verdict.cause, diagnosis.job_id, "academy-ops"]
    add(head, "title", " · ".join(one for one in told if one))
    # As it is: it has to have the digest that the policy names.
    add(head, "style").text = style


def _verdict(body: Element, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    header = add(body, "header", kind=verdict.status)
    line = add(header, "p")
    add(line, "strong", str(TITLES[verdict.status]), "chip")
    if verdict.cause:
        add(line, "code", verdict.cause)
    add_sentence(header, "h1", verdict.summary)
    facts: list[Fact] = [(_("Job id"), diagnosis.job_id)] if diagnosis.job_id else []
    facts.append((_("Observed"), moment(diagnosis.started_at)))
    if verdict.section:
        facts.append((_("Runbook"), heading(verdict.section, current())))
    _facts(header, facts, "frame")
    draw(header, diagnosis, columns=8, width=960)
    draw(header, diagnosis, columns=4, width=360)


def _why(main: Element, diagnosis: Diagnosis) -> None:
    cause = diagnosis.verdict.cause
    if cause and (told := proof(cause, diagnosis.findings)):
        _facts(_section(main, _("Why")), told)


def _what_to_do(main: Element, diagnosis: Diagnosis, ops: str) -> None:
    if remedies := to_do(diagnosis, ops):
        _remedies(_section(main, _("What to do")), remedies)


def _others(main: Element, diagnosis: Diagnosis) -> None:
    for finding in others(diagnosis):
        section = _section(main, _("Warning") if finding.status == "warn" else _("Also"), finding.status)
        add(section, "p").append(_code(finding.cause or ""))
        add_sentence(section, "p", finding.summary)
        _facts(section, telling(finding))
        _remedies(section, finding.remedies)


def _unseen(main: Element, diagnosis: Diagnosis) -> None:
    if told := unseen(diagnosis):
        rows = add(_section(main, _("Not seen"), "unknown"), "dl")
        for reason, checks in told:
            add(rows, "dt", ", ".join(checks))
            add_sentence(rows, "dd", reason)


def _explained(main: Element, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    if verdict.symptoms:
        rows = add(_section(main, _("Symptoms")), "dl")
        for code in verdict.symptoms:
            add(rows, "dt").append(_code(code))
            add_sentence(rows, "dd", CATALOGUE[code].meaning)
    if verdict.ruled_out:
        rows = add(_section(main, _("Ruled out")), "dl")
        for finding in diagnosis.findings:
            if finding.check in verdict.ruled_out:
                add(rows, "dt", finding.check)
                add_sentence(rows, "dd", finding.summary)


def _times(main: Element, diagnosis: Diagnosis) -> None:
    # A job that nobody took has not changed since it was made.
    known = sorted({time: name for name, time in _moments(diagnosis)}.items())
    if len(known) <= 1:
        return
    line = add(_section(main, _("The job's times")), "ol", kind="times")
    before = known[0][0]
    for time, name in known:
        point = add(line, "li")
        add(point, "strong", str(name))
        add(point, "time", moment(time), datetime=time.isoformat())
        if time > before:
            add(point, "span", str(_span((time - before).total_seconds())))
        before = time


def _moments(diagnosis: Diagnosis) -> Iterator[tuple[Text, datetime]]:
    """Return what is known to have happened to the job, and when."""
    evidence = next((one.evidence for one in diagnosis.findings if one.check == "job"), {})
    for field, name in (("updated_at", say("last change")), ("created_at", say("job made"))):
        told = evidence.get(field)
        time = datetime.fromisoformat(told) if isinstance(told, str) else None
        if time and time.year in _YEARS:
            yield name, time
    yield say("observed"), diagnosis.started_at


def _span(seconds: float) -> Text:
    for unit, length in ((say("{count} h later"), 3600), (say("{count} min later"), 60)):
        if seconds >= 2 * length:
            return say(unit.template, count=round(seconds / length))
    return say("{count} s later", count=round(seconds))


def _findings(main: Element, diagnosis: Diagnosis) -> None:
    section = _section(main, _("Findings"))
    for finding in diagnosis.findings:
        details = add(section, "details")
        summary = add(details, "summary")
        add(summary, "span", str(STATUSES[finding.status]), f"chip {finding.status}")
        add(summary, "b", finding.check)
        told = add_sentence(summary, "span", finding.summary, "told")
        if finding.because:
            add_text(told, " ")
            add_sentence(told, "span", finding.because, "because")
        _facts(details, _everything(finding))
        _remedies(details, finding.remedies)


def _everything(finding: Finding) -> Iterator[Fact]:
    if finding.cause:
        yield _("cause"), finding.cause
    if finding.missing_permission:
        yield _("missing permission"), finding.missing_permission
    yield from everything(finding)
    yield _("took"), f"{finding.elapsed_ms} ms"


def _section(main: Element, title: str, kind: str = "") -> Element:
    section = add(main, "section", kind=kind)
    add(section, "h2", title)
    return section


def _facts(parent: Element, told: Iterable[Fact], kind: str = "facts") -> None:
    rows = add(parent, "dl", kind=kind)
    for name, value in told:
        add(rows, "dt", name)
        add(rows, "dd", value)


def _remedies(parent: Element, remedies: Iterable[Remedy]) -> None:
    for remedy in remedies:
        one = add(parent, "div", kind="remedy")
        line = add_sentence(one, "p", remedy.text)
        add_text(line, " ")
        add(line, "span", str(RISKS[remedy.risk]), f"chip {remedy.risk}")
        if remedy.command:
            add(one, "pre", remedy.command)
        if remedy.verify:
            add(one, "p", _("Then check that it worked:"))
            add(one, "pre", remedy.verify)


def _code(text: str) -> Element:
    code = Element("code")
    code.text = text
    return code


def _seconds(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.elapsed_ms / 1000:.1f}"
