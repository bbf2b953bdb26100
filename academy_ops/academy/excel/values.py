"""What a student's values say: phones, grades, schools, gender, in all the forms in which they are written."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from academy_ops.academy.excel import names
from academy_ops.academy.excel.headings import said
from academy_ops.academy.excel.text import Struck, text
from academy_ops.academy.excel.vocabulary import (
    BESIDE_A_PHONE,
    DOUBTS,
    GENDERS,
    MESSAGES,
    NUMBER,
    ONE_PARENT,
    PARENT,
    PLACES,
    REMARKS,
    SAID_OF_PHONES,
    SOMEBODY_ELSE,
    STATES,
    STUDENT,
    TITLES,
    WRONG_PHONES,
)

LONGEST: Final = {
    "name": 100,
    "gender": 20,
    "school_type": 50,
    "school": 100,
    "grade": 50,
    "class_name": 50,
    "track": 50,
    "memo": 2000,
}
"""How many characters each field holds."""

_LONGEST_PHONE: Final = 80
_USUAL_PHONE: Final = re.compile(r"010([-. ]?)(\d{4})\1(\d{4})", re.ASCII).fullmatch
_IN_BRACKETS: Final = r"\([^()\d]*\)|\([^()\d]*(?:\d{1,2}[^()\d]+){1,2}\)"
"""A remark; digits in it are the hours to call at."""
_APART: Final = (
    r"[,;\n]",
    r"[,;\n]|\s/\s|\s{2,}| 또는 | or ",
    r"[,;/\n]|\s{2,}| 또는 | or ",
    r"[,;/\n]|\s{2,}|(?<=[^\W\d_]\))(?=\d)|(?<=[\d)])\s?[ ·ㆍ・•&]\s?(?=\D{0,8}0\d{1,2}[-. )]?\d{3,4}[-. ]?\d{4})",
)
"""What stands between phones, the clearest first: slashes, brackets and spaces stand beside each of them, too."""
_NUMBERED: Final = r"(?<!\d)[1-9] ?[.)](?=\D{0,6}010[-. ]?\d{4}[-. ]?\d{4}(?!\d))"
_SCIENTIFIC: Final = re.compile(r"\d\.\d{7,11}e\+?\d{1,2}").fullmatch
"""A number as programs write it, with all its digits; Excel's own form has lost some."""
_LISTED: Final = dict.fromkeys(range(0x2460, 0x2474), "\n")
"""① to ⑳, which are digits to Unicode."""
_LANDLINE: Final = re.compile(r"0(?:2|[3-6]\d|70)\d{7,8}").fullmatch
_LETTERS: Final = r"[^\W\d_]+(?:\.[^\W\d_]+)*\.?"
_BETWEEN: Final = frozenset("=\\-‐‑‒–—―−ㅡㅣー一~∼～·・ㆍ․•.,/_:;'’‘`´\"|+()[] \u2043\u02d7\u1173\u1175")
"""What people type between the digits of a phone: dashes of all kinds, dots, vowels that look like them."""
_OF_A_PHONE: Final = frozenset({STUDENT, PARENT, ONE_PARENT, "phone", MESSAGES, NUMBER})
_DIGITS: Final = 11
_SHORTEST_NAME: Final = 3
_ZEROS: Final = "o\u110b〇"
_DIGIT_LETTERS: Final = f"{_ZEROS}li공영일이삼사오육칠팔구"
_DIGITS_FOR_LETTERS: Final = str.maketrans(_DIGIT_LETTERS, "0001100123456789")
_LEVELS: Final = {"초": "초등", "중": "중등", "고": "고등"}
_CHINESE_LEVELS: Final = str.maketrans("初小中高", "초초중고")
_IN_ENGLISH: Final = r"^(?:grade|year|gr?)\.?\s*(?=\d)|(?<=\d)(?:st|nd|rd|th)(?:\s*grade)?$"
_END_OF_LEVEL: Final = "(?:등학교|등학생|등부|등생|등|학교|학생)?"
_GRADE: Final = re.compile(
    rf"(?:(?P<level>초|중|고)(?:{_END_OF_LEVEL}|학|교) ?)?제? ?"
    r"(?P<grade>\d{1,2})(?:\.0)? ?(?:학년)?"
    r"(?:(?:(?<=학년)|[ ,/(-]+)(?P<room>\d{1,2})(?: ?반)?(?:[ ,/-]+\d{1,2} ?번?)?|[ ,/-]*(?P<named>[^\W_]{1,10}) ?반)?"
).fullmatch
_SCHOOL: Final = re.compile(
    r"(?P<school>.*[^\d(\[/,\s-])[\s(\[/,-]*"
    r"(?P<rest>\d{1,2} ?(?:학년)?(?:(?:(?<=학년)|[ ,/-]+)\d{1,2}(?: ?반)?)?)[\])]?"
)
_LEVEL: Final = rf"[초중고]{_END_OF_LEVEL}"
_is_level: Final = re.compile(_LEVEL).fullmatch
_GRADE_BESIDE_A_NAME: Final = (
    r"(?:[초중고](?:등|학교|등학교)?\s?\d(?:\s?학년)?|\d\s?학년)(?:[\s,/-]*\d{1,2}\s?반?)?|예비\s?[초중고]\s?\d?"
)
_SCHOOL_BESIDE_A_NAME: Final = (
    r"[가-힣]{2,10}(?:[초중고]|학교)[\s(]{0,2}\d(?:\s?학년)?\)?|[가-힣]{2,12}학교|[가-힣]{2,8}[초중고]"
)
_CLASS_BESIDE_A_NAME: Final = r"[A-Za-z\d]{1,2}반"
_DAY: Final = "월화수목금토일"
_BETWEEN_DAYS: Final = rf"(?<=[{_DAY}])[\s,./·~-]+(?=[{_DAY}])"
_A_REMARK: Final = (
    rf"(?:{'|'.join(sorted(REMARKS, key=len, reverse=True))})(?:\s?\d{{1,2}}(?![\w:]))?"
    r"|(?!^...$)\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
    rf"|(?<![{_DAY}])(?=[{_DAY}]{{2}}|[{_DAY}]요일)월?화?수?목?금?토?일?(?:요일)?(?![{_DAY}])"
    r"|(?:[주월만]\s?)?\d{1,4}\s?(?:시|분|월|일|년생?|개월|회|번|부|교시|타임|세|살|호?차|학?기|급|단계?|%|pm|am)"
    r"|(?:lv\.?|am|pm)\s?\d{1,2}|\d{1,4}(?:[:/.대]\d{1,2}){1,2}|(?:봄|여름|가을|겨울)(?=방학|특강|학기|캠프)"
    r"|(?<=.)(?:반|만|중|생)(?!\w)|(?<=\W)\d{1,2}(?!\d)|\d{1,2}(?=\s?[~-])|[\W_]"
)
"""A part of what is said of a student: a word, days of the week in their order, or a time."""
_SEVERAL: Final = ("형제", "자매", "남매")
_OF_OTHERS: Final = (
    rf"[{_DAY}]|(?:[가-힣]{{2,4}}\s?)?(?:여|남)?(?:동생|누나|오빠|언니|쌍둥이)|(?:[가-힣]{{2,4}}\s|[가-힣]{{3}})?형"
    r"|(?:동생|누나|오빠|언니|형)\s?[:：]?\s?[가-힣]{2,4}|[A-Za-z]{1,4}[_.-]?\d{3,}"
)
"""What says that somebody else is meant, but in brackets."""
_STATE: Final = rf"(?:{'|'.join(STATES)})(?:중|생|자)?"
_OF_A_SCHOOL: Final = ("초", "중", "고", "교", "등")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)").fullmatch
_LAST_YEAR_OF_DATES: Final = 1999
_DAY_NUMBER: Final = r"4[3-7]\d{3}"
"""What is left of a date of our years without its format."""


def phone(cell: object, of: str = PARENT) -> str | None:
    """Return the phone that a cell holds, as 010 and eight more digits; None where it holds none.

    Of several ones, the first mobile phone is taken that is not said to be somebody else's: its column is ``of`` a
    parent's phones or the student's.
    """
    if isinstance(cell, str) and (usual := _USUAL_PHONE(cell)):
        return None if isinstance(cell, Struck) else f"010{usual[2]}{usual[3]}"
    if isinstance(cell, str):
        cell = re.sub(_NUMBERED, "\n", cell[: 2 * _LONGEST_PHONE].translate(_LISTED))
    line = text(cell)
    if (
        not line
        or len(line) > _LONGEST_PHONE
        or isinstance(cell, Struck)
        or (isinstance(cell, float | int) and not line.isdecimal())
    ):
        return None
    found = _phone(line, of)
    if found is None and isinstance(cell, str):
        found = next(filter(None, (_first(cell, apart, of) for apart in _APART)), None)
    return found or None


def _first(cell: str, apart: str, of: str) -> str | None:
    """Return the first phone of several ones, or None where a part of the cell is none or nobody knows whose."""
    parts = [line for part in re.split(apart, cell) if (line := text(part))]
    phones = [_phone(part, of) for part in parts]
    if len(parts) == 1 or None in phones or not any(phones):
        return None
    first, its = next((phone, _owners(part) or set()) for phone, part in zip(phones, parts, strict=True) if phone)
    # In 010-1234-5678 본인 010-8765-4321, what stands between them may be said of either.
    both = STUDENT in its and bool(its & {PARENT, ONE_PARENT})
    is_unclear = (both and apart in _APART[2:]) or (not its and apart == _APART[-1])
    return None if is_unclear and STUDENT in (_owners(cell) or ()) else first


def _phone(line: str, of: str) -> str | None:
    """Return a phone, an empty text where it is a landline or somebody else's, or None where it is none."""
    line = _with_digits(unicodedata.normalize("NFKC", line).casefold())
    if _SCIENTIFIC(line):
        line = f"{float(line):.0f}"
    owners = _owners(line)
    if owners is None or _leaves_doubt(line):
        return None
    line = re.sub(_IN_BRACKETS, "", line).strip("*※ ")
    parents = bool(owners & {PARENT, ONE_PARENT})
    if any(not _beside(word, of_parent=parents) for word in re.findall(_LETTERS, line) if word not in _BETWEEN):
        return None
    line = re.sub(_LETTERS, lambda word: word[0] if word[0] in _BETWEEN else " ", line).removesuffix(".0")
    digits = "".join(str(unicodedata.decimal(char)) for char in line if char.isdecimal())
    if not digits or any(
        char not in _BETWEEN and unicodedata.category(char) != "So" for char in line if not char.isdecimal()
    ):
        return None
    found = _national(digits)
    if found is None:
        return "" if _LANDLINE(digits) else None
    others = STUDENT in owners and not parents if of == PARENT else parents and STUDENT not in owners
    return "" if others else found


def _owners(line: str) -> set[str] | None:
    """Return whose phone it is, as far as that is said; None where it is neither a student's nor a parent's."""
    owners: set[str] = set()
    for word in re.findall(_LETTERS, line):
        meant = said(word) or ({PARENT} if names.is_of_parent(word) else frozenset())
        if word.strip(".").removesuffix("님") in WRONG_PHONES or (SOMEBODY_ELSE in meant and word not in PLACES):
            return None
        owners |= meant
    return owners


def _leaves_doubt(line: str) -> bool:
    """Return whether what is said of a phone is that it may be none, or no longer."""
    squeezed = re.sub(r"[\W\d_]", "", line)
    return "?" in line or (bool(squeezed) and any(word in squeezed for word in DOUBTS))


def _beside(word: str, *, of_parent: bool) -> bool:
    """Return whether a word may stand beside a phone: whose it is, or that it is one; a first name beside a parent."""
    word = word.strip(".")
    return (
        word in BESIDE_A_PHONE
        or word in PLACES
        or ((meant := said(word.replace(".", ""))) is not None and meant <= _OF_A_PHONE)
        or names.is_of_parent(word)
        or (len(name := word.removesuffix("님")) >= _SHORTEST_NAME and names.is_name(name))
        or (of_parent and names.is_first_name(word))
    )


def _with_digits(line: str) -> str:
    """Return a phone with digits for the letters that were typed instead; a group of nothing but O hides its digits."""
    groups = re.findall(rf"[\d{_DIGIT_LETTERS}]+", line)
    if not re.fullmatch(rf"[\d\W{_DIGIT_LETTERS}]*", line) or not re.search(f"[{_DIGIT_LETTERS}]", line):
        return line
    if any(
        re.fullmatch(rf"[{_ZEROS}]{{3,}}", group) or ("0" in line and re.search(f"[{_ZEROS}]{{2}}", group))
        for group in groups
    ):
        return line
    return line.translate(_DIGITS_FOR_LETTERS)


def is_doubtful(cell: object, name: str) -> bool:
    """Return whether something is said of a phone in brackets that nobody understands.

    Args:
        cell: The cell.
        name: The student's name, of which a part may be said.
    """
    line = unicodedata.normalize("NFKC", text(cell)).casefold()
    notes = [re.findall(_LETTERS, note) for note in re.findall(_IN_BRACKETS, line)]
    return not all(_is_known(word.strip("."), name, words) for words in notes for word in words)


def _is_known(word: str, name: str, words: Sequence[str]) -> bool:
    of_parent = any(names.is_of_parent(one) or (said(one) or frozenset()) & {PARENT, ONE_PARENT} for one in words)
    bare = word.removesuffix("님")
    return (
        word in BESIDE_A_PHONE
        or said(word) is not None
        or names.is_of_parent(word)
        or bare in TITLES
        or (len(bare) > 1 and (bare in name.replace(" ", "") or (of_parent and names.is_first_name(bare))))
        or (len(bare) >= _SHORTEST_NAME and names.is_name(bare))
        or any(known in word for known in SAID_OF_PHONES)
    )


def is_own(cell: object, name: str) -> bool:
    """Return whether a cell holds a phone beside the student's own name, and not as that of somebody's child."""
    line = text(cell)
    return (
        name in line
        and bool(re.search("[^\\W\\d_]{2}", name))
        and not any(
            names.is_of_parent(word) or (said(word) or frozenset()) & {PARENT, ONE_PARENT}
            for word in re.findall(_LETTERS, line)
        )
    )


def _national(digits: str) -> str | None:
    """Return a number of any form in the one that is stored."""
    digits = digits.removeprefix("00") if digits.startswith("0082") else digits
    digits = digits.removeprefix("82")
    if len(digits) == _DIGITS - 1 and digits.startswith("10"):
        # A number has lost its leading 0, and so has text that was one before.
        digits = f"0{digits}"
    return digits if len(digits) == _DIGITS and digits.startswith("010") else None


def digits_in(line: str) -> int:
    """Return how many digits a text has."""
    return sum(char.isdecimal() for char in line)


def gender(line: str) -> str | None:
    """Return a gender as 남 or 여, or None where it is neither."""
    line = re.sub(r"\s", "", unicodedata.normalize("NFKC", line).casefold()).strip(".-/").removesuffix("아이")
    if found := GENDERS.get(line):
        return found
    both = {GENDERS.get(part) for part in re.split(r"[()\[\]/]", line) if part}
    return both.pop() if len(both) == 1 else None


def grade(line: str) -> dict[str, str]:
    """Return what a cell says of grade, class and type of school; a text of another form is the grade as it stands."""
    line = unicodedata.normalize("NFKC", line).strip()
    if re.fullmatch(_DAY_NUMBER, line):
        line = (date(1899, 12, 30) + timedelta(int(line))).isoformat()
    line = restored(line)
    if not line.isdecimal():
        line = re.sub(_IN_ENGLISH, "", line, flags=re.IGNORECASE)
    if not set(line[1:-1]) & set("()[]"):
        line = line.strip("()[] ")
    found = _GRADE(line.translate(_CHINESE_LEVELS)) or _GRADE(re.sub(r"\s", "", line).replace("(", "-").rstrip(")"))
    if not found:
        return {"grade": line}
    fields = {"grade": str(int(found["grade"]))}
    if room := found["room"] or found["named"]:
        fields["class_name"] = room
    if found["level"]:
        fields["school_type"] = _LEVELS[found["level"]]
    return fields


@lru_cache(maxsize=1024)
def beside_a_name(said: str, *, in_brackets: bool = False) -> Mapping[str, str] | None:
    """Return the fields that stand beside a name; None where it is not understood, and may belong to the name."""
    said = said.translate(_CHINESE_LEVELS).strip()
    if (is_remark(said) and (in_brackets or said not in _SEVERAL)) or (in_brackets and re.fullmatch(_OF_OTHERS, said)):
        return {"class_name": said} if re.fullmatch(r"[^\W\d]{2,}반", said) else {"memo": said}
    if found := gender(said):
        return {"gender": found}
    if read := next((read for form, read in _BESIDE_A_NAME.items() if re.fullmatch(form, said, re.IGNORECASE)), None):
        return read(said)
    parts = [part for part in re.split(r"[\s,/·|]+", said) if part]
    fields = [beside_a_name(part) for part in parts] if len(parts) > 1 else [None]
    return None if None in fields else {key: value for part in fields if part for key, value in part.items()}


def is_remark(line: str) -> bool:
    """Return whether a text says of a student when they come, what for, that they are new, or the like, and no more."""
    line = re.sub(_BETWEEN_DAYS, "", line.casefold())
    return not re.sub(_A_REMARK, "", line) and bool(re.search(r"[^\W\d_]{2}|\d\s?[^\W\d_]|\d[:/]\d", line))


def school(line: str) -> dict[str, str]:
    """Return what a cell says of school, grade and class, as ``휘문중(3)`` and ``휘문고 2학년`` do."""
    found = _SCHOOL.fullmatch(unicodedata.normalize("NFKC", line))
    if not found:
        return {"school": line}
    name, rest = found["school"].strip(), found["rest"]
    if "학년" not in rest and "(" not in line and not name.endswith(_OF_A_SCHOOL):
        return {"school": line}
    return {"school": name} | {field: value for field, value in grade(rest).items() if field != "school_type"}


def school_type(line: str) -> str | None:
    """Return a type of school as 초등, 중등 or 고등, or None where it is none of them."""
    found = _is_level(unicodedata.normalize("NFKC", line).strip())
    return _LEVELS[found[0][0]] if found else None


def restored(line: str) -> str:
    """Return ``3-2`` for the date that Excel makes of it, and ``3-32`` for that in March of 1932."""
    made = _DATE(line)
    if not made:
        return line
    second = int(made[1]) % 100 if made[3] == "01" and int(made[1]) <= _LAST_YEAR_OF_DATES else int(made[3])
    return f"{int(made[2])}-{second}"


_BESIDE_A_NAME: Final[Mapping[str, Callable[[str], dict[str, str]]]] = {
    _GRADE_BESIDE_A_NAME: grade,
    _LEVEL: lambda said: {"school_type": _LEVELS[said[0]]},
    _STATE: lambda _said: {},
    _CLASS_BESIDE_A_NAME: lambda said: {"class_name": said},
    _SCHOOL_BESIDE_A_NAME: school,
}
"""The forms of what stands beside a name, and who reads each."""
