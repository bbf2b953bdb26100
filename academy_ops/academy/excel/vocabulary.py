"""The words that schools use, as tables; a new one is added here and nowhere else.

All are in small letters. Those of headings have no spaces and no numbers; a heading is understood if it can be taken
apart into them, whatever their order.
"""

from typing import Final

STUDENT: Final = "student"
PARENT: Final = "parent"
ONE_PARENT: Final = "one parent"
SOMEBODY_ELSE: Final = "somebody else"
APPLICANT: Final = "applicant"
PLAIN: Final = "plain"
MESSAGES: Final = "messages"
NOTICES: Final = "notices"
OTHER_LETTERS: Final = "other letters"
NEWER: Final = "newer"
NUMBER: Final = "number"
FILLER: Final = ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _meanings(table: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, words in table.items() for word in words.split()}


def _each(words: str, ends: str) -> str:
    """Return each word with each end; a first space among the ends stands for none."""
    return " ".join(f"{word}{end}" for word in words.split() for end in ends.split(" "))


_OWN_PEOPLE: Final = "담임 담당 강사 교사 선생 원장 부원장 실장 팀장 매니저 조교 직원 기사"
"""The school's own people, for every table that knows them."""
_RELATIVES: Final = "어머니 어머님 엄마 아버지 아버님 아빠 할머니 할아버지"
_ARE_STUDENTS: Final = "재원 재원생 재적 재학 재학생 수강 수강생 등록 회원 원생 합격 사용 활성 활동"
"""What students are, or do."""
_SIBLINGS: Final = "동생 형 누나 오빠 언니"

_HEADINGS: Final = {
    # Whose it is.
    STUDENT: """
        학생 학생들 學生 学生 生徒 園児 원생 원아 수강생 수강자 재원생 학원생 재학생 신입생 등록생 교습생 수련생
        관원 훈련생 교육생 입학생 입교생 입소생 입소자 이용자 이용아동
        대상자 수험생 학습자 응시자 참가자 참여자 본인 자녀 아이 아동 어린이 유아 영유아 회원
        student students pupil child kid learner trainee
    """,
    PARENT: """
        학부모 학부형 부모 양친 보호자 친권자 법정대리인 후견인 양육자 가족 가디언
        父母 家长 家長 监护人 監護人 保護者
        parent parents guardian caregiver carer
    """,
    ONE_PARENT: f"""
        {_RELATIVES} 모친 모 母 부친 부 父 외할머니 외할아버지 친할머니 친할아버지
        친모 친부 외조모 외조부 조모 조부 이모 고모 삼촌 외삼촌
        맘 비상 긴급 mother mom father dad emergency
    """,
    SOMEBODY_ELSE: f"""
        {_OWN_PEOPLE} {_SIBLINGS} 담당자 대표자 상담자 차량
        추천인 추천자 소개자 소개인 친구 자매 남매 대리인
        결제자 예금주 입금자 납부자 납입자
        집 자택 집전화 유선 유선전화 일반전화 가정 댁 회사 직장 팩스 학원 과목 수업 교재
        닉네임 별명
        nickname preferred preferredname teacher home office work fax
    """,
    # In which letters a name is written; that column is read where there is no other.
    OTHER_LETTERS: "영문 영어 한자 漢字 로마자 english eng",
    # The student, or who speaks for one: the other columns decide.
    APPLICANT: """
        신청자 신청인 신청하신 응답자 가입자 가입인 등록자 예약자 주문자 접수자 접수인 제출자 작성자 작성인 고객 구매자
        applicant respondent
    """,
    # What it is: a field of the student, …
    "name": "이름 성명 성함 명 姓名 氏名 名 名前 name fullname givenname firstname",
    "family": "성씨 familyname lastname surname",
    "middle": "middlename",
    "phone": """
        전화 무선전화 이동전화 통화번호 연락처 연락번호 연락전화 휴대폰 휴대전화 휴대번호 핸드폰 핸폰 폰 손전화
        모바일 전번
        연락가능번호 연락가능한번호 电话 電話 电话号码 電話番号 手机
        셀폰 hp cp mp phone mobile cell cel tel telephone contact handphone
    """,
    MESSAGES: "연락망 연락받을 연락받으실 수신번호 문자번호 알림번호 받을번호",
    "gender": "성별 성별명 남녀 남여 성 性別 gender sex",
    "school_type": "학교유형 학교급 학교급별 학교구분 학교종류 학교분류 학교과정 초중고 schooltype schoollevel",
    "school": "학교 출신학교 출신교 재학교 현학교 學校 学校 school",
    "grade": "학년 현학년 학년명 學年 学年 年级 年級 grade gr gradelevel yeargroup",
    "class_name": "반 학급 클래스 학반 수업반 학원반 班 クラス class classroom",
    "track": "계열 문이과 이과문과 문과이과 인문자연 track",
    "memo": "메모 비고 특이사항 특기사항 참고 기타 전달사항 요청사항 memo note remark comment",
    "kind": "구분 예시여부 역할 role",
    "state": f"""
        상태 학적 휴퇴원 재원 active
        {_each(f"{_ARE_STUDENTS} 학적", "상태 여부 구분 현황")}
        status enrollmentstatus enrolmentstatus registrationstatus isactive
    """,
    "left": _each("퇴원 퇴회 탈퇴 제적 삭제 퇴소", " 일 월 년월 일자 일시 날짜 여부 사유 구분 처리")
    + " 졸업여부 수료여부",
    "staff": "직책 직위 직급 입사일 입사일자 급여 시급 호봉 사번",
    # … or nothing: what may stand beside a student and says nothing more, …
    PLAIN: """
        현재 재학 재학중 재학중인 다니는 소속 대상 등록 등록된 등록한 수강 수강중 참가 참여 응시
        신규 신입 신청 배정 원내 님 분 의 우리
    """,
    # … and what says nothing at all.
    NUMBER: "번호 연번 순번 일련번호 넘버 number no num",
    FILLER: """
        정보 기본 인적 사항 기초 신상 개인 을 를 란 칸 번 차 제 용 주 대표 메인 전체 관계 우선 여부
        순위 받을 받으실 기재 기입 입력 작성 하세요 해주세요 적어주세요 써주세요 알려주세요 필수 필수항목 선택 포함
        제외 자리 은 는 주시기 바랍니다 해주시기 부탁드립니다 정확하게 정확히 반드시 하이픈 포함하여 포함해 포함해서
        무엇인가요 입니까 연락가능한 기준 월기준 년기준 올해 금년 예비 다니고있는
        what is your please enter write
        텍스트 숫자만 하이픈 없이 실명 한글 한국어 국문 정식 본명 및 와 과 또는
        legal main primary required optional korean kor or and of the s value string varchar char
    """,
    # What is sent to a phone: hardly to the student's own.
    NOTICES: "문자 수신 알림 알림톡 카톡 카카오톡 출결 등원 하원 등하원 청구서 고지서 안내문 앱 가입 sms",
    # What is said of a column that is in force instead of another one.
    NEWER: "변경 변경된 변경후 수정 수정된 수정후 바뀐 새 새로운 최신 updated new",
}


HEADINGS: Final = _meanings(_HEADINGS)
"""What each word of a heading means."""

GENDERS: Final = _meanings(
    {
        "남": "남 남자 남성 남학생 남아 男 男子 ♂ m male man boy 남(m) 남자(m) m(남)",
        "여": "여 여자 여성 여학생 여아 女 女子 ♀ f female woman girl w 여(f) 여자(f) f(여)",
    }
)
FORMER: Final = "지난 명단이나 백업으로 보이는 시트입니다."
_SHEETS: Final = {
    "예시·안내 시트입니다.": """
        예시 예제 샘플 견본 양식 서식 템플릿 테스트 연습
        작성법 작성방법 작성요령 입력방법 안내 설명 사용법 가이드 주의사항
        example sample template test guide readme help
    """,
    FORMER: """
        작년 전년 지난 이전 과거 전학기 백업 구버전 구명단 舊 임시 오류 삭제 폐기 사용안함 쓰지마
        backup old archive archived previous former lastyear
    """,
    "다니는 학생의 명단으로 보이지 않는 시트입니다.": """
        퇴원 퇴소 휴원 휴학 졸업 수료 종료 종강 중단 제적 자퇴 전출 전학생 이탈 탈퇴 탈락 그만 끝난
        비재원 대기 미등록 미납 불합격 취소 환불 체험 문의 예비소집 레벨테스트 레테 업체
        상담 강사 교사 직원 조교 기사 거래처
        teacher teachers driver drivers staff waiting waitlist withdrawn dropped inactive alumni graduated graduates
    """,
}
SHEETS_SET_ASIDE: Final = _meanings(_SHEETS)
"""Words in the names of sheets that are only read where no other one has a header, and why."""

SECTIONS: Final = _meanings(
    {
        "staff": f"""
            {_OWN_PEOPLE} 강사진 교직원 임직원 선생님 스태프 운전기사 셔틀기사 차량 거래처
            teacher teachers staff
        """,
        "left": """
            퇴 퇴원 퇴회 퇴소 퇴학 퇴교 탈퇴 제적 자퇴 전출 졸업 수료 종료 중단 그만둔 그만둠 그만 미재원 비재원 비원
            미등록 대기 해지 탈회 종강 수강취소 등록취소
            quit withdrawn withdrew inactive dropped dropout left graduated alumni waiting waitlist waitlisted
        """,
        "students": "재원 재원생 재학생 수강생 신입생 등록생 휴원 휴원생 휴학 체험 신규 예비 active enrolled",
        FILLER: """
            명단 목록 리스트 현황 학생 원생 연락처 연락망 비상 비상연락망 비상연락처 전화번호 정보 및 님 들 자 표 방
            년 년도 학년도 월 일 명 현재 기준
            생 함 중 중도 됨 완료 처리 수강 등록 회원 상담 레벨테스트 입학 list contacts student students
        """,
    }
)
"""The words of what stands above a table, in the name of its sheet, or in a student's state; and whose table it is."""

IS_STUDENT_IF_YES: Final = frozenset(
    {"재원", "재원상태", "재원구분", "active", "isactive"} | {f"{word}여부" for word in _ARE_STUDENTS.split()}
)
"""Headings under which a no says that the student has left."""

LEFT_BY_STATE: Final = frozenset(
    _words("""
        전학 비활성 비활성화 삭제 미수강 미사용 불합격 중지 말소 제명 이탈 만료 환불 취소 수강완료 수강안함 안다님 안
        disabled deleted cancelled canceled expired
    """)
)
"""What a student's state says, and nothing else, of those who have left."""

LEFT_ALONE: Final = frozenset(_words("퇴원 퇴원생 퇴원함 퇴원처리 퇴원완료 퇴회"))
"""What says that a student has left, even where nobody has understood the heading above it."""

OF_ANOTHER: Final = (
    "^형|형제|자매|남매|동생|누나|오빠|언니|친구|추천|소개|이전|기존|예전|지난|과거|작년|다른|[타전]학원"
    "|previous|former|sibling|brother|sister|friend"
)
"""What stands in headings over what is said of another person, place or time, as ``동생 상태`` is one."""

RELATIONS: Final = frozenset({"관계", "학생과의관계", "학생과관계", "relation", "relationship"})
"""Headings over who a phone is of."""

REPLACED: Final = frozenset({"구", "이전", "기존", "변경전", "예전", "옛", "작년", "old", "former", "previous"})
"""What stands in brackets in the heading of a column that another one has replaced."""

STAFF: Final = _words(f"""
    {_OWN_PEOPLE} 문의 작성자 대표 학원 연락처 전화 상담 선생님 안내데스크 데스크 사무실 행정실 교무실
    본원 분원 본관 별관 차량 셔틀
    """)
"""Who stands among the students of a roster, with a phone, and is none."""

DITTO: Final = frozenset({"〃", "″", "”", '"', "''", "위와 같음", "위와같음"})
"""What says that a cell holds the same as the one above it."""

EXAMPLES: Final = _meanings({"anywhere": "예시 샘플 견본 작성예 example sample", "alone": "예 보기 ex e.g"})
"""What a cell says that marks an example: somewhere in it, or as all it says."""

NOBODY: Final = _words("""
    상동 결번 모름 무명 익명 비공개 추후 추후기재 추후기입 확인중 미확인 이름모름 한글이름 해당사항없음 n.a n.a.
    true false 없음 미정 미입력 미기재 미상 해당없음 이름없음 이름미상 공란 무 unknown tbd tba
    none null nan n/a na x o
    #n/a #ref! #value! #name? #div/0! #null! #num!
    """)
"""What stands in place of a name, or of any value, where there is none."""

NOBODY_IS_CALLED: Final = frozenset(
    _words("""
    남자 여자 수학 영어 국어 과학 사회 논술 초등부 중등부 고등부 월수금 화목 화목토 월화수목금 주말 등록 재원 휴원 신청
    학생 원생 수강생
    """)
)
"""What is a student's, and nobody's name, though it looks like one."""

BESIDE_A_PHONE: Final = frozenset(
    {"h.p", "c.p", "t", "m", "p", "kr", "시", "분", "시까지", "시이후", "시부터", "시경", "시전"}
)
"""What may stand beside a phone, too; the words of headings that say whose it is, and that it is one, may as well."""

WRONG_PHONES: Final = _words(f"""
    {_OWN_PEOPLE} 담임선생 선생 전 구 옛 이전 변경 해지 정지 오류 x
    """)
"""What says of a phone that it is none any more, or is somebody else's."""
DOUBTS: Final = _words("""
    결번 임시 변경 해지 정지 중지 삭제 두절 바꾸 옛날 지난 착오 데이터 않 오류 없는번호 없어짐 없앰 틀림 틀린 잘못
    아님 아닌
    아니 안됨 안돼 안함 안받 안씀
    안쓰 못받 못쓰 미사용 불가 불통 끊김 끊어 끊긴 바뀜 바뀐 바꿈 차단 폐기 분실 고장 거부 금지 다른 타인 남의
    미확인 재확인 확인필요 확인요 확인중
    확인바람 맞는지 모름 구번호 전번호 예전 옛번호 이전번호 구폰 없음 wrong invalid disconnected old former
    """)
"""Words in what is said of a phone that leave it in doubt, with or without spaces."""
SAID_OF_PHONES: Final = _words("""
    오전 오후 저녁 아침 점심 새벽 낮 밤 평일 주말 주중 야간 이후 이전에 부터 시간 항상 언제 매일 월요일 토요일
    일요일 업무 근무
    통화 문자 전화 연락 카톡 가능 우선 순위 대표 주부 메인 개인 휴대 부재 급할 긴급 비상 선호 요망 주세요 바람 희망
    확인함 확인됨 확인완료 완료 결제 수납 출결 알림 청구 외국인 다문화 영어 중국어 일본어 한국어 베트남 몽골 러시아
    외조 친조 작은 큰 새엄마 새아빠 양육 위탁 동일 같음 공용 공통 맞벌이 쌍둥이 형제 자매 남매 신규 번호 폰
    main ok only call text
    """)
"""Parts of words that say nothing against a phone."""
PLACES: Final = frozenset(_words("집 자택 가정 댁 회사 직장 유선 home office work"))
"""Where a phone may be, of those words of headings that say that it is somebody else's."""

TITLES: Final = _words("학생 어린이 원생 원아 수강생 학우 회원 아동 유아 님")
"""What stands beside a student's name, with a space or in brackets."""
ATTACHED_TITLES: Final = ("학생", "어린이")
"""What may follow it without a space."""

STATES: Final = _words("재원 기존 신 휴 n v o ok")
"""What is said of students behind their names and says nothing more."""
REMARKS: Final = _words("""
    오전 오후 저녁 아침 새벽 점심 야간 평일 주말 주중 매일 매주 격주 종일 시간 타임 요일 방학 캠프 학기
    부터 까지 이후 시작 수학 영어 국어 과학 사회 논술 코딩 한자 독서 미술 피아노 바이올린 태권도 물리 화학 생물
    수업 특강 내신 수능 국영수 심화 기초 초급 중급 고급 선행 정규 특별 보강 개인 그룹 과외 레슨 온라인 비대면 대면
    레벨 시험 공부 학습
    신규 신입 등록 재등록 무료 체험 상담 문의 레벨테스트 레테 복귀 복원 복학 휴원 휴학 퇴원예정 편입 이동 반이동
    소개 추천 대기 재학 수강 유학 해외 장학 재수 삼수 반수 n수 외국인 다문화 한부모
    형제 자매 남매 쌍둥이 첫째 둘째 셋째 막내 할인 미납 완납 납부 결제 수납 계좌 이체 카드 현금 바우처 환불
    차량 도보 픽업 셔틀 자가 하원 등원 알레르기 주의 확인 필요 요망 예정 완료 희망 가능 불가 결석 지각 진행 준비 연락
    여행 입원 치료 출국 이사 병가 면접 예약 보류 고민 외출 조정 협의 임신 육아
    new trial sibling siblings twin twins student transfer online zoom
    """)
"""What is said of students behind their names, and stands in a memo else: when they come, what for, and the like."""
SIBLINGS: Final = _words(_SIBLINGS)
RELATIVES: Final = _words(f"{_RELATIVES} 모친 부친 맘 학부모 보호자 부모")
"""Who may be named after the student, as ``하나 엄마`` is."""

OWN_PEOPLE: Final = _words(_OWN_PEOPLE)
NO_NAMES: Final = _words("""
    번호 문자 전화 통화 연락 연결 착신 수신 발신 거부 금지 정지 해지 변경 고장 임시 주말 주중 평일 야간
    오전 오후 저녁 안받 안됨 안씀 안쓰 지인 이웃 친구 학원 회사 직장 방문 상담 사무 이전 부재 사용 없음 확인 반드시
    우선 급할 집전
    """)
"""What is said beside a phone, and begins like a family name."""

NOBODYS_NAMES: Final = _words("""
    테스트 테스터 학생테스트 시험 시험용 연습 연습용 임시 임시학생 가나다 가나다라 성명 이름 학생이름
    학생명 무명 텍스트 문자열
    test tester teststudent studenttest testuser dummy foo bar foobar asdf qwer qwerty abc abcd name
    johndoe janedoe sampleuser
    """)
"""What people type as a name to try something out; with a phone that is nobody's, too, it is an example."""
NOBODYS_FIRST_NAMES: Final = _words("테스트 아무개 모씨 oo ㅇㅇ xx")
"""Likewise, alone or behind a family name."""
