"""R2 in the lab answers as R2 does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from academy_ops import contract
from academy_ops.lab import processes
from academy_ops.lab.state import Keys
from academy_ops.lab.storage import Storage, new_keys

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = Storage(tmp_path, processes.free_ports(1)[0])
    storage.start()
    storage.service.wait_ready(storage.service.listening)
    yield storage
    storage.service.stop()


def r2(storage: Storage, keys: Keys | None = None) -> S3Client:
    keys = keys or storage.keys
    config = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        retries={"total_max_attempts": 1},
    )
    return boto3.client(
        "s3",
        endpoint_url=storage.endpoint,
        region_name="auto",
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=config,
    )


def refused(client: S3Client, bucket: str = contract.BUCKET_NAME) -> str:
    with pytest.raises(ClientError) as error:
        client.put_object(Bucket=bucket, Key="excel/lab/a.xlsx", Body=b"x")
    return error.value.response["Error"]["Code"]


def test_the_bucket_is_there_and_keeps_what_is_put(storage: Storage) -> None:
    client = r2(storage)
    client.put_object(Bucket=contract.BUCKET_NAME, Key="excel/lab/a.xlsx", Body=b"content")
    assert client.get_object(Bucket=contract.BUCKET_NAME, Key="excel/lab/a.xlsx")["Body"].read() == b"content"


def test_what_is_not_there_is_no_such_key(storage: Storage) -> None:
    with pytest.raises(ClientError) as error:
        r2(storage).get_object(Bucket=contract.BUCKET_NAME, Key="excel/lab/b.xlsx")
    assert error.value.response["Error"]["Code"] == "NoSuchKey"


def test_foreign_keys_are_refused(storage: Storage) -> None:
    assert refused(r2(storage, new_keys())) == "InvalidAccessKeyId"
    assert refused(r2(storage, Keys(storage.keys.key_id, "wrong"))) == "SignatureDoesNotMatch"


def test_changed_keys_shut_out_the_old_ones_until_they_are_back(storage: Storage) -> None:
    storage.accept_only(new_keys())
    assert refused(r2(storage)) == "InvalidAccessKeyId"
    storage.accept_only(storage.keys)
    r2(storage).head_bucket(Bucket=contract.BUCKET_NAME)


def test_a_hidden_bucket_is_missing_and_comes_back_whole(storage: Storage) -> None:
    client = r2(storage)
    client.put_object(Bucket=contract.BUCKET_NAME, Key="excel/lab/a.xlsx", Body=b"kept")
    storage.hide_bucket()
    assert refused(client) == "NoSuchBucket"
    client.create_bucket(Bucket=contract.BUCKET_NAME)
    client.put_object(Bucket=contract.BUCKET_NAME, Key="excel/lab/new.xlsx", Body=b"new")
    storage.show_bucket()
    assert client.list_objects_v2(Bucket=contract.BUCKET_NAME)["KeyCount"] == 2


def test_the_secret_is_not_in_the_command_line(storage: Storage) -> None:
    command = Path(f"/proc/{storage.service.pid}/cmdline")
    if not command.exists():
        pytest.skip("this system shows no command lines under /proc")
    assert storage.keys.secret.encode() not in command.read_bytes()
