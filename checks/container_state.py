"""In what state a worker's container is, and what stands in its way where there is none."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from academy_ops.contract import LOG_COMPLETED
from academy_ops.diagnosis.findings import present
from academy_ops.diagnosis.records import Json
from academy_ops.thresholds import (
    BOOT_ENDLESS_SECONDS,
    BOOT_SECONDS,
    CRASH_LOOP_RESTARTS,
    CRASH_LOOP_SECONDS,
    DISK_FULL_PERCENT,
    DISK_NEARLY_FULL_PERCENT,
    KILL_SECONDS,
)
from checks.boot import boot_failure
from checks.connection_words import sqs_unreachable
from checks.facts import Case
from checks.host_facts import BootLog, Container, HostReport, WorkerLog
from checks.times import age, at_least, under
from checks.words import Fault
from checks.workers import boot_age

_KILLED: Final = 137
"""The exit code of a process that signal 9 has ended."""
_STOPPED: Final = frozenset({0, 143})
"""Those of a process that ended by itself, or was asked to."""
_NO_SPACE: Final = ("no space left on device", "disk quota exceeded")
_NO_SPACE_ELSEWHERE: Final = ("inotify", "/sys/fs/cgroup")
"""The kernel's own tables are full, in the words of a full disk."""
_NO_MEMORY: Final = ("cannot allocate memory", "oom-killed", "out of memory")
_LOG_DRIVER: Final = ("logging driver", "cloudwatch log")
_REASONS: Final[Mapping[str, str]] = {"paused": "paused", "dead": "dead", "removing": "dead"}
_OTHER_PROCESSOR: Final = "exec format error"
_LAST_LINES: Final = 3
_SHOWN_LINES: Final = 5
_SECOND: Final = timedelta(seconds=1)


def disk_full(host: HostReport) -> Fault | None:
    """Return the fault of a disk that is full: at its end, or nearly there and something does not run any more."""
    runs = host.container is not None and host.container.status == "running"
    if host.disk_read_only:
        return Fault("worker-disk-full", "read-only")
    limit = DISK_FULL_PERCENT if runs else DISK_NEARLY_FULL_PERCENT
    bytes_full, inodes_full = ((percent or 0) >= limit for percent in (host.disk_percent, host.inodes_percent))
    error = host.container.error if host.container else ""
    no_space = _says(error.lower(), _NO_SPACE) and not _says(error, _NO_SPACE_ELSEWHERE)
    if not (bytes_full or inodes_full or no_space):
        return None
    # Without a container that runs, the worker's own image is one that no container uses.
    return Fault("worker-disk-full", "idle" if not runs else "inodes" if inodes_full and not bytes_full else None)


def without_container(case: Case, host: HostReport) -> Iterator[tuple[Fault, Mapping[str, Json]]]:
    """Return what is wrong with a host that shows no container of the worker, and the evidence."""
    since = boot_age(case, host.instance_id)
    booted = at_least(since, BOOT_SECONDS)
    boot = host.boot
    if host.container_unread or host.docker == "unreadable":
        return
    if host.docker == "hung":
        if booted:
            yield Fault("worker-docker-down", "hung"), {}
        return
    # While an instance boots, what is not there yet is no fault; the workers check says that it boots.
    if boot and boot.state == "running" and (since is None or since < BOOT_ENDLESS_SECONDS):
        if booted:
            yield Fault("worker-booting", "user-data"), {"boot_log": list(boot.last(_SHOWN_LINES))}
        return
    failure = boot_failure(boot, endless=boot.state == "running") if boot else None
    if boot and failure and (booted or boot.state == "finished"):
        reason, line = failure
        lines = dict.fromkeys((line, *boot.last(_SHOWN_LINES)))
        yield Fault("worker-boot-failed", reason), {"boot_log": list(lines)}
    elif booted and host.docker != "up":
        yield Fault("worker-docker-down", "not-installed" if host.docker == "missing" else None), {}
    elif booted:
        log = list[Json](boot.last(_SHOWN_LINES)) if boot else []
        yield Fault("worker-container-missing"), present(others=list[Json](host.others), boot_log=log)


def state_faults(case: Case, host: HostReport, container: Container, log: WorkerLog | None) -> Iterator[Fault]:
    """Return what is wrong with the state of a worker's container."""
    if _out_of_memory(case, container, log):
        # Docker's flag is set for what happens under the container's own limit; without one, that is the host's memory.
        of_its_own = container.memory_limit and (container.out_of_memory or container.oom_kills)
        yield Fault("worker-out-of-memory", "limit" if of_its_own else None)
    own = "unit" if container.unit else None
    looping = crash_loops(case, container)  # also where it runs for a moment
    why = _why_ended(case, host, container, log) if log and (looping or container.status != "running") else None
    # The unit's own command line fails before there is a container.
    not_made = boot_failure(_written(log)) if log and own and container.created_at is None else None
    if not_made:
        yield Fault("worker-boot-failed", not_made[0])
    elif looping:
        yield Fault("worker-crash-loop", why or own)
    elif container.status == "starting":
        yield Fault("worker-booting", own)
    elif container.status == "running":
        if container.health == "unhealthy":
            yield Fault("worker-container-unhealthy")
    elif container.status != "created" or container.error or not under(boot_age(case, host.instance_id), BOOT_SECONDS):
        ended = why or ("start-failed" if container.error else own)
        yield Fault("worker-container-exited", _REASONS.get(container.status, ended))


def _why_ended(case: Case, host: HostReport, container: Container, log: WorkerLog) -> str | None:
    """Return why the worker's process has ended, by the last that it wrote; None where that does not tell."""
    last = (container.error, *(line.text for line in log.tail[-_LAST_LINES:]))
    if any(_OTHER_PROCESSOR in text for text in last):
        return "architecture"
    if _says(container.error.lower(), _LOG_DRIVER):
        return "log-driver"
    unreachable = sqs_unreachable(case, host, container, log, None)
    return unreachable[0] if unreachable else None


def _says(text: str, any_of: Sequence[str]) -> bool:
    return any(words in text for words in any_of)


def _written(log: WorkerLog) -> BootLog:
    return BootLog("", tuple(line.text for line in log.tail))


def crash_loops(case: Case, container: Container) -> bool:
    """Return whether the container crashes and is restarted over and over."""
    lately = under(age(case.observed_at, container.started_at), CRASH_LOOP_SECONDS)
    return container.status == "restarting" or (container.restarts >= CRASH_LOOP_RESTARTS and lately)


def _out_of_memory(case: Case, container: Container, log: WorkerLog | None) -> bool:
    """Return whether the kernel killed the container's last process, or one of the running one's, for its memory.

    Docker's flag stays on a container that goes on without a child that was killed, and it is not set where not the
    container but the whole host was short of memory.
    """
    kills = container.kernel_kills
    if container.status != "running":
        if _says(container.error.lower(), _NO_MEMORY):
            return True
        if container.out_of_memory:
            return container.exit_code not in _STOPPED
        ended = age(case.observed_at, container.finished_at)
        # Without the kernel's log, or the time, its signal is the best that is known.
        return container.exit_code == _KILLED and (kills is None or ended is None or _killed(kills, ended))
    since = age(case.observed_at, container.started_at)
    lately = under(since, CRASH_LOOP_SECONDS)
    if lately and container.restarts > 0 and since is not None and _killed(kills, since):
        return True
    if container.killed_at is None:
        return bool(container.oom_kills and (container.out_of_memory or lately))
    return any(_counts(container, log, kill, lately=lately) for kill in container.killed_at)


def _counts(container: Container, log: WorkerLog | None, kill: datetime, *, lately: bool) -> bool:
    """Return whether one of Docker's kills concerns the process that runs: it ended the one before, or hit a child."""
    if container.started_at is None:
        return False
    if kill < container.started_at - _SECOND:
        ended = container.finished_at
        by_kill = ended is None or ended > container.started_at or abs((ended - kill).total_seconds()) <= KILL_SECONDS
        return lately and container.restarts > 0 and by_kill
    lines = (*log.of_job, *log.tail) if log else ()
    return not any(LOG_COMPLETED in line.text and line.at and line.at > kill for line in lines)


def _killed(kills: Sequence[int] | None, since: float) -> bool:
    """Return whether one of the kernel's kills was the reason for what happened ``since`` seconds ago."""
    return any(abs(kill - since) <= KILL_SECONDS for kill in kills or ())
