"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import os
from typing import IO, Final

from academy_ops.contract import MAX_UPLOAD_BYTES, MAX_UPLOAD_MB, XLSX_START

TOO_LARGE: Final = f"파일은 {MAX_UPLOAD_MB}MB 이하여야 합니다."
NO_WORKBOOK: Final = "엑셀 파일을 열 수 없습니다 (File is not a zip file). 암호 없는 .xlsx 파일로 저장해 주세요."
_PASSWORD: Final = "엑셀 파일을 열 수 없습니다: 암호가 걸려 있습니다. 엑셀에서 암호를 해제하고 다시 저장해 주세요."  # noqa: S105 - a sentence
_XLS: Final = "엑셀 파일을 열 수 없습니다: 예전 형식(.xls)입니다. 엑셀에서 .xlsx 형식으로 다시 저장해 주세요."
_ODS: Final = "엑셀 파일을 열 수 없습니다: 오픈도큐먼트(.ods) 형식입니다. .xlsx 형식으로 다시 저장해 주세요."

_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""Where an .xls file begins, and an .xlsx file with a password."""
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument"
"""What follows the header of an OpenDocument file's first entry, which has no compression."""
_ENTRY_HEADER: Final = 30
_START: Final = 128
_END: Final = 1 << 16
_MANIFEST: Final = b"META-INF/manifest.xml"
_CONTENT_TYPES: Final = b"[Content_Types].xml"


def refusal(file: IO[bytes]) -> str | None:
    """Return the sentence for the school where a file, from its beginning, is no .xlsx file, else None."""
    start = file.read(_START)
    if start.startswith(_COMPOUND):
        return _PASSWORD if _ENCRYPTED in start + file.read(MAX_UPLOAD_BYTES) else _XLS
    if not start.startswith(XLSX_START):
        return NO_WORKBOOK
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END))
    # The archive's directory: whatever its first entry is.
    names = file.read(_END)
    other = _MANIFEST in names and _CONTENT_TYPES not in names
    return _ODS if other or start[_ENTRY_HEADER:].startswith(_OPEN_DOCUMENT) else None
