"""What the workers' logs say of the job."""

from academy_ops.contract import LOG_COMPLETED, LOG_JOB_ENDED, LOG_SKIPPED, LOG_UNKNOWN, JobStatus
from academy_ops.thresholds import TRACEBACK_SECONDS, YOUNG_SECONDS
from checks.facts import Case
from checks.host_facts import LogLine
from checks.job_document import failed
from checks.job_progress import job_of, pending, stalled
from checks.log_forms import event_in, job_in
from checks.times import age, written_at


def lines_of_job(case: Case) -> list[list[LogLine]]:
    """Return what the workers wrote of the job, the oldest first: each line that names it, with what follows it."""
    blocks: list[list[LogLine]] = []
    for log in case.inside.written():
        block: list[LogLine] | None = None
        # What follows a line of the job may also be known from the other parts of the log only.
        for line in sorted(dict.fromkeys((*log.of_job, *log.errors, *log.tail)), key=written_at):
            named, event = job_in(line.text), event_in(line.text)
            if (case.job_id and case.job_id in line.text) or (line in log.of_job and named is None and block is None):
                block = [line]
                blocks.append(block)
            elif named or event or (block and not _follows(block[0], line)):
                block = None
            elif block:
                block.append(line)
    return sorted(blocks, key=lambda block: written_at(block[0]))


def _follows(heading: LogLine, line: LogLine) -> bool:
    if heading.at is None or line.at is None:
        return True
    return (line.at - heading.at).total_seconds() <= TRACEBACK_SECONDS


def last_line(case: Case) -> LogLine | None:
    """Return the last line in which a worker names the job."""
    blocks = lines_of_job(case)
    return blocks[-1][0] if blocks else None


def _unended(case: Case) -> LogLine | None:
    """Return the last line of the job, where that does not say that the job has ended."""
    last = last_line(case)
    return last if last and not any(marker in last.text for marker in LOG_JOB_ENDED) else None


def holder(case: Case) -> str | None:
    """Return the instance whose log speaks of the job last, where it does not say that it has ended it."""
    last = _unended(case)
    logs = {**case.inside.archived(), **case.inside.logs}
    return next((name for name, log in logs.items() if last in (*log.of_job, *log.errors, *log.tail)), None)


def left_behind(case: Case) -> tuple[str, LogLine] | None:
    """Return the worker that took the job, was terminated before it had ended it, and what it wrote of it last."""
    last = _unended(case)
    if last is None or case.group is None:
        return None
    there = {instance.instance_id for instance in case.group.instances}
    gone = (name for name, log in case.inside.archived().items() if name not in there and last in log.of_job)
    return next(((name, last) for name in gone), None)


def completed_elsewhere(case: Case) -> LogLine | None:
    """Return a worker's last line of a job that waits by the API's word, where that says: done, or unknown."""
    last = last_line(case)
    if last is None or not pending(case):
        return None
    if LOG_UNKNOWN in last.text:
        return last
    since = age(case.observed_at, last.at)
    # Job and log are not read in the same moment.
    settled = since is None or since >= YOUNG_SECONDS
    return last if settled and (LOG_COMPLETED in last.text or LOG_SKIPPED in last.text) else None


def moved_since(case: Case, line: LogLine) -> bool:
    """Return whether the job moves, or was done, although a worker has logged ``line``."""
    document = job_of(case)
    if document is None or failed(document):
        return False
    if document.status in {JobStatus.RUNNING, JobStatus.VALIDATING}:
        return stalled(case, document) is False
    done = document.status == JobStatus.DONE
    return done and line.at is not None and document.updated_at is not None and document.updated_at > line.at
