"""Faults of R2, of nginx and of the API's process."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from academy_ops.lab.faults.fault import Fault
from academy_ops.lab.processes import free_ports
from academy_ops.lab.storage import new_keys
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

NO_DATABASE: Final = "postgresql://academy@127.0.0.1:1/academy?connect_timeout=2"


def _hide_bucket(lab: Lab) -> None:
    lab.storage.hide_bucket()


def _change_r2_keys(lab: Lab) -> None:
    lab.storage.accept_only(new_keys())


def _stop_r2(lab: Lab) -> None:
    lab.storage.service.stop()


def _stop_api(lab: Lab) -> None:
    lab.api.stop()


def _freeze_api(lab: Lab) -> None:
    lab.api.send_signal(signal.SIGSTOP)
    lab.origin.start(read_seconds=2)
    lab.origin.wait_ready()


def _lose_database(lab: Lab) -> None:
    lab.api.stop()
    lab.api.start(DATABASE_URL=NO_DATABASE)
    lab.api.wait_ready(lab.api.listening)


def _misroute(lab: Lab) -> None:
    lab.origin.start(upstream=free_ports(1)[0])
    lab.origin.wait_ready()


def _stop_nginx(lab: Lab) -> None:
    lab.origin.service.stop()


FAULTS: Final = (
    Fault("r2-bucket-missing", say("The R2 bucket is gone."), _hide_bucket),
    Fault("r2-credentials-rejected", say("R2 accepts other keys than the API's."), _change_r2_keys),
    Fault("r2-endpoint-unreachable", say("R2 does not answer."), _stop_r2),
    Fault("proxy-upstream-down", say("The API's process is stopped; nginx runs."), _stop_api),
    Fault("proxy-misrouted", say("nginx points at a wrong port; the API runs."), _misroute),
    Fault("gateway-timeout", say("The API's process hangs; nginx gives up waiting."), _freeze_api),
    Fault("api-database-down", say("The API's database does not answer."), _lose_database),
    Fault("endpoint-refused", say("nginx is stopped; nothing listens there."), _stop_nginx),
)
