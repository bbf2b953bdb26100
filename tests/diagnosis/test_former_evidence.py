"""Evidence that a former version saved is still judged: a file of each schema is kept in the folder evidence."""

import json
from pathlib import Path

import pytest

from academy_ops.diagnosis import evidence
from academy_ops.diagnosis.evidence import EvidenceError
from academy_ops.diagnosis.run import Observed, Observer, judge
from checks import RUNBOOK, Case

FILES = sorted((Path(__file__).parent / "evidence").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_each_past_schema_is_judged_as_it_was_then(path: Path) -> None:
    read = evidence.read(path.read_bytes(), Case)
    findings = judge(RUNBOOK, Observed(read.case, read.took_ms), Observer())
    assert [(one.check, one.status, one.cause) for one in findings] == [
        ("access", "ok", None),
        ("r2", "ok", None),
        ("endpoint", "ok", None),
        ("job", "ok", None),
        ("workers", "ok", None),
        ("queue", "fail", "queue-not-consumed"),
        ("logs", "unknown", None),
        ("logs", "unknown", None),
    ]


def test_every_schema_since_the_first_has_its_file() -> None:
    newest = int(evidence.SCHEMA.rpartition("/")[2])
    assert [path.stem for path in FILES] == [str(number) for number in range(1, newest + 1)]
    assert [json.loads(path.read_text("utf-8"))["schema"] for path in FILES] == [
        f"academy-ops/evidence/{number}" for number in range(1, newest + 1)
    ]


def test_a_field_that_has_a_default_may_be_absent_and_any_other_may_not() -> None:
    document = json.loads(FILES[-1].read_text("utf-8"))
    del document["case"]["access"]["credentials"]
    read = evidence.read(json.dumps(document).encode(), Case)
    assert getattr(read.case.access, "credentials", None) == ""
    del document["case"]["access"]["arn"]
    with pytest.raises(EvidenceError, match=r"\$\.case\.access\.arn"):
        evidence.read(json.dumps(document).encode(), Case)
