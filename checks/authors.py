"""Whose page is it? An HTTP answer in, its author out; what it means is judged only after that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from academy_ops.outside.browser_json import read_json
from academy_ops.outside.clients import Answer
from checks import author_signs as signs
from checks.author_signs import Author, Named
from checks.words import meaning

_TITLE_CHARACTERS: Final = 120
_MARKS_WITHIN: Final = 100_000
"""So much of a page is looked at; its author signs it sooner."""
_TAG: Final = re.compile(r"<[a-zA-Z!/][^>]{0,500}>")
_TITLE: Final = re.compile(r"<(title|h1)[^>]{0,80}>\s{0,80}([^<]{1,300})", re.IGNORECASE)
_COMMENT: Final = re.compile(r"<!--[^>]{0,200}-->")

_CLOUDFLARE: Final = "Cloudflare"
ACCESS: Final = "Cloudflare Access"
_ACCESS_HOST: Final = ".cloudflareaccess.com"
_EDGE_PATH: Final = "/cdn-cgi/"
"""Where Cloudflare sends who must sign in first, or solve a challenge."""
_EDGE_STATUSES: Final = range(520, 531)
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
        return self.author == "proxy" and self.name not in signs.BEFORE_THE_API

    @property
    def before_the_api(self) -> bool:
        """Whether its author asks the API, or what leads there, for us; or may do."""
        return self.author in {"nginx", "load-balancer", "unknown"} or self.name in signs.BEFORE_THE_API


def page_of(answer: Answer) -> Page:
    """Return whose page an answer is."""
    body, document = answer.body[:_MARKS_WITHIN], json_of(answer)
    edge = None if (signed := _signed(answer, document)) else _edge(answer, body, document)
    known = signed or edge or _served(answer, document) or _written(answer, body, document)
    if known is None and answer.status >= HTTPStatus.BAD_REQUEST:
        known = meaning(answer.headers.get("server", ""), signs.ON_ALL)
    author, name = known or ("unknown", "unknown")
    if edge:
        own = answer.status if answer.status in _EDGE_STATUSES else None
        code, challenge = _code(body, document) or own, _challenges(answer, body, document)
    else:
        code, challenge = None, not signs.FIREWALL_HEADERS.isdisjoint(answer.headers)
    return Page(author, name, _title(body, document), code, challenge)


def balanced_by(headers: Mapping[str, str], url: str) -> str | None:
    """Return what shows that a load balancer has passed an answer on; None where nothing does.

    AWS's sets a cookie where it keeps a client at one target. And it leaves the application server's own name, which
    nginx and Cloudflare replace: who asks by TLS or at port 80 has hardly asked that server itself.
    """
    if cookies := headers.get("set-cookie"):
        return cookies
    server, asked = headers.get("server", ""), urlsplit(url)
    in_front = asked.scheme == "https" or asked.port in {None, 80}
    return server if in_front and signs.APPLICATION_SERVER.match(server) else None


def cached(answer: Answer) -> bool:
    """Return whether a cache has answered, with what it once was told."""
    age = answer.headers.get("age", "0").strip()
    return answer.headers.get("cf-cache-status", "").upper() in _CACHED or (age.isdecimal() and int(age) > 0)


def is_json(answer: Answer) -> bool:
    """Return whether a browser can read the answer as a JSON object."""
    return not answer.broken and isinstance(json_of(answer), dict)


def _signed(answer: Answer, document: object) -> Named | None:
    """Return an author that signs with a status or a header of its own."""
    if named := next((named for header, named in signs.BY_HEADER.items() if header in answer.headers), None):
        return named
    if signs.API_GATEWAY_HEADER in answer.headers and isinstance(document, dict) and set(document) == {"message"}:
        return "proxy", "Amazon API Gateway"
    asked = {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED}
    if answer.status in asked or "proxy-authenticate" in answer.headers:
        return meaning(answer.body[:_MARKS_WITHIN], signs.BY_PAGE) or ("proxy", "proxy")
    return None


def _served(answer: Answer, document: object) -> Named | None:
    """Return an author by the header for that; a document that is well has passed whoever put a name there."""
    passed = answer.status < HTTPStatus.MULTIPLE_CHOICES and isinstance(document, dict)
    return None if passed else meaning(answer.headers.get("server", ""), signs.BY_SERVER)


def _written(answer: Answer, body: str, document: object) -> Named | None:
    """Return an author by what is written on the page."""
    passed = answer.status < HTTPStatus.BAD_REQUEST
    # Also JSON that breaks off.
    looks = document is None and ("json" in answer.headers.get("content-type", "") or _looks_json(body))
    if looks or (isinstance(document, dict | list) and (passed or _of_api(document))):
        return "api", "API"
    if named := signs.NGINX_PAGE.search(body):
        return "nginx", named[1].lower()
    if signs.STORAGE_PAGE.search(body) or answer.headers.get("server") in signs.STORAGE_SERVERS:
        return "unknown", signs.STORAGE
    if signs.UNSIGNED_PAGE.fullmatch(_COMMENT.sub("", body)):
        return "load-balancer", signs.AWS_LOAD_BALANCER
    return meaning(body, signs.BY_PAGE) or _by_manners(answer, body)


def _by_manners(answer: Answer, body: str) -> Named | None:
    """Return an author by how it refuses."""
    wanted = answer.headers.get("www-authenticate", "")
    if _TOKEN_WANTED.match(wanted) or signs.FRAMEWORK_PAGE.search(body) or body.strip() in signs.FRAMEWORK_WORDS:
        return "api", "API"
    if wanted:
        # The API takes tokens: who asks for a name and a password stands before it.
        return "proxy", signs.SIGN_IN
    silent = answer.status >= HTTPStatus.BAD_REQUEST and not body.strip()
    return ("load-balancer", _CADDY) if silent and answer.headers.get("server") == _CADDY else None


def _of_api(error: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Return whether an error in JSON has a form of the API's: gateways and other servers have forms of their own."""
    if isinstance(error, list):
        return bool(error) and all(isinstance(problem, str) for problem in error)
    # Django REST framework lists what is wrong with each field.
    fields = bool(error) and all(isinstance(problem, list) for problem in error.values())
    return "detail" in error or isinstance(error.get("status"), str) or fields


def _edge(answer: Answer, body: str, document: object) -> Named | None:
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
        answer.status in _EDGE_STATUSES and (passes or not isinstance(document, dict)),
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


def _title(body: str, document: object) -> str:
    if isinstance(document, dict):
        title = document.get("title")
        return " ".join(title.split())[:_TITLE_CHARACTERS] if isinstance(title, str) else ""
    if found := _TITLE.search(body):
        return " ".join(found[2].split())[:_TITLE_CHARACTERS]
    if document is not None or _looks_json(body) or _TAG.search(body):
        return ""
    return " ".join(body[:1000].split())[:_TITLE_CHARACTERS]


def _looks_json(body: str) -> bool:
    return body.lstrip()[:1] in {"{", "["}


def json_of(answer: Answer) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what an answer says in JSON, as a browser reads it; None where it is no JSON."""
    try:
        return read_json(answer.body)
    except (ValueError, RecursionError):
        return None
