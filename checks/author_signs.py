"""By what each product that may answer in place of the API, or passes its answer on, is known: tables of signs."""

import re
from collections.abc import Mapping
from typing import Final, Literal

from checks.words import Table, meaning, table

Author = Literal["cloudflare", "nginx", "load-balancer", "proxy", "api", "unknown"]
"""``proxy``: any other that stands between, such as squid or a filter of the network."""

Named = tuple[Author, str]
"""Which part of the way a product is, and the name by which its own pages call it."""

AWS_LOAD_BALANCER: Final = "AWS load balancer"


def _signs(products: Mapping[Author, Mapping[str, str]]) -> Table[Named]:
    """Return the table of products, given by their part of the way: each name with the form of its sign."""
    return table(*(((author, name), form) for author, forms in products.items() for name, form in forms.items()))


BY_HEADER: Final[Mapping[str, Named]] = {
    "x-squid-error": ("proxy", "squid"),
    "x-amzn-waf-action": ("load-balancer", "AWS WAF"),
    "x-amzn-errortype": ("proxy", "Amazon API Gateway"),
    "x-vercel-mitigated": ("proxy", "Vercel"),
    "x-vercel-error": ("proxy", "Vercel"),
    "x-railway-fallback": ("proxy", "Railway"),
    "ngrok-error-code": ("proxy", "ngrok"),
}
"""Headers that are on no answer but the author's own."""
FIREWALL_HEADERS: Final = frozenset({"x-amzn-waf-action", "x-vercel-mitigated"})
"""With whatever status, a page for a person to solve."""
API_GATEWAY_HEADER: Final = "apigw-requestid"
"""On whatever it passes on, too; its own errors say nothing but ``message``."""
STORAGE: Final = "object storage"
STORAGE_PAGE: Final = re.compile(r"<Error>\s{0,9}<Code>[A-Z]|<li>Code: (AccessDenied|NoSuch)")
"""S3's XML, or its web site's page; an API has no reason to write either."""
STORAGE_SERVERS: Final = frozenset({"AmazonS3", "UploadServer"})
"""Servers of S3 and of Google's storage, whoever passes their answer on."""
BY_SERVER: Final = _signs(
    {
        "load-balancer": {
            AWS_LOAD_BALANCER: r"awselb",
            "Azure Application Gateway": r"Microsoft-Azure-Application-Gateway",
            "F5 BIG-IP": r"BigIP",
        },
        "proxy": {
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
        "api": {"API": r"uvicorn|gunicorn|hypercorn|daphne|granian|waitress|WSGIServer|Werkzeug"},
    }
)
"""These sign only what they answer themselves, and leave the signature of who stands behind them."""
ON_ALL: Final = _signs({"proxy": {"Sucuri": r"Sucuri", "APISIX": r"APISIX"}})
"""These sign whatever passes them: an error is theirs only where nothing else tells whose it is."""
APPLICATION_SERVER: Final = re.compile(
    r"(uvicorn|gunicorn|hypercorn|daphne|granian|waitress|werkzeug|wsgiserver|uwsgi)\b", re.IGNORECASE
)
NGINX_PAGE: Final = re.compile(r"<center>((?:free)?nginx|openresty|tengine|angie)[^<]{0,80}</center>", re.IGNORECASE)
_GATEWAYS: Final = table(
    ("nginx", r"\A((free)?nginx\b|tengine\b|angie\b)"),
    ("OpenResty", r"\Aopenresty\b"),
    ("Apache", r"\Aapache\b"),
    ("Caddy", r"\Acaddy\b"),
    ("Envoy", r"\A(istio-)?envoy\b"),
    ("Traefik", r"\Atraefik\b"),
    ("HAProxy", r"\Ahaproxy\b"),
    ("LiteSpeed", r"\A(open)?litespeed\b"),
    ("IIS", r"\A(microsoft-iis\b|iis\b)"),
    ("Kong", r"\Akong\b"),
    ("CloudFront", r"\Acloudfront\b"),
    ("API Gateway", r"\Aamazon api gateway\b"),
)
"""What stands in front of the API, by the name that it gives itself."""
UNSIGNED_PAGE: Final = re.compile(
    r"\s{0,9}<html>\s{0,9}<head>\s{0,9}<title>\d{3} [^<]{1,80}</title>\s{0,9}</head>\s{0,9}<body[^>]{0,80}>\s{0,9}"
    r"<center>\s{0,9}<h1>\d{3} [^<]{1,80}</h1>\s{0,9}</center>\s{0,9}</body>\s{0,9}</html>\s{0,9}",
    re.IGNORECASE,
)
"""nginx's page without the line that names it: so AWS's load balancer answers, whose header the edge replaces."""
BY_PAGE: Final = _signs(
    {
        "load-balancer": {
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
        "proxy": {
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
    }
)
SIGN_IN: Final = "HTTP sign-in"
BEFORE_THE_API: Final = frozenset(
    {
        *("APISIX", "Akamai", "Amazon API Gateway", "Apache", "Apigee", "Azure API Management", "Azure Front Door"),
        *("CloudFront", "Fastly", SIGN_IN, "Heroku", "IIS", "Imperva", "Kong", "LiteSpeed", "ModSecurity"),
        *("Railway", "Sucuri", "Tyk", "Varnish", "Vercel", "WSO2", "ngrok"),
    }
)
"""Proxies that stand in front of a server, never on a network's way out."""
FRAMEWORK_PAGE: Final = re.compile(
    r"<h1>[^<]{1,80} \(\d{3}\)</h1>|The requested resource was not found on this server\.|"
    r"<h1>403 Forbidden</h1>\s{0,9}<p>|\A\s{0,9}<h1>403 Forbidden</h1>|<code>DEBUG = True</code>"
    r"|CSRF verification failed|<h1><p>[^<]{1,80}</p></h1>|// Werkzeug Debugger"
    r"|The server encountered an internal error and was unable to complete your request",
    re.IGNORECASE,
)
"""Pages of Django, gunicorn and Werkzeug."""
FRAMEWORK_WORDS: Final = frozenset(
    {
        *("Internal Server Error", "Invalid host header", "Method Not Allowed", "Not Found"),
        "Invalid HTTP request received.",
    }
)
"""All that Starlette and uvicorn say."""


def is_load_balancer(name: str) -> bool:
    """Return whether a product is a load balancer."""
    return any(named == ("load-balancer", name) for _, named in (*BY_SERVER, *BY_PAGE))


def gateway_of(server: str, author: str) -> str | None:
    """Return the product in front of the API, by the ``Server`` of an answer that it passed on, or as its author."""
    return meaning(server, _GATEWAYS) or meaning(author, _GATEWAYS)
