"""Section 2: edge, nginx and API, which a request for the job's status passes."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import UNSEEN, Cause, Rows, codes
from academy_ops.diagnosis.command import command
from academy_ops.messages import say

_ROWS: Final = Rows("2", command("<ops> check endpoint <job>"), UNSEEN)
_cause, _read, _change = _ROWS.cause, _ROWS.read, _ROWS.change
_RELOAD: Final = command("sudo nginx -t", place="api-server") + command(
    "sudo systemctl reload nginx", place="api-server"
)
_START: Final = command("sudo systemctl start nginx", place="api-server")
_LOOK_UP: Final = command("nslookup <api_host>")


ENDPOINT: Final[tuple[Cause, ...]] = (
    _cause(
        "endpoint-dns",
        say("The API's host name has no address."),
        say("The host of ACADEMY_API_URL does not resolve, while something else outside did answer this machine."),
        (_LOOK_UP, commands.EDGE),
        _change(say("Correct ACADEMY_API_URL or the DNS record of the API."), command("nslookup <api_host> 1.1.1.1")),
    ),
    _cause(
        "endpoint-refused",
        say("Nothing listens at the API's address."),
        say("The connection to ACADEMY_API_URL is refused, or there is no route to it."),
        (commands.EDGE, commands.LISTENING),
        _read(
            say(
                "See what listens on the origin. Where nginx does, the address, its DNS record or the edge in front of "
                "it is wrong; where not, start nginx."
            ),
            commands.LISTENING,
        ),
    ),
    _cause(
        "endpoint-timeout",
        say("The API's address does not answer in time."),
        say("No connection within 3 seconds or no answer within 8, while something else outside did answer."),
        (commands.TIMES, commands.PORT_80),
        _read(say("Check that the origin runs and that its security group lets port 80 in."), commands.PORT_80),
    ),
    _cause(
        "endpoint-tls",
        say("The TLS handshake with the API's address fails."),
        say("The certificate has expired, is for another name or not trusted, or the other side does not speak TLS."),
        (commands.CERTIFICATE,),
        _change(
            say(
                "Renew the certificate, or correct the host name in ACADEMY_API_URL; where your own authority has "
                "signed the certificate, name its file in SSL_CERT_FILE."
            ),
            commands.CERTIFICATE,
        ),
    ),
    _cause(
        "edge-origin-down",
        say("Cloudflare finds the origin's port closed (521)."),
        say("The answer has the status 521."),
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.LISTENING),
        _change(say("Start nginx on the origin, and open port 80 for Cloudflare in its security group."), _START),
    ),
    _cause(
        "edge-origin-timeout",
        say("Cloudflare gets no answer from the origin in time (522 or 524)."),
        say("The answer has the status 522 (no connection to the origin) or 524 (connected, but no answer)."),
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.API_LOG),
        _read(
            say(
                "Check that the origin runs, that its security group lets Cloudflare in, and that the API is not hung."
            ),
            commands.PORT_80,
        ),
    ),
    _cause(
        "edge-tls-mode",
        say("Cloudflare uses TLS towards an origin without TLS or without a valid certificate (525 or 526)."),
        say("The answer has the status 525 (no TLS handshake) or 526 (the certificate is not valid)."),
        (commands.EDGE, commands.LISTENING, commands.NGINX),
        _change(
            say("Set the SSL mode to Flexible in the Cloudflare dashboard, or give the origin a valid certificate."),
            commands.NGINX,
        ),
    ),
    _cause(
        "edge-blocked",
        say("Cloudflare shows a block or challenge page instead of the API's answer."),
        say(
            "The answer has the header cf-mitigated; or it comes from Cloudflare, is not JSON, and is a 403 that is "
            "not nginx's or a 429 or 503 with a challenge page."
        ),
        (commands.EDGE,),
        _change(
            say("Allow /api/ in Cloudflare's security rules; look the ray id up under Security events."), commands.EDGE
        ),
    ),
    _cause(
        "edge-error",
        say("Cloudflare itself answers with an error."),
        say("The answer has a status of 520 to 530 that no other cause covers: 520, 523, 527 and so on."),
        (commands.EDGE, commands.CLOUDFLARE_STATUS),
        _read(say("Look the code up in the evidence, and check Cloudflare's status page."), commands.CLOUDFLARE_STATUS),
    ),
    _cause(
        "redirect-loop",
        say(
            "The API's address redirects in a loop: nginx redirects http to https while Cloudflare connects over http."
        ),
        say("The answer is a redirect for the fifth time."),
        (commands.REDIRECTS, commands.NGINX),
        _change(say("Remove the redirect to https from nginx, or set Cloudflare's SSL mode to Full."), _RELOAD),
    ),
    _cause(
        "proxy-upstream-down",
        say("nginx is up, but the API process behind it (port 8000) is down: every request ends in 502."),
        say("The answer is 502, and the app's own port (ACADEMY_APP_URL) refuses the connection."),
        (commands.EDGE, commands.APP, commands.API_CONTAINER, commands.APP_THERE),
        _change(
            say("Start the API container on the API server and read its last log lines."),
            command("docker start academy-api", place="api-server") + commands.API_LOG,
        ),
        explains=codes("bad-gateway"),
    ),
    _cause(
        "proxy-misrouted",
        say("nginx answers 502 although the API itself is up: nginx points to the wrong upstream."),
        say("The answer is 502, but the app's own port (ACADEMY_APP_URL) does answer."),
        (commands.EDGE, commands.APP, commands.NGINX, commands.APP_THERE),
        _change(say("Set proxy_pass to http://127.0.0.1:8000 and reload nginx."), _RELOAD),
        explains=codes("bad-gateway"),
    ),
    _cause(
        "bad-gateway",
        say("The API's address answers 502, and the layers behind it could not be seen."),
        say("The answer is 502, and ACADEMY_APP_URL is not set or gives no answer from here."),
        (commands.EDGE, commands.API_CONTAINER, commands.APP_THERE, commands.NGINX),
        _read(
            say(
                "Set ACADEMY_ORIGIN_URL and ACADEMY_APP_URL, then run again: edge, nginx and API are asked separately."
            ),
            commands.APP_THERE,
        ),
    ),
    _cause(
        "gateway-timeout",
        say("nginx gets no answer from the API in time (504)."),
        say("The answer has the status 504."),
        (commands.TIMES, commands.APP_THERE, commands.API_LOG),
        _read(say("Look for slow requests in the API's log."), commands.API_LOG),
        _change(
            say("Restart the API if it hangs; requests in progress are lost."),
            command("docker restart academy-api", place="api-server"),
        ),
    ),
    _cause(
        "api-database-down",
        say("The API runs, but its database does not answer (/healthz is fine, /health is not)."),
        say("/healthz answers 200, and /health answers with 500 or more or not within 8 seconds."),
        (commands.EDGE, commands.HEALTH, commands.API_LOG),
        _read(
            say("Check the database: is it up, are its connections exhausted, is DATABASE_URL right?"), commands.API_LOG
        ),
        explains=codes("api-error", "worker-database-down"),
    ),
    _cause(
        "api-error",
        say("The API answers with a server error of its own."),
        say("The answer has a status of 500 or more that is neither nginx's (502, 504) nor Cloudflare's (520 to 530)."),
        (commands.JOB, commands.API_LOG),
        _read(say("Read the API's log at the time of the request."), commands.API_LOG),
    ),
    _cause(
        "api-auth-rejected",
        say("The API rejects the token."),
        say("The answer has the status 401 or 403, and is not one of Cloudflare's pages."),
        (commands.JOB,),
        _change(say("Renew ACADEMY_API_TOKEN, and check ACADEMY_TENANT_CODE."), commands.CONFIG),
    ),
    _cause(
        "api-throttled",
        say("The API or the edge limits the rate of requests (429)."),
        say("The answer has the status 429, and is not a challenge page of Cloudflare's."),
        (commands.JOB,),
        _read(say("Wait for the time in Retry-After; then look again."), commands.EDGE),
    ),
    _cause(
        "api-host-rejected",
        say("The API does not accept the Host header it is given (400)."),
        say("The answer has the status 400, and mentions the Host header or is Django's bare page of that status."),
        (
            commands.ANSWER,
            command("curl -sS --max-time 10 -i -H Host:<api_host> http://127.0.0.1:8000/healthz", place="api-server"),
            commands.NGINX,
        ),
        _change(
            say("Add the host to the API's allowed hosts, or let nginx pass the right Host header."),
            command("docker exec academy-api printenv ALLOWED_HOSTS", place="api-server"),
        ),
    ),
    _cause(
        "api-not-json",
        say("The address answers, but not with the API's JSON."),
        say("What answers does not speak HTTP, shows a page, or knows neither the job's path nor /healthz."),
        (commands.ANSWER, commands.JOB),
        _read(say("Check ACADEMY_API_URL: it may point to the website instead of the API."), commands.CONFIG),
    ),
    _cause(
        "job-not-found",
        say("The API has no such job for this tenant."),
        say("The job's address answers 404 in JSON, while /healthz is there."),
        (commands.JOB,),
        _read(
            say("Compare the job id with the browser's request, and ACADEMY_TENANT_CODE with the school's."),
            commands.CONFIG,
        ),
    ),
)
