"""Faults of the edge, and of its way to the origin."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from academy_ops.lab.ageing import nobody_writing
from academy_ops.lab.faults.fault import Fault
from academy_ops.lab.processes import FilteredPort
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_OTHER_NAME: Final = "www.academy.example"
_UNROUTABLE: Final = "255.255.255.255:80"
_SHORT_SECONDS: Final = 2.0
_TO_HTTPS: Final = "return 301 https://$http_host$request_uri;"
_NO_ANSWER: Final = "return 444;"
"""nginx closes the connection without an answer."""


def _stop_edge(lab: Lab) -> None:
    lab.edge.stop()


def _filter_edge(lab: Lab) -> None:
    lab.edge.stop()
    lab.filtered.append(FilteredPort(lab.edge.port))


def _show_other_name(lab: Lab) -> None:
    lab.edge.start(name=_OTHER_NAME)


def _show_expired(lab: Lab) -> None:
    lab.edge.start(expires=datetime.now(UTC) - timedelta(days=1))


def _stop_origin(lab: Lab) -> None:
    lab.origin.service.stop()


def _filter_origin(lab: Lab) -> None:
    lab.origin.service.stop()
    lab.filtered.append(FilteredPort(lab.origin.service.port))


def _freeze_api(lab: Lab) -> None:
    with nobody_writing(lab):
        lab.api.send_signal(signal.SIGSTOP)
    lab.edge.change(response_seconds=_SHORT_SECONDS)


def _expect_tls(lab: Lab) -> None:
    lab.edge.change(ssl_mode="full")


def _distrust_origin(lab: Lab) -> None:
    lab.origin.start(certificate=lab.edge.untrusted_certificate())
    lab.origin.wait_ready()
    lab.edge.change(ssl_mode="strict")


def _guard(guard: Literal["challenge", "block", "limit"], lab: Lab) -> None:
    lab.edge.change(guard=guard)


def _lose_route(lab: Lab) -> None:
    lab.edge.change(origin=_UNROUTABLE)


def _rule(rule: str, lab: Lab) -> None:
    lab.origin.start(rule=rule)
    lab.origin.wait_ready()


FAULTS: Final = (
    Fault("endpoint-refused", say("The edge is stopped; nothing listens at the API's address."), _stop_edge),
    Fault("endpoint-timeout", say("The API's address takes no connection and refuses none."), _filter_edge),
    Fault("endpoint-tls", say("The edge shows a certificate for another name."), _show_other_name),
    Fault("endpoint-tls/expired", say("The edge's certificate has expired."), _show_expired),
    Fault("edge-origin-down", say("nginx is stopped; the edge finds its port closed."), _stop_origin),
    Fault("edge-origin-timeout", say("A firewall drops what the edge sends to nginx."), _filter_origin),
    Fault("edge-origin-timeout/response", say("The API's process hangs; the edge gives up waiting."), _freeze_api),
    Fault("edge-tls-mode", say("The edge's SSL mode is Full; nginx has no TLS."), _expect_tls),
    Fault(
        "edge-tls-mode/certificate",
        say("The edge's SSL mode is Full (strict); nginx has a certificate that nobody knows."),
        _distrust_origin,
    ),
    Fault("edge-blocked", say("A security rule of the edge challenges every request."), partial(_guard, "challenge")),
    Fault("edge-blocked/rule", say("A security rule of the edge blocks every request."), partial(_guard, "block")),
    Fault("api-throttled/edge", say("A rule of the edge limits the rate of requests."), partial(_guard, "limit")),
    Fault("edge-error", say("nginx closes every connection without an answer."), partial(_rule, _NO_ANSWER)),
    Fault("edge-error/unreachable", say("The edge has no route to the origin."), _lose_route),
    Fault("redirect-loop", say("nginx redirects http to https; the edge comes by http."), partial(_rule, _TO_HTTPS)),
)
