"""A diagnosis as a document on stdout, and as what GitHub keeps of a step."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from academy_ops.cli.options import Common, Output
from academy_ops.messages import _, os_reason

if TYPE_CHECKING:
    from academy_ops.diagnosis.records import Diagnosis


def write_document(common: Common, diagnosis: Diagnosis) -> None:
    """Write the document asked for to stdout, and nothing else; for GitHub the step's summary and outputs, too."""
    ops, verdict = common.command_prefix(), diagnosis.verdict
    told = {"status": verdict.status, "cause": verdict.cause, "job-id": diagnosis.job_id}
    write_in_form(common.form, lambda form: _document(form, diagnosis, ops), told)


def write_in_form(form: Output, rendered: Callable[[Output], str], told: Mapping[str, str | None]) -> None:
    """Write a document to stdout, and nothing else; for GitHub the step's summary and outputs, too.

    Args:
        form: The form asked for.
        rendered: Returns the document in a form.
        told: The step's outputs; codes and ids, which can't hold a line break.
    """
    _in_utf_8()
    sys.stdout.write(rendered(form))
    if form is not Output.GITHUB:
        return
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), rendered(Output.MARKDOWN))
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        _append(Path(outputs), "".join(f"{name}={value or ''}\n" for name, value in told.items()))


def write_json(document: object) -> None:
    """Write a JSON document to stdout."""
    _in_utf_8()
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _in_utf_8() -> None:
    """Write stdout in UTF-8, whatever the console's encoding is: the documents say so of themselves."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def _document(form: Output, diagnosis: Diagnosis, ops: str) -> str:
    from academy_ops.report import document, github, html, junit, markdown

    match form:
        case Output.JUNIT:
            return junit.as_text(diagnosis)
        case Output.MARKDOWN:
            return markdown.as_text(diagnosis, ops)
        case Output.GITHUB:
            return github.as_text(diagnosis, ops)
        case Output.HTML:
            return html.as_text(diagnosis, ops)
        case _:
            return document.as_text(diagnosis)


def _append(path: Path, text: str) -> None:
    """Append to a file of the step; the annotations say the same, so it may fail."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        typer.echo(_("Can't write {path}: {reason}.", path=str(path), reason=os_reason(error)), err=True)
