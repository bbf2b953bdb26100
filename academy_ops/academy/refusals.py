"""How the API refuses: always ``{"detail": …}``, as Django REST framework writes it, in Korean."""

import logging
import math
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as FrameworkError
from starlette.requests import ClientDisconnect, Request

from academy_ops import contract
from academy_ops.academy.database import DATABASE_ERRORS

_log: Final = logging.getLogger("academy.api")
_DETAIL: Final = {"content": {"application/json": {"schema": {"type": "object", "required": ["detail"]}}}}
NOT_A_FORM: Final = "요청이 올바른 multipart/form-data 형식이 아닙니다."
_FRAMEWORK: Final[dict[int, str]] = {
    HTTPStatus.NOT_FOUND: "없는 주소입니다.",
    HTTPStatus.METHOD_NOT_ALLOWED: "허용되지 않는 메서드입니다.",
}
"""What the framework itself refuses, it refuses in English."""


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Describe refusals for OpenAPI; a default takes the place of the framework's own 422, which is never answered."""
    known: dict[int | str, dict[str, Any]] = {
        status.value: {"description": status.phrase, **_DETAIL} for status in statuses
    }
    return known | {"default": {"description": "Any other refusal", **_DETAIL}}


def refused(detail: str) -> HTTPException:
    """Return a 400: the request is at fault."""
    return HTTPException(HTTPStatus.BAD_REQUEST, detail)


def broken(detail: str) -> HTTPException:
    """Return a 500: the academy is at fault."""
    return HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def install(app: FastAPI) -> None:
    """Let ``app`` answer every error with a detail."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(FrameworkError, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database_down)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, FrameworkError):
        raise error
    ours = isinstance(error, HTTPException)
    detail = error.detail if ours else _FRAMEWORK.get(error.status_code, error.detail)
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    fields = {".".join(map(str, problem["loc"][1:])) or "body": [problem["msg"]] for problem in problems}
    return JSONResponse({"detail": fields}, HTTPStatus.BAD_REQUEST)


async def _database_down(request: Request, error: Exception) -> JSONResponse:
    _log.error("database: %s", type(error).__name__)
    health = request.url.path == contract.HEALTH_PATH
    status = HTTPStatus.SERVICE_UNAVAILABLE if health else HTTPStatus.INTERNAL_SERVER_ERROR
    return JSONResponse({"detail": "데이터베이스에 연결할 수 없습니다."}, status)


async def _gone(_request: Request, _error: Exception) -> JSONResponse:
    _log.info("the sender went away in the middle")
    return JSONResponse({"detail": "요청이 끝까지 오지 않았습니다."}, HTTPStatus.BAD_REQUEST)


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    # The framework logs the error itself.
    return JSONResponse({"detail": "서버에서 오류가 났습니다."}, HTTPStatus.INTERNAL_SERVER_ERROR)


def too_often(detail: str, wait: float) -> HTTPException:
    """Return a 429: so many seconds are to be waited."""
    seconds = max(1, math.ceil(wait))
    return HTTPException(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{detail} {seconds}초 뒤에 다시 시도해 주세요.",
        {"Retry-After": str(seconds)},
    )
