"""The runbook of the current language: found in a checkout and in an installed wheel, whole or one section of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from academy_ops.contract import JOBS_PATH
from academy_ops.diagnosis.records import Section
from academy_ops.messages import Language
from academy_ops.thresholds import FIGURES

_HEADING: Final = re.compile(r"^#{2,3} (\d(?:-\d)?)\. .+$", re.MULTILINE)
_MARKER: Final = re.compile(r"^<!-- check: (\w+) -->$", re.MULTILINE)
_FIGURE: Final = re.compile(r"<!--(\w+)-->[\d.]+")
"""A number that a threshold decides, behind the threshold's name."""
_JOB_PATH: Final = re.compile(r"/[a-z0-9_/-]+/(?=<(?:job id|작업 ID)>/)")

FILES: Final[Mapping[Language, str]] = {"ko": "runbook.md", "en": "runbook.en.md"}


@dataclass(frozen=True, slots=True)
class Page:
    """One section of it.

    Attributes:
        heading: Its number and title.
        text: Its Markdown, with its heading and its subsections.
        check: The check that it is about; empty where there is none.
    """

    heading: str
    text: str
    check: str


def text(language: Language) -> str:
    """Return the runbook's Markdown with the thresholds in force; the sections keep their markers."""
    return _FIGURE.sub(lambda figure: str(FIGURES[figure[1]]), _source(language).read_text(encoding="utf-8"))


def _source(language: Language) -> Traversable:
    package = files("academy_ops")
    installed = package / "locale" / language / "runbook.md"
    # A checkout has it at its root, where people look for it.
    return installed if installed.is_file() else package / ".." / FILES[language]


def updated(markdown: str) -> str:
    """Return a runbook as its file has to be: each marked number is the threshold in force, and the job's path, too."""
    figures = _FIGURE.sub(lambda figure: f"<!--{figure[1]}-->{FIGURES[figure[1]]}", markdown)
    return _JOB_PATH.sub(JOBS_PATH, figures)


def sections(markdown: str) -> Mapping[str, Page]:
    """Return the numbered sections by their numbers, in the order of the runbook."""
    headings = list(_HEADING.finditer(markdown))
    found: dict[str, Page] = {}
    for place, heading in enumerate(headings):
        number = heading[1]
        ends = (later.start() for later in headings[place + 1 :] if not later[1].startswith(f"{number}-"))
        whole = markdown[heading.start() : next(ends, len(markdown))]
        own = markdown[heading.start() : headings[place + 1].start()] if place + 1 < len(headings) else whole
        marker = _MARKER.search(own)
        found[number] = Page(heading[0].lstrip("# "), whole, marker[1] if marker else "")
    return found


@cache
def _headings(language: Language) -> Mapping[str, str]:
    return {number: page.heading for number, page in sections(text(language)).items()}


def heading(section: Section, language: Language) -> str:
    """Return the heading of ``section``."""
    return _headings(language)[section]


def section_link(section: Section, language: Language) -> str:
    """Return the address of ``section`` on this machine, for a terminal that knows links."""
    address = Path(str(_source(language))).resolve().as_uri()
    return f"{address}#{quote(anchor(section, language).partition('#')[2])}"


def anchor(section: Section, language: Language) -> str:
    """Return the link to ``section``; as GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    plain = re.sub(r"[^\w\- ]", "", heading(section, language).lower())
    return f"{FILES[language]}#{plain.replace(' ', '-')}"
