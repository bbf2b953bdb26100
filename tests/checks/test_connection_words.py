"""A connection of a worker's that does not come about: why, and towards whom."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks.connection_words import connection_reason
from checks.facts import Depth
from tests.checks import facts_factory as h
from tests.checks.scenarios import STARTED, waiting

SQS = "https://sqs.ap-northeast-2.amazonaws.com/"
R2 = "https://a.r2.cloudflarestorage.com/academy-excel/excel/t/x.xlsx"
UNTRUSTED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} (_ssl.c:1007)"
WORDS = {
    "untrusted": (
        UNTRUSTED.format("unable to get local issuer certificate"),
        UNTRUSTED.format("self-signed certificate in certificate chain"),
        UNTRUSTED.format("certificate has expired"),
        "[Errno 2] No such file or directory",
        "SSLError(SSLError(1, '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)'))",
    ),
    "clock": (UNTRUSTED.format("certificate is not yet valid"),),
    "tls": (
        UNTRUSTED.format("Hostname mismatch, certificate is not valid for 'sqs.ap-northeast-2.amazonaws.com'."),
        "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1007)",
        "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1007)",
        "EOF occurred in violation of protocol (_ssl.c:1129)",
    ),
}


REFUSED = "(Caused by ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden')))"


def polling(text: str, **host: Any) -> dict[str, Any]:
    line = h.line(text, 20)
    return waiting(logs=h.logs(h.container(errors=(line,), tail=(STARTED, line)), **host))


def test_tls_that_fails_towards_sqs_has_reasons_of_its_own(compared: Callable[[int], None]) -> None:
    for reason, words in WORDS.items():
        for text in words:
            verdict = h.verdict(
                h.case(**polling(f"botocore.exceptions.SSLError: SSL validation failed for {SQS} {text}"))
            )
            assert (verdict.cause, verdict.reason) == ("queue-not-consumed", reason), text
    compared(sum(map(len, WORDS.values())))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('ProxyConnectionError: Failed to connect to proxy URL: "http://10.0.0.9:3128"', "proxy"),
        (f"HTTPSConnectionPool(host='sqs.ap-northeast-2.amazonaws.com', port=443): {REFUSED}", "proxy"),
        (f"HTTPSConnectionPool(host='o1.ingest.sentry.io', port=443): {REFUSED}", None),
        (f"SSL validation failed for https://o1.ingest.sentry.io/ {WORDS['untrusted'][0]}", None),
    ],
)
def test_a_proxy_and_what_only_something_else_does_not_reach(text: str, reason: str | None) -> None:
    assert h.verdict(h.case(**polling(text))).reason == reason


def test_an_expired_certificate_is_the_clocks_where_that_is_wrong() -> None:
    text = f"SSL validation failed for {SQS} {UNTRUSTED.format('certificate has expired')}"
    verdict = h.verdict(h.case(**polling(text, clock_ahead_seconds=86400)))
    assert (verdict.cause, verdict.reason) == ("queue-not-consumed", "clock")


def test_a_worker_that_has_received_since_is_well() -> None:
    said = h.line(f"SSL validation failed for {SQS} {WORDS['untrusted'][0]}", 100)
    taken = h.line("SQS_MESSAGE_RECEIVED | job_id=x | tier=basic", 10)
    well = h.logs(h.container(errors=(said,), tail=(STARTED, said, taken)))
    assert h.verdict(h.case(**waiting(logs=well))).cause != "queue-not-consumed"


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ({"status": "restarting"}, "worker-crash-loop"),
        ({"restarts": 5, "started_at": h.ago(0)}, "worker-crash-loop"),
        ({"status": "exited"}, "worker-container-exited"),
    ],
)
def test_a_worker_that_ends_for_lack_of_a_connection_says_why(state: dict[str, Any], cause: str) -> None:
    for text, reason in ((WORDS["untrusted"][0], "untrusted"), ("Connect timeout on endpoint URL", "no-route")):
        line = h.line(f"SSLError: {SQS} {text}" if reason == "untrusted" else f'{text}: "{SQS}"', 400)
        ended = h.container(**state, exit_code=1, errors=(line,), tail=(STARTED, line))
        verdict = h.verdict(h.case(**waiting(logs=h.logs(ended))))
        assert (verdict.cause, verdict.reason) == (cause, reason)
    for text in (
        "ClientConnectorError: Cannot connect to host sqs.ap-northeast-2.amazonaws.com:443 [Connect call failed]",
        f"socket.gaierror: {SQS} [Errno -5] No address associated with hostname",
        "dial tcp: lookup sqs.ap-northeast-2.amazonaws.com on 10.0.0.2:53: no such host",
        "getaddrinfo ENOTFOUND sqs.ap-northeast-2.amazonaws.com",
    ):
        ended = h.container(**state, exit_code=1, tail=(STARTED, h.line(text, 400)))
        assert h.verdict(h.case(**waiting(logs=h.logs(ended)))).reason == "no-route", text
    plain = h.logs(h.container(**state, exit_code=1, tail=(STARTED,)))
    assert h.verdict(h.case(**waiting(logs=plain))).reason is None


def failed(message: str, **facts: Any) -> tuple[str | None, str | None]:
    verdict = h.verdict(h.case(document=h.job("FAILED", error_message=message), **facts))
    return verdict.cause, verdict.reason


def test_tls_that_fails_towards_r2_has_the_same_reasons(compared: Callable[[int], None]) -> None:
    for reason, words in WORDS.items():
        for text in words:
            assert failed(f"SSL validation failed for {R2} {text}") == ("r2-endpoint-unreachable", reason)
    compared(sum(map(len, WORDS.values())))


def test_a_key_of_its_own_does_not_explain_a_connection_that_failed_and_an_endpoint_does() -> None:
    message = f"SSL validation failed for {R2} {WORDS['untrusted'][0]}"
    key, endpoint = replace(h.SAME, access_key="different"), replace(h.SAME, endpoint="different")
    for own, cause in ((key, "r2-endpoint-unreachable"), (endpoint, "worker-r2-mismatch")):
        assert failed(message, logs=h.logs(h.container(environment=own)))[0] == cause


def test_the_command_that_looks_who_answers_has_its_address() -> None:
    for message, where in (
        (f"SSL validation failed for {R2} {WORDS['untrusted'][0]}", "curl -kSsv"),
        (f'Could not connect to the endpoint URL: "{R2}"', "describe-vpc-endpoints"),
    ):
        verdict = h.verdict(h.case(document=h.job("FAILED", error_message=message)))
        assert where in str(verdict.remedies[0].command)
        assert "<" not in str(verdict.remedies[0].command)
    for words in WORDS["untrusted"]:
        verdict = h.verdict(h.case(**polling(f"SSL validation failed for {SQS} {words}")))
        assert "https://sqs.ap-northeast-2.amazonaws.com" in str(verdict.remedies[0].command)


def test_only_the_workers_lack_a_way_to_r2_where_it_answers_this_machine() -> None:
    message = f'Could not connect to the endpoint URL: "{R2}"'
    assert failed(message) == ("r2-endpoint-unreachable", "no-route")
    assert failed('Failed to connect to proxy URL: "http://10.0.0.9:3128"') == ("r2-endpoint-unreachable", "proxy")
    gone = h.r2(reach=Unavailable("refused", "https://a.r2.cloudflarestorage.com"))
    assert failed(message, r2=gone) == ("r2-endpoint-unreachable", None)


@pytest.mark.parametrize(
    "words",
    [
        'connection to server at "db" (10.0.0.1), port 5432 failed: SSL error: certificate verify failed',
        "server does not support SSL, but SSL was required",
        'root certificate file "/home/worker/.postgresql/root.crt" does not exist',
        'FATAL:  no pg_hba.conf entry for host "10.0.1.7", user "worker", database "academy", no encryption',
        "(3159, 'Connections using insecure transport are prohibited while --require_secure_transport=ON.')",
    ],
)
def test_a_database_that_does_not_agree_on_tls_says_so(words: str) -> None:
    assert failed(words) == ("worker-database-down", "tls")


def test_what_ends_a_connection_in_mid_work_is_no_disagreement_on_tls() -> None:
    for words in ("SSL error: unexpected eof while reading", "SSL SYSCALL error: EOF detected"):
        assert failed(f"OperationalError: {words}") == ("worker-database-down", "unreachable")


def test_a_word_of_something_else_is_none() -> None:
    for text in ("polling", "the password has expired", "received 200 OK"):
        assert connection_reason(text) is None


GONE = "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the ReceiveMessage operation: The"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{GONE} specified queue does not exist for this wsdl version.", "account"),
        ("botocore.exceptions.NoRegionError: You must specify a region.", "region"),
        (
            "An error occurred (InvalidAddress) when calling the ReceiveMessage operation: The address is not valid",
            "region",
        ),
    ],
)
def test_a_worker_that_sqs_sends_away_asks_for_another_queue_than_the_apis(text: str, reason: str | None) -> None:
    verdict = h.verdict(h.case(**polling(text)))
    assert (verdict.cause, verdict.reason) == ("worker-queue-mismatch", reason)
    other = h.verdict(h.case(**polling(text, environment=replace(h.SAME, queue="different"))))
    assert (other.cause, other.reason) == ("worker-queue-mismatch", None)
    gone = h.verdict(h.case(**{**polling(text), "queue": h.queue(None)}))
    assert (gone.cause, "worker-queue-mismatch" in gone.symptoms) == ("queue-missing", False)


def test_a_queue_that_was_missing_and_has_been_created_since_is_the_workers_too() -> None:
    for text in (f"{GONE} specified queue does not exist.", "QueueDoesNotExist: The specified queue does not exist."):
        facts = polling(text)
        assert isinstance(facts["queue"].queue, Depth)
        for created, mismatched in ((2, False), (30, False), (900, True)):
            made = replace(facts["queue"].queue, created_at=h.ago(created))
            verdict = h.verdict(h.case(**facts | {"queue": replace(facts["queue"], queue=made)}))
            assert (verdict.cause == "worker-queue-mismatch") is mismatched, (text, created)
    facts = polling("botocore.exceptions.NoRegionError: You must specify a region.")
    made = replace(facts["queue"].queue, created_at=h.ago(2))
    verdict = h.verdict(h.case(**facts | {"queue": replace(facts["queue"], queue=made)}))
    assert (verdict.cause, verdict.reason) == ("worker-queue-mismatch", "region")


def test_an_image_for_another_processor_is_why_a_worker_ends() -> None:
    line = h.line("exec /usr/local/bin/python: exec format error", 5)
    looping = h.container(status="restarting", exit_code=1, tail=(line,))
    verdict = h.verdict(h.case(**waiting(logs=h.logs(looping))))
    assert (verdict.cause, verdict.reason) == ("worker-crash-loop", "architecture")


@pytest.mark.parametrize(
    ("message", "cause", "reason"),
    [
        (
            "An error occurred (AuthorizationHeaderMalformed) when calling the GetObject operation",
            "worker-r2-mismatch",
            None,
        ),
        ('Parameter validation failed: Invalid bucket name "academy excel"', "worker-r2-mismatch", None),
        (
            "An error occurred (RequestTimeTooSkewed) when calling the GetObject operation",
            "worker-aws-credentials",
            "clock",
        ),
        ("An error occurred (429) when calling the GetObject operation: Too Many Requests", "r2-server-error", None),
        (
            "(1041, 'Out of memory; check if mysqld or some other process uses all memory')",
            "worker-database-down",
            "full",
        ),
        ("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)", "worker-out-of-memory", None),
        ("Worker timeout after 600 s: SIGKILL sent", "job-failed", None),
        ("could not write block 12 of temporary file: No space left on device", "worker-database-down", "full"),
    ],
)
def test_more_words_of_r2_and_of_databases(message: str, cause: str, reason: str | None) -> None:
    assert failed(message) == (cause, reason)
