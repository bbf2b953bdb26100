"""Run the lab under load while its parts are killed, its messages come twice, and its database and disk fail.

Prints what it counted, and as its last line what was lost, twice or leaked; exits 1 unless all three are 0.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import boto3

from academy_ops import contract
from academy_ops.contract import ENDED
from academy_ops.lab import operate, processes, state
from academy_ops.lab.state import LabState
from tests.chaos import audit, database, plan
from tests.chaos.trouble import Trouble
from tests.chaos.users import Users

LOAD: Final = 0.6
"""The part of the time in which uploads and disturbances come; in the rest everything must end by itself."""
LEASE_SECONDS: Final = 200.0
"""A little more than a dead worker's message stays hidden."""
STEP_SECONDS: Final = 0.4
PEOPLE: Final = 8
DISTURBANCE_EVERY: Final = 4.5
WORKERS_SECONDS: Final = 30.0
TOLD_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 2.0
LEAST_REST_SECONDS: Final = 90.0


def main() -> int:
    """Run it.

    Returns:
        The exit code.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="academy-chaos-") as folder, _database(arguments.database) as url:
            found = _run(arguments, Path(folder), url)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    width = max(map(len, found.counts))
    lines = [f"{name:<{width}}  {count:>7,}" for name, count in found.counts.items()]
    lines += [f"! {problem}" for problem in (*found.lost, *found.twice, *found.leaked)]
    lines.append(f"{len(found.lost)} lost, {len(found.twice)} twice, {len(found.leaked)} leaked")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if found.lost or found.twice or found.leaked else 0


class Diary:
    """What the run says, with the seconds since its start."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._started = time.monotonic()

    def tell(self, text: str) -> None:
        """Say it."""
        line = f"{time.monotonic() - self._started:5.0f} s  {text}"
        self.lines.append(line)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _run(arguments: argparse.Namespace, folder: Path, url: str) -> audit.Account:
    diary = Diary()
    dice = random.Random(arguments.seed)
    load = arguments.minutes * 60 * LOAD
    uploads = plan.uploads(dice, arguments.uploads, load)
    troubles = plan.disturbances(dice, max(len(plan.DISTURBANCES), round(load / DISTURBANCE_EVERY)), load)
    _environment(folder, url)
    diary.tell(f"seed {arguments.seed}: {len(uploads)} uploads, {len(troubles)} disturbances, {arguments.database}")
    for one in uploads:
        if one.kind == "zip bomb":
            one.content()  # it takes a while to make
    stopping = threading.Event()
    with operate.running():
        lab = state.read(state.folder())
        assert lab is not None
        _want_workers(lab, arguments.workers)
        users = Users(lab, uploads, PEOPLE, stopping)
        trouble = Trouble(lab, state.folder(), troubles, dice)
        diary.tell(f"{arguments.workers} workers")
        users.start()
        trouble.start()
        try:
            while trouble.going_on():  # the last one begins within the load's time, and lasts some seconds
                time.sleep(min(5.0, load / 5))
                diary.tell(_so_far(users, trouble))
        finally:
            trouble.end()
        diary.tell("no more disturbances")
        try:
            _settle(lab, users, trouble, max(LEAST_REST_SECONDS, arguments.minutes * 60 - load), diary)
        finally:
            stopping.set()
        leaked = audit.leaks(audit.secrets_of(lab, folder, uploads), folder, _texts(lab, users, trouble, diary))
        for name, count in (*sorted(users.told.answers.items()), *sorted(trouble.done.items())):
            diary.tell(f"{count:6} x {name}")
        for name in trouble.failed:
            diary.tell(f"not done: {name}")
        return audit.account(lab, uploads, users.told, trouble.waiting(), leaked)


def _settle(lab: LabState, users: Users, trouble: Trouble, seconds: float, diary: Diary) -> None:
    """Wait until everything has ended; in a short run nobody waits for the message of a worker that died."""
    result = time.monotonic()
    ends_at = result + seconds
    while time.monotonic() < ends_at:
        if _settled(lab, users, trouble):
            diary.tell("everything has ended")
            return
        time.sleep(LOOK_SECONDS)
        if seconds < LEASE_SECONDS and not trouble.busy_workers():
            trouble.deliver_again()
        if time.monotonic() - result > TOLD_SECONDS:
            result = time.monotonic()
            diary.tell(f"{sum(map(len, trouble.waiting().values()))} messages are still there")
    diary.tell("time is over")


def _texts(lab: LabState, users: Users, trouble: Trouble, diary: Diary) -> dict[str, Iterable[str]]:
    """Return everything that the run has seen or said, by where it comes from."""
    return {
        "an answer": users.told.texts,
        "a message": trouble.bodies,
        "a command line": trouble.arguments,
        "the database": audit.dump(lab.database_url),
        "the database's log": [database.log(lab.database_url)],
        "this run's output": diary.lines,
    }


def _so_far(users: Users, trouble: Trouble) -> str:
    result = users.told
    return (
        f"{len(result.accepted)} accepted, {len(result.refused)} refused, {sum(result.cut.values())} cut, "
        f"{len(result.ended)} seen to end, {sum(trouble.done.values())} disturbances"
    )


def _settled(lab: LabState, users: Users, trouble: Trouble) -> bool:
    if users.busy() or any(trouble.waiting().values()):
        return False
    return all(job["status"] in ENDED for job in database.rows(lab.database_url, "job"))


def _want_workers(lab: LabState, count: int) -> None:
    autoscaling = boto3.client(
        "autoscaling",
        endpoint_url=lab.cloud_url,
        region_name=contract.REGION,
        aws_access_key_id=lab.operator.key_id,
        aws_secret_access_key=lab.operator.secret,
    )
    autoscaling.set_desired_capacity(AutoScalingGroupName=contract.GROUP_NAME, DesiredCapacity=count)

    def all_run() -> bool:
        status = operate.status()
        return status is not None and sum(pid is not None for pid in status.workers.values()) == count

    assert processes.until(all_run, WORKERS_SECONDS, 0.2), "the workers do not start"


def _environment(folder: Path, url: str) -> None:
    """Keep everything that the run writes in its folder, and the autoscaler from choosing the number of workers."""
    (folder / "tmp").mkdir()
    os.environ |= {
        "TMPDIR": str(folder / "tmp"),
        state.FOLDER_VARIABLE: str(folder / "lab"),
        "ACADEMY_LAB_AUTOSCALE_SECONDS": "86400",
        "ACADEMY_LAB_BOOT_SECONDS": "0.5",
        "ACADEMY_LAB_DATABASE_URL": url,
        "ACADEMY_WORKER_STEP_DELAY": str(STEP_SECONDS),
    }


@contextmanager
def _database(kind: str) -> Iterator[str]:
    with database.postgresql() if kind == "postgresql" else nullcontext("") as url:
        yield url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
