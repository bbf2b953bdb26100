"""All commands, in the order in which the help lists them."""

from __future__ import annotations

import typer

from academy_ops.cli import serve
from academy_ops.messages import _

app = typer.Typer(
    name="academy-ops",
    help=_("Find out why a bulk Excel registration failed: root cause, evidence, remedy."),
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(serve.app, name="serve")
