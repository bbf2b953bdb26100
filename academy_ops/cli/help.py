"""The help of a command as a page of a manual, in the current language and at any width.

`MANUAL` holds what a page says beyond the command's first sentence and its options.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text as Line
from typer.core import TyperGroup

from academy_ops import __version__
from academy_ops.cli.options import COMMON, WATCH_MINUTES, forms_of
from academy_ops.messages import Text, _, say
from academy_ops.report.terminal import hanging
from academy_ops.thresholds import FIGURES, WAITED_SECONDS

_WIDEST: Final = 100
_COLUMN: Final = 26
_TYPERS: Final[Mapping[str, Text]] = {
    "help": say("Show this message and exit."),
    "install_completion": say("Install completion for the current shell."),
    "show_completion": say("Show completion for the current shell, to copy it or customize the installation."),
}
"""The options that Typer adds by itself, with their help in English only."""
_OF_DOCUMENTS: Final = frozenset({"output", "json"})
"""The options of a command that has more than one form of output."""

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
    unnamed = {
        piece
        for one in command.params
        if one.param_type_name == "argument" and one.hidden
        for piece in one.get_usage_pieces(context)
    }
    shown = (piece for piece in command.collect_usage_pieces(context) if piece not in unnamed)
    # Typer puts braces around what must be given; manuals leave it bare.
    pieces = " ".join((context.command_path, *(piece.strip("{}") for piece in shown)))
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
    if len(forms_of(command)) == 1:
        common = [one for one in common if one.name not in _OF_DOCUMENTS]
    ours = [one for one in parameters if one not in common and one.name not in _OF_DOCUMENTS]
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


def man_page(command: Any, context: Any) -> str:  # noqa: ANN401 - as above
    """Return the help of ``command`` and of all commands below it as a page for man, in roff."""
    lines = [
        f'.TH ACADEMY-OPS 1 "" "academy-ops {__version__}"',
        ".SH NAME",
        _roff(f"academy-ops - {command.help}"),
        ".SH SYNOPSIS",
        _roff("academy-ops [OPTIONS] COMMAND [ARGS]..."),
    ]
    for path, one, where in _below(command, context):
        lines += [
            f".SH {_roff(path.upper())}",
            ".nf",
            *(_roff(line) for line in one.get_help(where).split("\n")),
            ".fi",
        ]
    return "\n".join(lines) + "\n"


def _below(command: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - as above
    """Yield every command with its path and its place: a group first, then what is in it."""
    yield context.command_path, command, context
    for name, one in getattr(command, "commands", {}).items():
        yield from _below(one, type(context)(one, info_name=name, parent=context))


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
    for one in parameters:
        if one.param_type_name != kind or one.hidden:
            continue
        text = str(_TYPERS.get(one.name, one.help or ""))
        notes = "; ".join(_notes(one, context.command))
        yield _name(one, context), f"{text} [{notes}]" if notes else text


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
    if parameter.default is not None and parameter.default is not False and parameter.show_default:
        yield _("default: {value}", value=str(parameter.default))
    if parameter.required and parameter.param_type_name == "option":
        yield _("required")


@dataclass(frozen=True, slots=True)
class Example:
    """A command line, and what it is for."""

    command: str
    what: Text


@dataclass(frozen=True, slots=True)
class Page:
    """What the help of one command says beyond its first sentence.

    Attributes:
        more: What it does, beyond the first sentence.
        examples: How it is called.
        codes: Its exit codes.
    """

    more: Text | None = None
    examples: tuple[Example, ...] = ()
    codes: Mapping[int, Text] = field(default_factory=dict)


_USAGE: Final = {2: say("the command line or a setting is wrong; nothing was done")}
_OTHER: Final = {
    **_USAGE,
    3: say("undetermined: something that was needed could not be seen"),
    70: say("academy-ops itself failed; a report was written"),
    130: say("interrupted"),
}
_VERDICT: Final = {
    0: say("healthy, or in progress with nothing wrong"),
    1: say("a fault was found"),
    **_OTHER,
}
_CHANGE: Final = {
    0: say("it is as you asked for, or was already"),
    1: say("it was done, but the effect asked for was not reached in time"),
    **_OTHER,
}

MANUAL: Final[Mapping[str, Page]] = {
    "": Page(
        say(
            "It looks at every part between the browser and the students, in the order of the runbook, names the one "
            "fault that explains the rest, and gives the command that fixes it. Checks only read; what changes "
            "something shows its plan and asks first."
        ),
        (
            Example("academy-ops --env-file api.env diagnose JOB_ID", say("Why does this upload not come to an end?")),
            Example("academy-ops --env-file api.env diagnose", say("Is all well, without any upload?")),
            Example("academy-ops demo", say("See the whole story on this machine, without any account:")),
            Example("academy-ops diagnose --help", say("More on one command:")),
        ),
        _VERDICT,
    ),
    "diagnose": Page(
        say(
            "Without a job's id it runs what needs none. All checks run at the same time; passing ones take a line, "
            "failing ones show what was seen. With --fix it offers the remedy, applies it after a yes, watches the "
            "job, and diagnoses again."
        ),
        (
            Example("academy-ops diagnose 3f2b6c1e-8d24-4a57-9b0e-2f1d6c7a8e90", say("One upload:")),
            Example("academy-ops diagnose JOB_ID --fix", say("Fix it, after a yes:")),
            Example("academy-ops diagnose JOB_ID --save seen.json", say("Keep what was seen, to judge it elsewhere:")),
            Example("academy-ops diagnose --from seen.json --verbose", say("Judge it there, with no network:")),
            Example("academy-ops diagnose -o junit --fail-on warn > report.xml", say("In CI:")),
        ),
        _VERDICT,
    ),
    "check": Page(
        say("The checks are, in order: access, r2, endpoint, job, workers, queue, logs."),
        (
            Example("academy-ops check queue", say("Only the queue:")),
            Example("academy-ops check logs JOB_ID --verbose", say("Inside the workers, with all evidence:")),
            Example("academy-ops check excel students.xlsx", say("A workbook, row by row, with no network:")),
        ),
        _VERDICT,
    ),
    "jobs": Page(
        say(
            "From the API's list where it has one: the school's whose token is in use. Else from the bucket's listing, "
            "joined with the jobs that the workers' logs name, on their hosts and wherever else they can be read."
        ),
        (
            Example("academy-ops jobs --since 30m", say("A school called about an upload of 20 minutes ago:")),
            Example("academy-ops jobs --tenant haneul --failed", say("What has failed there since yesterday?")),
            Example("academy-ops jobs -o json", say("For a script:")),
        ),
        {
            0: say("they were listed; also where there are none"),
            **_USAGE,
            3: say("no list of uploads could be read"),
            70: _OTHER[70],
            130: say("interrupted"),
        },
    ),
    "scale-worker": Page(
        say(
            "It keeps to the group's bounds, says what the autoscaler will make of it, and warns before workers stop "
            "that have messages in flight. A worker is usually ready {usual_boot_from} to {usual_boot_to} minutes "
            "after its start.",
            **FIGURES,
        ),
        (
            Example("academy-ops scale-worker --desired 1 --wait", say("Switch one worker on, and wait for it:")),
            Example("academy-ops scale-worker --desired 0 --dry-run", say("Only see what would change:")),
            Example("academy-ops scale-worker --desired 3 --yes", say("In a script:")),
        ),
        _CHANGE,
    ),
    "worker-env": Page(
        say(
            "Values are compared as digests and never shown. Both formats are kept: lines of NAME=value, and base64 of "
            "a JSON object; an editor sees lines either way. A change shows its plan, asks, is written with the same "
            "KMS key, read back, and not made where somebody else has written the parameter meanwhile. The API's "
            "settings are those of this command: give it the API's env file."
        ),
        (
            Example("academy-ops --env-file api.env worker-env", say("What is in it, and is it the API's?")),
            Example(
                "academy-ops --env-file api.env worker-env --from-api R2_ENDPOINT --from-api R2_EXCEL_BUCKET",
                say("Take the API's values:"),
            ),
            Example("academy-ops worker-env --set R2_SECRET_KEY=-", say("Be asked for a secret:")),
            Example("pass r2/secret | academy-ops worker-env --set R2_SECRET_KEY=- --yes", say("In a script:")),
            Example("academy-ops worker-env --edit --dry-run", say("Edit it, and only see what would change:")),
        ),
        {
            0: say("it is as you asked for; listed: a worker that boots with it gets what it needs"),
            1: say("listed: a worker that boots with it would not work; or it was written, and does not take effect"),
            **_OTHER,
        },
    ),
    "queue": Page(None, (Example("academy-ops queue create --help", say("More on its command:")),)),
    "queue create": Page(
        say("Attributes of an existing queue that differ are reported, and left as they are."),
        (
            Example("academy-ops queue create --dry-run", say("Only see what would change:")),
            Example("academy-ops queue create", say("Create what is missing, after a yes:")),
        ),
        _CHANGE,
    ),
    "watch": Page(
        say("It ends after {minutes} minutes, or after --timeout.", minutes=WATCH_MINUTES),
        (
            Example("academy-ops watch JOB_ID", say("Follow one upload:")),
            Example("academy-ops watch JOB_ID --timeout 60 && echo done", say("For a minute, in a script:")),
        ),
        {
            0: say("the job is done"),
            1: say("the job has failed, or there is none"),
            **_USAGE,
            3: say("its end was not seen"),
            130: say("interrupted"),
        },
    ),
    "smoke": Page(
        say(
            "It uploads three marked students, the same in each run, and has them deleted again where the API can; "
            "elsewhere a second run adds none. Give it a tenant of its own (ACADEMY_TENANT_CODE and its token). Some "
            "faults look like slow work for {waited_minutes} minutes: give CI --timeout {timeout} or more. The API's "
            "address and token are enough to upload; the cause of a failure is named from whatever else may be "
            "observed.",
            timeout=WAITED_SECONDS + 60,
            **FIGURES,
        ),
        (
            Example("academy-ops smoke", say("Does an upload come to its end?")),
            Example("academy-ops smoke --timeout 300 -o junit > smoke.xml", say("In CI:")),
            Example("academy-ops smoke --timeout 240 -o github", say("Every five minutes, on GitHub:")),
        ),
        {
            0: say("the students arrived, and were verified"),
            1: say("they did not arrive; the diagnosis names the cause, or the API refused them"),
            **_USAGE,
            3: say("undetermined: their end was not seen, and no fault either"),
            70: _OTHER[70],
            130: say("interrupted; the last line says whether anything has stayed behind"),
        },
    ),
    "logs": Page(
        say(
            "It reads through SSM what Docker keeps of the workers' container, filtered on the host. Of a long log "
            "only the end comes; that is said. Times are UTC."
        ),
        (
            Example("academy-ops logs", say("The last ten minutes of every worker:")),
            Example("academy-ops logs --job JOB_ID --since 2h", say("What was said of one job:")),
            Example("academy-ops logs --tenant haneul --failed --since 1h", say("What failed at one school:")),
            Example("academy-ops logs --follow", say("As it happens:")),
        ),
        {
            0: say("they were read; also where no worker is in service"),
            1: say("the named job is unknown"),
            **_USAGE,
            3: say("no worker could be read"),
            130: say("interrupted"),
        },
    ),
    "config": Page(
        say(
            "Command line, then environment, then env file, then context, then default; a blank value counts as unset. "
            "A context is a named set of settings in config.toml of your configuration folder: a table "
            "[contexts.production] with env_file = PATH, or with settings by their own names."
        ),
        (
            Example("academy-ops --env-file api.env config", say("What would be used with this file?")),
            Example("academy-ops config --contexts", say("Which contexts are there?")),
            Example("academy-ops --context staging diagnose", say("One of them, in place of an env file:")),
            Example("academy-ops config -o json", say("For a script:")),
        ),
    ),
    "bundle": Page(
        say("Secrets, and the names and phones of students, are masked in it. It can be judged with diagnose --from."),
        (
            Example("academy-ops bundle JOB_ID", say("Into the current folder:")),
            Example("academy-ops bundle JOB_ID --to /tmp/ticket.zip", say("Into this file:")),
        ),
        _VERDICT,
    ),
    "explain": Page(
        None,
        (
            Example("academy-ops explain", say("All causes, section by section:")),
            Example("academy-ops explain worker-scaled-to-zero", say("One of them:")),
            Example(
                "academy-ops explain worker-env-missing JOB_ID", say("Its commands filled with what is there now:")
            ),
        ),
    ),
    "runbook": Page(
        None,
        (
            Example("academy-ops runbook", say("All of it:")),
            Example("academy-ops runbook 3-1", say("A section by its number:")),
            Example("academy-ops runbook workers", say("A section by its check:")),
        ),
    ),
    "iam-policy": Page(
        say("Exactly what the checks call, and nothing more. Give it to the user or role that runs academy-ops."),
        (
            Example("academy-ops iam-policy > policy.json", say("To look only:")),
            Example("academy-ops iam-policy --with-actions > policy.json", say("To scale and to create queues, too:")),
        ),
    ),
    "help": Page(
        None,
        (
            Example("academy-ops help diagnose", say("One command:")),
            Example("academy-ops help --man > academy-ops.1", say("A page for man:")),
        ),
    ),
    "aws": Page(
        say(
            "Whatever follows is the AWS CLI's, and so are the exit code and what it may change. It gets the "
            "credentials, the region and the endpoint in force as its environment."
        ),
        (
            Example(
                "academy-ops --env-file api.env aws sts get-caller-identity",
                say("Who do these credentials say we are?"),
            ),
            Example(
                "academy-ops --env-file api.env aws --r2 s3api head-bucket --endpoint-url URL --bucket NAME",
                say("With the API's R2 keys:"),
            ),
        ),
    ),
    "demo": Page(
        say("It needs no account and no network, and leaves nothing behind. It takes about a minute."),
        (Example("academy-ops demo", say("Tell the story:")),),
    ),
    "lab": Page(
        say("AWS, R2, the edge, nginx, the API and workers run as real processes on loopback addresses."),
        (
            Example("academy-ops lab up --detach", say("Start it:")),
            Example("academy-ops lab env --to lab.env", say("Let every other command talk to it:")),
            Example("academy-ops lab break worker-off", say("Break it; the id of the job that waits is printed:")),
            Example("academy-ops --env-file lab.env diagnose JOB_ID", say("Find out why:")),
            Example("academy-ops lab heal", say("Fix it:")),
        ),
    ),
    "lab up": Page(None, (Example("academy-ops lab up --detach", say("In the background:")),)),
    "lab down": Page(None, (Example("academy-ops lab down", say("Stop it:")),)),
    "lab status": Page(
        None,
        (Example("academy-ops lab status", say("What runs?")),),
        {0: say("the lab runs"), 1: say("no lab runs")},
    ),
    "lab env": Page(None, (Example("academy-ops lab env --to lab.env", say("Keep it for --env-file:")),)),
    "lab upload": Page(
        None,
        (
            Example("academy-ops lab upload", say("Five students that are made up:")),
            Example("academy-ops lab upload students.xlsx", say("A workbook of your own:")),
        ),
    ),
    "lab break": Page(
        None,
        (
            Example("academy-ops lab break --list", say("What can be broken?")),
            Example("academy-ops lab break worker-off", say("Switch the workers off:")),
        ),
    ),
    "lab heal": Page(None, (Example("academy-ops lab heal", say("Undo all:")),)),
    "serve": Page(
        say("The settings come from the environment; academy-ops lab up starts all parts together."),
        (Example("DATABASE_URL=sqlite:///academy.db academy-ops serve api", say("The API:")),),
    ),
    "serve api": Page(None, (Example("academy-ops serve api --port 8080", say("On another port:")),)),
    "serve worker": Page(None, (Example("academy-ops serve worker", say("One worker:")),)),
    "serve autoscaler": Page(None, (Example("academy-ops serve autoscaler --every 10", say("Six times a minute:")),)),
}
"""By what stands behind ``academy-ops`` on the command line."""
