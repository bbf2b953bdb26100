"""Hold the workers' parameter against the API's settings, and change it: plan, write, read back.

No value leaves this module but into the parameter.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from academy_ops.contract import BUCKET_SETTINGS, QUEUE_SETTING, R2_SETTINGS, SHARED_SETTINGS
from academy_ops.diagnosis.records import NOT_ASKED
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.remedies.parameter_text import (
    SHOWN,
    EditError,
    Stored,
    assignments,
    check_whole,
    masked_name,
    wrong_with,
)
from academy_ops.remedies.plan import Plan, Progress
from academy_ops.remedies.refusal import UNCHANGED, RemedyError, not_made, why
from academy_ops.settings import Setting, Settings, is_own
from academy_ops.settings.env_files import read_env_file
from checks.host_facts import LogsFacts, Parameter
from checks.worker_environment import parameter_faults
from checks.worker_report import compare, digests_of, parse_parameter

_SECURE: Final = "SecureString"
_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A name in the parameter, and how its value compares with the API's.

    Attributes:
        compared: ``same``, ``different``, ``blank``, ``missing``, or ``unknown`` where the API has no such value.
    """

    name: str
    compared: str


def look(target: Target) -> Stored:
    """Read the parameter.

    Raises:
        RemedyError: It can't be read.
    """
    name = target.settings.parameter
    try:
        answer = target.connect.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
        text, version, kind = answer["Value"], answer["Version"], answer["Type"]
    except AWS_ERRORS as error:
        if error_code(error) == "ParameterNotFound":
            return Stored(name, 0, "dotenv", _SECURE)
        unseen = target.connect.unseen(error, "ssm:GetParameter")
        raise RemedyError(
            say("Can't read the parameter {parameter}: {reason}. {detail}", parameter=name, **why(unseen)), unseen=True
        ) from error
    form = parse_parameter(text)[0]
    if form == "unreadable" and not any(assignments(text)):
        form = "dotenv"  # nothing but comments
    return Stored(name, version, form, kind, answer.get("LastModifiedDate"), text)


def compared(stored: Stored, settings: Settings) -> tuple[list[Row], int]:
    """Hold the parameter against the API's settings, as digests: a row for each name, those that workers need first.

    Also return how many lines have a name that is better not shown.
    """
    salt = secrets.token_hex(16)
    digests = digests_of(stored.values, salt)
    queue = settings.queue_settings[0]
    lacking = {"worker-queue-mismatch": queue, "worker-r2-mismatch": BUCKET_SETTINGS[0]}
    needed = {*R2_SETTINGS, *(lacking[code] for code in wrong(stored, settings) if code in lacking)}
    if any(name in digests for name in BUCKET_SETTINGS):
        needed.discard(BUCKET_SETTINGS[0])
    first = [name for name in dict.fromkeys((queue, *SHARED_SETTINGS)) if name in digests or name in needed]
    names = [*first, *(name for name in sorted(digests) if name not in first)]
    shown = [name for name in names if SHOWN.fullmatch(name)]
    return [Row(name, _against(digests, name, settings, salt)) for name in shown], len(names) - len(shown)


def wrong(stored: Stored, settings: Settings) -> tuple[str, ...]:
    """Name the causes that a worker which boots with the parameter would have."""
    salt = secrets.token_hex(16)
    known = compare(digests_of(stored.values, salt), salt, settings) if stored.form != "unreadable" else None
    found = Parameter(stored.form, stored.modified_at, known) if stored.version else None
    return tuple(fault.code for fault in parameter_faults(LogsFacts(NOT_ASKED, parameter=found)))


def _against(digests: Mapping[str, str], name: str, settings: Settings, salt: str) -> str:
    if name not in digests or digests[name] == "blank":
        return "missing" if name not in digests else "blank"
    setting = api_setting(settings, name)
    if setting is None or setting.value is None:
        return "unknown"
    return "same" if digests[name] == digests_of({name: setting.value}, salt)[name] else "different"


def api_setting(settings: Settings, name: str) -> Setting | None:
    """Return the API's value of ``name`` that is in force; None where it has none of that name."""
    if name in BUCKET_SETTINGS:
        source = next((setting for setting in BUCKET_SETTINGS if settings.get(setting)), None)
        return settings[source] if source else Setting(name, settings.bucket, "default", settings.bucket)
    if name == settings.queue_settings[0]:
        return settings[QUEUE_SETTING]
    if name == QUEUE_SETTING:
        # Another tier's workers may share the parameter: what the basic ones have is none of its business.
        return None
    if name in settings.entries:
        return settings[name]
    # Of the environment only what is known to be about the academy is the API's.
    trusted = settings.env_file and (settings.unnamed is None or is_own(name))
    line = read_env_file(settings.env_file).get(name) if settings.env_file and trusted else None
    return Setting(name, line.value.strip() or None, "env file", line.as_docker) if line else None


def from_api(settings: Settings, name: str) -> str:
    """Return the API's value of ``name``, if it can be right.

    Raises:
        EditError: The API has none, or one that can't be right as it is written.
    """
    setting = api_setting(settings, name)
    if setting is None or setting.value is None:
        raise EditError(say("{name} is not set in the API. Nothing was changed.", name=name))
    if wrong := wrong_with(setting, name):
        raise EditError(
            say(
                "The API's own {name} ({source}) is wrong: {reason}. Correct it first. Nothing was changed.",
                name=setting.name,
                source=setting.source,
                reason=wrong,
            )
        )
    return setting.value


def plan(target: Target, stored: Stored, text: str) -> Plan:
    """Plan to store ``text``, which was made from ``stored``.

    Raises:
        RemedyError: How it is stored can't be seen.
        EditError: Docker would refuse what it would hold.
    """
    before, after = stored.values, parse_parameter(text)[1]
    check_whole(stored, text, after)
    changes = tuple(_changes(before, after, target.settings))
    if not changes and text.strip() == stored.text.strip():
        return Plan(
            (),
            (),
            lambda _: UNCHANGED,
            nothing_to_do=say("No change needed: {parameter} already has these values.", parameter=stored.name),
        )
    kept = _kept(target, stored) if stored.version else {}
    head = (
        say(
            "{parameter}: version {version} -> {next}",
            parameter=stored.name,
            version=stored.version,
            next=stored.version + 1,
        )
        if stored.version
        else say("{parameter}: create it, with NAME=value lines", parameter=stored.name)
    )
    return Plan(
        changes=(head, *(changes or (say("only comments or line order"),))),
        risks=tuple(_risks(stored, before, after)),
        apply=partial(_write, stored=stored, text=text, kept=kept),
        follow=partial(_read_back, stored=stored, text=text),
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str], settings: Settings) -> Iterator[Text]:
    for name in [*after, *(name for name in before if name not in after)]:
        shown = masked_name(name)
        if name not in after:
            yield say("{name}: removed", name=shown)
        elif before.get(name) != after[name]:
            setting = api_setting(settings, name)
            api = setting is not None and setting.value == after[name]
            changed = say("{name}: changed to the API's value") if api else say("{name}: changed")
            added = say("{name}: added, with the API's value") if api else say("{name}: added")
            yield Text((changed if name in before else added).template, {"name": shown})


def _risks(stored: Stored, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Text]:
    if stored.version:
        form = say("base64 of a JSON object") if stored.form == "base64-json" else say("NAME=value lines")
        yield say(
            "The format stays: {form}. Version {version} stays in the parameter's history.",
            form=form,
            version=stored.version,
        )
    if stored.kind != _SECURE:
        yield say(
            "Caution: its type is {kind}, so its values are not encrypted; AWS can't change the type.", kind=stored.kind
        )
    for name, value in after.items():
        if before.get(name) != value and len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            yield say(
                "Caution: the value of {name} is in quotes, which Docker keeps as part of the value.",
                name=masked_name(name),
            )
    yield say("Workers read it only when they boot: running ones keep their old values until they are replaced.")


def _kept(target: Target, stored: Stored) -> dict[str, str]:
    """Return what a new version would lose unless it is said again: the KMS key above all."""
    filters = [{"Key": "Name", "Option": "Equals", "Values": [stored.name]}]
    try:
        pages = target.connect.aws("ssm").get_paginator("describe_parameters").paginate(ParameterFilters=filters)
        found = [
            parameter
            for page in target.each_page(pages)
            for parameter in page["Parameters"]
            if parameter["Name"] == stored.name
        ]
    except AWS_ERRORS as error:
        unseen = target.connect.unseen(error, "ssm:DescribeParameters")
        raise RemedyError(
            say("Can't tell which key encrypts {parameter}: {reason}. {detail}", parameter=stored.name, **why(unseen)),
            unseen=True,
        ) from error
    described: Mapping[str, Any] = found[0] if found else {}
    kept = {name: str(described[name]) for name in ("Description", "AllowedPattern", "DataType") if described.get(name)}
    if stored.kind == _SECURE and described.get("KeyId"):
        kept["KeyId"] = str(described["KeyId"])
    # An advanced one can't become a standard one again.
    return {**kept, "Tier": "Advanced"} if described.get("Tier") == "Advanced" else kept


def _write(target: Target, *, stored: Stored, text: str, kept: Mapping[str, str]) -> Text:
    # Somebody else may have written it since it was read.
    now = look(target)
    if now.version != stored.version:
        raise RemedyError(
            say(
                "Nothing was changed: someone else changed {parameter} in the meantime (version {before} -> {now}).",
                parameter=stored.name,
                before=stored.version,
                now=now.version,
            )
        )
    try:
        answer = target.connect.aws("ssm", changes=True).put_parameter(
            Name=stored.name, Value=text, Type=stored.kind, Overwrite=stored.version > 0, **kept
        )
        version = answer["Version"]
    except AWS_ERRORS as error:
        if error_code(error) == "ParameterAlreadyExists":
            raise RemedyError(
                say("Nothing was changed: someone else created {parameter} in the meantime.", parameter=stored.name)
            ) from error
        # What AWS refuses it may repeat.
        held = {*stored.values.values(), *parse_parameter(text)[1].values(), text}
        raise not_made(target, error, "ssm:PutParameter", hidden=held) from error
    if version != stored.version + 1:
        return say(
            "Saved {parameter}, version {version}. Someone else saved version {between} at the same moment; check "
            "the parameter's history.",
            parameter=stored.name,
            version=version,
            between=version - 1,
        )
    return say("Saved {parameter}, version {version}.", parameter=stored.name, version=version)


def _read_back(target: Target, *, stored: Stored, text: str) -> Iterator[Progress]:
    while True:
        try:
            now = look(target)
        except RemedyError as error:
            yield Progress(error.message, "unseen")
            return
        if now.version > stored.version:
            if now.text == text:
                yield Progress(say("Verified by reading it back (version {version}).", version=now.version), "reached")
            else:
                yield Progress(
                    say("What was read back differs from what was saved (version {version}).", version=now.version),
                    "failed",
                )
            return
        yield Progress(say("The new version is not visible yet"))
        if not target.pause(_POLL_SECONDS):
            return
