"""What the bundled academy gets through: students, uploads and jobs in a second, on SQLite and on PostgreSQL.

Its own processes on moto's SQS, rclone's S3 server and a real database, all of them on this machine.
"""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil
from moto.server import ThreadedMotoServer

from academy_ops.academy.api import HASHER
from academy_ops.academy.excel.readers import Readers
from academy_ops.academy.excel.workbook import read
from academy_ops.academy.job_queue import JobQueue, Outbox
from academy_ops.academy.store import Job, Store
from academy_ops.contract import ENDED, UPLOAD_PATH
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TENANT, TOKEN, Academy, new_academy, redis_server
from tests.bench.roster import roster
from tests.bench.tables import table
from tests.chaos.database import postgresql

RIVAL: Final = Path(__file__).parent / "rivals" / "openpyxl_rows.py"
ROWS: Final = (1_000, 10_000, 100_000)
WORKERS: Final = (1, 2, 4)
JOBS: Final = 200
UPLOADS: Final = 200
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

    def ended(self, jobs: Sequence[Job]) -> list[float]:
        """Return when each of the jobs has ended that have, in order."""
        found = [self.store.job(job.id) for job in jobs]
        return sorted(job.updated_at.timestamp() for job in found if job is not None and job.status in ENDED)

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
    load = os.getloadavg()[0]
    with postgresql() as url:
        students, of_students = _students(url, runs)
        parts = _parts()
        uploads, (uploaded, upload_seconds), hashes = _uploads_table(url)
        jobs, (ended, job_seconds) = _jobs_table(url)
    processors = os.cpu_count() or 1
    goals = [
        ["students a second at 10,000 rows, SQLite", "30,000", *of_students[:2]],
        ["the same, PostgreSQL", "25,000", *of_students[2:]],
        ["uploads a second, one API process", "40", f"{uploaded:.1f}", f"{processors / upload_seconds:.0f}"],
        ["uploads for each hash of a bare loop", "", f"{uploaded / hashes:.2f}", ""],
        ["jobs of thirty students a second, two workers", "40", f"{ended:.1f}", f"{processors / job_seconds:.0f}"],
        [f"what others wanted of {processors} processors", "0", f"{load:.1f}", ""],
    ]
    result = {"students": students, "parts": parts, "uploads": uploads, "jobs": jobs}
    return {**result, "goals": table(["", "goal", "by the clock", "by CPU time"], goals)}


def _students(postgres: str, runs: int) -> tuple[str, list[str]]:
    """Return the table, and its rates at 10,000 rows: on either database by the clock and by CPU time."""
    lines, at_goal = [], [""]
    for rows in ROWS:
        content = roster(rows)
        seconds, memory = [], (0, 0)
        for url in ("", postgres):
            with bench(url) as one:
                worker = one.worker()
                one.followed(one.job(roster(SMALL)))
                before = _processor_seconds(worker)
                seconds.append(statistics.median(one.followed(one.job(content)) for _ in range(runs)))
                seconds.append((_processor_seconds(worker) - before) / runs)
                memory = memory if url else _memory(one, worker, content)
        rival, megabytes = _rival(content, runs)
        rates = [f"{rows / taken:,.0f}" for taken in (*seconds, rival)]
        at_goal = rates[:-1] if rows == ROWS[1] else at_goal
        lines.append([f"{rows:,}", *rates, *(f"{size:,}" for size in (*memory, megabytes))])
    a_second = ["SQLite", "of CPU time", "PostgreSQL", "of CPU time", "openpyxl"]
    titles = ["rows", *a_second, "worker, MB", "reader, MB", "openpyxl, MB"]
    return table(titles, lines), at_goal


def _parts() -> str:
    """Return what a job of 10,000 rows costs the processor, part by part: the least of several runs."""
    taken, readers, others = [], Readers(), set(psutil.Process().children())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        path.write_bytes(roster(ROWS[1]))
        store = Store(f"sqlite:///{folder}/academy.sqlite3")
        read(path, start=readers.start)
        (forked,) = set(psutil.Process().children()) - others
        for number in range(PARTS_RUNS):
            job = store.claim(store.add_job(f"t{number}", "a.xlsx", "hash").id)
            assert job is not None
            wall, begun, reader = time.perf_counter(), time.process_time(), _processor_seconds(forked.pid)
            content = read(path, start=readers.start)
            reader, understood = _processor_seconds(forked.pid) - reader, time.process_time()
            store.finish(job, [one.columns() for one in content.students], [], "bench")
            ended = time.process_time()
            taken.append((reader, understood - begun, ended - understood, time.perf_counter() - wall))
        store.close()
    readers.close()
    names = ["the reader's process", "taking over what it found", "one transaction, on SQLite", "all, by the clock"]
    return table(
        ["", "s"], [[name, f"{min(part):.2f}"] for name, part in zip(names, zip(*taken, strict=True), strict=True)]
    )


def _processor_seconds(pid: int) -> float:
    """Return the processor's time that a process and its readers have had: a busy machine does not change it much."""
    one = psutil.Process(pid)
    seconds = 0.0
    for each in (one, *one.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # its parent has its time by now
            seconds += sum(each.cpu_times()[:4])
    return seconds


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


def _jobs_table(postgres: str) -> tuple[str, tuple[float, float]]:
    """Return the table, and what `_jobs` has found for two workers on SQLite."""
    lines, found = [], {}
    for name, url in (("SQLite", ""), ("PostgreSQL", postgres)):
        cells, spent = [], 0.0
        for workers in WORKERS:
            with bench(url) as one:
                found[name, workers] = _jobs(one, workers)
            rate, spent = found[name, workers]
            cells.append(f"{rate:.1f}")
        lines.append([name, *cells, f"{1000 * spent:.0f}"])
    titles = ["", *(f"{count} worker{'s' * (count > 1)}" for count in WORKERS), "CPU, ms each"]
    return table(titles, lines), found["SQLite", 2]


def _jobs(one: Bench, workers: int) -> tuple[float, float]:
    """Return how many jobs end in a second while all workers are busy, and what CPU time workers and readers spend."""
    content = roster(SMALL)
    first, *jobs = [one.job(content) for _ in range(JOBS + 1)]
    pids = [one.worker() for _ in range(workers)]
    one.followed(first)
    before = sum(map(_processor_seconds, pids))
    for job in jobs:
        one.outbox.send(job)
    assert processes.until(lambda: len(one.ended(jobs)) == len(jobs), _SECONDS, 1.0)
    spent, ended = sum(map(_processor_seconds, pids)) - before, one.ended(jobs)
    return (len(ended) - workers) / (ended[-1] - ended[workers - 1]), spent / len(ended)


def _uploads_table(postgres: str) -> tuple[str, tuple[float, float], float]:
    """Return the table, what `_uploads` has found for one process on SQLite, and how many a bare loop hashes."""
    lines, found = [], []
    for name, url in (("SQLite", ""), ("PostgreSQL", postgres)):
        (rate, spent), hashes = _uploads(url, 1), _hashes()
        found.append(((rate, spent), hashes))
        lines.append([name, f"{rate:.1f}", f"{hashes:.1f}", f"{1000 * spent:.0f}", f"{_uploads(url, 2)[0]:.1f}"])
    return table(["", "1 process", "bare hashes", "CPU, ms each", "2 processes"], lines), *found[0]


def _hashes() -> float:
    """Return how many passwords a loop hashes in a second, in as many threads as there are people."""
    with ThreadPoolExecutor(PEOPLE) as people:
        started = time.perf_counter()
        list(people.map(HASHER.hash, ["1234"] * UPLOADS))
        return UPLOADS / (time.perf_counter() - started)


def _uploads(url: str, count: int) -> tuple[float, float]:
    """Return how many uploads API processes take in a second from several people at once, and what CPU time they spend.

    Several of them count together in a Redis, where one is installed.
    """
    content = roster(SMALL)
    with bench(url) as one, ThreadPoolExecutor(PEOPLE) as people, redis_server(one.academy.folder) as redis:
        shared = f"redis://127.0.0.1:{redis.port}" if redis and count > 1 else ""
        flags = ("--processes", str(count), "--uploads-per-minute", str(10 * UPLOADS))
        api = one.academy.start_api(*flags, REDIS_URL=shared)
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Tenant-Code": TENANT}
        with httpx.Client(base_url=one.academy.url, headers=headers, timeout=60, trust_env=False) as client:

            def upload(number: int) -> int:
                files, form = {"file": (f"{number}.xlsx", content)}, {"initial_password": "1234"}
                return client.post(UPLOAD_PATH, files=files, data=form).status_code

            list(people.map(upload, range(PEOPLE * count)))
            before, started = _processor_seconds(api.pid), time.perf_counter()
            codes = set(people.map(upload, range(UPLOADS)))
            taken = time.perf_counter() - started
            spent = _processor_seconds(api.pid) - before
    assert codes == {httpx.codes.ACCEPTED}, codes
    return UPLOADS / taken, spent / UPLOADS
