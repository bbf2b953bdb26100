"""The certificates that this machine's environment has clients trust: the same for the API, R2 and AWS."""

import contextlib
import os
import re
import ssl
import threading
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import certifi

_VARIABLES: Final = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Beside SSL_CERT_FILE, which is a setting. Each is read by some clients, and meant for whatever opens TLS."""
_MOST_FILES: Final = 1000
_REHASHED: Final = re.compile(r"[0-9a-f]{8}\.0")
_reading: Final = threading.Lock()


def trusted_files() -> tuple[str, ...]:
    """Return the files of certificates that the environment names; none that is gone.

    Of a folder these are all its files, or the folder itself where OpenSSL finds a certificate by its name.
    """
    found: list[Path] = []
    for _, path in _named():
        with contextlib.suppress(OSError):
            found += _files_of(path)
    return tuple(str(path) for path in islice(found, _MOST_FILES) if os.access(path, os.R_OK))


def unusable() -> tuple[str, str] | None:
    """Return the first variable that names no certificates, and what is wrong with it; None where there is none."""
    return next(((name, f"{path}: {why}") for name, path in _named() if (why := _problem(path))), None)


def lacks_the_usual(file: str) -> bool:
    """Return whether a file of certificates lacks most of the authorities that every browser trusts."""
    usual, own = (set(trusting(store).get_ca_certs(binary_form=True)) for store in (certifi.where(), file))
    return 2 * len(usual & own) < len(usual)


def _named() -> Iterator[tuple[str, Path]]:
    for name in _VARIABLES:
        for path in os.environ.get(name, "").strip().split(os.pathsep):
            if path:
                yield name, Path(path)


def _files_of(path: Path) -> list[Path]:
    files = sorted(file for file in (path.iterdir() if path.is_dir() else [path]) if file.is_file())
    return [path] if any(_REHASHED.fullmatch(file.name) for file in files) else files


def _problem(path: Path) -> str:
    """Return what keeps a file or folder from naming certificates; empty where nothing does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        path.stat()
        files = _files_of(path)
        if files == [path] and path.is_dir():
            return ""
        for file in files[:_MOST_FILES]:
            with contextlib.suppress(ssl.SSLError):
                context.load_verify_locations(file)
    except OSError as error:
        return error.strerror or type(error).__name__
    return "" if context.cert_store_stats()["x509"] else "it holds no certificate"


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
