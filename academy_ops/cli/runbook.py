"""``runbook``: the runbook in the terminal, whole or one section. No network."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from academy_ops.cli import completion, errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, with_text_only
from academy_ops.messages import _, current, say

HELP: Final = _("The runbook: what to do by hand, step by step. A section by its number (3-1) or its check (workers).")


@with_text_only
def runbook(
    common: Common,
    section: Annotated[
        str | None,
        typer.Argument(
            metavar="[SECTION]",
            help=_("A section's number or the name of its check."),
            show_default=False,
            autocompletion=completion.sections,
        ),
    ] = None,
) -> int:
    """Print the runbook, or one section of it.

    Raises:
        RefusedError: There is no such section.
    """
    from academy_ops.report import runbook as pages

    whole = pages.text(current())
    if section is None:
        pages.show(console(common), whole)
        return errors.HEALTHY
    known = pages.sections(whole)
    found = next((page for number, page in known.items() if section in {number, page.check}), None)
    if found is None or not section:
        there = ", ".join(f"{number} ({page.check})" if page.check else number for number, page in known.items())
        raise RefusedError(
            say("There is no section {section!r}. The sections are: {there}.", section=section, there=there)
        )
    pages.show(console(common), found.text)
    return errors.HEALTHY
