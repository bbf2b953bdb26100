"""Keys, regions and accounts as they are written: what is certain is told before this machine's network is blamed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks import access
from checks.access import region_reason
from checks.facts import AccessFacts, EndpointFacts
from checks.own_network import nothing_answers
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import KEYS, STS_ERROR, STS_IDENTITY, asked_sts, empty_case, target
from tests.checks.scenarios import NOTHING_THERE, way
from tests.checks.test_credentials import ROLE, observed, reason
from tests.wire import Handler, respond, server

INVALID = STS_ERROR.format("InvalidClientTokenId", "The security token included in the request is invalid.")
PERMANENT, SESSION = "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_ACCESS_KEY_ID": f'"{PERMANENT}"'}, "malformed"),
        ({"AWS_ACCESS_KEY_ID": PERMANENT, "AWS_SECRET_ACCESS_KEY": "'secret'"}, "malformed"),
        ({"AWS_ACCESS_KEY_ID": PERMANENT, "AWS_SECRET_ACCESS_KEY": "se cret"}, "malformed"),
        ({"AWS_ACCESS_KEY_ID": PERMANENT, "AWS_SESSION_TOKEN": "left-from-before"}, "session-token"),
        ({"AWS_ACCESS_KEY_ID": SESSION, "AWS_SESSION_TOKEN": ""}, "no-session-token"),
        ({"AWS_ACCESS_KEY_ID": "wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY": PERMANENT}, "swapped"),
        ({"AWS_ACCESS_KEY_ID": "wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY": SESSION}, "swapped"),
        ({"AWS_ACCESS_KEY_ID": PERMANENT}, None),
        ({"AWS_ACCESS_KEY_ID": SESSION, "AWS_SESSION_TOKEN": "its-own"}, None),
    ],
)
def test_how_refused_keys_are_written_and_put_together_is_the_reason(
    environ: dict[str, str], expected: str | None
) -> None:
    finding = asked_sts(403, INVALID, **environ)
    assert reason(finding) == ("aws-credentials-invalid", expected)


def test_a_session_that_is_well_stays_well() -> None:
    identity = STS_IDENTITY.format("123456789012")
    assert asked_sts(200, identity, AWS_ACCESS_KEY_ID=SESSION, AWS_SESSION_TOKEN="its-own").status == "ok"


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ("1234-5678-9012", False),
        ("1234 5678 9012", False),
        ("123456789012", False),
        ("1234-5678-9013", True),
        ("academy", True),
    ],
)
def test_an_account_id_is_compared_as_it_is_meant(expected: str, wrong: bool) -> None:
    finding = asked_sts(200, STS_IDENTITY.format("123456789012"), ACADEMY_AWS_ACCOUNT_ID=expected)
    assert (finding.cause == "aws-wrong-account") is wrong


def test_an_account_id_that_has_lost_its_zero_is_the_same() -> None:
    finding = asked_sts(200, STS_IDENTITY.format("012345678901"), ACADEMY_AWS_ACCOUNT_ID="12345678901")
    assert finding.status == "ok"


@pytest.mark.parametrize(
    ("region", "host", "expected"),
    [
        ("ap-northest-2", "sts.ap-northest-2.amazonaws.com", ("aws-wrong-region", "no-such-region")),
        ("us-east-9", "sts.us-east-9.amazonaws.com", ("aws-wrong-region", "no-such-region")),
        ("ap-northeast-2", "no-such-stack.example", ("aws-unreachable", None)),
    ],
)
def test_a_region_without_an_address_is_told_where_other_names_have_one(
    region: str, host: str, expected: tuple[str, str | None]
) -> None:
    words = f'Could not connect to the endpoint URL: "https://{host}/"'
    facts = AccessFacts(Unavailable("dns", "sts:GetCallerIdentity", words), "", None, key_is_r2_key=False)
    case = h.case(access=facts)
    case = replace(case, names={**case.names, "region": region})
    assert reason(next(iter(access.judge(case)))) == expected
    nobody = Unavailable("dns", "x")
    silent = replace(case, r2=h.r2(reach=nobody), endpoint=EndpointFacts(*[nobody] * 5))
    assert reason(next(iter(access.judge(silent)))) == ("aws-unreachable", None)


REGIONS = {
    None: ("ap-northeast-2", "us-gov-west-1", "eusc-de-east-1", "mx-central-1", "cn-north-1"),
    "zone": ("ap-northeast-2a", "us-east-1f", "us-west-2-lax-1a"),
    "not-a-region": ('"ap-northeast-2"', "ap_northeast_2", "Seoul", "apnortheast2", "ap-northeast", "auto"),
}


def test_what_can_be_the_name_of_a_region(compared: Callable[[int], None]) -> None:
    result = [(name, why, region_reason(name)) for why, names in REGIONS.items() for name in names]
    assert [one for one in result if one[1] != one[2]] == []
    compared(len(result))


def told(region: str, account: Any, **fields: Any) -> Finding:
    facts = AccessFacts(account, "", None, key_is_r2_key=False, **fields)
    case = replace(h.case(), names={**h.case().names, "region": region}, access=facts)
    return next(iter(access.judge(case)))


@pytest.mark.parametrize("why", ["dns", "unreachable", "timeout", "tls", "unexpected-answer"])
def test_a_zone_in_the_place_of_a_region_is_not_the_networks_fault(why: Any) -> None:
    finding = told("ap-northeast-2a", Unavailable(why, "sts:GetCallerIdentity", "no"))
    assert reason(finding) == ("aws-wrong-region", "zone")
    assert "ap-northeast-2;" in str(finding.remedies[0].text)
    assert reason(told('"ap-northeast-2"', Unavailable(why, "sts", "no"))) == ("aws-wrong-region", "not-a-region")


def test_a_region_that_is_one_leaves_the_network_in_doubt() -> None:
    assert told("ap-northeast-2", Unavailable("dns", "sts", "no")).cause == "aws-unreachable"
    assert told("ap-northeast-2a", Unavailable("credentials-missing", "sts")).cause == "aws-credentials-missing"


def test_r2_keys_in_a_profile_are_not_looked_for_in_the_environment() -> None:
    refused = Unavailable("credentials-invalid", "sts")
    facts = AccessFacts(refused, "", None, key_is_r2_key=True, credentials="shared-credentials-file", profile="ops")
    finding = next(iter(access.judge(replace(h.case(), access=facts))))
    assert reason(finding) == ("aws-keys-are-r2-keys", "profile")
    assert finding.remedies[0].command == "aws configure list --profile ops"
    in_environment = replace(facts, credentials="env")
    assert next(iter(access.judge(replace(h.case(), access=in_environment)))).reason is None


def test_a_credential_process_that_is_not_installed_is_told(tmp_path: Any) -> None:
    with observed(tmp_path, "[profile ops]\ncredential_process = /opt/no-such-helper --get\n") as (finding, asked):
        assert (reason(finding), asked) == (("aws-credentials-invalid", "process"), [])


def test_a_web_identity_of_the_environment_whose_file_is_not_there_is_told(tmp_path: Any) -> None:
    role = ROLE.split("role_arn = ")[1].split("\n")[0]
    token = str(tmp_path / "none")
    with observed(tmp_path, "", AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN=role, AWS_PROFILE="") as seen:
        finding, asked = seen
        assert (reason(finding), asked) == (("aws-credentials-invalid", "web-identity"), [])


@pytest.mark.parametrize("before", ["", "Bearer ", "bearer  ", "Bearer Bearer ", "Authorization: Bearer ", "Bearer: "])
def test_a_token_that_was_copied_with_the_word_before_it_is_sent_with_one(before: str) -> None:
    def answer(handler: Handler) -> None:
        respond(handler, 200)

    with server(answer) as (url, seen), target(ACADEMY_API_TOKEN=f"{before}secret-token") as this:
        this.connect.get(url)
    assert seen[0]["authorization"] == "Bearer secret-token"


def test_what_was_asked_in_vain_everywhere_is_this_machine() -> None:
    refused = Unavailable("refused", "http://127.0.0.1:1", "refused")
    down = h.case(
        access=AccessFacts(refused, "", None, key_is_r2_key=False),
        r2=h.r2(reach=refused),
        endpoint=h.endpoint(refused, health=refused, healthz=refused),
    )
    assert h.verdict(down).status == "undetermined"
    assert "endpoint-refused" not in {one.cause for one in h.findings(down)}
    only = replace(down, r2=h.r2())
    assert "endpoint-refused" in {one.cause for one in h.findings(only)}
    assert nothing_answers(empty_case()) is False


@pytest.mark.parametrize(
    ("region", "known_in", "cause", "told"),
    [
        ("me-south-1", ("us-east-1",), "aws-wrong-region", "not-enabled"),
        ("ap-southeast-4", ("us-east-1",), "aws-wrong-region", "not-enabled"),
        ("cn-north-1", ("us-east-1",), "aws-wrong-region", "not-enabled"),
        ("me-south-1", (), "aws-credentials-invalid", None),
        ("us-east-1", (), "aws-credentials-invalid", None),
        ("me-south-1", ("me-south-1",), None, None),
    ],
)
def test_a_region_that_is_off_knows_no_keys_and_is_no_fault_of_theirs(
    region: str, known_in: tuple[str, ...], cause: str | None, told: str | None
) -> None:
    def answer(handler: Handler) -> None:
        known = any(f"/{one}/sts/" in handler.headers["Authorization"] for one in known_in)
        respond(handler, 200 if known else 403, (STS_IDENTITY.format("1") if known else INVALID).encode())

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url, AWS_REGION=region) as this:
        facts = access.observe(this, empty_case())
    names = {**h.case().names, "region": region}
    (finding,) = access.judge(replace(empty_case(), names=names, access=facts))
    assert (finding.cause, finding.reason) == (cause, told)


def test_sts_that_is_turned_off_in_a_region_says_so() -> None:
    finding = asked_sts(403, STS_ERROR.format("RegionDisabledException", "STS is not activated in this region"))
    assert (finding.cause, finding.reason) == ("aws-wrong-region", "not-enabled")


@pytest.mark.parametrize("where", ["http://credentials.example/x", "http://10.0.0.1/v2/credentials"])
def test_credentials_of_a_container_that_is_none_are_told_as_that(where: str, tmp_path: Path) -> None:
    nothing = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "none"), **dict.fromkeys(KEYS, "")}
    nothing["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "none")
    with target(AWS_CONTAINER_CREDENTIALS_FULL_URI=where, **nothing) as this:
        facts = access.observe(this, empty_case())
    (finding,) = access.judge(replace(empty_case(), access=facts))
    assert (finding.cause, finding.reason) == ("aws-credentials-invalid", "container")


@pytest.mark.parametrize("name", ["ACADEMY_API_TOKEN", "ACADEMY_TENANT_CODE"])
@pytest.mark.parametrize("value", ["abc\ndef", "abc\r\nX: y", "abc\x00"])
def test_a_value_that_no_header_can_carry_is_not_told_as_not_set(name: str, value: str) -> None:
    connect = Connections(load(environ={"ACADEMY_API_TOKEN": "t", name: value}, default_env_file=None))
    with server(lambda handler: respond(handler, 200)) as (url, _):
        seen = connect.get(url)
    assert isinstance(seen, Unavailable)
    assert (seen.reason, seen.tried) == ("malformed", name)
    assert "abc" not in seen.detail
    assert h.verdict(h.case(**way(seen))).status == "undetermined"


@pytest.mark.parametrize(("account", "told"), [("000000000000", "local-aws"), ("210987654321", None)])
def test_a_stand_in_for_aws_is_no_other_account_or_region(account: str, told: str | None) -> None:
    other = h.case(**{**NOTHING_THERE, "access": AccessFacts(account, "", None, key_is_r2_key=False)})
    verdict = h.verdict(other)
    assert (verdict.cause, verdict.reason) == ("aws-wrong-region", told)
    finding = next(iter(access.judge(h.case(access=AccessFacts(account, "", "123456789012", key_is_r2_key=False)))))
    assert (finding.cause, finding.reason) == ("aws-wrong-account", told)
    well = h.case(access=AccessFacts(account, "", None, key_is_r2_key=False))
    assert h.verdict(well).status == "healthy"
