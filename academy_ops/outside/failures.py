"""What an error of a call to the outside means: codes of AWS and R2, exceptions of botocore, httpx and the socket."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import httpx
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from academy_ops.diagnosis.records import Reason
from academy_ops.outside.first_bytes import is_foreign


class CredentialsError(BotoCoreError):
    """There are AWS credentials, and they can't be had.

    Attributes:
        why: A stable word, such as ``mfa`` or ``expired``; empty where none fits.
        method: Where the AWS SDK would have had them from, by its own word; empty where it did not come so far.
    """

    fmt = "{said}"

    def __init__(self, why: str, said: str, method: str = "") -> None:
        super().__init__(said=said)
        self.why = why
        self.method = method


class ThroughProxyError(HTTPClientError):
    """A call failed on its way through this machine's proxy.

    Attributes:
        variable: The environment variable that names the proxy.
    """

    def __init__(self, variable: str, error: Exception) -> None:
        super().__init__(error=error)
        self.variable = variable


class TrustStoreError(BotoCoreError):
    """A file of certificates is none, or not one of those that are needed.

    Attributes:
        variable: The setting that names it.
    """

    fmt = "{said}"

    def __init__(self, variable: str, said: str) -> None:
        super().__init__(said=said)
        self.variable = variable


class ForeignAnswerError(BotoCoreError):
    """Somebody else than S3 has answered.

    Attributes:
        body: The beginning of the body.
    """

    fmt = "HTTP {status}, and not in S3's XML"

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status=status)
        self.status = status
        self.headers = headers
        self.body = body


class CutOffError(httpx.RemoteProtocolError):
    """An answer broke off in its body."""


AWS_ERRORS: Final = (BotoCoreError, ClientError, ResponseParserError)
"""What a boto3 call, and reading its answer, can raise; `sdk` makes an answer of another form a ResponseParserError."""

_CODES: Final[dict[Reason, tuple[str, ...]]] = {
    "denied": ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "Forbidden", "403"),
    "credentials-invalid": (
        *("InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId", "AuthFailure", "ExpiredToken"),
        *("TokenRefreshRequired", "InvalidToken", "SignatureDoesNotMatch", "InvalidSignature", "IncompleteSignature"),
        *("OptInRequired", "RegionDisabled", "Blocked", "PendingVerification"),
    ),
    "credentials-missing": ("MissingAuthenticationToken",),
    "clock-skew": ("RequestExpired", "ExpiredRequest", "RequestTimeTooSkewed", "RequestInTheFuture"),
    "timeout": ("RequestTimeout",),
    "throttled": (
        *("Throttling", "Throttled", "TooManyRequests", "RequestLimitExceeded", "RequestThrottled", "EC2Throttled"),
        *("SlowDown", "TooMuchConcurrency", "PriorRequestNotComplete", "BandwidthLimitExceeded"),
        "ProvisionedThroughputExceeded",
    ),
}
"""By AWS's and R2's words, as `plain_code` returns them."""
_REASONS: Final[dict[str, Reason]] = {code: reason for reason, codes in _CODES.items() for code in codes}
_SERVER_ERROR: Final = 500
_QUEUE_MISSING: Final = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
"""SQS's word in its query protocol, there behind ``AWS.SimpleQueueService.``, and in its JSON protocol."""
_OF_CLOCK: Final = re.compile(r"expired|not yet current|Date in Credential")
_OR_NO_ACCESS: Final = re.compile(r"access|permission|authorized", re.IGNORECASE)
"""With this in the message, SQS says no more than that it won't show the queue: one without permission can't know."""
_WHY_INVALID: Final = {
    **dict.fromkeys(("OptInRequired", "Blocked", "PendingVerification"), "account"),
    **dict.fromkeys(("ExpiredToken", "TokenRefreshRequired"), "expired"),
    "RegionDisabled": "not-enabled",
}


def error_code(error: Exception) -> str:
    """Return the code with which AWS or R2 refused a call; empty where there was no such answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def plain_code(error: Exception) -> str:
    """Return the code of an error as all of AWS's protocols have it.

    The query protocol puts a service's name before it (``KMS.AccessDenied``), that of JSON ``Exception`` behind it.
    """
    return error_code(error).rpartition(".")[2].removesuffix("Exception")


def queue_missing(error: Exception) -> bool:
    """Return whether SQS says that there is no such queue, and not only that it won't tell."""
    return plain_code(error) in _QUEUE_MISSING and not _OR_NO_ACCESS.search(_message(error))


def why_invalid(error: Exception) -> str:
    """Return the word for why AWS credentials can't be used; empty where none is known."""
    if isinstance(error, CredentialsError):
        return error.why
    return _WHY_INVALID.get(plain_code(error), "")


def outcome_unknown(error: Exception) -> bool:
    """Return whether a call that failed so may have done all the same what it was sent for."""
    if isinstance(error, ClientError):
        return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR)
    if isinstance(error, ThroughProxyError):
        behind = error.kwargs["error"]
        return isinstance(behind, BotoCoreError) and outcome_unknown(behind)
    # None of these has been sent.
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | ProxyConnectionError | ParamValidationError):
        return False
    return aws_reason(error) in {"timeout", "unreachable", "unexpected-answer"}


def _message(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) if isinstance(error, ClientError) else ""


def aws_reason(error: Exception) -> Reason:
    """Name the reason behind an AWS or R2 error."""
    if isinstance(error, ClientError):
        code = plain_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in {"SignatureDoesNotMatch", "InvalidSignature"} and _OF_CLOCK.search(_message(error)):
            return "clock-skew"
        if code in _QUEUE_MISSING and not queue_missing(error):
            return "denied"
        fallback: Reason = "server-error" if status >= _SERVER_ERROR else "unexpected-answer"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            fallback = "throttled"
        return _REASONS.get(code, fallback)
    if isinstance(error, EndpointConnectionError):
        return _socket_reason(error.kwargs.get("error"))[0]
    for kinds, reason in _BOTOCORE_REASONS:
        if isinstance(error, kinds):
            return reason
    return "unexpected-answer"


_BOTOCORE_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], Reason], ...]] = (
    ((ThroughProxyError,), "proxy"),
    ((TrustStoreError,), "trust-store"),
    ((NoCredentialsError, PartialCredentialsError, ProfileNotFound), "credentials-missing"),
    ((SSOError, TokenRetrievalError, CredentialRetrievalError, CredentialsError), "credentials-invalid"),
    ((ConnectTimeoutError, ReadTimeoutError), "timeout"),
    ((SSLError,), "tls"),
    ((BotoConnectionError, HTTPClientError), "unreachable"),
)


def http_reason(error: Exception, heard: bytes | bytearray = b"") -> tuple[Reason, str]:
    """Name the reason why an HTTP request got no answer, and the word for what is behind it, where that is known.

    The first bytes that were ``heard`` tell a server of something else from one that is silent.
    """
    if is_foreign(heard):
        return "unexpected-answer", "not-http"
    if isinstance(error, httpx.RemoteProtocolError) and not isinstance(error, CutOffError):
        # Where h11 has complained, the head was whole, and not in HTTP.
        spoke = any(type(link).__module__.startswith("h11") for link in _links(error))
        return "unexpected-answer", "not-http" if spoke else "cut-off" if heard else "closed"
    known = next((named for kinds, named in _HTTPX_REASONS if isinstance(error, kinds)), None)
    return known or _socket_reason(error)


_HTTPX_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], tuple[Reason, str]], ...]] = (
    ((httpx.TimeoutException,), ("timeout", "")),
    # A name that can't be written as DNS wants it.
    ((httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError), ("not-configured", "")),
    ((httpx.DecodingError,), ("unexpected-answer", "encoding")),
    ((CutOffError,), ("unexpected-answer", "cut-off")),
)


def issuer_unknown(error: BaseException) -> bool:
    """Return whether a certificate was refused because nobody whom this machine trusts has signed it."""
    return any(isinstance(link, ssl.SSLError) and _tls_why(link) == "issuer" for link in _links(error))


def _socket_reason(error: BaseException | None) -> tuple[Reason, str]:
    """Name what happened at the socket, and the word for what is behind it."""
    return next(filter(None, map(_of_socket, _links(error))), ("unreachable", ""))


def _of_socket(error: BaseException) -> tuple[Reason, str] | None:
    match error:
        case ssl.SSLError():
            return "tls", _tls_why(error)
        case ConnectionRefusedError():
            return "refused", ""
        case ConnectionResetError():
            return "refused", "reset"
        case socket.gaierror():
            return "dns", ""
        case OSError(errno=errno.ENETUNREACH):
            return "unreachable", "no-route"
    return None


def _tls_why(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return next((why for why, codes in _VERIFY_CODES.items() if error.verify_code in codes), "")
    return "no-tls" if error.reason in _NO_TLS else ""


_VERIFY_CODES: Final[Mapping[str, frozenset[int]]] = {
    "expired": frozenset({10}),
    "not-yet": frozenset({9}),
    "name": frozenset({62, 64}),
    "issuer": frozenset({2, 18, 19, 20, 21}),
}
"""OpenSSL's, as in X509_verify_cert_error_string(3)."""
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"})
"""OpenSSL's words for an answer that is no TLS."""


def _links(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what is behind it: libraries wrap the socket's, and the innermost one says it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
