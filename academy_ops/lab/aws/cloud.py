"""The lab's AWS: moto's server with the lab's corrections, behind the gate, on a free port of 127.0.0.1."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core import responses
from moto.core.utils import convert_to_flask_response
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs import models
from urllib3 import HTTPResponse
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Response

from academy_ops.lab.aws import resources
from academy_ops.lab.aws.autoscaling import LabAutoScaling, Scaling
from academy_ops.lab.aws.gate import Gate
from academy_ops.lab.aws.sqs import LabCloudWatch, LabSQS, Queues
from academy_ops.lab.aws.ssm import Commands, Host, LabEC2, LabSSM
from academy_ops.lab.state import Keys

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask


werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # no page asks this AWS
# moto would work these out anew for each request.
for _module, _name in (
    (responses, "camelcase_to_underscores"),
    (responses, "method_names_from_class"),
    (models, "camelcase_to_underscores"),
):
    setattr(_module, _name, cache(getattr(_module, _name)))


class _Handler(MotoRequestHandler):
    """Answers as AWS does, on a connection that stays open: werkzeug's own closes it, and waits before it does."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer one request, whose body the application has read."""
        self.environ = self.make_environ()
        response = Response.from_app(self.server.app, self.environ, buffered=True)
        with suppress(ConnectionError):
            self.send_response(response.status_code)
            for name, value in response.get_wsgi_headers(self.environ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.data)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no access log: long polls would fill it."""


class Cloud:
    """AWS, at ``url``; ``scaling`` and ``queues`` are what two of its services do between requests."""

    def __init__(
        self, hosts: Callable[[], Mapping[str, Host]], mounts: dict[str, WSGIApplication] | None = None
    ) -> None:
        """Prepare it for ``hosts``, by id; ``mounts`` are other applications on its port, by path."""
        # Else moto makes 1,300 images in each region that is asked about; none is ever launched here.
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        self.scaling = Scaling()
        self.queues = Queues()
        commands = Commands(hosts)
        # moto makes an instance of these for each request; what such a one works with is an attribute of its class.
        self._corrected: dict[str, type[responses.BaseResponse]] = {
            "autoscaling": type("AutoScaling", (LabAutoScaling,), {"scaling": self.scaling}),
            "cloudwatch": type("CloudWatch", (LabCloudWatch,), {}),
            "ec2": type("EC2", (LabEC2,), {"commands": commands}),
            "sqs": type("SQS", (LabSQS,), {"queues": self.queues}),
            "ssm": type("SSM", (LabSSM,), {"commands": commands}),
        }
        dispatcher = DomainDispatcherApplication(self._create_app)
        # It would look through moto's folders at each request.
        dispatcher.get_backend_for_host = cache(dispatcher.get_backend_for_host)  # type: ignore[method-assign]
        self._moto = dispatcher
        self._gate = Gate(dispatcher)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._server = make_server(
                "127.0.0.1",
                0,
                DispatcherMiddleware(self._gate, mounts),
                threaded=True,
                request_handler=_Handler,
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

    def client(self, keys: Keys, service: str) -> Any:  # noqa: ANN401 - as `resources.client` returns it
        """Return a client for this process, which needs neither a connection nor to pass the gate."""
        made = resources.client(self.url, keys, service)
        made.meta.events.register("before-send", self._answer, unique_id="here")
        return made

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = [
            (name, value.decode() if isinstance(value, bytes) else value) for name, value in request.headers.items()
        ]
        answer = Client(self._moto).open(request.url, method=request.method, headers=headers, data=request.body)
        body = HTTPResponse(io.BytesIO(answer.data), preload_content=False)
        return AWSResponse(request.url, answer.status_code, HTTPHeaders.from_pairs(answer.headers), body)

    def restore(self) -> None:
        """Let clocks, users and queues be as they were made, and answer requests."""
        self._gate.restore()
        self.queues.create()

    def set_clock_offset(self, seconds: float) -> None:
        """Put AWS's clock ahead of the machine's; requests signed by the machine's clock may then be refused."""
        self._gate.clock_offset = timedelta(seconds=seconds)

    def set_late(self, user: str, seconds: float) -> None:
        """Put the clock of a user's machine behind; 0 puts it right."""
        self._gate.late[user] = timedelta(seconds=seconds)

    def cut_off(self) -> None:
        """Close every connection without an answer."""
        self._gate.open = False

    def _create_app(self, service: Any) -> Flask:  # noqa: ANN401 - one of hundreds of literals
        app = create_backend_app(service)
        if corrected := self._corrected.get(service):
            original = f"{corrected.__mro__[2].__name__}.dispatch"
            for endpoint in app.view_functions:
                if endpoint.startswith(original):
                    app.view_functions[endpoint] = convert_to_flask_response(corrected.dispatch)
        return app
