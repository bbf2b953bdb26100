"""The edge in front of the origin: speaks TLS to the client, as Cloudflare does, in a thread of the lab."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import trustme
import uvicorn

from academy_ops.lab.errors import LabError
from academy_ops.lab.processes import until
from academy_ops.lab.relay import Policy, Relay
from academy_ops.messages import say

_ADDRESS: Final = "127.0.0.1"
_READY_SECONDS: Final = 10.0


class Edge:
    """The edge.

    Attributes:
        url: Its address.
        port: Its port on 127.0.0.1.
        ca_file: The certificate of the CA that has signed its own.
    """

    def __init__(self, place: Path, port: int, origin: int) -> None:
        """Prepare it.

        Args:
            place: The lab's folder.
            port: Its port on 127.0.0.1.
            origin: The origin's port on 127.0.0.1.
        """
        self.url = f"https://{_ADDRESS}:{port}"
        self.port = port
        self.ca_file = place / "ca.pem"
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self._certificate = place / "edge.pem"
        self._certified: tuple[str, datetime | None] | None = None
        self._policy = Policy(f"{_ADDRESS}:{origin}")
        self._relay = Relay(self._policy)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def change(self, **changed: Any) -> None:  # noqa: ANN401 - whatever fields Policy has
        """Set it up as at the start, but for what is ``changed`` of its `Policy`."""
        self._relay.policy = replace(self._policy, **changed)

    def start(self, name: str = _ADDRESS, expires: datetime | None = None) -> None:
        """Start it, or start it anew where its certificate changes.

        Args:
            name: The name that its certificate is for.
            expires: Until when its certificate is valid; None for long enough.

        Raises:
            LabError: It does not start.
        """
        if self.running() and self._certified == (name, expires):
            return
        self.stop()
        if self._certified != (name, expires):
            issued = self._ca.issue_cert(name, not_after=expires)
            self._certificate.touch(mode=0o600)
            issued.private_key_and_cert_chain_pem.write_to_path(str(self._certificate))
            self._certified = (name, expires)
        config = uvicorn.Config(
            self._relay,
            host=_ADDRESS,
            port=self.port,
            ssl_certfile=self._certificate,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="edge", daemon=True)
        thread.start()
        self._server, self._thread = server, thread
        if not until(lambda: server.started or not thread.is_alive(), _READY_SECONDS) or not server.started:
            raise LabError(say("{name} does not start: {line}", name="edge", line="see lab.log"))

    def untrusted_certificate(self) -> Path:
        """Return a file with a key and a certificate for the origin's address that no CA known here has signed."""
        path = self.ca_file.with_name("origin.pem")
        path.touch(mode=0o600)
        trustme.CA().issue_cert(_ADDRESS).private_key_and_cert_chain_pem.write_to_path(str(path))
        return path

    def running(self) -> bool:
        """Return whether it runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_READY_SECONDS)
