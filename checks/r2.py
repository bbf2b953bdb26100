"""Section 1: can the API store an upload in R2?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from academy_ops.diagnosis.check import Check, Hop
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import begin
from academy_ops.settings import Setting, Settings
from checks.facts import Case, R2Facts, SettingState

_REQUIRED: Final = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")
_BUCKETS: Final = ("R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME")
_PLACEHOLDERS: Final = (
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "your-",
    "your_",
    "xxxx",
    "todo",
    "<",
    "example",
)
_TLS_ONLY: Final = ".r2.cloudflarestorage.com"

_REJECTED: Final = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized", "InvalidArgument", "401"})
_DENIED: Final = frozenset({"AccessDenied", "Forbidden", "403"})
_NETWORK: Final[frozenset[Reason]] = frozenset({"dns", "refused", "timeout", "tls", "unreachable"})
_MAY_CONCEAL: Final = (
    "r2-endpoint-unreachable",
    "r2-credentials-rejected",
    "r2-access-denied",
    "r2-bucket-missing",
    "r2-server-error",
)


def observe(target: Target, case: Case) -> R2Facts:  # noqa: ARG001 - every check has the same form
    """Look at the R2 settings, then at the bucket with them."""
    settings = target.settings
    states = {name: setting_state(settings[name]) for name in (*_REQUIRED, *_BUCKETS)}
    answer = begin("R2_ENDPOINT", partial(_reach, target, settings), target.until)()
    reach, code = (answer, "") if isinstance(answer, Unavailable) else answer
    source = next((name for name in _BUCKETS if settings.get(name)), "default")
    endpoint = target.connect.clean(settings.get("R2_ENDPOINT") or "") or None
    return R2Facts(states, endpoint, settings.bucket, source, reach, code)


def judge(case: Case) -> Iterator[Finding]:
    """Distinguish missing, malformed, refused and absent."""
    build = FindingBuilder("r2", "1", case.names)
    facts = case.r2
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the R2 bucket"), facts, _MAY_CONCEAL)
        return
    missing = [name for name in _REQUIRED if facts.settings.get(name, "missing") == "missing"]
    malformed = _malformed(facts)
    if missing:
        yield build.fail("r2-env-missing", {"missing": list(missing), "bucket": facts.bucket})
    if malformed:
        yield build.fail("r2-env-malformed", {"settings": dict(malformed)})
    if not missing:
        yield from _judge_bucket(build, facts, answered=case.anything_answered(), malformed=bool(malformed))


def _malformed(facts: R2Facts) -> dict[str, SettingState]:
    """Return the settings that can't be right as they are written, of those that are in force."""
    in_force = (*_REQUIRED, facts.bucket_source)
    found = {name: facts.settings[name] for name in in_force if name in facts.settings}
    # A value that looks like a placeholder and opens the bucket is none.
    well = {"set", "missing", "placeholder"} if facts.reach is True else {"set", "missing"}
    return {name: state for name, state in found.items() if state not in well}


def _judge_bucket(build: FindingBuilder, facts: R2Facts, *, answered: bool, malformed: bool) -> Iterator[Finding]:
    evidence: dict[str, Json] = {
        "bucket": facts.bucket,
        "bucket_source": facts.bucket_source,
        "endpoint": facts.endpoint,
    }
    if isinstance(facts.reach, Unavailable):
        evidence |= {"error_code": facts.error_code or facts.reach.reason, "detail": facts.reach.detail}
        code = _fault(facts.reach, facts.error_code, answered=answered)
        yield build.fail(code, evidence) if code else build.unknown(say("the R2 bucket"), facts.reach, _MAY_CONCEAL)
    elif facts.reach is None:
        yield build.fail("r2-bucket-missing", evidence)
    elif not malformed:
        yield build.ok(say("The bucket {bucket} answers the API's keys.", bucket=facts.bucket), evidence)


def _fault(unseen: Unavailable, error_code: str, *, answered: bool) -> str | None:
    """Name the fault behind R2's refusal or silence; None where this machine's own network may be the reason."""
    if error_code in _REJECTED:
        return "r2-credentials-rejected"
    if error_code in _DENIED:
        return "r2-access-denied"
    if unseen.reason == "server-error":
        return "r2-server-error"
    return "r2-endpoint-unreachable" if unseen.reason in _NETWORK and answered else None


def setting_state(setting: Setting) -> SettingState:
    """Judge how a setting is written; the value itself stays here.

    A quoted value is a fault because Docker's ``--env-file`` keeps the quotes.
    """
    if setting.value is None:
        return "missing"
    written = setting.as_docker if setting.as_docker is not None else setting.value
    if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'":
        return "quoted"
    if written != written.strip() or any(character.isspace() for character in written):
        return "spaces"
    # No key, bucket or address of R2 is written in other letters; a template's words in Korean are.
    if not setting.value.isascii() or any(mark in setting.value.lower() for mark in _PLACEHOLDERS):
        return "placeholder"
    return _endpoint_state(setting.value) if setting.name == "R2_ENDPOINT" else "set"


def _endpoint_state(value: str) -> SettingState:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return "not-a-url"
    if parts.scheme not in {"http", "https"} or not host:
        return "not-a-url"
    if parts.path.strip("/"):
        return "bucket-in-path"
    return "no-tls" if parts.scheme == "http" and host.endswith(_TLS_ONLY) else "set"


def _reach(target: Target, settings: Settings) -> tuple[Literal[True] | Unavailable | None, str]:
    missing = next((name for name in _REQUIRED if not settings.get(name)), None)
    if missing:
        return Unavailable("not-configured", missing), ""
    try:
        # HeadBucket costs least, but a refusal of it has no body that says why; listing one key has.
        try:
            target.connect.r2().head_bucket(Bucket=settings.bucket)
        except ClientError:
            target.connect.r2().list_objects_v2(Bucket=settings.bucket, MaxKeys=1)
    except ClientError as error:
        code = target.connect.clean(error_code(error))
        if code == "NoSuchBucket":
            return None, code
        return target.connect.unseen(error, "s3:ListBucket"), code
    except AWS_ERRORS as error:
        return target.connect.unseen(error, target.connect.clean(settings.get("R2_ENDPOINT") or "R2_ENDPOINT")), ""
    return True, ""


CHECK: Final = Check(
    name="r2",
    section="1",
    waits_for=say("R2 to answer"),
    observe=observe,
    judge=judge,
    reads=("access", "endpoint"),
    hops=(Hop(4, say("R2"), ("r2-", "upload-")),),
)
