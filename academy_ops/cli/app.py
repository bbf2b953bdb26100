"""All commands, in the order in which the help lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from academy_ops.cli import (
    bundle,
    config,
    demo,
    diagnose,
    explain,
    iam_policy,
    lab,
    logs,
    queue,
    runbook,
    scale,
    serve,
    smoke,
    watch,
)
from academy_ops.cli.commands import shape
from academy_ops.cli.options import Common, show_version, with_any_output
from academy_ops.messages import _

app = typer.Typer(
    name="academy-ops",
    help=_("Find out why a bulk Excel registration failed: root cause, evidence, remedy."),
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
@with_any_output
def root(
    common: Common,
    _version: Annotated[
        bool,
        typer.Option("--version", help=_("Show the version."), callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the common options that stand before the command's name; `with_any_output` keeps them."""


app.command(help=diagnose.HELP)(diagnose.diagnose)
app.command(help=diagnose.CHECK_HELP)(diagnose.check)
app.command("scale-worker", help=scale.HELP)(scale.scale_worker)
app.add_typer(queue.app, name="queue")
app.command(help=watch.HELP)(watch.watch)
app.command(help=logs.HELP)(logs.logs)
app.command(help=smoke.HELP)(smoke.smoke)
app.command(help=config.HELP)(config.config)
app.command(help=bundle.HELP)(bundle.bundle)
app.command(help=explain.HELP)(explain.explain)
app.command(help=runbook.HELP)(runbook.runbook)
app.command("iam-policy", help=iam_policy.HELP)(iam_policy.iam_policy)
app.command(help=demo.HELP)(demo.demo)
app.add_typer(lab.app, name="lab")
app.add_typer(serve.app, name="serve")

shape(app)
