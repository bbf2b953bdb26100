"""Where worker and API have different names, both stand in every form of the output."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from academy_ops.messages import use
from academy_ops.report import Output, table
from tests.checks import facts_factory as h
from tests.checks.scenarios import idle_with, own
from tests.report.golden import NAMES, diagnosis

OTHERWISE: tuple[tuple[str, str, str, str | None], ...] = (
    ("queue", "AI_SQS_QUEUE_NAME_BASIC", "academy-old-jobs", None),
    ("bucket", "R2_EXCEL_BUCKET", "excel-of-staging", NAMES["bucket"]),
    ("bucket", "EXCEL_BUCKET_NAME", "excel-of-staging", NAMES["bucket"]),
    ("endpoint", "R2_ENDPOINT", "https://old.r2.example", None),
    ("region", "AWS_REGION", "us-east-1", None),
)


def test_both_names_are_told(compared: Callable[[int], None]) -> None:
    count = 0
    for compares, setting, of_worker, of_api in OTHERWISE:
        otherwise: dict[str, Any] = {compares: "different", "differing": {setting: of_worker}}
        environment = replace(h.SAME, **otherwise)
        for facts in (own(**otherwise), idle_with(environment)):
            result = diagnosis(**facts)
            forms = (one.load().render_diagnosis(result, "academy-ops") for one in Output if one is not Output.TABLE)
            for text in (table.render_diagnosis(result, verbose=True, width=300), *forms):
                assert of_worker in text, text
                assert setting in text
                assert of_api is None or of_api in text
                count += 1
    compared(count)


def test_what_is_the_same_is_not_told() -> None:
    for facts in (own(), idle_with(h.SAME)):
        assert "differing" not in Output.JSON.load().render_diagnosis(diagnosis(**facts), "academy-ops")


def test_in_korean_it_is_one_line() -> None:
    use("ko")
    result = diagnosis(**own(bucket="different", differing={"R2_EXCEL_BUCKET": "old"}))
    assert "R2_EXCEL_BUCKET: 워커 old, API academy-excel" in table.render_diagnosis(result, width=200)
    use("en")
