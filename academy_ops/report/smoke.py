"""A smoke check as a document; where it did not pass, together with the diagnosis of why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from academy_ops import __version__
from academy_ops.diagnosis.records import Json
from academy_ops.messages import Text, _, say
from academy_ops.report import document, github, junit, markdown
from academy_ops.report.reading import line
from academy_ops.smoke.records import HOPS, Result, Smoke
from checks.facts import JobDocument

SCHEMA: Final = "academy-ops/smoke/1"
TITLES: Final[Mapping[Result, Text]] = {
    "passed": say("SMOKE CHECK PASSED"),
    "failed": say("SMOKE CHECK FAILED"),
    "undetermined": say("SMOKE CHECK UNDETERMINED"),
}
_MARKS: Final[Mapping[Result, str]] = {"passed": "✅", "failed": "❌", "undetermined": "❔"}


def as_json(smoke: Smoke) -> str:
    """Return the document ``academy-ops/smoke/1``; sentences are in the current language."""
    result = smoke.seen.job.result if isinstance(smoke.seen.job, JobDocument) else None
    told: dict[str, Json] = {
        "schema": SCHEMA,
        "tool": f"academy-ops {__version__}",
        "job_id": smoke.seen.job_id,
        "started_at": smoke.started_at.isoformat(),
        "elapsed_ms": smoke.elapsed_ms,
        "result": smoke.result,
        "cause": cause(smoke),
        "summary": line(smoke.summary),
        "hops_ms": {hop: smoke.seen.reached_ms.get(hop) for hop in HOPS},
        "created": result.created if result else None,
        "duplicates": result.duplicates if result else None,
        "deleted": smoke.seen.deleted,
        "left": line(smoke.left) if smoke.left else None,
        "diagnosis": document.document(smoke.diagnosis) if smoke.diagnosis else None,
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def as_junit(smoke: Smoke) -> str:
    """Return JUnit XML: one test case for the check, always of the same name, and the suite of the diagnosis."""
    suite = ET.Element("testsuite", name="academy-ops smoke", timestamp=smoke.started_at.isoformat())
    hops: dict[str, str | None] = {hop: junit.seconds(ms) for hop, ms in smoke.seen.reached_ms.items()}
    junit.properties(suite, {"job_id": smoke.seen.job_id, "summary": line(smoke.summary)} | hops)
    elapsed = junit.seconds(smoke.elapsed_ms)
    case = ET.SubElement(suite, "testcase", classname="academy-ops.smoke", name="upload to students", time=elapsed)
    if smoke.result != "passed":
        kind = "failure" if smoke.result == "failed" else "error"
        junit.tell(case, kind, cause(smoke) or smoke.result, line(smoke.summary), list(_lines(smoke)))
    suites = [junit.counted(suite, smoke.elapsed_ms)]
    return junit.written(*suites, *([junit.suite(smoke.diagnosis)] if smoke.diagnosis else []))


def as_github(smoke: Smoke, ops: str) -> str:
    """Return workflow commands: an annotation for the check, and those of the diagnosis.

    Args:
        smoke: The check.
        ops: How to call this tool again.
    """
    code = cause(smoke)
    title = str(TITLES[smoke.result])
    told = "\n".join([line(smoke.summary), *_lines(smoke)])
    command = github.command(
        "notice" if smoke.result == "passed" else "error", f"{title}: {code}" if code else title, told
    )
    return f"{command}\n" + (github.as_text(smoke.diagnosis, ops) if smoke.diagnosis else "")


def as_markdown(smoke: Smoke, ops: str) -> str:
    """Return Markdown: the check, and the diagnosis below it.

    Args:
        smoke: The check.
        ops: How to call this tool again.
    """
    blocks = [f"# {_MARKS[smoke.result]} {TITLES[smoke.result]}", f"**{markdown.sentence(smoke.summary)}**"]
    rows = [f"| {HOPS[hop]} | {junit.seconds(ms)} |" for hop, ms in smoke.seen.reached_ms.items()]
    if rows:
        head = " | ".join([_("hop"), _("seconds")])
        blocks.append("\n".join([f"| {head} |", "| --- | ---: |", *rows]))
    if smoke.seen.job_id:
        blocks.append("- " + _("Job id") + f": {markdown.code(smoke.seen.job_id)}")
    if smoke.left:
        blocks.append(markdown.sentence(smoke.left))
    if smoke.diagnosis:
        blocks.append(markdown.as_text(smoke.diagnosis, ops).rstrip())
    return "\n\n".join(blocks) + "\n"


def cause(smoke: Smoke) -> str | None:
    """Return the root cause that the diagnosis names."""
    return smoke.diagnosis.verdict.cause if smoke.diagnosis else None


def _lines(smoke: Smoke) -> Iterator[str]:
    if smoke.seen.job_id:
        yield _("Job id") + f": {smoke.seen.job_id}"
    for hop, ms in smoke.seen.reached_ms.items():
        yield f"{HOPS[hop]}: {junit.seconds(ms)} s"
    if smoke.left:
        yield line(smoke.left)
