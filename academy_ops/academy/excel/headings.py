"""What a heading says: whose it is and what it is, whatever the words and their order."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from academy_ops.academy.excel.text import BRACKETS, visible
from academy_ops.academy.excel.vocabulary import (
    APPLICANT,
    FILLER,
    HEADINGS,
    IS_STUDENT_IF_YES,
    MESSAGES,
    NEWER,
    NOTICES,
    NUMBER,
    OF_ANOTHER,
    ONE_PARENT,
    OTHER_LETTERS,
    PARENT,
    PLAIN,
    REPLACED,
    SECTIONS,
    SOMEBODY_ELSE,
    STUDENT,
)

_LONGEST: Final = 80
"""A longer text is a note, not a heading."""

_MOST_LETTERS: Final = max(map(len, HEADINGS))
_TOGETHER: Final = {
    frozenset({"school", "name"}): "school",
    frozenset({"school", "grade"}): "school",
    frozenset({"school", "grade", "class_name"}): "school",
    frozenset({"grade", "class_name"}): "grade",
    frozenset({"class_name", "name"}): "class_name",
    frozenset({"name", "grade"}): "name",
    frozenset({"school_type", "grade"}): "grade",
    frozenset({"school", "school_type"}): "school",
    frozenset({"kind", "school_type"}): "school_type",
}
"""Things that one column holds together, and the field whose reader takes them apart."""
_BRACKETED: Final = re.compile(r"\(([^()]*)\)?")
_EXAMPLE: Final = re.compile(r"(?:^|(?<=[^\w]))(?:예|예시|보기|ex|e\.g)\.? ?[).:].*", re.DOTALL)
"""What may stand in a heading, as ``예: 010-1234-5678`` does; nothing of it names the column."""
_SEPARATORS: Final = re.compile(r"[/,&+|·ㆍ・;\s]+")


PERSON_ONLY: Final = 2
"""The rank of a students' column of which nothing says that it holds names."""
IN_FORCE: Final = -1
"""The rank of a column that has replaced another one."""
FORMER: Final = 2
"""The rank of a column that another one has replaced."""
NOT_SAID: Final = 3
"""The rank of a parents' column of which nothing says that it holds phones."""
LAST: Final = 3
"""The rank of a column that holds the names in other letters."""


class Heading(NamedTuple):
    """What a heading names.

    Attributes:
        field: A field of the student, or what only the other columns and the values decide: ``any_phone`` does not say
            whose it is, ``applicant`` may be a student or speak for one, ``number`` may number the rows or hold phones.
        rank: Which one is taken first where several name the same field: the lowest.
    """

    field: str
    rank: int


@lru_cache(maxsize=4096)
def heading(line: str) -> Heading | None:
    """Return what a heading names, or None where that is not understood."""
    if len(line) > _LONGEST:
        return None
    line = unicodedata.normalize("NFKC", visible(line)).casefold().translate(BRACKETS)
    line = _EXAMPLE.sub("", line)
    if "/" in line and _lists_states(line):
        return Heading("state", 0)
    outside = taken_apart(letters(_BRACKETED.sub(" ", line)))
    if outside is None:
        return None
    inside = [meaning for note in _BRACKETED.findall(line) for meaning in _noted(note)]
    if not any(outside):
        outside, inside = inside, []
    things = {meaning for meaning in (*outside, *inside) if meaning not in _PERSONS} - {NEWER, OTHER_LETTERS}
    outer = {meaning for meaning in outside if meaning not in _PERSONS} - {NEWER, OTHER_LETTERS}
    if outer == {"name"} or (outer and frozenset(things) not in _TOGETHER):
        things = outer
    named = _named({meaning for meaning in (*outside, *inside) if meaning in _PERSONS}, things)
    if named and OTHER_LETTERS in {*outside, *inside}:
        named = Heading("name", LAST) if named.field == "name" and named.rank < PERSON_ONLY else None
    if named and named.field not in {"name", "any_phone"}:
        if _is_replaced(line):
            return named._replace(rank=max(named.rank, FORMER))
        if NEWER in {*outside, *inside} and named.rank <= 1:
            return named._replace(rank=IN_FORCE)
    return named


def _lists_states(line: str) -> bool:
    """Return whether a heading names the states of which each student has one, as ``재원/퇴원`` does."""
    states = [taken_apart(letters(_BRACKETED.sub("", part)), SECTIONS) for part in line.split("/")]
    return None not in states and any(state and "left" in state for state in states)


def is_student_if_yes(line: str) -> bool:
    """Return whether a no below a heading says that the student has left."""
    first = letters(_BRACKETED.sub("", line.casefold().translate(BRACKETS)).partition("/")[0])
    return not {first, f"{first}여부"}.isdisjoint(IS_STUDENT_IF_YES)


def is_of_another(line: str) -> bool:
    """Return whether what stands below a heading is said of another person, place or time than the student's now."""
    return bool(re.search(OF_ANOTHER, letters(line).casefold()))


def _is_replaced(line: str) -> bool:
    """Return whether a heading says that another column is the one in force."""
    return any(letters(note) in REPLACED for note in _BRACKETED.findall(line))


_PERSONS: Final = frozenset({STUDENT, PARENT, ONE_PARENT, SOMEBODY_ELSE, APPLICANT})


def _named(persons: set[str], things: set[str]) -> Heading | None:
    things = things - {PLAIN}
    of_student, of_parent = STUDENT in persons, bool(persons & {PARENT, ONE_PARENT})
    if SOMEBODY_ELSE in persons or not persons | things or (of_student and of_parent and not things):
        return None
    applies = APPLICANT in persons and not of_student and not of_parent
    if not applies and (things <= {NUMBER} or (of_parent and NUMBER in things <= {NUMBER, NOTICES, FILLER})):
        return _called(things, of_student=of_student, of_parent=of_parent)
    is_plain = things.isdisjoint({MESSAGES, NOTICES})
    things = {"phone" if thing == MESSAGES else thing for thing in things} - {FILLER, NUMBER, NOTICES}
    thing = next(iter(things)) if len(things) == 1 else _TOGETHER.get(frozenset(things))
    if applies and (not things or thing in {"phone", "name"}):
        return Heading("applicant_phone" if thing == "phone" else "applicant", 0)
    if thing is None and of_parent and not of_student and things == {"name", "phone"}:
        thing = "phone"
    if thing == "phone":
        if of_parent == of_student:
            return Heading("any_phone", 0 if is_plain else 1)
        return Heading("phone", 0) if of_student else Heading("parent_phone", 0 if PARENT in persons else 1)
    # A parent's name, or what nobody has thought of.
    return None if thing is None or of_parent else Heading(thing, 0 if persons or thing != "name" else 1)


def _called(things: set[str], *, of_student: bool, of_parent: bool) -> Heading:
    """Return what a heading names that says whose it is and nothing more, or that it holds numbers."""
    if of_parent:
        return Heading("parent_phone", NOT_SAID)
    if things:
        return Heading("student_number" if of_student else "number", 0)
    return Heading("name", PERSON_ONLY)


def beside_the_name(line: str) -> str | None:
    """Return which field a heading says to stand behind the name, as ``이름(학년)`` does."""
    line = unicodedata.normalize("NFKC", visible(line)).casefold().translate(BRACKETS)
    things = {*(taken_apart(letters(line)) or ()), *chain.from_iterable(map(_noted, _BRACKETED.findall(line)))}
    things &= {"grade", "gender", "class_name", "school"}
    return next(iter(things)) if len(things) == 1 else _TOGETHER.get(frozenset(things))


def said(line: str) -> frozenset[str] | None:
    """Return what the words of a text mean, without those that say nothing; None where it has others."""
    found = taken_apart(letters(unicodedata.normalize("NFKC", line).casefold()))
    return None if found is None else frozenset(found) - {FILLER, NOTICES, PLAIN}


def letters(line: str) -> str:
    """Return the letters of a text: without numbers, marks and spaces."""
    return "".join(letter for letter in line if letter.isalpha())


def taken_apart(letters: str, table: Mapping[str, str] = HEADINGS) -> list[str] | None:
    """Take a text apart into the words of a table, longest first; None where something is left over."""
    if len(letters) > _LONGEST:
        return None
    # For each place from the end: what the text from there on means, if it can be taken apart.
    known: list[list[str] | None] = [None] * len(letters) + [[]]
    for start in reversed(range(len(letters))):
        for end in range(min(len(letters), start + _MOST_LETTERS), start, -1):
            meaning, rest = table.get(letters[start:end]), known[end]
            if meaning is not None and rest is not None:
                known[start] = [meaning, *rest]
                break
    return known[0]


def _noted(note: str) -> list[str]:
    """Return what is said in brackets; what else stands there is a note."""
    parts = (letters(part) for part in _SEPARATORS.split(note))
    return [meaning for part in parts for meaning in taken_apart(part) or ()]
