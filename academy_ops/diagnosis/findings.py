"""How a check writes its findings down: status, cause and remedies always in the same form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from academy_ops.contract import TIER, by_tier
from academy_ops.diagnosis.catalogue import CATALOGUE, filled
from academy_ops.diagnosis.command import Steps, aws, command
from academy_ops.diagnosis.records import Finding, Json, Reason, Remedy, Section, Unavailable
from academy_ops.messages import Text, say

_NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FindingBuilder:
    """Writes the findings of one check.

    Attributes:
        names: Live names for the remedies' commands.
    """

    check: str
    section: Section
    names: Mapping[str, str]

    def ok(self, summary: Text, evidence: Mapping[str, Json] = _NOTHING) -> Finding:
        """Write that all is well."""
        return Finding(self.check, self.section, "ok", summary, evidence=evidence)

    def fail(
        self,
        code: str,
        evidence: Mapping[str, Json] = _NOTHING,
        summary: Text | None = None,
        *,
        reason: str | None = None,
        explained_by: Iterable[str] = (),
    ) -> Finding:
        """Write a fault.

        Args:
            code: The cause.
            evidence: The facts that prove it; the names in them fill the remedies' commands.
            summary: What is wrong; by default what the catalogue says of the code, and of the reason.
            reason: Which of the reasons behind the code it is; one that the catalogue names.
            explained_by: The causes that explain it here, besides those of which the catalogue says so.
        """
        row = CATALOGUE[code]
        variant = row.reasons[reason] if reason else row
        names = {**self.names, **{name: value for name, value in evidence.items() if isinstance(value, str)}}
        remedies = filled(variant.remedies, names)
        return Finding(
            self.check,
            self.section,
            "fail",
            self._quoting(summary or variant.meaning, evidence),
            cause=code,
            evidence=evidence,
            remedies=tuple(replace(remedy, text=self._quoting(remedy.text, evidence)) for remedy in remedies),
            reason=reason,
            explained_by=frozenset(explained_by) - {code},
        )

    def warn(
        self,
        code: str,
        evidence: Mapping[str, Json] = _NOTHING,
        summary: Text | None = None,
        *,
        reason: str | None = None,
    ) -> Finding:
        """Write a warning; arguments as for `fail`."""
        return replace(self.fail(code, evidence, summary, reason=reason), status="warn")

    def skip(self, summary: Text, because: Text | None, evidence: Mapping[str, Json] = _NOTHING) -> Finding:
        """Write that there was nothing to look at; ``because`` is None where the summary says why."""
        return Finding(self.check, self.section, "skip", summary, evidence=evidence, because=because)

    def unknown(self, what: Text, unseen: Unavailable, may_conceal: Iterable[str] = ()) -> Finding:
        """Write that ``what`` could not be observed, and which causes can't be excluded without it."""
        denied = unseen.tried if unseen.reason == "denied" else None
        why = because(unseen)
        names = {**self.names, "check": self.check, "tried": unseen.tried}
        return Finding(
            self.check,
            self.section,
            "unknown",
            say("Could not check {what}.", what=what),
            evidence={"reason": unseen.reason, "tried": unseen.tried, **present(detail=unseen.detail)},
            remedies=filled((_SEEING.get(unseen.reason, _LOOK),), names),
            missing_permission=denied,
            because=say("{why}: {words}", why=why, words=unseen.detail) if unseen.detail else why,
            may_conceal=frozenset(may_conceal),
        )

    def _quoting(self, text: Text, evidence: Mapping[str, Json]) -> Text:
        """Let a sentence quote what was seen in place of the usual numbers and names, and the tier's settings."""
        tier = self.names.get("tier", TIER)
        values = dict(text.values)
        for name, usual in text.values.items():
            seen = evidence.get(name)
            if isinstance(seen, int | float | str):
                values[name] = seen
            elif isinstance(usual, str):
                values[name] = by_tier(usual, tier)
        return Text(text.template, values)


def present(**evidence: Json) -> dict[str, Json]:
    """Return those of the names that have a value."""
    return {name: value for name, value in evidence.items() if value not in (None, "", [])}


def because(unseen: Unavailable) -> Text:
    """Say why something could not be observed."""
    return say(_BECAUSE[unseen.reason].template, tried=unseen.tried)


def _remedy(text: Text, steps: Steps) -> Remedy:
    return Remedy(text, steps, command("<ops> check <check> <job>"))


_LOOK: Final = _remedy(say("Show the full response."), command("<ops> --verbose check <check> <job>"))
_AWAY: Final = _remedy(
    say("Check this machine's network, proxy and settings for the connection, then run again."), command("<ops> config")
)
_PROXY: Final = _remedy(
    say(
        "Correct the proxy setting, or add the host to NO_PROXY (without a scheme). If the proxy itself refuses, "
        "allow the host there. The command shows its response."
    ),
    command("<ops> --verbose check <check> <job>"),
)
_SIGN_IN: Final = _remedy(
    say("Sign in to this network in a browser, then run again."), command("<ops> check <check> <job>")
)
_AGAIN: Final = _remedy(say("Wait a minute, then run again."), command("<ops> check <check> <job>"))
_ACCESS: Final = _remedy(say("Check the access to AWS."), command("<ops> check access"))
_LOG_GROUP: Final = aws(
    "logs describe-log-groups --log-group-name-prefix <tried> --output text "
    "--query logGroups[].[logGroupName,logGroupClass,kmsKeyId,retentionInDays]"
)
_SEEING: Final[Mapping[Reason, Remedy]] = {
    "denied": _remedy(
        say("Ask for the missing permissions. The policy that the checks need:"), command("<ops> iam-policy")
    ),
    "not-configured": _remedy(
        say("Set what is missing. The command shows every setting and where it is set."), command("<ops> config")
    ),
    "malformed": _remedy(
        say("Set it again, on one line and with nothing around it. The command shows where it is set."),
        command("<ops> config"),
    ),
    "deadline": _remedy(say("Allow more time than the default."), command("<ops> --timeout 120 check <check> <job>")),
    **dict.fromkeys(("credentials-missing", "credentials-invalid", "clock-skew"), _ACCESS),
    **dict.fromkeys(("dns", "refused", "tls", "timeout", "unreachable"), _AWAY),
    **dict.fromkeys(("throttled", "server-error"), _AGAIN),
    "proxy": _PROXY,
    "signed-out": _SIGN_IN,
    "log-class": _remedy(
        say(
            "Search the log group with Logs Insights in the CloudWatch console; this API reads only groups of the "
            "Standard class. A group's class can't be changed: create a Standard one for the workers."
        ),
        _LOG_GROUP,
    ),
    "log-key": _remedy(
        say(
            "Check the log group's KMS key: it must be enabled, and its key policy must allow CloudWatch Logs in this "
            "region and you (kms:Decrypt). While it is disabled, nothing can be read."
        ),
        _LOG_GROUP,
    ),
}
"""What to do so that it can be seen; for any other reason, `_LOOK`."""

_BECAUSE: Final[Mapping[Reason, Text]] = {
    "denied": say("the permission {tried} is denied"),
    "credentials-missing": say("no AWS credentials"),
    "credentials-invalid": say("credentials rejected ({tried})"),
    "clock-skew": say("this machine's clock is wrong ({tried})"),
    "throttled": say("too many requests ({tried})"),
    "not-found": say("{tried} not found"),
    "dns": say("{tried}: the host name has no DNS address"),
    "refused": say("{tried}: connection refused"),
    "tls": say("{tried}: TLS handshake failed"),
    "timeout": say("{tried} did not respond in time"),
    "deadline": say("time was up before {tried} responded"),
    "unreachable": say("{tried} could not be reached"),
    "server-error": say("{tried} returned a server error"),
    "unexpected-answer": say("{tried} returned an unexpected response"),
    "proxy": say("the request fails at the proxy set in {tried} on this machine"),
    "trust-store": say("{tried} on this machine does not point to usable CA certificates"),
    "signed-out": say("this machine's network redirects every request to {tried}; it may require a sign-in"),
    "cached": say("{tried}: a cache returned an old response"),
    "too-long": say("{tried}: the response is too large"),
    "unreadable": say("{tried} can't be read there"),
    "not-configured": say("{tried} is not set"),
    "malformed": say("{tried} contains a line break or another character that no request can carry"),
    "offline": say("the SSM agent is offline"),
    "log-class": say("the log class of {tried} does not support reading"),
    "log-key": say("the KMS key of {tried} can't be used"),
    "not-asked": say("not requested"),
    "crashed": say("{tried}: academy-ops itself failed"),
}
