"""Section 2: edge and nginx, on the way to the job's status."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import UNSEEN, Cause, codes, remedy
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say

CHECK: Final = "{ops} check endpoint{job}"
_RELOAD: Final = "sudo nginx -t && sudo systemctl reload nginx"
_START: Final = "sudo systemctl start nginx"
_RAY: Final = f"{commands.EDGE} | grep -iE '^(HTTP|server|cf-ray|cf-mitigated)'"
_REDIRECTS: Final = (
    "curl -sSL --max-redirs 5 --max-time 10 -o /dev/null -D - {api_url}/healthz | grep -iE '^(HTTP|location)'"
)


def endpoint_cause(
    code: str,
    meaning: Text,
    told_by: Text,
    look: tuple[str, ...],
    *remedies: Remedy,
    explains: frozenset[str] = frozenset(),
) -> Cause:
    """Make a row for something that keeps the job's state from being seen."""
    return Cause(code, "2", meaning, told_by, look, states=UNSEEN, explains=explains, remedies=remedies)


ENDPOINT: Final[tuple[Cause, ...]] = (
    endpoint_cause(
        "endpoint-dns",
        say("The API's host name has no address."),
        say("The host of ACADEMY_API_URL does not resolve, while something else outside did answer this machine."),
        ("dig +short {api_host}", commands.EDGE),
        remedy(
            say("Correct ACADEMY_API_URL or the DNS record of the API."),
            "dig +short {api_host} @1.1.1.1",
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "endpoint-refused",
        say("Nothing listens at the API's address."),
        say("The connection to ACADEMY_API_URL is refused, or there is no way to it."),
        (commands.EDGE, commands.LISTENING),
        remedy(
            say(
                "See what listens on the origin. Where nginx does, the address, its DNS record or the edge in front of "
                "it is wrong; where not, start nginx."
            ),
            commands.LISTENING,
            CHECK,
        ),
    ),
    endpoint_cause(
        "endpoint-timeout",
        say("The API's address does not answer in time."),
        say("No connection within 3 seconds or no answer within 8, while something else outside did answer."),
        (commands.TIMES, commands.PORT_80),
        remedy(say("Check that the origin runs and that its security group lets port 80 in."), commands.PORT_80, CHECK),
    ),
    endpoint_cause(
        "endpoint-tls",
        say("The TLS handshake with the API's address fails."),
        say("The certificate has expired, is for another name or not trusted, or the other side speaks no TLS."),
        (commands.CERTIFICATE,),
        remedy(
            say(
                "Renew the certificate, or correct the host name in ACADEMY_API_URL; where your own authority has "
                "signed the certificate, name its file in SSL_CERT_FILE."
            ),
            commands.CERTIFICATE,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "edge-origin-down",
        say("Cloudflare finds the origin's port closed (521)."),
        say("The answer has the status 521."),
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.LISTENING),
        remedy(
            say("Start nginx on the origin, and open port 80 for Cloudflare in its security group."),
            _START,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "edge-origin-timeout",
        say("Cloudflare gets no answer from the origin in time (522 or 524)."),
        say("The answer has the status 522 (no connection to the origin) or 524 (connected, but no answer)."),
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.API_LOG),
        remedy(
            say(
                "Check that the origin runs, that its security group lets Cloudflare in, and that the API is not hung."
            ),
            commands.PORT_80,
            CHECK,
        ),
    ),
    endpoint_cause(
        "edge-tls-mode",
        say("Cloudflare speaks TLS to an origin that has none or a wrong certificate (525 or 526)."),
        say("The answer has the status 525 (no TLS handshake) or 526 (the certificate is not valid)."),
        (commands.EDGE, commands.LISTENING, commands.NGINX),
        remedy(
            say("Set the SSL mode to Flexible in the Cloudflare dashboard, or give the origin a valid certificate."),
            commands.NGINX,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "edge-blocked",
        say("Cloudflare shows a block or challenge page instead of the API's answer."),
        say(
            "The answer bears cf-mitigated; or it comes from Cloudflare, is not JSON, and is a 403 that is not nginx's "
            "or a 429 or 503 with a challenge page."
        ),
        (_RAY,),
        remedy(
            say("Allow /api/ in Cloudflare's security rules; look the ray id up under Security events."),
            _RAY,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "edge-error",
        say("Cloudflare itself answers with an error."),
        say("The answer has a status of 520 to 530 that no other cause names: 520, 523, 527 and so on."),
        (_RAY, commands.CLOUDFLARE_STATUS),
        remedy(
            say("Look the code up in the evidence, and check Cloudflare's status page."),
            commands.CLOUDFLARE_STATUS,
            CHECK,
        ),
    ),
    endpoint_cause(
        "redirect-loop",
        say("The API's address redirects in a circle: nginx sends http to https while Cloudflare comes by http."),
        say("The answer is a redirect for the fifth time."),
        (_REDIRECTS, commands.NGINX),
        remedy(
            say("Remove the redirect to https from nginx, or set Cloudflare's SSL mode to Full."),
            _RELOAD,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "proxy-upstream-down",
        say("nginx is up, but the API process behind it (port 8000) is down: every request ends in 502."),
        say("The answer is 502, and the app's own port (ACADEMY_APP_URL) refuses the connection."),
        (commands.EDGE, commands.APP, commands.API_CONTAINER, commands.APP_THERE),
        remedy(
            say("Start the API container on the API server and read its last log lines."),
            f"docker start academy-api && {commands.API_LOG}",
            CHECK,
            "change",
        ),
        explains=codes("bad-gateway"),
    ),
    endpoint_cause(
        "proxy-misrouted",
        say("nginx answers 502 although the API itself is up: nginx points at a wrong upstream."),
        say("The answer is 502, but the app's own port (ACADEMY_APP_URL) does answer."),
        (commands.EDGE, commands.APP, commands.NGINX, commands.APP_THERE),
        remedy(say("Set proxy_pass to http://127.0.0.1:8000 and reload nginx."), _RELOAD, CHECK, "change"),
        explains=codes("bad-gateway"),
    ),
    endpoint_cause(
        "bad-gateway",
        say("The API's address answers 502, and the layers behind it could not be seen."),
        say("The answer is 502, and ACADEMY_APP_URL is not set or gives no answer from here."),
        (commands.EDGE, commands.API_CONTAINER, commands.APP_THERE, commands.NGINX),
        remedy(
            say("Set ACADEMY_ORIGIN_URL and ACADEMY_APP_URL, run again: then edge, nginx and API are told apart."),
            commands.APP_THERE,
            CHECK,
        ),
    ),
    endpoint_cause(
        "gateway-timeout",
        say("nginx waits in vain for the API (504)."),
        say("The answer has the status 504."),
        (commands.TIMES, commands.APP_THERE, commands.API_LOG),
        remedy(say("Look for slow requests in the API's log."), commands.API_LOG, CHECK),
        remedy(
            say("Restart the API if it hangs; requests that are under way are lost."),
            "docker restart academy-api",
            CHECK,
            "change",
        ),
    ),
)
