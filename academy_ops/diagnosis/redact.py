"""Secrets and control characters never leave: every text from outside passes through here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_KNOWN_FORMS: Final = (
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    # No quotes: they end a URL, and what is masked must not reach into the next field of a JSON text.
    re.compile(r"""(?<=://)[^/\s:@"'<>]*:[^/\s@"'<>]+(?=@)"""),
    re.compile(r"(?i)(?<=X-Amz-Signature=)[0-9a-f]+"),
    re.compile(r"(?i)(?<=X-Amz-Credential=)[^&\s]+"),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without secrets.

    Args:
        text: Any text from outside.
        secrets: Values to mask wherever they stand; shorter than four characters they are left, as they would mask
            half of every sentence.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    for form in _KNOWN_FORMS:
        text = form.sub(MASK, text)
    return text


def printable(text: str) -> str:
    """Return ``text`` with control and format characters shown as a substitute, so that none reaches a terminal."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"} else "\ufffd"
        for character in text
    )
