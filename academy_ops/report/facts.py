"""The facts that prove a finding, as people read them: a name and what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from academy_ops.diagnosis.records import Finding, Json
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, say
from academy_ops.report.reading import brief
from checks import RUNBOOK

Fact = tuple[str, str]
"""What it is called, and what was seen; both for people, without anything that a terminal would act on."""

LABELS: Final[Mapping[str, Text]] = {
    "account": say("AWS account"),
    "expected": say("expected"),
    "bucket": say("bucket"),
    "bucket_source": say("named by"),
    "endpoint": say("R2 endpoint"),
    "error_code": say("error code"),
    "detail": say("in its words"),
    "tried": say("tried"),
    "group": say("group"),
    "missing": say("missing"),
    "settings": say("settings"),
    "edge": say("edge"),
    "origin": say("nginx"),
    "app": say("app"),
    "status": say("job"),
    "waited_seconds": say("has waited"),
    "error_message": say("its message"),
    "rows": say("rejected rows"),
    "desired": say("desired"),
    "instances": say("instances"),
    "suspended": say("suspended"),
    "activity": say("last launch"),
    "autoscaler": say("autoscaler"),
    "queue": say("queue"),
    "visible": say("messages waiting"),
    "in_flight": say("messages in flight"),
    "dead_letters": say("dead letters"),
    "instance": say("instance"),
    "container": say("container"),
    "exit_code": say("exit code"),
    "restarts": say("restarts"),
    "environment": say("not the API's"),
    "disk_percent": say("disk full"),
    "log": say("log"),
}
"""What the facts that people see first are called; any other bears the name that it has in the document."""

_STATES: Final[Mapping[str, Text]] = {
    "different": say("different"),
    "blank": say("blank"),
    "missing": say("not set"),
    "unknown": say("unknown"),
    "quoted": say("in quotes"),
    "spaces": say("holds white space"),
    "placeholder": say("a placeholder"),
    "not-a-url": say("not a URL"),
    "bucket-in-path": say("bucket in its path"),
    "no-tls": say("http instead of https"),
}
"""What settings and a worker's environment are found to be."""
_STATED: Final = frozenset({"settings", "environment"})

_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {check.name: check.shows for check in RUNBOOK}
_BESIDE: Final = (("queue", ("visible", "in_flight")), ("job", ("status", "waited_seconds")))
"""What proves together with a fault of the workers that somebody waits for them."""
_WORKERS: Final = frozenset({"workers", "logs"})
_MOST_FACTS: Final = 5
_MOST_LINES: Final = 3
_LONGEST_LINE: Final = 200


def telling(finding: Finding) -> list[Fact]:
    """Return the few facts of a finding that prove it."""
    names = [name for name in _SHOWN.get(finding.check, ()) if _says(name, finding.evidence.get(name))]
    named = names or [name for name, value in finding.evidence.items() if _says(name, value)]
    return [_fact(name, finding.evidence[name], _MOST_LINES) for name in named[:_MOST_FACTS]]


def proof(cause: str, findings: Sequence[Finding]) -> list[Fact]:
    """Return the facts that prove the cause, of its own finding and of others."""
    own = next((one for one in findings if one.cause == cause and one.status in {"fail", "warn"}), None)
    if own is None:
        return []
    told = telling(own)
    for check, names in _BESIDE if own.check in _WORKERS else ():
        beside = next((one for one in findings if one.check == check and one.status != "unknown"), None)
        told += [
            _fact(name, beside.evidence[name], 1) for name in names if beside and _counts(beside.evidence.get(name))
        ]
    return told


def everything(finding: Finding) -> list[Fact]:
    """Return all evidence of a finding, under the names that it has in the document."""
    return [
        (name, "\n".join(_lines(name, value)) or "-") for name, value in finding.evidence.items() if value is not None
    ]


def _counts(value: Json) -> bool:
    return value >= 1 if isinstance(value, int | float) else bool(value)


def _says(name: str, value: Json) -> bool:
    if value == [] and name == "instances":
        return True
    if isinstance(value, dict):
        return value.get("reason") != "not-configured" and bool(_differing(value) if name == "environment" else value)
    return value not in (None, "", [])


def _fact(name: str, value: Json, most: int) -> Fact:
    label = LABELS.get(name)
    lines = _lines(name, value)
    if isinstance(value, dict) and name in _STATED:
        lines = [f"{setting}: {_STATES.get(str(state), state)}" for setting, state in _differing(value).items()]
    elif isinstance(value, dict) and "url" in value:
        lines = [_answer(value)]
    # The end of a log says what happened last; the rest of it is what --verbose is for.
    kept = lines[-1:] if name == "log" else lines[:most]
    shown = [f"{line[:_LONGEST_LINE]}..." if len(line) > _LONGEST_LINE else line for line in kept]
    if len(lines) > most and name != "log":
        shown.append(_("and {count} more", count=len(lines) - most))
    return str(label) if label else name, "\n".join(shown) or _("none")


def _differing(environment: Mapping[str, Json]) -> dict[str, Json]:
    return {name: state for name, state in environment.items() if state != "same" and state}


def _lines(name: str, value: Json) -> list[str]:
    """Write a value, a line for each item of a list."""
    if isinstance(value, list):
        return [_row(item) if isinstance(item, dict) and name == "rows" else _short(item) for item in value]
    if isinstance(value, dict):
        return [_short(value)]
    if name == "waited_seconds":
        return [_("{seconds} s", seconds=_short(value))]
    return [f"{_short(value)} %" if name == "disk_percent" else _short(value)]


def _row(row: Mapping[str, Json]) -> str:
    return _("row {row}: {error}", row=_short(row.get("row")), error=_short(row.get("error")))


def _answer(layer: Mapping[str, Json]) -> str:
    """Write what a layer on the way to the API answered: the status first, or why there was none."""
    first = f"HTTP {layer['status']}" if "status" in layer else str(layer.get("detail") or layer.get("reason"))
    return brief(_("{what} from {url}", what=first, url="/".join(str(layer.get("url", "")).split("/")[:3])))


def _short(value: Json) -> str:
    """Write a value on one line, with nothing in it that a terminal would act on."""
    if isinstance(value, dict):
        return "  ".join(_pairs(value))
    if isinstance(value, list):
        return "; ".join(_short(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:.0f}"
    return printable(str(value)).replace("\n", " ")


def _pairs(value: Mapping[str, Json]) -> Iterator[str]:
    return (f"{name}={_short(inner)}" for name, inner in value.items() if inner not in (None, ""))
