"""Section 2: the way in, as far as the edge; `gateway` goes on from there."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import UNSEEN, Cause, Rows, Variant
from academy_ops.diagnosis.command import command
from academy_ops.messages import say

ROWS: Final = Rows("2", command("<ops> check endpoint <job>"), UNSEEN)
_cause, _read, _change = ROWS.cause, ROWS.read, ROWS.change
RELOAD: Final = command("sudo nginx -t", place="api-server") + command(
    "sudo systemctl reload nginx", place="api-server"
)
_START: Final = command("sudo systemctl start nginx", place="api-server")
_LOOK_UP: Final = command("nslookup <api_host>")
_FIREWALL: Final = Variant(
    say("Cloudflare gets no connection to the origin, though nginx answers this machine."),
    (
        _read(
            say(
                "The security group or a firewall lets this machine in and Cloudflare not: let all of Cloudflare's "
                "address ranges in on port 80, and see that the DNS record names this origin."
            ),
            commands.PORT_80,
        ),
    ),
)


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
        reasons={
            "reset": Variant(
                say("Something accepts the connection at the API's address and resets it at once."),
                (
                    _read(
                        say(
                            "A firewall, or a service that is not the web server, cuts the connection: see what "
                            "listens on the port, and ask from another network."
                        ),
                        commands.LISTENING,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "endpoint-timeout",
        say("The API's address does not answer in time."),
        say("No connection within 3 seconds or no answer within 8, while something else outside did answer."),
        (commands.TIMES, commands.PORT_80),
        _read(say("Check that the origin runs and that its security group lets port 80 in."), commands.PORT_80),
        reasons={
            "one-path": Variant(
                say("The API answers /healthz, but hangs where it is asked for the job."),
                (
                    _read(
                        say("Look for this request in the API's log: a slow query, a lock, a call that waits."),
                        commands.API_LOG,
                    ),
                ),
            ),
        },
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
        reasons={
            "expired": Variant(
                say("The certificate at the API's address has expired."),
                (_change(say("Renew the certificate, and reload who shows it."), commands.CERTIFICATE),),
            ),
            "not-yet": Variant(
                say("The certificate at the API's address is not valid yet."),
                (
                    _change(
                        say(
                            "Compare this machine's clock first; where it is right, show the certificate that is valid "
                            "now, and correct the clock of who issues them."
                        ),
                        commands.CERTIFICATE,
                    ),
                ),
            ),
            "name": Variant(
                say("The certificate at the API's address is for another name."),
                (
                    _change(
                        say("Correct the host in ACADEMY_API_URL, or have the certificate issued for it."),
                        commands.CERTIFICATE,
                    ),
                ),
            ),
            "issuer": Variant(
                say("The certificate at the API's address does not lead to an authority that is trusted here."),
                (
                    _read(
                        say(
                            "The chain tells which it is: one certificate alone is a server that does not send its "
                            "intermediate (serve the full chain); an issuer of this network is a proxy that opens TLS; "
                            "your own authority is named in SSL_CERT_FILE."
                        ),
                        commands.CERTIFICATE,
                    ),
                ),
            ),
            "no-tls": Variant(
                say("The port at ACADEMY_API_URL does not speak TLS, and is asked by https."),
                (
                    _change(
                        say("Write http:// in ACADEMY_API_URL, or the port that speaks TLS."),
                        commands.CONFIG,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "edge-origin-down",
        say("Cloudflare finds the origin's port closed (521)."),
        say("The answer has the status 521."),
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.LISTENING),
        _change(say("Start nginx on the origin, and open port 80 for Cloudflare in its security group."), _START),
        reasons={"firewall": _FIREWALL},
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
        reasons={"firewall": _FIREWALL},
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
            "The page is Cloudflare's own: a challenge, the sign-in of Cloudflare Access, a 401, 403 or 451, or a "
            "number from 1005 to 1012, 1020 or 1106. A 403 of nginx or the API passes through Cloudflare, and is none."
        ),
        (commands.EDGE,),
        _change(
            say("Allow /api/ in Cloudflare's security rules; look the ray id up under Security events."), commands.EDGE
        ),
        reasons={
            "access": Variant(
                say("Cloudflare Access asks for a sign-in instead of passing the API's answer on."),
                (
                    _change(
                        say(
                            "In Cloudflare's Zero Trust dashboard, give /api/ a Bypass policy, or keep the API's host "
                            "out of the Access application."
                        ),
                        commands.EDGE,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "edge-error",
        say("Cloudflare itself answers with an error."),
        say(
            "The page is Cloudflare's own and no other cause covers it: 520, 523, 527, 530, a number of 1xxx that "
            "blocks nobody, or its own 409, 500, 502, 503 or 504. Or a cache has answered, and the API says otherwise."
        ),
        (commands.EDGE, commands.CLOUDFLARE_STATUS),
        _read(say("Look the code up in the evidence, and check Cloudflare's status page."), commands.CLOUDFLARE_STATUS),
        reasons={
            "dns": Variant(
                say("Cloudflare can't tell which origin the API's host name stands for."),
                (
                    _change(
                        say(
                            "Correct the DNS record of the API's host in Cloudflare's dashboard: it must name the "
                            "origin, by an address or a name that resolves, and not Cloudflare itself."
                        ),
                        _LOOK_UP,
                    ),
                ),
            ),
            "tunnel": Variant(
                say("Cloudflare's tunnel to the origin is down."),
                (
                    _change(
                        say("Start cloudflared on the origin, and look at the tunnel in the Zero Trust dashboard."),
                        command("sudo systemctl restart cloudflared", place="api-server"),
                    ),
                ),
            ),
            "worker": Variant(
                say("A Cloudflare Worker or a rule of Cloudflare's in front of the API fails."),
                (
                    _read(
                        say(
                            "Look at the Worker's route and its errors in Cloudflare's dashboard; a route that "
                            "excludes /api/ leaves the API alone."
                        ),
                        commands.EDGE,
                    ),
                ),
            ),
            "own": Variant(
                say("Cloudflare itself answers with an error; it is not the origin's page."),
                (
                    _read(
                        say(
                            "Ask the origin past Cloudflare. Where that is well, look at Cloudflare's status page and "
                            "its rules for this host; where not, start there."
                        ),
                        commands.CLOUDFLARE_STATUS,
                    ),
                ),
            ),
            "cached": Variant(
                say("A cache answers for the API, so browsers see an old state of the job."),
                (
                    _change(
                        say(
                            "Bypass the cache for /api/ in Cloudflare's cache rules (and in nginx's proxy_cache), then "
                            "purge what is cached."
                        ),
                        commands.EDGE,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "redirect-loop",
        say("The API's address redirects in a loop."),
        say("The answer is still a redirect after as many as browsers follow; where they lead tells the reason."),
        (commands.REDIRECTS, commands.NGINX),
        _read(
            say("Follow the redirects one by one, and correct the rule of the edge, nginx or API that leads back."),
            commands.REDIRECTS,
        ),
        reasons={
            "https": Variant(
                say(
                    "The API's address redirects in a loop: nginx redirects http to https while Cloudflare connects "
                    "over http."
                ),
                (
                    _change(
                        say("Remove the redirect to https from nginx, or set Cloudflare's SSL mode to Full."), RELOAD
                    ),
                ),
            ),
            "slash": Variant(
                say(
                    "The API's address redirects in a loop: one layer adds the slash at the path's end, another takes "
                    "it away."
                ),
                (
                    _change(
                        say(
                            "Let only one of them decide: the API's paths end in /, so remove the rule of nginx or the "
                            "edge that takes it away."
                        ),
                        RELOAD,
                    ),
                ),
            ),
            "login": Variant(
                say("The API's address redirects to a sign-in page in a loop."),
                (
                    _change(
                        say(
                            "Take /api/ out of what asks for a sign-in (nginx's auth_request, a gateway, the web "
                            "site's middleware): the API takes a token instead."
                        ),
                        RELOAD,
                    ),
                ),
            ),
        },
    ),
)
