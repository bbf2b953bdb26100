"""Uploads whose form means harm."""

from __future__ import annotations

from typing import Final

from academy_ops.academy import sample_workbooks

WORKBOOK: Final = sample_workbooks.students(1)
MIB: Final = 1024 * 1024
CHARSETS: Final = (
    *("punycode", "undefined", "unicode_escape", "utf-7", "idna", "rot13", "zip", "hex", "euc-kr", "utf-16", "latin-1"),
    *("no-such-charset", "utf-8-sig", "", '"'),
)


def form(password: bytes, workbook: bytes = WORKBOOK, more: bytes = b"", header: bytes = b"") -> bytes:
    """An upload's body; its boundary is B."""
    return (
        b'--B\r\nContent-Disposition: form-data; name="initial_password"' + header + b"\r\n\r\n" + password + b"\r\n"
        + more
        + b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n' + workbook + b"\r\n--B--\r\n"
    )  # fmt: skip


REFUSED: Final[dict[str, tuple[bytes, str]]] = {
    **{f"charset={one}": (form(b"a" * 1000), f"multipart/form-data; boundary=B; charset={one}") for one in CHARSETS},
    "a password that is no UTF-8": (form(b"\xbf\xa9\xb1\xdb1234"), "multipart/form-data; boundary=B"),
    "a password with half a surrogate": (form(b"1234\xed\xa0\x80"), "multipart/form-data; boundary=B"),
    "a password of 1 MB": (form(b"a" * MIB), "multipart/form-data; boundary=B"),
    "a password of 129 letters": (form(b"a" * 129), "multipart/form-data; boundary=B"),
    "another field of 1 MB": (
        form(b"1234", more=b'--B\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"-" * MIB + b"\r\n"),
        "multipart/form-data; boundary=B",
    ),
    "a header of a field, of 1 MB": (form(b"1234", header=b";" * MIB), "multipart/form-data; boundary=B"),
    "a million fields": (b"&" * MIB, "application/x-www-form-urlencoded"),
    "no boundary": (form(b"1234"), "multipart/form-data"),
    "an endless boundary": (form(b"1234"), f"multipart/form-data; boundary={'B' * 4000}"),
    "options without end": (form(b"1234"), "multipart/form-data; boundary=B" + ";" * 40_000),
}
"""Name to body and content type; the API refuses each with a 400, before anything is stored."""
