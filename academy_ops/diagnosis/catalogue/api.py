"""Section 2: the API behind edge and nginx, on the way to the job's status."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Cause, codes, remedy
from academy_ops.diagnosis.catalogue.endpoint import CHECK, endpoint_cause
from academy_ops.messages import say

_CREDENTIALS: Final = commands.names_set("ACADEMY_API_TOKEN|ACADEMY_TENANT_CODE")
_START: Final = "curl -sS --max-time 10 -i {api_url}/healthz | head -n 20"
_ALLOWED: Final = "docker exec academy-api printenv | grep -i allowed_hosts"

API: Final[tuple[Cause, ...]] = (
    endpoint_cause(
        "api-database-down",
        say("The API runs, but its database does not answer (/healthz is well, /health is not)."),
        say("/healthz answers 200, and /health answers with 500 or more or not within 8 seconds."),
        (commands.EDGE, commands.HEALTH, commands.API_LOG),
        remedy(
            say("Check the database: is it up, are its connections exhausted, is DATABASE_URL right?"),
            commands.API_LOG,
            CHECK,
        ),
        explains=codes("api-error", "worker-database-down"),
    ),
    endpoint_cause(
        "api-error",
        say("The API answers with a server error of its own."),
        say("The answer has a status of 500 or more that is neither nginx's (502, 504) nor Cloudflare's (520 to 530)."),
        (commands.JOB, commands.API_LOG),
        remedy(say("Read the API's log at the time of the request."), commands.API_LOG, CHECK),
    ),
    endpoint_cause(
        "api-auth-rejected",
        say("The API rejects the token."),
        say("The answer has the status 401 or 403, and is no page of Cloudflare's."),
        (commands.JOB,),
        remedy(say("Renew ACADEMY_API_TOKEN, and check ACADEMY_TENANT_CODE."), _CREDENTIALS, CHECK, "change"),
    ),
    endpoint_cause(
        "api-throttled",
        say("The API or the edge limits the rate of requests (429)."),
        say("The answer has the status 429, and is no challenge page of Cloudflare's."),
        (commands.JOB,),
        remedy(
            say("Wait for the time in Retry-After; then look again."),
            f"{commands.EDGE} | grep -iE '^(HTTP|server|retry-after)'",
            CHECK,
        ),
    ),
    endpoint_cause(
        "api-host-rejected",
        say("The API does not accept the Host header it is given (400)."),
        say("The answer has the status 400, and speaks of the Host header or is Django's bare page of that status."),
        (
            _START,
            "curl -sS --max-time 10 -i -H Host:{api_host} http://127.0.0.1:8000/healthz",
            commands.NGINX,
        ),
        remedy(
            say("Add the host to the API's allowed hosts, or let nginx pass the right Host header."),
            _ALLOWED,
            CHECK,
            "change",
        ),
    ),
    endpoint_cause(
        "api-not-json",
        say("The address answers, but not with the API's JSON."),
        say("What answers speaks no HTTP, shows a page, or knows neither the job's path nor /healthz."),
        (_START, commands.JOB),
        remedy(
            say("Check ACADEMY_API_URL: it may point at the web site instead of the API."),
            "grep -n '^ACADEMY_API_URL=' {env_file}",
            CHECK,
        ),
    ),
    endpoint_cause(
        "job-not-found",
        say("The API knows no such job for this tenant."),
        say("The job's address answers 404 in JSON, while /healthz is there."),
        (commands.JOB,),
        remedy(
            say("Compare the job id with the browser's request, and ACADEMY_TENANT_CODE with the school's."),
            "grep -n '^ACADEMY_TENANT_CODE=' {env_file}",
            CHECK,
        ),
    ),
)
