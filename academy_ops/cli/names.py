"""The names that a command line holds: which there are, what a mistyped one meant, what fills a remedy's command."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Collection, Mapping
from string import hexdigits
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from academy_ops.cli.errors import RefusedError
from academy_ops.contract import JOB_ID, JOBS_PATH, TIER
from academy_ops.diagnosis.command import AWS_KEYS_IN_FILE, R2_KEYS_IN_FILE
from academy_ops.messages import Text, _, current, say

if TYPE_CHECKING:
    from academy_ops.report.runbook import Page
    from academy_ops.settings import Settings

JobId = Annotated[
    str | None, typer.Argument(metavar="[JOB_ID]", help=_("The job's id, as the browser polls it."), show_default=False)
]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FORM: Final = "00000000-0000-0000-0000-000000000000"
_FEWEST: Final = 4
"""Fewer characters of an id tell no job from another."""
_END: Final = r"(?![A-Za-z0-9_-])"
_PASTED: Final = (
    re.compile(rf"{JOBS_PATH}({JOB_ID}){_END}"),
    re.compile(rf"\bjob_?id['\"]?\s{{0,4}}[=:]\s{{0,4}}['\"]?({JOB_ID}){_END}", re.IGNORECASE),
    re.compile(rf"(?<![A-Za-z0-9_-])({_UUID.pattern}){_END}", re.IGNORECASE),
)
"""What names a job within a longer text: its URL, a line of a log or of JSON, or its UUID alone."""
_INVISIBLE: Final = re.compile("[\u00a0\u200b-\u200f\u2060\ufeff]")
"""What chats and documents put beside a text."""
_AROUND: Final = " \t\r\n'\"`()<>[]{}.,;:\u2018\u2019\u201c\u201d\u2026\u300c\u300d"
"""Blanks, quotes, brackets and stops that were copied along."""
_KEYBOARD: Final = (
    "r R s e E f a q Q t T d w W c z x v g "
    "k o i O j p u P h hk ho hl y n nj np nl b m ml l "
    "r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g"
)
"""The keys of first consonants, vowels and last consonants on the usual Korean keyboard, in Unicode's order."""
_JAMO: Final = (*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
_KEYS: Final = dict(zip(map(chr, _JAMO), _KEYBOARD.split(), strict=True))

Described = tuple[str, str]
"""A value to complete, and what it is in the current language; bash shows only the value."""


def is_job_id(job_id: str) -> bool:
    """Return whether ``job_id`` has the form of a job id; one that has needs no quotes in a shell."""
    return re.fullmatch(JOB_ID, job_id) is not None


def begins_a_uuid(text: str) -> bool:
    """Return whether ``text`` can be the beginning of a job's UUID, as the page shows it; never a whole one."""
    return _FEWEST <= len(text) < len(_FORM) and all(
        here == there or (there == "0" and here in hexdigits) for here, there in zip(text, _FORM, strict=False)
    )


def valid_job_id(pasted: str | None) -> str | None:
    """Return the job id in what was pasted: the id itself, its URL, or a line of a log or of JSON that names it.

    Where there is none, it is refused, and no request has been made with it.
    """
    if pasted is None:
        return None
    text = _INVISIBLE.sub(" ", pasted)
    found = next((named[1] for form in _PASTED if (named := form.search(text))), text.strip(_AROUND))
    if not is_job_id(found):
        shown = pasted[:80]
        problem = say("{job_id!r} is not a job id: a UUID, or 1 to 64 letters, digits, '-' and '_'.", job_id=shown)
        if begins_a_uuid(meant := in_latin(found)) or _UUID.fullmatch(meant):
            problem = say(
                "{problem} The keyboard seems to be set to Korean; did you mean {meant}?", problem=problem, meant=meant
            )
        raise RefusedError(problem)
    # A UUID is the same in capital letters; the API writes it in small ones.
    return found.lower() if _UUID.fullmatch(found) else found


def in_latin(word: str) -> str:
    """Return ``word`` as the same keys write it while the keyboard is not set to Korean."""
    return "".join(_KEYS.get(letter, letter) for letter in unicodedata.normalize("NFKD", word))


def check_names() -> list[str]:
    """Return the checks' names in runbook order."""
    from checks import RUNBOOK

    return [check.name for check in RUNBOOK]


def known_check(name: str, names: Collection[str]) -> str:
    """Return ``name`` when it is one of ``names``, and refuse it otherwise."""
    if name not in names:
        raise RefusedError(did_you_mean(say("No such check: {name!r}.", name=name), name, names))
    return name


def nearest(word: str, names: Collection[str], most: int = 3) -> list[str]:
    """Return the names that begin with a mistyped word, else those that look like it, the best first."""
    word = in_latin(word)
    begun = [name for name in names if len(word.strip("-")) > 1 and name.startswith(word)]
    return (begun or difflib.get_close_matches(word, names, n=most, cutoff=0.7))[:most]


def did_you_mean(problem: Text, word: str, names: Collection[str], otherwise: Text | None = None) -> Text:
    """Return ``problem`` and the names near ``word``; where none is, ``otherwise``, by default all of ``names``."""
    if near := nearest(word, names):
        return say("{problem} Did you mean {near}?", problem=problem, near=", ".join(near))
    if otherwise:
        return say("{problem} {hint}", problem=problem, hint=otherwise)
    return say("{problem} Choose from: {names}.", problem=problem, names=", ".join(names))


def live_names(
    settings: Settings, ops: str, job_id: str | None = None, environ: Mapping[str, str] = os.environ
) -> Mapping[str, str]:
    """Return what fills the placeholders of remedies, as far as it is known before anything is observed."""
    api_url = settings.get("ACADEMY_API_URL") or ""
    names = {
        "ops": ops,
        "region": settings.region,
        "group": settings.group,
        "queue": settings.queue,
        "worker": settings.worker,
        "worker_container": settings.worker,
        "bucket": settings.bucket,
        "parameter": settings.parameter,
        "autoscaler_function": settings.autoscaler,
        "tier": settings.tier if settings.tier != TIER else None,
        "log_group": settings.log_group,
        "log_region": settings.region,
        "endpoint": settings.get("R2_ENDPOINT"),
        "api_url": api_url.rstrip("/"),
        "api_host": _host(api_url),
        "origin_url": (settings.get("ACADEMY_ORIGIN_URL") or "").rstrip("/"),
        "app_url": (settings.get("ACADEMY_APP_URL") or "").rstrip("/"),
        "job_id": job_id,
        AWS_KEYS_IN_FILE: "yes" if settings.aws_outside_environment(environ) else None,
        R2_KEYS_IN_FILE: "yes" if settings["R2_ACCESS_KEY"].source in {"env file", "context"} else None,
    }
    return {name: value for name, value in names.items() if value}


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


# What a shell completes at the Tab key: without a job, a network or the AWS SDK, which the checks themselves load.


def complete_contexts() -> list[str]:
    """Return the names of the contexts; none where their file can't be used."""
    from academy_ops.settings.contexts import read_contexts
    from academy_ops.settings.env_files import SettingsError

    try:
        return list(read_contexts())
    except SettingsError:
        return []


def complete_checks() -> list[Described]:
    """Return the checks' names, as the runbook marks its sections."""
    return [(page.check, _title(page)) for page in _pages().values() if page.check]


def complete_sections() -> list[Described]:
    """Return the runbook's sections, each by its number and by its check."""
    return [*((number, _title(page)) for number, page in _pages().items()), *complete_checks()]


def complete_causes() -> list[Described]:
    """Return the causes' codes."""
    from academy_ops.diagnosis.catalogue import CATALOGUE

    return [(code, str(cause.meaning)) for code, cause in CATALOGUE.items()]


def complete_faults() -> list[Described]:
    """Return the lab's faults and their aliases; nothing where the extra ``lab`` is not installed."""
    try:
        from academy_ops.lab.faults import ALIASES, FAULTS
    except ImportError:
        return []
    names = {**{name: name for name in FAULTS}, **ALIASES}
    return [(alias, str(FAULTS[name].description)) for alias, name in names.items()]


def _pages() -> Mapping[str, Page]:
    from academy_ops.report import runbook

    return runbook.sections(runbook.text(current()))


def _title(page: Page) -> str:
    return page.text.partition("\n")[0].lstrip("# ")
