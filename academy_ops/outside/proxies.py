"""The proxy that this machine's environment names for an address: the same for the API, R2 and AWS."""

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_SYSTEM: Final = "the system's proxy settings"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        variable: The environment variable that names it.
        url: Its address; it may hold a password.
    """

    variable: str
    url: str = field(repr=False)


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy through which ``url`` is asked, or None where it is asked directly."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    known = getproxies()
    scheme = next((name for name in (parts.scheme, "all") if known.get(name)), None)
    if scheme is None or proxy_bypass(parts.netloc.rpartition("@")[2]) or _within_excepted_network(host):
        return None
    named = known[scheme] if "://" in known[scheme] else f"http://{known[scheme]}"
    variables = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return Proxy(next((name for name in reversed(variables) if os.environ.get(name)), _SYSTEM), named)


def _within_excepted_network(host: str) -> bool:
    """Return whether NO_PROXY excepts a network with this address in it, as curl reads it; Python does not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for word in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        try:
            if address in ipaddress.ip_network(word.strip().strip("[]"), strict=False):
                return True
        except ValueError:
            continue
    return False
