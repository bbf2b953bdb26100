"""The help of a command as a page of a manual, in the language spoken and at any width."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text as Line
from typer.core import TyperGroup

from academy_ops.cli.manual import MANUAL, Page
from academy_ops.cli.options import COMMON
from academy_ops.messages import Text, _, say
from academy_ops.report.terminal import hanging

_WIDEST: Final = 100
_COLUMN: Final = 26
_TYPERS: Final[Mapping[str, Text]] = {
    text.template: text
    for text in (
        say("Show this message and exit."),
        say("Install completion for the current shell."),
        say("Show completion for the current shell, to copy it or customize the installation."),
    )
}
"""What Typer says of the options that it adds by itself."""

Row = tuple[str, str]


def page(command: Any, context: typer.Context) -> str:  # noqa: ANN401 - Typer has no public name for a command's type
    """Return the help of ``command``.

    Args:
        command: The command, or the group of commands.
        context: Where it stands.
    """
    written = io.StringIO()
    console = Console(highlight=False, markup=False, emoji=False, color_system=None)
    console = Console(
        file=written, width=min(console.width, _WIDEST), highlight=False, markup=False, emoji=False, color_system=None
    )
    manual = MANUAL.get(context.command_path.partition(" ")[2], Page())
    usage = Line(_("Usage: "))
    pieces = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    hanging(console, usage, Line(pieces), usage.cell_len)
    for text in (command.help, manual.more):
        if text:
            console.print()
            hanging(console, Line(), Line(str(text)), 0)
    parameters = command.get_params(context)
    common = [one for one in parameters if one.name in COMMON]
    if len(common) == 1:
        # Only --help; no heading of its own for that.
        common = []
    ours = [one for one in parameters if one not in common]
    _section(console, _("Arguments"), _rows(ours, context, "argument"))
    _section(console, _("Options"), _rows(ours, context, "option"))
    _section(console, _("Common options"), _rows(common, context, "option"))
    if isinstance(command, TyperGroup):
        _section(console, _("Commands"), [(name, one.help or "") for name, one in command.commands.items()])
    if manual.examples:
        console.print()
        console.print(_("Examples:"))
    for example in manual.examples:
        hanging(console, Line(), Line(str(example.what)), 2)
        console.print(Line(f"    {example.command}"), soft_wrap=True)
    console.print()
    console.print(_("Exit codes:") if manual.codes else _("Exit codes: academy-ops --help"))
    for code, text in manual.codes.items():
        hanging(console, Line(f"  {code}"), Line(str(text)), 6)
    return written.getvalue()


def _section(console: Console, title: str, rows: Iterable[Row]) -> None:
    rows = list(rows)
    if rows:
        console.print()
        console.print(Line(f"{title}:"))
    column = min(_COLUMN, console.width // 2, 4 + max((len(name) for name, _text in rows), default=0))
    for name, text in rows:
        head = Line(f"  {name}")
        if head.cell_len + 2 > column:
            console.print(head, soft_wrap=True)
            head = Line()
        hanging(console, head, Line(text), column)


def _rows(parameters: Iterable[Any], context: typer.Context, kind: str) -> Iterator[Row]:
    for one in parameters:
        if one.param_type_name != kind or one.hidden:
            continue
        text = str(_TYPERS.get(one.help or "", one.help or ""))
        notes = "; ".join(_notes(one))
        yield _name(one, context), f"{text} [{notes}]" if notes else text


def _name(parameter: Any, context: typer.Context) -> str:  # noqa: ANN401 - as above
    if parameter.param_type_name == "argument":
        return str(parameter.make_metavar(context))
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {parameter.metavar or parameter.name.upper()}"


def _notes(parameter: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield what else is to be known of a parameter's value."""
    kind = parameter.type
    if choices := getattr(kind, "choices", None):
        yield "|".join(map(str, choices))
    if parameter.default is not None and parameter.default is not False and parameter.show_default:
        yield _("default: {value}", value=str(parameter.default))
    if parameter.required and parameter.param_type_name == "option":
        yield _("required")
