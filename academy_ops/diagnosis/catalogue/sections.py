"""The runbook's sections: their titles, and where they stand in the runbook of each language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from academy_ops.diagnosis.records import Section
from academy_ops.messages import Language, Text, say

TITLES: Final[Mapping[Section, Text]] = MappingProxyType(
    {
        "0": say("Access"),
        "1": say("Upload and R2"),
        "2": say("From the browser to the API"),
        "3-1": say("Workers"),
        "3-3": say("Queue"),
        "3-4": say("Inside the worker"),
        "4": say("The job itself"),
    }
)
"""In the order of the runbook; a test holds them to its headings."""

FILES: Final[Mapping[Language, str]] = {"ko": "runbook.md", "en": "runbook.en.md"}


def heading(section: Section, language: Language) -> str:
    """Return the heading of ``section`` as the runbook has it."""
    return f"{section}. {TITLES[section].render(language)}"


def anchor(section: Section, language: Language) -> str:
    """Return the link to ``section``; as GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    plain = re.sub(r"[^\w\- ]", "", heading(section, language).lower())
    return f"{FILES[language]}#{plain.replace(' ', '-')}"
