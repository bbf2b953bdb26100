"""What a message says of the workbook, as production, its readers and the bundled worker write it; its rows, quoted."""

from collections.abc import Callable

from academy_ops.diagnosis.command import posix
from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.redact import MASK
from checks.facts import Case, JobDocument
from checks.host_facts import LogLine
from checks.job_words import fault_of_message
from tests.checks import facts_factory as h

SAID: dict[tuple[str, str | None], tuple[str, ...]] = {
    ("excel-unreadable", "other-format"): (
        "openpyxl does not support the old .xls file format, please use xlrd to read this file",
        "openpyxl does not support file format, please check you can open it with Excel first",
        "File contains no valid workbook part",
        "\"There is no item named '[Content_Types].xml' in the archive\"",
        "Excel file format cannot be determined, you must specify an engine manually.",
        "Unsupported format, or corrupt file: Expected BOF record; found b'PK'",
        "MIME type not allowed: text/csv",
        "MIME type not allowed: application/vnd.ms-excel",
        "엑셀 파일을 열 수 없습니다: 예전 형식(.xls)입니다. 엑셀에서 .xlsx 형식으로 다시 저장해 주세요.",
        "엑셀 파일을 열 수 없습니다: 엑셀 파일이 아니라 PDF 파일입니다. 엑셀에서 .xlsx 형식으로 다시 저장해 주세요.",
        "엑셀 파일을 열 수 없습니다: 오픈도큐먼트(.ods) 형식입니다. .xlsx 형식으로 다시 저장해 주세요.",
    ),
    ("excel-unreadable", "media-type"): (
        "MIME type not allowed: application/haansoftxlsx",
        "허용되지 않는 MIME 타입입니다: application/haansoftxlsx",
        "허용되지 않는 파일 형식입니다 (application/haansoftxlsx)",
        "파일의 MIME 타입이 올바르지 않습니다: application/octet-stream",
        'Unsupported media type "application/octet-stream" in request.',
    ),
    ("excel-unreadable", "password"): (
        "엑셀 파일을 열 수 없습니다: 암호가 걸려 있습니다. 엑셀에서 암호를 해제하고 다시 저장해 주세요.",
        "Workbook is encrypted",
        "password required to open workbook",
        "문서보안(DRM)이 적용된 파일입니다",
        "The file is password-protected",
    ),
    ("excel-unreadable", "damaged"): (
        "No active sheet",
        "There is no item named 'xl/sharedStrings.xml' in the archive",
        "TypeError: expected <class 'int'>",
        "AttributeError: 'NoneType' object has no attribute 'iter_rows'",
        "TypeError: <class 'openpyxl.styles.named_styles._NamedCellStyle'>.name should be <class 'str'>",
        "ValueError: Unable to read workbook: could not read worksheets from /tmp/upload.xlsx.",
        "Bad CRC-32 for file 'xl/worksheets/sheet1.xml'",
        "Error -3 while decompressing data: invalid block type",
        "not well-formed (invalid token): line 1, column 5",
        "could not read stylesheet from None",
        "Colors must be aRGB hex values",
        "파일이 손상되었습니다",
    ),
    ("excel-unreadable", "reader"): ("엑셀을 읽는 프로그램의 오류입니다: KeyError",),
    ("excel-unreadable", None): (
        "엑셀 파일을 열 수 없습니다 (File is not a zip file). 암호 없는 .xlsx 파일로 저장해 주세요.",
        "Can't find workbook in OLE2 compound document",
        "Invalid file type. Only .xlsx files are allowed",
        "엑셀 파일이 아닙니다",
    ),
    ("excel-too-large", None): (
        "파일은 10MB 이하여야 합니다.",
        "파일 크기가 10MB를 초과했습니다",
        "파일 용량이 너무 큽니다.",
        "File too large (12.3 MB, limit 10 MB)",
        "엑셀 파일이 너무 커서 읽을 수 없습니다. 빈 셀 서식과 먼 셀을 지우고 학생 행만 남겨 주세요.",
        "시트가 너무 많습니다 (200개까지). 학생 명단 시트만 남겨 주세요.",
        "학생 행이 너무 많습니다. 한 파일에 100,000명까지 등록할 수 있습니다.",
        "최대 5000행까지 등록할 수 있습니다",
        "too many rows: 120000",
    ),
    ("excel-ambiguous", None): (
        "명단으로 보이는 시트가 여러 개입니다: 중1, 중2",
        "명단으로 보이는 시트가 2개입니다",
        "학생 명단 시트를 하나로 특정할 수 없습니다",
        "Multiple sheets look like rosters: A, B",
        "학생 명단으로 보이는 시트가 여러 개라서 어느 것을 등록할지 정할 수 없습니다: '2025', '2026'.",
    ),
    ("excel-header-missing", None): (
        "'Worksheet 학생목록 does not exist.'",
        "'학생목록' 시트를 찾을 수 없습니다",
        "'이름' 열이 없습니다",
        "필수 열 누락: 이름, 학부모전화번호",
    ),
    ("excel-names-invalid", None): (
        "이름이 비어 있습니다.",
        "이름에 글자가 없습니다.",
        "이름 칸에 여러 명이 있습니다. 한 행에 한 명씩 적어 주세요.",
        "이름 칸에 학생의 가족으로 보이는 사람이 있습니다. 학생의 이름을 적어 주세요.",
        "이름의 일부가 가려져 있습니다. 학생의 이름을 모두 적어 주세요.",
        "이름 칸에 이름이 아닌 것이 있습니다. 학생의 이름만 적어 주세요.",
        "이름이 너무 깁니다 (50자까지).",
        "학생 이름이 50자를 초과했습니다",
        "이름 없음",
        "이름 길이가 50자를 넘습니다",
        "Missing name in row 7",
        '{"name": ["This field may not be blank."]}',
        "Student name must not be empty",
    ),
    ("excel-phone-invalid", "student"): (
        "학생 전화번호 형식이 올바르지 않습니다",
        "학생전화번호는 010으로 시작하는 11자리여야 합니다.",
        "student_phone: invalid",
    ),
    ("excel-phone-invalid", None): (
        "학부모 전화번호는 010으로 시작하는 11자리여야 합니다.",
        "학부모 전화번호 형식이 올바르지 않습니다(학생 전화번호는 선택)",
        "보호자 연락처가 비어 있습니다",
        "parent phone must be 10-11 digits",
    ),
    ("excel-no-students", None): (
        "'학생목록' 시트에 학생이 없습니다",
        "등록할 학생 행이 없습니다. 열 이름 아래에 학생을 입력해 주세요.",
    ),
    ("worker-dependency-missing", None): (
        "엑셀을 읽는 프로그램의 오류입니다: ModuleNotFoundError: No module named 'python_calamine'",
    ),
}
OF_SOMETHING_ELSE = (
    "버킷 이름이 비어 있습니다",
    "bucket name is required",
    "큐 이름이 없습니다",
    "NameError: name 'parse' is not defined",
    "ResponseParserError: Unable to parse response (not well-formed (invalid token): line 1, column 0)",
    "One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.",
    "too many requests",
    "요청이 너무 많습니다",
    "초기 비밀번호가 너무 짧습니다",
    "학년은 숫자여야 합니다",
    "timed out reading the sheet",
    "파일을 찾을 수 없습니다",
    "시트 이름이 너무 깁니다",
    "이미 등록된 학생입니다 (이름, 학부모 전화번호 중복)",
    "list index out of range",
)


def test_each_message_names_its_code_and_reason(compared: Callable[[int], None]) -> None:
    result = {message: fault_of_message(message) for messages in SAID.values() for message in messages}
    assert result == {message: fault for fault, messages in SAID.items() for message in messages}
    compared(len(result))


def test_what_looks_alike_says_nothing_of_the_workbook(compared: Callable[[int], None]) -> None:
    assert {message: fault_of_message(message) for message in OF_SOMETHING_ELSE} == dict.fromkeys(OF_SOMETHING_ELSE)
    compared(len(OF_SOMETHING_ELSE))


def done(*errors: str, value: object = None) -> JobDocument:
    rows = [
        {"row": n, "sheet": "중1", "name": "x", "error": error, "value": value} for n, error in enumerate(errors, 3)
    ]
    return h.job("DONE", result={"created": 0, "total": len(rows), "failed": rows, "rejected": 12})


def test_rows_of_several_faults_are_the_school_s_by_what_most_of_them_have() -> None:
    phone, name, other = "학부모 전화번호 형식 오류", "이름이 비어 있습니다.", "학년은 숫자여야 합니다"
    student = "학생 전화번호 형식 오류"
    result = {
        errors: (verdict.cause, verdict.reason)
        for errors in (
            (phone, name, phone),
            (phone, name, name),
            (phone, student),
            (name, name),
            (phone, other),
            (other,),
        )
        for verdict in (h.verdict(h.case(document=done(*errors))),)
    }
    assert result == {
        (phone, name, phone): ("excel-phone-invalid", "mixed"),
        (phone, name, name): ("excel-names-invalid", "mixed"),
        (phone, student): ("excel-phone-invalid", "mixed"),
        (name, name): ("excel-names-invalid", None),
        (phone, other): ("job-failed", "rows"),
        (other,): ("job-failed", "rows"),
    }
    verdicts = {errors: h.verdict(h.case(document=done(*errors))) for errors in result}
    assert {errors: (verdict.cause, verdict.reason) for errors, verdict in verdicts.items()} == result


def test_five_rows_are_quoted_with_sheet_row_and_value_and_no_phone_is() -> None:
    document = done(*("전화번호 형식 오류: 010-1234-5678",) * 7, value="0101234567")
    (finding,) = [one for one in h.findings(h.case(document=document)) if one.check == "job"]
    rows = finding.evidence["rows"]
    assert rows == [
        {"sheet": "중1", "row": row, "value": "010*****67", "error": "전화번호 형식 오류: 010-****-**78"}
        for row in range(3, 8)
    ]
    assert finding.evidence["failed_rows"] == 12


def test_the_jobs_own_file_is_what_to_look_at_where_it_can_be_had(compared: Callable[[int], None]) -> None:
    refused, key = "헤더 행을 찾지 못했습니다", "excel/haneul/a.xlsx"
    failed = h.job("FAILED", error_message=refused)
    named = h.job("FAILED", error_message=refused, file_key=key)
    line = f"EXCEL_PARSING processed_by=worker job_id={h.JOB_ID} file_key={key}"
    by_log = h.logs(h.container(of_job=(LogLine(h.ago(100), line),)))
    of_another = h.logs(h.container(tail=(LogLine(h.ago(100), line.replace(h.JOB_ID, "another")),)))
    denied = h.r2(reach=Unavailable("denied", "s3:ListBucket"), error_code="AccessDenied")
    stored, on_disk = f"academy-ops check excel --job {h.JOB_ID}", "academy-ops check excel FILE.xlsx"
    cases: list[tuple[Case, str]] = [
        (h.case(document=named), stored),
        (h.case(document=failed, logs=by_log), stored),
        (h.case(document=failed), on_disk),
        (h.case(document=failed, logs=of_another), on_disk),
        (h.case(document=named, r2=denied), on_disk),
        (h.case(document=h.job("FAILED", error_message=refused, file_key=f"excel/{MASK}/a.xlsx")), on_disk),
    ]
    for case, command in cases:
        (finding,) = [one for one in h.findings(case) if one.cause == "excel-header-missing"]
        assert posix(finding.remedies[0].steps) == command
    compared(len(cases))
