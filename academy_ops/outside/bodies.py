"""Bodies of answers, bounded by what they unpack to: 7 kB of gzip can hold gigabytes."""

import zlib
from collections.abc import Iterable
from typing import Final

import httpx

ENCODINGS: Final = "gzip"
"""What an answer may be packed in, once."""
_GZIP: Final = zlib.MAX_WBITS | 16
_PACKINGS: Final = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})
"""Browsers pass over any other word, such as the character set that some servers put there."""


class TooLongError(Exception):
    """A body is longer than its bound; ``str()`` says so."""


def whole(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """Return a body of at most ``most`` bytes, unpacked by its Content-Encoding.

    Raises:
        TooLongError: It has more.
        DecodingError: It is packed in another way, or damaged.
    """
    packed = [word for name in encoding.split(",") if (word := name.strip().lower()) in _PACKINGS]
    if packed not in ([], ["gzip"], ["x-gzip"]):
        raise httpx.DecodingError(f"Content-Encoding: {encoding[:80]}")
    unpacker = zlib.decompressobj(_GZIP) if packed else None
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
