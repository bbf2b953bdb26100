"""Section 1: can the API store an upload in R2?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from typing import Final

from botocore.exceptions import ClientError

from academy_ops.contract import BUCKET_NAME, BUCKET_SETTINGS, R2_SETTINGS
from academy_ops.diagnosis.check import Check, Hop
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable, listed
from academy_ops.messages import say
from academy_ops.outside.clients import Answer, Target
from academy_ops.outside.failures import AWS_ERRORS, ForeignAnswerError, error_code
from academy_ops.outside.time_limits import begin, gather
from academy_ops.settings import Settings
from checks.authors import page_of
from checks.facts import Case, R2Facts, SettingState
from checks.own_network import anything_answered, no_certificate_fits, redirects_all
from checks.r2_settings import jurisdictions, missing_setting, setting_state
from checks.words import Fault

_IF_CLOSED: Final = frozenset(
    {"placeholder", "unexpanded", "not-a-bucket", "bucket-in-host", "not-r2", "not-an-account"}
)
"""What a value that opens the bucket can't be, whatever it looks like."""

_DENIED: Final = frozenset({"AccessDenied", "Forbidden", "403"})
_NOT_ENTITLED: Final = "NotEntitled"
_MALFORMED: Final[dict[str, tuple[str, SettingState]]] = {
    "InvalidBucketName": ("", "not-a-bucket"),
    # S3 takes the bucket's name for a key where the host is a bucket's own.
    "NoSuchKey": ("R2_ENDPOINT", "bucket-in-host"),
    # AWS's word for R2's region.
    "AuthorizationHeaderMalformed": ("R2_ENDPOINT", "not-r2"),
}
"""What R2's refusals say of a setting: which (``""``: the bucket's), and what it is."""
_REJECTED: Final[dict[str, str | None]] = {
    "InvalidArgument": "key-form",
    "SignatureDoesNotMatch": "secret",
    "InvalidAccessKeyId": "unknown-key",
    "Unauthorized": "unknown-key",
    "ExpiredToken": "unknown-key",
    "InvalidToken": "unknown-key",
    "InvalidSecurity": "unknown-key",
    "401": None,
}
"""R2's words for keys that it does not take, and what lies behind each."""
_KEY_ID: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_SECRET: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_CLIENT_ERRORS: Final = range(400, 500)
_ALIKE: Final = 0.75
"""From here on two buckets' names are taken for one that was misspelt, by difflib's ratio."""
_MOST_NAMES: Final = 20
_NOT_OURS: Final[frozenset[Reason]] = frozenset({"throttled", "clock-skew"})
_OF_NO_SETTING: Final = _NOT_OURS | {"timeout"}
_OF_KEYS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_TURNED_AWAY: Final = frozenset({401, 402, 403, 407, 408, 425, 429, 451})
"""What anybody on the way may answer."""
_REDIRECTS: Final = range(300, 400)
_OF_S3: Final = re.compile(r"<Error>\s{0,9}<Code>(\w{1,20}Redirect)</Code>")
"""S3 sends on in its own XML, through whatever proxy; R2 never does."""
_NETWORK: Final[frozenset[Reason]] = frozenset({"dns", "refused", "timeout", "tls", "unreachable"})
_MAY_CONCEAL: Final = (
    "r2-endpoint-unreachable",
    "r2-credentials-rejected",
    "r2-access-denied",
    "r2-bucket-missing",
    "r2-server-error",
)


def observe(target: Target, case: Case) -> R2Facts:  # noqa: ARG001 - every check has the same form
    """Look at the R2 settings, then at the bucket with them; where there is none, at where it may be."""
    settings = target.settings
    states = {name: setting_state(settings[name]) for name in (*R2_SETTINGS, *BUCKET_SETTINGS)}
    key, secret = settings.get("R2_ACCESS_KEY") or "", settings.get("R2_SECRET_KEY") or ""
    facts = R2Facts(
        settings=states,
        endpoint=target.connect.clean(settings.get("R2_ENDPOINT") or "") or None,
        bucket=settings.bucket,
        bucket_source=next((name for name in BUCKET_SETTINGS if states[name] != "missing"), "default"),
        reach=Unavailable("deadline", "R2_ENDPOINT"),
        swapped=bool(_SECRET.fullmatch(key) and _KEY_ID.fullmatch(secret)),
    )
    asked = begin("R2_ENDPOINT", partial(_ask, target, facts), target.until)()
    facts = facts if isinstance(asked, Unavailable) else asked
    return _look_around(target, settings, facts) if facts.error_code in _DENIED | {"NoSuchBucket"} else facts


def judge(case: Case) -> Iterator[Finding]:
    """Distinguish missing, malformed, refused and absent."""
    build = FindingBuilder("r2", "1", case.names)
    facts = case.r2
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the R2 bucket"), facts, _MAY_CONCEAL)
        return
    missing = [name for name in R2_SETTINGS if facts.settings.get(name, "missing") == "missing"]
    malformed = _malformed(facts)
    evidence = _evidence(facts)
    if missing:
        yield build.fail("r2-env-missing", {"missing": list(missing), "bucket": facts.bucket})
    if malformed:
        said = evidence if facts.error_code and not missing else {}
        yield build.fail("r2-env-malformed", {"settings": dict(malformed), **said})
    if not missing and not _said_of_setting(facts):
        answered = anything_answered(case) and not no_certificate_fits(case)
        if facts.foreign and redirects_all(case, facts.foreign):
            away = Unavailable("signed-out", facts.foreign.headers["location"])
            yield build.unknown(say("the R2 bucket"), away, _MAY_CONCEAL)
            return
        yield from _judge_bucket(build, facts, evidence, answered=answered, malformed=bool(malformed))


def _evidence(facts: R2Facts) -> dict[str, Json]:
    evidence: dict[str, Json] = {
        "bucket": facts.bucket,
        "bucket_source": facts.bucket_source,
        "endpoint": facts.endpoint,
    }
    if isinstance(facts.reach, Unavailable):
        evidence |= {"error_code": facts.error_code or facts.reach.reason, "detail": facts.reach.detail}
    if facts.foreign:
        page = page_of(facts.foreign)
        evidence |= {"status": facts.foreign.status, "author": page.name, "title": page.title}
        evidence |= present(code=page.code or None)
    return evidence


def _judge_bucket(
    build: FindingBuilder, facts: R2Facts, evidence: Mapping[str, Json], *, answered: bool, malformed: bool
) -> Iterator[Finding]:
    if isinstance(facts.reach, Unavailable):
        fault = _fault(facts, facts.reach, answered=answered)
        if fault:
            yield _refused(build, facts, evidence, fault)
        elif not malformed or facts.reach.reason != "unexpected-answer":
            unknown = build.unknown(say("the R2 bucket"), facts.reach, _MAY_CONCEAL)
            yield replace(unknown, evidence={**unknown.evidence, **evidence}) if facts.foreign else unknown
    elif facts.reach is None:
        yield _refused(build, facts, evidence, Fault("r2-bucket-missing"))
    elif not malformed:
        opens = say(
            "The API's keys can access bucket {bucket}. Write access is not tested here; the smoke command tests it.",
            bucket=facts.bucket,
        )
        yield build.ok(opens, evidence)


def api_side_wrong(case: Case) -> bool:
    """Return whether the API's own R2 settings are at fault: what it has, not what it lacks, nor R2 itself."""
    causes = {finding.cause for finding in judge(case) if finding.status == "fail"}
    return bool(causes - {"r2-env-missing", "r2-server-error"})


def _malformed(facts: R2Facts) -> dict[str, SettingState]:
    """Return the settings that can't be right as they are written, of those that are in force."""
    in_force = (*R2_SETTINGS, facts.bucket_source)
    found = {name: facts.settings[name] for name in in_force if name in facts.settings}
    well = {"set", "missing"} | (_IF_CLOSED if facts.reach is True else frozenset())
    return _said_of_setting(facts) | {name: state for name, state in found.items() if state not in well}


def _said_of_setting(facts: R2Facts) -> dict[str, SettingState]:
    """Return what R2's refusal says of a setting: whatever is neither the keys' fault nor the bucket's is that."""
    if facts.status not in _CLIENT_ERRORS or not isinstance(facts.reach, Unavailable):
        return {}
    if facts.reach.reason in _OF_NO_SETTING or facts.status in _OF_KEYS or facts.error_code in {*_REJECTED, *_DENIED}:
        return {}
    name, state = _MALFORMED.get(facts.error_code, ("R2_ENDPOINT", "refused"))
    return {name or facts.bucket_source: state}


def _fault(facts: R2Facts, unseen: Unavailable, *, answered: bool) -> Fault | None:
    """Name the fault behind R2's refusal or silence; None where this machine's own network may be the reason."""
    code = facts.error_code
    if unseen.reason in _NOT_OURS:
        return None
    if code in _REJECTED or facts.status == HTTPStatus.UNAUTHORIZED:
        return Fault("r2-credentials-rejected", "swapped" if facts.swapped else _REJECTED.get(code))
    if code in _DENIED or facts.status == HTTPStatus.FORBIDDEN:
        return Fault("r2-access-denied", "not-entitled" if code == _NOT_ENTITLED else None)
    if unseen.reason == "server-error":
        return Fault("r2-server-error")
    if facts.foreign and _is_elsewhere(facts.foreign):
        return Fault("r2-endpoint-unreachable", "not-s3")
    return Fault("r2-endpoint-unreachable") if unseen.reason in _NETWORK and answered else None


def _is_elsewhere(answer: Answer) -> bool:
    """Return whether an answer shows that R2 is not there: it is not S3's, nor of anybody on the way there."""
    page = page_of(answer)
    turned_away = answer.status in _TURNED_AWAY or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    sent_on = answer.status in _REDIRECTS and bool(answer.proxy) and not _OF_S3.search(answer.body)
    return not (turned_away or sent_on or page.author == "cloudflare" or page.on_the_way_out)


def _refused(build: FindingBuilder, facts: R2Facts, evidence: Mapping[str, Json], fault: Fault) -> Finding:
    """Write a refusal down; where the keys open a bucket elsewhere or of another name, that is the reason."""
    meant = facts.opens[:1] or get_close_matches(facts.bucket, facts.listed, 1, _ALIKE)
    evidence = {**evidence, **({"buckets": list[Json](facts.listed)} if facts.listed else {})}
    if fault in {Fault("r2-bucket-missing"), Fault("r2-access-denied")}:
        if facts.elsewhere:
            return build.fail(fault.code, {**evidence, "elsewhere": facts.elsewhere}, reason="jurisdiction")
        if meant:
            return build.fail(fault.code, {**evidence, "meant": meant[0]}, reason="wrong-name")
    return build.fail(fault.code, evidence, reason=fault.reason)


def _why_foreign(answer: Answer) -> Unavailable:
    """Return what an answer tells that is not R2's: only S3's XML is its word."""
    page = page_of(answer)
    if answer.proxy and page.on_the_way_out:
        return Unavailable("proxy", answer.proxy, page.title)
    return Unavailable("unexpected-answer", answer.url, f"HTTP {answer.status}")


def _ask(target: Target, facts: R2Facts) -> R2Facts:
    """Return the facts with what R2, or whoever is in its place, says of the bucket."""
    if missing := missing_setting(target.settings):
        return replace(facts, reach=Unavailable("not-configured", missing))
    try:
        # HeadBucket has no body that would say why, nor who answers: any web site says 200.
        target.connect.r2().list_objects_v2(Bucket=facts.bucket, MaxKeys=1)
    except ClientError as error:
        code = target.connect.clean(error_code(error))
        reach = None if code == "NoSuchBucket" else target.connect.unseen(error, "s3:ListBucket")
        return replace(facts, reach=reach, error_code=code, status=error.response["ResponseMetadata"]["HTTPStatusCode"])
    except ForeignAnswerError as error:
        answer = target.connect.foreign(error, target.settings.get("R2_ENDPOINT") or "")
        return replace(facts, reach=_why_foreign(answer), foreign=answer)
    except AWS_ERRORS as error:
        return replace(facts, reach=target.connect.unseen(error, facts.endpoint or "R2_ENDPOINT"))
    return replace(facts, reach=True)


def _look_around(target: Target, settings: Settings, facts: R2Facts) -> R2Facts:
    """Look whether the keys open the bucket in another jurisdiction, or one of another name that may be meant."""
    endpoints = jurisdictions(settings.get("R2_ENDPOINT") or "")
    names = {settings.get(name): None for name in BUCKET_SETTINGS} | {BUCKET_NAME: None}
    others = [name for name in names if name and name != facts.bucket]
    places = [(endpoint, facts.bucket) for endpoint in endpoints] + [(None, name) for name in others]
    looks = [("s3:ListBucket", partial(_opens, target, *place)) for place in places]
    buckets = begin("s3:ListBuckets", partial(_buckets, target), target.until)
    opened = [place for place, opens in zip(places, gather(looks, target.until), strict=True) if opens is True]
    return replace(
        facts,
        elsewhere=next((endpoint for endpoint, _ in opened if endpoint), ""),
        opens=tuple(target.connect.clean(bucket) for endpoint, bucket in opened if endpoint is None),
        listed=listed(buckets()),
    )


def _opens(target: Target, endpoint: str | None, bucket: str) -> bool:
    try:
        target.connect.r2(endpoint).list_objects_v2(Bucket=bucket, MaxKeys=1)
    except AWS_ERRORS:
        return False
    return True


def _buckets(target: Target) -> tuple[str, ...]:
    """Return the names of the buckets; none where the token is not for the account as a whole."""
    try:
        named = target.connect.r2().list_buckets()["Buckets"]
        return tuple(target.connect.clean(bucket["Name"]) for bucket in named[:_MOST_NAMES])
    except AWS_ERRORS:
        return ()


CHECK: Final = Check(
    name="r2",
    section="1",
    waits_for=say("a response from R2"),
    observe=observe,
    judge=judge,
    reads=("access", "endpoint"),
    hops=(Hop(4, say("R2"), ("r2-", "upload-")),),
)
