"""Which sheet is the roster."""

from __future__ import annotations

import unicodedata

from tests.excel.corpus.case import HEADER, A, B, C, Case, D, one

_EXAMPLE = [HEADER, ("홍보기", "010-9999-0000", "예시중", "1")]

_ASIDE = (
    *(
        "퇴소",
        "레벨테스트",
        "신규문의",
        "미납자",
        "구(舊)명단",
        "임시저장",
        "업체",
        "연습",
        "양식",
        "템플릿",
        "Template",
    ),
    *("Teachers", "전출생", "자퇴생", "전학생", "오류", "탈락", "종강", "비재원"),
)

CASES = (
    *(
        Case(f"a class called {name}", {"미술교실": [HEADER, A], name: [HEADER, B]}, [A, B])
        for name in ("과학체험교실", "체험반", "Trial Class")
    ),
    one("an unnamed sheet", HEADER, A),
    Case("an example sheet before the roster", {"작성예시": _EXAMPLE, "명단": [HEADER, A]}, [A], left_out=["작성예시"]),
    Case("an English sample sheet", {"Sample": _EXAMPLE, "Sheet2": [HEADER, A]}, [A], left_out=["Sample"]),
    Case("an example sheet behind it", {"명단": [HEADER, A], "(예시)": _EXAMPLE}, [A], left_out=["(예시)"]),
    Case(
        "an empty roster beside the example sheet",
        {"학생목록": [HEADER], "예시": _EXAMPLE},
        problem="no-students",
    ),
    Case("guidance without a table", {"안내": [("읽어 주세요",)], "명단": [HEADER, A]}, [A], left_out=["안내"]),
    Case(
        "last year's sheet, hidden",
        {"2025": [HEADER, B], "2026": [HEADER, A]},
        [A],
        hidden=["2025"],
        left_out=["2025"],
    ),
    Case("a hidden sheet is the only roster", {"안내": [("x",)], "명단": [HEADER, A]}, [A], hidden=["명단"]),
    Case(
        "a hidden roster beside one without phones",
        {"명단": [("이름", "학년"), ("김하나", 3)], "작년 명단": [HEADER, B]},
        problem="phone-column-missing",
        hidden=["작년 명단"],
    ),
    Case("a class per sheet", {"중1": [HEADER, A], "중2": [HEADER, B], "중3": [HEADER, C, D]}, [A, B, C, D]),
    Case(
        "classes whose columns stand in other orders",
        {"A반": [HEADER, A], "B반": [("비고", "보호자 연락처", "성명"), ("", "010-1111-0002", "이두리")]},
        [A, B],
    ),
    Case(
        "namesakes in two classes",
        {"중1": [HEADER, A, B], "중2": [HEADER, ("김하나", "010-2222-0001"), C, D]},
        [A, B, ("김하나", "010-2222-0001"), C, D],
    ),
    Case("siblings and subjects", {"수학": [HEADER, A, B], "영어": [HEADER, B, C]}, [A, B, B, C]),
    Case("the sheet of the template wins", {"중1": [HEADER, B], "학생목록": [HEADER, A]}, [A], left_out=["중1"]),
    Case(
        "the sheet of the template, typed on a Mac",
        {"중1": [HEADER, B], unicodedata.normalize("NFD", "학생목록"): [HEADER, A]},
        [A],
        left_out=["중1"],
    ),
    Case(
        "the sheet of the template, spaced", {"중1": [HEADER, B], "학생 목록 (2)": [HEADER, A]}, [A], left_out=["중1"]
    ),
    Case(
        "an empty template beside the roster", {"학생목록": [HEADER], "명단": [HEADER, A]}, [A], left_out=["학생목록"]
    ),
    Case(
        "two versions of one roster",
        {"명단": [HEADER, A, B], "명단 (2)": [HEADER, ("김하나", "010-2222-0001"), B]},
        problem="ambiguous",
        says=["명단", "명단 (2)"],
    ),
    Case("two years", {"2025년": [HEADER, A], "2026년": [HEADER, B]}, problem="ambiguous", says=["2025년", "2026년"]),
    Case(
        "two months, some have left",
        {"3월": [HEADER, A, B, C], "4월": [HEADER, B, C, D]},
        problem="ambiguous",
        says=["3월", "4월"],
    ),
    Case("new ones of two months", {"3월 신규": [HEADER, A], "4월 신규": [HEADER, B]}, [A, B]),
    Case("two days", {"260301": [HEADER, A], "260401": [HEADER, B]}, problem="ambiguous"),
    Case("one year for every class", {"중1(2026)": [HEADER, A], "중2(2026)": [HEADER, B]}, [A, B]),
    Case("a copy of the same roster", {"명단": [HEADER, A, B], "명단 (2)": [HEADER, A]}, [A, B, A]),
    Case("those who left", {"재원생": [HEADER, A], "퇴원생": [HEADER, B]}, [A], left_out=["퇴원생"]),
    Case("those who wait", {"대기자 명단": [HEADER, B], "재원": [HEADER, A]}, [A], left_out=["대기자 명단"]),
    Case("last year's sheet, visible", {"작년": [HEADER, B], "올해": [HEADER, A]}, [A], left_out=["작년"]),
    Case("a backup", {"명단": [HEADER, A], "명단 백업": [HEADER, B]}, [A], left_out=["명단 백업"]),
    Case(
        "the teachers",
        {"강사": [("이름", "연락처"), ("김선생", "010-3333-0001")], "학생": [HEADER, A]},
        [A],
        left_out=["강사"],
    ),
    Case(
        "names and phones of nobody knows whom",
        {"Sheet1": [("이름", "연락처"), ("김선생", "010-3333-0001")], "Sheet2": [HEADER, A]},
        [A],
        left_out=["Sheet1"],
    ),
    Case(
        "a class without phones",
        {"중1": [HEADER, A], "중2": [("이름", "학교"), ("이두리", "휘문중")]},
        [A],
        left_out=["중2"],
    ),
    Case("the sheets that Excel 2007 adds", {"Sheet1": [HEADER, A], "Sheet2": [], "Sheet3": []}, [A]),
    Case("marks in a golden class", {"Gold반": [HEADER, A], "Silver반": [HEADER, B]}, [A, B]),
    Case(
        "sheets of nobody who comes",
        {"명단": [HEADER, A]} | {name: [HEADER, B] for name in _ASIDE},
        [A],
        left_out=_ASIDE,
    ),
    Case(
        "sheets that sound alike",
        {
            "월수금": [HEADER, A],
            "남": [HEADER, B],
            "여름특강": [HEADER, C],
            "졸업반": [HEADER, D],
            "2026전학년": [HEADER, ("윤다섯", "010-1111-0005")],
        },
        [A, B, C, D, ("윤다섯", "010-1111-0005")],
    ),
    *(
        Case(f"versions: {first}, {second}", {first: [HEADER, A, B, C], second: [HEADER, B, C, D]}, problem="ambiguous")
        for first, second in (
            ("0301", "0401"),
            ("3.1", "4.1"),
            ("봄학기", "여름학기"),
            ("명단", "명단_0302"),
            ("Sheet1", "Sheet1 (2)"),
        )
    ),
    *(
        Case(f"set aside in English: {name}", {"Students": [HEADER, A], name: [HEADER, B]}, [A], left_out=[name])
        for name in ("Withdrawn", "Inactive students", "Archive")
    ),
    Case(
        "grades over tables",
        {"Sheet1": [("중1",), HEADER, A, (), ("중2",), ("학부모 전화번호", "이름"), (B[1], B[0])]},
        [A, B],
        skipped=2,
    ),
    Case("no roster at all", {"급여": [("월", "금액"), (3, 1000)]}, problem="header-missing"),
)
