"""Whose words a failed job's message is, where it speaks of the workbook: the readers', and what they say is wrong."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from checks.words import GAP, Fault, meaning, table

_COLUMN: Final = "(열|컬럼|칼럼|column)"
_SPACE: Final = r"\s{0,4}"
_PHONE: Final = "(전화|연락처|핸드폰|휴대폰|휴대전화|phone)"
_PARENT: Final = re.compile("부모|보호자|어머니|아버지|parent|guardian", re.IGNORECASE)
_PARENT_PHONE: Final = rf"(학부모|부모|보호자){_SPACE}(전화|핸드폰|휴대폰|연락처)(번호)?"
_STUDENT_PHONE: Final = re.compile(rf"(학생|본인|자녀|student)('?s)?(의)?[\s_-]{{0,3}}{_PHONE}", re.IGNORECASE)
_NOT_THERE: Final = "(비어|비었|빈 ?칸|공백|없|누락|입력|required|empty|missing|blank)"
_NAME: Final = (
    r"((학생|수강생|원생|행|줄|번)의?[\s:,]{0,2}이름|학생명|성명|성함|(?<![가-힣])(?<![가-힣] )이름"
    r"|(?<![\w-])student[\s_]?name|(?<![\w-])(?<!\w )name)(?![a-z])"
)
"""A student's; not a bucket's or a host's."""
_NO_OTHER: Final = r"(?<![가-힣\w)\"'])(?<![가-힣\w)\"'] )"
_UPLOADED: Final = r"(업로드\S{0,2}|첨부\S{0,2}|올[린리]\S?|원본|해당|명단|학생)"
"""What the school's file is called by, or nothing at all: a program has files of its own, too."""
_ROSTERS: Final = "(시트|명단|sheet|worksheet|roster)"
_OTHER_TYPE: Final = (
    r"(text/|application/(vnd\.ms-excel(?!\.sheet\.m)|pdf|x-?hwp|haansoft(hwp|xls(?!x)|cell|csv)|msword|vnd\.oasis))"
)
"""Of files that are no .xlsx file, whatever the computer makes of their names."""

_TYPE: Final = r"(MIME|media|content)[\s_-]?(type|타입|형식|유형)"
_NOT_FOUND: Final = r"\s?(was |is )?(없|찾|누락|missing|not found)"

_UNREADABLE: Final = "excel-unreadable"
_WORDS: Final = table(
    (
        Fault(_UNREADABLE, "other-format"),
        rf"{_TYPE}{GAP}{_OTHER_TYPE}",
        r"\.(xls|xlsb|ods|csv|hwp)(?![a-z])|BIFF|BOF record|Excel 97|OpenDocument|오픈도큐먼트",
        r"(예전|이전|구) ?(버전의? ?)?(엑셀 )?형식|엑셀 파일이 아니라",
        r"does not support (the old|file format|binary format)",
        r"file format cannot be determined|not a known type of workbook",
        r"no item named '?\[Content_Types\]|(no|not a) valid workbook part",
    ),
    (
        Fault(_UNREADABLE, "media-type"),
        rf"{_TYPE}{GAP}(allow|support|accept|invalid|허용|지원|올바르지)",
        rf"(allow|support|accept|invalid|허용|지원){GAP}{_TYPE}",
        r"application/(haansoft|vnd\.hancom)",
    ),
    (
        Fault(_UNREADABLE, "password"),
        r"(암호|비밀번호)[가로]? ?(걸|설정|보호|있)|암호화|\bDRM|문서 ?보안|보안 ?문서",
        "encrypted|decrypt|password[- ]?protected|(requires a|needs a) password|password (is )?required to open",
    ),
    (
        Fault(_UNREADABLE, "damaged"),
        r"No active sheet|At least one sheet must be visible|no item named ['\"]?/?xl/",
        # Where the reader finds no sheet, or what Excel itself does not write: Python's own words have no capitals.
        r"unexpected keyword argument '(?-i:[a-z]{1,30}[A-Z]\w{0,30})'",
        r"'NoneType' object has no attribute '(iter_rows|max_row|rows|cell|values|title)'|\bFill\(\) takes no",
        r"(expected|should be) <class '|must be aRGB|\b(Max|Min) value is \d|EntitiesForbidden",
        "could not read (stylesheet|worksheets|strings|properties)|Unable to read workbook|workbook source files",
        r"Value (must be (either|one of|a sequence|type)|does not match pattern)",
        r"BadZipFile: (?!File is not)|Bad (CRC|magic number)|while decompressing|Truncated file|zlib\.error",
        r"compression (type \d|method)|XMLSyntaxError",
        # Not of R2's answer.
        r"(?<!response \()(not well-formed|mismatched tag|no element found)",
        "(파일|엑셀)[이가은는]? ?(손상|깨[졌진])|corrupt",
    ),
    (Fault(_UNREADABLE, "reader"), r"엑셀을 읽는 프로그램의 오류|(CalamineError|XLRDError|InvalidFileException)\b"),
    (
        Fault("excel-ambiguous"),
        rf"{_ROSTERS}[이가은는을를]?\s?(여러|\d{{1,3}}|두|둘)\s?(개|장)?[가는]?\s?(이상|입니다|있|라서|이라|라)",
        rf"여러\s?개?의?\s?(학생 )?{_ROSTERS}|어느 (시트|명단)",
        rf"{_ROSTERS}[를을]?\s?(하나로 )?(정|특정|결정|선택|구분)할 수 없",
        "(multiple|several|more than one|two|ambiguous) ((candidate|roster|student) )?(work)?(sheet|roster)",
        "(sheet|roster)s? (is|are) (ambiguous|equally)",
    ),
    (
        Fault("excel-header-missing"),
        rf"(헤더|머리글|제목){_SPACE}(행|줄)?{_SPACE}(\([^)]{{0,100}}\))?[을를이가]?{_SPACE}(찾|없)",
        "no header|header row (was )?not found",
        rf"(이름|성명)['\"]?\s?(과|와|,|및){GAP}{_COLUMN}[이가은는을를]?{_NOT_FOUND}",
        rf"(이름|성명|\bname)['\"\s]{{0,3}}{_COLUMN}[이가은는을를]?{_NOT_FOUND}",
        rf"{_COLUMN}s?[이가은는]? ?(없|누락|missing).{{0,20}}(이름|성명|\bname\b)",
        r"column ['\"]?(name|이름)\b['\"]? (is |was )?(missing|not found)",
        r"시트[를가]?\s?(없|찾을 수 없|찾지 못|존재하지)|worksheet .{0,60}(does not exist|not found)",
    ),
    (
        Fault("excel-phone-column-missing"),
        rf"{_PARENT_PHONE}[^.\n]{{0,20}}?{_COLUMN}|parent[- _]?phone[- _]*column",
        rf"{_COLUMN}s?[이가은는]? ?(없|누락|missing){GAP}{_PARENT_PHONE}",
        rf"(전화번호|연락처|phone){_SPACE}{_COLUMN}[이가은는을를]?{_NOT_FOUND}",
    ),
    # Of what could not be sent to a phone.
    (Fault("job-failed"), r"(SMS|문자|알림톡|메시지)(에|를|을|의|가|이)? ?(발송|전송)|수신 ?거부"),
    (
        Fault("excel-phone-invalid"),
        rf"{_PHONE}{GAP}(\d{{1,9}}{_SPACE}(개|건|행|명|rows?\b)|failed|invalid|010)",
        rf"{_PHONE}{GAP}(형식|검증|유효하지|올바르지|자[리릿]|digits|\bvalid\b)",
        rf"(invalid|wrong|malformed|잘못된|올바르지 않은)[^\n]{{0,30}}{_PHONE}",
        rf"{_PHONE}.{{0,12}}{_NOT_THERE}",
    ),
    (Fault("excel-header-missing"), "header row"),
    (
        Fault("excel-no-students"),
        rf"학생{_SPACE}(행|데이터|정보)?[을를이가]?{_SPACE}(한 명도{_SPACE})?(없|존재하지|찾지 못|찾을 수 없)",
        "데이터 행이 없|no (valid )?student",
    ),
    (
        Fault("excel-names-invalid"),
        rf"{_NAME}.{{0,40}}({_NOT_THERE}|필수|글자|too long|at most|cannot be)",
        rf"{_NAME}.{{0,40}}(너무 ?(길|깁|긴)|자[를을]? ?(까지|이하|이내|넘)|초과|no more than|characters)",
        rf"{_NAME}.{{0,10}}(여러 ?명|학생의 가족으로 보이|일부가 가려|이름이 아닌)",
        r"(empty|missing|blank) (student )?name\b",
    ),
    (
        Fault("excel-too-large"),
        "(파일|엑셀|용량)[이가은는을를의]? ?((크기|용량)[가는이은]? ?)?(너무 ?(크|큽|커|큰)|초과|제한)",
        r"\d ?MB[를을]? ?(이하|까지|미만|초과|넘|제한)",
        "(시트|행|줄|셀|학생)[이가의]? ?(수[가는]? ?)?(행이 )?너무 ?많",
        r"\d ?(행|명|개|줄)[을를]? ?(까지.{0,10}(등록|올릴|업로드|가능)|초과|넘)",
        r"(file|workbook|upload|request (entity|body)|payload)\b.{0,30}\b(too (large|big)|exceed|over the limit)",
        "too many (rows|sheets|worksheets|students|cells|columns)|(row|student|sheet)s?.{0,20}(limit|maximum)",
        r"exceeds?.{0,30}(file size|row limit|\d ?MB|\d rows)|zip ?bomb",
    ),
    (
        Fault(_UNREADABLE),
        "not a zip file|BadZipFile|OLE2 compound document|not an? (valid )?(Excel|xlsx)|only \\.?xlsx",
        rf"({_NO_OTHER}|xlsx['\")]{{0,2}} ?|{_UPLOADED} ?)파일을? ?(열|읽을) 수 없|파일 ?확장자",
        "(엑셀|xlsx)( 파일)?( ?형식)?[이가]? 아닙|(엑셀|xlsx)( 파일)?만|엑셀( 파일)?을? ?(열|읽|파싱|해석)",
    ),
)
"""What says it, most telling first; facts.md lists what operators meet in production."""
_OF_ROWS: Final = frozenset({"excel-phone-invalid", "excel-names-invalid"})


def workbook_fault(message: str) -> Fault | None:
    """Return what a message says of the workbook: the code, and which of the reasons behind it."""
    fault = meaning(message, _WORDS)
    of_students = fault and fault.code == "excel-phone-invalid" and _STUDENT_PHONE.search(message)
    return Fault("excel-phone-invalid", "student") if of_students and not _PARENT.search(message) else fault


def fault_of_rows(errors: Iterable[str]) -> Fault | None:
    """Return what rejected rows have in common: one fault, or several of the school's, of which most rows have one."""
    counts = Counter(map(workbook_fault, errors))
    if len(counts) == 1:
        return next(iter(counts))
    codes = Counter[str]()
    for fault, count in counts.items():
        if fault is None or fault.code not in _OF_ROWS:
            return None
        codes[fault.code] += count
    return Fault(codes.most_common(1)[0][0], "mixed") if codes else None
