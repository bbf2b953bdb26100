"""R2 settings that can't be right, refusals that each have one reason, and look-alikes that are well."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.settings import Setting, load
from checks import r2
from checks.facts import AccessFacts, R2Facts
from checks.r2_settings import jurisdictions, setting_state
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import EMPTY_BUCKET, R2_KEYS, S3_ERROR, empty_case, target
from tests.wire import Handler, respond, server

ACCOUNT = "0123456789abcdef0123456789abcdef"
R2 = f"https://{ACCOUNT}.r2.cloudflarestorage.com"
EU = f"https://{ACCOUNT}.eu.r2.cloudflarestorage.com"

MALFORMED: dict[str, dict[str, tuple[str, ...]]] = {
    "R2_EXCEL_BUCKET": {
        "not-a-bucket": (
            *("academy-excel/", "s3://academy-excel", "Academy-Excel", "academy_excel", "ex", "-excel", "a" * 64),
            *("academy-excel/excel", "excel;", R2),
        ),
        "unexpanded": ("${R2_BUCKET}", "$R2_BUCKET", "{{ bucket }}", "$(bucket)", "%R2_BUCKET%", "{bucket}"),
        "lone-quote": ("'academy-excel", 'academy-excel"', "'", "\u201cexcel"),
        "quoted": ("'academy-excel'", "\u201cacademy-excel\u201d", "\u2018excel\u2019"),
        "spaces": ("academy excel", "academy-excel\n"),
        "placeholder": ("undefined", "null"),
    },
    "R2_ENDPOINT": {
        "unexpanded": ("https://{account_id}.r2.cloudflarestorage.com", "https://${ACCOUNT}.r2.cloudflarestorage.com"),
        "bucket-in-host": (
            f"https://academy-excel.{ACCOUNT}.r2.cloudflarestorage.com",
            f"https://academy-excel.{ACCOUNT}.eu.r2.cloudflarestorage.com",
        ),
        "not-a-host": (f"{R2};", "https://minio_server:9000", "https://a..b", "https://-a.kr", f"{R2},"),
        "not-r2": (
            *("https://s3.amazonaws.com", "https://s3.ap-northeast-2.amazonaws.com", "https://pub-0a1b.r2.dev"),
            "https://dash.cloudflare.com",
        ),
        "not-an-account": (
            *("https://r2.cloudflarestorage.com", "https://academy.r2.cloudflarestorage.com"),
            *("https://eu.r2.cloudflarestorage.com", R2.replace(".r2.", "r2."), R2.replace(".r2.", ".")),
        ),
        "lone-quote": (f"{R2}'", f'"{R2}'),
        "bucket-in-path": (f"{R2}/academy-excel", f"{R2}/?list", f"{R2}/#x"),
        "not-a-url": (f"{ACCOUNT}.r2.cloudflarestorage.com", "https://a:port", "https://", f"https://{R2}"),
        "no-tls": (R2.replace("https", "http"),),
    },
    "R2_SECRET_KEY": {
        "unexpanded": (
            "${R2_SECRET_KEY}",
            "op://vault/r2/secret",
            "arn:aws:secretsmanager:x",
            "vault:secret/r2",
            "ENC[AES256_GCM,data:x]",
        ),
        "placeholder": ("undefined", "None", "********", "[REDACTED]"),
        "lone-quote": ("abc'",),
    },
}
WELL = {
    "R2_EXCEL_BUCKET": ("academy-excel", "excel2", "a.b-c", "a" * 63, "nullable"),
    "R2_ENDPOINT": (
        *(R2, f"{R2}/", f"{R2}:443", f"{R2.upper()}", EU, EU.replace("eu", "fedramp"), f"{R2}."),
        *("http://127.0.0.1:9000", "http://minio:9000", "http://[::1]:9000", "https://s3.academy.kr"),
    ),
    "R2_SECRET_KEY": ("abc#def", "a$b%c", "p{q", "it's", "b" * 64, "ab:c//d", "a/b+c"),
}


def test_what_the_library_or_r2_would_refuse_is_malformed(compared: Callable[[int], None]) -> None:
    result = [
        (value, state, setting_state(Setting(name, value.strip(), "environment", value)))
        for name, states in MALFORMED.items()
        for state, values in states.items()
        for value in values
    ]
    assert [(value, found) for value, state, found in result if found != state] == []
    compared(len(result))


def test_what_looks_like_it_and_is_well_stays_well(compared: Callable[[int], None]) -> None:
    result = [
        (value, setting_state(Setting(n, value, "env file", value))) for n, values in WELL.items() for value in values
    ]
    assert [one for one in result if one[1] != "set"] == []
    compared(len(result))


def test_a_comment_that_docker_takes_for_the_buckets_name_is_told(tmp_path: Path) -> None:
    result = {"R2_EXCEL_BUCKET= # the bucket": "spaces", "R2_EXCEL_BUCKET=": "missing", 'R2_EXCEL_BUCKET=""': "missing"}
    result |= {"R2_EXCEL_BUCKET=academy": "set", "R2_EXCEL_BUCKET=academy # the bucket": "spaces"}
    for line, state in result.items():
        (tmp_path / "env").write_text(f"{line}\n", "utf-8")
        settings = load(environ={}, env_file=tmp_path / "env")
        assert setting_state(settings["R2_EXCEL_BUCKET"]) == state, line


def findings(facts: R2Facts) -> list[Finding]:
    known = AccessFacts("123456789012", "", None, key_is_r2_key=False)
    return list(r2.judge(replace(empty_case(), access=known, r2=facts)))


def asked(answer: Callable[[Handler], None], **environ: str) -> tuple[R2Facts, list[Finding]]:
    """Look at R2 behind a proxy that answers for every host, while AWS has answered."""
    with server(answer) as (url, _):
        given = {**R2_KEYS, "HTTP_PROXY": url, "R2_ENDPOINT": url, **environ}
        with target(**given) as this:
            facts = r2.observe(this, empty_case())
    return facts, findings(facts)


def refusing(status: int, code: str, message: str = "no") -> Callable[[Handler], None]:
    body = S3_ERROR.format(code, message).encode()
    return lambda handler: respond(handler, status, body, **{"Content-Type": "application/xml"})


LENGTH = "Credential access key has length 20, should be 32"
REFUSALS = [
    (403, "NotEntitled", "r2-access-denied", "not-entitled"),
    (403, "AccountProblem", "r2-access-denied", None),
    (403, "AccessDenied", "r2-access-denied", None),
    (400, "InvalidBucketName", "r2-env-malformed", None),
    (404, "NoSuchKey", "r2-env-malformed", None),
    (400, "AuthorizationHeaderMalformed", "r2-env-malformed", None),
    (400, "InvalidRequest", "r2-env-malformed", None),
    (405, "MethodNotAllowed", "r2-env-malformed", None),
    (400, "InvalidArgument", "r2-credentials-rejected", "key-form"),
    (403, "SignatureDoesNotMatch", "r2-credentials-rejected", "secret"),
    (401, "Unauthorized", "r2-credentials-rejected", "unknown-key"),
    (403, "InvalidAccessKeyId", "r2-credentials-rejected", "unknown-key"),
    (401, "Whatever", "r2-credentials-rejected", None),
    (403, "InvalidSecurity", "r2-credentials-rejected", "unknown-key"),
    (400, "RequestTimeout", "r2-endpoint-unreachable", None),
    (404, "NoSuchBucket", "r2-bucket-missing", None),
]  # fmt: skip


def test_each_refusal_in_s3s_xml_is_a_fault_with_its_reason(compared: Callable[[int], None]) -> None:
    for status, code, cause, reason in REFUSALS:
        _, (finding,) = asked(refusing(status, code, LENGTH))
        assert (finding.status, finding.cause, finding.reason) == ("fail", cause, reason), code
        assert cause == "r2-bucket-missing" or finding.evidence["error_code"] == code
    compared(len(REFUSALS))


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (429, "TooManyRequests", "throttled"),
        (429, "ServiceUnavailable", "throttled"),
        (503, "TooMuchConcurrency", "throttled"),
        (403, "RequestTimeTooSkewed", "clock-skew"),
        (400, "ExpiredRequest", "clock-skew"),
    ],
)
def test_too_many_requests_and_this_machines_clock_are_no_fault(status: int, code: str, reason: str) -> None:
    facts, (finding,) = asked(refusing(status, code))
    assert (finding.status, finding.evidence["reason"]) == ("unknown", reason)
    assert isinstance(facts.reach, Unavailable)


def test_swapped_keys_are_told_by_their_lengths() -> None:
    swapped = {"R2_ACCESS_KEY": "b" * 64, "R2_SECRET_KEY": "a" * 32}
    _, (finding,) = asked(refusing(400, "InvalidArgument", LENGTH), **swapped)
    assert (finding.cause, finding.reason) == ("r2-credentials-rejected", "swapped")
    assert "b" * 64 not in str(finding)


def bucket_at(
    host: str, bucket: str, refusal: tuple[int, str], listed: tuple[str, ...] = ()
) -> Callable[[Handler], None]:
    """A proxy to an R2 that has one bucket in one place, and refuses any other so."""
    refuse = refusing(*refusal)
    names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in listed)

    def answer(handler: Handler) -> None:
        place, _, rest = handler.path.removeprefix("http://").partition("/")
        if handler.path.startswith("/"):
            place, rest = handler.headers["Host"], handler.path.removeprefix("/")
        here = rest.partition("?")[0].rstrip("/")
        if host in place and here == bucket:
            respond(handler, 200, EMPTY_BUCKET)
        elif not here and listed:
            body = f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>"
            respond(handler, 200, body.encode(), **{"Content-Type": "application/xml"})
        else:
            refuse(handler)

    return answer


PLAIN = R2.replace("https", "http")
"""Through a proxy that terminates nothing; its malformed scheme is told, too."""


@pytest.mark.parametrize(
    ("refusal", "other"),
    [((404, "NoSuchBucket"), "eu"), ((403, "AccessDenied"), "eu"), ((404, "NoSuchBucket"), "fedramp")],
)
def test_a_bucket_of_another_jurisdiction_is_found_and_none_is_made(refusal: tuple[int, str], other: str) -> None:
    answer = bucket_at(f".{other}.r2.", "academy-excel", refusal)
    facts, result = asked(answer, R2_ENDPOINT=PLAIN, NO_PROXY="")
    finding = result[-1]
    assert facts.elsewhere == PLAIN.replace(ACCOUNT, f"{ACCOUNT}.{other}")
    assert finding.reason == "jurisdiction"
    assert facts.elsewhere in str(finding.remedies[0].text)
    assert not any("create-bucket" in (remedy.command or "") for remedy in finding.remedies)


def test_a_bucket_of_the_eu_that_is_asked_where_it_is_opens() -> None:
    answer = bucket_at(".eu.r2.", "academy-excel", (404, "NoSuchBucket"))
    facts, _ = asked(answer, R2_ENDPOINT=PLAIN.replace(ACCOUNT, f"{ACCOUNT}.eu"))
    assert facts.reach is True


@pytest.mark.parametrize(
    ("refusal", "environ", "bucket", "listed"),
    [
        ((404, "NoSuchBucket"), {"R2_EXCEL_BUCKET": "academy-exel"}, "academy-excel", ()),
        ((403, "AccessDenied"), {"R2_EXCEL_BUCKET": "academy-exel"}, "academy-excel", ()),
        (
            (403, "AccessDenied"),
            {"R2_EXCEL_BUCKET": "files-old", "EXCEL_BUCKET_NAME": "school-files"},
            "school-files",
            (),
        ),
        ((404, "NoSuchBucket"), {"R2_EXCEL_BUCKET": "school-fils"}, "school-files", ("pictures", "school-files")),
    ],
)
def test_a_misspelt_name_is_told_with_the_one_that_is_meant(
    refusal: tuple[int, str], environ: dict[str, str], bucket: str, listed: tuple[str, ...]
) -> None:
    _, (finding,) = asked(bucket_at("127.0.0.1", bucket, refusal, listed), **environ)
    assert (finding.status, finding.reason, finding.evidence["meant"]) == ("fail", "wrong-name", bucket)
    assert bucket in str(finding.remedies[0].text)


def test_buckets_of_quite_other_names_are_shown_and_none_is_taken_for_the_one() -> None:
    answer = bucket_at("127.0.0.1", "pictures", (404, "NoSuchBucket"), ("pictures", "backups"))
    _, (finding,) = asked(answer, R2_EXCEL_BUCKET="school-files")
    assert (finding.cause, finding.reason) == ("r2-bucket-missing", None)
    assert finding.evidence["buckets"] == ["pictures", "backups"]


def test_an_address_that_is_not_cloudflares_has_no_jurisdictions() -> None:
    assert jurisdictions("http://127.0.0.1:9000") == jurisdictions("https://s3.academy.kr") == jurisdictions("[") == []
    assert jurisdictions(EU) == [R2, EU.replace(".eu.", ".fedramp.")]


def reach(reason: Any = "unexpected-answer") -> Unavailable:
    return Unavailable(reason, "R2_ENDPOINT", 'Invalid bucket name "academy-excel/"')


def test_a_malformed_setting_that_was_never_sent_is_told_once_and_for_certain() -> None:
    (finding,) = findings(h.r2({"R2_EXCEL_BUCKET": "not-a-bucket"}, reach()))
    assert (finding.status, finding.cause) == ("fail", "r2-env-malformed")


def test_a_value_that_opens_the_bucket_is_well_whatever_it_looks_like() -> None:
    for state in ("unexpanded", "not-a-bucket", "not-r2", "not-an-account", "bucket-in-host", "placeholder"):
        name = "R2_EXCEL_BUCKET" if state in {"not-a-bucket", "unexpanded"} else "R2_ENDPOINT"
        assert [one.status for one in findings(h.r2({name: state}))] == ["ok"]
