"""A good workbook, damaged anywhere: it is read, or refused with a sentence, and nothing else happens."""

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from academy_ops.academy.excel.readers import Readers
from academy_ops.academy.excel.records import WorkbookError
from academy_ops.academy.excel.workbook import read
from tests.hostile.files import good, parts

READERS = Readers()
FEW = settings(max_examples=60, suppress_health_check=list(HealthCheck))
PARTS = parts(good())
PIECES = (b"", b"<", b"&lol;", b"&#0;", b"\x00", b"\xff\xfe", b'r="XFD1048576"', b't="s"', b"-1", b"1e400", b"</row>")


@st.composite
def cut_up(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes of which some places were overwritten, left out or doubled."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 64)))
        put = draw(st.sampled_from([*PIECES, content[start:end] * 2]) | st.binary(max_size=8))
        content = content[:start] + put + content[end:]
    return content


@st.composite
def with_damaged_parts(draw: st.DrawFn) -> bytes:
    """The workbook, with some of its parts cut up, lost or twice there."""
    whole = io.BytesIO()
    damaged = draw(st.sets(st.sampled_from(sorted(PARTS)), min_size=1, max_size=3))
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PARTS.items():
            if name not in damaged:
                archive.writestr(name, content)
            elif draw(st.integers(0, 3)):
                archive.writestr(name, draw(cut_up(content)))
    return whole.getvalue()


def read_or_refused(content: bytes) -> bool:
    """Return whether students were found, or else a sentence says why not."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload.xlsx"
        path.write_bytes(content)
        try:
            found = read(path, start=READERS.start)
        except WorkbookError as error:
            return bool(str(error))
        return bool(found.students or found.rejected)


@FEW
@given(with_damaged_parts())
def test_a_workbook_whose_parts_are_damaged(content: bytes) -> None:
    assert read_or_refused(content)


@FEW
@given(cut_up(good()))
@example(good()[:-1])
def test_a_workbook_whose_archive_is_damaged(content: bytes) -> None:
    assert read_or_refused(content)
