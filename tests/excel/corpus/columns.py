"""Columns whose headings do not say enough: what stands below them decides, or the workbook is refused."""

from __future__ import annotations

from tests.excel.corpus.case import HEADER, A, B, C, Case, D, Row, one

_P, _OWN = A[1], "010-5555-0001"
_UNCLEAR = "phone-column-missing"
_OF_STUDENT = {"김하나": {"phone": "01055550001"}}


def _two(*headings: str, order: Row = (0, 1, 2), **expected: object) -> Case:
    """Return a workbook of names, students' and parents' phones; ``order`` is how the columns stand."""
    people = (("김하나", _OWN, _P), ("이두리", "010-5555-0002", B[1]), ("박세찬", "", C[1]))
    rows = [tuple(row[place] for place in order) for row in people]  # type: ignore[call-overload] # places are numbers
    expected = {"students": [A, B, C], "fields": _OF_STUDENT} | expected
    return one(f"two phones: {headings}", headings, *rows, **expected)


def _couples(name: str, *rows: Row, **expected: object) -> Case:
    return one(f"the same headings twice: {name}", ("이름", "연락처") * 2, *rows, **expected)


def _apart(name: str, header: Row, *rows: Row, **expected: object) -> Case:
    return one(f"a phone in several cells: {name}", header, *rows, **({"students": [A, B]} | expected))


def _applied(*columns: tuple[str, object], **expected: object) -> Case:
    headings, cells = zip(*columns, strict=True)
    return one(f"who applies: {headings}", headings, cells, **expected)


CASES = (
    # Two columns of phones, of which one is named.
    _two("이름", "연락처", "학부모 연락처"),
    _two("이름", "휴대폰", "보호자 휴대폰"),
    _two("이름", "핸드폰 번호", "모 연락처"),
    _two("이름", "학생 연락처", "연락처"),
    _two("이름", "연락처", "학생 휴대폰", order=(0, 2, 1)),
    _two("성명", "휴대폰(본인)", "휴대폰"),
    _two("이름", "학생번호", "학부모번호"),
    _two("이름", "학생", "학부모"),
    _two("이름", "문자수신번호", "학부모 연락처", fields={"김하나": {"phone": None}}, ignored=["문자수신번호"]),
    _two("이름", "연락처2", "연락처1(모)", fields={"김하나": {"phone": None}}, ignored=["연락처2"]),
    _two("이름", "학생번호", "비고", students=(), fields={}, problem=_UNCLEAR),
    _two("이름", "연락처", "휴대폰", students=(), fields={}, problem=_UNCLEAR),
    one(
        "landlines under 전화번호", ("이름", "전화번호", "휴대폰"), ("김하나", "02-555-0001", _P), ignored=["전화번호"]
    ),
    one("nothing under 전화번호", ("이름", "전화번호", "휴대폰"), ("김하나", "", _P)),
    one("the same under both", ("이름", "전화번호", "휴대폰"), ("김하나", _P, _P)),
    one(
        "students' phones and two more",
        ("이름", "학생 휴대폰", "전화1", "전화2"),
        ("김하나", _OWN, _P, _OWN),
        problem=_UNCLEAR,
    ),
    one("phones under 번호", ("이름", "학년", "번호"), ("김하나", 2, _P), ("이두리", 2, B[1]), students=[A, B]),
    one("numbers under 번호", ("번호", "이름", "연락처"), (1, *A)),
    one("numbers under 학생번호", ("이름", "학생번호", "연락처"), ("김하나", "20260001", _P), ignored=["학생번호"]),
    # The same headings twice: students and their parents, or two tables.
    _couples(
        "parents that say so",
        ("김하나", _OWN, "김하나 엄마", _P),
        ("이두리", "", "이두리 엄마", B[1]),
        students=[A, B],
        fields=_OF_STUDENT,
    ),
    _couples("a mother in brackets", ("김하나", _OWN, "정영희(모)", _P), fields=_OF_STUDENT),
    _couples(
        "the same family names",
        ("김하나", _OWN, "김영수", _P),
        ("이두리", "", "이철호", B[1]),
        ("박세찬", "", "박민호", C[1]),
        students=[A, B, C],
    ),
    _couples("siblings", (*A, "정영희", D[1]), (*B, "정영희", D[1]), students=[("김하나", D[1]), ("이두리", D[1])]),
    _couples("nobody knows", ("김하나", _OWN, "정영희", _P), ("이두리", _OWN, "최미자", B[1]), problem=_UNCLEAR),
    _couples("parents first", ("김하나 엄마", _P, "김하나", _OWN), problem=_UNCLEAR),
    one("tables with a gap", ("이름", "연락처", "", "이름", "연락처"), (*A, "", *B), (*C,), students=[A, B, C]),
    one("tables with numbers", ("번호", "이름", "연락처") * 2, (1, *A, 2, *B), (3, *C), students=[A, B, C]),
    one(
        "tables with titles", ("A반", "", "B반", ""), ("이름", "연락처") * 2, (*A, *B), (*C, *D), students=[A, B, C, D]
    ),
    one(
        "tables with schools",
        ("이름", "학교", "연락처") * 2,
        ("김하나", "휘문중", _P, "이두리", "대치중", B[1]),
        students=[A, B],
    ),
    one(
        "a grade on one side only",
        ("이름", "학년", "연락처", "이름", "연락처"),
        ("김하나", 2, _OWN, "정영희", _P),
        fields={"김하나": {"phone": "01055550001", "grade": "2"}},
    ),
    # Who applies, for whom.
    _applied(("신청자", "김엄마"), ("연락처", _P), ("자녀", "김하나")),
    _applied(
        ("신청자 성함", "정영희"),
        ("신청자 연락처", _P),
        ("자녀 이름", "김하나"),
        ("자녀 연락처", _OWN),
        fields=_OF_STUDENT,
    ),
    _applied(("신청인", "정영희"), ("신청인 휴대폰", _P), ("학생명", "김하나")),
    _applied(("응답자 이름", "정영희"), ("응답자 전화번호", _P), ("아이 이름", "김하나")),
    _applied(("작성자", "정영희"), ("작성자 연락처", _P), ("원생 성명", "김하나")),
    _applied(("신청자", "김하나"), ("연락처", _P), ("학교", "휘문중"), ("학년", 2)),
    _applied(("신청자", "김하나"), ("연락처", _P), problem="header-missing"),
    _applied(("성명", "정영희"), ("연락처", _P), ("자녀", "김하나")),
    _applied(("이름", "정영희"), ("휴대폰", _P), ("원생", "김하나")),
    _applied(("이름", "김하나"), ("휴대폰", _P), ("자녀", 2), ignored=["자녀"]),
    *(
        one(f"names under {heading!r}", (heading, "학부모 연락처"), A)
        for heading in ("대상 학생", "등록학생", "등록 학생명", "수강 학생", "신규 원생", "재학중인 학생")
    ),
    _applied(("성명", "김하나"), ("휴대폰", _P), ("학생", "중등")),
    _applied(("성명", "김하나"), ("휴대폰 번호", _P), ("학생", "신규")),
    _applied(("성명", "정영희"), ("핸드폰", _P), ("자녀", "다온"), problem="header-missing", says=["이름 열"]),
    _applied(("이름", "정영희"), ("학생명", ""), ("연락처", _P), students=[], rejected=[2]),
    one("whether a student", ("학생 여부", "이름", "연락처"), ("O", *A), ignored=["학생 여부"]),
    # One phone in several cells.
    _apart(
        "text", ("이름", "학부모 연락처", "", ""), ("김하나", "010", "1111", "0001"), ("이두리", "010", "1111", "0002")
    ),
    _apart("numbers", ("이름", "학부모 연락처", "", ""), ("김하나", 10, 1111, 1), ("이두리", 10, 1111, 2)),
    _apart("two", ("이름", "학부모 연락처", ""), ("김하나", "010", "1111-0001"), ("이두리", "010", "11110002")),
    _apart(
        "with hyphens of their own",
        ("이름", "연락처", "", "", "", ""),
        *(("김하나", "010", "-", "1111", "-", "0001"), ("이두리", "010", "-", "1111", "-", "0002")),
    ),
    _apart(
        "with headings",
        ("이름", "연락처1", "연락처2", "연락처3"),
        ("김하나", "010", "1111", "0001"),
        B,
        students=[A, B],
    ),
    _apart(
        "of both",
        ("이름", "학생 전화", "", "", "학부모 전화", "", "", "학교"),
        ("김하나", "010", "5555", "0001", "010", "1111", "0001", "휘문중"),
        ("이두리", "", "", "", "010", "1111", "0002", ""),
        fields={"김하나": {"phone": "01055550001", "school": "휘문중"}},
    ),
    _apart(
        "a part is missing",
        (*HEADER[:2], "", ""),
        ("김하나", "010", "1111", ""),
        ("이두리", "010", "1111", "0002"),
        students=[B],
        rejected=[2],
    ),
    one(
        "no phone in several cells",
        ("이름", "학부모 연락처", ""),
        ("김하나", "010", "1111"),
        problem=None,
        students=[],
        rejected=[2],
    ),
    one(
        "an attendance number is no part of a phone",
        ("이름", "연락처", "출결번호"),
        ("김하나", "010-1111", "0001"),
        students=[],
        rejected=[2],
    ),
    one(
        "a grade is no part of a phone",
        ("이름", "연락처", "학년", "반"),
        ("김하나", "010", 1111, 1),
        students=[],
        rejected=[2],
    ),
    one(
        "phones beside persons",
        ("학생", "전화", "학부모", "전화"),
        ("김하나", B[1], "박하늘", A[1]),
        fields={"김하나": {"phone": "01011110002"}},
    ),
    one("phones beside each parent", ("이름", "모", "연락처", "부", "연락처"), ("김하나", "", "", "김바다", A[1])),
    one(
        "phones of nobody knows whom beside names",
        ("이름", "보호자", "연락처", "연락처"),
        ("김하나", "김바다", A[1], B[1]),
        problem=_UNCLEAR,
    ),
    *(
        one(
            f"replaced phones: {old}",
            ("이름", f"학부모 연락처({old})", f"학부모 연락처({new})"),
            ("김하나", B[1], A[1]),
        )
        for old, new in (("구", "신"), ("변경 전", "변경 후"), ("old", "new"))
    ),
    one("last year's grade", (*HEADER[:2], "학년(작년)", "학년"), (*A, 1, 2), fields={"김하나": {"grade": "2"}}),
    one("only replaced phones", ("이름", "학부모 연락처(기존)"), A),
    one("name and phone of the parent", ("학생 이름", "보호자 성함 및 연락처"), ("김하나", f"박엄마 {A[1]}")),
    one("two phones without a space", HEADER[:2], ("김하나", f"{A[1]}(모){B[1]}(부)")),
    one("in Chinese", ("姓名", "家长电话", "年级"), ("王小明", A[1], 3), students=[("王小明", A[1])]),
    one(
        "schools under 이름",
        ("이름", "학교", "학부모 연락처"),
        *((school, *student) for school, student in zip(("휘문중", "대치중", "단대부중"), (A, B, C), strict=True)),
        problem="header-missing",
        says=["학교 이름"],
    ),
    one("who orders", ("주문자", "주문자 연락처", "수강생 이름"), ("박엄마", *reversed(A))),
    *(one(f"in {heads[0]}", heads, A) for heads in (("生徒氏名", "保護者電話番号"), ("学生姓名", "家长手机"))),
    one("the same headings thrice", ("이름", "연락처") * 3, (*A, *B, *C), problem=_UNCLEAR),
)
