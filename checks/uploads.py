"""Which uploads there were lately: from the API's list, else from the bucket's listing and the workers' logs.

For the command ``jobs``, and for a diagnosis without a job id. Nothing is received from the queue.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

from academy_ops.contract import (
    ENDED,
    JOB_CANCELLED,
    JOB_ID,
    JOB_TYPE,
    JOBS_PATH,
    LOG_COMPLETED,
    LOG_JOB_FAILED,
    LOG_SKIPPED,
    UPLOAD_KEY,
    JobStatus,
)
from academy_ops.diagnosis.records import Unavailable, listed
from academy_ops.outside.clients import Answer, Target
from academy_ops.outside.failures import AWS_ERRORS
from academy_ops.outside.time_limits import begin, gather
from checks import worker_logs
from checks.authors import json_of
from checks.facts import JobDocument, Upload
from checks.job_document import failed, look_again, read_body
from checks.log_forms import event_in, job_in, plain
from checks.r2_settings import missing_setting
from checks.times import parse
from checks.worker_logs import Logged

Source = Literal["api", "bucket", "log"]
SOURCES: Final[tuple[Source, ...]] = get_args(Source)

_PAGE: Final = 200
_MOST_PAGES: Final = 10
_MOST_LISTINGS: Final = 500
"""Pages of a bucket's listing, of 1,000 uploads each: a bucket lists its keys by name, not by time."""
_FEW_LISTINGS: Final = 5
_DAY_SECONDS: Final = 86_400
_WEEK_SECONDS: Final = 7 * _DAY_SECONDS
_LAST: Final = 5
_ANY_JOB: Final = "job_id"
"""What every line of a worker about a job holds."""
_LOG_TENANT: Final = re.compile(r"\btenant(?:_id|_code)?(?:=|\\{0,8}\": ?(?:\\{0,8}\")?)([^\s|,\"}\\]{1,64})")
_LOG_ERROR: Final = re.compile(
    r"\berror(?:=(.{1,400})|\\{0,8}\": ?(?P<quote>\\{0,8}\")(?P<json>(?:(?!(?<!\\)(?P=quote)).){1,400}))"
)
"""As text, and in JSON, which may stand in JSON."""
_KEY: Final = re.compile(UPLOAD_KEY)
_TAKEN_SECONDS: Final = 60
"""A worker that is up takes a job within so long of its upload."""
_CLOCKS_SECONDS: Final = 5
"""So far a host's clock and R2's may differ."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which uploads are asked about.

    Attributes:
        seconds: How far to go back.
        tenant: Only this school's, where one is named.
        failed: Only those that ended badly.
        waiting: Those that have not ended as well, where `failed` is asked for.
        limit: How many at most, the newest.
    """

    seconds: int
    tenant: str | None = None
    failed: bool = False
    waiting: bool = False
    limit: int = 20

    def wants(self, upload: Upload, now: datetime) -> bool:
        """Return whether ``upload`` is one of those asked about."""
        if self.tenant is not None and upload.tenant is not None and upload.tenant != self.tenant:
            return False
        if upload.at is not None and upload.at < now - timedelta(seconds=self.seconds):
            return False
        return not self.failed or bool(upload.failed) or (self.waiting and waits(upload))


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads that were found.

    Attributes:
        found: Newest first.
        source: Where their list comes from; None where there is none.
        more: There are older ones that are not listed.
        unknown: How many are left out because nothing tells whether they failed.
        unavailable: What could not be read, and why.
    """

    found: tuple[Upload, ...]
    source: Source | None
    more: bool = False
    unknown: int = 0
    unavailable: Mapping[Source, Unavailable] | None = None


def jobs_of(target: Target, tenant: str, lines: Sequence[Logged], seconds: int) -> frozenset[str]:
    """Return the jobs of a school in workers' lines, as the API lists them, else by the bucket's keys."""
    asked = Asked(seconds, tenant, limit=_PAGE)
    found = read_list(target, asked)
    if isinstance(found, Uploads):
        uploads: Sequence[Upload] = found.found
    else:
        uploads = join(listed(read_bucket(target, tenant, _MOST_LISTINGS)), lines)
    return frozenset(upload.job_id for upload in uploads if upload.job_id and upload.tenant == tenant)


def waits(upload: Upload) -> bool:
    """Return whether an upload is known to have a job that has not ended."""
    return upload.status is not None and upload.status not in ENDED


def read(target: Target, asked: Asked) -> Uploads:
    """Return the uploads asked about: from the API's list, else from whatever can be read without changing anything."""
    of_api = read_list(target, asked)
    if isinstance(of_api, Uploads):
        return of_api
    unavailable: dict[Source, Unavailable] = {"api": of_api}
    later = begin("ssm:SendCommand", partial(_read_logs, target, asked.seconds), target.until)
    bucket = begin("s3:ListBucket", partial(read_bucket, target, asked.tenant, _MOST_LISTINGS), target.until)()
    logs = later()
    if isinstance(bucket, Unavailable):
        unavailable["bucket"] = bucket
    if isinstance(logs, Unavailable):
        unavailable["log"] = logs
    now = _now(target)
    recent = [(upload, key) for upload, key in listed(bucket) if asked.wants(replace(upload, failed=True), now)]
    found = join(recent, listed(logs))
    if of_api.reason == "not-found":
        found = _with_status(target, found, asked)
    source: Source | None = "log" if "bucket" in unavailable else "bucket"
    return _chosen(found, asked, now, None if len(unavailable) == len(SOURCES) else source, unavailable)


def jobs_beginning(target: Target, begun: str) -> frozenset[str] | Unavailable:
    """Return the jobs of the last week whose ids begin with ``begun``: by the API's list, else by the workers' logs."""
    of_api = read_list(target, Asked(_WEEK_SECONDS, limit=_MOST_PAGES * _PAGE))
    if isinstance(of_api, Uploads):
        uploads: Iterable[Upload] = of_api.found
    else:
        lines = _read_logs(target, _WEEK_SECONDS)
        if isinstance(lines, Unavailable):
            return lines if of_api.reason == "not-found" else of_api
        uploads = (upload for upload, _key in _logged_jobs(lines))
    return frozenset(upload.job_id for upload in uploads if upload.job_id and upload.job_id.startswith(begun))


def last(target: Target) -> tuple[Upload, ...]:
    """Return the last uploads that failed or wait; of a bucket, whose uploads have no state, the last ones.

    A hint only: what can't be read at once is left out.
    """
    asked = Asked(_DAY_SECONDS, failed=True, waiting=True, limit=_LAST)
    of_api = read_list(target, asked)
    if isinstance(of_api, Uploads):
        return of_api.found
    bucket = listed(read_bucket(target, target.settings.get("ACADEMY_TENANT_CODE"), _FEW_LISTINGS))
    every = replace(asked, failed=False)
    return _chosen((upload for upload, _key in bucket), every, _now(target), "bucket").found


def read_list(target: Target, asked: Asked) -> Uploads | Unavailable:
    """Return the uploads of the tenant whose token is in use, or of another one where the API lets it be named."""
    base = target.settings.get("ACADEMY_API_URL")
    if base is None:
        return Unavailable("not-configured", "ACADEMY_API_URL")
    url = f"{base.rstrip('/')}{JOBS_PATH}"
    found: list[Upload] = []
    size = _PAGE if asked.failed else min(_PAGE, asked.limit + 1)
    for page in range(_MOST_PAGES):
        query = urlencode({"limit": size, "offset": page * size})
        rows = _rows(target.connect.get(f"{url}?{query}", tenant=asked.tenant), url)
        if isinstance(rows, Unavailable):
            return rows
        tenant = asked.tenant or target.settings.get("ACADEMY_TENANT_CODE")
        uploads = [upload for row in rows if (upload := _listed(row, tenant))]
        known = {upload.job_id for upload in found}
        found += [upload for upload in uploads if upload.job_id not in known]
        now = _now(target)
        oldest = min((upload.at for upload in uploads if upload.at), default=None)
        passed = oldest is not None and oldest < now - timedelta(seconds=asked.seconds)
        enough = sum(asked.wants(upload, now) for upload in found) > asked.limit
        if len(rows) < size or passed or enough or len(found) == len(known):
            break
    return _chosen(found, asked, _now(target), "api")


def read_bucket(target: Target, tenant: str | None, most: int) -> tuple[tuple[Upload, str], ...] | Unavailable:
    """Return every upload in the bucket, or one tenant's, with its key, in no order of time.

    A listing of more pages than ``most`` is not read to its end.
    """
    settings = target.settings
    if missing := missing_setting(settings):
        return Unavailable("not-configured", missing)
    found: list[tuple[Upload, str]] = []
    prefix = f"excel/{tenant}/" if tenant else "excel/"
    try:
        pages = target.connect.r2().get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix)
        for number, page in enumerate(target.each_page(pages)):
            if number >= most:
                return Unavailable("deadline", "s3:ListBucket")
            for stored in page.get("Contents", []):
                key = target.connect.clean(stored["Key"])
                if named := _KEY.fullmatch(key):
                    upload = Upload(stored["LastModified"], named["tenant"], None, None, None, None, ("bucket",))
                    found.append((upload, key))
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "s3:ListBucket")
    return tuple(found)


def _now(target: Target) -> datetime:
    """Return the time by the servers' clocks, as far as they have answered."""
    return datetime.now(UTC) - timedelta(seconds=target.connect.clocks.ahead() or 0)


def _newest_first(uploads: Iterable[Upload]) -> list[Upload]:
    return sorted(uploads, key=lambda upload: upload.at or _LONG_AGO, reverse=True)


def _chosen(
    found: Iterable[Upload],
    asked: Asked,
    now: datetime,
    source: Source | None,
    unavailable: Mapping[Source, Unavailable] | None = None,
) -> Uploads:
    found = tuple(found)
    matching = _newest_first(upload for upload in found if asked.wants(upload, now))
    unknown = sum(upload.failed is None and asked.wants(replace(upload, failed=True), now) for upload in found)
    more = len(matching) > asked.limit
    return Uploads(tuple(matching[: asked.limit]), source, more, unknown if asked.failed else 0, unavailable)


def _rows(answer: Answer | Unavailable, url: str) -> Sequence[Any] | Unavailable:
    """Return the jobs in the API's answer: a list, or a page of one as Django REST framework writes it."""
    if isinstance(answer, Unavailable):
        return answer
    body = json_of(answer)
    rows = body.get("results") if isinstance(body, dict) else body
    if answer.status == HTTPStatus.OK and isinstance(rows, list):
        return rows
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Unavailable("credentials-invalid", "ACADEMY_API_TOKEN", f"HTTP {answer.status}")
    # An API without such a list says so in its own words, which are JSON; anything else may be a proxy's.
    none = answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED} and isinstance(body, dict)
    return Unavailable("not-found" if none else "unexpected-answer", url, f"HTTP {answer.status}")


def _listed(row: object, tenant: str | None) -> Upload | None:
    """Read a job of the API's list; only its id and status are sure."""
    if not isinstance(row, dict) or not isinstance(row.get("status"), str):
        return None
    if row.get("job_type", JOB_TYPE) != JOB_TYPE or not re.fullmatch(JOB_ID, str(row.get("job_id", ""))):
        return None
    document = read_body(row)
    key = _KEY.fullmatch(document.file_key or "")
    numbers = [row.get(name) for name in ("created", "duplicates", "rejected")]
    nothing = document.status == JobStatus.DONE and numbers[0] == 0 and not numbers[1] and bool(numbers[2])
    return _of_document(
        Upload(document.created_at, key["tenant"] if key else tenant, document.job_id, None, None, None, ("api",)),
        document,
        # What somebody has taken back, as smoke does, is nothing to look into.
        failed=document.error_message != JOB_CANCELLED and (nothing or failed(document)),
    )


def _of_document(upload: Upload, document: JobDocument, *, failed: bool) -> Upload:
    return replace(upload, status=document.status, failed=failed, error_message=document.error_message)


def _read_logs(target: Target, seconds: int) -> tuple[Logged, ...] | Unavailable:
    found = worker_logs.read(replace(target, job_id=_ANY_JOB), seconds, gone=True)
    if found is None:
        return Unavailable("not-found", "autoscaling:DescribeAutoScalingGroups")
    if isinstance(found, Unavailable):
        return found
    # One host that can't be read costs its own jobs only.
    return found.lines if found.lines or not found.unavailable else next(iter(found.unavailable.values()))


def _logged_jobs(lines: Iterable[Logged]) -> list[tuple[Upload, str | None]]:
    """Return what the logs say of each job, by its last line, and its key where a line names one."""
    jobs: dict[str, tuple[Upload, str | None]] = {}
    for line in lines:
        job_id, event = job_in(line.text), event_in(line.text)
        if job_id is None or event is None:
            continue
        first = Upload(parse(line.time), None, job_id, None, None, None, ("log",))
        upload, key = jobs.get(job_id, (first, None))
        tenant = _KEY.search(line.text) or _LOG_TENANT.search(line.text)
        ended_badly, well = event in LOG_JOB_FAILED, event in {LOG_COMPLETED, LOG_SKIPPED}
        error = _LOG_ERROR.search(line.text) if ended_badly else None
        upload = replace(
            upload,
            tenant=tenant[1] if tenant else upload.tenant,
            status=(JobStatus.FAILED if ended_badly else JobStatus.DONE if well else JobStatus.RUNNING).value,
            failed=ended_badly,
            error_message=error[1] or plain(error["json"]) if error else upload.error_message if ended_badly else None,
        )
        jobs[job_id] = upload, key_in(line.text) or key
    return list(jobs.values())


def stored_key(target: Target) -> tuple[str, bool] | Unavailable:
    """Return the key of a job's file that the API does not name, and whether the time of upload alone tells it."""
    lines = _read_logs(target, _WEEK_SECONDS)
    if isinstance(lines, Unavailable):
        return lines
    keys = {upload.job_id: key for upload, key in _logged_jobs(lines)}
    if target.job_id not in keys:
        return Unavailable("not-found", f"job_id={target.job_id}")
    if named := keys[target.job_id]:
        return named, False
    # Every tenant's: another one's upload may be as near in time.
    bucket = read_bucket(target, None, _MOST_LISTINGS)
    if isinstance(bucket, Unavailable):
        return bucket
    key = key_by_time(bucket, lines, target.job_id)
    return (key, True) if key else Unavailable("not-found", "excel/")


def key_by_time(bucket: Sequence[tuple[Upload, str]], lines: Iterable[Logged], job_id: str | None) -> str | None:
    """Return the key of a job's file where time leaves one only."""
    joined = zip(join(bucket, lines), bucket, strict=False)
    return next((key for upload, (_put, key) in joined if upload.job_id == job_id), None)


def key_in(line: str) -> str | None:
    """Return the key of an upload that a worker's line names."""
    found = _KEY.search(line)
    return found[0] if found else None


def join(bucket: Sequence[tuple[Upload, str]], lines: Iterable[Logged]) -> list[Upload]:
    """Join uploads of the bucket to the jobs in workers' lines: by the key, else where time leaves one of each only.

    Return the uploads of the bucket in its order, and then the jobs whose uploads are not there.
    """
    jobs = _logged_jobs(lines)
    by_key = {key: job for job, key in jobs if key}
    loose = [job for job, key in jobs if not key]
    left = [upload for upload, key in bucket if key not in by_key]
    near = {id(upload): [job for job in loose if _near(upload, job)] for upload in left}
    claims = Counter(job.job_id for upload in left for job in near[id(upload)])
    joined: list[Upload] = []
    for upload, key in bucket:
        match, by_time = by_key.get(key), False
        if match is None and len(found := near[id(upload)]) == 1 and claims[found[0].job_id] == 1:
            match, by_time = found[0], True
        if match is None:
            joined.append(upload)
        else:
            both = replace(match, at=upload.at, tenant=upload.tenant, seen=("bucket", "log"), by_time=by_time)
            joined.append(both)
    taken = {upload.job_id for upload in joined}
    return joined + [job for job, _key in jobs if job.job_id not in taken]


def _near(upload: Upload, job: Upload) -> bool:
    """Return whether a worker's first line of a job follows an upload as closely as a worker that is up takes it."""
    if upload.at is None or job.at is None or (job.tenant or upload.tenant) != upload.tenant:
        return False
    return -_CLOCKS_SECONDS <= (job.at - upload.at).total_seconds() <= _TAKEN_SECONDS


def _with_status(target: Target, found: Iterable[Upload], asked: Asked) -> list[Upload]:
    """Ask the API, which has no list, for the jobs that the logs have named: it may know better how they ended."""
    found = _newest_first(found)
    named = [upload for upload in found if upload.job_id][: asked.limit]
    answers = gather(
        [("job", partial(look_again, replace(target, job_id=upload.job_id), at_once=True)) for upload in named],
        target.until,
    )
    known = {
        upload.job_id: _of_document(replace(upload, seen=("api", *upload.seen)), document, failed=failed(document))
        for upload, document in zip(named, answers, strict=True)
        if isinstance(document, JobDocument)
    }
    return [known.get(upload.job_id, upload) if upload.job_id else upload for upload in found]
