"""``serve``: the bundled academy's parts, against whatever the environment names."""

from __future__ import annotations

from typing import Annotated

import typer

from academy_ops.cli.errors import USAGE, RefusedError
from academy_ops.contract import UPLOADS_PER_MINUTE
from academy_ops.messages import _, say

app = typer.Typer(help=_("Run a part of the bundled academy."))


def needs_lab(error: ImportError) -> RefusedError:
    """Turn a missing package of the extra ``lab`` into one line that says how to install it."""
    return RefusedError(
        say(
            "This command needs the extra 'lab' (package {package} is missing). Install it: "
            "pip install 'academy-ops[lab]'",
            package=error.name or "?",
        ),
        USAGE,
    )


@app.command(help=_("Run the API on HOST:PORT until SIGTERM or Ctrl-C."))
def api(
    host: Annotated[str, typer.Option(help=_("Address to listen on."))] = "127.0.0.1",
    port: Annotated[int, typer.Option(help=_("Port to listen on."), min=1, max=65535)] = 8000,
    uploads_per_minute: Annotated[
        int, typer.Option(metavar="N", help=_("How many uploads a school may send in a minute."), min=1)
    ] = UPLOADS_PER_MINUTE,
) -> None:
    """Serve the bundled API."""
    try:
        from academy_ops.academy.api import serve
    except ImportError as error:
        raise needs_lab(error) from error
    serve(host, port, uploads_per_minute)


@app.command(help=_("Run one worker until SIGTERM or Ctrl-C."))
def worker() -> int:
    """Run the bundled worker."""
    try:
        from academy_ops.academy.worker import run
    except ImportError as error:
        raise needs_lab(error) from error
    return run()


@app.command(help=_("Run the autoscaler once a minute until SIGTERM or Ctrl-C."))
def autoscaler(
    every: Annotated[int, typer.Option(help=_("Seconds between two runs."), min=1)] = 60,
) -> int:
    """Run the bundled autoscaler."""
    try:
        from academy_ops.academy.autoscaler import run
    except ImportError as error:
        raise needs_lab(error) from error
    return run(every)
