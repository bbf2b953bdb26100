"""Evidence of the schemas before, brought into today's form; whether it is of that form is judged after that."""

from collections.abc import Mapping
from typing import Any, Final

from academy_ops.diagnosis.codec import RECORD

SCHEMA_1: Final = "academy-ops/evidence/1"
_RECORDS: Final[Mapping[str, str]] = {
    "Unseen": "Unavailable",
    "GroupInstance": "AsgInstance",
    "Machine": "Ec2Instance",
    "Host": "HostReport",
}
_LOG_FIELDS: Final[Mapping[str, str]] = {
    "log_lines": "lines",
    "job_lines": "of_job",
    "error_lines": "errors",
    "tail": "tail",
}


def from_schema_1(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document of the first schema in today's form.

    Records had other names, and a container held its environment and its log.
    """
    return {name: _value(inner) for name, inner in document.items()}


def _value(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inside = {name: _value(inner) for name, inner in value.items()}
    record = inside.get(RECORD)
    if isinstance(record, str) and record in _RECORDS:
        inside[RECORD] = _RECORDS[record]
    if record == "Host":
        container = inside.get("container")
        return {**inside, "environment": container.pop("environment", None) if isinstance(container, dict) else None}
    return _logs(inside) if record == "LogsFacts" else inside


def _logs(facts: dict[str, Any]) -> dict[str, Any]:
    logs: dict[str, Any] = {}
    hosts = facts.get("hosts")
    for host in hosts if isinstance(hosts, list) else []:
        container = host.get("container") if isinstance(host, dict) else None
        if isinstance(container, dict):
            fields = {new: container.pop(old) for old, new in _LOG_FIELDS.items() if old in container}
            logs[str(host.get("instance_id"))] = {RECORD: "WorkerLog", **fields}
    return {
        **{"unavailable_hosts" if name == "unseen_hosts" else name: fact for name, fact in facts.items()},
        "logs": logs,
    }
