"""The help of a command as a page of a manual, in the current language and at any width."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text as Line
from typer.core import TyperGroup

from academy_ops import __version__
from academy_ops.cli.options import COMMON, forms_of
from academy_ops.cli.pages import MANUAL, Page
from academy_ops.messages import Text, _, say
from academy_ops.report.terminal import hanging

_WIDEST: Final = 100
_COLUMN: Final = 26
_TYPERS: Final[Mapping[str, Text]] = {
    "help": say("Show this message and exit."),
    "install_completion": say("Install completion for the current shell."),
    "show_completion": say("Show the completion script for the current shell, to copy or customize."),
}
"""The options that Typer adds by itself, with their help in English only."""
_OF_DOCUMENTS: Final = frozenset({"output", "json"})
"""The options of a command that has more than one form of output."""

Row = tuple[str, str]


def page(command: Any, context: typer.Context) -> str:  # noqa: ANN401 - Typer has no public name for a command's type
    """Return the help of ``command``."""
    written = io.StringIO()
    width = min(Console().width, _WIDEST)
    console = Console(file=written, width=width, highlight=False, markup=False, emoji=False, color_system=None)
    manual = MANUAL.get(context.command_path.partition(" ")[2], Page())
    examples = manual.examples or _examples_elsewhere(context.command_path)
    _print_usage(console, command, context)
    for text in (command.help, manual.more):
        if text:
            console.print()
            hanging(console, Line(), Line(str(text)), 0)
    _print_parameters(console, command, context)
    if isinstance(command, TyperGroup):
        _section(console, _("Commands"), [(name, below.help or "") for name, below in command.commands.items()])
    if examples:
        console.print()
        console.print(_("Examples:"))
    for command_line, purpose in examples.items():
        hanging(console, Line(), Line(str(purpose)), 2)
        console.print(Line(f"    {command_line}"), soft_wrap=True)
    console.print()
    console.print(_("Exit codes:") if manual.codes else _("Exit codes: academy-ops --help"))
    for code, text in sorted(manual.codes.items()):
        hanging(console, Line(f"  {code}"), Line(str(text)), 6)
    return written.getvalue()


def _examples_elsewhere(path: str) -> Mapping[str, Text]:
    """Return the examples that other pages have for a command, or for those of a group."""
    every = ((line, purpose) for page in MANUAL.values() for line, purpose in page.examples.items())
    return {line: purpose for line, purpose in every if f"{path} " in f"{line} "}


def _print_usage(console: Console, command: Any, context: typer.Context) -> None:  # noqa: ANN401 - as above
    usage = Line(_("Usage: "))
    unnamed = {
        piece
        for parameter in command.params
        if parameter.param_type_name == "argument" and parameter.hidden
        for piece in parameter.get_usage_pieces(context)
    }
    shown = (piece for piece in command.collect_usage_pieces(context) if piece not in unnamed)
    # Typer puts braces around what must be given; manuals leave it bare.
    pieces = " ".join((context.command_path, *(piece.strip("{}") for piece in shown)))
    hanging(console, usage, Line(pieces), usage.cell_len)


def _print_parameters(console: Console, command: Any, context: typer.Context) -> None:  # noqa: ANN401 - as above
    parameters = command.get_params(context)
    common = [parameter for parameter in parameters if parameter.name in COMMON]
    if len(common) == 1:
        # Only --help; no heading of its own for that.
        common = []
    if len(forms_of(command)) == 1:
        common = [parameter for parameter in common if parameter.name not in _OF_DOCUMENTS]
    ours = [parameter for parameter in parameters if parameter not in common and parameter.name not in _OF_DOCUMENTS]
    _section(console, _("Arguments"), _rows(ours, context, "argument"))
    _section(console, _("Options"), _rows(ours, context, "option"))
    _section(console, _("Common options"), _rows(common, context, "option"))


def man_page(command: Any, context: Any) -> str:  # noqa: ANN401 - as above
    """Return the help of ``command`` and of all commands below it as a page for man, in roff."""
    lines = [
        f'.TH ACADEMY-OPS 1 "" "academy-ops {__version__}"',
        ".SH NAME",
        _roff(f"academy-ops - {command.help}"),
        ".SH SYNOPSIS",
        _roff("academy-ops [OPTIONS] COMMAND [ARGS]..."),
    ]
    for path, below, where in _below(command, context):
        lines += [
            f".SH {_roff(path.upper())}",
            ".nf",
            *(_roff(line) for line in below.get_help(where).split("\n")),
            ".fi",
        ]
    return "\n".join(lines) + "\n"


def _below(command: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - as above
    """Yield every command with its path and its place: a group first, then what is in it."""
    yield context.command_path, command, context
    for name, below in getattr(command, "commands", {}).items():
        yield from _below(below, type(context)(below, info_name=name, parent=context))


def _roff(text: str) -> str:
    """Return a line of text as roff takes it: its backslashes and hyphens as they are, no line a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


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
    for parameter in parameters:
        if parameter.param_type_name != kind or parameter.hidden:
            continue
        text = str(_TYPERS.get(parameter.name, parameter.help or ""))
        notes = "; ".join(_notes(parameter, context.command))
        yield _name(parameter, context), f"{text} [{notes}]" if notes else text


def _name(parameter: Any, context: typer.Context) -> str:  # noqa: ANN401 - as above
    if parameter.param_type_name == "argument":
        return str(parameter.make_metavar(context))
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {parameter.metavar or parameter.name.upper()}"


def _notes(parameter: Any, command: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield what else is to be known of a parameter's value."""
    choices = forms_of(command) if parameter.name == "output" else getattr(parameter.type, "choices", None)
    if choices:
        yield "|".join(map(str, choices))
    if parameter.default not in (None, False, "") and parameter.show_default:
        yield _("default: {value}", value=str(parameter.default))
    if parameter.required and parameter.param_type_name == "option":
        yield _("required")
