"""Bodies of answers, bounded by what they unpack to: 7 kB of gzip can hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

import httpx

ENCODINGS: Final = "gzip"
"""What an answer may be packed in, once."""
_GZIP: Final = zlib.MAX_WBITS | 16


class TooLongError(Exception):
    """A body is longer than its bound; ``str()`` says so."""


def whole(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """Return a body of at most ``most`` bytes, unpacked by its Content-Encoding.

    Raises:
        TooLongError: It has more.
        DecodingError: It is packed in another way, or damaged.
    """
    packing = encoding.strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip"}:
        raise httpx.DecodingError(f"Content-Encoding: {packing[:80]}")
    unpacker = zlib.decompressobj(_GZIP) if packing.endswith("gzip") else None
    body = bytearray()
    try:
        for chunk in chunks:
            body += unpacker.decompress(chunk, most + 1 - len(body)) if unpacker else chunk
            if len(body) > most:
                raise TooLongError(f"the body is longer than {most} bytes")
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from error
    if unpacker and body and not unpacker.eof:
        raise httpx.DecodingError("the body ends too early")
    return bytes(body)
