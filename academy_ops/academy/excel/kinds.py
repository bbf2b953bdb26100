"""What a file is by its first bytes, whatever its name says."""

import codecs
import os
import re
from collections.abc import Mapping
from typing import IO, Final

from academy_ops.contract import MAX_UPLOAD_BYTES, MAX_UPLOAD_MB, XLSX_START

TOO_LARGE: Final = f"파일은 {MAX_UPLOAD_MB}MB 이하여야 합니다."
NO_WORKBOOK: Final = "엑셀 파일을 열 수 없습니다 (File is not a zip file). 암호 없는 .xlsx 파일로 저장해 주세요."
_PASSWORD: Final = "엑셀 파일을 열 수 없습니다: 암호가 걸려 있습니다. 엑셀에서 암호를 해제하고 다시 저장해 주세요."  # noqa: S105 - a sentence
_XLS: Final = "엑셀 파일을 열 수 없습니다: 예전 형식(.xls)입니다. 엑셀에서 .xlsx 형식으로 다시 저장해 주세요."
_DRM: Final = (
    "엑셀 파일을 열 수 없습니다: 문서 보안(DRM)이 걸려 있습니다. 보안을 해제하고 .xlsx 형식으로 다시 저장해 주세요."
)
_EMPTY: Final = "엑셀 파일을 열 수 없습니다: 빈 파일입니다. 엑셀에서 파일을 열어 저장한 뒤 다시 올려 주세요."
_OTHER: Final = "엑셀 파일을 열 수 없습니다: 엑셀 파일이 아니라 {}입니다. 엑셀에서 .xlsx 형식으로 다시 저장해 주세요."
_ODS: Final = "엑셀 파일을 열 수 없습니다: 오픈도큐먼트(.ods) 형식입니다. .xlsx 형식으로 다시 저장해 주세요."

_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""Where an .xls file begins, and an .xlsx file with a password."""
_IN_COMPOUNDS: Final = {
    "EncryptedPackage".encode("utf-16-le"): _PASSWORD,
    b"HWP Document File": "한글 문서(.hwp)",
    "WordDocument".encode("utf-16-le"): "워드 문서(.doc)",
    "PowerPoint Document".encode("utf-16-le"): "파워포인트 문서(.ppt)",
}
_BEGINNINGS: Final = {
    b"\x9b drmone": _DRM,
    b"scdsa00": _DRM,
    b"<document safer": _DRM,
    b"%pdf": "PDF 파일",
    b"\xff\xd8\xff": "사진",
    b"\x89png": "사진",
    b"<?xml": "XML 파일",
    b"<": "웹 페이지(HTML)",
    b"mime-version:": "웹 페이지(HTML)",
    b"rar!": "압축 파일",
    b"7z\xbc\xaf": "압축 파일",
    b"\x1f\x8b": "압축 파일",
}
"""In small letters."""
_TEXT: Final = re.compile(rb"[\t\r\n -~\x80-\xff]+").fullmatch
_IN_ARCHIVES: Final = {
    b"word/document.xml": "워드 문서(.docx)",
    b"ppt/presentation.xml": "파워포인트 문서(.pptx)",
    b"application/hwp+zip": "한글 문서(.hwpx)",
    b"Index/Document.iwa": "넘버스 파일(.numbers)",
    b"xl/workbook.bin": "바이너리 통합 문서(.xlsb)",
    b"application/vnd.oasis.opendocument": _ODS,
}
_START: Final = 128
_END: Final = 1 << 16
_MANIFEST: Final = b"META-INF/manifest.xml"
_WORKBOOK: Final = b"xl/workbook.xml"
_CONTENT_TYPES: Final = b"[Content_Types].xml"


def refusal(file: IO[bytes]) -> str | None:
    """Return the sentence for the school where a file, from its beginning, is no .xlsx file, else None."""
    start = file.read(_START)
    if not start:
        return _EMPTY
    if start.startswith(_COMPOUND):
        return _sentence(_IN_COMPOUNDS, start + file.read(MAX_UPLOAD_BYTES)) or _XLS
    if not start.startswith(XLSX_START):
        return _by_beginning(start)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END))
    # The archive's directory: whatever its first entry is.
    names = file.read(_END)
    # A workbook may have other documents in it.
    other = None if _WORKBOOK in names else _sentence(_IN_ARCHIVES, start + names)
    return other or (_ODS if _MANIFEST in names and _CONTENT_TYPES not in names else None)


def _by_beginning(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start.decode("utf-16", "replace").encode()
    start = start.removeprefix(codecs.BOM_UTF8).lstrip()
    found = {mark: kind for mark, kind in _BEGINNINGS.items() if start.lower().startswith(mark)}
    return _sentence(found, start.lower()) or (_OTHER.format("CSV 같은 텍스트 파일") if _TEXT(start) else NO_WORKBOOK)


def _sentence(kinds: Mapping[bytes, str], content: bytes) -> str | None:
    """Return the sentence for the first mark that a file has, of a table of kinds, or of sentences."""
    kind = next((kind for mark, kind in kinds.items() if mark in content), None)
    return _OTHER.format(kind) if kind and not kind.endswith(".") else kind
