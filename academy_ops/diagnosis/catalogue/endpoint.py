"""Section 2: edge, nginx and API on the way to the job's status."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import UNSEEN, Cause, codes, do
from academy_ops.messages import Text, say

_CHECK: Final = "{ops} check endpoint"


def _way(
    code: str,
    meaning: Text,
    advice: Text,
    command: str | None = None,
    *,
    explains: frozenset[str] = frozenset(),
) -> Cause:
    """Make a row for something that keeps the job's state from being seen."""
    return Cause(
        code,
        "2",
        meaning,
        states=UNSEEN,
        explains=explains,
        remedies=(do(advice, command=command, verify=_CHECK, risk="change" if command else "read"),),
    )


ENDPOINT: Final = (
    _way(
        "endpoint-dns",
        say("The API's host name has no address."),
        say("Correct ACADEMY_API_URL or the DNS record of the API."),
    ),
    _way(
        "endpoint-refused",
        say("Nothing listens at the API's address."),
        say("Start nginx on the origin, and open port 80 in its security group."),
        "sudo systemctl start nginx",
    ),
    _way(
        "endpoint-timeout",
        say("The API's address does not answer in time."),
        say("Check that the origin runs and that its security group lets port 80 in."),
    ),
    _way(
        "endpoint-tls",
        say("The TLS handshake with the API's address fails."),
        say("Renew the certificate, or correct the host name in ACADEMY_API_URL."),
    ),
    _way(
        "edge-origin-down",
        say("Cloudflare finds the origin's port closed (521)."),
        say("Start nginx on the origin, and open port 80 for Cloudflare in its security group."),
        "sudo systemctl start nginx",
    ),
    _way(
        "edge-origin-timeout",
        say("Cloudflare gets no answer from the origin in time (522 or 524)."),
        say("Check that the origin runs, that its security group lets Cloudflare in, and that the API is not hung."),
    ),
    _way(
        "edge-tls-mode",
        say("Cloudflare speaks TLS to an origin that has none or a wrong certificate (525 or 526)."),
        say("Set the SSL mode to Flexible in the Cloudflare dashboard, or give the origin a valid certificate."),
    ),
    _way(
        "edge-blocked",
        say("Cloudflare shows a block or challenge page instead of the API's answer."),
        say("Allow /api/ in Cloudflare's security rules; look the ray id up under Security events."),
    ),
    _way(
        "edge-error",
        say("Cloudflare itself answers with an error."),
        say("Look the code up in the evidence, and check Cloudflare's status page."),
    ),
    _way(
        "redirect-loop",
        say("The API's address redirects in a circle: nginx sends http to https while Cloudflare comes by http."),
        say("Remove the redirect to https from nginx, or set Cloudflare's SSL mode to Full."),
        "sudo nginx -t && sudo systemctl reload nginx",
    ),
    _way(
        "proxy-upstream-down",
        say("nginx is up, but the API process behind it (port 8000) is down: every request ends in 502."),
        say("Start the API container on the API server and read its last log lines."),
        "docker start academy-api && docker logs --tail 50 academy-api",
        explains=codes("bad-gateway"),
    ),
    _way(
        "proxy-misrouted",
        say("nginx answers 502 although the API itself is up: nginx points at a wrong upstream."),
        say("Set proxy_pass to http://127.0.0.1:8000 and reload nginx."),
        "sudo nginx -t && sudo systemctl reload nginx",
        explains=codes("bad-gateway"),
    ),
    _way(
        "bad-gateway",
        say("The API's address answers 502, and the layers behind it could not be seen."),
        say("Set ACADEMY_ORIGIN_URL and ACADEMY_APP_URL, run again: then edge, nginx and API are told apart."),
    ),
    _way(
        "gateway-timeout",
        say("nginx waits in vain for the API (504)."),
        say("Look for slow requests in the API's log, and restart it if it hangs."),
        "docker logs --tail 50 academy-api",
    ),
    _way(
        "api-database-down",
        say("The API runs, but its database does not answer (/healthz is well, /health is not)."),
        say("Check the database: is it up, are its connections exhausted, is DATABASE_URL right?"),
        "docker logs --tail 50 academy-api",
        explains=codes("api-error", "worker-database-down"),
    ),
    _way(
        "api-error",
        say("The API answers with a server error of its own."),
        say("Read the API's log at the time of the request."),
        "docker logs --tail 50 academy-api",
    ),
    _way(
        "api-auth-rejected",
        say("The API rejects the token."),
        say("Renew ACADEMY_API_TOKEN, and check ACADEMY_TENANT_CODE."),
    ),
    _way(
        "api-throttled",
        say("The API or the edge limits the rate of requests (429)."),
        say("Wait for the time in Retry-After; then look again."),
    ),
    _way(
        "api-host-rejected",
        say("The API does not accept the Host header it is given (400)."),
        say("Add the host to the API's allowed hosts, or let nginx pass the right Host header."),
    ),
    _way(
        "api-not-json",
        say("The address answers, but not with the API's JSON."),
        say("Check ACADEMY_API_URL: it may point at the web site instead of the API."),
    ),
    _way(
        "job-not-found",
        say("The API knows no such job for this tenant."),
        say("Compare the job id with the browser's request, and ACADEMY_TENANT_CODE with the school's."),
    ),
)
