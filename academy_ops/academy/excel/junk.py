"""What rows look like that hold no student, and names with something beside them."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final, Literal

from academy_ops.academy.excel.headings import letters, said, taken_apart
from academy_ops.academy.excel.names import are_two, is_name, is_nobodys
from academy_ops.academy.excel.records import Why
from academy_ops.academy.excel.text import text
from academy_ops.academy.excel.values import digits_in
from academy_ops.academy.excel.vocabulary import (
    ATTACHED_TITLES,
    EXAMPLES,
    FILLER,
    LEFT_BY_STATE,
    NOBODY,
    NOBODY_IS_CALLED,
    NOBODYS_FIRST_NAMES,
    NOBODYS_NAMES,
    RELATIVES,
    SECTIONS,
    SIBLINGS,
    STAFF,
)

Section = Literal["", "students", "staff", "left"]
_SECTIONS: Final[tuple[Section, ...]] = ("staff", "left", "students")

_EXAMPLE_NAMES: Final = frozenset({"홍길동", "홍길순"})
"""The templates' own, also where somebody has cleared what says that they are examples."""
_CLOSER_LOOK: Final = sorted(
    {*(word[:2] for word in STAFF), *(word[:3] for word in NOBODYS_NAMES if re.match("[가-힣]{2}", word))}
    | {word for word in NOBODY if re.fullmatch("[가-힣]{2,}", word)}
    | {"예시", "샘플", "견본", "홍길"}
)
_CLOSER_LOOK_AT_THE_END: Final = "|".join(
    sorted({word[-2:] for word in (*RELATIVES, *ATTACHED_TITLES) if len(word) > 1})
)
_LIKE_NOBODYS: Final = "|".join(sorted({word[-2:] for word in NOBODYS_FIRST_NAMES}))
is_usual: Final = re.compile(
    rf"(?!{'|'.join(_CLOSER_LOOK)}|(?:{'|'.join(NOBODY_IS_CALLED)})$)[가-힣]{{2,3}}(?<!{_LIKE_NOBODYS})"
    rf"(?:(?<![님쌤맘군양씨반생])(?<!{_CLOSER_LOOK_AT_THE_END})|\d{{1,6}})"
).fullmatch
"""Whether a name is like almost all others; the rest need a closer look."""

_REAL_PHONE_DIGITS: Final = 7
_LONGEST_NAME_ALONE: Final = 30
_LONGEST_MARK: Final = 40
_LONGEST_CELL: Final = 150
_A_FEW_DIGITS: Final = 2

# Most are needed by few workbooks; re compiles each when it is first used, which takes longer than to read a small one.
_EXAMPLE_NAME: Final = (
    r"[(\[<]?\s*(?:예시?|보기|ex|sample|example)\s*[)\]>:.]|.*[(\[<]\s*(?:예시|샘플|example)\s*[)\]>]"
)
_EXAMPLE_ALONE: Final = r"(?:예시|샘플|견본|sample|example)\s*(?:학생|원생)?\s*\d*"
_EXAMPLE_MARK: Final = re.compile(
    r"\W*(?:작성\s*)?(?:예시|샘플|견본|예제|example|sample)\s*(?:행|줄|데이터|자료|학생|용|임|입니다)*"
    r"(?:\W+(?:지우|지워|삭제|참고).*|\W*)"
)
_MADE_UP: Final = r"010(?:(\d)\1{3}(\d)\2{3}|(\d{4})\3|1234\d{4}|\d{4}1234|98765432)"
_NOBODYS: Final = rf"010[01]\d{{7}}|{_MADE_UP}"
"""Phones that nobody has; the first ones are not given away."""
_ONE_DIGIT: Final = r"010(\d)\1{7}"
_A_STUDENT: Final = r"(?:학생|원생|student)\s*[\da-z]?"
_COUNTED: Final = (
    r"(?:[총합소누]?[계합]|총?인원수?|총원|학생수|원생수|현원|재적|정원|평균|요약|출석률|total|sum|subtotal)"
)
_TOTAL: Final = rf"{_COUNTED}[:：(]*[\d,]*명?\)?|총[:：]?[\d,]+명?|[\d,]+명|(?:[가-힣]{{1,4}}[:：]?\d+명[,/·]*)+"
_TOTAL_OF: Final = r".{1,20}\s(?:개수|요약|소계|합계|총계|평균|count|total)"
_END: Final = r"\W*(?:이하)?(?:여백|빈칸)\W*|\W*(?:이상)?끝\W*|\W*이상(?:입니다)?\W*"
_NOTE: Final = r"[※＊*#★☆■□◆◇●○▶►→☞✔✓=_<\[【〔「『(~\-–—·•]|주\)|비고\s*[:)]|참고|안내|주의|작성|예\)"
_DATE_OR_PAGE: Final = (
    r"[\d\s./:\-,~년월일시분요월화수목금토()]+|\W*(?:page|페이지)?\s*\d+\s*(?:/|of)\s*\d+\s*(?:page|페이지|쪽)?\W*"
)
_LABEL: Final = r"[^:：\d]{1,12}[:：]"
_SENTENCE: Final = r".*(?:니다|세요|시오|바람|주십시요|함)[.!~\s]*|[^:：]{1,12}\s*[:：].*"
_SIGNATURE: Final = r".*(?:[교원]장|\((?:인|서명|직인[^()]*)\))"
_CLASS: Final = r".*\d.*(?:반|학년|부|명|기|과정)"
_BANNER: Final = re.compile(
    rf"{_CLASS}|(?:예비\s?)?[초중고]\s?\d|.*(?:반|학년|과정|등부|명단|팀|그룹|클래스|교실|캠퍼스)"
)
_OF_A_CLASS: Final = (
    r".*\s\d+|\d.*|.*학교|.*\d\s?[시분].*"
    r"|(?:수학|영어|국어|과학|사회|논술|코딩|한자|독서|미술|피아노|태권도|물리|화학|생물|특강|내신|수능)(?:\s.*)?"
)
_OF_STAFF: Final = (
    rf"(?:{'|'.join(STAFF)})(?:처|자|실|폰|번호|전화|연락처|님|선생님|{'|'.join(STAFF)})*(?:\s.*|[:：(].*)?"
    r"|[가-힣]{1,4}\s?(?:선생님|원장님|실장님|팀장님|기사님|강사님|쌤)|.*[\s(/]담임[\s:].*"
)
_NUMBERED: Final = (
    r"(?:[(\[<]?(?:#|no\.?\s?)?(?:\d{1,2}(?:-\d{1,2}){1,2}|\d{1,8})(?:\s?[.)\]>_:/-](?<![:/](?=\d))\s*|번?\s+|(?=[가-힣]{2,5}$))"
    r"|[①-⓿❶-❿㉮-㉻]\s*|[가나다라마바사아자차카타파하]\.\s*)"
    r"(?P<name>.*[^\W\d_].*)"
)
_MARKS: Final = "*•·-–—†‡※√_ㄴ"
_NO_MARKS: Final = "=+<>|"
_BEHIND_KOREAN: Final = ".,;:!?~^"
_QUOTES: Final = r"""[「『《〈<(\[](.*)[」』》〉>)\]]|["'`“”‘’]*(.*?)["'`“”‘’]*"""
_PLAIN_NAME: Final = r"(?:\([^()]{1,6}\))?\s*[가-힣]{2,4}"
_TWO_NAMES: Final = (
    rf"[가-힣]{{2,4}}(?:\s*[,./·&+|、，ㆍ]\s*(?:(?:{'|'.join(SIBLINGS)})\s*)?[가-힣]{{2,4}})+|"
    r"[가-힣]{3}\s*\n\s*[가-힣]{3}|.{2,20}[외등]\s*\d{1,2}\s*명|[가-힣]{2,4}\s외\s?\d|[가-힣]{2,4}\s(?:형제|자매|남매)"
    r"|.*\w\s*(?:[&;]|\b(?:and|및|그리고)\b)\s*\w.*|[가-힣]{3}\s*\|\s*[가-힣]{3}"
)
_DAYS: Final = r"\d{1,4}\s?[년월일]"
_A_DAY: Final = r"\d{3}|\d\s?월|(?<!\d)\d{1,2}\s?[/.-]\s?\d{1,2}(?!\d)"
_NO_DAY: Final = "0000|1899|1900-01-0|2999|9999"
"""How a day begins that programs write where there is none."""
_A_WHOLE_DAY: Final = r"(?:19|20)\d\d[\d\st년월일시분.:/-]*"
_ASKS_FOR_NO_DAY: Final = ("여부", "구분", "처리", "사유")
_CHOICE: Final = r"^\d\s?[.):-]\s?(?=[^\W\d])"
"""What stands before a state that was chosen from a list, as ``1.재원`` was."""
_STAYS: Final = "예정|재원|휴원|재학|재등록|복귀|복학|해당|아니|없음|미정|철회|취소|번복|학기"
_NOT_YET: Final = "예정|상담|희망|고민|고려|신청|문의|철회|취소|번복|후"
_HAS_LEFT: Final = re.compile(
    "(?:[가-힣]{1,6}(?:로|때문에|차))?(?:퇴원|퇴회|퇴소|탈퇴|제적|자퇴|전출)(?:생|함|자|됨|처리|완료|했음|하였음|o)*"
    "|그만둠|withdrawn"
)
_LEFT_RUN_TOGETHER: Final = "[가-힣]{3}(?:퇴원|퇴회)생?|퇴원[가-힣]{3}"
_OF_MANY: Final = ("생", "자", "들", "명단", "목록", "리스트", "현황", "list", "students")
_NO: Final = frozenset({*"0x×✕✖✗✘n", "퇴", "아님", "no", "아니오", "아니요", "false"})
_YES: Final = frozenset({"o", "y", "yes", "예", "네", "true", "v", "1", "퇴", "○", "ㅇ", "●", "✓", "✔"})


def is_example_mark(kind: str) -> bool:
    """Return whether what stands in the column 구분 marks an example."""
    kind = kind.casefold()
    return bool(kind) and (
        any(word in kind for word, where in EXAMPLES.items() if where == "anywhere")
        or kind.strip("()[]<>.: ") in EXAMPLES
    )


def is_marked(row: Sequence[object], name: int, numbers: Collection[int]) -> bool:
    """Return whether a cell beside the name, or instead of the row's number, says that the row is an example."""
    for position, cell in enumerate(row):
        if position == name or not isinstance(cell, str) or not 0 < len(cell) < _LONGEST_MARK or cell[0].isdecimal():
            continue
        if position in numbers and is_example_mark(text(cell)):
            return True
        if re.fullmatch(_EXAMPLE_MARK, text(cell).casefold()):
            return True
    return False


def is_example(name: str, phone: str | None, wrong: str) -> bool:
    """Return whether a name, or what stands instead of a phone, is an example's."""
    folded = name.casefold()
    return bool(
        re.match(_EXAMPLE_NAME, folded)
        or re.match(_EXAMPLE_NAME, wrong.casefold())
        or re.fullmatch(_EXAMPLE_ALONE, folded)
        or (phone and name in _EXAMPLE_NAMES and re.fullmatch(_MADE_UP, phone))
        or (phone and re.fullmatch(_NOBODYS, phone) and is_nobodys(name))
        or (phone and re.fullmatch(_ONE_DIGIT, phone) and re.fullmatch(_A_STUDENT, folded))
    )


def what(row: Sequence[object], name: str, phone: str | None, wrong: str) -> Why | None:
    """Return what a row is that holds no student, or None.

    ``name`` stands in its column of names, and ``wrong`` instead of the parent's phone.
    """
    label = name or (wrong if is_alone(row) else "")
    if phone is None and re.match(_LABEL, label) and re.match(_LABEL, wrong):
        return "note"
    if phone is not None or digits_in(wrong) >= _REAL_PHONE_DIGITS:
        nobodys = phone is None or re.fullmatch(_MADE_UP, phone)
        is_hint = nobodys and (_is_hint(name, name) or "name" in (said(name) or ()))
        return "note" if is_hint or is_of_staff(name) else None
    folded = unicodedata.normalize("NFKC", name).casefold()
    why: Why | None = None
    alone = is_alone(row)
    if not any(letter.isalnum() for letter in name) or folded in NOBODY:
        name, folded, alone = next((line for cell in row if (line := text(cell))), ""), "", True
        why = "no-name"
    elif not any(letter.isalpha() for letter in name + wrong) and digits_in(name) <= _A_FEW_DIGITS:
        why = "no-name"
    squeezed = re.sub(r"\s", "", folded or name)
    if is_total(folded or name):
        return "total"
    if _says_left(name):
        return "left"
    is_note = (
        is_of_staff(name)
        or re.fullmatch(_END, squeezed)
        or _is_hint(name, wrong)
        or (not wrong and re.fullmatch(_CLASS, name))
        or (re.match(_NOTE, name) and (alone or (not wrong and not re.fullmatch(_PLAIN_NAME, bare(name)))))
        or (alone and why is None and _is_alone(name))
    )
    return "note" if is_note else why


def is_of_staff(name: str) -> bool:
    """Return whether somebody of the school's own is called by what they are, as ``김선생님`` is.

    Behind a name, as in ``김하나(담임 김선생)``, stands whose student it is.
    """
    student = re.match(r"([가-힣]{2,4}(?<![반부]))\s?[(/]\s?담임", name)
    return bool(re.fullmatch(_OF_STAFF, name)) and not (student and is_name(student[1]))


def is_total(line: str) -> bool:
    """Return whether a text is a number of students, or stands before one."""
    return bool(re.fullmatch(_TOTAL, re.sub(r"\s", "", line)) or re.fullmatch(_TOTAL_OF, line))


def is_alone(row: Sequence[object]) -> bool:
    """Return whether one cell of a row holds something, and no other."""
    return sum(cell not in ("", None) for cell in row) == 1


def section(row: Sequence[object]) -> Section:
    """Return whose rows follow a row that holds one text, as ``[퇴원생]`` is; an empty text where it is no banner."""
    lines = [line for cell in row if (line := text(cell))]
    if len(lines) != 1 or len(lines[0]) > _LONGEST_NAME_ALONE:
        return ""
    kinds = taken_apart(letters(lines[0].casefold()), SECTIONS) or ()
    for kind in _SECTIONS:
        if kind in kinds:
            return kind
    if _names_those_who_left(lines[0]):
        return "left"
    return "students" if re.fullmatch(_BANNER, lines[0].strip("[]<>()■□◆◇●○▶►※*-= ")) else ""


def _names_those_who_left(line: str) -> bool:
    """Return whether a banner ends like ``강남점 퇴원생``; ``김하나 퇴원`` says so of one student only."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"\([^()]*\)", "", line.casefold()))
    ends = ("".join(words[start:]) for start in range(len(words)))
    return any(end.endswith(_OF_MANY) and _says_left(end) for end in ends)


def bare(name: str) -> str:
    """Return a name without the marks and the number that stand beside it."""
    line = name.strip()
    while line and _is_mark(line[0]):
        line = line[1:].lstrip()
    while line and (_is_mark(line[-1]) or (line[-1] in _BEHIND_KOREAN and re.search("[가-힣]", line))):
        line = line[:-1].rstrip()
    if (
        (quoted := re.fullmatch(_QUOTES, line))
        and (inner := quoted[1] or quoted[2])
        and not re.search(r"[()\[\]<>]", inner)
    ):
        line = inner.strip()
    if found := re.fullmatch(_NUMBERED, line, re.IGNORECASE):
        line = found["name"]
    return line if any(letter.isalpha() for letter in line) else name


def _is_mark(letter: str) -> bool:
    return letter in _MARKS or (unicodedata.category(letter) in {"So", "Sk", "Sm"} and letter not in _NO_MARKS)


def holds_two_names(cell: str, name: str) -> bool:
    """Return whether two names of students stand in one cell."""
    return bool(re.fullmatch(_TWO_NAMES, cell.strip()[:_LONGEST_CELL])) or are_two(name)


def has_left(cell: str, *, asked: str, comes: bool) -> bool:
    """Return whether a student's state is that of one who has left, whatever is said of it, as ``퇴원(이사)``.

    Where its heading asks for that, as ``asked`` does, a yes or a day says so, too; where it asks for the opposite, as
    ``comes``, a no.
    """
    whole = re.sub(_CHOICE, "", cell.casefold())
    cell = re.sub(_DAYS, "", whole)
    if _says_left(cell) or (comes and whole in _NO):
        return True
    first, *more = re.findall(r"[^\W\d_]+", cell) or [""]
    if (first in LEFT_BY_STATE or _says_left(first)) and not any(re.match(_NOT_YET, word) for word in more):
        return True
    is_day = re.fullmatch(_A_WHOLE_DAY, whole) or (
        not asked.endswith(_ASKS_FOR_NO_DAY) and re.search(_A_DAY, whole) and not re.search(_STAYS, whole)
    )
    return bool(asked and (whole in _YES or (is_day and not re.match(_NO_DAY, whole))))


def remark_says_left(cell: str) -> bool:
    """Return whether a remark is that the student has left, and nothing else."""
    return len(cell) < _LONGEST_NAME_ALONE and bool(
        re.fullmatch(_HAS_LEFT, re.sub(r"\([^()]*\)|[\W\d_]|년|월|일", "", cell.casefold()))
    )


def says_left(name: str) -> bool:
    """Return whether a word beside the name, and not one of a name written apart, says that the student has left."""
    if re.fullmatch(_LEFT_RUN_TOGETHER, name):
        return True
    words = re.findall(r"[^\W\d_]+", re.sub(_DAYS, "", name.casefold()))
    rest = [word for word in words if not _says_left(word)]
    return len(rest) < len(words) and any(len(word) > 1 for word in rest)


def _says_left(line: str) -> bool:
    meanings = set(taken_apart(letters(line).casefold(), SECTIONS) or ())
    return "left" in meanings and meanings <= {"left", FILLER}


def _is_hint(name: str, wrong: str) -> bool:
    """Return whether a row says how to fill in the columns, as ``필수`` and ``숫자만`` do."""
    return len(letters(name)) > 1 and said(name) == frozenset() and bool(wrong) and said(wrong) is not None


def _is_alone(name: str) -> bool:
    """Return whether what stands alone in its row is the name of a class, or a note, and not a student's."""
    return bool(
        len(name) > _LONGEST_NAME_ALONE
        or digits_in(name) >= _REAL_PHONE_DIGITS
        or section((name,))
        or re.fullmatch(_SENTENCE, name)
        or re.fullmatch(_SIGNATURE, name)
        or re.fullmatch(_DATE_OR_PAGE, name.casefold())
        or re.fullmatch(_OF_A_CLASS, name)
        or (name.endswith(("초", "중", "고")) and not is_name(name) and len(name) > _A_FEW_DIGITS)
    )
