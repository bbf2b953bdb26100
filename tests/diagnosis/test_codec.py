"""Saved evidence: whatever was observed survives, whatever was forged is refused in one line."""

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from academy_ops.diagnosis.codec import MalformedError, decode, encode
from academy_ops.diagnosis.evidence import MAX_BYTES, Evidence, EvidenceError, ShownSetting, read, to_document, to_text
from academy_ops.diagnosis.redact import printable
from checks import Case
from tests.checks import facts_factory as h

TEXTS = st.text(max_size=20).map(printable)
WHOLE = st.integers(1 - 2**63, 2**63 - 1)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: WHOLE,
    float: st.floats(allow_nan=False, allow_infinity=False) | WHOLE,
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS),  # noqa: DTZ001 - hypothesis adds the zone
}
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a type hint; written apart from the code that it tests."""
    inner = get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return st.builds(hint, **{name: any_of(one) for name, one in get_type_hints(hint).items()})
    if get_origin(hint) is Literal:
        return st.sampled_from(inner)
    if get_origin(hint) is tuple:
        return st.lists(any_of(inner[0]), max_size=2).map(tuple)
    if get_origin(hint) in {dict, Mapping}:
        return st.dictionaries(TEXTS, any_of(inner[1]), max_size=2)
    return st.one_of([any_of(member) for member in inner])


def saved(the_case: Case, tool: str = "academy-ops 9.9") -> dict[str, Any]:
    """Return the document of evidence with ``the_case``."""
    evidence = Evidence(
        tool=tool,
        started_at=h.NOW,
        elapsed_ms=1234,
        asked=("access", "queue"),
        took_ms={"access": 3},
        settings=(ShownSetting("R2_SECRET_KEY", "***", "env file"), ShownSetting("R2_ENDPOINT", None, "unset")),
        versions={"python": "3.11"},
        case=the_case,
    )
    return to_document(evidence, Case, lambda text, _place: text)


GOOD = saved(h.case())


def outcome(content: bytes) -> str:
    """Return the refusal, or an empty text where ``content`` can be read."""
    try:
        read(content, Case)
    except EvidenceError as error:
        return error.message.render("en")
    return ""


def refusal(document: object) -> str:
    return outcome(json.dumps(document).encode())


def changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), **changes}


@settings(max_examples=60)
@given(any_of(Case))
def test_any_case_survives_the_round_trip(the_case: Case) -> None:
    assert read(to_text(saved(the_case)).encode(), Case).case == the_case


def test_all_else_that_the_document_tells_survives_too() -> None:
    evidence = read(to_text(GOOD).encode(), Case)
    assert to_document(evidence, Case, lambda text, _place: text) == GOOD


@settings(max_examples=150)
@given(st.data())
def test_a_changed_file_is_refused_in_one_line_or_can_be_read(data: st.DataObject) -> None:
    document: Any = copy.deepcopy(GOOD)
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(holder[key], dict | list) and holder[key]
        if not deeper or not data.draw(st.booleans()):
            break
        holder = holder[key]
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            holder[key] = data.draw(JSON)
        case "remove":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[data.draw(st.text(max_size=8))] = data.draw(JSON)
    assert "\n" not in outcome(json.dumps(document).encode())


@settings(max_examples=100)
@given(st.binary(max_size=6), st.integers(0), st.integers(0, 40))
def test_changed_bytes_are_refused_in_one_line_or_are_evidence(put: bytes, at: int, cut: int) -> None:
    content = to_text(GOOD).encode()
    at %= len(content)
    assert "\n" not in outcome(content[:at] + put + content[at + cut :])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("7", "$.case.queue.queue.visible: expected a whole number"),
        (True, "$.case.queue.queue.visible: expected a whole number"),
        (7.0, "$.case.queue.queue.visible: expected a whole number"),
        (2**64, "$.case.queue.queue.visible: expected a whole number"),
        (math.nan, "$.case.queue.queue.visible: expected a whole number"),
    ],
)
def test_a_value_of_a_wrong_type_is_told_with_its_place(wrong: object, told: str) -> None:
    document = changed()
    document["case"]["queue"]["queue"]["visible"] = wrong
    assert told in refusal(document)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, "0.5", None])
def test_a_number_must_be_one(wrong: object) -> None:
    with pytest.raises(MalformedError) as refused:
        decode(wrong, float, "$.percent")
    assert refused.value.place == "$.percent"


@pytest.mark.parametrize("wrong", ["2026-11-22", "2026-11-22T02:00:00", "yesterday", "0001-01-01T00:00:00+14:00", 7])
def test_a_time_has_its_zone(wrong: object) -> None:
    assert "$.started_at: expected a time with a time zone" in refusal(changed(started_at=wrong))


def test_a_missing_and_an_unknown_field_are_told_with_their_places() -> None:
    document = changed()
    del document["elapsed_ms"]
    assert "$.elapsed_ms: this field is missing" in refusal(document)
    assert "$.elapsed_s: unknown field" in refusal(changed(elapsed_s=1))


def test_a_record_of_another_name_is_refused_with_those_that_may_stand_there() -> None:
    document = changed()
    document["case"]["queue"]["$record"] = "Depth"
    assert "$.case.queue: expected record QueueFacts or record Unavailable" in refusal(document)


def test_a_refusal_names_the_version_that_wrote_the_file() -> None:
    assert 'it was written by "academy-ops 9.9"' in refusal(changed(schema="academy-ops/evidence/9"))
    assert 'it was written by "academy-ops 9.9"' in refusal(changed(a_field_of_tomorrow=1))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not JSON (line 1)"),
        (b"{\n\n]", "not JSON (line 3)"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"{}", "$.schema"),
        (b'{"schema": 1, "schema": 2}', 'the field "schema" appears twice'),
        (b"[" * 100_000, "not JSON"),
        (b'{"elapsed_ms": ' + b"9" * 5000 + b"}", "not JSON"),
        (b" " * (MAX_BYTES + 1), "larger than 64 MiB"),
    ],
    ids=["empty", "broken", "utf-16", "list", "no-schema", "twice", "deep", "huge-number", "long"],
)
def test_what_is_no_evidence_at_all_is_refused(content: bytes, told: str) -> None:
    assert told in outcome(content)


def test_terminal_escapes_of_a_forged_file_do_not_survive() -> None:
    document = changed()
    document["case"]["names"] = {"queue\x1b[2J": "\x1b]0;owned\x07"}
    text = json.dumps(document)
    names = read(text.encode(), Case).case.names
    assert "\x1b" not in repr([*names, *names.values()]).replace("\\x1b", "\x1b")


def test_terminal_escapes_do_not_survive_in_a_refusal() -> None:
    assert "\x1b" not in refusal(changed(**{"\x1b[2J\n": 1}))


def test_what_is_cleaned_on_the_way_out_is_free_text_and_never_a_state() -> None:
    @dataclass(frozen=True)
    class Fact:
        state: Literal["placeholder"]
        text: str
        by_name: Mapping[str, str]

    fact = Fact("placeholder", "a placeholder", {"placeholder": "placeholder"})
    places: list[str] = []

    def clean(text: str, place: str) -> str:
        places.append(place)
        return text.replace("placeholder", "***")

    assert decode(encode(fact), Fact, "$", clean) == Fact("placeholder", "a ***", {"***": "***"})
    assert places == ["$.text", "$.by_name.placeholder", "$.by_name.placeholder"]


class Colour(StrEnum):
    RED = "red"


def test_an_enumeration_is_written_as_its_value() -> None:
    assert encode(Colour.RED) == "red"
    assert decode("red", Colour, "$") is Colour.RED
    with pytest.raises(MalformedError):
        decode("blue", Colour, "$")
