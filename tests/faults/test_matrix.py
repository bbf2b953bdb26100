"""Every cause is provoked in a running lab, and named by the command; no secret shows in anything that it writes.

Here each cause is provoked in one way; ``make faults`` provokes it in every way that the lab knows.
"""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout

import pytest

from academy_ops.cli.main import run
from academy_ops.diagnosis.catalogue import CATALOGUE
from tests.faults.matrix import ROWS, Row, clean_up, expected, provoke, right, run_remedies
from tests.lab_driver import Lab


@pytest.fixture
def lab(running_lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, healthy at the start of each row."""
    yield running_lab
    clean_up(running_lab, request.node.callspec.params["row"])


ONE_WAY = {row.code: row for row in reversed(ROWS)}
PARTS = [
    pytest.param(row, id=row.name, marks=pytest.mark.xdist_group(f"matrix-{number % 4}"))
    for number, row in enumerate(reversed(ONE_WAY.values()))
]
"""The rows for several test processes, each with a lab of its own."""

ENDED_BY_COMMANDS = {"queue-misconfigured/no-dead-letter-queue", "worker-launch-suspended", "worker-scaled-to-zero"}
"""The rows that are well once their commands have run."""


@pytest.mark.parametrize("row", PARTS)
def test_the_cause_is_named_and_nothing_secret_is_told(lab: Lab, row: Row) -> None:
    result, _ = provoke(lab, row)
    assert right(row, result), (expected(row), result.verdict)
    written = [json.dumps(result.document, ensure_ascii=False), lab.evidence.read_text("utf-8")]
    for output in ("table", "json"):
        shown = io.StringIO()
        with redirect_stdout(shown):
            run(["diagnose", "--from", str(lab.evidence), "--verbose", "-o", output])
        written.append(shown.getvalue())
    given = {value.strip() for name, value in row.environ.items() if value and value.strip() and "SECRET" in name}
    assert [secret for secret in lab.secrets() | given for text in written if secret in text] == []
    assert lab.leaks() == []
    assert json.loads(written[-1])["verdict"] == result.verdict
    run_remedies(lab, row, result, verify=False)
    if row.name in ENDED_BY_COMMANDS:
        lab.wait_for_worker()
        after = lab.diagnose(*filter(None, [result.document["job_id"]])).verdict
        assert row.code not in {after["cause"], *after["also"], *after["symptoms"], *after["warnings"]}


def test_every_code_is_provoked() -> None:
    assert ONE_WAY.keys() == set(CATALOGUE) | {"undetermined"}
