"""A diagnosis or a smoke check as a document on stdout, and as what GitHub keeps of a step."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from academy_ops.cli.options import Common
from academy_ops.cli.streams import WorkflowOutput
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.messages import _, os_reason
from academy_ops.report import Output

if TYPE_CHECKING:
    from academy_ops.smoke.records import Smoke


def write_document(common: Common, result: Diagnosis | Smoke) -> None:
    """Write the document asked for to stdout, and nothing else; for GitHub the step's summary and outputs, too."""
    _begin_document()
    document = _document(common, common.form, result)
    sys.stdout.write(_escaped(document) if common.form is Output.JSON else document)
    if common.form is not Output.GITHUB:
        return
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), _document(common, Output.MARKDOWN, result))
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        status, cause = (
            (result.verdict.status, result.verdict.cause)
            if isinstance(result, Diagnosis)
            else (result.result, result.cause)
        )
        # Codes and ids: none of them can hold a line break.
        _append(Path(outputs), f"status={status}\ncause={cause or ''}\njob-id={result.job_id or ''}\n")


def write_structured(common: Common, document: object) -> None:
    """Write a document for a program to stdout: as YAML where that was asked for, else as JSON."""
    _begin_document()
    if common.form is Output.YAML:
        from academy_ops.report.yaml import text

        sys.stdout.write(text(document))
        return
    sys.stdout.write(_escaped(json.dumps(document, ensure_ascii=False, indent=2)) + "\n")


def _begin_document() -> None:
    """Write stdout in UTF-8, whatever the console's encoding is: the documents say so of themselves."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    if isinstance(sys.stdout, WorkflowOutput):
        sys.stdout.document = True


def _escaped(text: str) -> str:
    """Return JSON that says the same without ``##[``, which GitHub's runner obeys anywhere in a line."""
    return text.replace("##[", "#\\u0023[")


def _document(common: Common, output: Output, result: Diagnosis | Smoke) -> str:
    form, ops = output.load(), common.command_prefix()
    return form.render_diagnosis(result, ops) if isinstance(result, Diagnosis) else form.render_smoke(result, ops)


def _append(path: Path, text: str) -> None:
    """Append to a file of the step; the annotations say the same, so it may fail."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        typer.echo(_("Can't write {path}: {reason}.", path=str(path), reason=os_reason(error)), err=True)
