"""What a cell of names says: a student's name, with a title perhaps, a parent's, a masked one, or nobody's."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from academy_ops.academy.excel.headings import said
from academy_ops.academy.excel.text import BRACKETS
from academy_ops.academy.excel.vocabulary import (
    ATTACHED_TITLES,
    NEWER,
    NO_NAMES,
    NOBODYS_FIRST_NAMES,
    NOBODYS_NAMES,
    OWN_PEOPLE,
    RELATIVES,
    TITLES,
)

_SURNAMES: Final = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구나민진지엄채원천방공현함변염여추도소"
    "석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예경봉사부가복태목형피두감음빈동온호범좌팽승간상시갈단견당화라량"
    "여렴로리림"
)
_LONG_SURNAMES: Final = "남궁|황보|제갈|선우|독고|사공|서문|동방|망절|어금"

# Patterns that few rows need; re compiles each when it is first used.
_NAME: Final = rf"(?:{_LONG_SURNAMES})[가-힣]{{1,2}}|[{_SURNAMES}][가-힣]{{1,2}}"
_SAID: Final = (
    rf"[가-힣]?(?:{'|'.join(OWN_PEOPLE)})님?|(?:{'|'.join(NO_NAMES)})[됨중함남임요번폰분시용때만처화드집님자]?"
)
"""What is said beside a phone; somebody may be called 정지호."""
_WITH_LETTERS: Final = r"[^\W\d_][^\d_]{1,40}"
_TITLED: Final = rf"([가-힣]{{2,5}}|[a-zA-Z][a-zA-Z .'-]{{2,40}})(?:\s+|\s*\()(?:{'|'.join(TITLES)}|군|양|씨)님?\)?"
_TITLED_BEFORE: Final = rf"[(\[]?(?:{'|'.join(TITLES)})[)\]]?\s*[:：]?(?:\s+|(?<=[)\]:：]))([가-힣]{{2,5}})"
_TITLED_WITHOUT_SPACE: Final = (
    rf"((?!{_LONG_SURNAMES})[{_SURNAMES}][가-힣]{{2}}|(?:{_LONG_SURNAMES})[가-힣]{{2}})(?:군|양|님|씨)"
)
_STUDENT_BEHIND: Final = rf"({_NAME})(?:{'|'.join(ATTACHED_TITLES)})님?"
_FOREIGN: Final = "[가-힣]*[르스즈츠크트프브흐]"
"""Syllables that spell foreign names, and stand in no Korean one."""
_OF_A_RELATIVE: Final = (
    rf"(?:.*[^가-힣])?(?:{'|'.join(RELATIVES)}|동생|누나|오빠|언니|이모|고모|외?삼촌|외?조[부모])님?(?:[^가-힣].*)?"
    rf"|[가-힣]{{2,4}}\s+형님?|[가-힣]{{3}}(?:동생|누나|오빠|언니)|(?!{_LONG_SURNAMES}|{_FOREIGN})[{_SURNAMES}][가-힣]{{2}}네"
    r"|[모부母父]\s*[:：(].*|.*[(\[](?:[^()]{0,6}[\s(\[])?[모부母父](?:[\s\d:].*)?[)\]]"
)
_OF_A_PARENT: Final = (
    rf"[모부母父]|(?!{_LONG_SURNAMES}|{_FOREIGN})[{_SURNAMES}][가-힣]{{2}}[모부]|(?:{_LONG_SURNAMES})[가-힣]{{2}}[모부]"
    rf"|[가-힣]{{0,5}}\s*\(?(?:{'|'.join(RELATIVES)})\)?|[가-힣]{{2,4}}(?:\s+[모부母父]|\s*\([모부母父]\)|[母父])"
    r"|(?i:(?:mother|mom|father|dad|parents?|guardian) of .+|.+['’]s (?:mother|mom|father|dad|parents?|guardian))"
)
_SCHOOL: Final = "[가-힣]{2,6}초|[가-힣]{1,6}[여공상부외과예]고"
_REMARKS: Final = (
    r"(?P<name>[^()]{2,40}?(?:\s*\([^()]{1,16}\))*)\s*\(\s*(?P<remark>[^()]{1,30}?)\s*\)?",
    r"\(?\s*(?P<remark>[^()]{1,30}?)\s*\)\s*(?P<name>.{2,40})",
    r"(?P<name>[^/]{2,40}?)\s*/\s*(?P<remark>[^/]{1,12})",
    r"(?P<name>.{2,40}?)\s*(?:[_|~–·,-]|(?<!\d):)\s*(?P<remark>[가-힣0-9][^_|]{0,14}|[A-Za-z]{1,2}반|(?i:new))",
    r"(?P<remark>[가-힣])\s*[-_]\s*(?P<name>[가-힣]{2,5})",
    r"(?P<remark>(?=\S*[가-힣:/])\S*\d\S{0,3}|[A-Za-z]반|[가-힣]{2,6}(?<![초고]))\s+(?P<name>[가-힣]{2,5}(?:\s[^\W\d_]\S{0,3})?)",
    r"(?P<name>[가-힣]{2,5}(?:\s[^\W\d_]\S{0,3})?)\s+(?P<remark>(?=\S*[가-힣:/])\S*\d\S{0,3}|[A-Za-z]반|[가-힣]{2,6}(?<![초고])|(?i:new|v|ok))",
    rf"(?P<name>[{_SURNAMES}][가-힣]{{2}})\s+(?P<remark>{_SCHOOL})",
    rf"(?P<remark>{_SCHOOL})\s+(?P<name>[{_SURNAMES}][가-힣]{{2}})",
    r"(?P<remark>[가-힣]{0,8}[초중고]\d(?:학년)?)(?P<name>[가-힣]{3})",
    r"(?P<name>[가-힣]{3})(?P<remark>[초중고]\d(?:학년)?)",
)
"""Where something may stand beside a name: in brackets, behind a mark, as a word of its own, or run together."""
_NO_HEADING: Final = (None, {NEWER})
"""What the words of a heading mean in a name; somebody may be called 차수정."""
_BY_SYLLABLE: Final = r"[가-힣](?: [가-힣]){2,4}"
_PROVINCES: Final = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|[충전경][북남]|충청|전라|경상|제주"
_ADDRESS: Final = (
    rf"^(?:{_PROVINCES})(?:특별|광역|자치)*[시도남북]*\s[가-힣]{{1,4}}[시군구](?:\s|$)|[가-힣][시군구]\s(?:[가-힣\d]+[동읍면]|[가-힣\d]{{2,}}[리로길])(?:\s|$)"
    r"|\d\s?(?:번지|번길|동\s?\d+)(?:\W|$)|[동로길]\s\d+\s?호|\d{3}\s?동(?:\W|$)|(?:아파트|빌라|오피스텔)(?:\s|$)|\d{3}-\d\d"
)
_AMOUNT: Final = r"(?:\d[\d,.]*+\s?(?:[만천백십]*\s?원|[%년월일시분명세점등위층회]|cm|kg)?[\s,.~-]*+)++"
_PLACE: Final = r"\d\s?호(?:\W|$)|[가-힣](?:동|리|로|길|마을)\s\d+(?:\d\d|-\d)"
"""What may stand in an address, or beside the name of 김유리."""
_IDENTIFIER: Final = r"#\w{3}|^[!-~]*[A-Za-z][_.-]?\d{3}|^(?=.*[\d_])[a-z\d]+[._][a-z\d._]+$"
_NO_NAME: Final = (
    rf"{_ADDRESS}|{_IDENTIFIER}"
    r"|@|[:：]|^[A-Za-z][+-]?$|://|www\.|(?<!\d)0?1\d\D{0,2}\d{3,4}\D{0,2}\d{4}(?!\d)"
    r"|[\u1100-\u11ff\u3131-\u318e\uffa1-\uffdc]|학교$"
)
"""What no name has: an address, an identifier, an amount, a phone, a letter that has not become part of a syllable."""
_TWO_NAMES: Final = r"([가-힣]{3})(?:\s+|(?:와|하고|이?랑)\s?|\s?\()([가-힣]{2}[가-힣](?<![반부생점관]))\)?"
_MASKED: Final = (
    r"[가-힣]{1,2}(?:[*＊○◯●◎ㅇ〇□×✕•#?_]|[OoXx](?=[가-힣OoXx○*]|$))+[가-힣]{0,2}|[*＊○◯]{1,2}[가-힣]{2}"
    r"|.*[^\W\d_][*＊]+[^\W\d_].*|[OoXx○ㅇ]{3,}"
)


@lru_cache(maxsize=1024)
def is_name(line: str) -> bool:
    """Return whether a text looks like the name of a Korean, with a family name that is one."""
    return bool(re.fullmatch(_NAME, line)) and not re.fullmatch(_SAID, line) and said(line) in _NO_HEADING


def is_family_name(line: str) -> bool:
    """Return whether a text is a family name."""
    return bool(re.fullmatch(f"{_LONG_SURNAMES}|[{_SURNAMES}]|[A-Za-z][A-Za-z'-]+", line))


def is_first_name(line: str) -> bool:
    """Return whether a text may be the first name of a Korean."""
    return bool(re.fullmatch("[가-힣]{2}", line)) and not re.fullmatch(_SAID, line)


def may_be_name(line: str) -> bool:
    """Return whether a text may be anybody's name."""
    return is_name(line) or bool(re.fullmatch(_WITH_LETTERS, line) and said(line) is None)


def is_of_parent(line: str) -> bool:
    """Return whether a name is that of a student's parent, as ``하나 엄마`` is."""
    return any(re.fullmatch(_OF_A_PARENT, one) for one in (line, line.removesuffix("님")))


def is_of_family(line: str) -> bool:
    """Return whether a name is that of a member of a student's family."""
    return is_of_parent(line) or bool(re.fullmatch(_OF_A_RELATIVE, line))


def apart(name: str) -> Iterator[tuple[str, str]]:
    """Return in which ways a name can be taken apart: a name, and what is perhaps only written beside it."""
    name = name.translate(BRACKETS)
    for pattern in _REMARKS:
        found = re.fullmatch(pattern, name)
        if found and not re.fullmatch(_LONG_SURNAMES, found["name"]):
            yield found["name"], found["remark"]


def put_together(name: str) -> str:
    """Return a name without the spaces that only spread its syllables."""
    together = name.replace(" ", "")
    return together if re.fullmatch(_BY_SYLLABLE, name) and re.fullmatch(_NAME, together) else name


def is_something_else(name: str) -> bool:
    """Return whether a text has what no name has."""
    return bool(re.search(_NO_NAME, name) or (re.search(_PLACE, name) and not is_name(re.split(r"[\s(]", name)[0])))


def is_amount(line: str) -> bool:
    """Return whether a text is a number of something, a day or a time."""
    return bool(re.fullmatch(_AMOUNT, line))


def are_two(name: str) -> bool:
    """Return whether a text is the names of two Koreans or more, the second one perhaps in brackets."""
    if len(words := name.split()) > 2:  # noqa: PLR2004 - more than two
        return all(len(word) == len("김하나") and is_name(word) for word in words)
    found = re.fullmatch(_TWO_NAMES, name)
    return found is not None and is_name(found[1]) and is_name(found[2]) and not found[2].startswith(found[1][1:])


def whole(given: str, place: int, parts: Sequence[tuple[int, str]]) -> str:
    """Return a name whose parts stand in columns of their own: the family name, and those in the middle.

    ``given`` is the first name, or perhaps the whole name already; ``place`` is its column.
    """
    family = parts[0][1]
    if re.fullmatch("[가-힣\u4e00-\u9fff]+", family):
        return given if given.startswith(family) and len(given) > len(family) + 1 else f"{family}{given}"
    if re.search("[가-힣]", given) or not set(family.split()).isdisjoint(given.split()):
        # The name in letters of its own, beside the one in Korean.
        return given
    return " ".join(line for _place, line in sorted([*parts, (place, given)]))


def is_masked(line: str) -> bool:
    """Return whether somebody has hidden a part of the name."""
    return bool(re.fullmatch(_MASKED, line))


def is_nobodys(name: str) -> bool:
    """Return whether a name is what people type to try something out."""
    folded = re.sub(r"[\W\d_]", "", unicodedata.normalize("NFKC", name).casefold())
    if not folded:
        return False
    if folded.startswith(("테스트", "test")):
        return True
    if folded in NOBODYS_NAMES or re.fullmatch(f"[{_SURNAMES}]?(?:{'|'.join(NOBODYS_FIRST_NAMES)})", folded):
        return True
    return len(name) > 1 == len(folded) if re.match("[가-힣]", folded) else len(set(folded)) == 1 < len(folded)


def without_title(name: str) -> str:
    """Return a name without the title beside it; one that may belong to the name stays.

    Nobody is called 김하나군, but somebody may be called 김민군, 남궁양 or 김양.
    """
    found = (
        re.fullmatch(_TITLED, name)
        or re.fullmatch(_TITLED_BEFORE, name)
        or re.fullmatch(_TITLED_WITHOUT_SPACE, name)
        or re.fullmatch(_STUDENT_BEHIND, name)
    )
    if not found or re.fullmatch(_LONG_SURNAMES, found[1]):
        return name
    return found[1].strip()
