"""The copies of botocore's service models: what the installed botocore has, and nothing lost without them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy_ops import settings
from academy_ops.outside import sdk
from academy_ops.outside.sdk import MODELS
from tests.sdk_models import calls, changes, endpoints, pruned


@pytest.mark.parametrize("service", sorted(calls()))
def test_a_copy_is_what_the_installed_botocore_has_of_the_operations_that_are_called(service: str) -> None:
    version, model = pruned(service, calls()[service])
    copy = MODELS / service / version / "service-2.json"
    assert json.loads(copy.read_text(encoding="utf-8")) == model, "renew them: make models"


def test_the_table_of_regions_is_what_the_installed_botocore_has_of_these_services() -> None:
    copy = json.loads((MODELS / "endpoints.json").read_text(encoding="utf-8"))
    assert copy == endpoints(calls()), "renew it: make models"


def test_nothing_else_is_kept() -> None:
    assert {one.name for one in MODELS.iterdir()} == {*calls(), "endpoints.json"}


def small(model: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a client of SQS where ``model`` is the small one."""
    shutil.copytree(MODELS, folder, dirs_exist_ok=True)
    (path,) = folder.glob("sqs/*/service-2.json")
    path.write_text(json.dumps(model), encoding="utf-8")
    monkeypatch.setattr(sdk, "MODELS", folder)
    sdk.loader.cache_clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return sdk.aws_client(sdk.session(settings.load(environ={}, default_env_file=None), lambda *_: None), "sqs")


def operations(client: Any) -> frozenset[str]:
    return frozenset(client.meta.service_model.operation_names)


@pytest.fixture(autouse=True)
def _own_loader() -> Iterator[None]:
    yield
    sdk.loader.cache_clear()


def test_a_model_that_does_is_the_one_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = small(pruned("sqs", calls()["sqs"])[1], tmp_path, monkeypatch)
    assert callable(client.get_queue_url)
    assert operations(client) == calls()["sqs"]


@pytest.mark.parametrize(
    "damage",
    [
        {"metadata": {}},
        {"operations": None},
        {"metadata": {"serviceId": "SQS", "protocol": "of-tomorrow", "protocols": ["of-tomorrow"]}},
    ],
)
def test_a_model_that_another_botocore_cannot_read_gives_way_to_its_own(
    damage: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = small(pruned("sqs", calls()["sqs"])[1] | damage, tmp_path, monkeypatch)
    assert operations(client) > calls()["sqs"]
    other = sdk.aws_client(sdk.session(settings.load(environ={}, default_env_file=None), lambda *_: None), "sts")
    assert operations(other) == calls()["sts"]


@pytest.mark.parametrize("page", [False, True])
def test_an_operation_that_the_small_model_lacks_is_called_with_botocores_own(
    page: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = small(pruned("sqs", {"GetQueueUrl"})[1], tmp_path, monkeypatch)
    assert operations(client) == {"GetQueueUrl"}
    assert client.get_paginator("list_queues") if page else client.get_queue_attributes
    assert operations(client) > calls()["sqs"]
    with pytest.raises(AttributeError):
        client.of_no_service()


def test_what_changed_in_a_model_is_told_field_by_field() -> None:
    former = {"shapes": {"Url": {"type": "string"}, "Gone": {"type": "long"}}}
    now = {"shapes": {"Url": {"type": "string", "max": 9}}}
    assert list(changes(former, now)) == ['shapes.Gone.type: "long" -> absent', "shapes.Url.max: absent -> 9"]
