"""The text of the workers' parameter: some of its values changed, or all of it in an editor; its format stays.

No value leaves this module but in that text, and for an editor in what `as_lines` returns.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from academy_ops.contract import BUCKET_SETTINGS, QUEUE_NAME_FORM, QUEUE_SETTING, R2_SETTINGS
from academy_ops.messages import Text, UserError, say
from academy_ops.settings import Setting
from checks.facts import SettingState
from checks.r2_settings import setting_state
from checks.worker_report import parse_parameter

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
SHOWN: Final = re.compile(r"[A-Z_][A-Z0-9_.-]*|[a-z_][a-z0-9_.-]*")
"""Names that are shown: a line of a key that was pasted in several would have one of mixed letters."""
_QUEUE_NAMES: Final = QUEUE_SETTING.removesuffix("BASIC")
_WRONG: Final[Mapping[str, Text]] = {
    "quoted": say("it is in quotes, which Docker keeps as part of the value"),
    "spaces": say("it contains or is surrounded by spaces"),
    "placeholder": say("it is a placeholder"),
    "not-a-url": say("it is not a URL starting with https:// or http://"),
    "bucket-in-path": say("it has a path; the bucket does not belong there"),
    "no-tls": say("R2 answers on https:// only"),
    "lone-quote": say("it has a quote at one end"),
    "unexpanded": say("it contains an unexpanded variable"),
    "not-a-bucket": say("it is not a valid bucket name"),
    "not-a-host": say("its host name is not valid"),
    "bucket-in-host": say("it has the bucket in its host name, which should be the account's"),
    "not-r2": say("its host is not R2's S3 address"),
    "not-an-account": say("the account id, 32 characters, is missing before .r2.cloudflarestorage.com"),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """The workers' parameter, as it is stored.

    Attributes:
        version: Its version; 0 where there is no such parameter.
        form: ``dotenv``, ``base64-json`` or ``unreadable``.
        kind: SSM's type of it.
        text: What it holds, values included.
    """

    name: str
    version: int
    form: str
    kind: str
    modified_at: datetime | None = None
    text: str = field(default="", repr=False)

    @property
    def values(self) -> dict[str, str]:
        """Return name to value, as Docker reads it."""
        return parse_parameter(self.text)[1]


class EditError(UserError):
    """What was typed can't become the parameter; the message says why, and holds nothing of what was typed."""


def check_name(name: str) -> None:
    """Refuse a name that Docker or a shell would refuse; it is not repeated, as it may be a part of a value.

    Raises:
        EditError: It is one.
    """
    if not _NAME.fullmatch(name):
        raise EditError(
            say("A name starts with a letter or '_', followed by letters, digits and '_'. Nothing was changed.")
        )


def check_value(name: str, value: str) -> None:
    """Refuse a value that can't be right.

    Raises:
        EditError: It is one.
    """
    if wrong := _wrong_value(name, value):
        raise EditError(say("The value for {name} is wrong: {reason}. Nothing was changed.", name=name, reason=wrong))


def _wrong_value(name: str, value: str) -> Text | None:
    wrong = wrong_with(Setting(name, value, "command line", value), name)
    # What looks like a placeholder may be right all the same, and whoever typed it has seen it.
    return None if wrong is _WRONG["placeholder"] else wrong


def wrong_with(setting: Setting, name: str) -> Text | None:
    """Say what is certainly wrong with a value; None where nothing is."""
    value = setting.value or ""
    if any(character in value for character in "\r\n\0"):
        return say("it has more than one line")
    if name in R2_SETTINGS and not value.strip():
        return say("it is blank")
    state: SettingState | str = setting_state(setting) if value and name in {*R2_SETTINGS, *BUCKET_SETTINGS} else "set"
    if state != "set":
        return _WRONG.get(state, say("it is malformed ({state})", state=state))
    if name.startswith(_QUEUE_NAMES) and value and not QUEUE_NAME_FORM.fullmatch(value):
        return say("it is not a valid queue name")
    return None


def with_values(stored: Stored, values: Mapping[str, str]) -> str:
    """Return the parameter's text with some values replaced or added, in its own format.

    Raises:
        EditError: The parameter itself can't be understood.
    """
    _understood(stored)
    if stored.form == "base64-json":
        return _encoded({**_document(stored.text), **values})
    lines, left = list[str](), dict(values)
    for line in reversed(stored.text.removeprefix("\ufeff").split("\n")):
        name, equals, _ = line.lstrip().partition("=")
        if not equals or name not in values or line.lstrip().startswith("#"):
            lines.append(line)
        elif name in left:  # of several, Docker takes the last
            lines.append(f"{name}={left.pop(name)}")
    lines.reverse()
    if lines and not lines[-1]:
        lines.pop()
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items()), ""])


def as_lines(stored: Stored) -> str:
    """Return the parameter as ``NAME=value`` lines, for an editor.

    Raises:
        EditError: It can't be written so.
    """
    _understood(stored)
    if stored.form == "dotenv":
        return stored.text.removeprefix("\ufeff").replace("\r\n", "\n")
    for name, value in stored.values.items():
        if "\n" in value or "\r" in value:
            raise EditError(
                say(
                    "{name} has a multi-line value, which a NAME=value line can't hold. Set it first (--set).",
                    name=masked_name(name),
                )
            )
    return "".join(f"{name}={value}\n" for name, value in stored.values.items())


def from_lines(stored: Stored, edited: str) -> str:
    """Return the parameter's text, in its own format, for the lines that left an editor.

    Raises:
        EditError: A line can't stand there; its number is given, and nothing that stands in it.
    """
    before, values = stored.values, dict[str, str]()
    for number, line in assignments(edited):
        name, equals, value = line.lstrip().partition("=")
        if not equals:
            raise _line_error(number, say("there is no '='"))
        if not _NAME.fullmatch(name):
            raise _line_error(number, say("Docker rejects the name before the '='"))
        if name in values:
            raise _line_error(number, say("{name} appears twice", name=masked_name(name)))
        if before.get(name) != value and (wrong := _wrong_value(name, value)):
            raise _line_error(number, wrong)
        values[name] = value
    if not values:
        raise EditError(say("No NAME=value line is left. Nothing was changed."))
    if stored.form == "dotenv":
        return edited
    kept = _document(stored.text)
    return _encoded({name: kept[name] if before.get(name) == value else value for name, value in values.items()})


def _understood(stored: Stored) -> None:
    if stored.form == "unreadable":
        raise EditError(
            say(
                "{parameter} holds neither NAME=value lines nor base64 of a JSON object, so it can't be changed "
                "here. Nothing was changed.",
                parameter=stored.name,
            )
        )


def check_whole(stored: Stored, text: str, after: Mapping[str, str]) -> None:
    """Refuse what Docker would refuse: it would start no container at all.

    Raises:
        EditError: There is such a line or name.
    """
    problem = say(
        "{parameter} contains a name that Docker rejects, or a multi-line value. Correct that too (--edit). Nothing "
        "was changed.",
        parameter=stored.name,
    )
    if stored.form == "base64-json":
        if any(not name or re.search(r"[\s=\0]", name) or re.search(r"[\r\n\0]", after[name]) for name in after):
            raise EditError(problem)
        return
    for _, line in assignments(text):
        name = line.lstrip().partition("=")[0]
        if not name or re.search(r"[\s\0]", name):
            raise EditError(problem)


def assignments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither blank nor a comment, as Docker does, each with its number."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.removesuffix("\r")


def _line_error(number: int, problem: Text) -> EditError:
    return EditError(say("Line {number}: {problem}.", number=number, problem=problem))


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.b64decode("".join(text.split())))
    return document


def _encoded(document: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(document, ensure_ascii=False).encode()).decode()


def masked_name(name: str) -> str:
    """Return the name as it may be shown: one that may be a part of a value is left out."""
    return name if SHOWN.fullmatch(name) else "…"
