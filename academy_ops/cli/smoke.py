"""``smoke``: a few marked students through the real API to the end; where they don't arrive, the diagnosis of why."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Final

from academy_ops.cli import errors
from academy_ops.cli.change import interrupt_later, print_text
from academy_ops.cli.errors import RefusedError, needing
from academy_ops.cli.names import check_names
from academy_ops.cli.options import Common, with_any_output
from academy_ops.cli.outputs import write_document
from academy_ops.contract import R2_SETTINGS
from academy_ops.messages import Text, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from academy_ops.cli.runs import Run
    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.diagnosis.run import Observer
    from academy_ops.smoke.records import Result
    from academy_ops.smoke.run import Check

_EXIT_CODES: Final = {"passed": errors.HEALTHY, "failed": errors.FAULT, "undetermined": errors.UNDETERMINED}
_UPLOAD_SECONDS: Final = 30.0
_DIAGNOSIS_SECONDS: Final = 12.0
_TAKE_BACK_SECONDS: Final = 3.0
"""What of the whole time is kept for the diagnosis and for taking back; of a short time a part."""
_PATIENCE_SECONDS: Final = 10.0
"""For how long taking back may go on where there is time."""


@with_any_output
def smoke(common: Common) -> int:
    """Upload, follow, verify, take back; where that fails, diagnose."""
    from academy_ops.outside.clients import Connections
    from academy_ops.report.table import print_hop, print_smoke
    from academy_ops.smoke.judgement import left
    from academy_ops.smoke.records import Smoke
    from academy_ops.smoke.run import Check

    settings = common.settings(addresses=True)
    if settings.get("ACADEMY_API_URL") is None:
        raise RefusedError(say("ACADEMY_API_URL is not set, so nothing can be uploaded."), errors.UNDETERMINED)
    with needing("smoke"):
        from academy_ops.smoke.workbook import content
    workbook, on_table = content(), common.form is Output.TABLE
    ends_at, started_at = time.monotonic() + common.seconds, datetime.now(UTC)
    on_hop = partial(print_hop, common.console()) if on_table else lambda _hop, _ms: None
    check = Check(settings, Connections(settings), on_hop)
    with _taken_back(check, ends_at):
        result, summary, diagnosis = _go(common, check, workbook, ends_at)
    seen, elapsed_ms = check.seen, check.elapsed_ms()
    done = Smoke(started_at, elapsed_ms, result, summary, seen, left(seen), diagnosis, common.context_in_force)
    if on_table:
        print_smoke(common.console(), done)
    else:
        write_document(common, done)
    return _EXIT_CODES[done.result]


def _go(common: Common, check: Check, workbook: bytes, ends_at: float) -> tuple[Result, Text, Diagnosis | None]:
    """Go the whole way, and diagnose before anything is taken back: the job still waits where it stopped."""
    from academy_ops.smoke.judgement import final_result, judge
    from academy_ops.smoke.records import STUDENTS

    kept = min(_TAKE_BACK_SECONDS, common.seconds * 0.2)
    with interrupt_later(say("Waiting for the upload's response, to delete it again. Press Ctrl-C again to quit now.")):
        # Only the answer tells which job is to be taken back.
        check.upload(workbook, min(_UPLOAD_SECONDS, common.seconds / 2))
    if check.seen.job_id:
        check.follow(ends_at - kept - min(_DIAGNOSIS_SECONDS, common.seconds * 0.4))
    result, summary = judge(check.seen, len(STUDENTS))
    if result == "passed":
        return result, summary, None
    if common.form is Output.TABLE:
        out = common.console()
        print_text(out, summary, style="bold")
        out.print()
    diagnosis = _diagnose(common, check.seen.job_id, ends_at - kept - time.monotonic()).diagnosis
    return final_result(result, diagnosis), summary, diagnosis


def _diagnose(common: Common, job_id: str | None, seconds: float) -> Run:
    """Run every check, as ``diagnose`` does; on a terminal it is shown while it goes on."""
    from academy_ops.cli import runs
    from academy_ops.diagnosis.run import Observer
    from academy_ops.smoke.judgement import without_its_job

    bounded = replace(common, timeout=max(1.0, min(seconds, common.seconds)))
    # With the API's address and no more, there is no R2 to be judged.
    asked = [name for name in check_names() if name != "r2" or any(map(common.settings().get, R2_SETTINGS))]

    def make(observer: Observer) -> Run:
        run = runs.observe(bounded, job_id, asked, observer)
        return replace(run, diagnosis=without_its_job(run.diagnosis, common.command_prefix()))

    return runs.run_and_print(common, make) if common.form is Output.TABLE else make(Observer())


@contextmanager
def _taken_back(check: Check, ends_at: float) -> Iterator[None]:
    """Take the students back at the end of the block, also after Ctrl-C or SIGTERM.

    Raises:
        RefusedError: It was interrupted; the error says what has stayed behind.
    """
    from academy_ops.smoke.judgement import left

    def terminated(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        try:
            yield
        finally:
            if check.seen.job_id:
                now = time.monotonic()
                check.take_back(now + min(_PATIENCE_SECONDS, max(_TAKE_BACK_SECONDS, ends_at - now)))
    except KeyboardInterrupt:
        rest = left(check.seen) or say("Nothing was left behind.")
        raise RefusedError(say("Interrupted. {state}", state=rest), errors.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)
