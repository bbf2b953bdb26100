"""What API, worker, page, lab and tool agree on: paths, statuses, log lines, names, limits, the scaling rule.

Everything here is a fact about the production system; the bundled one keeps to it.
"""

import math
import re
from enum import StrEnum
from typing import Final

UPLOAD_PATH: Final = "/api/v1/students/bulk_create_from_excel/"
STUDENTS_PATH: Final = "/api/v1/students/"
"""The tenant's students, a page at a time; the bundled API's own, production may lack it."""
JOBS_PATH: Final = "/api/v1/jobs/"
"""The tenant's jobs, a page at a time: the bundled API's own, production may lack it. Below it, a job by its id."""
MAX_JOBS_LISTED: Final = 500
"""On one page of that list."""
TENANT_CODE: Final = r"[^/\s]{1,64}"
"""The form of a school's code."""
UPLOAD_KEY: Final = rf"excel/(?P<tenant>{TENANT_CODE})/[^/\s]{{1,200}}\.xlsx"
"""The form of an upload's key in the bucket."""
JOB_ID: Final = r"[A-Za-z0-9_-]{1,64}"
"""The form of a job's id; a UUID is of it."""
STUDENTS_OF_JOB: Final = "students/"
"""Below a job: DELETE takes back the students that it has created. The bundled API's own; production may lack it."""
JOB_CANCELLED: Final = "요청에 따라 등록을 취소했습니다."
"""What a FAILED job says that was taken back so before it ended."""
REJECTED_OF_JOB: Final = "failed/"
"""Below a job: its rejected rows, a page at a time. The bundled API's own; production may lack it."""
HEALTH_PATH: Final = "/health"
"""200 when the process and its database are up."""
HEALTHZ_PATH: Final = "/healthz"
"""200 when the process is up, whatever its database does."""
TENANT_HEADER: Final = "X-Tenant-Code"

JOB_TYPE: Final = "excel_parsing"
TIER: Final = "basic"
PROCESSED_BY: Final = "worker"

MAX_UPLOAD_MB: Final = 10
MAX_UPLOAD_BYTES: Final = MAX_UPLOAD_MB * 1024 * 1024
MIN_PASSWORD_CHARACTERS: Final = 4
MAX_PASSWORD_CHARACTERS: Final = 128
XLSX_START: Final = b"PK\x03\x04"
"""The first bytes of every .xlsx file, which is a zip file."""

SHEET_NAME: Final = "학생목록"
ROWS_IN_RESULT: Final = 100
"""So many rows, sheets, columns or values a list of the job's result holds; counts say how many there are in all."""


class JobStatus(StrEnum):
    """The statuses a job can have."""

    PENDING = "PENDING"
    VALIDATING = "VALIDATING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    DONE = "DONE"
    FAILED = "FAILED"
    REJECTED_BAD_INPUT = "REJECTED_BAD_INPUT"
    REVIEW_REQUIRED = "REVIEW_REQUIRED"


UNSUCCESSFUL: Final = frozenset({JobStatus.FAILED, JobStatus.REJECTED_BAD_INPUT})
ENDED: Final = UNSUCCESSFUL | {JobStatus.DONE, JobStatus.REVIEW_REQUIRED}

QUEUE_ATTRIBUTES: Final = {
    "VisibilityTimeout": "3600",
    "MessageRetentionPeriod": "1209600",
    "ReceiveMessageWaitTimeSeconds": "20",
}
"""Seconds, as SQS takes them."""
DLQ_SUFFIX: Final = "-dlq"
MAX_RECEIVES: Final = 3
VISIBILITY_HEARTBEAT_SECONDS: Final = 60
UPLOADS_PER_MINUTE: Final = 300
"""How many a school may send, unless the API is started with another number."""
JOBS_PER_WORKER: Final = 20
"""The autoscaler starts one worker for so many waiting or running jobs."""

LOG_STARTED: Final = "worker started"
LOG_RECEIVED: Final = "SQS_MESSAGE_RECEIVED"
LOG_PARSING: Final = "EXCEL_PARSING"
LOG_PARSING_FAILED: Final = f"{LOG_PARSING} failed"
LOG_COMPLETED: Final = "SQS_JOB_COMPLETED"
LOG_FAILED: Final = "SQS_JOB_FAILED"
LOG_SKIPPED: Final = "AI_JOB_IDEMPOTENT_SKIP"
LOG_UNKNOWN: Final = "unknown job_id="
"""The bundled worker's word for a job that its database does not hold."""
LOG_JOB_ENDED: Final = (LOG_COMPLETED, LOG_FAILED, LOG_SKIPPED, LOG_PARSING_FAILED)
"""What a worker's last line of a job begins with."""
LOG_JOB_FAILED: Final = (LOG_FAILED, LOG_PARSING_FAILED)
LOG_OF_JOB: Final = (LOG_RECEIVED, LOG_PARSING, *LOG_JOB_ENDED)
"""What every line of a worker about a job begins with."""

REGION: Final = "ap-northeast-2"
QUEUE_NAME: Final = "academy-ai-jobs-basic"
QUEUE_NAME_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
"""What SQS lets a queue be named."""
QUEUE_SETTING: Final = "AI_SQS_QUEUE_NAME_BASIC"
"""The environment variable that names another queue."""
GROUP_NAME: Final = "academy-ai-worker-asg"
BUCKET_NAME: Final = "academy-excel"
WORKER_NAME: Final = "academy-ai-worker-cpu"
"""The workers' EC2 Name tag, and the name of their container."""
USER_DATA_LOG: Final = "/var/log/academy-worker-userdata.log"
CLOUD_INIT_LOG: Final = "/var/log/cloud-init-output.log"
"""What an instance writes while it boots; the probe reads both."""
TIER_WORKERS: Final = {"tools": "academy-tools-worker"}
"""The same of other tiers: workers of a kind of their own, with a queue and a group of their own."""
TIERED: Final = (
    QUEUE_SETTING,
    *("AI_WORKER_ASG_NAME", "AI_WORKER_NAME", "WORKER_ENV_PARAMETER", "AI_AUTOSCALER_FUNCTION", "AI_WORKER_LOG_GROUP"),
)
"""The settings that a tier has of its own, by the names of the basic one."""
_TIERED: Final = re.compile(rf"\b(?:{'|'.join(TIERED)})\b")
WORKER_ENV_PARAMETER: Final = "/academy/workers/env"
AUTOSCALER_NAME: Final = "academy-worker-autoscale"
AUTOSCALER_RULE: Final = f"{AUTOSCALER_NAME}-every-minute"
R2_REGION: Final = "auto"
R2_SETTINGS: Final = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")
"""What a worker can't do without."""
BUCKET_SETTINGS: Final = ("R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME")
"""The first one set counts."""
REGION_SETTINGS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""The first one set counts."""
SHARED_SETTINGS: Final = (QUEUE_SETTING, *R2_SETTINGS, *BUCKET_SETTINGS, "DATABASE_URL", *REGION_SETTINGS)
"""What workers and API have in common."""


def desired_capacity(minimum: int, maximum: int, visible: int, in_flight: int) -> int:
    """Return how many workers the autoscaler sets.

    Messages in flight count: scaling on the visible ones alone would stop workers in mid-job.

    Args:
        minimum: The group's MinSize.
        maximum: The group's MaxSize.
        visible: Messages that wait.
        in_flight: Messages that workers hold.
    """
    return min(maximum, max(minimum, math.ceil((visible + in_flight) / JOBS_PER_WORKER)))


def tier_name(name: str, tier: str) -> str:
    """Return the variable that holds for a tier what ``name`` holds for the basic one."""
    return name if tier == TIER else f"{name.removesuffix('_BASIC')}_{tier.upper().replace('-', '_')}"


def by_tier(text: str, tier: str) -> str:
    """Return ``text`` with a tier's own names in place of the basic one's."""
    return text if tier == TIER else _TIERED.sub(lambda named: tier_name(named[0], tier), text)
