"""The certificates that this machine's environment has clients trust: the same for the API, R2 and AWS."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import threading
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

_VARIABLES: Final = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Beside SSL_CERT_FILE, which is a setting. Each is read by some clients, and meant for whatever opens TLS."""
_MOST_FILES: Final = 1000
_REHASHED: Final = re.compile(r"[0-9a-f]{8}\.0")
_reading: Final = threading.Lock()


def trusted_files() -> tuple[str, ...]:
    """Return the files of certificates that the environment names; none that is gone.

    Of a folder these are all its files, or the folder itself where OpenSSL finds a certificate by its name.
    """
    named = (os.environ.get(name, "").strip() for name in _VARIABLES)
    paths = [Path(one) for value in named for one in value.split(os.pathsep) if one]
    files = (one for path in paths for one in _files_of(path))
    return tuple(str(one) for one in islice(files, _MOST_FILES) if os.access(one, os.R_OK))


def _files_of(path: Path) -> list[Path]:
    files = sorted(one for one in (path.iterdir() if path.is_dir() else [path]) if one.is_file())
    return [path] if any(_REHASHED.fullmatch(one.name) for one in files) else files


def trusting(*files: str) -> ssl.SSLContext:
    """Return the TLS context that trusts the certificates in ``files``, of which some may hold none.

    Each set of files is read once in a run, for all clients, which are made at the same time.
    """
    with _reading:
        return _trusting(*dict.fromkeys(os.path.realpath(file) for file in files))


@cache
def _trusting(*files: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files[0])
    for file in files[1:]:
        # Who needs it says so where it is none.
        with contextlib.suppress(ssl.SSLError):
            context.load_verify_locations(**{"capath" if Path(file).is_dir() else "cafile": file})
    # As browsers and botocore do: Python 3.13 would also refuse what many a company's proxy signs.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
