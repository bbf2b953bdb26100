"""How a worker's environment, and the parameter that it boots from, differ from the API's; which side is wrong."""

from collections.abc import Iterator, Mapping
from typing import Final

from academy_ops.contract import BUCKET_SETTINGS, QUEUE_SETTING, REGION_SETTINGS
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from checks.facts import Case
from checks.host_facts import Container, Environment, HostReport, LogsFacts, Parameter
from checks.r2 import api_side_wrong
from checks.words import Fault
from checks.workers import launched_at

UNREAD: Final = "parameter-unread"
"""The reason where the instance could not read the parameter."""


def differences(environment: Environment) -> Iterator[Fault]:
    """Name what an environment lacks or has otherwise than the API; a key of its own is no fault by itself."""
    queue = {"queue": environment.queue, "region": environment.region, "endpoint": environment.aws_endpoint}
    otherwise = next((name for name, compared in queue.items() if compared == "different"), None)
    required = (environment.endpoint, environment.access_key, environment.secret_key)
    if any(comparison in {"missing", "blank"} for comparison in required):
        yield Fault("worker-env-missing")
    if otherwise:
        yield Fault("worker-queue-mismatch", None if otherwise == "queue" else otherwise)
    if "different" in (environment.endpoint, environment.bucket):
        yield Fault("worker-r2-mismatch")


def environment_faults(case: Case, host: HostReport, container: Container, facts: LogsFacts) -> Iterator[Fault]:
    """Return how a container's environment differs from the API's, and from a parameter that is newer than it."""
    own, held, parameter = host.environment, facts.parameter_holds, facts.parameter
    if own is None:
        return
    # A container keeps the environment that it was made with, however often it is started.
    made_at = container.created_at or (launched_at(case, host.instance_id) if container.restarts else None)
    made_at = made_at or container.started_at
    written_at = parameter.modified_at if isinstance(parameter, Parameter) else None
    # Booting from a parameter that is wrong itself would not help; that one is reported as what it is.
    right = held if held and not parameter_faults(facts) else None
    newer = made_at is not None and written_at is not None and written_at > made_at
    stale = right is not None and newer and not _differs_from_wrong(own, case) and _differs(own, right)
    unread = right is not None and not stale and (own.endpoint, own.access_key, own.secret_key) == ("missing",) * 3
    for fault in differences(own):
        yield Fault(fault.code, UNREAD) if unread and fault.code == "worker-env-missing" else fault
    if stale:
        yield Fault("worker-env-stale")


def _differs(own: Environment, parameter: Environment) -> bool:
    """Return whether a worker runs with something else than the parameter holds now."""
    compared = ((own.region, parameter.region), (own.aws_endpoint, parameter.aws_endpoint))
    corrected = any(here == "different" != there for here, there in compared)
    return corrected or own.fingerprint != parameter.fingerprint


def parameter_unread(case: Case) -> bool:
    """Return whether a worker runs without the parameter because its instance could not read it."""
    return any(
        Fault("worker-env-missing", UNREAD) in environment_faults(case, host, host.container, case.inside)
        for host in case.inside.hosts
        if host.container
    )


def parameter_faults(facts: LogsFacts) -> tuple[Fault, ...]:
    """Return what a worker that boots now would lack or have otherwise than the API; nothing where it was not seen."""
    if isinstance(facts.parameter, Unavailable):
        return ()
    held = facts.parameter_holds
    return tuple(differences(held)) if held else (Fault("worker-env-missing"),)


def judge_parameter(build: FindingBuilder, case: Case, facts: LogsFacts) -> Iterator[Finding]:
    """Judge what the next worker would boot with; where one runs, its own environment counts."""
    parameter, held = facts.parameter, facts.parameter_holds
    if isinstance(parameter, Unavailable) or any(host.environment for host in facts.hosts):
        return
    evidence: dict[str, Json] = {"parameter": build.names["parameter"], "form": parameter.form if parameter else None}
    if held:
        evidence |= {"environment": compared(held), **both_values(held, build.names)}
    for fault in parameter_faults(facts):
        yield fail_beside_api(build, case, fault, evidence)


def compared(environment: Environment) -> dict[str, Json]:
    """Return how each setting compares with the API's; no value."""
    optional: dict[str, Json] = {"AWS_REGION": environment.region, "AWS_ENDPOINT_URL_SQS": environment.aws_endpoint}
    if environment.static_keys:
        optional["AWS_ACCESS_KEY_ID"] = "set"
    # Which database the API uses is seldom known where the tool runs.
    database: dict[str, Json] = {"DATABASE_URL": environment.database} if environment.database != "unknown" else {}
    return {
        QUEUE_SETTING: environment.queue,
        "R2_ENDPOINT": environment.endpoint,
        "bucket": environment.bucket,
        "R2_ACCESS_KEY": environment.access_key,
        "R2_SECRET_KEY": environment.secret_key,
        **database,
        **{name: compared for name, compared in optional.items() if compared != "missing"},
    }


def both_values(environment: Environment, names: Mapping[str, str]) -> dict[str, Json]:
    """Return what the worker has otherwise than the API, and the API's, where both are known."""
    of_api = {"R2_ENDPOINT": "endpoint", **dict.fromkeys(REGION_SETTINGS, "region")}
    of_api |= dict.fromkeys(BUCKET_SETTINGS, "bucket")
    of_api |= dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"), "")
    rows: list[Json] = [
        {"setting": name, "worker": value, "api": names.get(of_api.get(name, "queue"))}
        for name, value in environment.differing.items()
    ]
    return {"differing": rows} if rows else {}


def fail_beside_api(build: FindingBuilder, case: Case, fault: Fault, evidence: Mapping[str, Json]) -> Finding:
    """Write a worker's fault down; where the API's side is the wrong one, nobody is told to copy it."""
    reason = "api-side" if fault.code in _behind(case) else fault.reason
    return build.fail(fault.code, evidence, reason=reason)


def _differs_from_wrong(own: Environment, case: Case) -> bool:
    """Return whether a worker's environment differs from the API's in what is wrong there."""
    wrong = _behind(case)
    of_r2 = "different" in (own.endpoint, own.bucket, own.access_key, own.secret_key)
    of_queue = "different" in (own.queue, own.region, own.aws_endpoint)
    return (of_r2 and "worker-r2-mismatch" in wrong) or (of_queue and "worker-queue-mismatch" in wrong)


def _behind(case: Case) -> set[str]:
    """Return the faults of a worker, of having others or none, that the API's own settings can't correct."""
    no_queue = not isinstance(case.queue, Unavailable) and case.queue.queue is None
    of_r2 = {"worker-r2-mismatch", "worker-env-missing"} if api_side_wrong(case) else set[str]()
    return of_r2 | ({"worker-queue-mismatch"} if no_queue else set())
