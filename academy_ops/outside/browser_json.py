"""JSON as a browser reads it: NaN and Infinity are none of it, and no number is too large or too long."""

import json
import math
import re
import sys
from functools import partial
from typing import Any, Final

_STRING_OR_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)', re.DOTALL)


def read_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a document holds.

    Raises:
        ValueError: A browser can't read it; a JSONDecodeError says where it breaks.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, parse_constant=partial(_refuse, text), parse_float=_float, parse_int=_int)


def where_broken(text: str) -> str:
    """Say where a document breaks; an empty text where a browser reads it."""
    try:
        read_json(text)
    except json.JSONDecodeError as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return type(error).__name__
    return ""


def _refuse(text: str, constant: str) -> None:
    places = (match.start() for match in _STRING_OR_CONSTANT.finditer(text) if match[1] == constant)
    raise json.JSONDecodeError(f"{constant} is not JSON", text, next(places, 0))


def _float(digits: str) -> float:
    """Return a number; one beyond all is the largest there is: what is read here is written as JSON again."""
    number = float(digits)
    return math.copysign(sys.float_info.max, number) if math.isinf(number) else number


def _int(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return _float(digits)
