"""What the probe prints on a host, read back: the real script, with the lab's ``docker`` and the like in its PATH."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from academy_ops.lab.container import Image, description, write_inspect
from academy_ops.lab.machine import Condition, make_host_folder, run_script, write_boot
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import HostReport, WorkerLog
from checks.worker_report import read_host
from tests.checks import facts_factory as h

SALT = "0" * 32
STATE = {
    "Status": "running",
    "Running": True,
    "ExitCode": 0,
    "OOMKilled": False,
    "Error": "",
    "StartedAt": "2026-11-22T00:59:00Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
}
WORKER = "academy-ai-worker-cpu"
JOB = f"job_id={h.JOB_ID}"
URL = "postgresql+psycopg://worker:secret@db/academy"
SIGNS = (
    "ModuleNotFoundError: No module named 'psycopg'",
    "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
    "An error occurred (InvalidClientTokenId) when calling the ReceiveMessage operation: The security token is invalid",
    "Signature not yet current: 20261122T010000Z is still later than 20261122T005000Z",
    "OSError: [Errno 28] No space left on device",
    "MemoryError",
    "Worker exited prematurely: signal 9 (SIGKILL)",
    "fatal: Cannot allocate memory",
    "KMS.DisabledException: arn:aws:kms:x:1:key/2 is disabled",
    'FATAL:  password authentication failed for user "w"',
    "FATAL:  sorry, too many clients already",
    "remaining connection slots are reserved",
    "QueuePool limit of size 5 overflow 10 reached",
    'relation "job" does not exist',
    "Unknown column 'x' in 'field list'",
    "no such table: job",
    "server closed the connection unexpectedly",
    "MySQL server has gone away",
    "the database system is starting up",
    "could not translate host name",
    "database or disk is full",
    "database is locked",
    "cannot execute INSERT in a read-only transaction",
    "The table 'job' is full",
    "no pg_hba.conf entry for host",
    "ssl syscall eof detected",
    "canceling statement due to lock timeout",
    "deadlock detected",
    "Tenant or user not found",
    "permission denied for table job",
    'Connect timeout on endpoint URL: "https://sqs.ap-northeast-2.amazonaws.com/"',
    "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
    "RuntimeError: Credentials were refreshed, but the refreshed credentials are still expired.",
    "kombu.transport.SQS.UndefinedQueueException: Queue with name 'celery' must be defined",
    "데이터베이스에 연결할 수 없습니다",
    "DB 인증 실패",
)
DENIED = (
    "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ReceiveMessage operation: "
    f"User: arn:aws:sts::123456789012:assumed-role/{'r' * 900}/i-0 is not authorized to perform: sqs:receivemessage "
    "on resource: arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic with an explicit deny in a "
    "resource-based policy"
)


@dataclass
class Host:
    """An instance's folder, as the lab makes it."""

    folder: Path
    state: dict[str, object] = field(default_factory=dict)
    image: Image = field(default_factory=Image)

    def write(self, log: Sequence[str], env: Mapping[str, str] | None = None, kills: Sequence[float] = ()) -> None:
        make_host_folder(self.folder)
        (self.folder / "container").mkdir()
        write_inspect(self.folder / "container", description(WORKER, self.image, env or {}), STATE | self.state, 0)
        parts = {
            "log": "".join(f"{line}\n" for line in log),
            "log.times": "".join("1 2026-11-22T01:00:00.000000Z\n" for _ in log),
            "oom-kills": "".join(f"{time.time() - ago:.0f}\n" for ago in kills),
        }
        for name, text in parts.items():
            (self.folder / "container" / name).write_text(text, "utf-8")

    def probe(self) -> str:
        script = host_scripts.probe(WORKER, h.JOB_ID, SALT)
        done = run_script(script, self.folder, {"PATH": os.environ["PATH"]}, 20)
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout

    def report(self, **environ: str) -> tuple[HostReport, WorkerLog]:
        settings = load(environ=environ, default_env_file=None)
        read = read_host("i-0", self.probe(), SALT, settings, Connections(settings))
        assert read is not None
        assert read[1] is not None
        return read[0], read[1]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def texts(log: WorkerLog) -> list[str]:
    return [line.text for line in log.of_job]


@pytest.mark.parametrize(
    "version", ["dev", "library-import", "v29.0.1", "24.0.5-0ubuntu1~22.04.1", "25.0.14+unsupported"]
)
def test_an_engine_answers_whatever_its_version_is_called(host: Host, version: str) -> None:
    host.write([])
    engine = host.folder / "docker-engine"
    engine.write_text(engine.read_text("utf-8").replace("27.5.1", version), "utf-8")
    report, _ = host.report()
    assert (report.docker, report.container is not None) == ("up", True)


def test_the_traceback_below_a_jobs_failure_comes_along_and_other_jobs_do_not(host: Host) -> None:
    failed = [
        f"EXCEL_PARSING failed {JOB}: 오류",
        "Traceback (most recent call last):",
        '  File "/app/x.py", line 3, in run',
        "ModuleNotFoundError: No module named 'openpyxl'",
    ]
    host.write(
        ["worker started", f"SQS_MESSAGE_RECEIVED | {JOB}", "polling", *failed, "SQS_MESSAGE_RECEIVED | job_id=y"]
    )
    _, log = host.report()
    assert texts(log) == [f"SQS_MESSAGE_RECEIVED | {JOB}", *failed]
    case = h.case(document=h.job("FAILED", error_message="오류"), logs=h.logs(h.container(of_job=log.of_job)))
    assert h.verdict(case).cause == "worker-dependency-missing"


def test_a_long_line_keeps_its_end_where_aws_says_why(host: Host) -> None:
    host.write([DENIED])
    _, log = host.report()
    for line in (*log.errors, *log.tail):
        assert line.text.startswith("botocore.exceptions.ClientError: An error occurred (AccessDenied)")
        assert line.text.endswith("with an explicit deny in a resource-based policy")


@pytest.mark.parametrize(
    "line",
    [lambda n: f"{n} Error {JOB} {'x y ' * 300}", lambda n: f"{n} Error failed {JOB} {'z' * 5000}"],
)
def test_however_much_is_logged_the_probe_prints_what_ssm_keeps(host: Host, line: Callable[[int], str]) -> None:
    host.write([line(number) for number in range(1000)])
    output = host.probe()
    assert len(output) < 24_000
    assert output.endswith("section=end\n")


def test_the_kernels_kills_are_told_with_their_age(host: Host) -> None:
    host.state |= {"Status": "exited", "ExitCode": 137, "FinishedAt": "2026-11-22T01:00:00Z"}
    host.write(["polling"], kills=[3000, 45])
    report, _ = host.report()
    assert report.container is not None
    assert report.container.finished_at is not None
    if Path("/proc/uptime").exists():
        ages = report.container.kernel_kills
        assert ages is not None
        assert [round(age, -1) for age in ages] in ([3000, 40], [3000, 50])


@pytest.mark.parametrize(
    ("api", "told"),
    [
        (URL, "same"),
        (URL.replace("+psycopg", ""), "same"),
        (URL.replace("@db", "@old"), "different"),
        (None, "unknown"),
    ],
)
def test_the_database_is_compared_as_a_digest(host: Host, api: str | None, told: str) -> None:
    host.write(["polling"], env={"DATABASE_URL": URL})
    assert "secret" not in host.probe()
    report, _ = host.report(**({"DATABASE_URL": api} if api else {}))
    assert report.environment is not None
    assert report.environment.database == told


def test_docker_that_systemd_would_start_for_whoever_asks_is_not_asked(host: Host) -> None:
    host.write(["polling"])
    (host.folder / "docker-down").touch()
    asked = host.folder / "asked"
    docker = host.folder / "bin" / "docker"
    docker.write_text(f"#!/bin/sh\necho $* >>{asked}\n", "utf-8")
    result = host.probe().splitlines()
    assert {"docker=down", "disk_percent=31"} <= set(result)
    assert not asked.exists()
    # Where systemd runs it, or knows of none, asking changes nothing.
    (host.folder / "docker-down").unlink()
    host.probe()
    assert asked.exists()


@pytest.mark.parametrize(
    ("said", "code", "docker"),
    [
        ("echo", 0, "unreadable"),
        ("echo '<no value>'", 0, "unreadable"),
        ("echo Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running? >&2", 0, "down"),
        ("echo failed to connect to the docker API: dial unix /x: connect: no such file or directory >&2", 1, "down"),
        ("echo error during connect: Get http://x: dial tcp: connection refused >&2", 1, "down"),
        ("echo Error response from daemon: client version 1.40 is too old >&2", 1, "unreadable"),
        ("echo 29.1.0; echo WARNING: Error loading config file >&2", 0, "up"),
    ],
)
def test_whether_docker_runs_is_told_by_its_server_and_not_by_its_clients_end(
    host: Host, said: str, code: int, docker: str
) -> None:
    host.write(["polling"])
    (host.folder / "bin" / "docker").write_text(
        f'#!/bin/sh\n[ "$1" = version ] || exec sleep 0\n{said}\nexit {code}\n', "utf-8"
    )
    settings = load(environ={}, default_env_file=None)
    output = host.probe()
    assert f"docker={docker}" in output.splitlines()
    read = read_host("i-0", output, SALT, settings, Connections(settings))
    assert read is not None or docker == "up"
    if read is not None and docker != "up":
        assert (read[0].docker, read[0].container, read[1]) == (docker, None, None)


@pytest.mark.parametrize(
    ("said", "unread", "missing"),
    [
        ("Error: No such object: academy-ai-worker-cpu", False, True),
        ("Error response from daemon: No such container: academy-ai-worker-cpu", False, True),
        ("Error response from daemon: open /var/lib/docker/x: no such file or directory", True, False),
        ('template parsing error: template: :1:2: executing "" at <.ID>: map has no entry', True, False),
        ("Error response from daemon: layer does not exist", True, False),
    ],
)
def test_only_dockers_word_for_it_makes_a_container_missing(host: Host, said: str, unread: bool, missing: bool) -> None:
    host.write(["polling"])
    words = said.replace("'", "")
    (host.folder / "bin" / "docker").write_text(
        f"#!/bin/sh\ncase $1 in version) echo 20.10.24 ;; ps) ;; *) echo '{words}' >&2; exit 1 ;; esac\n", "utf-8"
    )
    settings = load(environ={}, default_env_file=None)
    read = read_host("i-0", host.probe(), SALT, settings, Connections(settings))
    assert read is not None
    assert (read[0].container_unread, read[0].container is None and not read[0].container_unread) == (unread, missing)
    assert read[0].said == (words if unread else "")


def test_what_a_boot_wrote_comes_without_its_secrets_where_no_container_is(host: Host) -> None:
    host.write(["polling"])
    shutil.rmtree(host.folder / "container")
    lines = (
        "+ R2_SECRET_KEY=abcdefgh12345 docker run",
        "docker login --password eyJwYXlsb2FkIjoi --username AWS",
        "+ mysql --password=hunter2-a -h db",
        "+ export db_password='hunter2-b' aws_secret_access_key=hunter2-c",
        '{"sessionToken": "hunter2-d", "client_secret": "hunter2-e"}',
        "error: the key pair is there; KeyError: 'R2_ENDPOINT'; unexpected token `fi'",
        "x" * 300,
        "ERROR: ECR login/pull failed",
    )
    write_boot(host.folder / "files", Condition(user_data=lines, boot="running"))
    output = host.probe()
    assert "boot=running" in output.splitlines()
    assert not [secret for secret in ("abcdefgh12345", "eyJwYXlsb2FkIjoi", "hunter2", "x" * 121) if secret in output]
    assert "KeyError: 'R2_ENDPOINT'; unexpected token `fi'" in output
    settings = load(environ={}, default_env_file=None)
    read = read_host("i-0", output, SALT, settings, Connections(settings))
    assert read is not None
    assert read[0].boot is not None
    assert read[0].boot.last(1) == ("ERROR: ECR login/pull failed",)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "blank"),
        ("  \t", "blank"),
        ("\u3000\u00a0 ", "blank"),
        ("\n", "blank"),
        ("https://a.r2.example", "same"),
        ("https://a.r2.example/", "same"),
        ("https://a.r2.example//", "different"),
        ("https://a.r2.example\nR2_ENDPOINT=", "different"),
        ("\u00b7", "different"),
    ],
)
def test_a_value_is_read_as_the_worker_reads_it(host: Host, value: str, told: str) -> None:
    host.write(["polling"], env={"R2_ENDPOINT": value})
    report, _ = host.report(R2_ENDPOINT="https://a.r2.example")
    assert report.environment is not None
    assert report.environment.endpoint == told


API = {
    "AI_SQS_QUEUE_NAME_BASIC": "academy-jobs",
    "R2_ENDPOINT": "https://a.r2.example",
    "R2_EXCEL_BUCKET": "excel",
    "AWS_REGION": "ap-northeast-2",
}


@pytest.mark.parametrize(
    ("of_worker", "told"),
    [
        (API, {}),
        ({**API, "AI_SQS_QUEUE_NAME_BASIC": "academy-jobs-old"}, {"AI_SQS_QUEUE_NAME_BASIC": "academy-jobs-old"}),
        ({**API, "R2_EXCEL_BUCKET": "excel.old"}, {"R2_EXCEL_BUCKET": "excel.old"}),
        ({**API, "R2_EXCEL_BUCKET": "", "EXCEL_BUCKET_NAME": "other"}, {"EXCEL_BUCKET_NAME": "other"}),
        ({**API, "R2_ENDPOINT": "https://B.r2.example/"}, {"R2_ENDPOINT": "https://b.r2.example"}),
        ({**API, "AWS_REGION": "us-east-1"}, {"AWS_REGION": "us-east-1"}),
        ({**API, "AWS_ENDPOINT_URL": "http://mine:9"}, {"AWS_ENDPOINT_URL": "http://mine:9"}),
        # Not the second one in place of the first, which can't be shown.
        ({**API, "AWS_REGION": "Seoul (2)", "AWS_DEFAULT_REGION": "us-east-1"}, {}),
        # Where nothing is set, the worker's own default counts.
        ({**API, "AI_SQS_QUEUE_NAME_BASIC": ""}, {"AI_SQS_QUEUE_NAME_BASIC": "academy-ai-jobs-basic"}),
        ({**API, "R2_EXCEL_BUCKET": ""}, {"R2_EXCEL_BUCKET": "academy-excel"}),
        # A key that was pasted where a name belongs, a password in an address, and what is no name at all.
        ({**API, "R2_EXCEL_BUCKET": "0123456789abcdef" * 4}, {}),
        ({**API, "AI_SQS_QUEUE_NAME_BASIC": "wJalrXUtnFEMI0K7MDENG0bPxRfiCY0EXAMPLEKE"}, {}),
        ({**API, "R2_ENDPOINT": "https://me:word@b.r2.example"}, {}),
        ({**API, "R2_EXCEL_BUCKET": "a b"}, {}),
        ({**API, "R2_EXCEL_BUCKET": "a\nnamed=R2_SECRET_KEY b"}, {}),
    ],
)
def test_both_names_are_known_where_they_differ_and_never_a_key(
    host: Host, of_worker: Mapping[str, str], told: Mapping[str, str]
) -> None:
    keys = {"R2_ACCESS_KEY": "the-worker-s-key", "R2_SECRET_KEY": "the-worker-s-secret"}
    host.write(["polling"], env={**of_worker, **keys})
    printed = host.probe()
    assert not any(secret in printed for secret in (*keys.values(), "me:word"))
    report, _ = host.report(**API)
    assert report.environment is not None
    assert report.environment.differing == told


def test_only_a_line_feed_ends_a_line(host: Host) -> None:
    forged = "a\vsection=end\fprobe=2\u2028docker=down\x85\x1ccontainer=missing"
    host.write([forged, "polling\r"])
    _, log = host.report()
    assert len(log.tail) == 2
    assert log.tail[1].text == "polling"


@pytest.mark.parametrize(("last", "said"), [("01:00:00.1", ""), ("01:05:00.1", "its file is corrupt")])
def test_a_log_of_which_docker_reads_less_than_its_file_holds_is_corrupt(host: Host, last: str, said: str) -> None:
    host.write(["polling"])
    engine = host.folder / "docker-engine"
    engine.write_text(engine.read_text("utf-8").replace("/var/lib/docker", str(host.folder)), "utf-8")
    own_id = (host.folder / "container" / "inspect").read_text("utf-8").split()[1]
    file = host.folder / "containers" / own_id / f"{own_id}-json.log"
    file.parent.mkdir(parents=True)
    file.write_text(f'{{not json\n{{"log":"x\\n","stream":"stdout","time":"2026-11-22T{last}Z"}}\n', "utf-8")
    assert host.report()[1].unreadable == said


@pytest.mark.parametrize("ahead", [-4000, 4000])
def test_ages_on_a_host_are_counted_by_its_own_clock(host: Host, ahead: int) -> None:
    now = datetime.now(UTC)
    there = now + timedelta(seconds=ahead)
    host.state |= {"StartedAt": (there - timedelta(seconds=100)).isoformat()}
    host.write(["polling"])
    (host.folder / "bin" / "date").write_text(f"#!/bin/sh\necho {there.timestamp():.0f}\n", "utf-8")
    (host.folder / "bin" / "date").chmod(0o700)
    settings = load(environ={}, default_env_file=None)
    read = read_host("i-0", host.probe(), SALT, settings, Connections(settings), now)
    assert read is not None
    assert read[0].container is not None
    assert read[0].container.started_at is not None
    assert abs((now - read[0].container.started_at).total_seconds() - 100) < 2
    assert abs(read[0].clock_ahead_seconds - ahead) < 2


def test_each_sign_that_is_looked_for_passes_the_probes_filter(host: Host, compared: Callable[[int], None]) -> None:
    signs = [*SIGNS, DENIED]
    host.write([text for sign in signs for text in (sign, *["polling the queue"] * 3)][-3900:])
    found: set[str] = set()
    for start in range(0, len(signs), 8):
        (host.folder / "container" / "log").write_text(
            "".join(f"{sign}\n" for sign in signs[start : start + 8]), "utf-8"
        )
        (host.folder / "container" / "log.times").write_text(
            "1 2026-11-22T01:00:00.0Z\n" * len(signs[start : start + 8])
        )
        found |= {line.text for line in host.report()[1].errors}
    assert [sign for sign in SIGNS if sign not in found] == []
    compared(len(signs))


def test_on_a_host_that_can_make_no_digest_the_environment_is_unknown_and_not_different(host: Host) -> None:
    host.write(["polling"], env={"R2_ENDPOINT": "https://a.r2.example"})
    report, _ = host.report(R2_ENDPOINT="https://a.r2.example")
    assert report.environment is not None
    (host.folder / "bin" / "sha256sum").write_text("#!/bin/sh\nexit 127\n", "utf-8")
    (host.folder / "bin" / "sha256sum").chmod(0o700)
    report, _ = host.report(R2_ENDPOINT="https://a.r2.example")
    assert report.container is not None
    assert report.environment is None
