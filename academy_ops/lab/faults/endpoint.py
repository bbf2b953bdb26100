"""Faults of R2 and of nginx."""

from __future__ import annotations

import signal
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from academy_ops.lab.ageing import nobody_writing
from academy_ops.lab.faults.fault import Fault
from academy_ops.lab.processes import free_ports
from academy_ops.lab.storage import new_keys
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_WEB_SITE: Final = "default_type text/html; return 200 '<!DOCTYPE html><title>Academy</title><div id=root></div>';"
_TOO_MANY: Final = (
    "default_type application/json; add_header Retry-After 30 always; "
    """return 429 '{"detail": "요청이 너무 많습니다. 30초 후에 다시 시도해 주세요."}';"""
)


def _hide_bucket(lab: Lab) -> None:
    lab.storage.hide_bucket()


def _change_r2_keys(lab: Lab) -> None:
    lab.storage.accept_only(new_keys())


def _deny_bucket(lab: Lab) -> None:
    lab.storage.refuse(HTTPStatus.FORBIDDEN, "AccessDenied")


def _fail_r2(lab: Lab) -> None:
    lab.storage.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError")


def _stop_r2(lab: Lab) -> None:
    lab.storage.stop()


def _freeze_api(lab: Lab) -> None:
    with nobody_writing(lab):
        lab.api.send_signal(signal.SIGSTOP)
    lab.origin.start(read_seconds=2)
    lab.origin.wait_ready()


def _misroute(lab: Lab) -> None:
    lab.origin.start(upstream=free_ports(1)[0])
    lab.origin.wait_ready()


def _answer_itself(rule: str, lab: Lab) -> None:
    lab.origin.start(rule=rule)
    lab.origin.wait_ready()


FAULTS: Final = (
    Fault("r2-bucket-missing", say("The R2 bucket is gone."), _hide_bucket),
    Fault("r2-credentials-rejected", say("R2 accepts other keys than the API's."), _change_r2_keys),
    Fault("r2-access-denied", say("R2's token is for another bucket."), _deny_bucket),
    Fault("r2-server-error", say("R2 answers with an internal error."), _fail_r2),
    Fault("r2-endpoint-unreachable", say("R2 does not answer."), _stop_r2),
    Fault("proxy-misrouted", say("nginx points at a wrong port; the API runs."), _misroute),
    Fault("gateway-timeout", say("The API's process hangs; nginx gives up waiting."), _freeze_api),
    Fault("api-throttled", say("nginx refuses every request as one too many."), partial(_answer_itself, _TOO_MANY)),
    Fault(
        "api-throttled/page", say("nginx limits the rate with its own page."), partial(_answer_itself, "return 429;")
    ),
    Fault("api-not-json", say("nginx serves the web site in the API's place."), partial(_answer_itself, _WEB_SITE)),
)
