"""Faults between a browser and the job: the edge, nginx, the API's process and database, R2."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from academy_ops.lab.faults.fault import Fault, execute, nobody_writing
from academy_ops.lab.processes import FilteredPort, free_ports
from academy_ops.lab.storage import new_keys
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

NO_DATABASE: Final = "postgresql://academy@127.0.0.1:1/academy?connect_timeout=2"
_UNROUTABLE: Final = "255.255.255.255:80"
_TO_HTTPS: Final = "return 301 https://$http_host$request_uri;"
_NO_ANSWER: Final = "return 444;"
"""nginx closes the connection without an answer."""
_WEB_SITE: Final = "default_type text/html; return 200 '<!DOCTYPE html><title>Academy</title><div id=root></div>';"
_TOO_MANY: Final = (
    "default_type application/json; add_header Retry-After 30 always; "
    """return 429 '{"detail": "요청이 너무 많습니다. 30초 후에 다시 시도해 주세요."}';"""
)
_COLUMN: Final = "progress"
_OLD_COLUMN: Final = "progress_before_migration"


def _filter_edge(lab: Lab) -> None:
    lab.edge.stop()
    lab.filtered.append(FilteredPort(lab.edge.port))


def _filter_origin(lab: Lab) -> None:
    lab.origin.service.stop()
    lab.filtered.append(FilteredPort(lab.origin.service.port))


def _freeze_api(lab: Lab) -> None:
    with nobody_writing(lab):
        lab.api.send_signal(signal.SIGSTOP)


def _time_out_at_edge(lab: Lab) -> None:
    _freeze_api(lab)
    lab.edge.change(response_seconds=2.0)


def _time_out_at_origin(lab: Lab) -> None:
    _freeze_api(lab)
    lab.origin.change(read_seconds=2)


def _time_out_at_balancer(lab: Lab) -> None:
    _freeze_api(lab)
    lab.edge.change(front="awselb", response_seconds=2.0, origin=lab.state.app_url.removeprefix("http://"))


def _distrust_origin(lab: Lab) -> None:
    lab.origin.change(certificate=lab.edge.untrusted_certificate())
    lab.edge.change(ssl_mode="strict")


def _edge(**changed: object) -> Callable[[Lab], None]:
    return lambda lab: lab.edge.change(**changed)


def _nginx(**changed: object) -> Callable[[Lab], None]:
    return lambda lab: lab.origin.change(**changed)


def _restart_api(env: Mapping[str, str], lab: Lab) -> None:
    lab.api.stop()
    lab.api.start(**env)
    lab.api.wait_ready(lab.api.listening)


def _revoke_token(lab: Lab) -> None:
    execute(lab, "DELETE FROM api_token")


def restore_schema(lab: Lab) -> None:
    """Give the jobs back the column that ``api-error`` has renamed."""
    _rename(lab, _OLD_COLUMN, _COLUMN)


def _rename(lab: Lab, before: str, after: str) -> None:
    """Rename a column of the jobs, where it is there."""
    columns = execute(lab, "SELECT name FROM pragma_table_info('job')")
    if (before,) in columns:
        execute(lab, f"ALTER TABLE job RENAME COLUMN {before} TO {after}")


FAULTS: Final = (
    Fault(
        "endpoint-refused",
        say("The edge is stopped; nothing listens at the API's address."),
        lambda lab: lab.edge.stop(),
    ),
    Fault("endpoint-timeout", say("The API's address neither accepts nor refuses connections."), _filter_edge),
    Fault(
        "endpoint-tls",
        say("The edge shows a certificate for another name."),
        lambda lab: lab.edge.start(name="www.academy.example"),
    ),
    Fault(
        "endpoint-tls/expired",
        say("The edge's certificate has expired."),
        lambda lab: lab.edge.start(expires=datetime.now(UTC) - timedelta(days=1)),
    ),
    Fault(
        "edge-origin-down",
        say("nginx is stopped; the edge finds its port closed."),
        lambda lab: lab.origin.service.stop(),
    ),
    Fault("edge-origin-timeout", say("A firewall drops what the edge sends to nginx."), _filter_origin),
    Fault(
        "edge-origin-timeout/response", say("The API's process hangs; the edge gives up waiting."), _time_out_at_edge
    ),
    Fault("edge-tls-mode", say("The edge's SSL mode is Full; nginx has no TLS."), _edge(ssl_mode="full")),
    Fault(
        "edge-tls-mode/certificate",
        say("The edge's SSL mode is Full (strict); nginx has a certificate of an unknown CA."),
        _distrust_origin,
    ),
    Fault("edge-blocked", say("A security rule of the edge challenges every request."), _edge(guard="challenge")),
    Fault("edge-blocked/rule", say("A security rule of the edge blocks every request."), _edge(guard="block")),
    Fault("api-throttled/edge", say("A rule of the edge limits the rate of requests."), _edge(guard="limit")),
    Fault("edge-error", say("nginx closes every connection without an answer."), _nginx(rule=_NO_ANSWER)),
    Fault("edge-error/unreachable", say("The edge has no route to the origin."), _edge(origin=_UNROUTABLE)),
    Fault("redirect-loop", say("nginx redirects http to https; the edge comes by http."), _nginx(rule=_TO_HTTPS)),
    Fault("r2-bucket-missing", say("The R2 bucket is gone."), lambda lab: lab.storage.hide_bucket()),
    Fault(
        "r2-credentials-rejected",
        say("R2 accepts other keys than the API's."),
        lambda lab: lab.storage.accept_only(new_keys()),
    ),
    Fault(
        "r2-access-denied",
        say("R2's token is for another bucket."),
        lambda lab: lab.storage.refuse(HTTPStatus.FORBIDDEN, "AccessDenied"),
    ),
    Fault(
        "r2-server-error",
        say("R2 answers with an internal error."),
        lambda lab: lab.storage.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError"),
    ),
    Fault("r2-endpoint-unreachable", say("R2 does not answer."), lambda lab: lab.storage.stop()),
    Fault(
        "proxy-misrouted",
        say("nginx points at a wrong port; the API runs."),
        lambda lab: lab.origin.change(upstream=free_ports(1)[0]),
    ),
    Fault("gateway-timeout", say("The API's process hangs; nginx gives up waiting."), _time_out_at_origin),
    Fault("api-throttled", say("nginx refuses every request as one too many."), _nginx(rule=_TOO_MANY)),
    Fault("api-throttled/page", say("nginx limits the rate with its own page."), _nginx(rule="return 429;")),
    Fault("api-not-json", say("nginx serves the web site in the API's place."), _nginx(rule=_WEB_SITE)),
    Fault(
        "proxy-upstream-down/load-balancer",
        say("A load balancer stands in the edge's place, and has no target."),
        lambda lab: lab.edge.change(front="awselb", targets=False),
    ),
    Fault(
        "gateway-timeout/load-balancer",
        say("A load balancer stands in the edge's place; the API's process hangs."),
        _time_out_at_balancer,
    ),
    Fault("proxy-upstream-down", say("The API's process is stopped; nginx runs."), lambda lab: lab.api.stop()),
    Fault(
        "api-database-down",
        say("The API's database does not answer."),
        partial(_restart_api, {"DATABASE_URL": NO_DATABASE}),
    ),
    Fault(
        "api-error",
        say("The API's database lacks a column that its release needs."),
        lambda lab: _rename(lab, _COLUMN, _OLD_COLUMN),
    ),
    Fault("api-auth-rejected", say("The token is revoked in the API's database."), _revoke_token),
    Fault(
        "api-host-rejected",
        say("The API is set up to answer for another host name only."),
        partial(_restart_api, {"ALLOWED_HOSTS": "api.academy.example"}),
    ),
)
