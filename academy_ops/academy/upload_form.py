"""The upload's form, read within bounds and looked at as a whole before anything is stored."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from academy_ops import contract
from academy_ops.academy.middleware import TooLargeError, limited
from academy_ops.academy.refusals import NOT_A_FORM, refused

_LONGEST_TYPE: Final = 300
_BOUNDARY: Final = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")
_FIELD_BYTES: Final = 4096
"""Room for the password; the file is not bounded by it."""
_MOST_FIELDS: Final = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """A workbook that may be stored, and the students' first password."""

    file: UploadFile
    password: str


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[Upload]:
    """Read the form; its file is closed at the end.

    Only UTF-8 is taken. Starlette decodes each field by whatever codec of Python's the client names, on the event loop,
    and by Latin-1 where that fails; so it is told Latin-1, which keeps every byte, and the fields are decoded here.

    Raises:
        HTTPException: It is not a form, or a part of it is missing or not of its form.
        TooLargeError: It is larger than the contract allows.
    """
    content_type = request.headers.get("content-type", "")
    kind, options = parse_options_header(content_type if len(content_type) <= _LONGEST_TYPE else "")
    boundary, charset = options.get(b"boundary", b""), options.get(b"charset", b"utf-8").lower()
    if kind != b"multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise refused(NOT_A_FORM)
    if charset not in {b"utf-8", b"utf8"}:
        raise refused("요청의 글자는 UTF-8이어야 합니다.")
    headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary.decode()}"; charset=latin-1'})
    body = limited(request).stream()
    parser = MultiPartParser(headers, body, max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise refused(NOT_A_FORM) from error
    try:
        yield _checked(form)
    finally:
        await form.close()


def _checked(form: FormData) -> Upload:
    file, field = form.get("file"), form.get("initial_password")
    if not isinstance(file, UploadFile) or not (file.filename or "").lower().endswith(".xlsx"):
        raise refused("엑셀(.xlsx) 파일을 'file' 항목으로 보내 주세요.")
    if (file.size or 0) > contract.MAX_UPLOAD_BYTES:
        raise TooLargeError
    try:
        password = (field if isinstance(field, str) else "").encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise refused("초기 비밀번호의 글자는 UTF-8이어야 합니다.") from error
    least, most = contract.MIN_PASSWORD_CHARACTERS, contract.MAX_PASSWORD_CHARACTERS
    if not least <= len(password) <= most:
        raise refused(f"초기 비밀번호는 {least}자 이상 {most}자 이하여야 합니다.")
    return Upload(file, password)
