"""``worker-env``: the workers' parameter beside the API's settings, and how it is changed.

A value is neither printed nor logged. It comes from the command line, a prompt without echo, standard input, the API's
settings or an editor, whose file is private and is gone when the command ends.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import change, editor, errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import nearest
from academy_ops.cli.options import Common, DryRun, InterruptJobs, Yes, with_common
from academy_ops.cli.outputs import write_structured
from academy_ops.cli.streams import ask, on_terminal
from academy_ops.contract import SHARED_SETTINGS
from academy_ops.messages import Text, _, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.outside.clients import Target
    from academy_ops.remedies.parameter_text import Stored
    from academy_ops.remedies.plan import Plan
    from academy_ops.remedies.worker_env import Row
    from academy_ops.settings import Settings

_SCHEMA: Final = "academy-ops/worker-env/1"
_ASKED: Final = "-"
_SECRET_WORDS: Final = ("KEY", "SECRET", "TOKEN", "PASSW", "CREDENTIAL", "DATABASE_URL", "REDIS_URL", "DSN")


@with_common
def worker_env(
    common: Common,
    words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=_("Set a value. NAME=- prompts for it without showing it, or reads it from standard input."),
        ),
    ] = None,
    from_api: Annotated[
        list[str] | None,
        typer.Option(
            "--from-api",
            metavar="NAME",
            help=_("Use the API's value."),
            autocompletion=lambda: SHARED_SETTINGS,
        ),
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help=_("Open it in an editor, as NAME=value lines."))] = False,
    replace_instances: Annotated[
        bool, typer.Option("--replace", help=_("Then replace the instances, so that new workers boot with it."))
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    interrupt_jobs: InterruptJobs = False,
) -> int:
    """List it; or plan, ask, write, read back, and offer to replace the instances."""
    from academy_ops.remedies import parameter_text
    from academy_ops.remedies import worker_env as remedy

    changes = bool(values or from_api or edit)
    _refuse(common, bool(words), changes=changes or replace_instances, edit=edit and bool(values or from_api))
    settings = common.settings()
    with change.changing(common, settings) as work:
        wanted = _wanted(settings, values or (), from_api or ())
        stored = remedy.look(work.target())
        if not changes and not replace_instances:
            return _list(common, stored, settings)
        for name in wanted:
            _refuse_mistyped(name, stored)
        _note_what_the_shell_keeps(values or ())
        planned: Plan | None = None
        if edit:
            planned = _edited(work.target(), stored)
        elif wanted:
            planned = remedy.plan(work.target(), stored, parameter_text.with_values(stored, wanted))
        if planned and planned.nothing_to_do:
            work.print(planned.nothing_to_do)
        elif planned:
            if not work.is_agreed(planned, dry_run=dry_run, yes=yes):
                return errors.HEALTHY
            work.apply(planned)
            end = work.follow(planned)
            if end != "reached":
                return change.EXIT_CODES[end]
        return _replace_instances(
            work,
            common,
            alone=not changes,
            asked=replace_instances,
            dry_run=dry_run,
            yes=yes,
            interrupt_jobs=interrupt_jobs,
        )


def _replace_instances(
    work: change.Change, common: Common, *, alone: bool, asked: bool, dry_run: bool, yes: bool, interrupt_jobs: bool
) -> int:
    """Offer to replace the instances, as was ``asked`` for or after a change; return the exit code."""
    planned = _replacement(work, asked=asked)
    if planned is None:
        return errors.FAULT if asked else errors.HEALTHY
    if planned.nothing_to_do:
        work.print(planned.nothing_to_do)
        return errors.HEALTHY
    agreed = False
    if asked or on_terminal():
        head = say("The instances are replaced:") if alone else say("Next, the instances are replaced:")
        work.print(head, style="bold")
        work.show(planned)
        if dry_run:
            work.out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        agreed = (asked and yes) or _agreed(say("Replace the instances now?"), "--yes")
        if agreed and planned.interrupts_work and not interrupt_jobs:
            agreed = _agreed(say("Stop workers while messages are in flight?"), "--interrupt-jobs")
    if not agreed:
        ops = common.command_prefix()
        work.print(
            say("Running workers keep their old values until they are replaced: {ops} worker-env --replace", ops=ops)
        )
        return errors.HEALTHY
    work.apply(planned)
    end = work.follow(planned, common.timeout or change.WAIT_SECONDS)
    if end is None:
        work.out.print(_("Not finished in time. Check with: {ops} check logs", ops=common.command_prefix()))
    return change.EXIT_CODES[end]


def _replacement(work: change.Change, *, asked: bool) -> Plan | None:
    """Return the plan to replace the instances; None, with the reason printed, where it would not help."""
    from academy_ops.remedies import parameter, refresh
    from academy_ops.remedies.refusal import RemedyError
    from checks.worker_environment import parameter_faults

    case = parameter.now(work.target())
    if wrong := [fault.code for fault in parameter_faults(case.inside)]:
        work.print(
            say("A worker that boots now would still have: {causes}. Correct that first.", causes=", ".join(wrong))
        )
        return None
    try:
        return refresh.plan(work.target(), case)
    except RemedyError as error:
        if asked:
            raise
        work.print(say("Can't replace the instances: {reason}", reason=error.message))
        return None


def _refuse(common: Common, stray: bool, *, changes: bool, edit: bool) -> None:
    """Refuse words that don't go together; none of them is repeated, as it may be a value."""
    if stray:
        raise RefusedError(say("Too many arguments. A value belongs to its option: --set NAME=VALUE."))
    if edit:
        raise RefusedError(say("--edit can't be combined with --set or --from-api."))
    if changes and common.form is not Output.TABLE:
        raise RefusedError(say("-o json works for the list of names only; a change is interactive."))


def _wanted(settings: Settings, values: Sequence[str], from_api: Sequence[str]) -> dict[str, str]:
    """Return name to value, as asked for."""
    from academy_ops.remedies import parameter_text
    from academy_ops.remedies import worker_env as remedy

    wanted, asked = dict[str, str](), list[str]()
    for word in values:
        name, equals, value = word.partition("=")
        if not equals:
            raise RefusedError(
                say("--set takes NAME=VALUE, or NAME=- to be prompted for the value. Nothing was changed.")
            )
        parameter_text.check_name(name)
        _refuse_twice(name, wanted)
        wanted[name] = value
        if value == _ASKED:
            asked.append(name)
    for name in from_api:
        parameter_text.check_name(name)
        _refuse_twice(name, wanted)
        wanted[name] = remedy.from_api(settings, name)
    if len(asked) > 1 and not sys.stdin.isatty():
        raise RefusedError(say("Standard input holds only one value: use NAME=- once. Nothing was changed."))
    for name in asked:
        wanted[name] = _typed(name)
    for name, value in wanted.items():
        if name not in from_api:
            parameter_text.check_value(name, value)
    return wanted


def _note_what_the_shell_keeps(values: Sequence[str]) -> None:
    for name, _equals, value in (word.partition("=") for word in values):
        if value != _ASKED and any(word in name.upper() for word in _SECRET_WORDS):
            note = say(
                "Note: your shell history keeps what you typed. --set {name}=- prompts for it instead.", name=name
            )
            typer.echo(str(note), err=True)


def _refuse_twice(name: str, wanted: dict[str, str]) -> None:
    if name in wanted:
        raise RefusedError(say("{name} was given twice. Nothing was changed.", name=name))


def _typed(name: str) -> str:
    """Return the value that is typed without being shown, or that standard input holds."""
    try:
        if sys.stdin.isatty():
            value = getpass.getpass(_("Value for {name} (not shown): ", name=name))
        else:
            value = sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (EOFError, UnicodeDecodeError, OSError):
        value = ""
    if not value:
        raise RefusedError(say("No value was given for {name}. Nothing was changed.", name=name))
    return value


def _refuse_mistyped(name: str, stored: Stored) -> None:
    """Refuse a new name that looks like one that is known."""
    known = [*SHARED_SETTINGS, *stored.values]
    if name not in known and (near := nearest(name.upper(), list(filter(str.isupper, known)), most=1)):
        raise RefusedError(
            say(
                "There is no {name} yet. Did you mean {near}? To add a new name this similar, use --edit. Nothing "
                "was changed.",
                name=name,
                near=near[0],
            )
        )


def _list(common: Common, stored: Stored, settings: Settings) -> int:
    """Print each name and how it compares; return the exit code."""
    from academy_ops.remedies import worker_env as remedy

    rows, hidden = remedy.compared(stored, settings)
    wrong = remedy.wrong(stored, settings)
    if common.structured:
        modified = stored.modified_at.astimezone(UTC).isoformat() if stored.modified_at else None
        write_structured(
            common,
            {
                "schema": _SCHEMA,
                "parameter": stored.name,
                "exists": stored.version > 0,
                "version": stored.version or None,
                "format": stored.form if stored.version else None,
                "modified_at": modified,
                "names": [{"name": row.name, "compared": row.compared} for row in rows],
                "names_not_shown": hidden,
                "causes": list(wrong),
            },
        )
    else:
        _print_list(common.console(), stored, rows, hidden, wrong)
    return errors.FAULT if wrong else errors.HEALTHY


def _print_list(out: Console, stored: Stored, rows: Sequence[Row], hidden: int, wrong: Sequence[str]) -> None:
    from rich.text import Text as Line

    if not stored.version:
        change.print_text(out, say("There is no parameter {parameter}.", parameter=stored.name), style="bold")
    elif stored.form == "unreadable":
        change.print_text(
            out,
            say("{parameter} holds neither NAME=value lines nor base64 of a JSON object.", parameter=stored.name),
            style="bold",
        )
    else:
        form = say("base64 of a JSON object") if stored.form == "base64-json" else say("NAME=value lines")
        head = say("{parameter}, version {version}: {form}", parameter=stored.name, version=stored.version, form=form)
        change.print_text(out, head, style="bold")
    words = {
        "same": say("same as the API"),
        "different": say("differs from the API"),
        "blank": say("blank"),
        "missing": say("missing"),
        "unknown": say("not set in the API"),
    }
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        style = "" if row.compared in {"same", "unknown"} else "bold"
        out.print(Line(f"  {row.name:{width}}  ").append(str(words[row.compared]), style), soft_wrap=True)
    if hidden:
        change.print_text(out, say("Lines without a valid name, not shown: {count}", count=hidden), indent=2)
    if wrong:
        change.print_text(out, say("A worker that boots with it would have: {causes}", causes=", ".join(wrong)))


def _agreed(question: Text, option: str) -> bool:
    """Ask about the instances; on the command line, ``option`` answers it."""
    if not on_terminal():
        raise RefusedError(
            say(
                "The instances were not replaced: there is no terminal to confirm on. Add {option} to replace them.",
                option=option,
            )
        )
    return ask(str(question))


def _edited(target: Target, stored: Stored) -> Plan:
    """Have the parameter edited until it can be stored; return the plan for it."""
    from academy_ops.remedies import parameter_text
    from academy_ops.remedies import worker_env as remedy

    lines = parameter_text.as_lines(stored)
    while True:
        lines = editor.edited(lines)
        try:
            return remedy.plan(target, stored, parameter_text.from_lines(stored, lines))
        except parameter_text.EditError as error:
            if not on_terminal():
                raise
            typer.echo(str(error.message), err=True)
            if not ask(_("Edit it again?")):
                raise RefusedError(say("Nothing was changed."), errors.FAULT) from None
