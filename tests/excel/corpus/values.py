"""What stands in the cells."""

from __future__ import annotations

import unicodedata
from datetime import date

from tests.excel.corpus.case import HEADER, A, Case, grade, one, written

_P = A[1]


def _own(cell: object, stored: str | None = None, *told: str) -> Case:
    header = ("이름", "학부모 연락처", "학생 연락처")
    return one(f"student's phone {cell!r}", header, (*A, cell), fields={"김하나": {"phone": stored}}, values=told)


def _bad(cell: object) -> Case:
    return one(f"no phone {cell!r}", HEADER, ("김하나", cell), students=[], rejected=[2])


def _named(name: str, cell: str) -> Case:
    return one(f"name {name}", HEADER, (cell, _P))


CASES = (
    written("plain", "01011110001"),
    written("as a number", 1011110001),
    written("as text without its 0", "1011110001"),
    written("as a program writes a number", "1.011110001E9"),
    written("with its place in a list", "1) 010-1111-0001"),
    written("with its place in a list, twice", "1. 010-1111-0001 2. 010-9999-0001"),
    *(written(f"before another one, {mark!r}", f"010-1111-0001{mark}010-9999-0001") for mark in ("·", " & ", "・")),
    written("with hyphens and without its 0", "10-1111-0001"),
    written("with spaces", "010 1111 0001"),
    written("with dots", "010.1111.0001"),
    written("with middle dots", "010·1111·0001"),
    written("with slashes", "010/1111/0001"),
    written("with tildes", "010~1111~0001"),
    written("with brackets", "(010) 1111-0001"),
    written("full-width", "０１０－１１１１－０００１"),
    written("with en dashes", "010–1111–0001"),
    written("with em dashes", "010—1111—0001"),
    written("with U+2011", "010\u20111111\u20110001"),
    written("with a vowel for a dash", "010ㅡ1111ㅡ0001"),
    written("in Arabic digits", "٠١٠-١١١١-٠٠٠١"),
    written("behind an apostrophe", "'01011110001"),
    written("with 모 behind", "010-1111-0001(모)"),
    written("with 엄마 before", "엄마 010-1111-0001"),
    written("with +82", "+82 10-1111-0001"),
    written("with 82-10", "82-10-1111-0001"),
    written("with +82 (0)", "+82 (0)10 1111 0001"),
    written("with 0082", "0082-10-1111-0001"),
    written("with zero-width spaces", "\u200b010-1111-0001\u200b"),
    written("turned around", "\u202d010-1111-0001\u202c"),
    written("behind a BOM", "\ufeff01011110001"),
    written("with soft hyphens", "010\u00ad1111\u00ad0001"),
    written("with no-break spaces", "010\u00a01111\u00a00001"),
    written("with a line break behind", "010-1111-0001\n"),
    written("beside a second one", "010-1111-0001 / 010-1111-0009"),
    written("as text of a float", "01011110001.0"),
    *map(_bad, ("02-123-4567", "011-123-4567", "010-1111-000", "010-1111-00011", "2011110001", 12, "010-****-0001")),
    _bad("010-1111-0001 또는 없음"),
    *(
        written(f"as {cell!r}", cell)
        for cell in (
            "010-1111-0001 010-2222-0002",
            "010-1111-0001(모) 010-2222-0002(부)",
            "02-555-0001 / 010-1111-0001",
            "집 02-555-0001 / 모 010-1111-0001",
            "010-1111-0001, 031-555-0001",
            "학생 010-5555-0001 / 모 010-1111-0001",
            "010-5555-0001(본인), 010-1111-0001(모)",
            "본인: 010-5555-0001\n어머니: 010-1111-0001",
            "010-1111-0001 (오후 6시 이후)",
            "010-1111-0001 카톡",
            "엄마폰 010-1111-0001",
            "외할머니 010-1111-0001",
            "母 010-1111-0001",
            "☎ 010-1111-0001",
            "C.P 010-1111-0001",
            "010=1111=0001",
            "010➖1111➖0001",
            # A parent's name beside it.
            "김엄마 010-1111-0001",
            "김영희(010-1111-0001)",
            "010-1111-0001 (김영희)",
            "010-1111-0001 김영희",
            "어머니 김영희 010-1111-0001",
            "김영희(모) 010-1111-0001",
            "하나맘 010-1111-0001",
            "김하나 엄마 010-1111-0001",
            "하나 어머니: 010-1111-0001",
            "남궁민수 / 010-1111-0001",
            "김영희님\n010-1111-0001",
            # Letters for digits.
            "O10-1111-0001",
            "O1O-1111-OOO1",
            "０１Ｏ-1111-0001",
            "0l0-llll-0001",
            "ㅇ1ㅇ-1111-0001",
            "공일공 1111 0001",
        )
    ),
    *map(
        _bad,
        (
            "010-5555-0001(본인)",
            "학생 010-5555-0001",
            "담임 010-1111-0001",
            "010-1111-0001(결번)",
            "010-1111-0001→010-2222-0001",
            "010-1111-0001(변경 010-2222-0001)",
            "02-555-0001 / 031-555-0001",
            "0504-1111-0001",
            "김하나 010-1111-0001",
            "김선생 010-1111-0001",
            "담임 김영희 010-1111-0001",
            "정지중 010-1111-0001",
            "안받음 010-1111-0001",
            "이웃집 010-1111-0001",
            "수신거부 010-1111-0001",
            "010-OOOO-0001",
            "010-1111-OOOO",
            "0101111OOOO",
        ),
    ),
    _own("010-5555-0001", "01055550001"),
    _own(1055550001, "01055550001"),
    _own(""),
    *(_own(cell, None, str(cell)) for cell in ("-", "없음", "X", 0, "010-", "상동", "N/A")),
    _own("02-555-0001", None, "02-5**-**01"),
    _own("010-5555-000", None, "010-****-*00"),
    _own("010-1111-0001(모)", None, "010-****-**01(모)"),
    _own("010-5555-0001(본인)", "01055550001"),
    _named("with a zero-width space", "김\u200b하나"),
    _named("with spaces around", "  김하나 "),
    _named("with a no-break space", "\u00a0김하나"),
    _named("typed on a Mac", unicodedata.normalize("NFD", "김하나")),
    _named("with a filler", "김하나\u3164"),
    one("a name with two spaces", HEADER, ("Kim  Hana", _P), students=[("Kim Hana", _P)]),
    one("a name with a line break", HEADER, ("Kim\nHana", _P), students=[("Kim Hana", _P)]),
    one("a name of 101 letters", HEADER, ("김" * 101, _P), students=[], rejected=[2]),
    one("a name of 100 letters", HEADER, ("김" * 100, _P), students=[("김" * 100, _P)]),
    one("a name of numbers", HEADER, (12, _P), students=[], rejected=[2]),
    one("no name", HEADER, ("", _P), students=[], rejected=[2]),
    one("N/A as a name", HEADER, ("#N/A", _P), students=[], rejected=[2]),
    grade("2학년", "학년", "2학년", grade="2"),
    grade("고1", "학년", "고1", grade="1", school_type="고등"),
    grade("중3", "학년", "중3", grade="3", school_type="중등"),
    grade("2", "학년", "2", grade="2"),
    grade("2 as a number", "학년", 2, grade="2"),
    grade("in words", "학년", "재수", grade="재수"),
    grade("with its class", "학년/반", "2-3", grade="2", class_name="3"),
    grade("with class and number", "학년/반/번호", "2-3-15", grade="2", class_name="3"),
    grade("which Excel made a date", "학년/반", date(2026, 2, 3), grade="2", class_name="3"),
    grade("which Excel made a month", "학년/반", date(1932, 3, 1), grade="3", class_name="32"),
    grade("which Excel made a date and somebody a number", "학년/반", 46056, grade="2", class_name="3"),
    grade("which a student's number looks like", "학년/반", "20315", grade="20315"),
    grade("of a school", "초중고 구분", "중등", school_type="중등"),
    grade("휘문중(3)", "학교", "휘문중(3)", school="휘문중", grade="3"),
    grade("휘문고 2학년", "출신학교", "휘문고 2학년", school="휘문고", grade="2"),
    grade("휘문중(3학년)", "학교(학년)", "휘문중(3학년)", school="휘문중", grade="3"),
    grade("휘문고2", "학교/학년", "휘문고2", school="휘문고", grade="2"),
    grade("with a number of its own", "학교", "서울제2중", school="서울제2중", grade=None),
    one(
        "a grade behind the school and one of its own",
        ("이름", "학부모 연락처", "학년", "학교"),
        (*A, "3", "휘문중(2)"),
        fields={"김하나": {"school": "휘문중", "grade": "3"}},
    ),
    *(grade(cell, "성별", cell, gender="여") for cell in ("여", "여자", "여성", "여학생", "F", "female", "女", "여/F")),
    *(grade(cell, "성별", cell, gender="남") for cell in ("남", "남자", "M", "Male", "남(M)")),
    one(
        "gender unknown",
        ("이름", "학부모 연락처", "성별"),
        (*A, "?"),
        fields={"김하나": {"gender": None}},
        values=["?"],
    ),
    one("a note of 3,000 letters", ("이름", "학부모 연락처", "메모"), (*A, "가" * 3000), values=["가" * 60]),
)
