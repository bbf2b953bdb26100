"""Section 2: the way in, as far as the edge; `gateway` goes on from there."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import UNSEEN, Cause, Rows
from academy_ops.diagnosis.command import command

ROWS: Final = Rows("2", command("<ops> check endpoint <job>"), UNSEEN)
_cause, _read, _change = ROWS.cause, ROWS.read, ROWS.change
_to_read, _to_change = ROWS.to_read, ROWS.to_change
RELOAD: Final = command("sudo nginx -t", place="api-server") + command(
    "sudo systemctl reload nginx", place="api-server"
)
_START: Final = command("sudo systemctl start nginx", place="api-server")
_LOOK_UP: Final = command("nslookup <api_host>")
_FIREWALL: Final = _to_change(
    "Cloudflare can't connect to the origin, although the origin responds to this machine.",
    "The security group or a firewall allows this machine but not Cloudflare. Allow all "
    "Cloudflare IP ranges on port 80, and check that the DNS record points to this origin.",
    commands.PORT_80,
)


ENDPOINT: Final[tuple[Cause, ...]] = (
    _cause(
        "endpoint-dns",
        "The API's host name has no DNS address.",
        "The host name in ACADEMY_API_URL does not resolve, although other hosts on the internet respond.",
        (_LOOK_UP, commands.EDGE),
        _change("Correct ACADEMY_API_URL or the API's DNS record.", command("nslookup <api_host> 1.1.1.1")),
    ),
    _cause(
        "endpoint-refused",
        "The API's address refuses connections: nothing is listening.",
        "The connection to ACADEMY_API_URL is refused, or there is no route to it.",
        (commands.EDGE, commands.LISTENING),
        _read(
            "Check what is listening on the origin. If nginx is, the address, its DNS record or the "
            "edge in front of it is wrong; otherwise start nginx.",
            commands.LISTENING,
        ),
        reasons={
            "reset": _to_read(
                "The API's address accepts the connection and immediately resets it.",
                "A firewall, or a service other than the web server, drops the connection. Check what is "
                "listening on the port, and try from another network.",
                commands.LISTENING,
            )
        },
    ),
    _cause(
        "endpoint-timeout",
        "The API's address does not respond in time.",
        "No connection within 3 seconds or no response within 8, although other hosts on the internet respond.",
        (commands.TIMES, commands.PORT_80),
        _read("Check that the origin is running and that its security group allows port 80.", commands.PORT_80),
        reasons={
            "one-path": _to_read(
                "The API responds to /healthz, but hangs on the job request.",
                "Look for this request in the API log: a slow query, a lock, or a call that is waiting.",
                commands.API_LOG,
            )
        },
    ),
    _cause(
        "endpoint-tls",
        "The TLS handshake with the API's address fails.",
        "The certificate has expired, is for another name or is not trusted, or the server does not use TLS.",
        (commands.CERTIFICATE,),
        _change(
            "Renew the certificate, or correct the host name in ACADEMY_API_URL. If your own CA "
            "issued the certificate, set SSL_CERT_FILE to the CA's file.",
            commands.CERTIFICATE,
        ),
        reasons={
            "expired": _to_change(
                "The certificate at the API's address has expired.",
                "Renew the certificate, and reload the server that uses it.",
                commands.CERTIFICATE,
            ),
            "not-yet": _to_change(
                "The certificate at the API's address is not valid yet.",
                "Check this machine's clock first. If it is right, install a certificate that is valid "
                "now, and correct the clock of the CA that issued it.",
                commands.CERTIFICATE,
            ),
            "name": _to_change(
                "The certificate at the API's address is for a different host name.",
                "Correct the host name in ACADEMY_API_URL, or get a certificate for it.",
                commands.CERTIFICATE,
            ),
            "issuer": _to_read(
                "The certificate at the API's address is not signed by a CA that this machine trusts.",
                "The chain shows which case it is. Only one certificate: the server does not send its "
                "intermediate, so serve the full chain. An issuer from your own network: a proxy "
                "intercepts TLS. Your own CA: set SSL_CERT_FILE to it.",
                commands.CERTIFICATE,
            ),
            "no-tls": _to_change(
                "ACADEMY_API_URL uses https, but its port does not use TLS.",
                "Change ACADEMY_API_URL to http://, or to the port that uses TLS.",
                commands.CONFIG,
            ),
        },
    ),
    _cause(
        "edge-origin-down",
        "Cloudflare found the origin's port closed (521).",
        "The response status is 521.",
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.LISTENING),
        _change("Start nginx on the origin, and open port 80 for Cloudflare in its security group.", _START),
        reasons={"firewall": _FIREWALL},
    ),
    _cause(
        "edge-origin-timeout",
        "Cloudflare got no response from the origin in time (522 or 524).",
        "The response status is 522 (no connection to the origin) or 524 (connected, but no response).",
        (commands.EDGE, commands.ORIGIN, commands.PORT_80, commands.API_LOG),
        _read(
            "Check that the origin is running, that its security group allows Cloudflare, and that "
            "the API is not hanging.",
            commands.PORT_80,
        ),
        reasons={"firewall": _FIREWALL},
    ),
    _cause(
        "edge-tls-mode",
        "Cloudflare uses TLS to the origin, but the origin has no TLS or no valid certificate (525 or 526).",
        "The response status is 525 (TLS handshake failed) or 526 (invalid certificate).",
        (commands.EDGE, commands.LISTENING, commands.NGINX),
        _change(
            "Set the SSL mode to Flexible in the Cloudflare dashboard, or install a valid certificate on the origin.",
            commands.NGINX,
        ),
    ),
    _cause(
        "edge-blocked",
        "Cloudflare returns a block or challenge page instead of the API's response.",
        "The page is Cloudflare's own: a challenge, a Cloudflare Access sign-in, a 401, 403 or 451, or error 1005 "
        "to 1012, 1020 or 1106. A 403 from nginx or the API passes through Cloudflare unchanged and does not count.",
        (commands.EDGE,),
        _change(
            "Allow /api/ in the Cloudflare security rules; look up the Ray ID under Security events.", commands.EDGE
        ),
        reasons={
            "access": _to_change(
                "Cloudflare Access requires a sign-in instead of passing the request to the API.",
                "In the Cloudflare Zero Trust dashboard, add a Bypass policy for /api/, or remove the "
                "API's host from the Access application.",
                commands.EDGE,
            )
        },
    ),
    _cause(
        "edge-error",
        "Cloudflare returns an error of its own.",
        "The page is Cloudflare's own and matches no other cause: 520, 523, 527, 530, a 1xxx error that is not a "
        "block, or Cloudflare's own 409, 500, 502, 503 or 504. Or a cache responded, and the API says otherwise.",
        (commands.EDGE, commands.CLOUDFLARE_STATUS),
        _read(
            "Look up the error code shown in the evidence, and check the Cloudflare status page.",
            commands.CLOUDFLARE_STATUS,
        ),
        reasons={
            "dns": _to_change(
                "Cloudflare can't find the origin for the API's host name.",
                "Correct the DNS record for the API's host in the Cloudflare dashboard. It must point to "
                "the origin, by address or by a name that resolves, and not to Cloudflare itself.",
                _LOOK_UP,
            ),
            "tunnel": _to_change(
                "The Cloudflare tunnel to the origin is down.",
                "Start cloudflared on the origin, and check the tunnel in the Zero Trust dashboard.",
                command("sudo systemctl restart cloudflared", place="api-server"),
            ),
            "tunnel-origin": _to_change(
                "The Cloudflare tunnel is up, but cloudflared can't reach the server that it leads to.",
                "The cloudflared log shows which address it tries. Start what should listen there, or correct "
                "the service of the tunnel's public hostname: its scheme, its port, and a host name that "
                "resolves where cloudflared runs (inside a container, localhost is the container).",
                command("sudo journalctl --no-pager -n 50 -u cloudflared", place="api-server") + commands.LISTENING,
            ),
            "worker": _to_read(
                "A Cloudflare Worker or rule in front of the API fails.",
                "Check the Worker's route and errors in the Cloudflare dashboard. If its route excludes "
                "/api/, it does not affect the API.",
                commands.EDGE,
            ),
            "own": _to_read(
                "Cloudflare returns an error of its own, not the origin's.",
                "Send the request to the origin directly. If that works, check the Cloudflare status "
                "page and the rules for this host; otherwise start with the origin.",
                commands.CLOUDFLARE_STATUS,
            ),
            "cached": _to_change(
                "A cache responds instead of the API, so browsers see an old job status.",
                "Bypass the cache for /api/ in the Cloudflare cache rules (and in nginx's proxy_cache), "
                "then purge the cache.",
                commands.EDGE,
            ),
        },
    ),
    _cause(
        "redirect-loop",
        "The API's address redirects in a loop.",
        "The response is still a redirect after as many redirects as a browser follows; the "
        "reason depends on where they lead.",
        (commands.REDIRECTS, commands.NGINX),
        _change(
            "Follow the redirects one by one, and correct the rule at the edge, in nginx or in the "
            "API that redirects back.",
            commands.REDIRECTS,
        ),
        reasons={
            "https": _to_change(
                "The API's address redirects in a loop: nginx redirects http to https while Cloudflare connects "
                "over http.",
                "Remove the https redirect from nginx, or set the Cloudflare SSL mode to Full.",
                RELOAD,
            ),
            "slash": _to_change(
                "The API's address redirects in a loop: one layer adds the trailing slash, another removes it.",
                "Only one layer may decide. The API's paths end in /, so remove the nginx or edge rule that strips it.",
                RELOAD,
            ),
            "login": _to_change(
                "The API's address redirects to a sign-in page in a loop.",
                "Exclude /api/ from whatever requires a sign-in (nginx auth_request, a gateway, the "
                "website's middleware). The API uses a token instead.",
                RELOAD,
            ),
        },
    ),
)
