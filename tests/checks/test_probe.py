"""What the probe prints on a host, read back: the real script, with the lab's ``docker`` and the like in its PATH."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from academy_ops.lab.container import Image, description, write_inspect
from academy_ops.lab.machine import furnish, run_script
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.facts import HostReport, WorkerLog
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
        furnish(self.folder)
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
