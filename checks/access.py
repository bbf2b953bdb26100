"""Section 0: may the tool look at all? Who does AWS say we are?"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, CredentialsError, plain_code, why_invalid
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import CLOCK_WRONG_SECONDS
from checks.facts import AccessFacts, Case
from checks.own_network import anything_answered
from checks.words import Fault

_CAUSES: Final[dict[Reason, str]] = {
    "credentials-missing": "aws-credentials-missing",
    "credentials-invalid": "aws-credentials-invalid",
    "clock-skew": "clock-skew",
    **dict.fromkeys(("timeout", "unreachable", "dns", "refused", "tls"), "aws-unreachable"),
}
_INVALID: Final = "aws-credentials-invalid"
_WRONG_REGION: Final = "aws-wrong-region"
_KNOWS_REGION: Final[frozenset[Reason]] = frozenset(
    {"denied", "credentials-missing", "credentials-invalid", "clock-skew", "throttled", "server-error"}
)
"""Reasons that come from AWS itself, in whatever region, or before it is asked."""
_EMULATORS_ACCOUNT: Final = "000000000000"
"""LocalStack's account, which AWS gives nobody."""
_NOT_ENABLED: Final = "not-enabled"
_ALWAYS_ON: Final = "us-east-1"
"""A region that no account can turn off."""
_OF_ENVIRONMENT: Final = frozenset({"env", ""})
_QUOTES: Final = "\"'"
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_ZONE: Final = re.compile(rf"{_REGION.pattern}(-[a-z]{{2,6}}-[0-9]{{1,2}})?[a-z]")
_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z0-9]{16}\Z")
_NO_NUMBER: Final = re.compile(r"[^\d\s-]")
_NO_DIGIT: Final = re.compile("[^0-9]")
_ACCOUNT_DIGITS: Final = 12
_SSO: Final = "sso"
"""botocore's word for credentials of an SSO session: renewed, not replaced."""


def observe(target: Target, case: Case) -> AccessFacts:  # noqa: ARG001 - every check has the same form
    """Ask STS who we are; no permission is needed for that."""
    settings = target.settings
    account: str | Unavailable
    arn, key, source, profile, why, form = "", None, "", "", "", ""
    try:
        found, profile = target.connect.credentials()
        if found:
            source = str(found.method)
            frozen = found.get_frozen_credentials()
            key, form = frozen.access_key, _form(frozen.access_key, frozen.secret_key, frozen.token)
        identity = target.connect.aws("sts").get_caller_identity()
        account, arn = (target.connect.clean(identity[name]) for name in ("Account", "Arn"))
    except AWS_ERRORS as error:
        account, why = target.connect.unseen(error, "sts:GetCallerIdentity"), why_invalid(error)
        if isinstance(error, CredentialsError):
            source, profile = error.method, target.connect.profile()
        if plain_code(error) == "InvalidClientTokenId" and _known_elsewhere(target):
            why = _NOT_ENABLED
    return AccessFacts(
        account=account,
        arn=arn,
        expected_account=settings.get("ACADEMY_AWS_ACCOUNT_ID"),
        key_is_r2_key=key is not None and key == settings.get("R2_ACCESS_KEY"),
        credentials=source,
        profile=profile,
        clock_ahead_seconds=target.connect.clocks.ahead(),
        why=why,
        form=form,
    )


def _known_elsewhere(target: Target) -> bool:
    """Return whether AWS takes the keys in another region: one that is off knows no keys of the account."""
    if target.settings.region == _ALWAYS_ON:
        return False
    ask = begin("sts:GetCallerIdentity", partial(_known, target), target.until)
    return ask() is True


def _known(target: Target) -> bool:
    try:
        target.connect.aws("sts", _ALWAYS_ON).get_caller_identity()
    except AWS_ERRORS:
        return False
    return True


def judge(case: Case) -> Iterator[Finding]:
    """Return whether AWS knows us, and as the right account."""
    build = FindingBuilder("access", "0", case.names)
    facts = case.access
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the AWS identity"), facts)
        return
    if facts.key_is_r2_key:
        of_profile = facts.credentials not in _OF_ENVIRONMENT
        where: dict[str, Json] = {"credentials": facts.credentials, "profile": facts.profile} if of_profile else {}
        yield build.fail("aws-keys-are-r2-keys", where, reason="profile" if of_profile else None)
    if isinstance(facts.account, Unavailable):
        region = case.names["region"]
        fault = _refused(facts, facts.account, region, answered=anything_answered(case))
        if fault is None:
            yield build.unknown(say("the AWS identity"), facts.account)
        else:
            of_region: dict[str, Json] = {"region": region} if fault.code == _WRONG_REGION else {}
            if fault.reason == "zone":
                of_region["meant"] = region[:-1]
            evidence = of_region | _unknown_to_aws(facts, facts.account)
            known = fault.reason in CATALOGUE[fault.code].reasons
            yield build.fail(fault.code, evidence, reason=fault.reason if known else None)
    elif facts.expected_account and _digits(facts.expected_account) != facts.account:
        evidence = {"account": facts.account, "expected": facts.expected_account, "arn": facts.arn}
        reason = "not-an-account" if _NO_NUMBER.search(facts.expected_account) else emulator_reason(facts)
        yield build.fail("aws-wrong-account", evidence, reason=reason)
    else:
        summary = say("Signed in to AWS account {account}.", account=facts.account)
        yield build.ok(summary, {"account": facts.account, "arn": facts.arn})
    ahead = facts.clock_ahead_seconds or 0
    refused = isinstance(facts.account, Unavailable) and facts.account.reason == "clock-skew"
    if abs(ahead) >= CLOCK_WRONG_SECONDS and not refused:
        yield build.warn("clock-skew", {"clock_ahead_seconds": ahead}, _off_by(ahead))


def emulator_reason(facts: AccessFacts | Unavailable) -> str | None:
    """Return the reason where not AWS has answered, but a local stand-in for it, by the account that it has."""
    known = isinstance(facts, AccessFacts) and facts.account == _EMULATORS_ACCOUNT
    return "local-aws" if known else None


def region_reason(region: str) -> str | None:
    """Return what a name is that can't be a region's: a zone of one, or none at all; None where it can be one."""
    if _REGION.fullmatch(region):
        return None
    return "zone" if _ZONE.fullmatch(region) else "not-a-region"


def _refused(facts: AccessFacts, account: Unavailable, region: str, *, answered: bool) -> Fault | None:
    """Return why AWS did not say who we are; what is certain comes first."""
    if facts.form == "malformed":
        return Fault(_INVALID, facts.form)
    if facts.why == _NOT_ENABLED:
        return Fault(_WRONG_REGION, facts.why)
    of_region = region_reason(region)
    if of_region and account.reason not in _KNOWS_REGION:
        return Fault(_WRONG_REGION, of_region)
    if account.reason == "dns" and answered and f".{region}." in account.detail:
        return Fault(_WRONG_REGION, "no-such-region")
    code = _CAUSES.get(account.reason)
    return Fault(code, facts.why or (facts.form if code == _INVALID else None)) if code else None


def _form(key: str | None, secret: str | None, token: str | None) -> str:
    """Return what is wrong with how keys are written or put together; the values stay here."""
    values = [value for value in (key, secret, token) if value]
    if any(value[0] in _QUOTES or value[-1] in _QUOTES or any(map(str.isspace, value)) for value in values):
        return "malformed"
    if _KEY_ID.match(secret or "") and not _KEY_ID.match(key or ""):
        return "swapped"
    if (key or "").startswith("AKIA") and token:
        return "session-token"
    return "no-session-token" if (key or "").startswith("ASIA") and not token else ""


def _digits(account: str) -> str:
    """Return an account's id without the hyphens that AWS's console shows, and with the zeros that a sheet drops."""
    return _NO_DIGIT.sub("", account).zfill(_ACCOUNT_DIGITS)


def _off_by(ahead: int) -> Text:
    if ahead > 0:
        return say("This machine's clock is {seconds} s fast; ages are based on the servers' clocks.", seconds=ahead)
    return say("This machine's clock is {seconds} s slow; ages are based on the servers' clocks.", seconds=-ahead)


def _unknown_to_aws(facts: AccessFacts, account: Unavailable) -> dict[str, Json]:
    return {"tried": account.tried, "detail": account.detail} | present(
        clock_ahead_seconds=facts.clock_ahead_seconds or None,
        credentials=facts.credentials,
        profile=facts.profile if facts.why else None,
        sso_profile=facts.profile if facts.credentials == _SSO else None,
    )


CHECK: Final = Check(
    name="access",
    section="0",
    waits_for=say("the AWS identity (STS)"),
    observe=observe,
    judge=judge,
    reads=("r2", "endpoint"),
    shows=("account", "expected", "region", "tried", "detail", "clock_ahead_seconds", "credentials", "profile"),
)
