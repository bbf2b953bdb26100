"""Secrets and control characters never leave: every text from outside passes through here."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_UNPRINTED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters, half surrogates, and the line ends that only some programs know (U+2028, U+2029)."""
_ESCAPE: Final = re.compile(r"\\{1,8}(?:/|u00(?!22|5c)([2-7][0-9a-f])(?<!7f))", re.IGNORECASE)
"""Of JSON, for a character that it need not escape: undone, the text is the same JSON."""
_PHONE: Final = re.compile(r"(?<![\w-])(?:\+?82[-. ]?)?0?1[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)")
_PHONE_DIGITS: Final = 7
_KNOWN_FORMS: Final = {
    "AWS access key id": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "bearer token": re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    # No quotes: they end a URL, and what is masked must not reach into the next field of a JSON text.
    "password in a URL": re.compile(r"""(?<=://)[^/\s:@"'<>]*:[^/\s@"'<>]+(?=@)"""),
    "signature of a URL": re.compile(r"(?i)(?<=X-Amz-Signature=)[0-9a-f]+"),
    "credential of a URL": re.compile(r"(?i)(?<=X-Amz-Credential=)[^&\s]+"),
}


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without secrets.

    Those shorter than four characters are left, as they would mask half of every sentence.
    """
    return masked(text, dict.fromkeys(secrets, ""))[0]


def masked(text: str, secrets: Mapping[str, str]) -> tuple[str, Counter[str]]:
    """Return ``text`` without secrets, given with the names of their kinds, and how many of each kind were masked.

    A secret may be written with escapes, which whoever reads the text will undo.
    """
    counts = Counter[str]()
    text = _without(text, secrets, counts)
    if "\\" in text:
        text = _without(_ESCAPE.sub(lambda escape: chr(int(escape[1] or "2f", 16)), text), secrets, counts)
    for kind, form in _KNOWN_FORMS.items():
        text, times = form.subn(MASK, text)
        if times:
            counts[kind] += times
    return text, counts


def _without(text: str, secrets: Mapping[str, str], counts: Counter[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET and secret in text:
            counts[secrets[secret]] += text.count(secret)
            text = text.replace(secret, MASK)
    return text


def printable(text: str) -> str:
    """Return ``text`` with what no terminal should be sent, as control characters, shown as a substitute."""
    if text.isprintable():  # as most are, and a hundred times as fast
        return text
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in _UNPRINTED else "\ufffd"
        for character in text
    )


def phone_masked(value: str) -> str:
    """Return a cell's value without the middle of its digits, where it has as many as a phone."""
    digits = [place for place, character in enumerate(value) if character.isdigit()]
    if len(digits) < _PHONE_DIGITS:
        return value
    hidden = set(digits[3:-2])
    return "".join("*" if place in hidden else character for place, character in enumerate(value))


def without_phones(text: str) -> str:
    """Return a text in which every mobile phone is masked."""
    return _PHONE.sub(lambda found: phone_masked(found[0]), text)
