"""The page for teachers: the bundled system's own files, and the template workbook that it offers."""

import json
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from fastapi import APIRouter, HTTPException, Response

from academy_ops import contract
from academy_ops.academy.sample_workbooks import workbook

_FOLDER: Final = files("academy_ops.academy") / "web"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_PARTS: Final = {part.name: part for part in _FOLDER.iterdir() if PurePath(part.name).suffix in _TYPES}
"""What is served: nothing that is not here, whatever an address says."""
_WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}
_CONTRACT: Final = {
    "UPLOAD_PATH": contract.UPLOAD_PATH,
    "JOBS_PATH": contract.JOBS_PATH,
    "REJECTED_OF_JOB": contract.REJECTED_OF_JOB,
    "STUDENTS_PATH": contract.STUDENTS_PATH,
    "MAX_UPLOAD_MB": contract.MAX_UPLOAD_MB,
    "MAX_UPLOAD_BYTES": contract.MAX_UPLOAD_BYTES,
    "MIN_PASSWORD_CHARACTERS": contract.MIN_PASSWORD_CHARACTERS,
    "XLSX_START": contract.XLSX_START.decode(),
    "JobStatus": {status.name: status.value for status in contract.JobStatus},
    "ENDED": sorted(contract.ENDED),
    "UNSUCCESSFUL": sorted(contract.UNSUCCESSFUL),
}
"""What the page's scripts share with the API."""
_COLUMNS: Final = (
    *("구분", "이름*", "학부모전화번호*", "학생전화번호", "성별", "학교유형", "학교", "학년", "반", "계열", "메모"),
)
_GUIDANCE: Final = (
    "별표(*) 표시 열은 필수입니다. 예시 줄 아래에 입력하세요. 구분에 '예시'라고 쓴 줄은 등록되지 않습니다."
)
_EXAMPLE: Final = ("예시", "홍길동", "010-0000-0000", "", "남", "중", "한빛중", "1", "2", "", "")

router: Final = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """Return the page."""
    return _file("index.html")


@router.get("/web/template.xlsx")
def template() -> Response:
    """Return a workbook to fill in; the student that it shows is an example, and not registered."""
    headers = {"Content-Disposition": 'attachment; filename="students.xlsx"', **_HEADERS}
    return Response(workbook([(_GUIDANCE,), _COLUMNS, _EXAMPLE]), media_type=_WORKBOOK, headers=headers)


@router.get("/web/contract.js")
def shared() -> Response:
    """Return the contract, as the module that the page's scripts import."""
    lines = (f"export const {name} = {json.dumps(value)};\n" for name, value in _CONTRACT.items())
    return Response("".join(lines), media_type=_TYPES[".js"], headers=_HEADERS)


@router.get("/web/{name}")
def part(name: str) -> Response:
    """Return a part of the page."""
    if name not in _PARTS:
        raise HTTPException(404, "없는 주소입니다.")
    return _file(name)


def _file(name: str) -> Response:
    media_type = _TYPES[PurePath(name).suffix]
    return Response(_PARTS[name].read_bytes(), media_type=media_type, headers=_HEADERS)
