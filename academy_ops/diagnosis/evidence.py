"""Saved evidence ``academy-ops/evidence/2``: all that a run has observed, so that it can be judged again elsewhere."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar, get_type_hints

from academy_ops import __version__
from academy_ops.diagnosis import former_evidence as former
from academy_ops.diagnosis.codec import Clean, MalformedError, decode, decode_fields, encode
from academy_ops.diagnosis.records import Json
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import UserError, say

SCHEMA: Final = "academy-ops/evidence/2"
MAX_BYTES: Final = 64 * 1024 * 1024
"""Five HTTP answers of 4 MiB, and much room for the rest."""

_LONGEST_QUOTE: Final = 60

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting as it may be shown: a secret's value is masked.

    Attributes:
        value: The value, masked where it is a secret; None when it is unset.
    """

    name: str
    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Evidence(Generic[C]):
    """What a run has observed, and all else that its document holds.

    Attributes:
        tool: The tool that observed, and its version.
        asked: The names of the checks to judge, in runbook order.
        took_ms: How long each check's observation took.
        settings: The settings in force, secrets masked.
        versions: What ran: the tool, Python, the platform, the libraries.
    """

    tool: str
    started_at: datetime
    elapsed_ms: int
    asked: tuple[str, ...]
    took_ms: Mapping[str, int]
    settings: tuple[ShownSetting, ...]
    versions: Mapping[str, str]
    case: C


class EvidenceError(UserError):
    """Evidence that can't be used; ``message`` says where and why."""


def to_document(evidence: Evidence[C], case_type: type[C], clean: Clean) -> dict[str, Json]:
    """Return the JSON document of ``evidence``, in which each free text has passed ``clean``.

    Raises:
        EvidenceError: A fact is not of its declared type, so the document could not be read again.
    """
    try:
        cleaned = _from_fields(_to_fields(evidence), case_type, clean)
    except MalformedError as error:
        raise EvidenceError(say("{where}: {problem}", where=error.place, problem=error.problem)) from error
    return {"schema": SCHEMA, **_to_fields(cleaned)}


def to_text(document: Mapping[str, Json]) -> str:
    """Return a document as it is written to a file: indented, with the newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def read(content: bytes, case_type: type[C]) -> Evidence[C]:
    """Read saved evidence. It may be forged, so every text in it is cleaned of control characters again.

    Raises:
        EvidenceError: It is too long, no UTF-8, no JSON, of another schema, or not strictly of its form.
    """
    document = _object(content)
    schema, tool = document.pop("schema", None), document.get("tool")
    try:
        if schema == former.SCHEMA_1:
            document = former.from_schema_1(document)
        else:
            decode(schema, Literal[SCHEMA], "$.schema")
        return _from_fields(document, case_type)
    except MalformedError as error:
        problem = say("{where}: {problem}", where=error.place, problem=error.problem)
        if tool != f"academy-ops {__version__}":
            problem = say("{problem}; it was written by {tool}", problem=problem, tool=_quoted(tool))
        raise EvidenceError(problem) from error


def _to_fields(evidence: Evidence[Any]) -> dict[str, Json]:
    return {field.name: encode(getattr(evidence, field.name)) for field in fields(evidence)}


def _from_fields(there: Mapping[str, object], case_type: type[C], clean: Clean | None = None) -> Evidence[C]:
    hints = {**get_type_hints(Evidence), "case": case_type}
    return Evidence(**decode_fields(there, hints, "$", clean))


def _object(content: bytes) -> dict[str, object]:
    if len(content) > MAX_BYTES:
        raise EvidenceError(say("it is larger than {limit} MiB", limit=MAX_BYTES // 1024 // 1024))
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_doubles)
    except UnicodeDecodeError as error:
        raise EvidenceError(say("it is not UTF-8 text")) from error
    except json.JSONDecodeError as error:
        raise EvidenceError(say("it is not JSON (line {line})", line=error.lineno)) from error
    except MalformedError as error:
        raise EvidenceError(error.problem) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, brackets thousands deep.
        raise EvidenceError(say("it is not JSON that an evidence file can contain")) from error
    if not isinstance(document, dict):
        raise EvidenceError(say("it is not a JSON object"))
    return document


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        double, _times = Counter(name for name, _value in pairs).most_common(1)[0]
        raise MalformedError("$", say("the field {name} appears twice in one object", name=_quoted(double)))
    return found


def _quoted(value: object) -> str:
    """Quote a value of the file on one short line."""
    return printable(json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_QUOTE])
