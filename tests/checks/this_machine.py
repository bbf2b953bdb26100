"""An API asked from a machine whose proxies and certificates are known; shared by the tests of both."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import trustme

from academy_ops.diagnosis.records import Finding
from academy_ops.outside.clients import Connections, Target
from academy_ops.settings import load
from checks import endpoint
from checks.facts import AccessFacts
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import empty_case

CLOSED = "http://127.0.0.1:9"


PROXIES = [name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper())]


JOB = {"job_id": h.JOB_ID, "status": "DONE"}


KNOWN = AccessFacts("123456789012", "", None, key_is_r2_key=False)


@contextmanager
def around(**variables: str) -> Iterator[None]:
    """Have these variables, and no others that name a proxy or certificates."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXIES, "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"):
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def asked(url: str, **environ: str) -> Finding:
    """Ask an API, while AWS has answered."""
    settings = load(environ={"ACADEMY_API_URL": url, "ACADEMY_API_TOKEN": "t", **environ}, default_env_file=None)
    case = replace(empty_case(), job_id=h.JOB_ID, access=KNOWN)
    facts = endpoint.observe(Target(settings, h.JOB_ID, Connections(settings), ends_at=1e12), case)
    return next(iter(endpoint.judge(replace(case, endpoint=facts))))


def tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def answering(first: bytes, *, reset: bool = False) -> Iterator[str]:
    """A port that answers so, whatever it is asked, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                        continue
                    connection.recv(65536)
                    connection.sendall(first)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
