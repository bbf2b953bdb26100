"""A file taken apart, and put together again."""

import io
import zipfile


def parts(content: bytes) -> dict[str, bytes]:
    """Take a file apart."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(made: dict[str, bytes], *, compressed: bool = True) -> bytes:
    """Put a file together."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, part in made.items():
            archive.writestr(name, part)
    return content.getvalue()
