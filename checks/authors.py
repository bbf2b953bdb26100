"""Whose page is it? An HTTP answer in, its author out; what it means is judged only after that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from academy_ops.outside.browser_json import read_json
from academy_ops.outside.clients import Answer

Author = Literal["cloudflare", "nginx", "load-balancer", "proxy", "api", "unknown"]
"""``proxy``: any other that stands between, such as squid or a filter of the network."""

_Named = tuple[Author, str]
_Known = tuple[tuple[re.Pattern[str], _Named], ...]

_TITLE_CHARACTERS: Final = 120
_MARKS_WITHIN: Final = 100_000
"""So much of a page is looked at; its author signs it sooner."""
_TAG: Final = re.compile(r"<[a-zA-Z!/][^>]{0,500}>")
_TITLE: Final = re.compile(r"<(title|h1)[^>]{0,80}>\s{0,80}([^<]{1,300})", re.IGNORECASE)
_COMMENT: Final = re.compile(r"<!--[^>]{0,200}-->")

_CLOUDFLARE: Final = "Cloudflare"
AWS_LOAD_BALANCER: Final = "AWS load balancer"
ACCESS: Final = "Cloudflare Access"
_ACCESS_HOST: Final = ".cloudflareaccess.com"
_EDGE_PATH: Final = "/cdn-cgi/"
"""Where Cloudflare sends who must sign in first, or solve a challenge."""
EDGE_STATUSES: Final = range(520, 531)
"""Only Cloudflare answers with these."""
_EDGE_PAGE: Final = re.compile(
    r"<center>cloudflare(-nginx)?</center>|\| Cloudflare</title>"
    r"|id=['\"]cf-(wrapper|error-details)|class=['\"][^'\"]{0,80}cf-error|Cloudflare Ray ID|traffic from cloudflared",
    re.IGNORECASE,
)
"""Cloudflare also puts scripts of its own into the pages of others: its path in a page says nothing."""
_CHALLENGE: Final = re.compile(r"_cf_chl_opt|<title>Just a moment\.\.\.</title>")
_BARE_CODE: Final = re.compile(r"\s{0,9}error code: (\d{3,4})\s{0,9}", re.IGNORECASE)
_CODE_ON_PAGE: Final = re.compile(
    r"error code:? {0,4}(?:<[^>]{0,80}>)?(\d{3,4})\b|cf-error-code[^>]{0,40}>(\d{3,4})\b"
    r"|\bError {0,4}(?:<[^>]{0,80}>\s{0,9}){0,3}(1\d{3})\b|\| (5\d\d): ",
    re.IGNORECASE,
)


def _signs(author: Author, forms: Mapping[str, str]) -> _Known:
    """Return by what each product is known: its name to the form of its sign."""
    return tuple((re.compile(form, re.IGNORECASE), (author, name)) for name, form in forms.items())


_BY_HEADER: Final[Mapping[str, _Named]] = {
    "x-squid-error": ("proxy", "squid"),
    "x-amzn-waf-action": ("load-balancer", "AWS WAF"),
    "x-amzn-errortype": ("proxy", "Amazon API Gateway"),
    "x-vercel-mitigated": ("proxy", "Vercel"),
    "x-vercel-error": ("proxy", "Vercel"),
    "x-railway-fallback": ("proxy", "Railway"),
    "ngrok-error-code": ("proxy", "ngrok"),
}
"""Headers that are on no answer but the author's own."""
_OF_FIREWALL: Final = ("x-amzn-waf-action", "x-vercel-mitigated")
"""With whatever status, a page for a person to solve."""
_OF_API_GATEWAY: Final = "apigw-requestid"
"""On whatever it passes on, too; its own errors say nothing but ``message``."""
STORAGE: Final = "object storage"
_OF_STORAGE: Final = re.compile(r"<Error>\s{0,9}<Code>[A-Z]|<li>Code: (AccessDenied|NoSuch)")
"""S3's XML, or its web site's page; an API has no reason to write either."""
_STORES: Final = frozenset({"AmazonS3", "UploadServer"})
"""Servers of S3 and of Google's storage, whoever passes their answer on."""
_BY_SERVER: Final[_Known] = (
    *_signs(
        "load-balancer",
        {
            AWS_LOAD_BALANCER: r"awselb",
            "Azure Application Gateway": r"Microsoft-Azure-Application-Gateway",
            "F5 BIG-IP": r"BigIP",
        },
    ),
    *_signs(
        "proxy",
        {
            "squid": r"squid",
            "Zscaler": r"Zscaler",
            "Blue Coat": r"BlueCoat|ProxySG",
            "Cisco Umbrella": r"Cisco Umbrella|OpenDNS",
            "Fortinet": r"Fortinet|FortiGate|FortiProxy",
            "Akamai": r"AkamaiGHost",
            "CloudFront": r"CloudFront",
            "Varnish": r"Varnish",
            "Kong": r"kong/",
        },
    ),
    *_signs("api", {"API": r"uvicorn|gunicorn|hypercorn|daphne|granian|waitress|WSGIServer|Werkzeug"}),
)
"""These sign only what they answer themselves, and leave the signature of who stands behind them."""
_ON_ALL: Final[_Known] = _signs("proxy", {"Sucuri": r"Sucuri", "APISIX": r"APISIX"})
"""These sign whatever passes them: an error is theirs only where nothing else tells whose it is."""
_APPLICATION: Final = re.compile(
    r"(uvicorn|gunicorn|hypercorn|daphne|granian|waitress|werkzeug|wsgiserver|uwsgi)\b", re.IGNORECASE
)
_NGINX: Final = re.compile(r"<center>((?:free)?nginx|openresty|tengine|angie)[^<]{0,80}</center>", re.IGNORECASE)
_GATEWAYS: Final = tuple(
    (re.compile(form, re.IGNORECASE), product)
    for product, form in {
        "nginx": r"(free)?nginx\b|tengine\b|angie\b",
        "OpenResty": r"openresty\b",
        "Apache": r"apache\b",
        "Caddy": r"caddy\b",
        "Envoy": r"(istio-)?envoy\b",
        "Traefik": r"traefik\b",
        "HAProxy": r"haproxy\b",
        "LiteSpeed": r"(open)?litespeed\b",
        "IIS": r"microsoft-iis\b|iis\b",
        "Kong": r"kong\b",
        "CloudFront": r"cloudfront\b",
        "API Gateway": r"amazon api gateway\b",
    }.items()
)
"""What stands in front of the API, by the name that it gives itself."""
_UNSIGNED: Final = re.compile(
    r"\s{0,9}<html>\s{0,9}<head>\s{0,9}<title>\d{3} [^<]{1,80}</title>\s{0,9}</head>\s{0,9}<body[^>]{0,80}>\s{0,9}"
    r"<center>\s{0,9}<h1>\d{3} [^<]{1,80}</h1>\s{0,9}</center>\s{0,9}</body>\s{0,9}</html>\s{0,9}",
    re.IGNORECASE,
)
"""nginx's page without the line that names it: so AWS's load balancer answers, whose header the edge replaces."""
_BY_PAGE: Final[_Known] = (
    *_signs(
        "load-balancer",
        {
            "HAProxy": (
                r"\A\s{0,9}<html>\s{0,9}<body>\s{0,9}<h1>\d{3} [^<]{1,60}</h1>[^<]{1,200}</body>\s{0,9}</html>\s{0,9}\Z"
            ),
            "Envoy": (
                r"upstream connect error or disconnect|no healthy upstream|\A\s{0,9}(upstream request timeout|RBAC: )"
            ),
            "F5 BIG-IP": r"The requested URL was rejected\. Please consult with your administrator",
            "Traefik": r"\A\s{0,9}(no available server|Bad Gateway|Gateway Timeout)\s{0,9}\Z",
            "Google load balancer": r"<h1>(Error: )?Server Error</h1>\s{0,9}<h2>The server encountered",
            "Azure Application Gateway": r"Microsoft-Azure-Application-Gateway",
        },
    ),
    *_signs(
        "proxy",
        {
            "squid": r"\(squid(/[\w.-]{1,40})?\)|squid-internal-static",
            "Zscaler": r"Zscaler",
            "Fortinet": r"FortiGuard|Fortinet|FortiGate",
            "Blue Coat": r"Blue ?Coat|ProxySG",
            "Forcepoint": r"Forcepoint|Websense",
            "McAfee Web Gateway": r"McAfee Web Gateway|Skyhigh",
            "Palo Alto Networks": r"Palo Alto Networks",
            "Cisco Umbrella": r"Cisco Umbrella|block\.opendns\.com",
            "Microsoft TMG": r"Forefront TMG|ISA Server",
            "Netskope": r"Netskope",
            "Menlo Security": r"Menlo Security",
            "Check Point": r"UserCheck|Check Point Software",
            "Barracuda": r"Barracuda (Web|Networks|Content)",
            "WatchGuard": r"WatchGuard",
            "Smoothwall": r"Smoothwall",
            "Cloudflare Gateway": r"Cloudflare Gateway",
            "tinyproxy": r">tinyproxy</a>",
            "Privoxy": r"Privoxy",
            "pfSense": r"pfSense",
            "SonicWall": r"SonicWall",
            "Sophos": r"Sophos",
            "web filter": r"warning\.or\.kr|유해 ?사이트|(사이트|접속)[이가을를은는]? ?차단",
            "Varnish": r"Guru Meditation|Varnish cache server",
            "CloudFront": r"Generated by cloudfront",
            "Akamai": r"errors(\.|&#46;)edgesuite|Reference(&#32;| )(&#35;|#)\d{1,3}(&#46;|\.)",
            "Fastly": r"Fastly error: ",
            "Azure Front Door": r"Our services aren't available right now|<h2>The request is blocked\.</h2>",
            "Heroku": r"herokucdn\.com/error-pages",
            "LiteSpeed": r"LiteSpeed Web Server",
            "Apache": r"<address>Apache|<h1>Proxy Error</h1>|-//IETF//DTD HTML 2\.0//EN",
            "IIS": r"IIS \d{1,2}\.\d Detailed Error|<p>HTTP Error \d{3}\. ",
            "Imperva": r"_Incapsula_Resource|Incapsula incident ID",
            "ModSecurity": r"generated by Mod_Security",
            # In JSON.
            "Kong": r"no Route matched with those values|\"message\": ?\"[^\"]{1,90}\", ?\"request_id\"|ring-balancer",
            "Tyk": (
                r"\"error\": ?\"(Access to this API has been|Authorization field missing|Key not authori[sz]ed"
                r"|Requested endpoint is forbidden|(API )?[Rr]ate limit exceeded)"
            ),
            "APISIX": r"\"error_msg\": ?\"(404 Route Not Found|failed to )",
            "Azure API Management": r"\"statusCode\": ?\d{3}, ?\"message\"",
            "Apigee": r"\"fault\": ?\{ ?\"faultstring\"",
            "WSO2": r"\"code\": ?\"?90\d{4}\"?,|\"type\": ?\"Status report\"",
        },
    ),
)
SIGN_IN: Final = "HTTP sign-in"
_BEFORE_THE_API: Final = frozenset(
    {
        *("APISIX", "Akamai", "Amazon API Gateway", "Apache", "Apigee", "Azure API Management", "Azure Front Door"),
        *("CloudFront", "Fastly", SIGN_IN, "Heroku", "IIS", "Imperva", "Kong", "LiteSpeed", "ModSecurity"),
        *("Railway", "Sucuri", "Tyk", "Varnish", "Vercel", "WSO2", "ngrok"),
    }
)
"""Proxies that stand in front of a server, never on a network's way out."""
_OF_FRAMEWORK: Final = re.compile(
    r"<h1>[^<]{1,80} \(\d{3}\)</h1>|The requested resource was not found on this server\.|"
    r"<h1>403 Forbidden</h1>\s{0,9}<p>|\A\s{0,9}<h1>403 Forbidden</h1>|<code>DEBUG = True</code>"
    r"|CSRF verification failed|<h1><p>[^<]{1,80}</p></h1>|// Werkzeug Debugger"
    r"|The server encountered an internal error and was unable to complete your request",
    re.IGNORECASE,
)
"""Pages of Django, gunicorn and Werkzeug."""
_WORDS_OF_FRAMEWORK: Final = frozenset(
    {
        *("Internal Server Error", "Invalid host header", "Method Not Allowed", "Not Found"),
        "Invalid HTTP request received.",
    }
)
"""All that Starlette and uvicorn say."""
_CADDY: Final = "Caddy"
"""Its errors have no body; what it passes on has its name, too."""
_TOKEN_WANTED: Final = re.compile(r"(Bearer|Token|JWT)\b", re.IGNORECASE)
_CACHED: Final = frozenset({"HIT", "STALE", "UPDATING"})


@dataclass(frozen=True, slots=True)
class Page:
    """Who has written an answer.

    Attributes:
        author: Which part of the way.
        name: Its product, as its own pages call it.
        title: What the page is headed.
        code: Cloudflare's own number of what went wrong, such as 1020.
        challenge: Whether it is an edge's challenge for a person to solve.
    """

    author: Author
    name: str
    title: str = ""
    code: int | None = None
    challenge: bool = False

    @property
    def on_the_way_out(self) -> bool:
        """Whether it may be of a proxy of the network that the request left."""
        return self.author == "proxy" and self.name not in _BEFORE_THE_API

    @property
    def before_the_api(self) -> bool:
        """Whether its author asks the API, or what leads there, for us; or may do."""
        return self.author in {"nginx", "load-balancer", "unknown"} or self.name in _BEFORE_THE_API


def page_of(answer: Answer) -> Page:
    """Return whose page an answer is."""
    body, document = answer.body[:_MARKS_WITHIN], json_of(answer)
    edge = None if (signed := _signed(answer, document)) else _edge(answer, body, document)
    known = signed or edge or _served(answer, document) or _written(answer, body, document)
    if known is None and answer.status >= HTTPStatus.BAD_REQUEST:
        known = _first(_ON_ALL, answer.headers.get("server", ""))
    author, name = known or ("unknown", "unknown")
    code = _code(body, document) or _own_status(answer) if edge else None
    challenge = _challenges(answer, body, document) if edge else any(name in answer.headers for name in _OF_FIREWALL)
    return Page(author, name, _title(body, document), code, challenge)


def is_load_balancer(name: str) -> bool:
    """Return whether a product is a load balancer."""
    known = (named for _, named in (*_BY_SERVER, *_BY_PAGE))
    return any(named == ("load-balancer", name) for named in known)


def gateway_of(server: str, author: str) -> str | None:
    """Return the product in front of the API, by the ``Server`` of an answer that it passed on, or as its author."""
    signed = next((product for form, product in _GATEWAYS if form.match(server)), None)
    return signed or next((product for form, product in _GATEWAYS if form.match(author)), None)


def balanced_by(headers: Mapping[str, str], url: str) -> str | None:
    """Return what shows that a load balancer has passed an answer on; None where nothing does.

    AWS's sets a cookie where it keeps a client at one target. And it leaves the application server's own name, which
    nginx and Cloudflare replace: who asks by TLS or at port 80 has hardly asked that server itself.
    """
    if cookies := headers.get("set-cookie"):
        return cookies
    server = headers.get("server", "")
    asked = urlsplit(url)
    return server if _APPLICATION.match(server) and (asked.scheme == "https" or asked.port in {None, 80}) else None


def cached(answer: Answer) -> bool:
    """Return whether a cache has answered, with what it once was told."""
    age = answer.headers.get("age", "0").strip()
    return answer.headers.get("cf-cache-status", "").upper() in _CACHED or (age.isdecimal() and int(age) > 0)


def is_json(answer: Answer) -> bool:
    """Return whether a browser can read the answer as a JSON object."""
    return not answer.broken and isinstance(json_of(answer), dict)


def _signed(answer: Answer, document: object) -> _Named | None:
    """Return an author that signs with a status or a header of its own."""
    if named := next((named for header, named in _BY_HEADER.items() if header in answer.headers), None):
        return named
    if _OF_API_GATEWAY in answer.headers and isinstance(document, dict) and set(document) == {"message"}:
        return "proxy", "Amazon API Gateway"
    asked = {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED}
    if answer.status in asked or "proxy-authenticate" in answer.headers:
        return _first(_BY_PAGE, answer.body[:_MARKS_WITHIN]) or ("proxy", "proxy")
    return None


def _served(answer: Answer, document: object) -> _Named | None:
    """Return an author by the header for that; a document that is well has passed whoever put a name there."""
    passed = answer.status < HTTPStatus.MULTIPLE_CHOICES and isinstance(document, dict)
    return None if passed else _first(_BY_SERVER, answer.headers.get("server", ""))


def _written(answer: Answer, body: str, document: object) -> _Named | None:
    """Return an author by what is written on the page."""
    passed = answer.status < HTTPStatus.BAD_REQUEST
    # Also JSON that breaks off.
    looks = document is None and ("json" in answer.headers.get("content-type", "") or _looks_json(body))
    if looks or (isinstance(document, dict | list) and (passed or _of_api(document))):
        return "api", "API"
    if named := _NGINX.search(body):
        return "nginx", named[1].lower()
    if _OF_STORAGE.search(body) or answer.headers.get("server") in _STORES:
        return "unknown", STORAGE
    if _UNSIGNED.fullmatch(_COMMENT.sub("", body)):
        return "load-balancer", "AWS load balancer"
    return _first(_BY_PAGE, body) or _by_manners(answer, body)


def _by_manners(answer: Answer, body: str) -> _Named | None:
    """Return an author by how it refuses."""
    wanted = answer.headers.get("www-authenticate", "")
    if _TOKEN_WANTED.match(wanted) or _OF_FRAMEWORK.search(body) or body.strip() in _WORDS_OF_FRAMEWORK:
        return "api", "API"
    if wanted:
        # The API takes tokens: who asks for a name and a password stands before it.
        return "proxy", SIGN_IN
    silent = answer.status >= HTTPStatus.BAD_REQUEST and not body.strip()
    return ("load-balancer", _CADDY) if silent and answer.headers.get("server") == _CADDY else None


def _of_api(error: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Return whether an error in JSON has a form of the API's: gateways and other servers have forms of their own."""
    if isinstance(error, list):
        return bool(error) and all(isinstance(problem, str) for problem in error)
    # Django REST framework lists what is wrong with each field.
    fields = bool(error) and all(isinstance(problem, list) for problem in error.values())
    return "detail" in error or isinstance(error.get("status"), str) or fields


def _edge(answer: Answer, body: str, document: object) -> _Named | None:
    """Return Cloudflare where it has answered by itself; what comes from behind it has its headers, too."""
    places = [place(where) for where in (*answer.redirects, answer.headers.get("location", ""))]
    access = any((where.hostname or "").endswith(_ACCESS_HOST) for where in places)
    of_access = "cf-access-domain" in answer.headers and answer.status >= HTTPStatus.MULTIPLE_CHOICES
    challenge = answer.headers.get("www-authenticate", "").startswith("Cloudflare-Access")
    if access or of_access or challenge or any(where.path.startswith(f"{_EDGE_PATH}access/") for where in places):
        return "cloudflare", ACCESS
    passes = answer.headers.get("server", "").lower() == "cloudflare" or "cf-ray" in answer.headers
    own = (
        _challenges(answer, body, document),
        isinstance(document, dict) and "cfWaitingRoom" in document,
        any(where.path.startswith(_EDGE_PATH) for where in places),
        isinstance(document, dict) and document.get("cloudflare_error") is True,
        answer.status in EDGE_STATUSES and (passes or not isinstance(document, dict)),
        passes and bool(_BARE_CODE.fullmatch(body)),
        document is None and answer.status >= HTTPStatus.BAD_REQUEST and bool(_EDGE_PAGE.search(body)),
    )
    return ("cloudflare", _CLOUDFLARE) if any(own) else None


def _challenges(answer: Answer, body: str, document: object) -> bool:
    # A job's message may quote such a page.
    return "cf-mitigated" in answer.headers or (document is None and bool(_CHALLENGE.search(body)))


def place(url: str) -> SplitResult:
    """Return the parts of an address that somebody else has written; none of one that is no address."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _code(body: str, document: object) -> int | None:
    if isinstance(document, dict):
        code = str(document.get("error_code", ""))
        return int(code) if code.isdecimal() and len(code) <= len("1020") else None
    found = _BARE_CODE.fullmatch(body) or _CODE_ON_PAGE.search(body)
    return int(next(filter(None, found.groups()))) if found else None


def _own_status(answer: Answer) -> int | None:
    return answer.status if answer.status in EDGE_STATUSES else None


def _title(body: str, document: object) -> str:
    if isinstance(document, dict):
        title = document.get("title")
        return " ".join(title.split())[:_TITLE_CHARACTERS] if isinstance(title, str) else ""
    if found := _TITLE.search(body):
        return " ".join(found[2].split())[:_TITLE_CHARACTERS]
    return (
        ""
        if document is not None or _looks_json(body) or _TAG.search(body)
        else " ".join(body[:1000].split())[:_TITLE_CHARACTERS]
    )


def _looks_json(body: str) -> bool:
    return body.lstrip()[:1] in {"{", "["}


def _first(known: _Known, text: str) -> _Named | None:
    return next((named for form, named in known if form.search(text)), None)


def json_of(answer: Answer) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what an answer says in JSON, as a browser reads it; None where it is no JSON."""
    try:
        return read_json(answer.body)
    except (ValueError, RecursionError):
        return None
