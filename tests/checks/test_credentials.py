"""Profiles that can't give AWS credentials: nothing prompts, each reason is told, and R2 is seen all the same."""

import hashlib
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Finding
from checks import access, r2
from tests.checks.on_the_wire import EMPTY_BUCKET, KEYS, STS_ERROR, STS_IDENTITY, empty_case, target
from tests.commands import SHELL
from tests.wire import Handler, respond, server

BASE = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
ROLE = "[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = base\n"
MFA = f"{BASE}{ROLE}mfa_serial = arn:aws:iam::123456789012:mfa/kim\n"
ASSUMED = """<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def process(folder: Path, script: str) -> str:
    """Return a profile whose credential process runs ``script``."""
    program = folder / "process.py"
    program.write_text(textwrap.dedent(script), "utf-8")
    return f"[profile ops]\ncredential_process = {sys.executable} {program}\n"


@contextmanager
def observed(
    folder: Path, config: str, answers: Mapping[str, tuple[int, str]] | None = None, **environ: str
) -> Iterator[tuple[Finding, list[str]]]:
    """Yield what is told of a profile ``ops``, and the actions that STS was asked for."""
    path = folder / "config"
    path.write_text(config, "utf-8")
    asked: list[str] = []

    def answer(handler: Handler) -> None:
        action = dict(pair.split("=", 1) for pair in handler.body.decode().split("&"))["Action"]
        asked.append(action)
        status, body = (answers or {}).get(action, (200, STS_IDENTITY.format("123456789012")))
        respond(handler, status, body.encode())

    with server(answer) as (url, _):
        given = {"AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": str(path), "AWS_PROFILE": "ops", "HOME": str(folder)}
        given |= {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"), **dict.fromkeys(KEYS, ""), **environ}
        with target(**given) as this:
            facts = access.observe(this, empty_case())
        (finding,) = access.judge(replace(empty_case(), access=facts))
        yield finding, asked


def reason(finding: Finding) -> tuple[str | None, str | None]:
    return finding.cause, finding.reason


SSO = """[profile ops]
sso_session = school
sso_account_id = 123456789012
sso_role_name = ops
[sso-session school]
sso_region = ap-northeast-2
sso_start_url = https://school.awsapps.com/start
"""
LOGIN = "[profile ops]\nlogin_session = arn:aws:iam::123456789012:user/kim\nregion = ap-northeast-2\n"
KNOWS_LOGIN = pytest.mark.skipif(not hasattr(botocore.exceptions, "LoginError"), reason="it knows no aws login")
PROMPTS = "import sys; sys.stderr.write('code: '); code = open('/dev/tty').readline()"
LATE = '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "%s"}'


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(MFA, "mfa", id="a role with an MFA device"),
        pytest.param(f"{MFA}[profile more]\n", "mfa", id="other profiles beside it"),
        pytest.param("[profile ops\nregion = x\n", "config", id="a file that can't be parsed"),
        pytest.param("role_arn = x\n", "config", id="no section"),
        pytest.param(ROLE, "config", id="the source profile is missing"),
        pytest.param(ROLE.replace("source_profile = base", ""), "config", id="no source at all"),
        pytest.param(f"{ROLE.replace('base', 'other')}[profile other]\nregion = x\n", "config", id="an empty source"),
        pytest.param(ROLE.replace("source_profile = base", "credential_source = Nowhere"), "config", id="its source"),
        *(
            pytest.param(ROLE.replace("source_profile = base", f"credential_source = {one}"), "config", id=one)
            for one in ("Ec2InstanceMetadata", "EcsContainer", "Environment")
        ),
        pytest.param(f"{SSO}", "expired", id="an SSO session that is over"),
        pytest.param(LOGIN, "login", marks=KNOWS_LOGIN, id="a session of aws login that is not there"),
    ],
)
def test_each_reason_is_told_without_a_word_to_aws(tmp_path: Path, config: str, expected: str) -> None:
    with observed(tmp_path, config) as (finding, asked):
        assert reason(finding) == ("aws-credentials-invalid", expected)
    assert asked == []
    assert finding.evidence["detail"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("print('no JSON')", "process", id="no JSON"),
        pytest.param("import sys; sys.exit('please sign in')", "process", id="it fails"),
        pytest.param("print('{\"Version\": 2}')", "process", id="another version"),
        pytest.param("print(input('code: '))", "process", id="it asks on its standard input"),
        pytest.param(PROMPTS, "process", id="it asks on the terminal"),
        pytest.param(f"print({LATE % '2020-01-01T00:00:00Z'!r})", "process", id="what it gives is over"),
    ],
)
def test_a_credential_process_asks_nobody(tmp_path: Path, script: str, expected: str) -> None:
    began = time.monotonic()
    with observed(tmp_path, process(tmp_path, script)) as (finding, asked):
        assert reason(finding) == ("aws-credentials-invalid", expected)
    assert asked == []
    assert time.monotonic() - began < 8


def test_a_credential_process_of_a_source_profile_asks_nobody_either(tmp_path: Path) -> None:
    config = ROLE + process(tmp_path, PROMPTS).replace("profile ops", "profile base")
    with observed(tmp_path, config) as (finding, _asked):
        assert reason(finding) == ("aws-credentials-invalid", "process")


def test_a_credential_process_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with observed(tmp_path, process(tmp_path, hangs)) as (finding, _asked):
        assert reason(finding) == ("aws-credentials-invalid", "process")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text("utf-8")), 0)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("AccessDenied", "User kim is not authorized to perform: sts:AssumeRole on resource: ops", "role"),
        ("ExpiredToken", "The security token included in the request is expired", "expired"),
        ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", "mfa"),
        ("InvalidClientTokenId", "The security token included in the request is invalid.", None),
    ],
)
def test_what_aws_says_of_a_role_tells_the_reason(
    tmp_path: Path, code: str, message: str, expected: str | None
) -> None:
    refusal = {"AssumeRole": (403, STS_ERROR.format(code, message))}
    with observed(tmp_path, BASE + ROLE, refusal) as (finding, _asked):
        assert reason(finding) == ("aws-credentials-invalid", expected)
    assert message in str(finding.evidence["detail"])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("RegionDisabledException", ("aws-wrong-region", "not-enabled")),
        ("Blocked", ("aws-credentials-invalid", "account")),
    ],
)
def test_what_aws_says_of_region_and_account_counts_for_a_role_too(
    tmp_path: Path, code: str, told: tuple[str, str]
) -> None:
    with observed(tmp_path, BASE + ROLE, {"AssumeRole": (403, STS_ERROR.format(code, "no"))}) as (finding, _asked):
        assert reason(finding) == told
    assert "meant" not in finding.evidence


@pytest.mark.parametrize(
    ("token", "answer", "expected"),
    [
        (None, None, "web-identity"),
        ("t", "InvalidIdentityToken", "web-identity"),
        ("t", "ExpiredTokenException", "web-identity"),
        ("t", "AccessDenied", "web-identity"),
    ],
)
def test_a_web_identity_without_a_good_token_is_told(
    tmp_path: Path, token: str | None, answer: str | None, expected: str
) -> None:
    path = tmp_path / "token"
    if token:
        path.write_text(token, "utf-8")
    config = f"[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/ops\nweb_identity_token_file = {path}\n"
    refusal = {"AssumeRoleWithWebIdentity": (400, STS_ERROR.format(answer or "", "no"))}
    with observed(tmp_path, config, refusal) as (finding, _asked):
        assert reason(finding) == ("aws-credentials-invalid", expected)


def test_keys_of_a_session_that_is_over_are_expired(tmp_path: Path) -> None:
    refusal = {"GetCallerIdentity": (403, STS_ERROR.format("ExpiredToken", "The security token is expired"))}
    config = BASE.replace("profile base", "profile ops")
    with observed(tmp_path, config, refusal) as (finding, _asked):
        assert reason(finding) == ("aws-credentials-invalid", "expired")


@pytest.mark.parametrize(("config", "answers"), [
    (BASE.replace("profile base", "profile ops"), {}),
    (BASE + ROLE, {"AssumeRole": (200, ASSUMED)}),
])  # fmt: skip
def test_profiles_that_are_well_stay_well(tmp_path: Path, config: str, answers: dict[str, tuple[int, str]]) -> None:
    with observed(tmp_path, config, answers) as (finding, _asked):
        assert finding.status == "ok"


def test_a_credential_process_that_is_well_stays_well(tmp_path: Path) -> None:
    with observed(tmp_path, process(tmp_path, f"print({LATE % '2099-01-01T00:00:00Z'!r})")) as (finding, _asked):
        assert finding.status == "ok"


def test_a_role_that_the_aws_cli_has_taken_is_taken_from_its_cache(tmp_path: Path) -> None:
    """Made by a role without MFA first; the same file then serves the one that would have to ask."""
    with observed(tmp_path, BASE + ROLE, {"AssumeRole": (200, ASSUMED)}) as (finding, asked):
        assert (finding.status, asked) == ("ok", ["AssumeRole", "GetCallerIdentity"])
    (kept,) = (tmp_path / ".aws" / "cli" / "cache").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    with observed(tmp_path, BASE + ROLE) as (finding, asked):
        assert (finding.status, asked) == ("ok", ["GetCallerIdentity"])


def test_a_typed_code_serves_here_too(tmp_path: Path) -> None:
    """As ``aws`` keeps it: botocore's own name for the file, made from what the role is asked with."""
    asked_with = {
        "RoleArn": "arn:aws:iam::123456789012:role/ops",
        "SerialNumber": "arn:aws:iam::123456789012:mfa/kim",
    }
    name = hashlib.sha1(json.dumps(asked_with, sort_keys=True).encode()).hexdigest()
    cache = tmp_path / ".aws" / "cli" / "cache"
    cache.mkdir(parents=True)
    kept: dict[str, Any] = {
        "Credentials": {
            "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": "2099-01-01T00:00:00Z",
        }
    }
    (cache / f"{name}.json").write_text(json.dumps(kept), "utf-8")
    with observed(tmp_path, MFA) as (finding, asked):
        assert (finding.status, asked) == ("ok", ["GetCallerIdentity"])


def test_r2_is_seen_with_a_config_file_that_can_not_be_parsed(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("[profile ops\n", "utf-8")
    with server(lambda handler: respond(handler, 200, EMPTY_BUCKET)) as (url, _):
        given = {"R2_ENDPOINT": url, "R2_ACCESS_KEY": "a", "R2_SECRET_KEY": "b", "AWS_CONFIG_FILE": str(path)}
        with target(**given, AWS_PROFILE="ops", HOME=str(tmp_path)) as this:
            assert r2.observe(this, empty_case()).reach is True


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminal")
def test_a_terminal_is_asked_for_no_code_and_keeps_its_echo(tmp_path: Path) -> None:
    pytest.importorskip("psutil", reason="the operator's install has no lab")
    from tests.terminal import terminal  # noqa: PLC0415 - as above

    (tmp_path / "config").write_text(MFA, "utf-8")
    environ = {**SHELL, "HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "ops"}
    environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AI_WORKER_NAME": "w"}
    script = 'stty -a <&1 >before; "$@"; echo "code $?"; stty -a <&1 >after; cmp before after && echo same'
    command = ("/bin/sh", "-c", script, "sh", sys.executable, "-m", "academy_ops")
    with terminal("check", "access", cwd=tmp_path, environ=environ, command=command) as shown:
        shown.ended()
    assert "MFA" in shown.written
    assert "code 3" in shown.written
    assert "same" in shown.written
    assert "Enter MFA code" not in shown.written


def test_each_reason_has_a_remedy_of_its_own() -> None:
    variants = CATALOGUE["aws-credentials-invalid"].reasons
    assert set(variants) >= {"mfa", "expired", "process", "config", "role", "web-identity"}
    assert len({variant.remedies[0].text.template for variant in variants.values()}) == len(variants)
