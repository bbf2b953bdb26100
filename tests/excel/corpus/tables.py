"""Where the columns do not say enough by their headings, tables side by side, and versions of a sheet."""

from __future__ import annotations

from tests.excel.corpus.case import HEADER, A, B, C, Case, D, one

_P = A[1]
_OWN = "010-5555-0001"

_CLASS = ("반", *HEADER[:2])


def _groups(name: str, cells: str, classes: str, *, column: str = "class_name") -> Case:
    """Return students beside whose names stands what is written of their classes, and which classes they are in."""
    people = [(f"김하{last}", f"010-1111-00{number}") for number, last in enumerate("은준아율린온결별", 10)]
    header = ({"class_name": "반", "school": "학교", "grade": "학년"}[column], *HEADER[:2])
    rows = [(cell.strip("_"), *who) for cell, who in zip(cells, people, strict=False)]
    fields = {who[0]: {column: of.strip("_") or None} for of, who in zip(classes, people, strict=False)}
    return one(f"classes, {name}", header, *rows, students=people[: len(rows)], fields=fields)


CASES = (
    _groups("once for each group", "A__B__", "AAABBB"),
    _groups("once for groups of two", "A_B_", "AABB"),
    _groups("once for groups of which one is alone", "A___BC__", "AAAABCCC"),
    _groups("schools here and there, which only merged cells repeat", "휘____대", "휘____대", column="school"),
    _groups("a grade in some rows", "1__2__", "1__2__", column="grade"),
    _groups("here and there", "_A__B_", "_A__B_"),
    _groups("some again", "A__A_B", "A__A_B"),
    _groups("of a few", "A_B", "A_B"),
    _groups("of the first one", "A____", "A____"),
    one(
        "a class in a row of its own, a total, and a first student without a phone",
        *(_CLASS, ("A", "", ""), ("", *A), ("", *B), ("계", "2명", ""), ("B", "정다온", "없음"), ("", *C), ("", *D)),
        students=[A, B, C, D],
        fields={"이두리": {"class_name": "A"}, "박세찬": {"class_name": "B"}, "최네온": {"class_name": "B"}},
        rejected=[6],
        skipped=2,
    ),
    one(
        "a class ends at its total",
        *(
            _CLASS,
            ("A", *A),
            ("", *B),
            ("A반 소계", "2명", ""),
            ("", *C),
            ("B", *D),
            ("", "정원", _P),
            ("", "정다온", _P),
        ),
        students=[A, B, C, D, ("정원", _P), ("정다온", _P)],
        fields={
            "이두리": {"class_name": "A"},
            "박세찬": {"class_name": None},
            "정원": {"class_name": "B"},
            "정다온": {"class_name": "B"},
        },
        skipped=1,
    ),
    one(
        "classes in tables side by side",
        (*_CLASS, "", *_CLASS),
        *(("A", *A, "", "B", *B), ("", *C, "", "", *D)),
        students=[A, B, C, D],
        fields={"박세찬": {"class_name": None}, "최네온": {"class_name": None}},
    ),
    *(
        Case(
            f"{field} in merged cells",
            {"명단": [(heading, *HEADER[:2]), (one, *A), ("", *B), (other, *C), ("", *D)]},
            [A, B, C, D],
            fields={"이두리": {field: one}, "최네온": {field: other}},
            merged={"명단": ["A2:A3", "A4:A5"]},
        )
        for field, heading, one, other in (("class_name", "반", "A", "B"), ("school", "학교", "휘문중", "대치중"))
    ),
    one("parents' names under 학부모", ("이름", "학부모", "연락처"), ("김하나", "김부모", _P), ignored=["학부모"]),
    one("parents' names under 모", ("이름", "모", "휴대폰"), ("김하나", "김엄마", _P), ignored=["모"]),
    one("whose parent", ("이름", "보호자", "관계", "연락처"), ("김하나", "김부모", "모", _P)),
    *(
        one(f"a parent's phone beside {beside}, and another one", ("이름", *beside, "연락처", "비상연락처"), row)
        for beside, row in (
            (("보호자",), ("김하나", "김부모", _P, _OWN)),
            (("보호자", "관계"), ("김하나", "김부모", "모", _P, _OWN)),
            (("학부모명",), ("김하나", "김부모", _P, "")),
        )
    ),
    one("two parents by 관계", ("이름", "관계1", "연락처1", "관계2", "연락처2"), ("김하나", "모", _P, "부", _OWN)),
    one("both parents' names", ("이름", "어머니", "아버지", "연락처"), ("김하나", "김엄마", "김아빠", _P)),
    one(
        "parents' phones under 학부모",
        ("이름", "학부모", "연락처"),
        ("김하나", _P, _OWN),
        ("이두리", "없음", _OWN),
        rejected=[3],
        fields={"김하나": {"phone": "01055550001"}},
    ),
    one(
        "phones without a heading beside", ("이름", "연락처", ""), ("김하나", _OWN, _P), problem="phone-column-missing"
    ),
    one(
        "two rows, words that nobody knows",
        ("이름", "연락처", ""),
        ("", "1차", "2차"),
        ("김하나", _OWN, _P),
        problem="phone-column-missing",
    ),
    one("family names apart", ("성", "이름", "학부모 연락처"), ("김", "하나", _P)),
    one(
        "a long family name apart",
        ("번호", "성", "이름", "학부모 연락처"),
        (1, "남궁", "민수", _P),
        students=[("남궁민수", _P)],
    ),
    one("Last Name", ("Last Name", "First Name", "Parent Phone"), ("Kim", "Hana", _P), students=[("Kim Hana", _P)]),
    one(
        "Last Name behind",
        ("First Name", "Last Name", "Parent Phone"),
        ("Hana", "Kim", _P),
        students=[("Hana Kim", _P)],
    ),
    one(
        "a name in the middle",
        ("Student First Name", "Middle Name", "Student Last Name", "Parent Phone"),
        ("Mary", "Ann", "O'Neill", _P),
        ("Sukarno", "", "", B[1]),
        students=[("Mary Ann O'Neill", _P), ("Sukarno", B[1])],
    ),
    one(
        "the whole name beside the family name",
        ("Family Name", "Name", "Parent Phone"),
        ("Kim", "Hana Kim", _P),
        students=[("Hana Kim", _P)],
    ),
    one("the English name beside", ("이름", "Last Name", "First Name", "학부모 연락처"), ("김하나", "KIM", "HANA", _P)),
    one("family names in two languages", ("성(Last Name)", "이름(First Name)", "학부모 연락처"), ("김", "하나", _P)),
    one("family names under 성씨", ("성씨", "이름", "학부모 연락처"), ("김", "하나", _P)),
    one(
        "family names like genders, behind",
        ("이름", "성", "학부모 연락처"),
        ("두리", "남", B[1]),
        ("하나", "김", _P),
        students=[("남두리", B[1]), ("김하나", _P)],
    ),
    one(
        "genders under 성, and none",
        ("이름", "성", "학부모 연락처"),
        ("김하나", "여", _P),
        ("이두리", "-", B[1]),
        students=[A, B],
        values=["-"],
    ),
    one("genders under 성", ("성", "이름", "학부모 연락처"), ("여", *A), fields={"김하나": {"gender": "여"}}),
    one(
        "a grade behind the name",
        ("이름(학년)", "학부모 연락처"),
        ("김하나(중2)", _P),
        fields={"김하나": {"grade": "2"}},
    ),
    one(
        "a grade behind a stroke",
        ("이름/학년", "학부모 연락처"),
        ("김하나/중2", _P),
        ("케빈 김현중", B[1]),
        students=[A, ("케빈 김현중", B[1])],
        fields={"김하나": {"grade": "2"}, "케빈 김현중": {"grade": None}},
    ),
    one(
        "a grade's name",
        ("이름", "학년명", "성별명", "학부모 연락처"),
        ("김하나", "Grade 5", "여", _P),
        fields={"김하나": {"grade": "5", "gender": "여"}},
    ),
    one(
        "a class behind it",
        ("학생명(반)", "학부모 연락처"),
        ("김하나 (A반)", _P),
        fields={"김하나": {"class_name": "A반"}},
    ),
    one(
        "three tables side by side",
        (*HEADER[:2], "", *HEADER[:2], "", *HEADER[:2]),
        (*A, "", *B, "", *C),
        students=[A, B, C],
    ),
    one(
        "tables side by side, from the second column on",
        ("", *HEADER[:3], "", *HEADER[:3]),
        ("", *A, "휘문중", "", *B, "대치중"),
        students=[A, B],
        fields={"이두리": {"school": "대치중"}},
    ),
    Case("a last version", {"명단": [HEADER, A, B, C, D], "명단(최종)": [HEADER, B, C, D]}, problem="ambiguous"),
    Case("v1 and v2", {"명단v1": [HEADER, A, B, C], "명단v2": [HEADER, B, C, D]}, problem="ambiguous"),
    Case("a last version that says the same", {"명단": [HEADER, A, B], "최종": [HEADER, A, B]}, [A, B, A, B]),
    Case("teachers called like versions", {"김수정반": [HEADER, A, B], "최종훈반": [HEADER, C, D]}, [A, B, C, D]),
    Case("classes called like what has ended", {"졸업반": [HEADER, A], "중단원평가반": [HEADER, B]}, [A, B]),
    Case("last year's class", {"작년 3반": [HEADER, B], "3반": [HEADER, A]}, [A], left_out=["작년 3반"]),
)
