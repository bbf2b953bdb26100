"""``make models``: copies of botocore's service models with only what the tool calls, which load many times faster."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

from academy_ops.outside.sdk import MODELS
from academy_ops.remedies.permissions import GRANTS
from checks import RUNBOOK

R2 = frozenset({"s3:GetObject", "s3:ListBuckets", "s3:ListObjectsV2"})
"""What is asked of R2; no IAM policy is about that."""
FOR_CREDENTIALS = frozenset({"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"})
"""What botocore itself calls for credentials of a role."""
WITHOUT_PERMISSION = "sts:GetCallerIdentity"
"""What AWS lets everybody do, whatever a policy says."""
SDK_NAMES = {"elasticloadbalancing": "elbv2"}
"""Services that the SDK knows by another name than IAM."""
NEVER_CALLED = frozenset(
    {
        *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        *("sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"),
    }
)
"""What AWS itself calls on behalf of the caller."""


def calls() -> dict[str, set[str]]:
    """Return the operations that the tool calls, by service: IAM names its actions after them."""
    actions = {action for check in RUNBOOK for grant in check.grants for action in grant.actions}
    actions |= {action for grant in GRANTS for action in grant.actions}
    found: dict[str, set[str]] = {}
    for action in (actions | {WITHOUT_PERMISSION} | FOR_CREDENTIALS | R2) - NEVER_CALLED:
        service, _, operation = action.partition(":")
        service = SDK_NAMES.get(service, service)
        found.setdefault(service, set()).add(operation)
    return found


def pruned(service: str, operations: set[str]) -> tuple[str, dict[str, Any]]:
    """Return the version of the installed botocore's model of ``service``, and the part of it for ``operations``."""
    loader = Loader()
    version = loader.determine_latest_version(service, "service-2")
    model = loader.load_service_model(service, "service-2", version)
    kept = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    named = list(_shapes(kept))
    while named:
        name = named.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            named += _shapes(shapes[name])
    return version, _undocumented({**model, "operations": kept, "shapes": dict(sorted(shapes.items()))})


def endpoints(services: Iterable[str]) -> dict[str, Any]:
    """Return the part of botocore's table of regions that is about ``services``; the whole takes 5 MB of memory."""
    whole = Loader().load_data("endpoints")
    return {
        **whole,
        "partitions": [
            {**one, "services": {name: one["services"][name] for name in services if name in one["services"]}}
            for one in whole["partitions"]
        ],
    }


def _shapes(part: Any) -> Iterator[str]:
    """Yield the names of the shapes that ``part`` refers to."""
    if isinstance(part, Mapping):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _shapes(inner)


def _undocumented(part: Any) -> Any:
    if isinstance(part, Mapping):
        # Emptied and not removed: botocore rewrites some of them.
        return {name: "" if name == "documentation" else _undocumented(value) for name, value in part.items()}
    return [_undocumented(inner) for inner in part] if isinstance(part, list) else part


def _fields(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of a model with its place."""
    if isinstance(part, Mapping):
        for name, inner in part.items():
            yield from _fields(inner, f"{place}.{name}" if place else name)
    else:
        yield place, json.dumps(part)


def changes(former: Any, now: Any) -> Iterator[str]:
    """Yield a line for each field of a model that came, went or changed."""
    before, after = dict(_fields(former)), dict(_fields(now))
    for place in sorted(before | after):
        if before.get(place) != after.get(place):
            yield f"{place}: {before.get(place, 'absent')} -> {after.get(place, 'absent')}"


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Write the copies for the installed botocore, and print what that changes."""
    former = {path.relative_to(MODELS): json.loads(path.read_text("utf-8")) for path in MODELS.glob("*/*/*.json")}
    shutil.rmtree(MODELS, ignore_errors=True)
    for service, operations in sorted(calls().items()):
        version, model = pruned(service, operations)
        path = MODELS / service / version / "service-2.json"
        path.parent.mkdir(parents=True)
        _write(path, model)
        for line in changes(former.get(path.relative_to(MODELS), {}), model):
            print(f"{service}: {line}")  # noqa: T201 - this is the program's output
    _write(MODELS / "endpoints.json", endpoints(sorted(calls())))
    print(f"botocore {botocore.__version__}: {len(calls())} services")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
