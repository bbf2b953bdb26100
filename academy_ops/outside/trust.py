"""The certificates that this machine's environment has clients trust: the same for the API, R2 and AWS."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Final

_VARIABLES: Final = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Beside SSL_CERT_FILE, which is a setting. Each is read by some clients, and meant for whatever opens TLS."""
_MOST_FILES: Final = 1000


def trusted_files() -> tuple[str, ...]:
    """Return the files of certificates that the environment names, by themselves or in folders; none that is gone."""
    named = (os.environ.get(name, "").strip() for name in _VARIABLES)
    paths = [Path(one) for value in named for one in value.split(os.pathsep) if one]
    files = (one for path in paths for one in (sorted(path.iterdir()) if path.is_dir() else [path]))
    return tuple(str(one) for one in islice(files, _MOST_FILES) if one.is_file() and os.access(one, os.R_OK))
