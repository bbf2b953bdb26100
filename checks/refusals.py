"""Why AWS refuses a worker: what its own words in the worker's log, and the instance's state, tell apart."""

import re
from typing import Final

from checks.group_facts import Ec2Instance
from checks.host_facts import HostReport
from checks.words import meaning, table

CLOCK: Final = (
    r"Signature (expired|not yet current): ?\d|RequestTimeTooSkewed|\bRequestExpired\b|"
    r"difference between the request time and the (server's|current) time"
)
NO_CREDENTIALS: Final = (
    r"Unable to locate credentials|NoCredentialsError|CredentialRetrievalError|MetadataRetrievalError"
    r"|[Rr]etrieving credentials from|MissingCredentialsError|NoAuthTokenError|refreshed credentials are still expired"
    r"|no EC2 IMDS role found|[Ll]oad credentials from any|\bCredentialsNotLoaded"
)
_PROFILE: Final = (
    r"\bProfileNotFound|\b(InvalidConfig|InfiniteLoopConfig|ConfigParse|ConfigNotFound|TokenRetrieval|SSO)Error\b"
    r"|SSO ?Token|SSO session|config profile \(|custom-process|calling the (GetRoleCredentials|CreateToken)"
)
"""What boto and AWS say of a profile that gives no credentials."""
_WEB_IDENTITY: Final = r"calling the AssumeRoleWithWebIdentity|InvalidIdentityToken|serviceaccount/token"
_NOT_SERVED: Final = r"\(OptInRequired\) when calling the (Receive|GetQueue|Delete|Change|Send)"
OWN_WAY: Final = (
    rf"{_PROFILE}|{_WEB_IDENTITY}|{_NOT_SERVED}"
    r"|(AccessDenied|RegionDisabled)\w{0,9}\) when calling the AssumeRole operation"
)
"""What is said where the worker's environment names another way to credentials than the instance's role."""
OTHER_REGION: Final = (
    r"\bNoRegionError|\bInvalidRegionError|\(InvalidAddress\) when calling|scoped to a valid region"
    r"|Invalid endpoint: https://sqs\.\."
)
"""What boto and SQS say of a region that is none, or not the queue's."""
KEY_REFUSED: Final = r"\b(KMS\.|Kms)(AccessDenied|Disabled|InvalidState|NotFound|InvalidKeyUsage|OptInRequired)"
"""SQS's codes for what KMS has answered it, in its two protocols."""

_TOLD: Final = table(
    ("clock", CLOCK),
    ("account", _NOT_SERVED),
    ("web-identity", _WEB_IDENTITY),
    ("role", r"calling the AssumeRole operation"),
    ("profile", _PROFILE),
    flags=re.NOFLAG,
)
_NO_CREDENTIALS: Final = re.compile(NO_CREDENTIALS)
_STILL_EXPIRED: Final = "still expired"
"""To a clock that is hours ahead."""
_BRIDGED_HOPS: Final = 2
"""A container on a bridge network is one hop further from the metadata service than its host."""
_OF_KMS: Final = r"\bKMS\.?AccessDenied|\bkms:[a-z]|ciphertext refers to a (customer master|KMS) key"
_DENIALS: Final = table(
    ("organization", r"(service|resource) control policy"),
    ("endpoint-policy", r"VPC endpoint policy"),
    ("key-missing", r"\bKMS\.?NotFound"),
    ("key-disabled", r"\bKMS\.?(Disabled|InvalidState)|key/\S{1,80} is (disabled|pending |unavailable)"),
    ("identity-policy", r"identity-based policy|permissions boundary|session policy"),
    ("key-policy", _OF_KMS),
    ("queue-policy", r"resource-based policy"),
)
_KEY: Final = re.compile(r"arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,40}:[0-9]{12}:key/([A-Za-z0-9-]{1,80})")
_NO_SWITCH: Final = re.compile(r"is (unavailable|pending import)", re.IGNORECASE)
"""States of a key that enabling it does not end: its key store is away, or it has no material yet."""
_PENDING_DELETION: Final = re.compile(r"pending( replica)? deletion", re.IGNORECASE)


def credentials_reason(words: str, host: HostReport, machine: Ec2Instance | None) -> str | None:
    """Return the reason of ``worker-aws-credentials`` by a line of the log and the instance; None where none tells."""
    off = host.clock_ahead_seconds and _STILL_EXPIRED in words
    if told := "clock" if off else meaning(words, _TOLD):
        return told
    if host.environment and host.environment.static_keys:
        return "static-keys"
    if machine is None or not _NO_CREDENTIALS.search(words):
        return None
    if machine.role is False:
        return "no-role"
    if machine.metadata == "disabled":
        return "metadata-off"
    bridged = host.container is not None and host.container.network != "host"
    short = machine.hop_limit is not None and machine.hop_limit < _BRIDGED_HOPS
    return "hop-limit" if machine.metadata == "required" and short and bridged else None


def denial_reason(words: str) -> str | None:
    """Return the reason of ``worker-queue-denied``, or None where AWS did not tell it."""
    return meaning(words, _DENIALS)


def named_in(words: str) -> dict[str, str]:
    """Return what a denial names and a remedy needs: the service, and the key that can be put in use again."""
    named = {"service": "kms" if re.search(_OF_KMS, words, re.IGNORECASE) else "sqs"}
    if (key := _KEY.search(words)) and not _NO_SWITCH.search(words):
        named["doomed_key" if _PENDING_DELETION.search(words) else "refused_key"] = key[1]
    return named
