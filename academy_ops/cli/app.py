"""All commands, in the order in which the help lists them. A command's module is loaded when it is named."""

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
        say("Run every check and name the root cause, the evidence, what was ruled out, and the remedy."),
    ),
    "check": _Command(
        "diagnose:check",
        say("Run one check; 'check excel FILE' reads a workbook the way the worker does."),
    ),
    "jobs": _Command(
        "jobs:jobs", say("List recent uploads, newest first: time, school, job id, state. Changes nothing.")
    ),
    "scale-worker": _Command(
        "change:scale_worker",
        say("Set the worker group's desired capacity. Shows the plan and asks first; --wait waits for the workers."),
    ),
    "worker-env": _Command(
        "worker_env:worker_env",
        say("Compare the workers' parameter with the API's settings, or change it. Never shows a value."),
    ),
    "queue": _Command("change:queue_app", say("Manage the job queue.")),
    "watch": _Command("follow:watch", say("Follow a job until it ends, polling once a second as the browser does.")),
    "logs": _Command(
        "follow:logs",
        say("Read all workers' logs at once. Each line starts with its instance and time."),
    ),
    "smoke": _Command(
        "smoke:smoke",
        say("Upload a few test students through the real API and verify that they arrive; diagnose if they don't."),
    ),
    "config": _Command(
        "reference:config", say("Show every setting, its value (secrets masked), and where it came from.")
    ),
    "bundle": _Command(
        "diagnose:bundle",
        say("Diagnose, and save the evidence, with secrets masked, as one archive for a ticket."),
    ),
    "explain": _Command(
        "reference:explain",
        say(
            "Explain a cause: what it means, how it is recognized, how to check by hand, the remedy. Without CAUSE, "
            "list them all."
        ),
    ),
    "runbook": _Command(
        "reference:runbook",
        say("Show the runbook, or one section of it by number (3-1) or check (workers)."),
    ),
    "iam-policy": _Command(
        "reference:iam_policy",
        say("Print the least IAM policy that the checks need, as JSON, with your own names filled in."),
    ),
    "aws": _Command(
        "aws:aws",
        say("Run the AWS CLI with the settings in force: credentials, region and endpoint of the env file or context."),
        _PASSED_ON,
    ),
    "demo": _Command(
        "demo:demo", say("Run the whole story on this machine: worker off, upload, diagnose, scale, done.")
    ),
    "help": _Command("reference:help_", say("Show the help of a command; --man prints it all as a man page.")),
    "lab": _Command("lab:app", say("Run the whole academy on this machine, to try it out and to break it.")),
    "serve": _Command("lab:serve_app", say("Run one part of the bundled academy.")),
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
    """Return the command line; of the commands that are not among ``arguments`` there are the names alone."""
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
