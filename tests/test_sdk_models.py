"""The copies of botocore's service models: what the installed botocore has, and nothing lost without them."""

import json
from pathlib import Path

import botocore.session
import pytest

from academy_ops.outside.sdk import MODELS
from tests.sdk_models import calls, pruned


@pytest.mark.parametrize("service", sorted(calls()))
def test_a_copy_is_what_the_installed_botocore_has_of_the_operations_that_are_called(service: str) -> None:
    version, model = pruned(service, calls()[service])
    copy = MODELS / service / version / "service-2.json"
    assert json.loads(copy.read_text(encoding="utf-8")) == model, "renew them: make models"


def test_nothing_else_is_kept() -> None:
    assert [folder.name for folder in MODELS.parent.iterdir()] == [MODELS.name]
    assert {folder.name for folder in MODELS.iterdir()} == set(calls())


def test_with_another_botocore_its_own_models_are_used(tmp_path: Path) -> None:
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, str(tmp_path / "0.0.0"))
    client = session.create_client(
        "sqs", region_name="ap-northeast-2", aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert "PurgeQueue" in client.meta.service_model.operation_names
