"""What an error of a call to the outside means: codes of AWS and R2, exceptions of botocore, httpx and the socket."""

from __future__ import annotations

import re
import socket
import ssl
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
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from academy_ops.diagnosis.records import Reason


class CredentialsError(BotoCoreError):
    """There are AWS credentials, and they can't be had.

    Attributes:
        why: ``mfa``, ``expired``, ``process``, ``config``, ``role`` or ``web-identity``; empty for anything else.
        method: Where the AWS SDK would have had them from, by its own word; empty where it did not come so far.
    """

    fmt = "{said}"

    def __init__(self, why: str, said: str, method: str = "") -> None:
        super().__init__(said=said)
        self.why = why
        self.method = method


AWS_ERRORS: Final = (BotoCoreError, ClientError, ResponseParserError)
"""What a boto3 call, and reading its answer, can raise; `sdk` makes an answer of another form a ResponseParserError."""

_REASONS: Final[dict[str, Reason]] = {
    "AccessDenied": "denied",
    "AccessDeniedException": "denied",
    "UnauthorizedOperation": "denied",
    "AuthorizationError": "denied",
    "Forbidden": "denied",
    "403": "denied",
    "InvalidClientTokenId": "credentials-invalid",
    "UnrecognizedClientException": "credentials-invalid",
    "InvalidAccessKeyId": "credentials-invalid",
    "AuthFailure": "credentials-invalid",
    "ExpiredToken": "credentials-invalid",
    "ExpiredTokenException": "credentials-invalid",
    "RequestExpired": "clock-skew",
    "ExpiredRequest": "clock-skew",
    "SignatureDoesNotMatch": "credentials-invalid",
    # The services that speak JSON.
    "InvalidSignatureException": "credentials-invalid",
    "IncompleteSignature": "credentials-invalid",
    "MissingAuthenticationToken": "credentials-missing",
    "RequestTimeTooSkewed": "clock-skew",
    "Throttling": "throttled",
    "ThrottlingException": "throttled",
    "TooManyRequestsException": "throttled",
    "ThrottledException": "throttled",
    "RequestLimitExceeded": "throttled",
    "RequestThrottled": "throttled",
    "RequestThrottledException": "throttled",
    "EC2ThrottledException": "throttled",
    "SlowDown": "throttled",
}
_SERVER_ERROR: Final = 500
_QUEUE_MISSING: Final = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
"""SQS's word in its query protocol, there behind ``AWS.SimpleQueueService.``, and in its JSON protocol."""
_OR_NO_ACCESS: Final = re.compile(r"access|permission|authorized", re.IGNORECASE)
"""With this in the message, SQS says no more than that it won't show the queue: one without permission can't know."""
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})


def error_code(error: Exception) -> str:
    """Return the code with which AWS or R2 refused a call; empty where there was no such answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def queue_missing(error: Exception) -> bool:
    """Return whether SQS says that there is no such queue, and not only that it won't tell."""
    code = error_code(error).rpartition(".")[2]
    return code in _QUEUE_MISSING and not _OR_NO_ACCESS.search(_message(error))


def why_invalid(error: Exception) -> str:
    """Return the word for why AWS credentials can't be used; empty where none is known."""
    if isinstance(error, CredentialsError):
        return error.why
    return "expired" if error_code(error) in EXPIRED else ""


def outcome_unknown(error: Exception) -> bool:
    """Return whether a call that failed so may have done all the same what it was sent for."""
    if isinstance(error, ClientError):
        return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR)
    # None of these has been sent.
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | ParamValidationError):
        return False
    return aws_reason(error) in {"timeout", "unreachable", "unexpected-answer"}


def _message(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) if isinstance(error, ClientError) else ""


def aws_reason(error: Exception) -> Reason:
    """Name the reason behind an AWS or R2 error."""
    if isinstance(error, ClientError):
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = _message(error)
        mismatch = code in {"SignatureDoesNotMatch", "InvalidSignatureException"}
        if mismatch and ("expired" in message or "not yet current" in message):
            return "clock-skew"
        if code.rpartition(".")[2] in _QUEUE_MISSING and not queue_missing(error):
            return "denied"
        fallback: Reason = "server-error" if status >= _SERVER_ERROR else "unexpected-answer"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            fallback = "throttled"
        return _REASONS.get(code, fallback)
    if isinstance(error, EndpointConnectionError):
        return _socket_reason(error.kwargs.get("error"))
    for kinds, reason in _BOTOCORE_REASONS:
        if isinstance(error, kinds):
            return reason
    return "unexpected-answer"


_BOTOCORE_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], Reason], ...]] = (
    ((NoCredentialsError, PartialCredentialsError, ProfileNotFound), "credentials-missing"),
    (
        (SSOError, TokenRetrievalError, CredentialRetrievalError, CredentialsError),
        "credentials-invalid",
    ),
    ((ConnectTimeoutError, ReadTimeoutError), "timeout"),
    ((SSLError,), "tls"),
    ((BotoConnectionError, HTTPClientError), "unreachable"),
)


def http_reason(error: Exception) -> Reason:
    """Name the reason why an HTTP request got no answer."""
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "not-configured"
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        # Something listens and answers, but not in HTTP.
        return "unexpected-answer"
    return _socket_reason(error)


def _socket_reason(error: BaseException | None) -> Reason:
    """Name what happened at the socket; libraries wrap its error, and the innermost one says it."""
    while error is not None:
        for kind, reason in _SOCKET_REASONS:
            if isinstance(error, kind):
                return reason
        error = error.__cause__ or error.__context__
    return "unreachable"


_SOCKET_REASONS: Final[tuple[tuple[type[BaseException], Reason], ...]] = (
    (ssl.SSLError, "tls"),
    (ConnectionRefusedError, "refused"),
    (ConnectionResetError, "refused"),
    (socket.gaierror, "dns"),
)
