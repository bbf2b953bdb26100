"""The evidence that people see: of all that a finding holds, the facts that prove it, and how a value is written."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, cast

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Diagnosis, Finding, Json, Reason, Unavailable
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, say
from academy_ops.report.content import brief, duration, local_time, timestamp, upload_state
from checks import RUNBOOK
from checks.times import parse

Fact = tuple[str, str]
"""A name and a value; both for people, without anything that a terminal would act on."""
Clock = Callable[[datetime], str]
"""Writes a time: `timestamp` for documents, `local_time` for screens."""
LABELS: Final[Mapping[str, Text]] = {
    "account": say("AWS account"),
    "expected": say("expected"),
    "bucket": say("bucket"),
    "bucket_source": say("named by"),
    "endpoint": say("R2 endpoint"),
    "error_code": say("error code"),
    "detail": say("error message"),
    "elsewhere": say("bucket location"),
    "meant": say("accessible bucket"),
    "buckets": say("buckets"),
    "tried": say("tried"),
    "group": say("group"),
    "missing": say("missing"),
    "settings": say("settings"),
    "edge": say("edge"),
    "origin": say("origin"),
    "app": say("app"),
    "recent": say("uploads"),
    "latest": say("latest uploads"),
    "health": say("/health"),
    "status": say("job"),
    "waited_seconds": say("has waited"),
    "created": say("students created"),
    "duplicates": say("already there"),
    "failed_rows": say("rows rejected"),
    "error_message": say("job message"),
    "rows": say("rejected rows"),
    "desired": say("desired"),
    "instances": say("instances"),
    "suspended": say("suspended"),
    "activity": say("last launch"),
    "ended_by": say("terminated because"),
    "set_by": say("desired last set"),
    "starters": say("who starts workers"),
    "autoscaler": say("autoscaler"),
    "queue": say("queue"),
    "visible": say("messages waiting"),
    "in_flight": say("messages in flight"),
    "oldest_seconds": say("oldest message"),
    "clock_ahead_seconds": say("clock ahead by"),
    "credentials": say("credentials from"),
    "profile": say("profile"),
    "region": say("region"),
    "dead_letters": say("dead letters"),
    "instance": say("instance"),
    "log_group": say("log group"),
    "refresh": say("instance refresh"),
    "versions": say("versions"),
    "container": say("container"),
    "exit_code": say("exit code"),
    "restarts": say("restarts"),
    "environment": say("differs from the API"),
    "differing": say("by name"),
    "disk_percent": say("disk full"),
    "log": say("log"),
    "reason": say("why"),
    "error": say("Docker's error"),
    "boot_log": say("boot log"),
    "health_said": say("health check"),
    "images": say("images"),
    "parameter": say("parameter"),
    "form": say("format"),
    "function": say("function"),
    "rule": say("rule"),
    "enabled": say("enabled"),
    "schedule": say("schedule"),
    "policy": say("policy"),
    "alarm": say("alarm"),
}
"""The names of the evidence that people see first; any other has the name that it has in the document."""
_STATES: Final[Mapping[str, Text]] = {
    "different": say("different"),
    "blank": say("blank"),
    "missing": say("not set"),
    "unknown": say("unknown"),
    "quoted": say("in quotes"),
    "spaces": say("contains white space"),
    "placeholder": say("a placeholder"),
    "not-a-url": say("not a URL"),
    "bucket-in-path": say("bucket in its path"),
    "no-tls": say("http instead of https"),
    "lone-quote": say("an unmatched quote"),
    "unexpanded": say("an unexpanded variable"),
    "not-a-bucket": say("not a bucket name"),
    "not-a-host": say("not a valid host name"),
    "bucket-in-host": say("bucket in its host"),
    "not-r2": say("not R2's S3 address"),
    "not-an-account": say("no account id"),
    "refused": say("R2 refuses the request"),
}
"""What settings and a worker's environment are found to be."""
_SWITCHED: Final[Mapping[Json, Text]] = {"on": say("on"), "off": say("off")}
_STATED: Final = frozenset({"settings", "environment"})
_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {check.name: check.shows for check in RUNBOOK}
_WORK_WAITING: Final = (("queue", ("visible", "in_flight")), ("job", ("status", "waited_seconds")))
"""The evidence that something waits for the workers: check and names; shown in one line with a fault of theirs."""
_WORKERS: Final = frozenset({"workers", "logs"})
_MOST_FACTS: Final = 5
_MOST_WITH_WAITING: Final = 4
_MOST_LINES: Final = 3
_LONGEST_LINE: Final = 200


def key_evidence(finding: Finding, clock: Clock = timestamp, rows: int | None = None) -> list[Fact]:
    """Return the few facts that prove a finding, with times as ``clock`` writes them.

    Of a workbook there are so many ``rows`` at most, or all that are quoted: they are what the school is told.
    """
    names = [name for name in _SHOWN.get(finding.check, ()) if _says(name, finding.evidence.get(name))]
    named = names or [name for name, value in finding.evidence.items() if _says(name, value)]
    count = finding.evidence.get("failed_rows")
    totals = {"rows": count} if isinstance(count, int) else {}
    most = {"rows": rows}
    return [
        _fact(name, finding.evidence[name], most.get(name, _MOST_LINES), totals.get(name, 0), clock)
        for name in named[:_MOST_FACTS]
    ]


def cause_evidence(diagnosis: Diagnosis, clock: Clock = timestamp, rows: int | None = None) -> list[Fact]:
    """Return the facts that prove the verdict's cause: those of its finding, and for a worker's fault what waits.

    Times and rows are as for `key_evidence`.
    """
    cause, findings = diagnosis.verdict.cause, diagnosis.findings
    if diagnosis.step:
        # Its findings are all there is, and stand by themselves.
        return []
    own = next(
        (finding for finding in findings if cause and finding.cause == cause and finding.status in {"fail", "warn"}),
        None,
    )
    if own is None:
        return []
    facts = key_evidence(own, clock, rows)
    waiting: list[Fact] = []
    for check, names in _WORK_WAITING if own.check in _WORKERS else ():
        other = next((finding for finding in findings if finding.check == check and finding.status != "unknown"), None)
        shown = [name for name in names if other and _counts(other.evidence.get(name))]
        waiting += [_fact(name, other.evidence[name], 1) for name in shown if other]
    if not waiting:
        return facts
    return [*facts[:_MOST_WITH_WAITING], (_("waiting"), ", ".join(f"{name} {value}" for name, value in waiting))]


def all_evidence(finding: Finding, clock: Clock | None = None) -> list[Fact]:
    """Return all evidence of a finding, under the names that it has in the document, with times as ``clock`` has them.

    Without a clock they stand as in the document, too.
    """
    found = {name: value for name, value in finding.evidence.items() if value is not None}
    return [(name, "\n".join(_lines(name, value, clock)) or "-") for name, value in found.items()]


def _counts(value: Json) -> bool:
    return value >= 1 if isinstance(value, int | float) else bool(value)


def _says(name: str, value: Json) -> bool:
    if value == [] and name == "instances":
        return True
    if isinstance(value, dict):
        if name == "health" and value.get("status") == HTTPStatus.OK:
            return False
        return value.get("reason") != "not-configured" and bool(_differing(value) if name == "environment" else value)
    return value not in (None, "", [])


def _fact(name: str, value: Json, most: int | None, total: int = 0, clock: Clock = timestamp) -> Fact:
    label = LABELS.get(name)
    lines = _lines(name, value, clock)
    most = len(lines) if most is None else most
    if isinstance(value, dict) and name in _STATED:
        lines = [
            f"{LABELS.get(setting, setting)}: {_STATES.get(str(state), state)}"
            for setting, state in _differing(value).items()
        ]
    elif isinstance(value, dict) and "url" in value:
        lines = [_answer(value)]
    # The end of a log says what happened last; the rest of it is what --verbose is for.
    kept = lines[-1:] if name == "log" else lines[:most]
    shown = [f"{line[:_LONGEST_LINE]}..." if len(line) > _LONGEST_LINE else line for line in kept]
    more = max(len(lines), total) - len(kept)
    if more > 0 and name != "log":
        shown.append(_("and {count} more", count=more))
    return str(label) if label else name, "\n".join(shown) or _("none")


def _differing(environment: Mapping[str, Json]) -> dict[str, Json]:
    return {name: state for name, state in environment.items() if state != "same" and state}


def _lines(name: str, value: Json, clock: Clock | None) -> list[str]:
    """Write a value, a line for each item of a list."""
    if isinstance(value, list):
        rows = _ROWS.get(name)
        return [rows(item, clock or timestamp) if rows and isinstance(item, dict) else _short(item) for item in value]
    if isinstance(value, dict):
        return [_short(value)]
    if name.endswith("_seconds") and isinstance(value, int | float):
        return [duration(value)]
    if name == "autoscaler" and value in _SWITCHED:
        return [str(_SWITCHED[value])]
    if clock and name.endswith("_at") and (moment := parse(value)):
        return [clock(moment)]
    return [f"{_short(value)}%" if name == "disk_percent" else _short(value)]


def _row(row: Mapping[str, Json], _clock: Clock) -> str:
    error, sheet = _short(row.get("error")), row.get("sheet")
    if value := row.get("value"):
        error += f" ({_short(value)})"
    if sheet:
        return _("{sheet}, row {row}: {error}", sheet=_short(sheet), row=_short(row.get("row")), error=error)
    return _("row {row}: {error}", row=_short(row.get("row")), error=error)


def _upload(row: Mapping[str, Json], clock: Clock) -> str:
    status, moment = row.get("status"), parse(row.get("uploaded_at"))
    state = upload_state(_short(status), all_rejected=row.get("all_rejected") is True) if status else None
    words = [row.get("job_id"), state, row.get("tenant")]
    # On a screen of 80 columns there is no room for more of a time, and these are of the last day.
    at = "?" if moment is None else f"{moment.astimezone():%H:%M}" if clock is local_time else clock(moment)
    return "  ".join([at, *(_short(word) for word in words if word)])


def _both(row: Mapping[str, Json], _clock: Clock) -> str:
    setting, worker, api = (_short(row.get(name)) for name in ("setting", "worker", "api"))
    if row.get("api") is None:
        return _("{setting}: worker {worker}", setting=setting, worker=worker)
    return _("{setting}: worker {worker}, API {api}", setting=setting, worker=worker, api=api)


def _instance(row: Mapping[str, Json], _clock: Clock) -> str:
    up = row.get("boot_seconds")
    words = [row.get(name) for name in ("instance", "lifecycle", "health")]
    words += [duration(up) if isinstance(up, int | float) else None, row.get("private_ip")]
    return "  ".join(_short(word) for word in words if word)


_ROWS: Final[Mapping[str, Callable[[Mapping[str, Json], Clock], str]]] = {
    "rows": _row,
    "recent": _upload,
    "latest": _upload,
    "instances": _instance,
    "differing": _both,
}


def _answer(layer: Mapping[str, Json]) -> str:
    """Write what a layer in front of the API answered: the status first, or why there was none."""
    url = "/".join(str(layer.get("url", "")).split("/")[:3])
    if "status" not in layer:
        return brief(str(because(Unavailable(cast(Reason, layer["reason"]), url))))
    said = [brief(_("{what} from {url}", what=f"HTTP {layer['status']}", url=url))]
    said += [f"“{_short(layer['title'])}”"] if "title" in layer else []
    shown = ("author", "code", "location", "cf-ray", "retry-after")
    said += [f"{name} {_short(layer[name])}" for name in shown if layer.get(name) not in {None, "unknown", "API"}]
    return ", ".join(said)


def _short(value: Json) -> str:
    """Write a value on one line, with nothing in it that a terminal would act on."""
    if isinstance(value, dict):
        return "  ".join(_pairs(value))
    if isinstance(value, list):
        return "; ".join(_short(inner) for inner in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:.0f}"
    return printable(str(value)).replace("\n", " ")


def _pairs(value: Mapping[str, Json]) -> Iterator[str]:
    return (f"{name}={_short(inner)}" for name, inner in value.items() if inner not in (None, ""))
