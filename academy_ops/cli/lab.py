"""``lab`` and ``serve``: the bundled academy, whole on this machine or one part of it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError, needing
from academy_ops.cli.names import complete_faults, did_you_mean
from academy_ops.cli.options import Common, with_common
from academy_ops.cli.outputs import write_structured
from academy_ops.cli.streams import complain, regular, writable, write_file
from academy_ops.contract import UPLOADS_PER_MINUTE
from academy_ops.messages import Text, _, os_reason, say

if TYPE_CHECKING:
    from types import ModuleType

    from academy_ops.lab.operate import LabInfo, Status

app = typer.Typer()
serve_app = typer.Typer()


def operate() -> ModuleType:
    """Return `academy_ops.lab.operate`, which needs the extra ``lab``."""
    with needing("lab"):
        from academy_ops.lab import operate as module
    return module


@app.command(help=_("Start the lab: in the background with --detach, otherwise until Ctrl-C."))
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help=_("Run in the background."))] = False,
    generation: Annotated[
        int,
        typer.Option(
            "--generation",
            min=1,
            max=2,
            envvar="ACADEMY_LAB_GENERATION",
            show_envvar=False,
            help=_("2 is production as of 2026: logs in CloudWatch, alarms instead of the function, a load balancer."),
        ),
    ] = 1,
) -> None:
    """Start the lab."""
    lab = operate()
    # The supervisor takes it from here.
    os.environ["ACADEMY_LAB_GENERATION"] = str(generation)
    if detach:
        _show(lab.up(_note))
        return
    with lab.running(_note) as (info, wait), contextlib.suppress(KeyboardInterrupt):
        _show(info)
        _note(say("Press Ctrl-C to stop it."))
        wait()
    _note(say("The lab is stopped, and its folder is removed."))


@app.command(help=_("Stop the lab and remove its folder."))
def down() -> None:
    """Stop the lab."""
    stopped = operate().down()
    _note(say("The lab is stopped, and its folder is removed.") if stopped else say("No lab was running."))


@app.command(help=_("Show what is running, and the current faults."))
@with_common
def status(common: Common) -> int:
    """Show the lab's state; exit 1 when none runs."""
    state = operate().status()
    if common.structured:
        write_structured(common, _document(state))
        return errors.HEALTHY if state else errors.FAULT
    if state is None:
        _note(say("No lab is running. Start one: academy-ops lab up"))
        return errors.FAULT
    _show(state.info)
    words = {name: _("running") if runs else _("stopped") for name, runs in state.parts.items()}
    for instance, pid in state.workers.items():
        words[instance] = _("worker process {pid}", pid=pid) if pid else _("no worker process")
    width = max(map(len, words))
    for name, word in words.items():
        typer.echo(f"  {name:<{width}}  {word}")
    typer.echo(_("Current faults: {faults}", faults=", ".join(state.broken) or _("none")))
    return errors.HEALTHY


@app.command(help=_("Print the env file that points all other commands at the lab."))
def env(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help=_("Write it to this file, as UTF-8 in any shell."))
    ] = None,
) -> None:
    """Print the dotenv text, or write it."""
    text = operate().env()
    if to is None:
        typer.echo(text, nl=False)
    else:
        write_file(writable(to), text.encode())
        _note(say("Wrote {path}.", path=str(to)))


@app.command(help=_("Upload a workbook through the API and print the job id."))
def upload(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=_("The workbook (default: five made-up students)."))
    ] = None,
) -> None:
    """Upload; only the job's id goes to stdout."""
    job_id = operate().upload(file and regular(str(file)))
    complain(_("Uploaded {name}.", name=file.name) if file else _("Uploaded five made-up students."))
    typer.echo(job_id)


@app.command(
    "break", help=_("Cause a fault, and print the id of a job that shows it, if any; --list names the faults.")
)
@with_common
def break_(
    common: Common,
    fault: Annotated[
        str | None,
        typer.Argument(metavar="FAULT", help=_("The fault."), show_default=False, autocompletion=complete_faults),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help=_("List the faults and what each one does."))] = False,
) -> None:
    """Break the lab."""
    lab = operate()
    if list_:
        known = {name: str(fault.description) for name, fault in lab.FAULTS.items()}
        if common.structured:
            aliases = {name: [alias for alias, meant in lab.ALIASES.items() if meant == name] for name in known}
            rows = [{"fault": name, "does": does, "aliases": aliases[name]} for name, does in known.items()]
            write_structured(common, rows)
        else:
            _list_faults(known | {alias: f"= {name}" for alias, name in lab.ALIASES.items()})
        return
    if fault is None:
        raise RefusedError(say("Name a fault. List them: academy-ops lab break --list"))
    if (found := lab.find(fault)) is None:
        problem = say("No such fault: {fault!r}.", fault=fault)
        faults = [*lab.FAULTS, *lab.ALIASES]
        raise RefusedError(did_you_mean(problem, fault, faults, say("List them: academy-ops lab break --list")))
    job_id = lab.break_fault(found.name)
    complain(f"{found.name}: {found.description}")
    if job_id:
        typer.echo(job_id)


@app.command(help=_("Undo all faults."))
def heal() -> None:
    """Heal the lab."""
    healed = operate().heal()
    typer.echo(_("Healed: {faults}", faults=", ".join(healed) or _("none")))


@serve_app.command(help=_("Run the API on HOST:PORT until SIGTERM or Ctrl-C."))
def api(
    host: Annotated[str, typer.Option(help=_("Address to listen on."))] = "127.0.0.1",
    port: Annotated[int, typer.Option(help=_("Port to listen on."), min=1, max=65535)] = 8000,
    uploads_per_minute: Annotated[
        int, typer.Option(metavar="N", help=_("Uploads allowed per school and minute."), min=1)
    ] = UPLOADS_PER_MINUTE,
    processes: Annotated[
        int,
        typer.Option(
            metavar="N",
            help=_("Processes that share the port; each counts uploads separately, unless REDIS_URL is set."),
            min=1,
            max=64,
        ),
    ] = 1,
) -> None:
    """Serve the bundled API."""
    with needing("lab"):
        from academy_ops.academy.api import serve
    _refuse_unless_free(host, port)
    serve(host, port, uploads_per_minute, processes)


@serve_app.command(help=_("Run one worker until SIGTERM or Ctrl-C."))
def worker() -> int:
    """Run the bundled worker."""
    with needing("lab"):
        from academy_ops.academy.worker import run
    return run()


@serve_app.command(help=_("Run the autoscaler once a minute until SIGTERM or Ctrl-C."))
def autoscaler(
    every: Annotated[int, typer.Option(help=_("Seconds between runs."), min=1)] = 60,
) -> int:
    """Run the bundled autoscaler."""
    with needing("lab"):
        from academy_ops.academy.autoscaler import run
    return run(every)


def _refuse_unless_free(host: str, port: int) -> None:
    """Refuse an address that nothing can listen on; the server itself would say so in the middle of its log."""
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server((str(address[0]), port), family=family).close()
    except OSError as error:
        reason = say("no such host") if isinstance(error, socket.gaierror) else os_reason(error)
        raise RefusedError(
            say("Can't listen on {host}:{port}: {reason}.", host=host, port=port, reason=reason)
        ) from error


def _list_faults(faults: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.text import Text as Line

    from academy_ops.report.terminal import hanging

    console = Console(highlight=False)
    column = 2 + max(len(name) for name in faults)
    # Beside the names, 80 columns leave a third of a line.
    below = console.width < 2 * column
    for name, does in faults.items():
        if console.is_terminal and below:
            console.print(Line(name, "bold"), soft_wrap=True)
            hanging(console, Line(), Line(does), 2)
        elif console.is_terminal:
            hanging(console, Line(name), Line(does), column)
        else:
            # A line each, to be searched.
            typer.echo(f"{name:<{column}}{does}")


def _document(state: Status | None) -> object:
    if state is None:
        return {"running": False}
    info = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(state.info).items()}
    return {
        "running": True,
        **info,
        "parts": dict(state.parts),
        "workers": dict(state.workers),
        "faults": list(state.broken),
    }


def _show(info: LabInfo) -> None:
    typer.echo(_("The lab is running (pid {pid}) in {folder}.", pid=info.pid, folder=str(info.folder)))
    for name, url in (("API", info.api_url), ("AWS", info.aws_url), ("R2", info.r2_url)):
        typer.echo(f"  {name:<3}  {url}")


def _note(text: Text) -> None:
    complain(str(text))
