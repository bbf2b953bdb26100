"""What a failed job's message says: the words of the worker's own libraries, of its database, and of its readers."""

import re
from typing import Final

from checks.connection_words import connection_reason
from checks.database_words import database_fault
from checks.refusals import CLOCK
from checks.words import FAILS, GAP, NO_CONNECTION, Fault, meaning, table
from checks.workbook_words import workbook_fault

OUT_OF_MEMORY: Final = (
    rf"(?<!OutOf)MemoryError\b|signal 9\b|\bSIGKILL\b(?!{GAP}(timeout|time limit))|exit ?code:? (137|-9)\b"
    rf"|BrokenProcessPool|TerminatedWorkerError|WorkerLostError(?!{GAP}(signal (?!9\b)\d|exit ?code:? (?!-9|137)))"
    r"|\bErrno 12\b|terminated abruptly while the future|[Uu]nable to allocate [\d.]{1,9} \w?i?B|[Oo]ut of memory: Kill"
    r"|memory allocation of \d{1,20} bytes failed|\bruntime: out of memory"
    r"|[Cc]annot allocate memory|std::bad_alloc|\boom-kill:|Killed process \d|\bsignal: killed"
)
"""How a process that the kernel has killed, or that got no more memory, is complained of.

An OutOfMemoryError is a server's or a GPU's.
"""

LOCAL_PATH: Final = r"(No space left on device|Errno 28\b|Disk quota exceeded).{0,20}['\"]/[^'\"]"
"""A full disk of the worker: Python names the path at which it wrote."""

_OF_AWS: Final = r':? *"?https?://[^/"]*amazonaws\.com'
"""The worker's queue is asked in the same words as R2."""
NO_R2: Final = "r2-endpoint-unreachable"
_R2: Final = r"\.r2\.cloudflarestorage\.com"
_FOR_URL: Final = rf"\b(?! ?(m?s|sec\w{{0,4}}|[kmg]?i?b|bytes)\b)[^\n]{{0,60}}\burl\b[^\n]{{0,99}}{_R2}"
"""What stands behind a status that R2 has answered where no SDK asks it, but an HTTP client."""
_OPERATION: Final = (
    r"when calling the (Get|Head|List|Put|Copy|Delete|Create|Complete|Upload)(Object|Bucket|Part|Multipart)"
)
_STORAGE: Final = r"(저장소|스토리지|버킷|(?<![a-z])(R2|S3|storage|bucket)(?![a-z]))"
_NOT_THERE: Final = "(찾을 수 없|존재하지 않|없습니다)"
_OF_S3: Final = (
    r"(\bS3(Error: | error: | operation failed|: \w{3,5}Object)|during \w{3,5}Object\b|<Error><Code>|\.r2\.cloudflare)"
)
"""By what libraries other than boto show that it is S3 which they have asked."""
_CLOCK: Final = re.compile(CLOCK)
_NO_WAY: Final = (
    "Max retries|resolve|refused|timed out|timeout|reset by peer|SSL|CERTIFICATE|proxy|no such host|unreachable"
    r"|\bE(TIMEDOUT|NOTFOUND|CONN\w{5})\b"
)
"""Words for a connection that failed, where R2's host stands beside them."""


def _by_s3(said: str) -> str:
    """Return the pattern of what S3 has said to a library other than boto, which may show that before it or after."""
    return rf"{_OF_S3}{GAP}\b({said})\b|\b({said})\b{GAP}{_OF_S3}"


_MESSAGES: Final = table(
    (
        Fault("excel-object-missing"),
        r"NoSuchKey|\(404\) when calling the (Get|Head)Object|The specified key does not exist",
        rf"\b404{_FOR_URL}",
        rf"\b(file|object|key)\b[^\n]{{0,40}} (not found|does not exist) (in|on) [^\n]{{0,20}}{_STORAGE}",
        rf"(파일|객체)[^\n]{{0,20}}{_STORAGE}에(서|는)? ?{_NOT_THERE}",
        rf"{_STORAGE}에(서|는)? [^\n]{{0,20}}(파일|객체)[을를이가] ?{_NOT_THERE}",
    ),
    (
        Fault("r2-bucket-missing"),
        r"NoSuchBucket|\(404\) when calling the HeadBucket|The specified bucket does not exist",
        r"버킷[을를이가은는]? ?(\S{1,70} )?(찾을 수 없|존재하지 않)",
    ),
    (
        Fault("r2-credentials-rejected"),
        rf"InvalidAccessKeyId|SignatureDoesNotMatch|\((Unauthorized|401)\)|\b401{_FOR_URL}",
        _by_s3("Unauthorized|StatusCode: 401|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH"),
        rf"{_STORAGE}[^\n]{{0,12}}(인증|자격 ?증명|액세스 ?키|시크릿|비밀 ?키|서명)[^\n]{{0,12}}{FAILS}",
    ),
    # So R2 calls a key of the wrong length, as an AWS key is.
    (Fault("r2-credentials-rejected"), r"\(InvalidArgument\) when calling the (Get|Head)Object"),
    (
        Fault("r2-access-denied"),
        rf"\((AccessDenied|NotEntitled|Forbidden|403)\) {_OPERATION}|\b403{_FOR_URL}",
        _by_s3("AccessDenied|ACCESS_DENIED|NotEntitled|StatusCode: 403|403 Forbidden"),
        rf"{_STORAGE}[^\n]{{0,20}}(권한[이은]? ?(없|부족)|접근[이가을]? ?거부)",
    ),
    (
        Fault("r2-server-error"),
        (
            r"\((InternalError|ServiceUnavailable|SlowDown|TooManyRequests|BadGateway|GatewayTimeout|429|5\d\d)\) "
            rf"{_OPERATION}|\b(429|5\d\d){_FOR_URL}"
        ),
        _by_s3(r"SlowDown|SLOW_DOWN|InternalError|INTERNAL_FAILURE|StatusCode: 5\d\d|status(?: code)?:? 5\d\d"),
    ),
    (
        Fault("worker-env-missing"),
        rf"R2 settings missing|R2_\w{{1,40}}{GAP}(missing|not (set|configured|defined)|required|unset|empty)",
        rf"R2_\w{{1,40}}{GAP}(없|누락|않)",
        rf"(KeyError|missing|not set|set the|required|undefined){GAP}\bR2_(ENDPOINT|ACCESS|SECRET)",
    ),
    # What S3 says of another region or name, and botocore before it asks.
    (
        Fault("r2-env-malformed"),
        r"\((AuthorizationHeaderMalformed|PermanentRedirect|InvalidBucketName)\)|Invalid bucket name",
        rf"Invalid endpoint(?!{_OF_AWS})",
    ),
    (
        Fault("worker-dependency-missing"),
        r"No module named|\bImportError: |Missing optional dependency|cannot import name|cannot open shared object",
        r"(모듈|패키지)[을를이가]? ?(찾을 수 없|설치되)[가-힣 ]{0,12}[:(] ?'?[a-z_]{3}",
        r"(?<![a-z])[a-z_]{3,40}'? (모듈|패키지)[을를이가]? ?(찾을 수 없|설치되)",
    ),
    (Fault("worker-disk-full"), LOCAL_PATH),
    # Who kills what takes too long says so first.
    (Fault("job-failed"), rf"time ?(limit|-?out){GAP}(SIGKILL|signal 9\b|exit ?code:? (137|-9)\b)"),
    (Fault("worker-out-of-memory"), rf"{OUT_OF_MEMORY}|out of memory|메모리[가 ]{{0,2}}부족"),
    # One without permission is told that it may be missing or not.
    (Fault("queue-missing"), r"(NonExistentQueue|QueueDoesNotExist)(?![^\n]{0,200}access)"),
    (
        Fault(NO_R2),
        (
            r"(Could not connect to the endpoint URL|(Connect|Read) timeout on endpoint URL"
            rf"|a valid response from endpoint URL|SSL validation failed for)(?!{_OF_AWS})"
        ),
        r"AWS Error NETWORK_CONNECTION|ResponseStreamingError|botocore\S{0,20}\.IncompleteReadError",
        rf"{_STORAGE}{NO_CONNECTION}",
        rf"{_STORAGE}[^\n]{{0,12}}(응답|다운로드|요청)[이가은는]? ?(시간 ?초과|없)",
        rf"{_R2}{GAP}({_NO_WAY})|({_NO_WAY}){GAP}{_R2}|ProxyConnectionError|connect to proxy URL",
    ),
    # What the database refuses shows the row, with its phone number; the workbook is not at fault.
    (
        Fault("job-failed"),
        rf"IntegrityError|DataError|violates {GAP}constraint|duplicate key|UNIQUE constraint|value too long",
    ),
    flags=re.IGNORECASE | re.DOTALL,
)
"""The job's own words, most telling first; facts.md lists what operators meet in production."""


def fault_of_message(message: str) -> Fault | None:
    """Return the code that an error message proves, and its reason; the workbook's come last."""
    if _CLOCK.search(message):
        return Fault("worker-aws-credentials", "clock")
    proven = database_fault(message) or meaning(message, _MESSAGES)
    if proven == Fault(NO_R2):
        return Fault(NO_R2, connection_reason(message))
    return proven or workbook_fault(message)
