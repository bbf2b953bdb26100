"""Files that a command reads or writes for its user: whole or not at all, and one clear line where it can't be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NoReturn

from academy_ops.cli.errors import RefusedError
from academy_ops.messages import Text, os_reason, say


def content(path: Path, limit: int) -> bytes:
    """Return what ``path`` holds, at most ``limit`` bytes and one more.

    Raises:
        RefusedError: It can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise RefusedError(say("Can't read {path}: {reason}.", path=str(path), reason=os_reason(error))) from error


def writable(path: Path) -> Path:
    """Return where ``path`` leads, when a file can be written there; to be asked before anything is observed.

    Raises:
        RefusedError: Its folder does not exist or may not be written to, or it is no regular file.
    """
    # Links are followed: replacing /dev/stdout itself would harm the whole machine.
    path = Path(os.path.realpath(path))
    try:
        if path.exists() and not path.is_file():
            _refuse(path, say("it is not a regular file"))
        if not path.parent.is_dir():
            _refuse(path, say("its folder does not exist"))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            _refuse(path, say("its folder is not writable"))
    except OSError as error:
        _refuse(path, os_reason(error))
    return path


def write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, as a whole: another reader sees the old one or the new one.

    Raises:
        RefusedError: It can't be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".academy-ops-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        _refuse(path, os_reason(error))


def _refuse(path: Path, reason: str | Text) -> NoReturn:
    raise RefusedError(say("Can't write {path}: {reason}.", path=str(path), reason=reason))
