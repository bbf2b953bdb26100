"""What ``--fix`` may do: data, and nothing in it that can't be undone."""

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Verdict
from academy_ops.messages import say
from academy_ops.remedies.fixes import FIXES, to_fix

SUMMARY = say("told elsewhere")


@pytest.mark.parametrize("code", FIXES)
def test_every_cause_that_is_mended_has_a_remedy_that_changes_and_none_that_destroys(code: str) -> None:
    assert {remedy.risk for remedy in CATALOGUE[code].remedies} <= {"read", "change"}
    assert "change" in {remedy.risk for remedy in CATALOGUE[code].remedies}


def test_the_cause_is_mended_and_not_what_is_only_a_warning() -> None:
    verdict = Verdict("faulty", SUMMARY, "proxy-upstream-down", "2", warnings=("autoscaler-off",))
    assert to_fix(verdict) == "proxy-upstream-down"


def test_a_warning_is_mended_where_there_is_no_fault() -> None:
    assert to_fix(Verdict("healthy", SUMMARY, warnings=("worker-silent", "autoscaler-off"))) == "autoscaler-off"


def test_where_something_could_not_be_seen_no_warning_is_mended() -> None:
    assert to_fix(Verdict("undetermined", SUMMARY, warnings=("autoscaler-off",))) is None
