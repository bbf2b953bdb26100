"""Signature Version 4, checked: does a request come from who it says, unchanged, and now?"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
TOLERANCE: Final = timedelta(minutes=5)
"""How far AWS lets the two clocks be apart."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request's Authorization header says, before any of it is believed."""

    key_id: str
    region: str
    service: str
    headers: frozenset[str]
    signature: str

    def matches(self, secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether the request was signed with ``secret``; ``url`` is the whole one, as it was sent."""
        signed = {name: value for name, value in headers.items() if name.lower() in self.headers}
        request = AWSRequest(method=method, url=url, data=body, headers=signed)
        request.context["timestamp"] = headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(self.key_id, secret), self.service, self.region)
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return hmac.compare_digest(expected, self.signature)


def parse(authorization: str) -> Signed | None:
    """Read an Authorization header; None when it is not a Version 4 signature."""
    found = _AUTHORIZATION.fullmatch(authorization.strip())
    if found is None:
        return None
    return Signed(
        found["key"], found["region"], found["service"], frozenset(found["headers"].split(";")), found["signature"]
    )


def age_complaint(stamp: str, now: datetime) -> str | None:
    """Say in AWS's words that a request's ``X-Amz-Date`` is too far from ``now``; None when it is not."""
    try:
        sent = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return f"Date must be in ISO-8601 'basic format'. Got '{stamp}'."
    if abs(now - sent) <= TOLERANCE:
        return None
    here = now.strftime(SIGV4_TIMESTAMP)
    if sent < now:
        edge = (now - TOLERANCE).strftime(SIGV4_TIMESTAMP)
        return f"Signature expired: {stamp} is now earlier than {edge} ({here} - 5 min.)"
    edge = (now + TOLERANCE).strftime(SIGV4_TIMESTAMP)
    return f"Signature not yet current: {stamp} is still later than {edge} ({here} + 5 min.)"
