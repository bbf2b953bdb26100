"""``lab``: the bundled system, running on this machine."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from academy_ops.cli import completion, errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.nearest import nearest
from academy_ops.cli.serve import needs_lab
from academy_ops.messages import Text, _, say

if TYPE_CHECKING:
    from types import ModuleType

    from academy_ops.lab.operate import LabInfo

app = typer.Typer(help=_("The whole academy on this machine, to try things out and to break them."))


def operate() -> ModuleType:
    """Return `academy_ops.lab.operate`.

    Raises:
        RefusedError: The extra ``lab`` is not installed.
    """
    try:
        from academy_ops.lab import operate as module
    except ImportError as error:
        raise needs_lab(error) from error
    return module


def refusing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the lab's own refusals into one line."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        lab = operate()
        try:
            return command(*args, **kwargs)
        except lab.LabError as error:
            raise RefusedError(error.message) from error

    return wrapped


@app.command(help=_("Start it; with --detach in the background, else until Ctrl-C."))
@refusing
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help=_("Leave it running in the background."))] = False,
) -> None:
    """Start the lab."""
    lab = operate()
    if detach:
        _show(lab.up(_tell))
        return
    with lab.running(_tell) as (info, wait), contextlib.suppress(KeyboardInterrupt):
        _show(info)
        _tell(say("Ctrl-C ends it."))
        wait()
    _tell(say("The lab is down; its folder is gone."))


@app.command(help=_("Stop it and remove its folder."))
@refusing
def down() -> None:
    """Stop the lab."""
    stopped = operate().down()
    _tell(say("The lab is down; its folder is gone.") if stopped else say("No lab was running."))


@app.command(help=_("Show what runs, and which faults are in."))
@refusing
def status() -> int:
    """Show the lab's state; exit 1 when none runs."""
    state = operate().status()
    if state is None:
        _tell(say("No lab is running. Start one: academy-ops lab up"))
        return errors.FAULT
    _show(state.info)
    for name, runs in state.parts.items():
        word = _("running") if runs else _("stopped")
        typer.echo(f"  {name:<10} {word}")
    for instance, pid in state.workers.items():
        word = _("worker process {pid}", pid=pid) if pid else _("no worker process")
        typer.echo(f"  {instance:<22} {word}")
    typer.echo(_("Faults in: {faults}", faults=", ".join(state.broken) or _("none")))
    return errors.HEALTHY


@app.command(help=_("Print the env file that makes every other command talk to the lab."))
@refusing
def env() -> None:
    """Print the dotenv text."""
    typer.echo(operate().env(), nl=False)


@app.command(help=_("Upload a workbook through the API and print the job's id."))
@refusing
def upload(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=_("The workbook; without one, five students are made up."))
    ] = None,
) -> None:
    """Upload; only the job's id goes to stdout."""
    done = operate().upload(file)
    typer.echo(_("Uploaded {name}.", name=done.name), err=True)
    typer.echo(done.job_id)


@app.command(
    "break", help=_("Put a fault in and print the job that shows it, where there is one; --list names the faults.")
)
@refusing
def break_(
    fault: Annotated[
        str | None,
        typer.Argument(
            metavar="FAULT", help=_("The fault's name."), show_default=False, autocompletion=completion.faults
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help=_("Say what each fault does."))] = False,
) -> None:
    """Break the lab."""
    lab = operate()
    if list_:
        _list_faults(
            {name: str(one.does) for name, one in lab.FAULTS.items()}
            | {alias: f"= {name}" for alias, name in lab.ALIASES.items()}
        )
        return
    if fault is None:
        raise RefusedError(say("Name a fault; academy-ops lab break --list names them."))
    if fault not in lab.FAULTS and fault not in lab.ALIASES:
        raise RefusedError(_no_fault(fault, [*lab.FAULTS, *lab.ALIASES]))
    broken = lab.break_fault(fault)
    typer.echo(f"{broken.name}: {broken.what}", err=True)
    if broken.job_id:
        typer.echo(broken.job_id)


@app.command(help=_("Undo every fault."))
@refusing
def heal() -> None:
    """Heal the lab."""
    healed = operate().heal()
    typer.echo(_("Healed: {faults}", faults=", ".join(healed) or _("none")))


def _no_fault(fault: str, faults: Collection[str]) -> Text:
    near = ", ".join(nearest(fault, faults))
    if near:
        return say("There is no fault {fault!r}. Did you mean {near}?", fault=fault, near=near)
    return say("There is no fault {fault!r}. All of them: academy-ops lab break --list", fault=fault)


def _list_faults(faults: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.text import Text as Line

    from academy_ops.report.terminal import hanging

    console = Console(highlight=False)
    column = 2 + max(len(name) for name in faults)
    for name, does in faults.items():
        if console.is_terminal:
            hanging(console, Line(name), Line(does), column)
        else:
            # A line each, to be searched.
            typer.echo(f"{name:<{column}}{does}")


def _show(info: LabInfo) -> None:
    typer.echo(_("The lab runs (pid {pid}) in {folder}.", pid=info.pid, folder=str(info.folder)))
    typer.echo(f"  API {info.api_url}  AWS {info.aws_url}  R2 {info.r2_url}")


def _tell(text: Text) -> None:
    sys.stderr.write(f"{text}\n")
