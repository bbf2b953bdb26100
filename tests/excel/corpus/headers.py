"""Which row is the header, and which column is which."""

from __future__ import annotations

from collections.abc import Sequence

from tests.excel.corpus.case import HEADER, A, B, C, Case, Row, one

_P = A[1]


def _alias(heading: str, *more: str) -> Case:
    return one(f"parents' phones under {heading!r}", ("학생명", heading, *more), A)


def _named(heading: str) -> Case:
    return one(f"names under {heading!r}", (heading, "학부모 연락처"), A)


_TITLES: tuple[Sequence[Row], ...] = (
    [("", "작성: 2026.3.2"), ("1반", "", "", "2반")],
    [("2026 원생 연락처",), ("", "작성: 2026.3.2")],
    [("명단",), ("학년", "2", "반", "3", "담임", "김선생")],
    [("", "비상연락망")],
    [("학부모 전화번호부",)],
    [("총", "25", "명")],
)

CASES = (
    one("a group of phones", ("", "", "연락처", ""), ("성명", "학년", "학생용", "학부모용"), (A[0], 3, B[1], _P)),
    one(
        "a parent's phone, and one behind the name", ("이름", "학부모 연락처", "보호자명", "휴대폰"), (*A, "이모", B[1])
    ),
    *(
        one(
            f"a form's question: {name} {phone}",
            (name, phone, grade),
            (*A, "5th Grade"),
            fields={"김하나": {"grade": "5"}},
        )
        for name, phone, grade in (
            ("학생의 이름을 정확하게 입력해 주세요", "연락 가능한 학부모님 전화번호", "학생의 학년은 무엇인가요?"),
            ("아이의 이름은 무엇인가요?", "부모님 휴대전화번호를 기재해 주시기 바랍니다", "2026년 기준 학년"),
            ("What is your child's name?", "보호자 번호를 하이픈 포함하여 적어주세요 (알림톡 수신용)", "Grade Level"),
        )
    ),
    one("a title above", ("2026년 3월 재원생 명단",), (), HEADER, A),
    one("a title with the words of a header", ("학생 정보 및 학부모 연락처 안내",), HEADER, A),
    one("a form above", ("원장", "", "성명", "김선생"), ("연락처", "02-555-0000"), HEADER, A),
    one("a form with a phone above", ("담당", "", "성명", "김선생", "연락처", "010-9999-8888"), HEADER, A),
    one("a form to fill in above", ("작성자 성명", "", "연락처", ""), ("", "", "", ""), HEADER, A),
    one("an empty form that looks like a header", ("성명", "", "연락처", ""), (), HEADER, A, skipped=1),
    one("another table's header above", ("반", "이름", "비고"), ("중1", "담임 김선생", ""), HEADER, A),
    one("sixty rows of guidance above", *[(f"{number}. 안내 문장입니다",) for number in range(60)], HEADER, A),
    one("four hundred rows above", *[("",)] * 400, HEADER, A),
    one("a table in the middle of the sheet", (), ("", "", *HEADER), ("", "", *A)),
    one(
        "two rows, merged downwards and to the right",
        ("번호", "이름", "연락처", "", "학교"),
        ("", "", "학생", "학부모", ""),
        (1, "김하나", "010-5555-0001", _P, "휘문중"),
        fields={"김하나": {"phone": "01055550001", "school": "휘문중"}},
    ),
    one(
        "two rows, a group above",
        ("학생", "", "학부모", ""),
        ("성명", "연락처", "성명", "연락처"),
        ("김하나", "010-5555-0001", "김부모", _P),
        fields={"김하나": {"phone": "01055550001"}},
        ignored=["학부모 성명"],
    ),
    Case(
        "two rows, merged cells said",
        {"명단": [("이름", "학부모 정보", ""), ("", "성함", "휴대폰"), ("김하나", "김부모", _P)]},
        [A],
        merged={"명단": ["A1:A2", "B1:C1"]},
    ),
    *(
        one(
            f"two rows, {row[0]} first",
            ("번호", "성명", "", "학부모 연락처"),
            ("", *row, ""),
            (1, *sorted(("김하나", "KIM HANA"), reverse=row[0] == "한글"), A[1]),
            ignored=["성명 영문"],
        )
        for row in (("한글", "영문"), ("영문", "한글"))
    ),
    one(
        "a second row of headings on each page",
        *(HEADER, A, HEADER, ("한글", "", "영문"), B),
        students=[A, B],
        skipped=2,
    ),
    *(
        one(f"names under {name}", (name, *HEADER[1:]), A)
        for name in ("성명(한자)", "이름(한글/영문)", "영어이름", "훈련생명", "이용아동 성명", "대상자명")
    ),
    one(
        "names in other letters beside",
        ("영문 이름", "성명(한자)", *HEADER[:2]),
        ("Kelly", "金", *A),
        ignored=["영문 이름", "성명(한자)"],
    ),
    *(
        one(f"no names under {name}", (name, *HEADER[1:]), A, problem="header-missing")
        for name in ("영어", "보호자 영문이름", "영어 수강생")
    ),
    one(
        "school and grade behind the name",
        ("이름(학교/학년)", "학부모 연락처"),
        ("김하나(휘문중/2)", A[1]),
        fields={"김하나": {"school": "휘문중", "grade": "2"}},
    ),
    *(
        one(f"tables side by side below {titles}", *titles, ("번호", *HEADER[:2]) * 2, (1, *A, 2, *B), students=[A, B])
        for titles in _TITLES
    ),
    *(
        one(
            f"groups of columns below {titles}",
            *titles,
            ("학생", "", "학부모", ""),
            ("이름", "휴대폰", "이름", "휴대폰"),
            ("김하나", "010-5555-0001", "김부모", _P),
            fields={"김하나": {"phone": "01055550001"}},
        )
        for titles in _TITLES[3:]
    ),
    one(
        "two titles above persons",
        *([("2026 원생 연락처",), ("", "작성: 2026.3.2")]),
        ("이름", "본인", "모"),
        ("김하나", "010-5555-0001", A[1]),
    ),
    one(
        "one group of columns",
        ("", "", "보호자"),
        (*HEADER[:1], "학년", "성명", "휴대폰"),
        ("김하나", 2, "김부모", A[1]),
    ),
    one("two rows, words of no use above", ("기본 정보", "", "수강 정보"), ("이름", "학부모 연락처", "과목"), A),
    one("the header again on each printed page", HEADER, A, HEADER, B, students=[A, B], skipped=1),
    one(
        "a header for each class on one sheet",
        ("[중1]",),
        HEADER,
        A,
        ("[중2]",),
        ("학부모 전화번호", "이름"),
        ("010-1111-0002", "이두리"),
        students=[A, B],
        skipped=2,
    ),
    one("line breaks in headings", ("학생\n이름", "학부모\n(휴대폰)"), A),
    one("spaces in headings", (" 이  름 ", "학 부 모  연 락 처"), A),
    one("marks in headings", ("★이름★", "※ 학부모 연락처 (필수)*"), A),
    one("numbers in headings", ("1. 이름", "② 학부모 연락처"), A),
    one("[필수] in headings", ("[필수] 이름", "[필수]학부모전화"), A),
    one("invisible marks in headings", ("이\u200b름", "\ufeff학부모\u00a0연락처"), A),
    one("full-width headings", ("ＮＡＭＥ", "ＰＡＲＥＮＴ　ＰＨＯＮＥ"), A),
    one("a hint in brackets", ("이름(실명)", "학부모 연락처('-' 없이 숫자만 입력)"), A),
    one(
        "the parent's name beside the student's",
        ("성명(학부모)", "성명", "연락처(학부모)"),
        ("김부모", *A),
        ignored=["성명(학부모)"],
    ),
    one(
        "the parent's name first",
        ("보호자 성함", "학생 성함", "보호자 연락처"),
        ("김부모", *A),
        ignored=["보호자 성함"],
    ),
    one("the teacher's name", ("담임 이름", "이름", "학부모 연락처"), ("김선생", *A), ignored=["담임 이름"]),
    one("a name in English beside it", ("이름(영문)", "이름", "학부모 연락처"), ("Hana", *A), ignored=["이름(영문)"]),
    one("the phone at home", ("이름", "집전화", "휴대폰"), ("김하나", "02-555-0000", _P), ignored=["집전화"]),
    one(
        "the teacher's phone",
        ("이름", "담임 연락처", "학부모 연락처"),
        ("김하나", "010-9999-0000", _P),
        ignored=["담임 연락처"],
    ),
    one(
        "numbers and days beside",
        ("연번", "이름", "학부모 연락처", "등록일"),
        (1, *A, "3/2"),
        ignored=["연번", "등록일"],
    ),
    one("a column without a heading", ("이름", "학부모 연락처", ""), (*A, "x"), ignored=["C"]),
    one("only the phone of whom nobody says", ("이름", "휴대폰"), A),
    one("only 연락처", ("학생명", "연락처", "학교"), A),
    one(
        "two phones of whom nobody says",
        ("이름", "전화번호", "휴대폰"),
        ("김하나", _P, B[1]),
        problem="phone-column-missing",
    ),
    one("only the student's phone", ("이름", "학생 휴대폰"), A, problem="phone-column-missing"),
    one("no phone", ("이름", "학년"), ("김하나", 3), problem="phone-column-missing"),
    one("no column of names", ("학부모 연락처", "학년"), (_P, 3), problem="header-missing"),
    one("no header", A, B, problem="header-missing"),
    one("mother and father", ("이름", "어머니 전화", "아버지 전화"), (*A, "010-6666-0001"), ignored=["아버지 전화"]),
    one("the father only", ("이름", "어머니 전화", "아버지 전화"), ("김하나", "", _P)),
    one("the mother's with a mistake", ("이름", "모 연락처", "부 연락처"), ("김하나", "010-66", _P), values=["010-66"]),
    one(
        "a student's phone of its own",
        ("이름", "학부모 HP", "학생 HP"),
        (*A, "010-5555-0001"),
        fields={"김하나": {"phone": "01055550001"}},
    ),
    *map(
        _alias,
        (
            "학부모 연락처",
            "학부모 전화",
            "학부모 휴대폰",
            "학부모 핸드폰",
            "학부모 HP",
            "보호자 전화번호",
            "부모님 연락처",
            "어머니 전화",
            "연락처(학부모)",
            "학부모전화번호*",
            "보호자 휴대전화",
            "Parent Phone",
            "모(母) 연락처",
            "법정대리인 연락처",
            "친권자 이동전화",
            "친모 통화번호",
            "주양육자 연락처",
            "긴급연락처",
            "비상연락망",
            "외할머니 연락처",
            "수신번호",
            "출결문자 수신번호",
            "학부모 카톡 연락처",
            "연락처/관계",
            "연락 가능한 번호",
            "학부모님 연락처를 입력해 주세요 (- 없이)",
            "3. 학부모 연락처 (예: 010-1234-5678)",
            "학부모 연락처\n예) 010-1234-5678",
            "Guardian Tel",
            "Phone 1 - Value",
        ),
    ),
    *map(
        _named,
        ("이름", "성명", "성함", "학생 이름", "학생명", "수강생", "원생명", "Name", "Student Name", "학생(이름)"),
    ),
    *map(
        _named,
        ("원아명", "자녀분 성함", "어린이 이름", "교습생", "신입생 성명", "학생 이름을 적어 주세요", "이름 ex) 홍길동"),
    ),
    one("no name: in English and in Korean", ("Name(Eng)", "Name(Kor)", "Parent Phone"), ("Hana Kim", *A)),
    one(
        "two rows, for whom each phone is",
        ("이름", "연락처", ""),
        ("", "학생용", "학부모용"),
        ("김하나", "010-5555-0001", _P),
        fields={"김하나": {"phone": "01055550001"}},
    ),
    one(
        "all other headings",
        ("이름", "학부모 연락처", "성별", "출신학교", "학년", "학급", "계열", "비고"),
        (*A, "여", "휘문중", 2, 3, "자연", "형제"),
        fields={
            "김하나": {
                "gender": "여",
                "school": "휘문중",
                "grade": "2",
                "class_name": "3",
                "track": "자연",
                "memo": "형제",
            }
        },
    ),
    one(
        "any order",
        ("비고", "학년", "학부모 연락처", "이름"),
        ("m", 2, _P, "김하나"),
        fields={"김하나": {"grade": "2", "memo": "m"}},
    ),
    one("two tables side by side", (*HEADER[:2], *HEADER[:2]), (*A, *B), (*C, "", ""), students=[A, B, C]),
    one(
        "three rows",
        ("학생", "", "", "보호자", ""),
        ("인적사항", "", "연락처", "성명", "연락처"),
        ("이름", "학년", "휴대폰", "", ""),
        ("김하나", 2, "010-5555-0001", "김부모", _P),
        fields={"김하나": {"grade": "2", "phone": "01055550001"}},
    ),
    one("only 비상연락처", ("이름", "비상연락처"), A),
    one("three students", HEADER, A, B, C, students=[A, B, C]),
)
