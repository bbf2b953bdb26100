"""What is wrong with a command line, in one line of the language spoken: Typer itself speaks English only."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

# Typer has no public names for these; its version is held in pyproject.toml, and a test provokes each.
from typer._click.exceptions import BadOptionUsage, BadParameter, MissingParameter, NoSuchOption
from typer.core import TyperGroup

from academy_ops.cli.nearest import did_you_mean, nearest
from academy_ops.messages import Text, say

_REPR: Final = re.compile(r"""^(?P<value>'.*?'|".*?"|[^\s'"]+) is not """, re.DOTALL)
_EXTRA: Final = re.compile(r"argument\(s\) \((?P<words>.*)\)$", re.DOTALL)


def told(error: typer.TyperException) -> Text:
    """Say what is wrong and where to read how it is right.

    Args:
        error: What Typer found wrong.
    """
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context else "academy-ops"
    return say("{problem} Try: {path} --help", problem=_problem(error, context), path=path)


def _problem(error: typer.TyperException, context: typer.Context | None) -> Text:
    match error:
        case NoSuchOption():
            return _no_option(error.option_name, _options(context))
        case BadOptionUsage() if "does not take" in error.message:
            return say("{option} takes no value.", option=error.option_name)
        case BadOptionUsage():
            return say("{option} needs a value.", option=error.option_name)
        case MissingParameter(param=parameter) if parameter is not None:
            return say("{name} is missing.", name=_name(parameter))
        case BadParameter(param=parameter) if parameter is not None:
            return _bad_value(error, parameter)
        case _:
            return _other(error, context)


def _other(error: typer.TyperException, context: typer.Context | None) -> Text:
    if context is not None and isinstance(context.command, TyperGroup):
        return say("Name a command: {names}.", names=", ".join(context.command.commands))
    extra = _EXTRA.search(error.format_message())
    if extra:
        return say("Nothing more is taken here: {words}.", words=extra["words"])
    return Text("{problem}", {"problem": error.format_message()})


def _no_option(name: str, names: list[str]) -> Text:
    # Too many to list them all: --help is named anyway.
    near = nearest(name, names, most=1)
    if near:
        return say("There is no option {name}. Did you mean {near}?", name=name, near=near[0])
    return say("There is no option {name}.", name=name)


def _bad_value(error: BadParameter, parameter: Any) -> Text:  # noqa: ANN401 - Typer has no public name for its type
    found = _REPR.match(error.message)
    value = found["value"].removesuffix(".0") if found else ""
    name, kind = _name(parameter), parameter.type
    choices = [str(choice) for choice in getattr(kind, "choices", ())]
    if choices:
        problem = say("{name} can't be {value}.", name=name, value=value)
        return did_you_mean(problem, value.strip("'\""), choices)
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None and high is not None:
        return say(
            "{name} must be a number from {low} to {high}, not {value}.", name=name, low=low, high=high, value=value
        )
    if low is not None:
        return say("{name} must be a number from {low} on, not {value}.", name=name, low=low, value=value)
    return say("{name}: {problem}", name=name, problem=error.message)


def _name(parameter: Any) -> str:  # noqa: ANN401 - as above
    """Return an option's longest name, or an argument as the help shows it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.human_readable_name).strip("[]")


def _options(context: typer.Context | None) -> list[str]:
    if context is None:
        return []
    parameters = context.command.get_params(context)
    return [name for one in parameters if one.param_type_name == "option" for name in one.opts if name.startswith("--")]
