"""Who stands on a sheet and is no student to register, and students who only look like that."""

from __future__ import annotations

from tests.excel.corpus.case import HEADER, A, B, C, Case, one

_P = A[1]
_OTHER = "010-9999-8888"
_SCHOOL = ("휘문중", 2)
_D = ("최네온", "010-1111-0004")


def _nobody(name: str, *cells: object) -> Case:
    return one(f"nobody: {name}", HEADER, (*A, *_SCHOOL), cells, (*B, *_SCHOOL), students=[A, B], skipped=1)


def _student(name: str, written: str = "") -> Case:
    return one(f"a student: {written or name}", HEADER, (written or name, _P, *_SCHOOL), students=[(name, _P)])


def _no_phone(name: str, *rest: object) -> Case:
    return one(f"no phone: {name} {rest}", HEADER, (name, "", *rest), A, rejected=[2])


CASES = (
    # The school's own people, with a phone.
    *(
        _nobody(name, name, _OTHER)
        for name in (
            "담임: 김선생",
            "중2 심화반 담임 김선생",
            "데스크",
            "차량기사",
            "기사님",
            "실장님",
            "부원장 김영희",
            "김선생님",
            "원장님 번호",
            "상담실",
            "학원폰",
            "데스크(카톡)",
            "본원",
            "강사 이영희",
            "1호차 기사님",
            "중1 담임",
            "심화반(담임 김선생)",
            "초등부/담임 김선생",
        )
    ),
    # Totals, ends and notes, without one.
    *(
        _nobody(name, name, "", "", 2)
        for name in ("소 계", "총   계", "요약", "학생 수", "현원", "남 1명, 여 1명", "이하여백", "이하 여백")
    ),
    *(
        _nobody(name, name)
        for name in (
            "- 이하여백 -",
            "끝.",
            "이상입니다.",
            "재원 2명 / 휴원 0명",
            "출력일시 : 2026-03-02 10:00",
            "2026. 3. 2.",
            "1 / 3",
            "Page 1 of 3",
            "확인자: 원장 홍길동 (서명)",
            "위와 같이 명단을 제출합니다",
            "결석 연락은 010-9999-8888",
            "학원장 (인)",
            "대한초등학교장 (직인생략)",
            "이하 빈칸",
        )
    ),
    *(
        one(
            f"a number without a student: {name}",
            ("번호", *HEADER),
            (1, *A),
            (2, name),
            (3, *B),
            students=[A, B],
            skipped=1,
        )
        for name in ("결번", "(전출)", "퇴원")
    ),
    _nobody("a class, with its teacher", "중1 A반", "", "담임 김선생"),
    _nobody("what to fill in", "필수", "필수", "선택", "선택"),
    _nobody("how to fill it in", "한글 입력", "숫자만 입력", "", "숫자"),
    _nobody("what is asked for, with a phone", "학생 이름을 적어주세요", "010-0000-0000"),
    _nobody("what to fill in, with a phone", "텍스트", "010-0000-0000", "텍스트"),
    _nobody("numbers of the columns", "①", "②", "③"),
    # Examples.
    one("an example by its number", ("번호", *HEADER), ("예시", "홍보기", _OTHER), (1, *A), skipped=1),
    one("an example by No", ("No", *HEADER), ("예)", "홍보기", _OTHER), (1, *A), skipped=1),
    one("an example by its memo", (*HEADER, "비고"), ("홍보기", _OTHER, "", "", "예시"), A, skipped=1),
    one(
        "an example to be deleted",
        (*HEADER, "비고"),
        ("홍보기", _OTHER, "", "", "← 작성 예시, 삭제하세요"),
        A,
        skipped=1,
    ),
    *(
        one(f"an example called {name}", HEADER, (name, _OTHER), A, skipped=1)
        for name in ("예시1", "샘플", "예시 학생", "홍길동(예시)", "(예시)김철수")
    ),
    one("an example by its phone", HEADER, ("김철수", "예) 010-9999-0000"), A, skipped=1),
    one("the example of every template", HEADER, ("홍길동", "010-1111-2222"), A, skipped=1),
    one("a memo about examples", (*HEADER, "메모"), (*A, *_SCHOOL, "예시 문제를 잘 풂")),
    one("a column of yes", ("이름", "학부모 연락처", "", "학교"), (*A, "예", "휘문중")),
    one("a consent", ("개인정보 동의", "이름", "학부모 연락처"), ("예", *A)),
    *(
        one(f"somebody tried it out: {name} {phone}", HEADER, (name, phone), A, skipped=1)
        for name, phone in (
            ("테스트", "010-0000-0000"),
            ("테스트학생", "010-1234-5678"),
            ("테스트1", "010-0000-0001"),
            ("김테스트", "010-1111-1111"),
            ("Test Student", "010-1111-1111"),
            ("시험용", "010-0000-0000"),
            ("ㅇㅇㅇ", "010-0000-0000"),
            ("OOO", "010-0000-0000"),
            ("asdf", "010-1234-1234"),
            ("가나다", "010-1234-5678"),
            ("아무개", "010-0000-0000"),
            ("이○○", "010-0000-0000"),
            ("학생1", "010-0000-0000"),
        )
    ),
    *(
        one(f"nobody tried it out: {name} {phone}", HEADER, (name, phone), students=[(name, phone)])
        for name, phone in (
            ("김하나", "010-0000-0000"),
            ("테스트", "010-2345-6701"),
            ("가나", "010-1234-5678"),
            ("김시험", "010-0000-0000"),
            ("이연습", "010-0000-0001"),
            ("학생0001", "010-0000-0001"),
            ("Abby", "010-0000-0000"),
        )
    ),
    # Those who have left.
    *(
        one(f"a state: {said}", (*HEADER, "상태"), (*A, *_SCHOOL, "재원"), (*B, *_SCHOOL, said), skipped=1)
        for said in ("퇴원", "퇴원생", "퇴원(3/2)", "졸업")
    ),
    *(
        one(f"no state: {said!r}", (*HEADER, "재원상태"), (*A, *_SCHOOL, said), ignored=["재원상태"])
        for said in ("재원", "휴원", "", "신규", "퇴원 예정")
    ),
    one("a state under 구분", ("구분", "이름", "학부모 연락처"), ("재원", *A), ("퇴원", *B), skipped=1),
    one("a day of leaving", (*HEADER, "퇴원일"), A, (*B, "", "", "2026-03-01"), skipped=1),
    one("whether left", (*HEADER, "퇴원 여부"), (*A, "", "", "N"), (*B, "", "", "Y"), skipped=1),
    one("a memo about leaving", (*HEADER, "비고"), (*A, "", "", "퇴원 예정 상담")),
    one("those who left, below", HEADER, A, (), ("[퇴원생]",), HEADER, B, skipped=3),
    one("those who left, below, and a class", HEADER, A, ("※ 퇴원생",), B, ("중2반",), C, students=[A, C], skipped=3),
    # Other tables on the sheet, and other sheets.
    one("the teachers below", HEADER, A, (), ("강사 명단",), ("이름", "연락처", "과목"), ("김선생", _OTHER), skipped=3),
    one("the teachers below, by heading", HEADER, A, ("강사명", "연락처", "과목"), ("김선생", _OTHER), skipped=2),
    one("only teachers", ("강사 명단",), ("이름", "연락처", "과목"), ("김선생", _OTHER), problem="header-missing"),
    one("teachers with their posts", ("성명", "직책", "연락처"), ("김선생", "실장", _OTHER), problem="header-missing"),
    Case("only teachers, by sheet", {"강사명단": [("이름", "연락처"), ("김선생", _OTHER)]}, problem="header-missing"),
    Case("a class by teacher", {"강사 김민수": [HEADER, A], "강사 이지은": [HEADER, B]}, [A, B]),
    one("a title with the teacher", ("중2 심화 (강사: 김선생)",), HEADER, A),
    one("students by teacher", ("강사별 학생 명단",), HEADER, A),
    Case(
        "the staff's phones",
        {"학생": [("이름", "연락처"), A], "비상연락망": [("성명", "직책", "연락처"), ("김선생", "실장", _OTHER)]},
        [A],
        left_out=["비상연락망"],
    ),
    Case(
        "the teachers, by sheet",
        {"학생": [("이름", "연락처"), A], "선생님": [("이름", "연락처"), B]},
        [A],
        left_out=["선생님"],
    ),
    Case("the drivers", {"명단": [HEADER, A], "셔틀기사": [HEADER, ("박기사", _OTHER)]}, [A], left_out=["셔틀기사"]),
    Case("those who finished", {"재원": [HEADER, A], "수료생": [HEADER, B]}, [A], left_out=["수료생"]),
    # One student in two rows, two in one cell.
    Case(
        "a name over both parents",
        {"명단": [("이름", "관계", "연락처"), ("김하나", "모", _P), ("", "부", _OTHER), ("이두리", "모", B[1])]},
        [A, B],
        skipped=1,
        merged={"명단": ["A2:A3"]},
    ),
    Case(
        "a name over two phones, the first one empty",
        {"명단": [("이름", "관계", "연락처"), ("김하나", "부", ""), ("", "모", _P), ("이두리", "모", B[1])]},
        [A, B],
        skipped=1,
        merged={"명단": ["A2:A3"]},
    ),
    *(
        one(f"siblings as {name!r}", HEADER, (name, _P), B, students=[B], rejected=[2])
        for name in ("김하나, 김두나", "김하나/김두나", "김하나·김두나", "김하나\n김두나")
    ),
    one(
        "the same as above",
        HEADER,
        (*A, *_SCHOOL),
        ("김두나", "〃", "〃", '"'),
        students=[A, ("김두나", _P)],
        fields={"김두나": {"school": "휘문중", "grade": "2"}},
    ),
    # What 구분 says.
    one(
        "구분 of schools", ("구분", "이름", "학부모 연락처"), ("중등부", *A), fields={"김하나": {"school_type": "중등"}}
    ),
    one("구분 of something else", ("구분", "이름", "학부모 연락처"), ("신규", *A), ignored=["구분"]),
    # Students like any other.
    *map(
        _student,
        (
            "강민",
            "예시은",
            "반하나",
            "총명한",
            "예준",
            "안내연",
            "문의진",
            "전화영",
            "참고은",
            "작성현",
            "교사랑",
            "강사랑",
            "원장미",
            "이하은",
            "이상",
            "끝순",
            "여명",
            "현원",
            "김반장",
            "박실장",
            "김기사",
            "김샘플",
            "빛나",
            "온",
            "이반",
            "김민준2",
            "김하나A",
            "김 하나",
            "O'Brien",
            "Jean-Luc",
            "Kim, Hana",
            "Nguyễn Văn An",
            "王小明",
            "さくら",
            "Анна",
            "محمد",
            "สมชาย",
            "Ng",
            "김Emily",
            "Mary (메리)",
            "응우옌 티 란",
            "Total Kim",
        ),
    ),
    *(_student(name) for name in ("박세찬(담임 김선생)", "이두리/담임 김선생", "정다섯 (담임 이영희 선생님)")),
    _student("김하나", "★김하나"),
    _student("김하나", "김하나*"),
    _student("김하나", "1. 김하나"),
    _student("김하나", "1 김하나"),
    *(
        _student("김하나", written)
        for written in (
            "김하나 학생",
            "김하나 군",
            "김하나 양",
            "김하나 님",
            "김하나 어린이",
            "김하나 씨",
            "김하나 원생",
            "김하나 학생님",
            "김하나학생",
            "김하나군",
            "김하나양",
            "김하나님",
            "김하나(학생)",
            "학생 김하나",
            "(원생) 김하나",
            "[학생] 김하나",
        )
    ),
    *map(
        _student,
        (
            "김양",
            "이 양",
            "이군",
            "장군",
            "박하양",
            "김소양",
            "김민군",
            "이해님",
            "한별님",
            "남궁양",
            "남궁 양",
            "남궁해님",
            "황보군",
            "선우양",
            "김학생",
            "김씨",
            "어린이",
            "Yang Kim",
            "김이원생",
            "이모나",
            "고모란",
            "김보호",
        ),
    ),
    *(
        one(f"no student's name: {name}", HEADER, (name, "010-2345-6701", *_SCHOOL), B, students=[B], rejected=[2])
        for name in (
            "김하나 어머니",
            "김하나 엄마",
            "하나맘",
            "김하나(모)",
            "어머니",
            "김하나 학부모님",
            "김*나",
            "김○나",
            "김O나",
            "김**",
            "김하*",
            "박ㅇㅇ",
            "이XX",
            "*하나",
            "김#나",
            "K*m Hana",
            "김하나 할머니",
        )
    ),
    _no_phone("★김하나", *_SCHOOL),
    _no_phone("(신)김하나", *_SCHOOL),
    _no_phone("김하나"),
    _no_phone("예시은", *_SCHOOL),
    _no_phone("총명한", *_SCHOOL),
    _no_phone("이하은"),
    one(
        "parents in rows of their own",
        ("이름", "학교", "연락처"),
        *(("김하나", "휘문중", _P), ("(모)", "", _OTHER), ("이두리", "대치중", B[1]), ("(부)", "", _OTHER)),
        problem="phone-column-missing",
    ),
    _no_phone("반하나"),
    one("NULL", HEADER, ("NULL", _P), A, rejected=[2]),
    one(
        "nobody's name and a phone", HEADER, ("미정", _P), ("없음", _P), ("OOO", "010-2345-6001"), A, rejected=[2, 3, 4]
    ),
    one("like nobody's", HEADER, ("미정은", _P), students=[("미정은", _P)]),
    one("left on a day", HEADER, A, ("이두리(3/2 퇴원)", B[1]), ("박세찬(26년 3월 퇴원)", C[1]), skipped=2),
    *(
        one(f"left: {name}", HEADER, A, (name, B[1]), skipped=1)
        for name in ("(퇴원)이두리", "이두리-퇴원", "이두리 퇴원", "이두리(중2)(퇴원)", "Lee Duri (withdrawn)")
    ),
    one("a name written apart like leaving", HEADER, ("김 대기", _P), students=[("김 대기", _P)]),
    one(
        "in English", HEADER, ("Mother of Hana", _OTHER), ("Hana's mom", _OTHER), ("TBD", _OTHER), A, rejected=[2, 3, 4]
    ),
    *(
        one(f"a table of others below: {banner}", HEADER, A, (), (banner,), HEADER, B, skipped=3)
        for banner in (
            *("대기자", "Withdrawn", "Waiting list", "상담 대기자", "퇴원생 명단(2026년)", "2025학년도 졸업생"),
            *("상반기 퇴원생", "중등부 퇴원생 (총 3명)", "강남점 대기자 명단", "교사 연락망 (2026년)"),
        )
    ),
    *(
        one(
            f"others below, beside a number: {rows}",
            ("번호", *HEADER[:2]),
            (1, *A),
            (),
            *rows,
            students=[A],
            skipped=len(rows),
        )
        for rows in (
            [("상반기 퇴원생",), (1, *B), (2, *C)],
            [("", "강사진"), ("번호", "이름", "휴대폰"), (1, *B)],
            [("직원",), ("번호", "성명", "담당", "연락처"), (1, "이두리", "수학", B[1])],
            [("번호", "이름", "휴대폰", "직책"), (1, *B, "원장")],
        )
    ),
    one(
        "a short table above one whose columns stand in another order",
        *(("번호", *HEADER[:2]), (1, *A), (), ("성명", "학교", "보호자 HP")),
        *((name, "휘문중", phone) for name, phone in (B, C)),
        students=[A, B, C],
        fields={"박세찬": {"school": "휘문중"}},
        skipped=1,
    ),
    one("a banner over others", HEADER, A, ("Withdrawn students",), B, ("재원생",), C, students=[A, C], skipped=3),
    *(
        one(f"a table of students below: {banner}", HEADER, A, (), (banner,), HEADER, B, students=[A, B], skipped=2)
        for banner in (
            *("휴원생", "체험 학생", "신규 등록", "수료생 특별반", "졸업반", "2026년 재원생", "A반 (담임 김선생)"),
            *("월수금 5시 / 김선생", "이이삼 퇴원 처리"),
        )
    ),
    Case(
        "a name over the student's phone and a parent's, by 구분",
        {"명단": [("이름", "구분", "연락처"), ("김하나", "학생", _OTHER), ("", "학부모", _P)]},
        problem="phone-column-missing",
        merged={"명단": ["A2:A3"]},
    ),
    one("will leave", HEADER, ("김하나(3월 퇴원예정)", _P), fields={"김하나": {"memo": "3월 퇴원예정"}}),
    one(
        "a memo beside a remark",
        (*HEADER, "메모"),
        ("김하나(월수금)", _P, "", "", "형제 할인"),
        fields={"김하나": {"memo": "형제 할인, 월수금"}},
    ),
    one(
        "left, in English",
        ("Role", "Name", "Parent Phone", "Status"),
        ("Student", *A, "Active"),
        ("Student", *B, "Withdrawn"),
        ("Teacher", *C, "Active"),
        skipped=2,
    ),
    one("does not come", ("이름", "학부모전화", "재원여부"), (*A, "Y"), (*B, "N"), (*C, "대기"), skipped=2),
    one("does not come, by a mark", ("이름", "학부모전화", "재원"), (*A, "O"), (*B, "X"), skipped=1),
    one("a row of types", HEADER, ("텍스트", "01012345678", "텍스트", "숫자"), A, skipped=1),
    one("a preferred name beside", ("Preferred Name", "Legal Name", "Parent Phone"), ("Hannah", *A)),
    one("no to leaving", ("이름", "학부모전화", "휴퇴원"), (*A, "X")),
    one(
        "the student's own phone by 관계",
        ("이름", "관계", "연락처"),
        ("김하나", "본인", _OTHER),
        ("김하나", "모", _P),
        rejected=[2],
    ),
    one("관계 beside parents' phones", ("이름", "관계", "학부모연락처"), ("김하나", "본인", _P)),
    one("letters of another width", HEADER, ("Ｋｉｍ　Ｈａｎａ\ufe0f", _P), students=[("Kim Hana", _P)]),
    one("twins, said", HEADER, ("김하나(쌍둥이)", _P)),
    one("twins", HEADER, A, ("김한나", _P), students=[A, ("김한나", _P)]),
    one("namesakes", HEADER, A, ("김하나", _D[1]), students=[A, ("김하나", _D[1])]),
)
