"""Files that somebody names, read within bounds: a pipe may never end, and a device never stops."""

import errno
import os
import select
import time
from pathlib import Path
from typing import Final

_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 65536
_WITHOUT_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_bounded(path: Path, most: int) -> bytes:
    """Return what ``path`` holds; of a longer one ``most`` bytes and one more.

    It may be a pipe, as a shell's ``<(command)`` is one; one that nobody writes to is empty.

    Raises:
        OSError: It can't be read, or gives nothing in time.
    """
    # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
    with os.fdopen(os.open(path, os.O_RDONLY | _WITHOUT_WAITING), "rb", 0) as file:
        until = time.monotonic() + _SECONDS
        content = bytearray()
        while len(content) <= most:
            chunk = file.read(min(_CHUNK_BYTES, most + 1 - len(content)))
            if chunk:
                content += chunk
            elif chunk is not None:
                break
            elif not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                # Somebody has it open, and writes nothing.
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return bytes(content)
