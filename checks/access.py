"""Section 0: may the tool look at all? Who does AWS say we are?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, CredentialsError, why_invalid
from academy_ops.thresholds import CLOCK_WRONG_SECONDS
from checks.facts import AccessFacts, Case

_CAUSES: Final[dict[Reason, str]] = {
    "credentials-missing": "aws-credentials-missing",
    "credentials-invalid": "aws-credentials-invalid",
    "clock-skew": "clock-skew",
    "timeout": "aws-unreachable",
    "unreachable": "aws-unreachable",
    "dns": "aws-unreachable",
    "refused": "aws-unreachable",
    "tls": "aws-unreachable",
}
_SSO: Final = "sso"
"""botocore's word for credentials of an SSO session: renewed, not replaced."""


def observe(target: Target, case: Case) -> AccessFacts:  # noqa: ARG001 - every check has the same form
    """Ask STS who we are; no permission is needed for that."""
    settings = target.settings
    account: str | Unavailable
    arn, key, source, profile, why = "", None, "", "", ""
    try:
        found, profile = target.connect.credentials()
        if found:
            source = str(found.method)
            key = found.get_frozen_credentials().access_key
        identity = target.connect.aws("sts").get_caller_identity()
        account, arn = (target.connect.clean(identity[name]) for name in ("Account", "Arn"))
    except AWS_ERRORS as error:
        account, why = target.connect.unseen(error, "sts:GetCallerIdentity"), why_invalid(error)
        if isinstance(error, CredentialsError):
            source, profile = error.method, target.connect.profile()
    return AccessFacts(
        account=account,
        arn=arn,
        expected_account=settings.get("ACADEMY_AWS_ACCOUNT_ID"),
        key_is_r2_key=key is not None and key == settings.get("R2_ACCESS_KEY"),
        credentials=source,
        profile=profile,
        clock_ahead_seconds=target.connect.clocks.ahead(),
        why=why,
    )


def judge(case: Case) -> Iterator[Finding]:
    """Return whether AWS knows us, and as the right account."""
    build = FindingBuilder("access", "0", case.names)
    facts = case.access
    if isinstance(facts, Unavailable):
        yield build.unknown(say("who AWS says we are"), facts)
        return
    if facts.key_is_r2_key:
        yield build.fail("aws-keys-are-r2-keys")
    if isinstance(facts.account, Unavailable):
        code = _CAUSES.get(facts.account.reason)
        if code is None:
            yield build.unknown(say("who AWS says we are"), facts.account)
        else:
            evidence = _unknown_to_aws(facts, facts.account)
            known = CATALOGUE[code].reasons
            yield build.fail(code, evidence, reason=facts.why if facts.why in known else None)
    elif facts.expected_account and facts.expected_account != facts.account:
        evidence = {"account": facts.account, "expected": facts.expected_account, "arn": facts.arn}
        yield build.fail("aws-wrong-account", evidence)
    else:
        summary = say("AWS knows us: account {account}.", account=facts.account)
        yield build.ok(summary, {"account": facts.account, "arn": facts.arn})
    ahead = facts.clock_ahead_seconds or 0
    refused = isinstance(facts.account, Unavailable) and facts.account.reason == "clock-skew"
    if abs(ahead) >= CLOCK_WRONG_SECONDS and not refused:
        yield build.warn("clock-skew", {"clock_ahead_seconds": ahead}, _off_by(ahead))


def _off_by(ahead: int) -> Text:
    if ahead > 0:
        return say("This machine's clock is {seconds} s fast; ages are counted by the servers' clocks.", seconds=ahead)
    return say("This machine's clock is {seconds} s slow; ages are counted by the servers' clocks.", seconds=-ahead)


def _unknown_to_aws(facts: AccessFacts, account: Unavailable) -> dict[str, Json]:
    evidence: dict[str, Json] = {"tried": account.tried, "detail": account.detail}
    if facts.clock_ahead_seconds:
        evidence["clock_ahead_seconds"] = facts.clock_ahead_seconds
    if facts.credentials:
        evidence["credentials"] = facts.credentials
    if facts.why and facts.profile:
        evidence["profile"] = facts.profile
    if facts.credentials == _SSO:
        evidence["sso_profile"] = facts.profile
    return evidence


CHECK: Final = Check(
    name="access",
    section="0",
    waits_for=say("AWS to tell who we are"),
    observe=observe,
    judge=judge,
)
