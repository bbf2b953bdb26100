"""What each output says of a few diagnoses, in both languages, held as files; ``make golden`` renews them."""

import itertools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from academy_ops import messages
from academy_ops.cli import runs
from academy_ops.diagnosis.evidence import Evidence, read, to_document, to_text
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.diagnosis.run import Observer
from academy_ops.messages import LANGUAGES, Language
from academy_ops.report import Output, table
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
        **SCENARIOS["r2-server-error"][0],
    },
}


ENDINGS = {
    Output.TABLE: "txt",
    Output.JUNIT: "xml",
    Output.MARKDOWN: "md",
    Output.GITHUB: "github.txt",
}
"""How the files of each form end; any other ends with its form's name."""
PAGES = {("workers-at-zero", "ko"), ("two-faults", "en")}
"""The scenes and languages that are held as a page; the page says no more than the other forms."""


@dataclass(frozen=True)
class Golden:
    """One output of one scene in one language."""

    scene: str
    output: Output
    language: Language

    @property
    def path(self) -> Path:
        """Where it is held."""
        return FOLDER / f"{self.scene}.{self.language}.{ENDINGS.get(self.output, self.output)}"

    def written(self) -> str:
        """What is written today."""
        text = shown(diagnosis(**SCENES[self.scene]), self.output, self.language)
        # The style sheet is a file of its own.
        return re.sub("(?s)(?<=<style>).*(?=</style>)|(?<='sha256-)[^']*", "", text)


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
    return runs.judge_again(read(saved.encode(), Case), evidence.asked, Observer()).diagnosis


def shown(one: Diagnosis, output: Output, language: Language) -> str:
    """Write a diagnosis, and speak afterwards as before."""
    before = messages.current()
    messages.use(language)
    try:
        if output is Output.TABLE:
            return table.render_diagnosis(one, width=COLUMNS)
        return output.load().render_diagnosis(one, "academy-ops")
    finally:
        messages.use(before)


def every() -> Iterator[Golden]:
    """Return all that is held."""
    for one in itertools.starmap(Golden, itertools.product(SCENES, Output, LANGUAGES)):
        if one.output is not Output.HTML or (one.scene, one.language) in PAGES:
            yield one


def main() -> None:
    """Hold what is written today."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for one in every():
        one.path.write_text(one.written(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
