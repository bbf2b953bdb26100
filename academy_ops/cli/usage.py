"""The form of every command and group: what is wrong with a command line in one line, and the help.

Typer itself speaks English only. Its errors are told apart by their public attributes, never by their sentences.
"""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import did_you_mean, nearest
from academy_ops.messages import Text, say


class _Form:
    """What every command and group has; mixed into Typer's two classes, whose common one has no public name."""

    # The same holds for Typer's types of a context, a parameter and a parser: hence `Any` in this file.

    def make_parser(self, ctx: Any) -> Any:  # noqa: ANN401
        """Return the parser of the words, for which ``--json`` is ``-o json``: the later one of the two wins."""
        parser = super().make_parser(ctx)  # type: ignore[misc] # Typer's class comes after this one
        for parameter in ctx.command.params:
            if parameter.name == "output":
                parser.add_option(parameter, ["--json"], parameter.name, action="store_const", const="json")
        return parser

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Parse the words after the command's name."""
        words = list(args)  # parsing empties the list that it is given
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc, no-any-return] # as above
        except typer.TyperException as error:
            raise _refusal(_problem(error, ctx, words), ctx) from error

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the help page."""
        from academy_ops.cli.help import page

        formatter.write(page(self, ctx))


class Command(_Form, TyperCommand):
    """A command."""


class Group(_Form, TyperGroup):
    """A group of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Find the command named."""
        name = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            raise RefusedError(did_you_mean(say("No such command: {name!r}.", name=name), name, list(self.commands)))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command named."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            # Whatever else can be wrong has been refused by then.
            raise _refusal(say("Name a command: {names}.", names=", ".join(self.commands)), ctx) from error


def shape(app: typer.Typer) -> None:
    """Give every command and group below ``app`` its form; to be called when all are there."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance is not None:
            shape(group.typer_instance)


def words(command: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the names of the options of ``command``, and of all commands and options below it."""
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for name, below in getattr(command, "commands", {}).items():
        yield name
        yield from words(below)


def _refusal(problem: Text, ctx: Any) -> RefusedError:  # noqa: ANN401
    return RefusedError(say("{problem} Try: {path} --help", problem=problem, path=ctx.command_path))


def _problem(error: Any, ctx: Any, words: list[str]) -> Text:  # noqa: ANN401
    """Say what Typer found wrong with the words after the command's name."""
    parameters = ctx.command.get_params(ctx)
    if option := getattr(error, "option_name", None):
        if hasattr(error, "possibilities"):
            return _no_option(
                option, [name for parameter in parameters for name in parameter.opts if name.startswith("--")]
            )
        if any(parameter.is_flag for parameter in parameters if option in parameter.opts):
            return say("{option} takes no value.", option=option)
        return say("{option} needs a value.", option=option)
    values, extra, _order = ctx.command.make_parser(ctx).parse_args(words)
    parameter = getattr(error, "param", None)
    if parameter is None:
        return say("Too many arguments: {words}.", words=" ".join(extra))
    if hasattr(error, "param_type"):
        return say("{name} is required.", name=_name(parameter))
    return _bad_value(parameter, values[parameter.name])


def _no_option(name: str, names: list[str]) -> Text:
    problem = say("No such option: {name}.", name=name)
    # Too many to list them all: --help is named anyway.
    return did_you_mean(problem, name, near) if (near := nearest(name, names, most=1)) else problem


def _bad_value(parameter: Any, value: str) -> Text:  # noqa: ANN401
    name, kind, shown = _name(parameter), parameter.type, repr(value)
    if choices := getattr(kind, "choices", None):
        return did_you_mean(
            say("Invalid value for {name}: {value}.", name=name, value=shown),
            value,
            [str(choice) for choice in choices],
        )
    if kind.max is None:
        return say("{name} must be a number of at least {low}, not {value}.", name=name, low=kind.min, value=shown)
    return say(
        "{name} must be a number from {low} to {high}, not {value}.",
        name=name,
        low=kind.min,
        high=kind.max,
        value=shown,
    )


def _name(parameter: Any) -> str:  # noqa: ANN401
    """Return an option's longest name, or an argument as the help shows it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.human_readable_name).strip("[]")
