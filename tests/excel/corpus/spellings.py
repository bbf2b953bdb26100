"""What is written beside names, phones and states: many spellings in one workbook, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.excel.corpus.case import HEADER, Case, Row, one

_NAMES = [f"{family}{first}{second}" for family in "김이박최" for first in "하다라민서" for second in "은준아율린온결"]
_GRADE = {"grade": "2"}
_P, _OTHER = "010-2345-6701", "010-9999-0001"


def _phone(number: int) -> str:
    return f"010-2345-{6000 + number}"


def _names(what: str, *forms: str, **fields: str) -> Case:
    """Return a workbook whose students are written in these forms; ``{}`` stands for the name."""
    people = [
        (name, form.format(name), _phone(number))
        for number, (name, form) in enumerate(zip(_NAMES, forms, strict=False))
    ]
    rows = [(written, phone) for _name, written, phone in people]
    students = [(name, phone) for name, _written, phone in people]
    return one(f"names {what}", HEADER, *rows, students=students, fields={name: fields for name, _ in students})


def _left(*forms: str) -> Case:
    rows = [(form.format(name), _phone(number)) for number, (name, form) in enumerate(zip(_NAMES, forms, strict=False))]
    return one("names of those who have left", HEADER, *rows, ("김하", _P), students=[("김하", _P)], skipped=len(rows))


def _kept(*names: str) -> Case:
    rows = [(name, _phone(number)) for number, name in enumerate(names)]
    return one(f"names that stay as they are, {names[0]}", HEADER, *rows, students=rows)


def _no_names(*cells: object) -> Case:
    rows = [(cell, _phone(number)) for number, cell in enumerate(cells)]
    return one("no names", HEADER, *rows, students=[], rejected=range(2, 2 + len(rows)))


def _phones(*cells: object) -> Case:
    rows = list(zip(_NAMES, cells, strict=False))
    return one(
        f"remarks beside phones, {cells[0]!r}", HEADER, *rows, students=[(name, "010-2345-6701") for name, _ in rows]
    )


def _no_phones(*cells: object) -> Case:
    rows = list(zip(_NAMES, cells, strict=False))
    return one(f"phones in doubt, {cells[0]!r}", HEADER, *rows, students=[], rejected=range(2, 2 + len(rows)))


def _states(heading: str, stay: Iterable[object], left: Iterable[object]) -> Case:
    """Return a workbook of students whose state is told under a heading; those who have left come last."""
    stay, left = list(stay), list(left)
    people = [(name, _phone(number)) for number, name in enumerate(_NAMES)]
    rows: list[Row] = [(*person, state) for person, state in zip(people, [*stay, *left], strict=False)]
    header = ("이름", "학부모 연락처", heading)
    return one(f"states under {heading}", header, *rows, students=people[: len(stay)], skipped=len(left))


def _grades(grades: Mapping[str, str]) -> Case:
    rows = [(name, _phone(number), cell) for number, (name, cell) in enumerate(zip(_NAMES, grades, strict=False))]
    fields = {name: {"grade": grades[cell]} for name, _phone, cell in rows}
    return one(
        f"grades {grades}", ("이름", "학부모 연락처", "학년"), *rows, students=[row[:2] for row in rows], fields=fields
    )


def _columns(*columns: tuple[str, str], **expected: object) -> Case:
    headings, cells = zip(*columns, strict=True)
    expected = expected or {"students": [("김하은", "010-2345-6701")]}
    return one(f"columns {columns}", ("이름", *headings), ("김하은", *cells), **expected)


CASES = (
    _names("with a grade", "{}_중2", "중2{}", "{}중2", "{}-중2", "{}(중2)", "[중2] {}", "(중2){}", "{} 중2", **_GRADE),
    _names(
        "with a grade, marked", "{}·중2", "{},중2", "{} : 중2", "{}{{중2}}", "{}【중2】", "{} (中2)", "{}|중2", **_GRADE
    ),
    _names("with a class", "{}(A반)", "A반 {}", "{} A반", class_name="A반"),
    _names(
        "with a remark",
        "신){}",
        "(신){}",
        "휴){}",
        "{}(휴)",
        "N){}",
        "{} V",
        "{}(v)",
        "{}(재수생)",
        "{}(N수)",
        "{}(복귀예정)",
    ),
    _names(
        "with days",
        "{}(월수금)",
        "{}(화,목)",
        "{} 월수금",
        "{}(월~금)",
        "[화목] {}",
        "{}《토》",
        "{}(일요일)",
        "{}/월수",
    ),
    _names(
        "with hours",
        "{}(3시)",
        "{}(4:30)",
        "{}(화목 5시30분)",
        "{}(15:30~17:00)",
        "{} 3시",
        "4:30 {}",
        "{} 3/2~",
        "{}(오후 4시)",
        "{}(5시반)",
    ),
    _names("with siblings", "{}(형제)", "{}(형)", "{}(둘째)", "{}(쌍둥이1)", "{}(김하나 동생)", "{}(동생: 김하나)"),
    _names(
        "with a new student",
        "{}(3월 신규)",
        "{}(2026.3 신규)",
        "{}(2학기부터)",
        "{}/신규",
        "{}(new student)",
        "{}(체험)",
    ),
    _names(
        "with what for",
        "{}(수학,영어)",
        "{}(미납)",
        "{}(차량)",
        "{}(주3회)",
        "{}(만 7세)",
        "{}(온라인)",
        "{}(S2024001)",
    ),
    _names("with remarks and a grade", "{}(중2)(신규)", "{}(중2, 신규)", "[신규] {} (중2)", memo="신규", **_GRADE),
    _names("with a level", "{}(Lv.3)", "{}(레벨 3)", "{}(고급)", "{}(3급)"),
    _names("with a class for a time", "{}(오후반)", "오후반 {}", class_name="오후반"),
    _names("with more", "{}(여,중2)", "{}(중2/여)", "{} (중2 여)", gender="여", **_GRADE),
    _names("with grade and class", "{}(중2-3)", "{}(2학년 3반)", "{} 중2-3", class_name="3", **_GRADE),
    _names("with a school", "{}(휘문중2)", "{} (휘문중 2학년)", "휘문중2 {}", school="휘문중", **_GRADE),
    _names("with a school alone", "{}(휘문중학교)", "{} 휘문중학교", "{}/휘문중학교", school="휘문중학교"),
    _names("behind a dash", "{} - A반", "{}-A반", "{}_A반", "{} : A반", class_name="A반"),
    _names("behind a dash, with hours", "{} - 4:30", "{}-16:00~17:30", "{} 16:00~17:30", "{} - 월~금", "{} - NEW"),
    _names("with a school's short name", "{} 역삼초", "역삼초 {}", school="역삼초"),
    one(
        "names that begin like what is said beside phones",
        *(HEADER, ("[심화반]정지호", _P), ("정지안 (피아노)", _P), ("김하은", f"{_P} 박지인")),
        students=[("정지호", _P), ("정지안", _P), ("김하은", _P)],
    ),
    _names("with a school for girls", "{} 숙명여고", school="숙명여고"),
    _names("with a state", "{}(휴원중)", "{} 신규", "{} NEW", "[신규]{}", "(신규) {}", "신규 {}", "{}(재등록)"),
    _names(
        "with marks", "♥{}", "♡{}♡", "{}!", "{}?", "{}.", "{},", "'{}", '"{}"', "「{}」", "<{}>", "({})", "🌸{}", "{}🙂"
    ),
    _names(
        "with numbers",
        "20315 {}",
        "20315{}",
        "2-3-15 {}",
        "#1 {}",
        "No.1 {}",
        "1번 {}",
        "1-{}",
        "1_{}",
        "① {}",
        "가. {}",
    ),
    _names("with more marks and numbers", "❶ {}", "⑴{}", "~{}~", "→{}", "ㄴ {}", "ㄴ{}", "<1> {}", "(1) {}", "[1]{}"),
    _left(
        "{}(그만)",
        "{}(등록취소)",
        "{}(3월퇴교)",
        "퇴){}",
        "(퇴){}",
        "{}(퇴)",
        "{}-퇴",
        "퇴원{}",
        "{}퇴원",
        "{}(수강종료)",
        "대기 {}",
    ),
    one(
        "names by syllable",
        HEADER,
        ("김 하 은", _P),
        ("남\u3000궁\u3000민\u3000수", _OTHER),
        students=[("김하은", _P), ("남궁민수", _OTHER)],
    ),
    _kept(
        *("Kevin(김현중)", "Kevin/김현중", "케빈 김현중", "남궁 재원", "김.하늘", "이. 하늘", "차수정"),
        *(
            "김하은(스카이)",
            "김하은(하은이)",
            "김하은(시월)",
            "김하은(주형)",
            "김하은(에반)",
            "김하은(금수)",
            "김하은(Sun)",
        ),
        *(
            "기예르모",
            "구스타부",
            "마르티네",
            "레 반 남",
            "이시구",
            "고은동",
            "X Æ A-12",
            "김하은#2",
            "최선로 2",
            "정해리 12",
        ),
        *(
            "김이반",
            "이바생",
            "디에고",
            "산티아고",
            "마리아 디에고",
            "Jean-Luc",
            "Mary F",
            "김하은(A)",
            "김하은2",
            "김하은(가)",
            "김하은B",
        ),
        *(
            "이서중",
            "이신중",
            "남궁 민수",
            "김하늘별빛",
            "김하은(120305)",
            "김하은(최고)",
            "김하은(1)",
            "고민중",
            "Boy George",
            "마리아 클라라 산토스",
        ),
        *(
            "김하은(전학)",
            "김하은(강남점)",
            "김하은 Hana Kim",
            "대기만",
            "퇴계원",
            "국어진",
            "이과학",
            "이모나",
            "남궁하모",
            "신규",
            "장학",
            "구글",
            "전하",
        ),
    ),
    *(
        _states(heading, stay, left)
        for heading, stay, left in (
            ("재원생/비원생", ["재원생", ""], ["비원생"]),
            ("수강 여부", ["○"], ["×", "✕"]),
            ("퇴원일자", ["0000-00-00", "9999-12-31", "1899-12-31"], ["2026-01-31"]),
            ("재원 / 휴원 / 퇴원", ["재원", "휴원"], ["퇴원"]),
            ("Active/Inactive", ["Active"], ["Inactive"]),
            ("등록/미등록", ["등록"], ["미등록"]),
            ("", ["", "형제"], ["퇴원"]),
            ("현재 다니는지", ["다님", "퇴원 예정"], ["퇴원생"]),
            ("재원(O)/퇴원(X)", ["O"], ["X"]),
            ("재원생 여부 (O/X)", ["O"], ["X"]),
            ("휴/퇴원", ["X", "휴원"], ["퇴원"]),
            ("퇴원일", ["", "-", "재등록 3/2", "2학기", "3/2 예정"], ["3/2", "2026.3", "26-03", "3월 말", "3/2 이사"]),
            ("퇴원여부", ["1.재원", "2-휴원", "0. 아니오", "2/3학기"], ["1. 퇴원", "1.예", "2026.3.2"]),
            ("퇴원구분", ["1.해당없음", "0"], ["1.자퇴"]),
            ("졸업여부", ["재학 3-1", "재학(3.1)"], ["졸업"]),
            *(
                (another, ["퇴원"], [])
                for another in ("이전학원", "이전 학원 사유", "타학원", "동생 상태", "형제 현황")
            ),
            *((own, ["재원"], ["퇴원"]) for own in ("상담 결과", "학원 현황", "반 유형")),
            ("탈퇴일시", [""], ["2026-03-02 10:00"]),
            ("학년", ["중2"], ["퇴원"]),
            ("학생 상태", ["재원"], ["중도퇴원", "퇴교"]),
        )
    ),
    _kept(
        *("김유리 1234", "김하리 101", "하길 103", "김하나 2호", "김하나(2호)", "이진구 미리", "Lee A100"),
        *("kim.minji", "j.lee", "anna.k", "vo.thi.lan", "o.henry"),
    ),
    _no_names(
        *("hana_01", "hana.01", "대치동 123-4", "신사동 101호", "래미안 2호", "이문로 12번길 3"),
        *(
            "hana#1234",
            "하나#1234",
            "hana_kim",
            "user001",
            "S-2024-001",
            "30만원",
            "95점",
            "중2 심화반",
            "수학 심화",
            "심화반",
            "신입생",
            "학생 이름",
        ),
        *("언니(김하늘)", "김바다 동생(김하늘)", "김바다 동생 김하늘", "김하늘(이모)", "김하늘(모 010)", "이모 김영희"),
        *("서울 강남구", "경기 성남시 분당구", "강남구 대치동", "101동 202호", "테헤란로 123", "대치동 은마아파트"),
        *(
            "김하은 어머님",
            "학부모 김영희",
            "엄마(김영희)",
            "모: 김영희",
            "김영희(김하은 모)",
            "김하은 아빠 김철수",
            "김하은네",
        ),
        *(
            "김하은 이모",
            "김하은 형님",
            "김하은언니",
            "김하은.김두은",
            "김하은;김두은",
            "김하은 김두은 김세은",
            "김하은 및 김두은",
        ),
        *(
            "Kim Hana & Kim Duna",
            "Kim Hana and Kim Duna",
            "김하은 형제",
            "김하은 외1",
            "김하은등 3명",
            "상동",
            "위와 같음",
            "모름",
        ),
        *(
            "확인중",
            "추후기재",
            "이름 없음",
            "한글이름",
            "월수금",
            "중등부",
            "A반",
            "휘문고 2학년",
            "3월 2일",
            "350,000원",
            "A",
        ),
        *(
            "이두리모",
            "김하은부",
            "남궁민수모",
            "김하은모친",
            "김하은맘",
            "hana@example.com",
            "김하은 hana@example.com",
        ),
        *("www.example.com", "김하은 010-2345-6789", "김하은(010-2345-6789)", "ㄱㅣㅁㅎㅏㄴㅏ", "ﾡￌﾱ하은", "김하은ㅋ"),
        *(
            "김하은 김두은",
            "김하은와 김두은",
            "김하은 / 동생 김두은",
            "김하은(박영희)",
            "휘문중학교",
            "중2",
            "여",
            "학생",
            "TRUE",
        ),
        *(2026, 1.5),
    ),
    _phones(
        *(
            "010-2345-6701 (하은)",
            "010-2345-6701(작은아버지)",
            "010-2345-6701 (오후 6시까지)",
            "010-2345-6701 (주말만)",
            "010-2345-6701*",
        ),
        *("010-2345-6701(외조모)", "010-2345-6701 (오후 6시 이후)", "010-2345-6701(직장)"),
        *("010-2345-6701 (중국어만 가능)", "010-2345-6701(집)", "010-2345-6701(확인함)", "010-2345-6701(통화가능)"),
        *("010-2345-6701 (하은 엄마)", "전화: 010-2345-6701", "010-2345-6701(전화는 오후에)", "010-2345-6701(김안나)"),
        *("8210-2345-6701", 821023456701, "1,023,456,701", "010-2345-6701(전업주부)", "구자은 010-2345-6701"),
    ),
    _phones(
        *(f"(모) 010-2345-6701{mark}(부) 010-9999-0001" for mark in (", ", "\n", " / ", "/", "; ", " 또는 ")),
        *(
            "모/010-2345-6701, 부/010-9999-0001",
            "모)01023456701\n부)01099990001",
            "본인 010-9999-0001 모 010-2345-6701",
        ),
        *("(학생) 010-9999-0001, (모) 010-2345-6701", "010-2345-6701/학생 010-9999-0001"),
        *("010-2345-6701, 학생 010-9999-0001", "010-2345-6701 모 010-9999-0001 부", "02-555-1234 모 010-2345-6701"),
    ),
    _no_phones(
        *("010-9999-0001 본인 010-2345-6701 모", "(학생)010-9999-0001(모)010-2345-6701"),
        *("010-9999-0001 학생 · 보호자 010-2345-6701", "010-9999-0001 / 본인 / 010-2345-6701 / 모"),
    ),
    _no_phones(
        *("010-2345-6701(번호변경)", "010-2345-6701(연락두절)", "010-2345-6701(해지완료)", "010-2345-6701 (2월까지)"),
        *(
            "010-2345-6701(옆집)",
            "010-2345-6701(사촌)",
            "010-2345-6701(과외쌤)",
            "010-2345-6701(착오)",
            "010-2345-6701(임시번호)",
        ),
        *(
            "010-2345-6701(끊김)",
            "010-2345-6701(바뀜)",
            "010-2345-6701(전)",
            "(구)010-2345-6701",
            "010-2345-6701(없어짐)",
        ),
        *("010-2345-6701(차단)", "010-2345-6701(잘못된 번호)", "010-2345-6701 (안 씀)", "010-2345-6701(미사용)"),
        *("010-2345-6701(다른 사람)", "010-2345-6701(연락안됨)", "010-2345-6701(수신거부)", "010-2345-6701(형)"),
        *(
            "010-2345-6701(누나)",
            "010-2345-6701(친구)",
            "010-2345-6701(학원)",
            "010-2345-6701(기사님)",
            "010-2345-6701(?)",
        ),
        *("010-2345-6701(확인필요)", "010-2345-6701 (통화 불가)", "010-2345-6701(틀린번호)", "010-2345-6701 이전"),
        *(-1023456701, 1.023456701, 1023456701.5),
    ),
    _states("수강상태", ("수강중", "휴원", "신규", ""), ("수강종료", "퇴원(이사)", "중지")),
    _states("등록상태", ("등록", "재등록"), ("해지", "미등록")),
    _states(
        "재원상태",
        ("재원", "퇴원 예정", "퇴원(철회)", "퇴원예정(3월)"),
        ("퇴원(이사)", "퇴원 - 타학원", "N", "탈회", "퇴"),
    ),
    _states("학적상태", ("재학", "휴학", "전입"), ("전출", "자퇴", "전학(대치중)", "졸업")),
    _states("활성여부", ("활성", "Y", "O", True, 1), ("비활성", "N", "X", False, 0)),
    _states(
        "상태",
        ("재원중", "보류", "체험", "Active"),
        ("만료", "환불", "등록취소", "안 다님", "그만 다님", "종강", "Quit"),
    ),
    _states("퇴원월", ("", "미정"), ("2월", "2026-02")),
    _states("수강여부", ("O", "Y", "수강"), ("X", "N", "미수강")),
    _states("합격여부", ("합격", ""), ("불합격",)),
    _states("삭제여부", ("N", ""), ("Y",)),
    _states("탈퇴여부", ("N", "-"), ("Y", "2026-03-02")),
    _states("퇴원사유", ("", "-", "없음", "1.해당없음"), ("이사", "타 학원", "3.이사")),
    _states(
        "비고",
        ("퇴원 예정", "전출 예정", "퇴원 상담", "형이 퇴원", "퇴원 후 재등록", "졸업", ""),
        ("퇴원", "3/2 퇴원", "퇴원함", "퇴원 처리", "퇴원(이사)", "이사로 퇴원", "그만둠", "3/2 전출"),
    ),
    _states("반", ("A반", "졸업반"), ("퇴원", "퇴원생")),
    _states("등록", ("O", "X"), ()),
    # One phone before the other.
    _columns(("보호자2 연락처", _OTHER), ("보호자1 연락처", _P)),
    _columns(("학부모연락처②", _OTHER), ("학부모연락처①", _P)),
    _columns(("학부모 연락처(2025)", _OTHER), ("학부모 연락처(2026)", _P)),
    _columns(("학부모 연락처", _OTHER), ("학부모 연락처(변경)", _P)),
    _columns(("학부모 연락처", _P), ("학부모 연락처(변경)", "")),
    _columns(("학부모 연락처", _OTHER), ("새 학부모 연락처", _P)),
    _columns(("주 연락처", _P), ("부 연락처", _OTHER), problem="phone-column-missing"),
    _columns(("부 연락처", _P), ("모 연락처", _OTHER)),
    # More students than one in a row.
    *(
        _columns(("학부모 연락처", _P), (f"{one}1 이름", "김하은"), (f"{one}2 이름", two), problem="header-missing")
        for one, two in (("자녀", "김두은"), ("학생", "김서은"))
    ),
    one(
        "a second child's column, empty",
        ("학부모 연락처", "자녀1", "자녀2"),
        (_P, "김하은", ""),
        students=[("김하은", _P)],
    ),
    # Students' phones and their parents' below each other.
    *(
        one(f"by turns: {what}", ("이름", "연락처", "학교"), *rows, problem="phone-column-missing")
        for what, rows in {
            "mothers": (("김하은", _P, "휘문중"), ("김엄마", _OTHER, "")),
            "nobody": (("김하은", _P, "휘문중"), ("", _OTHER, "")),
            "no school": (("김하은", _P, "휘문중"), ("박영희", _OTHER, "")) * 3,
        }.items()
    ),
    one(
        "schools in every other row of a few",
        ("이름", "연락처", "학교"),
        *(("김하은", _P, "휘문중"), ("박서준", _OTHER, "")) * 2,
        students=[("김하은", _P), ("박서준", _OTHER)] * 2,
    ),
    one(
        "why they left",
        (*HEADER[:2], "퇴원사유", "퇴원일"),
        *(("김하은", _P, "해당 없음"), ("박서준", _OTHER, "-", "2026-03-02"), ("이서아", _P, "이사")),
        students=[("김하은", _P)],
        skipped=2,
    ),
    one(
        "schools in some rows only",
        ("이름", "연락처", "학교"),
        *(("김하은", _P, "휘문중"), ("박서준", _OTHER, ""), ("이서아", "010-3456-7801", "")),
        students=[("김하은", _P), ("박서준", _OTHER), ("이서아", "010-3456-7801")],
    ),
    # Banners, and totals of a class.
    one(
        "banners",
        HEADER,
        *(("수학 기초",), ("김하은", _P), ("휘문중",), ("대치중학교",), ("Level 1",), ("301호",), ("A반 개수", 1)),
        ("출력자: 관리자", "출력일: 2026-03-02"),
        students=[("김하은", _P)],
        skipped=7,
    ),
    one(
        "names alone", HEADER, ("김하은", _P), ("이서중", ""), ("김민고2",), students=[("김하은", _P)], rejected=[3, 4]
    ),
    one(
        "nothing in other columns",
        (*HEADER[:2], "학교", "학년", "반", "성별"),
        ("김하은", _P, "-", "0", "미정", "여(女)"),
        ("이서아", _OTHER, "없음", "2(3)", "", "남자아이"),
        students=[("김하은", _P), ("이서아", _OTHER)],
        fields={
            "김하은": {"school": None, "grade": None, "class_name": None, "gender": "여"},
            "이서아": {"school": None, "grade": "2", "class_name": "3", "gender": "남"},
        },
    ),
    _grades({"고등부2": "2", "중학생 3": "3", "중학교 1": "1"}),
    _grades({"中2": "2", "2 학 년": "2", "제2학년": "2", "고3(재수)": "고3(재수)", "N수": "N수", "예비고1": "예비고1"}),
    one(
        "students' phones in a group of their own",
        *(("", "인적사항", "", "", "보호자", ""), ("연번", "성명", "학년", "휴대폰", "성명", "휴대폰")),
        (1, "김하은", 2, _OTHER, "박영희", _P),
        students=[("김하은", _P)],
        fields={"김하은": {"phone": "01099990001"}},
    ),
)
