"""The bundled API: upload, jobs, students, health; and the page that uses it."""

import asyncio
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Annotated, Any, Final

import uvicorn
from argon2 import PasswordHasher
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from academy_ops import contract
from academy_ops.academy import page
from academy_ops.academy.config import CLOUD_ERRORS, Config, read
from academy_ops.academy.database import DATABASE_ERRORS
from academy_ops.academy.excel import kinds
from academy_ops.academy.header_timeout import HeaderTimeout
from academy_ops.academy.job_queue import JobQueue, Outbox
from academy_ops.academy.middleware import (
    LOG_FORMAT,
    RequestIds,
    TooLargeError,
    WholeBody,
    add_request_id,
)
from academy_ops.academy.refusals import broken, documented, install, refused
from academy_ops.academy.store import Job, Store
from academy_ops.academy.throttle import Throttle
from academy_ops.academy.upload_form import Upload, read_form

_JOB_ID: Final = re.compile(r"[0-9a-f-]{36}")
_REOPEN_SECONDS: Final = 3.0
_SEND_SECONDS: Final = 5.0
"""For how long SQS may keep the browser waiting for its 202; the outbox sends later what fails now."""
MOST_CONNECTIONS: Final = 400
"""At the same time; one more is answered 503. More than the lab's nginx opens."""
_LARGEST_PAGE: Final = 500
_LAST_ROW: Final = 2**31
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
"""RFC 3339; Pydantic's own reading of a time also takes a number."""
_LONGEST_SEARCH: Final = 100
_NO_NUL: Final = r"^[^\x00]*$"
"""PostgreSQL has no NUL in a text."""
_UPLOADS_PER_MINUTE: Final = "ACADEMY_UPLOADS_PER_MINUTE"
"""How a process that uvicorn starts learns what the command line said."""
_log: Final = logging.getLogger("academy.api")
_bearer: Final = HTTPBearer(auto_error=False)
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Argon2id with OWASP's parameters: 19 MiB, two passes, one lane. A hash carries its own, so older ones stay valid."""
_router: Final = APIRouter()

_NO_ENTRY: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
"""What any endpoint answers to a caller whom it refuses."""

_FORM: Final = {
    "type": "object",
    "required": ["file", "initial_password"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "initial_password": {
            "type": "string",
            "minLength": contract.MIN_PASSWORD_CHARACTERS,
            "maxLength": contract.MAX_PASSWORD_CHARACTERS,
        },
    },
}


class Api:
    """What the endpoints work with; made once for each process."""

    def __init__(self, config: Config, token: str, tenant: str, uploads_per_minute: int) -> None:
        self.config = config
        self.throttle = Throttle(uploads_per_minute, config.redis_url)
        self.r2 = config.r2()
        self._queue = JobQueue(config.sqs(_SEND_SECONDS), config.queue)
        self._token, self._tenant = token, tenant

    @cached_property
    def store(self) -> Store:
        """The store, opened when it is first needed: the API also starts, and answers /healthz, without a database."""
        store = Store(self.config.database_url)
        if self._token and self._tenant:
            store.add_token(self._token, self._tenant)
        return store

    @cached_property
    def outbox(self) -> Outbox:
        """What sends the jobs' messages."""
        return Outbox(self.store, self._queue, self.config.bucket)

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "store" in vars(self):
            self.store.close()

    async def keep_sending(self) -> None:
        """Send what waits until cancelled, from when the database can be opened."""
        while True:
            try:
                outbox = await run_in_threadpool(lambda: self.outbox)
            except SQLAlchemyError as error:
                _log.warning("the database can't be opened: %s", type(error).__name__)
                await asyncio.sleep(_REOPEN_SECONDS)
            else:
                await outbox.keep_sending()

    def accept(self, tenant: str, upload: Upload) -> Job:
        """Store the file, then the job, then send its message; there is no job where R2 does not take the file."""
        file = upload.file
        if why := kinds.refusal(file.file):
            raise refused(why)
        file.file.seek(0)
        if self.r2 is None:
            missing = ", ".join(self.config.missing_r2)
            raise broken(f"R2 설정이 없어 파일을 저장할 수 없습니다: {missing}")
        password_hash = HASHER.hash(upload.password)
        key = f"excel/{tenant}/{uuid.uuid4().hex}.xlsx"
        try:
            self.r2.put_object(Bucket=self.config.bucket, Key=key, Body=file.file)
        except (*CLOUD_ERRORS, ValueError) as error:
            _log.error("R2 put failed: %s", error)
            raise broken(f"엑셀 파일을 저장하지 못했습니다: {_code(error)}") from error
        try:
            job = self.store.add_job(tenant, key, password_hash)
        except DATABASE_ERRORS:
            self._delete(key)
            raise
        # An answer is given even if the send fails: the outbox sends it again.
        self.outbox.send(job)
        return job

    def withdraw(self, job: Job) -> int:
        """Take back what the job has created, and its file; return how many students were deleted."""
        deleted = self.store.withdraw(job, contract.JOB_CANCELLED)
        self._delete(job.file_key)
        return deleted

    def _delete(self, key: str) -> None:
        """Delete a file that no job needs; one that stays does no harm."""
        if self.r2 is not None:
            try:
                self.r2.delete_object(Bucket=self.config.bucket, Key=key)
            except (*CLOUD_ERRORS, ValueError) as error:
                _log.warning("R2 delete failed: %s", error)


def _api(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


def _tenant(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """Return the tenant of the caller."""
    throttle = _api(request).throttle
    address = request.client.host if request.client else ""
    known = None
    if credentials:
        throttle.may_sign_in(address)
        known = _api(request).store.tenant_of(credentials.credentials)
        if known is None:
            throttle.wrong_token(address)
    if known is None:
        detail = "인증 토큰이 없거나 올바르지 않습니다."
        raise HTTPException(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})
    claimed = request.headers.get(contract.TENANT_HEADER)
    if claimed is not None and claimed != known:
        raise HTTPException(HTTPStatus.FORBIDDEN, f"{contract.TENANT_HEADER} 헤더가 토큰의 학원과 다릅니다.")
    return known


Tenant = Annotated[str, Depends(_tenant)]


def _sender(request: Request, tenant: Tenant) -> str:
    """Return the tenant of the caller, whose upload is counted."""
    _api(request).throttle.upload(tenant)
    return tenant


Time = Annotated[str | None, Query(pattern=_TIME, json_schema_extra={"format": "date-time"})]


@_router.post(
    contract.UPLOAD_PATH,
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
    responses=documented(
        HTTPStatus.BAD_REQUEST, *_NO_ENTRY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INTERNAL_SERVER_ERROR
    ),
)
async def upload(request: Request, tenant: Annotated[str, Depends(_sender)]) -> dict[str, str]:
    """Take a workbook; its students are created by a worker."""
    try:
        async with read_form(request) as form:
            job = await run_in_threadpool(_api(request).accept, tenant, form)
    except TooLargeError as error:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kinds.TOO_LARGE) from error
    return {"job_id": job.id, "status": job.status}


@_router.get(f"{contract.JOBS_PATH}{{job_id}}/", responses=documented(*_NO_ENTRY, HTTPStatus.NOT_FOUND))
def job_status(request: Request, job_id: str, tenant: Tenant) -> dict[str, Any]:
    """Return the state of a job of the caller's tenant."""
    return _shown(_own_job(request, job_id, tenant))


@_router.get(contract.JOBS_PATH, responses=documented(HTTPStatus.BAD_REQUEST, *_NO_ENTRY))
def jobs(  # noqa: PLR0917 - FastAPI reads them by name
    request: Request,
    tenant: Tenant,
    status: Annotated[list[contract.JobStatus] | None, Query()] = None,
    since: Time = None,
    until: Time = None,
    limit: Annotated[int, Query(ge=1, le=contract.MAX_JOBS_LISTED)] = 100,
    offset: Annotated[int, Query(ge=0, le=_LAST_ROW)] = 0,
) -> dict[str, Any]:
    """Return the caller's jobs, newest first: those of the given states, made from since on and before until."""
    count, found = _api(request).store.find_jobs(
        tenant, status or (), since=_time(since), until=_time(until), limit=limit, offset=offset
    )
    return {"count": count, "results": [_listed(job) for job in found]}


@_router.get(
    f"{contract.JOBS_PATH}{{job_id}}/{contract.REJECTED_OF_JOB}",
    responses=documented(HTTPStatus.BAD_REQUEST, *_NO_ENTRY, HTTPStatus.NOT_FOUND),
)
def rejected(
    request: Request,
    job_id: str,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=contract.ROWS_IN_RESULT)] = contract.ROWS_IN_RESULT,
    offset: Annotated[int, Query(ge=0, le=_LAST_ROW)] = 0,
) -> dict[str, Any]:
    """Return the rejected rows of a job of the caller's tenant, a page at a time; its result shows the first page."""
    job = _own_job(request, job_id, tenant)
    count, results = _api(request).store.rejected(job, limit, offset)
    return {"count": count, "results": results}


@_router.delete(
    f"{contract.JOBS_PATH}{{job_id}}/{contract.STUDENTS_OF_JOB}",
    responses=documented(*_NO_ENTRY, HTTPStatus.NOT_FOUND),
)
def withdraw(request: Request, job_id: str, tenant: Tenant) -> dict[str, int]:
    """Delete the students that a job of the caller's tenant has created; one that has not ended is cancelled."""
    job = _own_job(request, job_id, tenant)
    return {"deleted": _api(request).withdraw(job)}


@_router.get(contract.STUDENTS_PATH, responses=documented(HTTPStatus.BAD_REQUEST, *_NO_ENTRY))
def students(
    request: Request,
    tenant: Tenant,
    search: Annotated[str, Query(max_length=_LONGEST_SEARCH, pattern=_NO_NUL)] = "",
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=_LAST_ROW)] = 0,
) -> dict[str, Any]:
    """Return the caller's students, newest first: those with ``search`` in their names."""
    count, results = _api(request).store.find_students(tenant, search, limit, offset)
    return {"count": count, "results": results}


@_router.get(contract.HEALTH_PATH, responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
def health(request: Request) -> dict[str, str]:
    """Return whether process and database are up."""
    _api(request).store.ping()
    return {"status": "ok"}


@_router.get(contract.HEALTHZ_PATH)
async def healthz() -> dict[str, str]:
    """Return whether the process is up."""
    return {"status": "ok"}


def create_app(
    config: Config, token: str = "", tenant: str = "", uploads_per_minute: int = contract.UPLOADS_PER_MINUTE
) -> FastAPI:
    """Make the application; ``token``, where there is one, is let in for ``tenant`` from the start."""
    api = Api(config, token, tenant, uploads_per_minute)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        relay = asyncio.create_task(api.keep_sending())
        yield
        relay.cancel()
        api.close()

    app = FastAPI(title="academy", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    # A redirect would lead to the Host that the client names, and from https to http behind a proxy.
    app.router.redirect_slashes = False
    app.state.api = api
    app.include_router(_router)
    app.include_router(page.router)
    install(app)
    app.add_middleware(WholeBody)
    if config.allowed_hosts:
        # As Django does: a 400 for any other Host header.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(config.allowed_hosts), www_redirect=False)
    app.add_middleware(RequestIds)
    return app


def serve(host: str, port: int, uploads_per_minute: int, processes: int = 1) -> None:
    """Run the API until SIGTERM or Ctrl-C.

    Each of the processes that share the port lets a tenant upload so often, unless they count in one Redis.
    """
    os.environ[_UPLOADS_PER_MINUTE] = str(uploads_per_minute)
    uvicorn.run(
        f"{__name__}:app_of_environment",
        factory=True,
        workers=processes,
        host=host,
        port=port,
        http=HeaderTimeout,
        limit_concurrency=MOST_CONNECTIONS,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def app_of_environment() -> FastAPI:
    """Make the application of one process.

    The environment has the names of the real system; ``ACADEMY_API_TOKEN`` is let in for ``ACADEMY_TENANT_CODE`` when
    both are set.
    """
    lines = logging.StreamHandler()
    lines.addFilter(add_request_id)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, handlers=[lines])
    logging.getLogger("uvicorn.access").addFilter(_without_query)
    token, tenant = os.environ.get("ACADEMY_API_TOKEN", ""), os.environ.get("ACADEMY_TENANT_CODE", "")
    return create_app(read(os.environ), token, tenant, int(os.environ[_UPLOADS_PER_MINUTE]))


def _own_job(request: Request, job_id: str, tenant: str) -> Job:
    """Return a job of the tenant; answer 404 where there is none of that id."""
    job = _api(request).store.job(job_id) if _JOB_ID.fullmatch(job_id) else None
    if job is None or job.tenant != tenant:
        raise HTTPException(HTTPStatus.NOT_FOUND, "작업을 찾을 수 없습니다.")
    return job


def _shown(job: Job) -> dict[str, Any]:
    result = job.result
    if result and "rejected" not in result:
        # Written before there were pages.
        failed = result.get("failed", ())
        result = {**result, "rejected": len(failed), "failed": failed[: contract.ROWS_IN_RESULT]}
    return {
        "job_id": job.id,
        "job_type": contract.JOB_TYPE,
        "status": job.status,
        "result": result,
        "error_message": job.error_message,
        "progress": job.progress,
        "created_at": job.created_at.isoformat(),
        "updated_at": job.updated_at.isoformat(),
        "file_key": job.file_key,
    }


def _listed(job: Job) -> dict[str, Any]:
    """Return a job as the list has it: of its result the numbers, not the rows."""
    shown = _shown(job)
    result = shown.pop("result") or {}
    return {**shown, **{name: result.get(name) for name in ("created", "duplicates", "rejected")}}


def _time(text: str | None) -> datetime | None:
    """Return a time that was asked about, in UTC; refuse one that there is not."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError) as error:
        raise refused("조회 시각이 올바르지 않습니다.") from error


def _code(error: Exception) -> str:
    """Return the other side's error code; its message may hold more than a school should read."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def _without_query(record: logging.LogRecord) -> bool:
    """Keep query strings out of the access log."""
    if isinstance(record.args, tuple) and len(record.args) >= 3:  # noqa: PLR2004 - client, method, path, …
        arguments = list(record.args)
        arguments[2] = str(arguments[2]).partition("?")[0]
        record.args = tuple(arguments)
    return True
