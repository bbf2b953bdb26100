"""Facts at hand: a healthy academy, of which each test changes what it is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from academy_ops.diagnosis.records import Finding, Unavailable, Verdict
from academy_ops.diagnosis.verdict import decide
from academy_ops.outside.clients import Answer, kept_headers
from checks import RUNBOOK, Case
from checks.facts import AccessFacts, Depth, EndpointFacts, JobDocument, JobFacts, QueueFacts, QueueSettings, R2Facts
from checks.group_facts import Activity, AsgInstance, Autoscaler, Ec2Instance, Group, WorkersFacts
from checks.host_facts import Container, Environment, HostReport, LogLine, LogsFacts, Parameter, WorkerLog
from checks.job_document import read_answer
from checks.job_progress import job_progress

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
JOB_ID = "6f3c1b1e-6a55-4f0b-9c0e-0d6f3f1f0a11"
SAME = Environment("same", "same", "same", "same", "same", fingerprint="the API's")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def answer(status: int, body: object = None, **headers: str) -> Answer:
    """Return an answer with those of its headers that the wire lets through."""
    plain = {} if status < 400 else {"detail": "x"}
    text = body if isinstance(body, str) else json.dumps(plain if body is None else body)
    return Answer("http://api.example/x", status, kept_headers(headers), text, 12)


def job(status: str, *, age: float | None = 5, updated: float | None = None, **fields: Any) -> JobDocument:
    body = {"job_id": JOB_ID, "status": status, **fields}
    if age is not None:
        body["created_at"] = ago(age).isoformat()
        body["updated_at"] = ago(age if updated is None else updated).isoformat()
    document = read_answer(answer(200, body))
    assert isinstance(document, JobDocument)
    return document


def group(desired: int = 1, *, minimum: int = 0, maximum: int = 20, **fields: Any) -> Group:
    instances = fields.pop("instances", tuple(instance(f"i-{n}") for n in range(desired)))
    return Group(desired, minimum, maximum, fields.pop("suspended", ()), instances)


def instance(name: str = "i-0", lifecycle: str = "InService", health: str = "Healthy") -> AsgInstance:
    return AsgInstance(name, lifecycle, health)


def workers(the_group: Group | Unavailable | None = None, *, boot: float = 3600, **fields: Any) -> WorkersFacts:
    the_group = group() if the_group is None else the_group
    return WorkersFacts(
        group=the_group,
        activities=fields.get("activities", ()),
        machines=machines(the_group, boot),
        autoscaler=fields.get("autoscaler", Autoscaler("Active", "every-minute", enabled=True)),
    )


def machines(the_group: object, boot: float = 3600) -> tuple[Ec2Instance, ...]:
    members = the_group.instances if isinstance(the_group, Group) else ()
    return tuple(Ec2Instance(one.instance_id, "running", ago(boot), "10.0.0.9") for one in members)


def failed_launch(message: str) -> Activity:
    return Activity("Failed", "Launching a new EC2 instance", message, "", ago(60))


def launched(instance_id: str, seconds: float = 300) -> Activity:
    return Activity("Successful", f"Launching a new EC2 instance: {instance_id}", "", "", ago(seconds))


def line(text: str, seconds: float = 5) -> LogLine:
    return LogLine(ago(seconds), text)


def depth(visible: int = 0, in_flight: int = 0, delayed: int = 0) -> Depth:
    return Depth("arn:aws:sqs:ap-northeast-2:1:academy-ai-jobs-basic", visible, in_flight, delayed)


DEAD_LETTERS = "arn:aws:sqs:ap-northeast-2:1:academy-ai-jobs-basic-dlq"
SETTINGS = QueueSettings(visibility_seconds=3600, retention_seconds=1_209_600, delay_seconds=0, max_receives=3)


def queue(the_queue: Depth | Unavailable | None, dead: int = 0, **fields: Any) -> QueueFacts:
    return QueueFacts(the_queue, depth(dead), **fields)


@dataclass(frozen=True)
class Inside:
    """What is inside one worker's instance."""

    container: Container
    environment: Environment
    log: WorkerLog


def container(**changes: Any) -> Inside:
    """Return a container that runs well, with its environment and its log, each with ``changes``."""
    log = {name: changes.pop(name) for name in ("lines", "of_job", "errors", "tail", "unreadable") if name in changes}
    environment = changes.pop("environment", SAME)
    running = Container(
        status="running",
        exit_code=0,
        out_of_memory=False,
        oom_kills=0,
        restarts=0,
        started_at=ago(3000),
    )
    written = WorkerLog(lines=10, of_job=(), errors=(), tail=(line("polling"),))
    return Inside(replace(running, **changes), environment, replace(written, **log))


def logs(inside: Inside | None = None, *, parameter: Environment | None = SAME, **changes: Any) -> LogsFacts:
    inside = inside or container()
    host = replace(HostReport("i-0", "up", 40, inside.container, inside.environment), **changes)
    logs = {"i-0": inside.log} if host.container else {}
    return LogsFacts({"i-0": True}, (host,), {}, Parameter("dotenv", ago(9000), parameter), logs)


NO_LOGS = LogsFacts({}, (), {}, Parameter("dotenv", ago(9000), SAME))


def case(**facts: Any) -> Case:
    """Return a healthy academy whose job is DONE, with ``facts`` in place of its own."""
    facts = dict(facts)
    document = facts.pop("document", job("DONE", age=600))
    names = {
        "api_url": "http://api.example",
        "group": "academy-ai-worker-asg",
        "queue": "academy-ai-jobs-basic",
        "parameter": "/academy/workers/env",
        "region": "ap-northeast-2",
        "job_id": JOB_ID,
    }
    healthy: dict[str, Any] = {
        "access": AccessFacts("123456789012", "arn:aws:iam::123456789012:user/ops", None, key_is_r2_key=False),
        "r2": r2(),
        "endpoint": endpoint(answer(200, {"job_id": JOB_ID, "status": "DONE"})),
        "job": JobFacts(document),
        "workers": workers(),
        "queue": queue(depth()),
        "logs": logs(),
    }
    return Case(NOW, facts.pop("job_id", JOB_ID), facts.pop("names", names), **{**healthy, **facts})


def r2(settings: Mapping[str, Any] | None = None, reach: Any = True, error_code: str = "", **more: Any) -> R2Facts:
    states = dict.fromkeys(("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY", "R2_EXCEL_BUCKET"), "set")
    return R2Facts(
        {**states, "EXCEL_BUCKET_NAME": "missing", **(settings or {})},  # type: ignore[dict-item] # states of settings
        "https://account.r2.example",
        "academy-excel",
        "R2_EXCEL_BUCKET",
        reach,
        error_code,
        **more,
    )


def endpoint(main: Any, **layers: Any) -> EndpointFacts:
    well = answer(200)
    unset = Unavailable("not-configured", "ACADEMY_ORIGIN_URL")
    return EndpointFacts(
        main,
        layers.get("health", well),
        layers.get("healthz", well),
        layers.get("origin", unset),
        layers.get("app", unset),
    )


def findings(the_case: Case) -> tuple[Finding, ...]:
    return tuple(finding for check in RUNBOOK for finding in check.judge(the_case))


def verdict(the_case: Case) -> Verdict:
    return decide(findings(the_case), job_progress(the_case))
