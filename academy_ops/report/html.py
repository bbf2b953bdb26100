"""One page that needs nothing else: no font, no image from anywhere, and no script but its own few lines."""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from academy_ops import __version__
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, current, say
from academy_ops.report import content, evidence
from academy_ops.report.evidence import Fact
from academy_ops.report.pipeline import hop_statuses
from academy_ops.report.runbook import heading
from academy_ops.report.shell import needs
from academy_ops.smoke.records import HOPS, SMOKE_TITLES, Smoke

_LONGEST: Final = 20_000
"""Characters of one value; no page gets too long to be shown."""
_YEARS: Final = range(1970, 9999)
"""A time outside of them is a mistake, and may not be one in another zone."""


def render_diagnosis(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the page of ``diagnosis``; sentences are in the current language."""
    verdict = diagnosis.verdict
    title = (content.title(diagnosis), content.cause_label(verdict), diagnosis.job_id)
    return _page(title, diagnosis, None, ops)


def render_smoke(smoke: Smoke, ops: str = "academy-ops") -> str:
    """Return the page of ``smoke``, with its diagnosis."""
    title = (str(SMOKE_TITLES[smoke.result]), smoke.cause, smoke.job_id)
    return _page(title, smoke.diagnosis, smoke, ops)


def _page(title: tuple[str | None, ...], diagnosis: Diagnosis | None, smoke: Smoke | None, ops: str) -> str:
    style = files("academy_ops").joinpath("report", "page.css").read_text(encoding="utf-8")
    script = files("academy_ops").joinpath("report", "page.js").read_text(encoding="utf-8")
    return _template().render(
        title=" · ".join(filter(None, title)),
        diagnosis=diagnosis,
        smoke=smoke,
        ops=ops,
        style=style,
        script=script,
        digest=_digest,
        language=current(),
        version=__version__,
        catalogue=CATALOGUE,
        content=content,
        evidence=evidence,
        heading=heading,
        details=_details,
        hops=HOPS,
        smoke_titles=SMOKE_TITLES,
        hop_statuses=hop_statuses,
        needs=needs,
        times=_times,
        words=_words,
        _=_,
    )


@cache
def _template() -> Template:
    """Compile the page's template; that takes ten times as long as to fill it."""
    environment = Environment(
        autoescape=True,
        finalize=_finalized,
        loader=PackageLoader("academy_ops", "report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html")


def _digest(text: str) -> str:
    """Return the digest by which a browser lets a style or a script of the page in."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finalized(value: object) -> object:
    """Bound what is put into the page, and replace control characters; Jinja escapes it after that."""
    return value if isinstance(value, Markup) else printable(str(value)[:_LONGEST])


def _words(command: str) -> list[tuple[str, str]]:
    """Split a command into words, each with the white space after it: a browser would also break it after a hyphen."""
    return re.findall(r"(\S*)(\s*)", command)[:-1]


def _details(finding: Finding) -> Iterator[Fact]:
    if finding.cause:
        yield _("cause"), content.cause_label(finding)
    if finding.missing_permission:
        yield _("missing permission"), finding.missing_permission
    yield from evidence.all_evidence(finding)
    yield _("took"), f"{finding.elapsed_ms} ms"


def _times(diagnosis: Diagnosis) -> list[tuple[Text, datetime, str]]:
    """Return what is known to have happened to the job, when, and how long after the event before."""
    # A job that nobody took has not changed since it was made: one event for one time.
    names = {time: name for name, time in _events(diagnosis)}
    times = sorted(names)
    passed = [content.duration((time - before).total_seconds()) for before, time in pairwise(times)]
    later = ["", *(_("{time} later", time=time) for time in passed)]
    return [(names[time], time, after) for time, after in zip(times, later, strict=True)]


def _events(diagnosis: Diagnosis) -> Iterator[tuple[Text, datetime]]:
    job = next((finding.evidence for finding in diagnosis.findings if finding.check == "job"), {})
    for field, name in (("updated_at", say("last change")), ("created_at", say("job created"))):
        value = job.get(field)
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time and time.year in _YEARS:
            yield name, time
    yield say("observed"), diagnosis.started_at
