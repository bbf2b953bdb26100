"""What academies' software, forms and registers write."""

from __future__ import annotations

from datetime import date

from tests.excel.corpus.case import Case, Row, one

_P, _Q, _R, _T = "010-2345-6701", "010-3456-7802", "010-4567-8903", "010-5678-9004"
_OWN, _OTHER = "010-9123-4501", "010-7777-1234"
A, B, C = ("김민서", _P), ("이서준", _Q), ("박지우", _R)
HEADER = ("이름", "학부모 연락처")


def _export(name: str, *rows: Row, **expected: object) -> Case:
    return one(name, *rows, **({} if "problem" in expected else {"students": [A, B]}) | expected)


def _named(written: str, **expected: object) -> Case:
    return _export(f"written as {written!r}", HEADER, (written, _P), B, **expected)


CASES = (
    _export(
        "a managing program: students' and parents' phones, states",
        ("No", "원생번호", "이름", "성별", "학교", "학년", "원생휴대폰", "학부모휴대폰", "출결번호", "상태"),
        (1, "10001", "김민서", "여", "휘문중", "중2", _OWN, _P, "4501", "재원"),
        (2, "10002", "이서준", "남", "대치중", "중3", "", _Q, "7802", "재원"),
        (3, "10003", "박지우", "남", "대치중", "중3", "", _R, "8903", "퇴원"),
        skipped=1,
        fields={"김민서": {"phone": "01091234501", "grade": "2", "school": "휘문중", "gender": "여"}},
    ),
    _export(
        "a managing program: HP",
        ("순번", "학번", "학생명", "학교명", "학년", "반명", "학생HP", "보호자명", "보호자HP", "관계"),
        ("1", "2501", "김민서", "휘문중학교", "2", "S반", _OWN, "김철수", _P, "부"),
        ("2", "2502", "이서준", "대치중학교", "3", "A반", "", "이영희", _Q, "모"),
        fields={"김민서": {"phone": "01091234501", "school": "휘문중학교", "class_name": "S반"}},
        ignored=["보호자명", "관계"],
    ),
    _export(
        "a managing program: two parents",
        ("이름", "휴대전화", "보호자1 이름", "보호자1 연락처", "보호자2 이름", "보호자2 연락처", "클래스"),
        ("김민서", _OWN, "김철수", _P, "박영희", _OTHER, "수학A"),
        ("이서준", "", "이영희", _Q, "", "", "수학B"),
        fields={"김민서": {"phone": "01091234501", "class_name": "수학A"}},
    ),
    _export(
        "a form of questions",
        (
            "타임스탬프",
            "개인정보 수집에 동의하십니까?",
            "1. 학생 이름을 적어주세요",
            "2. 학생의 학교와 학년을 적어주세요. (예: 휘문중 2)",
            "3. 학부모님 성함",
            "4. 학부모님 연락처를 적어주세요 (예: 010-1234-5678)",
        ),
        ("2026. 3. 2 오전 10:01:02", "동의합니다", "김민서", "휘문중 2", "김철수", "010 2345 6701"),
        ("2026. 3. 2 오전 10:05:02", "동의합니다", "이서준", "대치중3", "이영희", "01034567802"),
        fields={"김민서": {"school": "휘문중", "grade": "2"}},
    ),
    _export(
        "a form that parents fill in",
        ("타임스탬프", "이메일 주소", "작성자 성함 (보호자)", "연락처", "자녀 이름", "자녀 학교/학년"),
        ("2026. 3. 2 오전 10:01:02", "a@example.com", "김철수", _P, "김민서", "휘문중/2"),
        ("2026. 3. 2 오전 10:02:02", "b@example.com", "이영희", _Q, "이서준", "대치중/3"),
    ),
    _export(
        "a form with who recommends",
        ("응답번호", "학생 성명 *", "보호자 성명 *", "보호자 휴대폰 번호 *", "추천인 연락처"),
        (1, "김민서", "김철수", _P, _OTHER),
        (2, "이서준", "이영희", _Q, ""),
        ignored=["추천인 연락처"],
    ),
    _export("pasted from a chat", HEADER, ("김민서 학생", "엄마 010-2345-6701"), ("2) 이서준", "(모)01034567802")),
    _export(
        "a school's register",
        ("학년", "반", "번호", "성명", "보호자1", "보호자1 전화번호", "보호자2", "보호자2 전화번호", "학생 전화번호"),
        (2, 3, 1, "김민서", "김철수", _P, "박영희", _OTHER, _OWN),
        (2, 3, 2, "이서준", "이영희", _Q, "", "", ""),
        fields={"김민서": {"grade": "2", "class_name": "3", "phone": "01091234501"}},
        ignored=["보호자1"],
    ),
    _export(
        "a register that hides names",
        ("번호", "성명", "연락처"),
        (1, "김*서", "010-****-6701"),
        (2, "이*준", "010-****-7802"),
        students=[],
        rejected=[2, 3],
    ),
    Case(
        "a summary of what was exported",
        {"내보내기 요약": [("시트 이름", "표 이름"), ("시트 1", "표 1")], "시트 1 - 표 1": [("표 1",), HEADER, A, B]},
        [A, B],
        left_out=["내보내기 요약"],
    ),
    _export(
        "a data frame",
        ("Unnamed: 0", "student_name", "parent_phone", "school", "grade"),
        (0, "김민서", 1023456701.0, "휘문중", 2.0),
        (1, "이서준", 1034567802.0, "대치중", 3.0),
        fields={"김민서": {"grade": "2"}},
    ),
    _export("nan in a data frame", HEADER, A, ("이서준", "nan"), students=[A], rejected=[3]),
    Case(
        "a sheet of numbers before the classes",
        {"총괄": [("반", "인원"), ("중1", 1)], "중1": [HEADER, A], "중2": [HEADER, B]},
        [A, B],
        left_out=["총괄"],
    ),
    _export(
        "a book of attendance",
        ("2026년 3월 출석부 (중2 심화반)",),
        ("번호", "이름", "학부모연락처", date(2026, 3, 2), date(2026, 3, 4)),
        ("", "", "", "월", "수"),
        (1, *A, "O", "X"),
        (2, *B, "X", "O"),
        ("", "출석률", "", "50%", "50%"),
        skipped=2,
    ),
    _export(
        "a ledger",
        ("순번", "원생명", "학부모 연락처", "수강과목", "수강료", "납부일", "납부자명"),
        (1, *A, "수학", 350000, "2026-03-02", "김철수"),
        (2, *B, "영어", 300000, "", ""),
        ("", "합계", "", "", 650000),
        skipped=1,
    ),
    _export("whom a bill goes to", ("청구월", "학생", "청구서 수신번호"), ("3월", *A), ("3월", *B)),
    _export(
        "who has paid", ("학생명", "입금자명", "입금자 연락처"), ("김민서", "김철수", _P), problem="header-missing"
    ),
    _export("siblings beside", (*HEADER, "형제 이름", "형제 학년"), (*A, "김민준", "초5"), B, ignored=["형제 이름"]),
    _export("a sibling's phone is the same", HEADER, A, B, ("김민준", "상동"), rejected=[4]),
    # Whose rows these are.
    _export(
        "teachers by 구분", ("구분", "이름", "연락처"), ("학생", *A), ("강사", "최강사", _T), ("학생", *B), skipped=1
    ),
    _export(
        "parents by 구분",
        ("구분", "이름", "연락처"),
        ("학생", "김민서", _OWN),
        ("학부모", "김철수", _P),
        problem="phone-column-missing",
    ),
    _export(
        "parents by 구분, and whose phones",
        ("구분", *HEADER),
        ("학생", *A),
        ("보호자", "김철수", _P),
        ("학생", *B),
        skipped=1,
    ),
    _export(
        "two names of different people",
        ("이름", "성명", "연락처"),
        ("김민서", "김철수", _P),
        problem="header-missing",
        says=["이름 열"],
    ),
    _export("a name twice", ("이름", "성명", "연락처"), ("김민서", *A), ("이서준", *B)),
    _export(
        "a name and its phones by person",
        ("학생명", "학생", "학부모"),
        ("김민서", _OWN, _P),
        ("이서준", "", _Q),
        fields={"김민서": {"phone": "01091234501"}},
    ),
    # What stands beside a name.
    _named("김민서(신규)"),
    _named("김민서 (휴원)"),
    _named("김민서(여)", fields={"김민서": {"gender": "여"}}),
    _named("김민서(중2)", fields={"김민서": {"grade": "2", "school_type": "중등"}}),
    _named("중2 김민서", fields={"김민서": {"grade": "2"}}),
    _named("김민서/중2", fields={"김민서": {"grade": "2"}}),
    _named("김민서 학생(중2)", fields={"김민서": {"grade": "2"}}),
    _named("1김민서"),
    _named("김민서(퇴원)", students=[B], skipped=1),
    _named("김민서(Minseo)", students=[("김민서(Minseo)", _P), B]),
    _named("김민서(개명 전 김하나)", students=[("김민서(개명 전 김하나)", _P), B]),
    _named("김민서 외 1명", students=[B], rejected=[2]),
    _named("김민서 동생", students=[B], rejected=[2]),
    _named("=A1", students=[B], rejected=[2]),
    # What stands beside a phone.
    _export("listed phones", HEADER, ("김민서", "①010-2345-6701 ②010-7777-1234"), B),
    _export("two parents in one cell", HEADER, ("김민서", "모 010-2345-6701, 부 010-7777-1234"), B),
    _export(
        "a teacher beside a phone", HEADER, ("김민서", "010-2345-6701 (담임 최강사)"), B, students=[B], rejected=[2]
    ),
    _export("a former phone", HEADER, ("김민서", "(구)010-1111-2222 (신)010-2345-6701"), B, students=[B], rejected=[2]),
    _export("no 010", ("이름", "학부모 연락처(010 제외)"), ("김민서", "2345-6701"), B, students=[B], rejected=[2]),
    # Whose sheets these are.
    *(
        Case(f"a sheet {name}", {"재원생": [HEADER, A, B], name: [HEADER, C]}, [A, B], left_out=[name])
        for name in ("체험", "신규상담", "미등록", "수강 취소")
    ),
    Case("a sheet of a class named after what it does", {"체험학습반": [HEADER, A], "등록학생": [HEADER, B]}, [A, B]),
    Case("a copy that says more", {"명단": [HEADER, A, B], "명단의 사본": [HEADER, A, B, C]}, problem="ambiguous"),
    Case(
        "a sheet that leaves open whose names they are, beside a roster",
        {"명단": [HEADER, A, B], "전화": [("이름", "성명", "연락처"), ("박지우", "박철수", _R)]},
        [A, B],
        left_out=["전화"],
    ),
)
