"""What a shell completes at the Tab key: values that are known without a job, a network or the AWS SDK."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from academy_ops.messages import LANGUAGES, current

if TYPE_CHECKING:
    from academy_ops.report.runbook import Page

Described = tuple[str, str]
"""A value, and what it is in the language spoken; bash shows only the value."""


def languages() -> Iterable[str]:
    """Return the values of ``--lang``."""
    return LANGUAGES


def checks() -> list[Described]:
    """Return the checks' names, as the runbook marks its sections; the checks themselves load the AWS SDK."""
    from academy_ops.report import runbook

    pages = runbook.sections(runbook.text(current())).values()
    return [(page.check, _title(page)) for page in pages if page.check]


def checks_and_excel() -> list[Described]:
    """Return what ``check`` takes first."""
    return [*checks(), ("excel", ".xlsx")]


def sections() -> list[Described]:
    """Return the runbook's sections, each by its number and by its check."""
    from academy_ops.report import runbook

    pages = runbook.sections(runbook.text(current()))
    return [*((number, _title(page)) for number, page in pages.items()), *checks()]


def causes() -> list[Described]:
    """Return the causes' codes."""
    from academy_ops.diagnosis.catalogue import CATALOGUE

    return [(code, str(cause.meaning)) for code, cause in CATALOGUE.items()]


def faults() -> list[Described]:
    """Return the lab's faults and their aliases; nothing where the extra ``lab`` is not installed."""
    try:
        from academy_ops.lab.faults import ALIASES, FAULTS
    except ImportError:
        return []
    names = {**{name: name for name in FAULTS}, **ALIASES}
    return [(alias, str(FAULTS[name].description)) for alias, name in names.items()]


def _title(page: Page) -> str:
    return page.text.partition("\n")[0].lstrip("# ")
