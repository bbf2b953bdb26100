"""Faults of the API's process and of its database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from academy_ops.lab.ageing import execute
from academy_ops.lab.faults.fault import Fault
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

NO_DATABASE: Final = "postgresql://academy@127.0.0.1:1/academy?connect_timeout=2"
_OTHER_HOST: Final = "api.academy.example"
_COLUMN: Final = "progress"
_OLD_COLUMN: Final = "progress_before_migration"


def _stop_api(lab: Lab) -> None:
    lab.api.stop()


def _lose_database(lab: Lab) -> None:
    lab.api.stop()
    lab.api.start(DATABASE_URL=NO_DATABASE)
    lab.api.wait_ready(lab.api.listening)


def _lose_column(lab: Lab) -> None:
    _rename(lab, _COLUMN, _OLD_COLUMN)


def restore_schema(lab: Lab) -> None:
    """Give the jobs back the column that `_lose_column` has taken."""
    _rename(lab, _OLD_COLUMN, _COLUMN)


def _revoke_token(lab: Lab) -> None:
    execute(lab, "DELETE FROM api_token")


def _expect_other_host(lab: Lab) -> None:
    lab.api.stop()
    lab.api.start(ALLOWED_HOSTS=_OTHER_HOST)
    lab.api.wait_ready(lab.api.listening)


def _rename(lab: Lab, before: str, after: str) -> None:
    """Rename a column of the jobs, where it is there."""
    columns = execute(lab, "SELECT name FROM pragma_table_info('job')")
    if (before,) in columns:
        execute(lab, f"ALTER TABLE job RENAME COLUMN {before} TO {after}")


FAULTS: Final = (
    Fault("proxy-upstream-down", say("The API's process is stopped; nginx runs."), _stop_api),
    Fault("api-database-down", say("The API's database does not answer."), _lose_database),
    Fault("api-error", say("The API's database lacks a column that its release needs."), _lose_column),
    Fault("api-auth-rejected", say("The token is revoked in the API's database."), _revoke_token),
    Fault("api-host-rejected", say("The API is set up to answer for another host name only."), _expect_other_host),
)
