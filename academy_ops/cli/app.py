"""All commands, in the order in which the help lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from academy_ops.cli import aws, change, demo, diagnose, follow, jobs, lab, reference, smoke, usage, worker_env
from academy_ops.cli.options import Common, show_version, with_any_output
from academy_ops.messages import _

app = typer.Typer(
    name="academy-ops",
    help=_("Find out why a bulk Excel registration failed: root cause, evidence, remedy."),
    context_settings={"help_option_names": ["-h", "--help"]},
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


app.command(help=_("Find the root cause: every check, its evidence, what was ruled out, and the remedy."))(
    diagnose.diagnose
)
app.command(help=_("Run one step of the runbook; 'check excel FILE' reads a workbook as the worker would."))(
    diagnose.check
)
app.command(help=_("The last uploads, newest first: when, which school, job id, state. Changes nothing."))(jobs.jobs)
app.command(
    "scale-worker",
    help=_("Set the worker group's desired capacity: shows the plan, asks, applies, and waits with --wait."),
)(change.scale_worker)
app.command(
    "worker-env",
    help=_("The workers' parameter: its names, and whether each has the API's value; changes it, never shows a value."),
)(worker_env.worker_env)
app.add_typer(change.queue_app, name="queue")
app.command(help=_("Follow a job as the browser does, once a second, until it ends."))(follow.watch)
app.command(help=_("Read the logs of every worker at once; each line begins with its instance and its time."))(
    follow.logs
)
app.command(
    help=_("Send a few marked students the whole way through the real API, as CI does; diagnose where they stop.")
)(smoke.smoke)
app.command(help=_("Every setting, its value (secrets masked), and where it came from."))(reference.config)
app.command(help=_("Diagnose, and write the evidence, without secrets, as one archive to attach to a ticket."))(
    diagnose.bundle
)
app.command(
    help=_("What a cause means, how it is recognized, how to see it by hand, and the remedy. Without one: all of them.")
)(reference.explain)
app.command(
    help=_("The runbook: what to do by hand, step by step. A section by its number (3-1) or its check (workers).")
)(reference.runbook)
app.command("iam-policy", help=_("The least IAM policy that the checks need, as JSON, with your own names filled in."))(
    reference.iam_policy
)
app.command(
    help=_("The AWS CLI with the settings in force: credentials, region and endpoint of the env file or the context."),
    context_settings=aws.PASSED_ON,
)(aws.aws)
app.command(help=_("The whole story on this machine: upload, worker off, diagnose, scale, done."))(demo.demo)
app.command("help", help=_("The help of a command; --man prints all of it as a man page."))(reference.help_)
app.add_typer(lab.app, name="lab")
app.add_typer(lab.serve_app, name="serve")

usage.shape(app)


def words() -> frozenset[str]:
    """Return the names of all commands and options."""
    return frozenset(usage.words(typer.main.get_command(app)))
