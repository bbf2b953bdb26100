"""Frozen records as JSON and back, by their type hints alone; reading is strict.

A record is an object of all its fields, with its class's name under ``$record``, so that a union of records can be told
apart. A time is an RFC 3339 text with its zone.
"""

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache, reduce
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from academy_ops.diagnosis.records import Json
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, say

RECORD: Final = "$record"
"""No Python field can be called so."""

Clean = Callable[[str, str], str]
"""What is done to each free text on its way: from the text and its place to the text that is kept."""

_BITS: Final = 63
_YEARS: Final = range(2, 9999)
"""Outside of them a time can't be converted to another zone."""
_LONGEST_NAME: Final = 60
_PLAIN: Final[Mapping[type, tuple[Text, tuple[type, ...]]]] = {
    int: (say("a whole number"), (int,)),
    float: (say("a number"), (int, float)),
    bool: (say("true or false"), (bool,)),
    NoneType: (say("null"), (NoneType,)),
}


class MalformedError(ValueError):
    """A JSON value is not what its place wants.

    Attributes:
        place: Where in the document, as a JSON path.
    """

    def __init__(self, place: str, problem: Text) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem


def encode(value: object) -> Json:
    """Return ``value`` (a record and whatever is in it) as JSON.

    Raises:
        TypeError: There is no form for something in it.
    """
    if is_dataclass(value) and not isinstance(value, type):
        inside = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {RECORD: type(value).__name__, **inside}
    if isinstance(value, Mapping):
        return {str(name): encode(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [encode(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    plain = value.value if isinstance(value, Enum) else value
    if plain is None or isinstance(plain, str | int | float):
        return plain
    raise TypeError(f"no JSON form for {type(value).__name__}")


def decode(value: object, hint: object, place: str, clean: Clean | None = None) -> Any:  # noqa: ANN401 - whatever the hint says
    """Read what `encode` wrote, as a value of the type that ``hint`` says.

    Its place in the document is a JSON path. Without ``clean``, control characters are replaced in each free text.

    Raises:
        MalformedError: The value is of another type, or a field of a record is missing or unknown.
        TypeError: The hint is of a kind that no record uses yet.
    """
    form = _form(hint)
    if not form.fits(value):
        raise MalformedError(place, say("expected {what}", what=form.name))
    return form.read(value, place, clean or (lambda text, _place: printable(text)))


def decode_fields(
    there: Mapping[str, object],
    hints: Mapping[str, object],
    place: str,
    clean: Clean | None = None,
    optional: Collection[str] = (),
) -> dict[str, Any]:
    """Read the fields of an object: all of ``hints`` but those that are ``optional``, and no other.

    Raises:
        MalformedError: One is missing, unknown, or of another type.
    """
    for name in there:
        if name not in hints:
            raise MalformedError(within(place, name), say("unknown field"))
    for name in hints:
        if name not in there and name not in optional:
            raise MalformedError(within(place, name), say("this field is missing"))
    return {name: decode(there[name], hints[name], within(place, name), clean) for name in there}


def within(place: str, name: str) -> str:
    """Return the place of the field ``name``, which may come from a forged file."""
    name = name[:_LONGEST_NAME]
    if name.isascii() and name.isidentifier():
        return f"{place}.{name}"
    return f"{place}[{printable(json.dumps(name, ensure_ascii=False))}]"


_hints = cache(get_type_hints)


@dataclass(frozen=True, slots=True)
class _Form:
    """How values of one type are written.

    Attributes:
        name: What a reader expects there.
        fits: Returns whether a JSON value is of this form, without a look at what is inside.
        read: Makes the value, from a JSON value that fits, its place, and what is done to texts.
    """

    name: Text
    fits: Callable[[Any], bool]
    read: Callable[[Any, str, Clean], Any]


@cache
def _form(hint: Any) -> _Form:  # noqa: ANN401 - a type hint
    for kind in (_plain, _constant, _moment, _list, _mapping, _record, _union):
        form = kind(hint, get_origin(hint))
        if form is not None:
            return form
    raise TypeError(f"no JSON form for {hint}")


def _plain(hint: Any, _origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    if hint is str:
        return _Form(
            say("a string"), lambda value: isinstance(value, str), lambda value, place, clean: clean(value, place)
        )
    if hint not in _PLAIN:
        return None
    name, accepted = _PLAIN[hint]
    return _Form(name, lambda value: type(value) in accepted and _bounded(value), _as_it_is)


def _bounded(value: object) -> bool:
    """Refuse what not every program reads alike: NaN, infinities, whole numbers of more than 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or value.bit_length() <= _BITS


def _constant(hint: Any, origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    values: list[Any]
    read: Callable[[Any, str, Clean], Any] = _as_it_is
    if isinstance(hint, type) and issubclass(hint, Enum):
        values, read = [member.value for member in hint], lambda value, _place, _clean: hint(value)
    elif origin is Literal:
        values = list(get_args(hint))
    else:
        return None
    listed = ", ".join(json.dumps(known) for known in values)
    name = say("one of {values}", values=listed) if len(values) > 1 else Text(listed)
    return _Form(name, lambda value: any(type(value) is type(known) and value == known for known in values), read)


def _moment(hint: Any, _origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    def fits(value: object) -> bool:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return False
        return moment is not None and moment.tzinfo is not None and moment.year in _YEARS

    if hint is not datetime:
        return None
    return _Form(say("a time with a time zone"), fits, lambda value, _place, _clean: datetime.fromisoformat(value))


def _list(hint: Any, origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    inner = get_args(hint)
    if origin is not tuple or inner[1:] != (Ellipsis,):
        return None
    return _Form(
        say("a list"),
        lambda value: isinstance(value, list),
        lambda value, place, clean: tuple(
            decode(item, inner[0], f"{place}[{index}]", clean) for index, item in enumerate(value)
        ),
    )


def _mapping(hint: Any, origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    if origin not in {Mapping, dict}:
        return None

    def read(value: Mapping[str, object], place: str, clean: Clean) -> dict[str, object]:
        inner = get_args(hint)[1]
        return {
            clean(name, within(place, name)): decode(item, inner, within(place, name), clean)
            for name, item in value.items()
        }

    return _Form(say("an object"), lambda value: isinstance(value, dict), read)


def _record(hint: Any, _origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    if not is_dataclass(hint) or not isinstance(hint, type):
        return None
    name = hint.__name__
    make: Callable[..., object] = hint
    # A version that did not know a field yet has not saved it.
    optional = {field.name for field in fields(hint) if (field.default, field.default_factory) != (MISSING, MISSING)}

    def read(value: Mapping[str, object], place: str, clean: Clean) -> object:
        inside = {name: inner for name, inner in value.items() if name != RECORD}
        return make(**decode_fields(inside, _hints(hint), place, clean, optional))

    return _Form(
        say("record {name}", name=name), lambda value: isinstance(value, dict) and value.get(RECORD) == name, read
    )


def _union(hint: Any, origin: object) -> _Form | None:  # noqa: ANN401 - as `_form`
    if origin not in {Union, UnionType}:
        return None
    # Records before mappings: only a record names its class.
    forms = sorted(map(_form, get_args(hint)), key=lambda form: form.name.template == "an object")
    return _Form(
        reduce(lambda name, other: say("{one} or {other}", one=name, other=other), [form.name for form in forms]),
        lambda value: any(form.fits(value) for form in forms),
        lambda value, place, clean: next(form for form in forms if form.fits(value)).read(value, place, clean),
    )


def _as_it_is(value: object, _place: str, _clean: Clean) -> object:
    return value
