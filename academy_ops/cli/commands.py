"""The form of every command and of every group of commands."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from academy_ops.cli.errors import RefusedError
from academy_ops.cli.nearest import did_you_mean
from academy_ops.messages import say


class Command(TyperCommand):
    """A command; whatever is wrong with its options is told with its own path."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer has no public name for it
        """Parse the words after the command's name.

        Raises:
            TyperException: They are wrong; it knows the command.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            _know(error, ctx)
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the help page."""
        from academy_ops.cli.help import page

        formatter.write(page(self, ctx))


class Group(TyperGroup):
    """A group of commands; it says what a mistyped one was meant to be."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        """Parse the words up to the command's name.

        Raises:
            TyperException: They are wrong; it knows the group.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            _know(error, ctx)
            raise

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Find the command named.

        Raises:
            RefusedError: There is none of that name.
        """
        name = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            problem = say("There is no command {name!r}.", name=name)
            raise RefusedError(did_you_mean(problem, name, list(self.commands)))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the help page."""
        from academy_ops.cli.help import page

        formatter.write(page(self, ctx))


def shape(app: typer.Typer) -> None:
    """Give every command and group below ``app`` its form; to be called when all are there."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance is not None:
            shape(group.typer_instance)


def names(group: TyperGroup) -> frozenset[str]:
    """Return the names of every command and option below ``group``, and its own options."""
    here = [group, *group.commands.values()]
    options = {name for command in here for one in command.params for name in (*one.opts, *one.secondary_opts)}
    below = (names(command) for command in group.commands.values() if isinstance(command, TyperGroup))
    return frozenset(group.commands).union(options, *below)


def _know(error: typer.TyperException, ctx: object) -> None:
    """Tell an error which command it is about: one about an option's missing value does not know."""
    if getattr(error, "ctx", None) is None:
        vars(error)["ctx"] = ctx
