"""``config``: every setting, its value, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from academy_ops.cli import errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.options import Common, with_common
from academy_ops.cli.outputs import write_json
from academy_ops.messages import Text, _, say
from academy_ops.report import Output

HELP: Final = _("Every setting, its value (secrets masked), and where it came from.")
_SOURCES: Final[Mapping[str, Text]] = {
    "command line": say("command line"),
    "environment": say("environment"),
    "env file": say("env file"),
    "default": say("default"),
    "unset": say("unset"),
}


@with_common
def config(common: Common) -> int:
    """Print the settings."""
    from rich.table import Table
    from rich.text import Text as Line

    from academy_ops.report.settings import settings_document, shown_settings

    settings = common.settings()
    rows = shown_settings(settings)
    if common.form is Output.JSON:
        write_json(settings_document(rows))
        return errors.HEALTHY
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for row in rows:
        style = "" if row.source in {"command line", "environment", "env file"} else "dim"
        cells = (row.name, "-" if row.value is None else row.value, str(_SOURCES[row.source]))
        table.add_row(*(Line(cell, style) for cell in cells))
    out = console(common)
    out.print(table)
    if settings.env_file is not None:
        out.print(Line(_("env file: {path}", path=str(settings.env_file)), "dim"))
    return errors.HEALTHY
