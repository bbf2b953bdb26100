"""``smoke``: a few marked students through the real API to the end; where they don't arrive, the diagnosis of why."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Final

from academy_ops.cli import errors
from academy_ops.cli.diagnose import check_names, console, run_and_print
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, Output, with_any_output
from academy_ops.messages import Text, _, say

if TYPE_CHECKING:
    from academy_ops.cli.runs import Run
    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.settings import Settings
    from academy_ops.smoke.records import Hop, Result, Smoke
    from academy_ops.smoke.run import Check

HELP: Final = _("Send a few marked students the whole way through the real API, as CI does; diagnose where they stop.")
_EXIT_CODES: Final = {"passed": errors.HEALTHY, "failed": errors.FAULT, "undetermined": errors.UNDETERMINED}
_R2: Final = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")
_STYLES: Final = {"passed": "bold green", "failed": "bold red", "undetermined": "bold magenta"}
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
    from academy_ops.smoke.run import Check

    if common.form is Output.HTML:
        raise RefusedError(say("smoke has no output html; it has table, json, junit, markdown, github."))
    settings, workbook = _settings(common), _workbook()
    ends_at, started_at = time.monotonic() + common.seconds, datetime.now(UTC)
    check = Check(settings, Connections(settings), _teller(common))
    with _taken_back(check, ends_at):
        result, summary, diagnosis = _go(common, check, workbook, ends_at)
    done = _over(check, started_at, result, summary, diagnosis)
    if common.form is Output.TABLE:
        _print_end(common, done)
    else:
        _write(common, done)
    return _EXIT_CODES[done.result]


def _settings(common: Common) -> Settings:
    settings = common.settings(addresses=True)
    if settings.get("ACADEMY_API_URL") is None:
        raise RefusedError(say("ACADEMY_API_URL is not set, so nothing can be uploaded."), errors.UNDETERMINED)
    return settings


def _workbook() -> bytes:
    try:
        from academy_ops.smoke.workbook import content
    except ImportError as error:
        raise RefusedError(
            say(
                "This command needs the extra 'smoke' (package {package} is missing). Install it: "
                "pip install 'academy-ops[smoke]'",
                package=error.name or "?",
            )
        ) from error
    return content()


def _go(common: Common, check: Check, workbook: bytes, ends_at: float) -> tuple[Result, Text, Diagnosis | None]:
    """Go the whole way, and diagnose before anything is taken back: the job still waits where it stopped."""
    from academy_ops.cli.change import tell, to_its_end
    from academy_ops.smoke.judgement import judge, settled
    from academy_ops.smoke.marked import STUDENTS

    kept = min(_TAKE_BACK_SECONDS, common.seconds * 0.2)
    with to_its_end():
        # Only the answer tells which job is to be taken back.
        check.upload(workbook, min(_UPLOAD_SECONDS, common.seconds / 2))
    if check.seen.job_id:
        check.follow(ends_at - kept - min(_DIAGNOSIS_SECONDS, common.seconds * 0.4))
    result, summary = judge(check.seen, len(STUDENTS))
    if result == "passed":
        return result, summary, None
    if common.form is Output.TABLE:
        out = console(common)
        tell(out, summary, style="bold")
        out.print()
    diagnosis = _diagnose(common, check.seen.job_id, ends_at - kept - time.monotonic()).diagnosis
    return settled(result, diagnosis), summary, diagnosis


def _diagnose(common: Common, job_id: str | None, seconds: float) -> Run:
    """Run every check, as ``diagnose`` does; on a terminal it is shown while it goes on."""
    from academy_ops.cli import runs
    from academy_ops.diagnosis.run import NullObserver

    bounded = replace(common, timeout=max(1.0, min(seconds, common.seconds)))
    # Where it is given the API's address and no more, it can't judge an R2 that nobody told it of.
    asked = [name for name in check_names() if name != "r2" or any(map(common.settings().get, _R2))]
    if common.form is Output.TABLE:
        return run_and_print(common, lambda observer: runs.observe(bounded, job_id, asked, observer))
    return runs.observe(bounded, job_id, asked, NullObserver())


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


def _over(check: Check, started_at: datetime, result: Result, summary: Text, diagnosis: Diagnosis | None) -> Smoke:
    from academy_ops.smoke.judgement import left
    from academy_ops.smoke.records import Smoke

    seen = check.seen
    return Smoke(started_at, check.elapsed_ms(), result, summary, seen, left(seen), diagnosis)


def _teller(common: Common) -> Callable[[Hop, int], None]:
    """Return what shows people each hop when it is reached."""
    from academy_ops.smoke.records import HOPS

    if common.form is not Output.TABLE:
        return lambda _hop, _ms: None
    out = console(common)
    return lambda hop, ms: out.print(_("{seconds} s", seconds=f"{ms / 1000:5.1f}") + f"  {HOPS[hop]}")


def _print_end(common: Common, done: Smoke) -> None:
    from rich.text import Text as Line

    from academy_ops.cli.change import tell
    from academy_ops.report.smoke import TITLES, cause

    out = console(common)
    if done.result == "passed":
        tell(out, done.summary)
    if done.left:
        tell(out, done.left)
    head = Line(str(TITLES[done.result]), f"{_STYLES[done.result]} reverse")
    if code := cause(done):
        head.append("").append(f"  {code}", "bold")
    out.print(head)


def _write(common: Common, done: Smoke) -> None:
    from academy_ops.cli.outputs import write_in_form
    from academy_ops.report import smoke as report

    ops = common.command_prefix()

    def rendered(form: Output) -> str:
        match form:
            case Output.JUNIT:
                return report.as_junit(done)
            case Output.MARKDOWN:
                return report.as_markdown(done, ops)
            case Output.GITHUB:
                return report.as_github(done, ops)
            case _:
                return report.as_json(done)

    told = {"status": done.result, "cause": report.cause(done), "job-id": done.seen.job_id}
    write_in_form(common.form, rendered, told)
