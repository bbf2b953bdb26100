"""``bundle``: the evidence as one archive, to attach to a ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli.diagnose import From, check_names, exit_code, run_and_print
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.job_id import JobId
from academy_ops.cli.options import Common, with_any_output
from academy_ops.messages import _, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from academy_ops.cli.runs import Run
    from academy_ops.diagnosis.run import Observer

HELP: Final = _("Diagnose, and write the evidence, without secrets, as one archive to attach to a ticket.")


@with_any_output
def bundle(
    common: Common,
    job_id: JobId = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="PATH", help=_("Write it to this file or folder (default: the current folder).")),
    ] = None,
    from_: From = None,
) -> int:
    """Run every check, print the verdict, and write the archive."""
    from academy_ops.cli import runs
    from academy_ops.cli.files import writable, write
    from academy_ops.diagnosis.evidence import EvidenceError
    from academy_ops.report import bundle as archive
    from checks import Case

    path = Path() if to is None else to
    writable(path / "academy-ops.zip" if path.is_dir() else path)
    evidence = runs.load(from_, job_id) if from_ is not None else None

    def make(observer: Observer) -> Run:
        if evidence is not None:
            return runs.judge_again(evidence, evidence.asked, observer)
        return runs.observe(common, job_id, check_names(), observer)

    def keep(run: Run) -> None:
        file = writable(path / archive.file_name(run.diagnosis) if path.is_dir() else path)
        try:
            content, count = archive.bundle(run.evidence, Case, run.diagnosis, run.secrets)
        except EvidenceError as error:
            raise RefusedError(say("The evidence can't be saved: {reason}.", reason=error.message)) from error
        write(file, content)
        # With any form but the table, stdout holds the document and nothing else.
        told = _("Wrote {path}; {count} values are masked in it.", path=str(file), count=count)
        typer.echo(told, err=common.form is not Output.TABLE)

    return exit_code(run_and_print(common, make, keep).diagnosis)
