"""All commands, in the order in which the help lists them. A command's module is loaded when it is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from academy_ops.cli import usage
from academy_ops.cli.options import Common, show_version, with_any_output
from academy_ops.messages import Text, _, say


@dataclass(frozen=True, slots=True)
class _Command:
    """Where a command is, as ``module:name``, and its sentence in the list of all; a group of commands is a Typer."""

    place: str
    help: Text
    context: Mapping[str, Any] = field(default_factory=dict)


_PASSED_ON: Final = {"allow_extra_args": True, "allow_interspersed_args": False, "ignore_unknown_options": True}
"""What Typer needs to be told for options after the first word to be the AWS CLI's."""

COMMANDS: Final[Mapping[str, _Command]] = {
    "diagnose": _Command(
        "diagnose:diagnose",
        say("Find the root cause: every check, its evidence, what was ruled out, and the remedy."),
    ),
    "check": _Command(
        "diagnose:check",
        say("Run one step of the runbook; 'check excel FILE' reads a workbook as the worker would."),
    ),
    "jobs": _Command(
        "jobs:jobs", say("The last uploads, newest first: when, which school, job id, state. Changes nothing.")
    ),
    "scale-worker": _Command(
        "change:scale_worker",
        say("Set the worker group's desired capacity: shows the plan, asks, applies, and waits with --wait."),
    ),
    "worker-env": _Command(
        "worker_env:worker_env",
        say(
            "The workers' parameter: its names, and whether each has the API's value; changes it, never shows a value."
        ),
    ),
    "queue": _Command("change:queue_app", say("The job queue.")),
    "watch": _Command("follow:watch", say("Follow a job as the browser does, once a second, until it ends.")),
    "logs": _Command(
        "follow:logs",
        say("Read the logs of every worker at once; each line begins with its instance and its time."),
    ),
    "smoke": _Command(
        "smoke:smoke",
        say("Send a few marked students the whole way through the real API, as CI does; diagnose where they stop."),
    ),
    "config": _Command("reference:config", say("Every setting, its value (secrets masked), and where it came from.")),
    "bundle": _Command(
        "diagnose:bundle",
        say("Diagnose, and write the evidence, without secrets, as one archive to attach to a ticket."),
    ),
    "explain": _Command(
        "reference:explain",
        say(
            "What a cause means, how it is recognized, how to see it by hand, and the remedy. Without one: all of them."
        ),
    ),
    "runbook": _Command(
        "reference:runbook",
        say("The runbook: what to do by hand, step by step. A section by its number (3-1) or its check (workers)."),
    ),
    "iam-policy": _Command(
        "reference:iam_policy",
        say("The least IAM policy that the checks need, as JSON, with your own names filled in."),
    ),
    "aws": _Command(
        "aws:aws",
        say("The AWS CLI with the settings in force: credentials, region and endpoint of the env file or the context."),
        _PASSED_ON,
    ),
    "demo": _Command("demo:demo", say("The whole story on this machine: upload, worker off, diagnose, scale, done.")),
    "help": _Command("reference:help_", say("The help of a command; --man prints all of it as a man page.")),
    "lab": _Command("lab:app", say("The whole academy on this machine, to try things out and to break them.")),
    "serve": _Command("lab:serve_app", say("Run a part of the bundled academy.")),
}


@with_any_output
def _root(
    common: Common,
    _version: Annotated[
        bool,
        typer.Option("--version", help=_("Show the version."), callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the common options that stand before the command's name; `with_any_output` keeps them."""


def commands(arguments: Collection[str] | None = None) -> Any:  # noqa: ANN401 - Typer has no public name for a command's type
    """Return the command line.

    Args:
        arguments: Only the commands that are among these words are loaded; of the others there are the names.
    """
    app = typer.Typer(
        name="academy-ops",
        help=_("Find out why a bulk Excel registration failed: root cause, evidence, remedy."),
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for name, command in COMMANDS.items():
        found = _load(command.place) if arguments is None or name in arguments else _not_named
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, help=str(command.help))
        else:
            app.command(name, help=str(command.help), context_settings=dict(command.context))(found)
    usage.shape(app)
    return typer.main.get_command(app)


def words() -> frozenset[str]:
    """Return the names of all commands and options."""
    return frozenset(usage.words(commands()))


def _load(place: str) -> Any:  # noqa: ANN401 - a function or a group of commands
    module, _colon, name = place.partition(":")
    return getattr(import_module(f"academy_ops.cli.{module}"), name)


def _not_named() -> None:
    """Stand for a command in the list of all."""
