"""The lab's AWS: moto's server with the lab's corrections, behind the gate, on a free port of 127.0.0.1."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse
from moto.core.utils import convert_to_flask_response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from academy_ops.lab.aws import autoscaling, cloudwatch, ec2, sqs, ssm
from academy_ops.lab.aws.gate import Gate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask


class _QuietHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no access log: long polls would fill it."""


class Cloud:
    """AWS.

    Attributes:
        url: Its endpoint.
        scaling: The Auto Scaling service between requests.
        polled: Set whenever someone asks a queue for messages.
    """

    def __init__(
        self, hosts: Callable[[], Mapping[str, ssm.Host]], mounts: dict[str, WSGIApplication] | None = None
    ) -> None:
        """Prepare it.

        Args:
            hosts: The managed instances, by id.
            mounts: Other applications on the same port, by path.
        """
        self.scaling = autoscaling.Scaling()
        self.polled = threading.Event()
        self._corrected: dict[str, type[BaseResponse]] = {
            "ec2": ec2.corrected(hosts),
            "autoscaling": autoscaling.corrected(self.scaling),
            "cloudwatch": cloudwatch.corrected(),
            "sqs": sqs.corrected(self.polled),
            "ssm": ssm.corrected(ssm.Commands(hosts)),
        }
        self._gate = Gate(DomainDispatcherApplication(self._create_app))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._server = make_server(
                "127.0.0.1",
                0,
                DispatcherMiddleware(self._gate, mounts),
                threaded=True,
                request_handler=_QuietHandler,
                fd=listening.fileno(),
            )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="aws", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def set_clock_offset(self, seconds: float) -> None:
        """Put AWS's clock ahead of the machine's; requests signed by the machine's clock may then be refused."""
        self._gate.clock_offset = timedelta(seconds=seconds)

    def set_reachable(self, *, reachable: bool) -> None:
        """Answer requests, or close every connection without an answer."""
        self._gate.open = reachable

    def messages(self, queue: str) -> list[Any]:
        """Return a queue's messages, to be changed where time is to have passed."""
        return sqs.messages(queue)

    def release(self, queue: str) -> None:
        """Let a queue's messages in flight be received again, as if those who took them had given them back."""
        for message in sqs.messages(queue):
            if not message.visible:
                message.change_visibility(0)

    def shuffle(self, queue: str) -> None:
        """Let a queue's messages be received in another order; a standard queue promises none."""
        sqs.shuffle(queue)

    def _create_app(self, service: Any) -> Flask:  # noqa: ANN401 - one of hundreds of literals
        app = create_backend_app(service)
        if corrected := self._corrected.get(service):
            original = f"{corrected.__mro__[2].__name__}.dispatch"
            for endpoint in app.view_functions:
                if endpoint.startswith(original):
                    app.view_functions[endpoint] = convert_to_flask_response(corrected.dispatch)
        return app
