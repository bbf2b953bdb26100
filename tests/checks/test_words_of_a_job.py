"""What a failed job's own words prove, as production and its libraries write them."""

import pytest

from tests.checks import facts_factory as h
from tests.words import code_of_message

SQS = "https://sqs.ap-northeast-2.amazonaws.com/"
R2 = "https://account.r2.cloudflarestorage.com/academy-excel/x"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("헤더 행을 찾을 수 없습니다. 이름, 학부모전화번호 열이 있는지 확인하세요.", "excel-header-missing"),
        ("헤더 행(이름, 학부모전화번호)을 찾을 수 없습니다.", "excel-header-missing"),
        ("'학부모전화번호' 열이 없습니다.", "excel-phone-column-missing"),
        ("필수 열이 없습니다: 학부모전화번호", "excel-phone-column-missing"),
        ("보호자 연락처 열을 찾을 수 없습니다", "excel-phone-column-missing"),
        ("parent phone column not found in header row", "excel-phone-column-missing"),
        ("전화번호 자릿수가 맞지 않습니다", "excel-phone-invalid"),
        ("학생 데이터가 존재하지 않습니다", "excel-no-students"),
        ("엑셀에 학생이 한 명도 없습니다", "excel-no-students"),
        ("비밀번호가 걸린 파일입니다", "excel-unreadable"),
        ("server closed the connection unexpectedly", "worker-database-down"),
        ('could not translate host name "db" to address', "worker-database-down"),
        (f'Connect timeout on endpoint URL: "{R2}"', "r2-endpoint-unreachable"),
        (f"SSL validation failed for {R2} [SSL: CERTIFICATE_VERIFY_FAILED] self-signed", "r2-endpoint-unreachable"),
        (
            f'Connection was closed before we received a valid response from endpoint URL: "{R2}"',
            "r2-endpoint-unreachable",
        ),
        (
            "HTTPSConnectionPool(host='a.r2.cloudflarestorage.com', port=443): Max retries exceeded with url: /x",
            "r2-endpoint-unreachable",
        ),
        ("Failed to resolve 'a.r2.cloudflarestorage.com' ([Errno -2] Name unknown)", "r2-endpoint-unreachable"),
        ("An error occurred (502) when calling the GetObject operation: Bad Gateway", "r2-server-error"),
        ("An error occurred (InternalError) when calling the ListObjectsV2 operation: We", "r2-server-error"),
        (
            "(InvalidArgument) when calling the GetObject operation: Credential access key has length 20, should be 32",
            "r2-credentials-rejected",
        ),
        ("An error occurred (NotEntitled) when calling the GetObject operation: Please enable R2", "r2-access-denied"),
        ("S3Error: S3 operation failed; code: AccessDenied, message: Access denied.", "r2-access-denied"),
        ("operation error S3: GetObject, https response error StatusCode: 403, RequestID: x", "r2-access-denied"),
        ("operation error S3: GetObject, https response error StatusCode: 401", "r2-credentials-rejected"),
        ("1 validation error for Settings\nR2_SECRET_KEY\n  Field required [type=missing]", "worker-env-missing"),
        ("TypeError: __init__() got an unexpected keyword argument 'extLst'", "excel-unreadable"),
    ],
)
def test_a_message_proves_its_code(message: str, code: str) -> None:
    assert code_of_message(message) == code


@pytest.mark.parametrize(
    "message",
    [
        f'Could not connect to the endpoint URL: "{SQS}"',
        f"SSL validation failed for {SQS} [SSL: CERTIFICATE_VERIFY_FAILED]",
        f'Connection was closed before we received a valid response from endpoint URL: "{SQS}"',
        "초기 비밀번호가 너무 짧습니다",
        "TypeError: parse() got an unexpected keyword argument 'max_rows'",
        "operation error SQS: ReceiveMessage, https response error StatusCode: 403",
        "Signature expired",
        'column "학년" does not exist',
    ],
)
def test_a_message_of_something_else_proves_no_fault_of_r2_or_of_the_workbook(message: str) -> None:
    assert code_of_message(message) is None


@pytest.mark.parametrize(
    "message",
    [
        'duplicate key value violates unique constraint "u" DETAIL: Key (parent_phone)=(01012345678) already exists.',
        "DataError: value too long for type character varying(11): phone 01012345678",
        "SMS 발송 실패: 전화번호 010-1234-5678 수신 거부",
        "알림톡 전송에 실패했습니다 (전화번호 3건)",
    ],
)
def test_what_is_done_with_a_phone_number_later_says_nothing_of_its_form(message: str) -> None:
    assert h.verdict(h.case(document=h.job("FAILED", error_message=message))).cause == "job-failed"


def test_rows_that_share_their_fault_tell_more_than_a_general_message() -> None:
    rows = [{"row": number, "error": "전화번호 형식 오류"} for number in (3, 4)]
    document = h.job("FAILED", error_message="일부 행에 오류", result={"created": 0, "total": 2, "failed": rows})
    assert h.verdict(h.case(document=document)).cause == "excel-phone-invalid"


PHONE = "전화번호 형식 오류"


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        ({"created": 0, "total": 1, "failed": {"row": 3, "name": "x", "error": PHONE}}, "excel-phone-invalid"),
        ({"created": 0, "total": 2, "failed": {"3": PHONE, "4": [PHONE]}}, "excel-phone-invalid"),
        (
            {"created": 0, "total": 1, "failed": {"count": 1, "rows": [{"row": 3, "error": PHONE}]}},
            "excel-phone-invalid",
        ),
        ({"created": 0, "total": 1, "failed": [{"row": 3, "status": "failed", "error": PHONE}]}, "excel-phone-invalid"),
        ({"created": 0, "total": 1, "failed": [{"row": 3, "error": {"phone": [PHONE]}}]}, "excel-phone-invalid"),
        ({"created": "0", "total": "2", "failed": "2"}, "job-failed"),
        ({"status": "failed", "error": "헤더 행을 찾을 수 없습니다"}, "excel-header-missing"),
        ({"created": 3, "total": 3, "failed": {}}, None),
        ({"created": 3, "total": 3, "failed": {"count": 0, "rows": []}}, None),
        ({"created": 3, "total": 3, "failed": None, "error": None}, None),
        ({"created": 3, "total": 4, "failed": {"3": PHONE}}, None),
    ],
)
def test_rejected_rows_are_counted_however_they_are_written(result: dict[str, object], cause: str | None) -> None:
    assert h.verdict(h.case(document=h.job("DONE", age=600, result=result))).cause == cause
