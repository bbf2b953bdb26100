"""What the bundled academy gets through: students, uploads and jobs in a second, on SQLite and on PostgreSQL.

Its own processes on moto's SQS, rclone's S3 server and a real database, all of them on this machine.
"""

from __future__ import annotations

import logging
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil
from moto.server import ThreadedMotoServer

from academy_ops.academy import sample_workbooks
from academy_ops.academy.excel.workbook import read
from academy_ops.academy.job_queue import JobQueue, Outbox
from academy_ops.academy.store import Job, Store
from academy_ops.contract import ENDED, UPLOAD_PATH
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TENANT, TOKEN, Academy, new_academy
from tests.bench.tables import table
from tests.chaos.database import postgresql

RIVAL: Final = Path(__file__).parent / "rivals" / "openpyxl_rows.py"
ROWS: Final = (1_000, 10_000, 100_000)
WORKERS: Final = (1, 2, 4)
JOBS: Final = 60
UPLOADS: Final = 100
PARTS_RUNS: Final = 15
PEOPLE: Final = 8
SMALL: Final = 30
"""Students of one school's usual file; what jobs and uploads are counted with."""
_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Bench:
    """An academy to be measured."""

    academy: Academy
    store: Store
    outbox: Outbox

    def job(self, content: bytes) -> Job:
        """Put a workbook in R2 and its job in the database, as a tenant of its own; nothing is sent yet."""
        job = self.store.add_job(f"t{time.monotonic_ns()}", f"bench/{time.monotonic_ns()}.xlsx", "hash")
        self.academy.r2.put_object(Bucket=self.academy.bucket, Key=job.file_key, Body=content)
        return job

    def worker(self) -> int:
        """Start a worker; return its process id once it polls."""
        process = self.academy.start("worker")
        assert processes.until(lambda: "worker started" in self.academy.logs[-1].read_text("utf-8"), _SECONDS)
        return process.pid

    def followed(self, job: Job, look: Callable[[], object] = lambda: None) -> float:
        """Send a job's message and wait for the commit that ends it; return the seconds between them."""
        started = time.perf_counter()
        self.outbox.send(job)
        while (now := self.store.job(job.id)) is None or now.status not in ENDED:
            look()
            time.sleep(0.005)
        taken = time.perf_counter() - started
        assert now.status == "DONE", now
        return taken


@contextmanager
def bench(url: str = "") -> Iterator[Bench]:
    """Start what an academy needs; the database is an SQLite file unless ``url`` names one."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="academy-bench-")))
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        aws = ThreadedMotoServer(port=0, verbose=False)
        aws.start()
        closing.callback(aws.stop)
        storage = Storage(folder / "r2", processes.free_ports(1)[0])
        storage.start()
        closing.callback(storage.service.stop)
        storage.service.wait_ready(storage.service.listening)
        host, port = aws.get_host_and_port()
        url = url or f"sqlite:///{folder / 'academy.sqlite3'}"
        academy = closing.enter_context(contextmanager(new_academy)(f"http://{host}:{port}", storage, folder, url))
        academy.make_queue()
        store = Store(url)
        closing.callback(store.close)
        yield Bench(academy, store, Outbox(store, JobQueue(academy.sqs, academy.queue), academy.bucket))


def measure(runs: int) -> dict[str, str]:
    """Measure everything; return the tables by name."""
    with postgresql() as url:
        return {"students": _students(url, runs), "parts": _parts(), "jobs": _jobs(url)}


def _students(postgres: str, runs: int) -> str:
    lines = []
    for rows in ROWS:
        content = sample_workbooks.students(rows)
        seconds, memory = [], (0, 0)
        for url in ("", postgres):
            with bench(url) as one:
                worker = one.worker()
                one.followed(one.job(sample_workbooks.students(SMALL)))
                before = _processor_seconds(worker)
                seconds.append(statistics.median(one.followed(one.job(content)) for _ in range(runs)))
                seconds.append((_processor_seconds(worker) - before) / runs)
                memory = memory if url else _memory(one, worker, content)
        rival, megabytes = _rival(content, runs)
        rates = [f"{rows / taken:,.0f}" for taken in (*seconds, rival)]
        lines.append([f"{rows:,}", *rates, *(f"{size:,}" for size in (*memory, megabytes))])
    a_second = ["SQLite", "of CPU time", "PostgreSQL", "of CPU time", "openpyxl"]
    return table(["rows", *a_second, "worker, MB", "reader, MB", "openpyxl, MB"], lines)


def _parts() -> str:
    """Return what a job of 10,000 rows costs the processor, part by part: the least of several runs."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        path.write_bytes(sample_workbooks.students(ROWS[1]))
        store = Store(f"sqlite:///{folder}/academy.sqlite3")
        for number in range(PARTS_RUNS):
            job = store.claim(store.add_job(f"t{number}", "a.xlsx", "hash").id)
            assert job is not None
            wall, begun, reader = time.perf_counter(), time.process_time(), _children_seconds()
            content = read(path)
            reader, understood = _children_seconds() - reader, time.process_time()
            store.finish(job, [one.columns() for one in content.students], [], "bench")
            ended = time.process_time()
            taken.append((reader, understood - begun, ended - understood, time.perf_counter() - wall))
        store.close()
    names = ["the reader's process", "taking over what it found", "one transaction, on SQLite", "all, by the clock"]
    return table(
        ["", "s"], [[name, f"{min(part):.2f}"] for name, part in zip(names, zip(*taken, strict=True), strict=True)]
    )


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _processor_seconds(worker: int) -> float:
    """Return the processor's time that a worker and its readers have had: what a busy machine does not change much."""
    return sum(psutil.Process(worker).cpu_times()[:4])


def _memory(one: Bench, worker: int, content: bytes) -> tuple[int, int]:
    """Return the peaks of the worker and of its reader's process, in MB; to look costs time, so this run has none."""
    peaks = [0]

    def look() -> None:
        peaks.extend(_peak(child.pid) for child in psutil.Process(worker).children(recursive=True))

    one.followed(one.job(content), look)
    return _peak(worker), max(peaks)


def _peak(pid: int) -> int:
    """Return the most memory that a process has had, in MB; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def _rival(content: bytes, runs: int) -> tuple[float, int]:
    seconds, peak = [], 0
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.xlsx").write_bytes(content)
            command = [sys.executable, str(RIVAL), f"{folder}/a.xlsx", f"{folder}/a.sqlite3"]
            taken, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        seconds.append(float(taken))
        peak = max(peak, int(memory))
    return statistics.median(seconds), peak


def _jobs(postgres: str) -> str:
    rows = []
    for name, url in (("SQLite", ""), ("PostgreSQL", postgres)):
        cells = [name, f"{_uploads(url):.1f}"]
        for workers in WORKERS:
            with bench(url) as one:
                cells.append(f"{_rate(one, workers):.1f}")
        rows.append(cells)
    return table(["", "uploads", *(f"jobs, {count} worker{'s' * (count > 1)}" for count in WORKERS)], rows)


def _rate(one: Bench, workers: int) -> float:
    """Return how many jobs end in a second while all of the workers are busy."""
    content = sample_workbooks.students(SMALL)
    jobs = [one.job(content) for _ in range(JOBS)]
    for _ in range(workers):
        one.worker()
    for job in jobs:
        one.outbox.send(job)
    assert processes.until(lambda: len(_ended(one, jobs)) == len(jobs), _SECONDS, 0.2)
    ended = sorted(_ended(one, jobs))
    return (len(ended) - workers) / (ended[-1] - ended[workers - 1])


def _ended(one: Bench, jobs: list[Job]) -> list[float]:
    found = [one.store.job(job.id) for job in jobs]
    return [job.updated_at.timestamp() for job in found if job is not None and job.status in ENDED]


def _uploads(url: str) -> float:
    """Return how many uploads an API process takes in a second from several people at once."""
    content = sample_workbooks.students(SMALL)
    with bench(url) as one, ThreadPoolExecutor(PEOPLE) as people:
        one.academy.start_api()
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Tenant-Code": TENANT}
        with httpx.Client(base_url=one.academy.url, headers=headers, timeout=60, trust_env=False) as client:

            def upload(number: int) -> int:
                files, form = {"file": (f"{number}.xlsx", content)}, {"initial_password": "1234"}
                return client.post(UPLOAD_PATH, files=files, data=form).status_code

            list(people.map(upload, range(PEOPLE)))
            started = time.perf_counter()
            codes = set(people.map(upload, range(UPLOADS)))
            taken = time.perf_counter() - started
    assert codes == {httpx.codes.ACCEPTED}, codes
    return UPLOADS / taken
