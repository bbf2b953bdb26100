"""``explain``, ``runbook``, ``config`` and ``iam-policy``: commands that print what is known without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import complete_causes, complete_sections, did_you_mean, live_names, valid_job_id
from academy_ops.cli.options import Common, with_common, with_text_only
from academy_ops.cli.outputs import write_structured
from academy_ops.messages import Text, _, current, say

if TYPE_CHECKING:
    from academy_ops.diagnosis.catalogue.cause import Cause

_SOURCES: Final[Mapping[str, Text]] = {
    "command line": say("command line"),
    "environment": say("environment"),
    "env file": say("env file"),
    "context": say("context"),
    "default": say("default"),
    "unset": say("unset"),
}


@with_common
def explain(
    common: Common,
    cause: Annotated[
        str | None,
        typer.Argument(
            metavar="[CAUSE]", help=_("The cause code."), show_default=False, autocompletion=complete_causes
        ),
    ] = None,
    job_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB_ID]", help=_("Fill in the commands with what is observed for this job."), show_default=False
        ),
    ] = None,
) -> int:
    """Print one cause, or the list of all."""
    from academy_ops.diagnosis.catalogue import CATALOGUE
    from academy_ops.report import explanation
    from academy_ops.report.shell import in_use

    if cause is None:
        if common.structured:
            write_structured(common, explanation.listing())
        else:
            explanation.print_all(common.console())
        return errors.HEALTHY
    row = CATALOGUE.get(cause) or CATALOGUE.get(_code_of(cause))
    if row is None:
        problem = say("No such cause: {cause!r}.", cause=cause)
        raise RefusedError(did_you_mean(problem, cause, CATALOGUE, say("List them: academy-ops explain")))
    names = live_names(common.settings(), common.command_prefix(), valid_job_id(job_id))
    if job_id:
        names = {**names, **_observed(common, job_id, row)}
    if common.structured:
        write_structured(common, explanation.document(row, names))
    else:
        explanation.print_cause(common.console(), row, names, in_use())
    return errors.HEALTHY


def _code_of(name: str) -> str:
    """Return the cause that is meant by a fault of the lab or by an alias of one; any other name as it is."""
    try:
        from academy_ops.lab.faults import ALIASES
    except ImportError:
        return name
    return ALIASES.get(name, name).partition("/")[0]


def _observed(common: Common, job_id: str, row: Cause) -> Mapping[str, str]:
    """Return what a look at the cause's step tells for the placeholders of its commands."""
    from academy_ops.cli.runs import observe
    from academy_ops.diagnosis.run import Observer
    from checks import RUNBOOK

    asked = [check.name for check in RUNBOOK if check.section == row.section]
    findings = observe(common, job_id, asked, Observer()).diagnosis.findings
    # What belongs to this very cause counts most.
    ordered = sorted(findings, key=lambda finding: finding.cause == row.code)
    return {name: value for finding in ordered for name, value in finding.evidence.items() if isinstance(value, str)}


@with_text_only
def runbook(
    common: Common,
    section: Annotated[
        str | None,
        typer.Argument(
            metavar="[SECTION]",
            help=_("A section's number or its check's name."),
            show_default=False,
            autocompletion=complete_sections,
        ),
    ] = None,
) -> int:
    """Print the runbook, or one section of it."""
    from academy_ops.report import runbook as pages
    from academy_ops.report.manual import show

    whole = pages.text(current())
    if section is None:
        show(common.console(), whole)
        return errors.HEALTHY
    known = pages.sections(whole)
    found = next((page for number, page in known.items() if section in {number, page.check}), None)
    if found is None or not section:
        there = ", ".join(f"{number} ({page.check})" if page.check else number for number, page in known.items())
        raise RefusedError(say("There is no section {section!r}. Choose from: {there}.", section=section, there=there))
    show(common.console(), found.text)
    return errors.HEALTHY


@with_common
def config(
    common: Common,
    contexts: Annotated[bool, typer.Option("--contexts", help=_("List the contexts, and the one in force."))] = False,
) -> int:
    """Print the settings, or the contexts."""
    if contexts:
        return _contexts(common)
    from rich.table import Table
    from rich.text import Text as Line

    from academy_ops.report.settings import settings_document, shown_settings

    settings = common.settings()
    rows = shown_settings(settings)
    if common.structured:
        write_structured(common, settings_document(rows))
        return errors.HEALTHY
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for row in rows:
        style = "" if row.source in {"command line", "environment", "env file", "context"} else "dim"
        cells = (row.name, "-" if row.value is None else row.value, str(_SOURCES[row.source]))
        table.add_row(*(Line(cell, style) for cell in cells))
    out = common.console()
    out.print(table)
    if settings.env_file is not None:
        out.print(Line(_("env file: {path}", path=str(settings.env_file)), "dim"))
    return errors.HEALTHY


def _contexts(common: Common) -> int:
    from rich.table import Table
    from rich.text import Text as Line

    from academy_ops.settings.contexts import EXAMPLE, config_file, read_contexts

    in_force = common.settings().context
    known = read_contexts()
    if common.structured:
        rows = [
            {
                "name": context.name,
                "in_force": context.name == in_force,
                "env_file": str(context.env_file) if context.env_file else None,
                "tier": context.tier,
                "settings": sorted(context.values),
            }
            for context in known.values()
        ]
        write_structured(common, {"file": str(config_file()), "contexts": rows})
        return errors.HEALTHY
    out = common.console()
    table = Table.grid(padding=(0, 2))
    for _column in range(4):
        table.add_column(overflow="fold")
    for context in known.values():
        mark = "*" if context.name == in_force else " "
        table.add_row(mark, context.name, Line(str(context.env_file or "")), ", ".join(sorted(context.values)))
    if known:
        out.print(table)
    else:
        out.print(_("There are no contexts yet. Example:"))
        out.print(f"  {EXAMPLE}", soft_wrap=True, highlight=False)
    out.print(Line(_("contexts: {path}", path=str(config_file())), "dim"), soft_wrap=True)
    return errors.HEALTHY


@with_common
def iam_policy(
    common: Common,
    with_actions: Annotated[
        bool,
        typer.Option(
            "--with-actions", help=_("Include what scale-worker, worker-env, queue create and diagnose --fix need.")
        ),
    ] = False,
) -> int:
    """Print the policy; it is JSON in every form of the output."""
    from academy_ops.outside.permissions import policy
    from academy_ops.remedies.permissions import GRANTS
    from checks import RUNBOOK

    grants = [grant for check in RUNBOOK for grant in check.grants]
    write_structured(common, policy(common.settings(), [*grants, *(GRANTS if with_actions else ())]))
    return errors.HEALTHY


def help_(
    called: typer.Context,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND]", help=_("The command."), show_default=False)
    ] = None,
    man: Annotated[bool, typer.Option("--man", help=_("Print all help as one man page (roff)."))] = False,
) -> int:
    """Print the help of a command, of all commands, or the man page."""
    from academy_ops.cli.help import man_page

    here = called.find_root()
    if man:
        typer.echo(man_page(here.command, here), nl=False)
        return errors.HEALTHY
    for name in command or ():
        known = getattr(here.command, "commands", {})
        if name not in known:
            raise RefusedError(did_you_mean(say("No such command: {name!r}.", name=name), name, list(known)))
        here = type(here)(known[name], info_name=name, parent=here)
    typer.echo(here.command.get_help(here))
    return errors.HEALTHY
