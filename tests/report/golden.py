"""What each output says of a few diagnoses, in both languages, held as files; ``make golden`` renews them."""

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

from rich.console import Console

from academy_ops import messages
from academy_ops.cli import runs
from academy_ops.diagnosis.evidence import Evidence, read, to_document, to_text
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.diagnosis.run import NullObserver
from academy_ops.messages import LANGUAGES, Language
from academy_ops.report import document, github, html, junit, markdown
from academy_ops.report.table import TableReport
from checks import RUNBOOK, Case
from tests.checks import facts_factory as h
from tests.checks.scenarios import SCENARIOS, WARNINGS, Facts, unseen, waiting

FOLDER = Path(__file__).parent / "golden"
NAMES = {"ops": "academy-ops", "worker": "academy-ai-worker-cpu", "bucket": "academy-excel"}
COLUMNS = 80

SCENES: dict[str, Facts] = {
    "healthy": {"document": h.job("DONE", age=600, updated=540)},
    "in-progress": WARNINGS["worker-booting"][0],
    "workers-at-zero": waiting(workers=h.workers(h.group(0)), logs=h.NO_LOGS),
    "app-down": SCENARIOS["proxy-upstream-down"][1],
    "bad-phones": SCENARIOS["excel-phone-invalid"][1],
    "denied": waiting(
        queue=h.queue(unseen("denied", "sqs:GetQueueAttributes")), workers=unseen("denied", "autoscaling:Describe*")
    ),
    "two-faults": {
        **SCENARIOS["worker-env-stale"][0],
        **SCENARIOS["r2-bucket-missing"][0],
    },
}


def table(diagnosis: Diagnosis) -> str:
    written = io.StringIO()
    report = TableReport(Console(file=written, width=COLUMNS, color_system=None, markup=False, emoji=False))
    for check, findings in groupby(diagnosis.findings, lambda finding: finding.check):
        report.finished(check, tuple(findings))
    report.verdict(diagnosis)
    return written.getvalue()


OUTPUTS: dict[str, tuple[str, Callable[[Diagnosis], str]]] = {
    "table": ("txt", table),
    "json": ("json", document.as_text),
    "junit": ("xml", junit.as_text),
    "markdown": ("md", markdown.as_text),
    "github": ("github.txt", github.as_text),
    "html": ("html", html.as_text),
}
"""Each output's name, how its files end, and what writes it."""


@dataclass(frozen=True)
class Golden:
    """One output of one scene in one language."""

    scene: str
    output: str
    language: Language

    @property
    def path(self) -> Path:
        """Where it is held."""
        return FOLDER / f"{self.scene}.{self.language}.{OUTPUTS[self.output][0]}"

    def written(self) -> str:
        """What is written today."""
        return shown(diagnosis(**SCENES[self.scene]), self.output, self.language)


def diagnosis(**facts: Any) -> Diagnosis:
    """Judge facts as they come back from a file of saved evidence."""
    case = h.case(**facts)
    observed = {check.name: getattr(case, check.name) for check in RUNBOOK}
    evidence = Evidence(
        tool="academy-ops 0.1.0",
        started_at=h.NOW,
        elapsed_ms=1400,
        asked=tuple(check.name for check in RUNBOOK),
        took_ms={check.name: 40 * number for number, check in enumerate(RUNBOOK, 1)},
        settings=(),
        versions={},
        case=Case(case.observed_at, case.job_id, {**case.names, **NAMES}, **observed),
    )
    saved = to_text(to_document(evidence, Case, lambda text, _place: text))
    return runs.judge_again(read(saved.encode(), Case), evidence.asked, NullObserver()).diagnosis


def shown(told: Diagnosis, output: str, language: Language) -> str:
    """Write a diagnosis, and speak afterwards as before."""
    before = messages.current()
    messages.use(language)
    try:
        return OUTPUTS[output][1](told)
    finally:
        messages.use(before)


def every() -> Iterator[Golden]:
    """Return all that is held."""
    return (Golden(*one) for one in product(SCENES, OUTPUTS, LANGUAGES))


def main() -> None:
    """Hold what is written today."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for one in every():
        one.path.write_text(one.written(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
