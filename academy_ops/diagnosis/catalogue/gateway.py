"""Section 2, further in: nginx or a load balancer, and the API behind it."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Cause, codes
from academy_ops.diagnosis.catalogue.endpoint import RELOAD, ROWS
from academy_ops.diagnosis.command import aws, command

_cause, _read, _change = ROWS.cause, ROWS.read, ROWS.change
_to_read, _to_change = ROWS.to_read, ROWS.to_change

GATEWAY: Final[tuple[Cause, ...]] = (
    _cause(
        "proxy-upstream-down",
        "The reverse proxy is up, but the API process behind it (port 8000) is down: every request ends in 502.",
        "The response is 502, /healthz fails the same way, and the app's own port "
        "(ACADEMY_APP_URL) refuses the connection; or a load balancer returns 503.",
        (commands.EDGE, commands.APP, commands.API_CONTAINER, commands.APP_THERE),
        _change(
            "Start the API container on the API server and read its last log lines.",
            command("docker start academy-api", place="api-server") + commands.API_LOG,
        ),
        explains=codes("bad-gateway"),
        reasons={
            "load-balancer": _to_read(
                "The load balancer has no healthy target, so no API container to send requests to.",
                "Find out why the targets are unhealthy: the container, its port 8000, the health check "
                "path, or the security group between the load balancer and the container.",
                commands.TARGETS,
            ),
            "no-target": _to_read(
                "The load balancer's target group has no target in use, so no API container to send requests to.",
                "Register the API's instance or container with the target group, and start it if it is stopped: "
                "check the ECS service or Auto Scaling group that should do so. Also check that the listener "
                "forwards to this target group.",
                commands.TARGETS,
            ),
            "draining": _to_read(
                "The load balancer's last targets are being deregistered, and there are no new ones.",
                "Find out what removes them without a replacement (a deployment, a scale-in, an ECS service with "
                "0 tasks), and start or register the new API containers.",
                commands.TARGETS,
            ),
            "starting": _to_read(
                "The load balancer's targets have just been registered; their first health checks are running.",
                "Wait for the first health checks (healthy threshold x interval), then check again. If the targets "
                "never become healthy, read the API log.",
                commands.TARGETS + commands.API_LOG,
            ),
            "health-check": _to_read(
                "The API responds to the load balancer's health check, but not with the expected status code.",
                "Compare the target group's health check path and success codes with what the API returns there: "
                "/healthz returns 200. A redirect to https (301), a rejected Host header (400) and a path that "
                "needs a token (401) all fail the check.",
                commands.TARGETS + commands.HEALTH,
            ),
            "no-answer": _to_read(
                "The API does not respond to the load balancer's health check in time.",
                "Check that the container's security group allows the load balancer on port 8000, then whether "
                "the API hangs or is overloaded.",
                commands.TARGETS + commands.API_LOG,
            ),
            "internal": _to_read(
                "The load balancer's own health checks fail because of an internal error at AWS.",
                "Check the AWS Health Dashboard for Elastic Load Balancing in this region, and wait.",
                commands.TARGETS,
            ),
        },
    ),
    _cause(
        "proxy-misrouted",
        "The reverse proxy returns 502 although the API itself is up: it points to the wrong upstream.",
        "The response is 502 and /healthz fails the same way, but the app's own port (ACADEMY_APP_URL) responds.",
        (commands.EDGE, commands.APP, commands.NGINX, commands.APP_THERE),
        _change("In nginx, set proxy_pass to http://127.0.0.1:8000 and reload it.", RELOAD),
        explains=codes("bad-gateway"),
        reasons={
            "load-balancer": _to_read(
                "The load balancer returns 502 although the API itself is up: it sends requests to the wrong place.",
                "Compare the target group's port, protocol and targets with the API container. A target "
                "that closes idle connections before the load balancer does (60 seconds) also causes 502.",
                commands.TARGETS,
            )
        },
    ),
    _cause(
        "bad-gateway",
        "The API's address returns 502, and the layers behind it could not be checked.",
        "The response is 502, and ACADEMY_APP_URL is not set or does not respond from here, or /healthz works through "
        "the same layers. Or it is an error page from nginx, a proxy or an unknown sender that matches no other cause.",
        (commands.EDGE, commands.API_CONTAINER, commands.APP_THERE, commands.NGINX),
        _read(
            "Set ACADEMY_ORIGIN_URL and ACADEMY_APP_URL, then run again, so that the edge, the reverse proxy "
            "and the API are checked separately.",
            commands.APP_THERE,
        ),
        reasons={
            "one-path": _to_read(
                "The gateway returns 502 for this path only; /healthz works through the same layers.",
                "The nginx error log shows why: the API closed the connection early (a crash or a killed process), "
                "its response header is too big (proxy_buffer_size), or a location points elsewhere.",
                commands.NGINX_LOG + commands.API_LOG,
            ),
            "nginx": _to_read(
                "nginx itself returns an error page; the request does not reach the API.",
                "Find the nginx setting that returns it: a return or maintenance rule, a limit (limit_req, "
                "limit_conn), a missing location, or an internal redirect. The error log shows most of these.",
                commands.NGINX + commands.NGINX_LOG,
            ),
            "load-balancer": _to_read(
                "The load balancer itself returns an error page; the API's response does not come through.",
                "Check the load balancer's listener rules (a fixed response, as for maintenance), the health of "
                "its targets, and its access log.",
                commands.TARGETS,
            ),
            "forwarded-for": _to_read(
                "The load balancer returns 463: the X-Forwarded-For header lists more than 30 IP addresses.",
                "Find the proxy that adds addresses over and over, often a loop: the load balancer's own name as "
                "the origin of the edge, or a proxy that forwards to itself.",
                commands.ANSWER,
            ),
            "protocol-version": _to_read(
                "The load balancer returns 464: the request's protocol does not fit the target group's protocol "
                "version.",
                "Recreate the target group with protocol version HTTP1, as the API needs; GRPC and HTTP2 "
                "target groups reject other requests.",
                commands.TARGETS,
            ),
            "proxy": _to_read(
                "A proxy or web filter on the way returns its own page; the request did not reach the API.",
                "The evidence names it. If it belongs to this network, allow the API's host in it or run "
                "academy-ops from elsewhere; if it is in front of the API, check it there.",
                commands.ANSWER,
            ),
            "unknown": _to_read(
                "An error page from an unknown sender comes back instead of the API's response.",
                "Its title is in the evidence. Send the request to nginx and the API directly, past the "
                "edge: the page comes from the layer just before the first one that responds differently.",
                commands.ANSWER + commands.APP_THERE,
            ),
        },
    ),
    _cause(
        "gateway-timeout",
        "The gateway in front of the API got no response in time (504).",
        "The response status is 504, and it comes from neither the API nor Cloudflare; or it is a load balancer's 460.",
        (commands.TIMES, commands.APP_THERE, commands.API_LOG),
        _read("Look for slow requests in the API log.", commands.API_LOG),
        _change(
            "Restart the API if it hangs; requests in progress are lost.",
            command("docker restart academy-api", place="api-server"),
        ),
        reasons={
            "load-balancer": _to_read(
                "The load balancer got no response from the API in time (504).",
                "Look for slow requests in the API log, and check that the security group allows the "
                "load balancer on port 8000.",
                commands.API_LOG + commands.TARGETS,
            ),
            "client-closed": _to_read(
                "The load balancer returned 460: the client closed the connection before the API responded.",
                "Look for slow requests in the API log, then compare the edge's timeout with the load "
                "balancer's idle timeout (60 seconds).",
                commands.API_LOG,
            ),
            "one-path": _to_read(
                "There is no response for this path in time (504), although the API responds to /healthz.",
                "Look for this request in the API log: a slow query, a lock, or a call that is waiting.",
                commands.API_LOG,
            ),
        },
    ),
    _cause(
        "api-database-down",
        "The API is running, but its database does not respond (/healthz is fine, /health is not).",
        "/healthz returns 200, and /health returns 500 or higher or does not respond within 8 seconds.",
        (commands.EDGE, commands.HEALTH, commands.API_LOG),
        _read(
            "Check the database: whether it is up, has free connections, and DATABASE_URL is right.", commands.API_LOG
        ),
        explains=codes("api-error", "worker-database-down"),
    ),
    _cause(
        "api-error",
        "The API returns a server error.",
        "The response status is 500 or higher, and the API itself sent it: JSON in its own form "
        "(detail), or its framework's error page.",
        (commands.JOB, commands.API_LOG),
        _read("Read the API log at the time of the request.", commands.API_LOG),
    ),
    _cause(
        "api-auth-rejected",
        "The API rejects the token.",
        "The API returns 401 or 403. If nginx, a load balancer or a proxy does so with its own "
        "page, the reason names it, and the token is not the problem.",
        (commands.JOB,),
        _change("Renew ACADEMY_API_TOKEN, and check ACADEMY_TENANT_CODE.", commands.CONFIG),
        reasons={
            "nginx": _to_change(
                "nginx rejects the request before it reaches the API; the token is not the problem.",
                "Look for auth_basic, auth_request, allow, deny and ssl_verify_client in the nginx configuration. "
                "If it asks for a certificate, the Cloudflare setting for that is Authenticated Origin Pulls.",
                commands.NGINX + RELOAD,
            ),
            "load-balancer": _to_read(
                "The load balancer rejects the request before it reaches the API; the token is not the problem.",
                "Check the load balancer's listener rules and its web ACL (AWS WAF). With 561, the sign-in that a "
                "rule requires failed at the identity provider.",
                aws("wafv2 list-web-acls --scope REGIONAL --output text"),
            ),
            "proxy": _to_read(
                "A proxy or web filter on the way rejects the request; the token is not the problem.",
                "The evidence names it. If it belongs to this network, allow the API's host in it or run "
                "academy-ops from elsewhere; if it is in front of the API, check it there.",
                commands.ANSWER,
            ),
        },
    ),
    _cause(
        "api-throttled",
        "The API or the edge rate-limits the requests (429).",
        "The response status is 429 or Cloudflare error 1015, and it is not a challenge; or "
        "nginx returns 503, but responds differently {second_look_seconds} seconds later.",
        (commands.JOB,),
        _read("Wait as long as Retry-After says, then check again.", commands.EDGE),
        reasons={
            "edge": _to_change(
                "A Cloudflare rule rate-limits the requests.",
                "Wait as long as Retry-After says, and raise the limit in the Cloudflare rate limiting rules.",
                commands.EDGE,
            ),
            "nginx": _to_change(
                "nginx rate-limits the requests.",
                "Wait a moment. If users are affected, raise limit_req or limit_conn in nginx: a browser "
                "polls once a second.",
                commands.NGINX + RELOAD,
            ),
        },
    ),
    _cause(
        "api-host-rejected",
        "The API rejects the Host header (400).",
        "The response status is 400, and the body mentions the Host header or is Django's default 400 page.",
        (commands.ANSWER, commands.APP_AS_HOST, commands.NGINX),
        _change(
            "Add the host to the API's allowed hosts, or have nginx pass the right Host header.",
            command("docker exec academy-api printenv ALLOWED_HOSTS", place="api-server"),
        ),
    ),
    _cause(
        "api-not-json",
        "The address responds, but not with the API's JSON.",
        "The response is not HTTP or is a web page, or the server has neither the job's path nor /healthz.",
        (commands.ANSWER, commands.JOB),
        _read("Check ACADEMY_API_URL; it may point to the website instead of the API.", commands.CONFIG),
        reasons={
            "broken": _to_change(
                "The API's JSON is invalid: no browser can parse it.",
                "The evidence shows where parsing fails. NaN and Infinity are not JSON: have the API write null "
                "(in Python, json.dumps with allow_nan=False finds them). If the end is cut off, read the API log.",
                commands.JOB + commands.API_LOG,
            ),
            "empty": _to_read(
                "The address returns an empty response.",
                "Check which server responds, and read the API log at the time of the request.",
                commands.ANSWER,
            ),
            "closed": _to_read(
                "The server closes the connection without an HTTP response.",
                "Check the port in ACADEMY_API_URL first: another service may listen there. If it is right, "
                "the process dies on this request; read the API log.",
                commands.CONFIG + commands.API_LOG,
            ),
            "storage": _to_change(
                "Object storage (S3) responds at the API's address: it serves the website's files.",
                "Have the CDN send /api/ to the API (in CloudFront: a behavior for that path), or correct "
                "ACADEMY_API_URL if the API has another address.",
                commands.ANSWER,
            ),
            "cut-off": _to_read(
                "The response breaks off before its end.",
                "The server closed the connection: a killed API process, an nginx timeout, or a full "
                "disk on the nginx host. The logs at the time of the request show which.",
                commands.NGINX_LOG + commands.API_LOG,
            ),
            "encoding": _to_read(
                "The response is not compressed as its Content-Encoding says.",
                "Find the layer that compresses twice or not at all: the API's middleware, nginx gzip, or the edge.",
                commands.ANSWER,
            ),
            "not-http": _to_read(
                "The server at the API's address does not respond with HTTP.",
                "Check the scheme and port in ACADEMY_API_URL; a TLS port responds to http like this too.",
                commands.CONFIG,
            ),
            "elsewhere": _to_read(
                "The API's address redirects to another address.",
                "The evidence shows the target. If that is the API, put it in ACADEMY_API_URL; if it is "
                "a sign-in page of this network or a website, the request did not reach the API.",
                commands.ANSWER,
            ),
            "http-wanted": _to_read(
                "The API redirects https requests to plain http, which browsers block: it does not know that TLS ends "
                "in front of it.",
                "Have the proxy or load balancer send X-Forwarded-Proto, and the API accept it (uvicorn "
                "--proxy-headers with --forwarded-allow-ips, SECURE_PROXY_SSL_HEADER in Django). A redirect that only "
                "adds or removes the trailing slash shows the same.",
                commands.ANSWER,
            ),
            "https-wanted": _to_change(
                "ACADEMY_API_URL uses http, but the server requires https.",
                "Change ACADEMY_API_URL to https://.",
                commands.CONFIG,
            ),
        },
    ),
    _cause(
        "job-not-found",
        "The API has no such job for this tenant.",
        "The job's address returns 404 as JSON in the API's own form (detail), while /healthz does not return 404; or "
        "404 as other JSON, while /healthz works.",
        (commands.JOB,),
        _read(
            "Find the job by school and time. The short id on the page is only the start of the job id.", commands.JOBS
        ),
        _read(
            "Compare the job id with the browser's request, and ACADEMY_TENANT_CODE with the school's tenant code.",
            commands.CONFIG,
        ),
    ),
)
