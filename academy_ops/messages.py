"""Every sentence a person reads, in Korean and in English.

The English sentence is the key; ``locale/<language>/LC_MESSAGES/academy_ops.po`` holds the others. A finding
keeps its sentence as a `Text` (template and values), so judging is the same in every language and saved
evidence can be read in another language than it was taken in.
"""

from __future__ import annotations

import errno
import gettext
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

Language = Literal["ko", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
DOMAIN: Final = "academy_ops"

Value = str | int | float | None

_LANG_KOREAN: Final = 0x12
"""LANG_KOREAN of winnt.h."""

_current: Language = "en"


_RIEUL: Final = 8
_FORMS: Final = {
    "이(가)": ("이", "가"),
    "은(는)": ("은", "는"),
    "을(를)": ("을", "를"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
"""A particle after a closed and after an open syllable."""
_PARTICLE: Final = re.compile(f"(?P<before>.)(?P<both>{'|'.join(map(re.escape, _FORMS))})")
_SOUNDS: Final = {
    **dict.fromkeys("aiouy2459", 0),
    **dict.fromkeys("mn036", 1),
    **dict.fromkeys("l178", _RIEUL),
}
"""The last sound of what is read as it is spelled; of other letters Koreans differ."""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence for people: an English template, and the values that fill it.

    Attributes:
        template: The English sentence, with ``{name}`` where a value goes.
        values: What fills the template; the same in every language.
    """

    template: str
    values: Mapping[str, Value | Text] = field(default_factory=dict)

    def __str__(self) -> str:
        """The sentence in the current language."""
        return self.render(_current)

    def render(self, language: Language) -> str:
        """Return the sentence in ``language``."""
        filled = {
            name: value.render(language) if isinstance(value, Text) else value for name, value in self.values.items()
        }
        return with_particles(_catalogue(language).gettext(self.template).format_map(filled))


class UserError(Exception):
    """Something can't be done; ``message`` is what the person who asked is told, and ``str()``, too."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


def with_particles(text: str) -> str:
    """Return Korean text with the particles that its values ask for; where their sound is not known, with both forms.

    A translation has both, as in ``{name}이(가)``: only the value decides.
    """
    return _PARTICLE.sub(_particle, text)


def _particle(found: re.Match[str]) -> str:
    before, closed, opened = found["before"], *_FORMS[found["both"]]
    if "가" <= before <= "힣":
        final = (ord(before) - ord("가")) % 28
    elif before in _SOUNDS:
        final = _SOUNDS[before]
    else:
        return found[0]
    # After ㄹ it is 로, as after a vowel.
    return before + (closed if final and not (closed == "으로" and final == _RIEUL) else opened)


def say(template: str, /, **values: Value | Text) -> Text:
    """Make a `Text`; the message extractor collects ``template``."""
    return Text(template, values)


def use(language: Language) -> None:
    """Make ``language`` the one that `Text.__str__` and `_` speak from now on."""
    global _current  # noqa: PLW0603 - one process speaks one language, set once at its start
    _current = language


def current() -> Language:
    """Return the language set by `use`."""
    return _current


def _(template: str, /, **values: Value | Text) -> str:
    """Return ``template``, filled, in the current language."""
    return say(template, **values).render(_current)


def choose(asked: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Decide the language to speak.

    Args:
        asked: What ``--lang`` said, or None.
        environ: Where ``ACADEMY_OPS_LANG`` and the locale variables are looked up.

    Returns:
        The language asked for, else ``ACADEMY_OPS_LANG``, else the locale's, else English.

    Raises:
        ValueError: ``asked`` or ``ACADEMY_OPS_LANG`` names a language that is not spoken here.
    """
    for wish in (asked, environ.get("ACADEMY_OPS_LANG", "").strip()):
        if wish:
            for language in LANGUAGES:
                if wish.lower().replace("-", "_").split("_")[0] == language:
                    return language
            raise ValueError(wish)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "ko" if environ[name].lower().startswith("ko") else "en"
    return "ko" if sys.platform == "win32" and _windows_speaks_korean() else "en"


def _windows_speaks_korean() -> bool:
    """Return whether Windows shows its own windows in Korean; it sets none of the variables above."""
    import ctypes  # noqa: PLC0415 - needed on Windows only

    windows = getattr(ctypes, "windll", None)
    # The low ten bits of a LANGID are the language, whatever the country.
    return windows is not None and windows.kernel32.GetUserDefaultUILanguage() & 0x3FF == _LANG_KOREAN


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    compiled = files("academy_ops") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with compiled.open("rb") as binary:
        return gettext.GNUTranslations(binary)


_OS_REASONS: Final[Mapping[int, Text]] = {
    errno.ENOENT: say("no such file or folder"),
    errno.ENOTDIR: say("part of its path is a file, not a folder"),
    errno.EISDIR: say("it is a folder"),
    errno.EACCES: say("permission denied"),
    errno.EPERM: say("permission denied"),
    errno.ENOSPC: say("the disk is full"),
    errno.EDQUOT: say("the disk quota is exceeded"),
    errno.EROFS: say("the disk is read-only"),
    errno.ENAMETOOLONG: say("its name is too long"),
    errno.EIO: say("disk error"),
    errno.EMFILE: say("too many open files"),
    errno.ENFILE: say("too many open files"),
    errno.ELOOP: say("its links lead in a circle"),
    errno.ENOEXEC: say("it is not a program for this machine"),
    errno.ETIMEDOUT: say("nothing came in time"),
    errno.ECONNREFUSED: say("connection refused"),
    errno.EADDRINUSE: say("the port is in use"),
    errno.EADDRNOTAVAIL: say("this machine does not have that address"),
}


def os_reason(error: OSError) -> Text:
    """Return why the operating system refused, in a few words; its code where we have none."""
    code = error.errno or 0
    return _OS_REASONS.get(code) or say("system error {code}", code=errno.errorcode.get(code, type(error).__name__))
