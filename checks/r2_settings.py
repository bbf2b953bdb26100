"""How the R2 settings are written: what the API's own library would refuse to send, or R2 can't take."""

import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

from academy_ops.contract import BUCKET_SETTINGS, R2_SETTINGS
from academy_ops.settings import Setting, Settings
from checks.facts import SettingState

R2_HOST: Final = ".r2.cloudflarestorage.com"
"""What every S3 address of R2 ends with; before it the account's id, and the jurisdiction where it has one."""
JURISDICTIONS: Final = ("", "eu", "fedramp")

_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"
"""Those of shells, and what an editor makes of them."""
_PLACEHOLDERS: Final = (
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "your-",
    "your_",
    "xxxx",
    # As a screen or a log has shown it.
    "***",
    "redacted",
    "todo",
    "<",
    "example",
)
_UNEXPANDED: Final = re.compile(r"\$?\{[^{}]{0,99}\}|\$\([^()]{0,99}\)|\A[$%][A-Za-z_]\w{0,99}%?\Z")
"""What a shell, a template or a compose file would have put a value for."""
_NOTHING: Final = frozenset({"none", "null", "undefined", "nil"})
"""What programs write for a value that they don't have."""
_REFERENCE: Final = re.compile(r"((arn|vault):|ENC\[|[a-z-]{2,20}://)\S*")
"""Where a secret is kept, which nobody has put in."""
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACCOUNT: Final = re.compile(r"[0-9a-f]{32}")
_NOT_S3: Final = re.compile(r"(\A|\.)(amazonaws\.com(\.cn)?|r2\.dev|cloudflare\.com|workers\.dev)\Z")
"""AWS's own hosts, a bucket's public address, and Cloudflare's dashboard and API: none of them takes R2's keys."""


def missing_setting(settings: Settings) -> str | None:
    """Return the first setting without which R2 can't be asked; None where all are there."""
    return next((name for name in R2_SETTINGS if not settings.get(name)), None)


def setting_state(setting: Setting) -> SettingState:
    """Judge how a setting is written; the value itself stays here.

    A quoted value is a fault because Docker's ``--env-file`` keeps the quotes.
    """
    if setting.value is None:
        # Without a bucket's name the API takes the default; with what Docker takes for one, it does not.
        return "spaces" if setting.as_docker and setting.name in BUCKET_SETTINGS else "missing"
    written = setting.as_docker if setting.as_docker is not None else setting.value
    if _UNEXPANDED.search(written):
        return "unexpanded"
    return _written(written) or _form(setting.name, setting.value)


def _written(value: str) -> SettingState | None:
    """Return what is wrong around a value."""
    if len(value) > 1 and value[0] in _QUOTES and value[-1] in _QUOTES:
        return "quoted"
    # White space that can't be seen, too, as a web page's.
    if any(character.isspace() or unicodedata.category(character) == "Cf" for character in value):
        return "spaces"
    return "lone-quote" if value[0] in _QUOTES or value[-1] in _QUOTES else None


def _form(name: str, value: str) -> SettingState:
    # No key, bucket or address of R2 is written in other letters; a template's words in Korean are.
    if not value.isascii() or value.lower() in _NOTHING or any(mark in value.lower() for mark in _PLACEHOLDERS):
        return "placeholder"
    if name == "R2_ENDPOINT":
        return _endpoint_state(value)
    if name in BUCKET_SETTINGS:
        return "set" if _BUCKET.fullmatch(value) else "not-a-bucket"
    return "unexpanded" if _REFERENCE.fullmatch(value) else "set"


def jurisdictions(endpoint: str) -> list[str]:
    """Return the addresses at which the same account's buckets of the other jurisdictions are; none but for R2's."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return []
    host = parts.hostname or ""
    account, _, here = host.removesuffix(R2_HOST).partition(".")
    if not host.endswith(R2_HOST) or not _ACCOUNT.fullmatch(account):
        return []
    hosts = (f"{account}{'.' if other else ''}{other}{R2_HOST}" for other in JURISDICTIONS if other != here)
    return [f"{parts.scheme}://{other}" for other in hosts]


def _endpoint_state(value: str) -> SettingState:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "not-a-url"
    if parts.scheme not in {"http", "https"} or not host or "://" in value.partition("://")[2]:
        return "not-a-url"
    if not (is_valid_endpoint_url(value) or is_valid_ipv6_endpoint_url(value)):
        return "not-a-host"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "bucket-in-path"
    return _host_state(parts, host.rstrip("."))


def _host_state(parts: SplitResult, host: str) -> SettingState:
    if _NOT_S3.search(host):
        return "not-r2"
    if not f".{host}".endswith(R2_HOST):
        return "not-an-account" if host.endswith(R2_HOST.removeprefix(".r2.")) else "set"
    if parts.scheme == "http":
        return "no-tls"
    account, _, rest = host.removesuffix(R2_HOST).partition(".")
    if _ACCOUNT.fullmatch(account) and rest in JURISDICTIONS:
        return "set"
    return "bucket-in-host" if any(_ACCOUNT.fullmatch(label) for label in rest.split(".")) else "not-an-account"
