"""Section 2, further in: nginx or a load balancer, and the API behind it."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Cause, Variant, codes
from academy_ops.diagnosis.catalogue.endpoint import RELOAD, ROWS
from academy_ops.diagnosis.command import command
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_cause, _read, _change = ROWS.cause, ROWS.read, ROWS.change

GATEWAY: Final[tuple[Cause, ...]] = (
    _cause(
        "proxy-upstream-down",
        say("nginx is up, but the API process behind it (port 8000) is down: every request ends in 502."),
        say(
            "The answer is 502, /healthz fails the same way, and the app's own port (ACADEMY_APP_URL) refuses the "
            "connection; or a load balancer answers 503."
        ),
        (commands.EDGE, commands.APP, commands.API_CONTAINER, commands.APP_THERE),
        _change(
            say("Start the API container on the API server and read its last log lines."),
            command("docker start academy-api", place="api-server") + commands.API_LOG,
        ),
        explains=codes("bad-gateway"),
        reasons={
            "load-balancer": Variant(
                say("The load balancer has no healthy target: no API container that it would send a request to."),
                (
                    _read(
                        say(
                            "See why the targets are unhealthy: the container, its port 8000, the path of the health "
                            "check, the security group between load balancer and container."
                        ),
                        commands.TARGETS,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "proxy-misrouted",
        say("nginx answers 502 although the API itself is up: nginx points to the wrong upstream."),
        say("The answer is 502, /healthz fails the same way, but the app's own port (ACADEMY_APP_URL) does answer."),
        (commands.EDGE, commands.APP, commands.NGINX, commands.APP_THERE),
        _change(say("Set proxy_pass to http://127.0.0.1:8000 and reload nginx."), RELOAD),
        explains=codes("bad-gateway"),
        reasons={
            "load-balancer": Variant(
                say("The load balancer answers 502 although the API itself is up: it sends requests elsewhere."),
                (
                    _read(
                        say(
                            "Compare the target group's port, protocol and targets with the API's container; a target "
                            "that closes idle connections before the load balancer does (60 seconds) ends in 502, too."
                        ),
                        commands.TARGETS,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "bad-gateway",
        say("The API's address answers 502, and the layers behind it could not be seen."),
        say(
            "The answer is a 502, and ACADEMY_APP_URL is not set or gives no answer from here, or /healthz comes "
            "through the same way. Or it is an error page of nginx, a proxy or nobody known that no other cause covers."
        ),
        (commands.EDGE, commands.API_CONTAINER, commands.APP_THERE, commands.NGINX),
        _read(
            say(
                "Set ACADEMY_ORIGIN_URL and ACADEMY_APP_URL, then run again: edge, nginx and API are asked separately."
            ),
            commands.APP_THERE,
        ),
        reasons={
            "one-path": Variant(
                say("The gateway answers 502 for this path alone: /healthz comes through the same way."),
                (
                    _read(
                        say(
                            "nginx's error log names it: the API closed the connection early (a crash, a worker that "
                            "was killed), its header is too big (proxy_buffer_size), or a location leads elsewhere."
                        ),
                        commands.NGINX_LOG + commands.API_LOG,
                    ),
                ),
            ),
            "nginx": Variant(
                say("nginx itself answers with an error page; the request does not come as far as the API."),
                (
                    _read(
                        say(
                            "Look for what answers so: a return or maintenance rule, a limit (limit_req, limit_conn), "
                            "a location that is missing, an internal redirect; the error log names most of them."
                        ),
                        commands.NGINX + commands.NGINX_LOG,
                    ),
                ),
            ),
            "load-balancer": Variant(
                say("The load balancer itself answers with an error page; no answer of the API's comes through."),
                (_read(say("See how the load balancer sees its targets, and its access log."), commands.TARGETS),),
            ),
            "proxy": Variant(
                say("A proxy or web filter on the way answers with a page of its own; the API was not asked."),
                (
                    _read(
                        say(
                            "The evidence names it. Where it is this network's, have it let the API's host through, or "
                            "run from elsewhere; where it stands in front of the API, look there."
                        ),
                        commands.ANSWER,
                    ),
                ),
            ),
            "unknown": Variant(
                say("An error page of unknown author comes in place of the API's answer."),
                (
                    _read(
                        say(
                            "Its title is in the evidence. Ask nginx and the API past the edge: the first that answers "
                            "otherwise stands behind who has written it."
                        ),
                        commands.ANSWER + commands.APP_THERE,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "gateway-timeout",
        say("nginx gets no answer from the API in time (504)."),
        say(
            "The answer has the status 504, and is neither the API's nor Cloudflare's own; or it is a load "
            "balancer's 460."
        ),
        (commands.TIMES, commands.APP_THERE, commands.API_LOG),
        _read(say("Look for slow requests in the API's log."), commands.API_LOG),
        _change(
            say("Restart the API if it hangs; requests in progress are lost."),
            command("docker restart academy-api", place="api-server"),
        ),
        reasons={
            "load-balancer": Variant(
                say("The load balancer gets no answer from the API in time (504)."),
                (
                    _read(
                        say(
                            "Look for slow requests in the API's log, and whether the security group lets the load "
                            "balancer through to port 8000."
                        ),
                        commands.API_LOG + commands.TARGETS,
                    ),
                ),
            ),
            "client-closed": Variant(
                say("The load balancer's 460: who asked it hung up before the API had answered."),
                (
                    _read(
                        say(
                            "Look for slow requests in the API's log; then compare the edge's time-out with the load "
                            "balancer's idle timeout (60 seconds)."
                        ),
                        commands.API_LOG,
                    ),
                ),
            ),
            "one-path": Variant(
                say("No answer comes for this path in time (504), while the API answers /healthz."),
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
        say(
            "The answer has a status of 500 or more, and the API itself has written it: JSON, or its framework's page."
        ),
        (commands.JOB, commands.API_LOG),
        _read(say("Read the API's log at the time of the request."), commands.API_LOG),
    ),
    _cause(
        "api-auth-rejected",
        say("The API rejects the token."),
        say(
            "The API answers 401 or 403. Where nginx, a load balancer or a proxy does so with a page of its own, the "
            "reason names it, and the token is not to blame."
        ),
        (commands.JOB,),
        _change(say("Renew ACADEMY_API_TOKEN, and check ACADEMY_TENANT_CODE."), commands.CONFIG),
        reasons={
            "nginx": Variant(
                say("nginx turns the request away before it reaches the API; the token is not to blame."),
                (
                    _change(
                        say("Look for auth_basic, auth_request, allow and deny in nginx's configuration."),
                        commands.NGINX + RELOAD,
                    ),
                ),
            ),
            "load-balancer": Variant(
                say("The load balancer turns the request away before it reaches the API; the token is not to blame."),
                (
                    _read(
                        say("Look at the load balancer's listener rules, and at the web ACL (AWS WAF) that it has."),
                        command("aws wafv2 list-web-acls --region <region> --scope REGIONAL --output text"),
                    ),
                ),
            ),
            "proxy": Variant(
                say("A proxy or web filter on the way turns the request away; the token is not to blame."),
                (
                    _read(
                        say(
                            "The evidence names it. Where it is this network's, have it let the API's host through, or "
                            "run from elsewhere; where it stands in front of the API, look there."
                        ),
                        commands.ANSWER,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "api-throttled",
        say("The API or the edge limits the rate of requests (429)."),
        say(
            "The answer has the status 429 or Cloudflare's number 1015, and is no challenge; or nginx answers 503, and "
            "otherwise when asked again {second_look_seconds} seconds later.",
            **FIGURES,
        ),
        (commands.JOB,),
        _read(say("Wait for the time in Retry-After; then look again."), commands.EDGE),
        reasons={
            "edge": Variant(
                say("A rule of Cloudflare's limits the rate of requests."),
                (
                    _change(
                        say("Wait for the time in Retry-After; raise the limit in Cloudflare's rate limiting rules."),
                        commands.EDGE,
                    ),
                ),
            ),
            "nginx": Variant(
                say("nginx limits the rate of requests."),
                (
                    _change(
                        say(
                            "Wait a moment; where users meet it, raise limit_req or limit_conn in nginx: a browser "
                            "polls every second."
                        ),
                        commands.NGINX + RELOAD,
                    ),
                ),
            ),
        },
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
        reasons={
            "broken": Variant(
                say("The API's JSON is broken: no browser can read it."),
                (
                    _read(
                        say(
                            "The evidence says where it breaks off. NaN and Infinity are not JSON: have the API write "
                            "null (in Python, json.dumps with allow_nan=False finds them). A cut end: see its log."
                        ),
                        commands.JOB + commands.API_LOG,
                    ),
                ),
            ),
            "empty": Variant(
                say("The address gives an empty answer."),
                (_read(say("See who answers, and read the API's log at the time of the request."), commands.ANSWER),),
            ),
            "cut-off": Variant(
                say("The answer breaks off before its end."),
                (
                    _read(
                        say(
                            "Who answers closed the connection: a worker of the API that was killed, a time-out or a "
                            "full disk of nginx. Their logs at the time of the request say which."
                        ),
                        commands.NGINX_LOG + commands.API_LOG,
                    ),
                ),
            ),
            "encoding": Variant(
                say("The answer is not compressed as its Content-Encoding says."),
                (
                    _read(
                        say(
                            "Look for who compresses twice or not at all: the API's middleware, nginx's gzip, the edge."
                        ),
                        commands.ANSWER,
                    ),
                ),
            ),
            "not-http": Variant(
                say("What listens at the API's address does not answer in HTTP."),
                (
                    _read(
                        say("Check scheme and port of ACADEMY_API_URL: a port of TLS answers http like this, too."),
                        commands.CONFIG,
                    ),
                ),
            ),
            "elsewhere": Variant(
                say("The API's address answers with a redirect to another one."),
                (
                    _read(
                        say(
                            "The evidence says where to. Where that is the API, write it in ACADEMY_API_URL; where one "
                            "signs in there, to this network or to a web site, the API was not asked."
                        ),
                        commands.ANSWER,
                    ),
                ),
            ),
            "https-wanted": Variant(
                say("What answers at ACADEMY_API_URL wants https, and is asked by http."),
                (_change(say("Write https:// in ACADEMY_API_URL."), commands.CONFIG),),
            ),
        },
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
