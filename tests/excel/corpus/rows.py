"""Which rows hold no student."""

from __future__ import annotations

from tests.excel.corpus.case import HEADER, A, B, Case, one

_P = A[1]
_KIND = ("구분", "이름", "학부모 전화번호", "학교")


def _none(name: str, *cells: object) -> Case:
    return one(f"a row of {name}", HEADER, A, cells, B, students=[A, B], skipped=1)


CASES = (
    one("an example", _KIND, ("예시", "홍길동", "010-1234-5678"), ("", *A), skipped=1),
    one("an example, in brackets", _KIND, ("(예시)", "홍길동", "010-1234-5678"), ("", *A), skipped=1),
    one("an example, 예", _KIND, ("예", "홍길동", "010-1234-5678"), ("", *A), skipped=1),
    one("no example: 예비고1", _KIND, ("예비고1", *A)),
    one("no example: 신규", _KIND, ("신규", *A)),
    one("the template's example, its mark cleared", _KIND, ("", "홍길동", "010-0000-0000"), ("", *A), skipped=1),
    one("a student of that name", _KIND, ("", "홍길동", "010-7777-0001"), students=[("홍길동", "010-7777-0001")]),
    one(
        "an example in a column without a heading",
        ("", *HEADER),
        ("예시", "홍보기", "010-9999-0000"),
        ("", *A),
        skipped=1,
    ),
    one("an example by its name", HEADER, ("예) 홍보기", "010-9999-0000"), A, skipped=1),
    _none("blanks filled down", "", "", "휘문중", "2"),
    _none("a placeholder filled down", "", "010-", "", ""),
    _none("a class in brackets", "[중2 심화반]"),
    _none("a class with a mark", "■ 중2"),
    _none("a class alone", "중2 심화반"),
    _none("a total", "총 2명"),
    _none("a sum", "합계", "", "", 35),
    _none("a sum behind", "", "", "합계", 35),
    _none("a total with a colon", "총원: 30명"),
    _none("a note", "※ 전화번호는 학부모님 것으로 적어 주세요"),
    _none("a note behind", "", "", "※ 휴대폰만"),
    _none("a long sentence", "이 아래에는 더 적지 마시고 다음 시트에 이어서 적어 주시기 바랍니다"),
    _none("who is to be asked", "문의: 김선생", "010-9999-8888"),
    _none("who has written it", "작성자", "김선생", "010-9999-8888"),
    _none("dashes", "-", "-", "-"),
    one("blank rows between", HEADER, A, (), ("", "", ""), B, students=[A, B]),
    one("numbers filled down", ("번호", *HEADER), (1, *A), (2,), (3,), skipped=2),
    one("a name without a phone is no note", HEADER, A, ("이두리", ""), rejected=[3]),
    one("a row whose cells have moved", ("이름", "학교", "학부모 연락처"), ("김하나", "", _P), ("", *B), rejected=[3]),
    one("a phone without a name is no blank", HEADER, A, ("", "010-1111-0002"), rejected=[3]),
    one("twice the same", HEADER, A, A, students=[A, A]),
    one(
        "all parents' phones bad", HEADER, ("김하나", "010-1"), ("이두리", "02-555-0001"), students=[], rejected=[2, 3]
    ),
    one("nothing below", HEADER, problem="no-students"),
    one("only notes below", HEADER, ("※ 여기에 입력",), problem="no-students"),
    Case(
        "siblings under one merged phone",
        {"명단": [("이름", "학부모 연락처"), A, ("김두나", ""), B]},
        [A, ("김두나", _P), B],
        merged={"명단": ["B2:B3"]},
    ),
)
