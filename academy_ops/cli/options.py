"""The options that every command takes, before the command's name or after it."""

from __future__ import annotations

import functools
import inspect
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from academy_ops import __version__
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import complete_contexts, did_you_mean
from academy_ops.cli.streams import complain, into_file
from academy_ops.contract import TENANT_CODE, TIER
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import LANGUAGES, _, say
from academy_ops.report import Output
from academy_ops.settings import Settings, load
from academy_ops.settings.contexts import CONTEXT_SETTING

if TYPE_CHECKING:
    from rich.console import Console

DEFAULT_TIMEOUT_SECONDS: Final = 30
WATCH_MINUTES: Final = 15
_TEXT: Final = (Output.TABLE,)
_PLAIN: Final = (Output.TABLE, Output.JSON, Output.YAML)
_ENDINGS: Final = {
    **{form.value: form for form in Output},
    "yml": Output.YAML,
    "md": Output.MARKDOWN,
    "htm": Output.HTML,
    "xml": Output.JUNIT,
}
"""The forms of output by what their files' names end in; ``-o`` takes them, too."""
_FORMS: Final = "forms"
"""The attribute of a command's function that holds the forms of output that it has."""


@dataclass(frozen=True, slots=True)
class Common:
    """The common options; None where an option was not given.

    Attributes:
        env_file: The env file; ``.env`` is read when it is there and none was given.
        output_file: The file that takes what would go to standard output.
        timeout: Seconds for the whole run.
        lang: The language; `academy_ops.cli.main` has acted on it already.
    """

    env_file: Path | None = None
    tier: str | None = None
    context: str | None = None
    output: Output | None = None
    output_file: Path | None = None
    timeout: float | None = None
    lang: str | None = None
    verbose: bool | None = None
    no_color: bool | None = None
    quiet: bool | None = None

    def settings(self, *, addresses: bool = False) -> Settings:
        """Return the settings in force; with ``addresses``, the API is asked, so its addresses must be URLs."""
        settings = load(env_file=self.env_file, tier=self.tier, context=self.context)
        _tell(settings, quiet=bool(self.quiet))
        name = settings.malformed_address() if addresses else None
        if name:
            raise RefusedError(
                say(
                    "{name} ({source}) is not a URL. Write it with http:// or https://, as in https://api.example.com",
                    name=name,
                    source=settings[name].source,
                )
            )
        return settings

    @property
    def seconds(self) -> float:
        """How long the whole run may take."""
        return self.timeout or DEFAULT_TIMEOUT_SECONDS

    @property
    def context_in_force(self) -> str | None:
        """The context named on the command line or in the environment."""
        return (self.context or os.environ.get(CONTEXT_SETTING, "")).strip() or None

    @property
    def plain(self) -> bool:
        """Whether to print without colours."""
        return bool(self.no_color or os.environ.get("NO_COLOR"))

    def console(self) -> Console:
        """Return the console that prints for people."""
        from rich.console import Console

        # Without colours nothing else is written, either, that only a terminal understands.
        forced = os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"} and not self.plain
        return Console(
            # In a pipe colours alone: what moves is for a terminal.
            color_system="standard" if forced and not sys.stdout.isatty() else "auto",
            no_color=self.plain,
            force_terminal=False if self.plain else None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    @property
    def structured(self) -> bool:
        """Whether a program reads the output."""
        return self.form in {Output.JSON, Output.YAML}

    @property
    def form(self) -> Output:
        """The output format."""
        return self.output or Output.TABLE

    def by_ending(self, forms: Collection[Output]) -> Common:
        """Return these options with the form that the output file's name ends in, where it is one of ``forms``."""
        form = _ENDINGS.get(self.output_file.suffix.lower().removeprefix(".")) if self.output_file else None
        return replace(self, output=form) if form in forms and self.output is None else self

    def refuse_but(self, forms: Collection[Output] = _PLAIN) -> None:
        """Refuse the forms of output other than ``forms``."""
        if self.form not in forms:
            known = ", ".join(forms)
            raise RefusedError(
                say(
                    "This command does not support the output {form}; choose from {known}.",
                    form=self.form.value,
                    known=known,
                )
            )

    def command_prefix(self) -> str:
        """Return how a remedy's command calls this tool again, with the same names."""
        options = {"--context": self.context_in_force, "--env-file": self.env_file, "--tier": self.tier}
        given = [word for name, value in options.items() if value for word in (name, str(value))]
        return shlex.join(["academy-ops", *given])


def _tell(settings: Settings, *, quiet: bool) -> None:
    """Say what was taken from an env file that nobody named: it may be another's, left in this folder."""
    if settings.context and not quiet:
        note(_("Context: {name}", name=settings.context))
    if settings.outweighed:
        names = ", ".join(settings.outweighed)
        note(_("From the environment, not from the context: {names}. Unset them if that is not intended.", names=names))
    file = settings.unnamed
    if file and file.taken:
        note(_("From {path}: {names}.", path=str(file.path), names=", ".join(file.taken)))
    if file and file.left:
        names = ", ".join(file.left)
        note(
            _(
                "Ignored settings in {path}, because --env-file was not given: {names}. To use them: --env-file {path}",
                path=str(file.path),
                names=names,
            )
        )


@functools.cache
def note(line: str) -> None:
    """Write a line for people to standard error, once in a run."""
    complain(printable(line))


def _number(seconds: float | None) -> float | None:
    """Refuse "nan", which is neither too small nor too large."""
    if seconds is not None and math.isnan(seconds):
        raise typer.BadParameter("nan")
    return seconds


_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "초": 1, "분": 60, "시간": 3600, "일": 86400}
"""In Korean as people there type them."""
_SINCE: Final = re.compile(rf"([1-9][0-9]{{0,4}})\s?({'|'.join(_UNITS)})")
_LONGEST_SECONDS: Final = 100 * 86400
Since = Annotated[str, typer.Option("--since", metavar="TIME", help=_("How far back to look: 30s, 10m, 2h, 7d."))]

DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Show the plan and change nothing."))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=_("Apply without asking."))]
InterruptJobs = Annotated[
    bool, typer.Option("--interrupt-jobs", help=_("Stop workers even while messages are in flight."))
]


def seconds_back(since: str) -> int:
    """Return the value of ``--since`` in seconds."""
    given = _SINCE.fullmatch(since.strip())
    seconds = int(given[1]) * _UNITS[given[2]] if given else 0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise RefusedError(
            say("The --since value {since!r} is not a duration. Examples: 30s, 10m, 2h, 7d.", since=since)
        )
    return seconds


def tenant_asked(tenant: str | None) -> str | None:
    """Return the value of ``--tenant``; None where it is blank."""
    code = (tenant or "").strip()
    if code and not (code.isprintable() and re.fullmatch(TENANT_CODE, code)):
        raise RefusedError(
            say("The --tenant value {code!r} is not a school's code: 1 to 64 characters, no '/' or space.", code=code)
        )
    return code or None


def _form(name: str) -> Output:
    """Return the form of output that is called ``name``."""
    if form := _ENDINGS.get(name.strip().lower()):
        return form
    problem = say("Invalid value for {name}: {value}.", name="--output", value=repr(name))
    raise RefusedError(did_you_mean(problem, name, list(Output)))


_OPTIONS: Final[dict[str, Any]] = {
    "env_file": Annotated[
        Path | None,
        typer.Option(
            "--env-file", metavar="PATH", help=_("Read settings from this file (default: .env, if it exists).")
        ),
    ],
    "tier": Annotated[
        str | None,
        typer.Option("--tier", metavar="NAME", help=_("The tier of workers to look at (default: {tier}).", tier=TIER)),
    ],
    "context": Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="NAME",
            help=_("Use this context's settings (ACADEMY_OPS_CONTEXT); list them with config --contexts."),
            autocompletion=complete_contexts,
        ),
    ],
    "output": Annotated[
        Output | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORM",
            parser=_form,
            help=_("The output format."),
            autocompletion=lambda: list(Output),
        ),
    ],
    # `academy_ops.cli.usage` makes it what its help says; it is here for the help page.
    "json": Annotated[bool | None, typer.Option("--json", help=_("The same as -o json."))],
    "output_file": Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-O",
            metavar="FILE",
            help=_("Write to this file instead of standard output; its ending picks the format."),
        ),
    ],
    "timeout": Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=1,
            max=86400,
            callback=_number,
            help=_("Time limit for the whole run (default: {seconds}).", seconds=DEFAULT_TIMEOUT_SECONDS),
        ),
    ],
    "lang": Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="|".join(LANGUAGES),
            help=_("The output language."),
            autocompletion=lambda: LANGUAGES,
        ),
    ],
    "verbose": Annotated[bool | None, typer.Option("--verbose", "-v", help=_("Show all evidence."))],
    "quiet": Annotated[bool | None, typer.Option("--quiet", "-q", help=_("Only the result: no progress, no notes."))],
    "no_color": Annotated[bool | None, typer.Option("--no-color", help=_("No colors (same as NO_COLOR)."))],
}


COMMON: Final = frozenset({*_OPTIONS, "help"})
"""The names of the options that every command has."""


def with_common(command: Callable[..., Any], forms: Collection[Output] = _PLAIN) -> Callable[..., Any]:
    """Give ``command`` the common options, which it takes as one argument ``common``.

    Forms of output other than ``forms`` are refused.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "common"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    called = inspect.Parameter("called", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    @functools.wraps(command)
    def wrapped(*args: Any, called: typer.Context, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        del kwargs["json"]
        here = Common(**{field.name: kwargs.pop(field.name) for field in fields(Common)})
        called.obj = merged(called.obj, here).by_ending(forms)
        called.obj.refuse_but(forms)
        # The command that follows a group writes, not the group.
        with into_file(None if called.invoked_subcommand else called.obj.output_file):
            return command(*args, common=called.obj, **kwargs)

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    parameters = [*keyword_only, *added, called]
    # Typer reads a command's options from its signature and its annotations.
    vars(wrapped)[_FORMS] = forms
    vars(wrapped)["__signature__"] = signature.replace(parameters=parameters)
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def with_any_output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the common options, as `with_common`; it shows a diagnosis in whatever form is asked for."""
    return with_common(command, tuple(Output))


def forms_of(command: Any) -> tuple[Output, ...]:  # noqa: ANN401 - Typer has no public name for a command's type
    """Return the forms of output that ``command`` has."""
    return tuple(getattr(command.callback, _FORMS, _TEXT))


def with_text_only(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the common options, as `with_common`; it talks to people, and has no document."""
    return with_common(command, _TEXT)


def merged(before: object, here: Common) -> Common:
    """Let an option given after the command's name win over one given before it."""
    if not isinstance(before, Common):
        return here
    given = {field.name: getattr(here, field.name) for field in fields(here)}
    return replace(before, **{name: value for name, value in given.items() if value is not None})


def show_version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        typer.echo(f"academy-ops {__version__}")
        raise typer.Exit
