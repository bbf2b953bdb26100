"""What an error of the operating system means to the one who named the file."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from academy_ops.messages import Text, say

_REASONS: Final[Mapping[int, Text]] = {
    errno.ENOENT: say("there is no such file or folder"),
    errno.ENOTDIR: say("a folder on the way to it is a file"),
    errno.EISDIR: say("it is a folder"),
    errno.EACCES: say("permission denied"),
    errno.EPERM: say("permission denied"),
    errno.ENOSPC: say("the disk is full"),
    errno.EDQUOT: say("the disk quota is used up"),
    errno.EROFS: say("the disk is read-only"),
    errno.ENAMETOOLONG: say("its name is too long"),
    errno.EIO: say("the disk has a fault"),
}


def reason(error: OSError) -> str | Text:
    """Return why, in a few words; those of the operating system where there are no own ones."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
