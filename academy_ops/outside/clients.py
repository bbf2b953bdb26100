"""Every connection to the outside: region, credentials, time-outs, retries and the meaning of errors, in one place."""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import certifi
import httpx
from botocore.parsers import ResponseParserError

from academy_ops import __version__
from academy_ops.contract import TENANT_HEADER
from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.redact import printable, redacted
from academy_ops.outside.bodies import ENCODINGS, TooLongError, whole
from academy_ops.outside.browser_json import read_json, where_broken
from academy_ops.outside.clocks import Clocks
from academy_ops.outside.failures import (
    AWS_ERRORS,
    CutOffError,
    ForeignAnswerError,
    ThroughProxyError,
    TrustStoreError,
    aws_reason,
    http_reason,
)
from academy_ops.outside.first_bytes import first_line, is_foreign, listen
from academy_ops.outside.proxies import proxy_for
from academy_ops.outside.time_limits import ANSWER_SECONDS, CONNECT_SECONDS, MARGIN_SECONDS, call_with_timeout, left
from academy_ops.outside.trust import trusted_files, trusting, unusable
from academy_ops.settings import Settings

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session
    from types_boto3_s3 import S3Client

Service = Literal[
    "autoscaling", "cloudwatch", "ec2", "elbv2", "events", "lambda", "logs", "scheduler", "sqs", "ssm", "sts"
]
T = TypeVar("T")
_Read = tuple[int, dict[str, str], str]
"""Status, the headers that are kept, and the body."""

MAX_REDIRECTS: Final = 20
"""Browsers follow as many."""
_SHOWN: Final = 200
"""So many characters of what is no answer."""
_MAX_BODY_BYTES: Final = 4 * 1024 * 1024
_BALANCER_COOKIE: Final = re.compile(r"(?:^|, ?)((?:AWSALB|AWSELB)[A-Z0-9-]{0,16})=")
_KEPT_HEADERS: Final = (
    *("server", "content-type", "location", "retry-after", "via", "age", "www-authenticate", "proxy-authenticate"),
    *("cf-ray", "cf-mitigated", "cf-cache-status", "cf-access-domain", "x-squid-error", "x-cache"),
    *("x-amzn-errortype", "x-amzn-waf-action", "apigw-requestid", "x-vercel-mitigated", "x-vercel-error"),
    *("x-railway-fallback", "ngrok-error-code"),
)

_COLORS: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")
_BEARER: Final = re.compile(r"\A(authorization:\s*)?(bearer:?\s+)+", re.IGNORECASE)
_DENIED_ACTION: Final = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, bounded.

    Attributes:
        url: What was asked last (after redirects to the same host).
        headers: The headers that tell the layers apart, by lower-case name.
        body: The text; an answer with more than 4 MiB is `Unavailable`.
        elapsed_ms: From the first byte sent to the last byte read.
        redirects: Where redirects led, in order; one to another host is listed, not followed.
        broken: Where the body breaks off being JSON, as a browser reads it; empty where it is JSON.
        proxy: The variable that names the proxy which this machine has asked; empty where it has asked none.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: str
    elapsed_ms: int
    redirects: tuple[str, ...] = ()
    broken: str = ""
    proxy: str = ""


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that tell the layers apart; of a load balancer's cookies only the name, no value of any."""
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    cookies = _BALANCER_COOKIE.findall(headers.get("set-cookie", ""))
    return kept | ({"set-cookie": ", ".join(cookies)} if cookies else {})


class Connections:
    """Lazily made clients for AWS, R2 and HTTP; safe to share between threads.

    Attributes:
        clocks: What the answers tell of the servers' clocks.
    """

    def __init__(self, settings: Settings) -> None:
        self.clocks = Clocks()
        self._settings = settings
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._signing = threading.RLock()
        self._credentials: tuple[Credentials | None, str] | Exception | None = None
        # Only here: saved evidence is judged without the SDK.
        from academy_ops.outside import credentials, sdk  # noqa: PLC0415 - as above

        self._sdk, self._find = sdk, credentials.found
        settings.export_aws()
        self._secrets = frozenset(settings.secrets())

    def aws(self, service: Service, region: str = "", *, changes: bool = False) -> Any:  # noqa: ANN401 - botocore makes its clients' types at run time
        """Return the client of ``service`` in the configured region, or in another one.

        One for calls that change something sends none again: the second answer would not say what the first has done.

        Raises:
            BotoCoreError: There are no credentials to be had, or AWS_ENDPOINT_URL is not a URL.
        """
        name = f"{service} {region} {changes}"
        # Outside of the lock: R2 does not wait for them.
        self.credentials()
        with self._lock:
            if name not in self._made:
                self._made[name] = self._sdk.aws_client(self._session(), service, once=changes, region=region)
            return self._made[name]

    def r2(self, endpoint: str | None = None) -> S3Client:
        """Return an S3 client for R2 at ``endpoint``, by default R2_ENDPOINT, signed with the API's R2 keys.

        Raises:
            BotoCoreError: The address is not a URL.
        """
        endpoint = endpoint or self._settings.get("R2_ENDPOINT") or ""
        name = f"r2, {endpoint}"
        with self._lock:
            if name not in self._made:
                self._made[name] = self._sdk.r2_client(self._settings, endpoint, partial(self.clocks.note, "r2"))
            made: S3Client = self._made[name]
            return made

    def credentials(self) -> tuple[Credentials | None, str]:
        """Return the credentials that the AWS SDK finds, if any, and the name of the profile. Nothing prompts.

        Raises:
            CredentialsError: There are some, and they can't be had.
            BotoCoreError: AWS could not be reached for them, or there is no such profile.
            ClientError: As above.
        """
        with self._signing:
            if self._credentials is None:
                try:
                    found = self._find(lambda: self._session().get_credentials())
                    self._credentials = found, self._session().profile or "default"
                except AWS_ERRORS as error:
                    # Asked once: a credential process may take its time, and the answer stays the same.
                    self._credentials = error
            if isinstance(self._credentials, Exception):
                raise self._credentials
            return self._credentials

    def profile(self) -> str:
        """Return the name of the profile in force, where that can be told; else an empty text."""
        try:
            return self._session().profile or "default"
        except AWS_ERRORS:
            return os.environ.get("AWS_PROFILE", "")

    def get(
        self, url: str, *, authorised: bool = True, tenant: str | None = None, seconds: float = ANSWER_SECONDS
    ) -> Answer | Unavailable:
        """Send one GET, bounded in time and size; return the answer, or why there was none.

        Args:
            url: What to ask.
            authorised: Send the bearer token and the tenant's header; they never follow a redirect to another host.
            tenant: The tenant's code to send in place of the configured one.
            seconds: For how long an answer is waited for, with all redirects.
        """
        headers = self._http_headers(tenant, authorised=authorised)

        def follow(client: httpx.Client) -> tuple[_Read, str, list[str]]:
            here, seen = url, list[str]()
            while True:
                answer = self._read(client, client.build_request("GET", here, headers=headers))
                target = _next(answer, here)
                if target is None or len(seen) >= MAX_REDIRECTS:
                    return answer, here, seen
                seen.append(str(target))
                if not _same_place(httpx.URL(here), target):
                    return answer, here, seen
                here = str(target)

        return self._asked(follow, url, seconds)

    def send(
        self, method: Literal["POST", "DELETE"], url: str, form: Mapping[str, Any] | None = None, *, seconds: float
    ) -> Answer | Unavailable:
        """Send one request that changes something at the API; nothing is tried again, and no redirect is followed.

        Where there is no answer, the request may have arrived or not. ``form`` holds ``files`` and ``data`` of a
        multipart form, as httpx takes them.
        """

        def once(client: httpx.Client) -> tuple[_Read, str, list[str]]:
            request = client.build_request(method, url, headers=self._http_headers(), **(form or {}))
            return self._read(client, request), url, []

        return self._asked(once, url, seconds)

    def _asked(
        self, ask: Callable[[httpx.Client], tuple[_Read, str, list[str]]], url: str, seconds: float
    ) -> Answer | Unavailable:
        """Ask within ``seconds`` in all, and say what was answered, by whom and after which redirects."""
        started, heard = time.monotonic(), bytearray()
        try:
            timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
            # The client's end closes the connection of a call that was given up, whose thread ends with it.
            with self._http(url, timeout) as client:
                client.event_hooks = {"request": [partial(listen, heard)]}
                answer, where, redirects = call_with_timeout(partial(ask, client), seconds)
        except TimeoutError:
            return self._unanswered(httpx.ReadTimeout(f"TimeoutError: > {seconds:g} s"), url, heard)
        except TooLongError as error:
            return Unavailable("too-long", self.clean(url), str(error))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
            return self._unanswered(error, url, heard)
        return self._answer(answer, where, started, redirects)

    def _read(self, client: httpx.Client, request: httpx.Request) -> _Read:
        started = time.monotonic()
        with contextlib.closing(client.send(request, stream=True)) as response:
            self.clocks.note("api", response.headers, time.monotonic() - started)
            kept = kept_headers(response.headers)
            try:
                body = whole(response.iter_raw(), response.headers.get("content-encoding", ""), _MAX_BODY_BYTES)
            except (httpx.RemoteProtocolError, httpx.ReadError) as error:
                raise CutOffError(str(error)) from error
            # A browser passes over a byte order mark.
            return response.status_code, kept, body.decode("utf-8-sig", "replace")

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets, colors and control characters."""
        return printable(redacted(_COLORS.sub("", text), self._secrets))

    def _unanswered(self, error: Exception, url: str, heard: bytearray) -> Unavailable:
        if isinstance(error, httpx.LocalProtocolError):
            # Its words repeat the header that can't be sent: the token, or the tenant.
            sent = ("ACADEMY_API_TOKEN", "ACADEMY_TENANT_CODE")
            broken = (name for name in sent if not (self._settings.get(name) or "").isprintable())
            return Unavailable("malformed", next(broken, sent[0]), type(error).__name__)
        reason, why = http_reason(error, heard)
        head_cut = why == "cut-off" and not isinstance(error, CutOffError)
        if head_cut or is_foreign(heard):
            detail = self.clean(first_line(heard))[:_SHOWN]
        else:
            detail = self.clean(str(error) or type(error).__name__)
        proxy = proxy_for(url)
        if proxy and not isinstance(error, CutOffError | httpx.DecodingError):
            # Nothing tells who is silent: the proxy, or who is behind it.
            return Unavailable("proxy", proxy.variable, detail, why or reason)
        if why == "issuer" and (suspect := unusable()):
            return Unavailable("trust-store", suspect[0], f"{suspect[1]}: {detail}")
        return Unavailable(reason, self.clean(url), detail, why)

    def _http(self, url: str, timeout: httpx.Timeout) -> httpx.Client:
        """Return a client with this machine's proxies and certificates; httpx alone would read each in its own way."""
        tls, mounts = self._tls, dict[str, httpx.HTTPTransport]()
        for scheme in ("http", "https"):
            proxy = proxy_for(str(httpx.URL(url).copy_with(scheme=scheme)))
            try:
                if proxy:
                    mounts[f"{scheme}://"] = httpx.HTTPTransport(verify=tls, proxy=proxy.url)
            except (ValueError, ImportError, httpx.InvalidURL) as error:
                # Its words may repeat the address, and a password within it.
                kind = proxy.url.partition("://")[0] if proxy else ""
                raise httpx.ProxyError(f"{type(error).__name__}: {kind}://") from error
        return httpx.Client(timeout=timeout, verify=tls, mounts=mounts, trust_env=False)

    def _answer(self, answer: _Read, url: str, started: float, redirects: Sequence[str]) -> Answer:
        status, kept, body = answer
        elapsed = round((time.monotonic() - started) * 1000)
        kept = {name: self.clean(value) for name, value in kept.items()}
        return Answer(
            url=self.clean(url),
            status=status,
            headers=kept,
            body=self._clean_body(body),
            elapsed_ms=elapsed,
            redirects=tuple(map(self.clean, redirects)),
            broken=where_broken(body),
            proxy=proxy.variable if (proxy := proxy_for(url)) else "",
        )

    def _clean_body(self, body: str) -> str:
        """Clean JSON string by string: a secret may be written with escapes, and masking must not break the form."""
        try:
            return json.dumps(self._clean_tree(read_json(body)), ensure_ascii=False)
        except (ValueError, RecursionError):
            return self.clean(body)

    def _clean_tree(self, value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
        if isinstance(value, dict):
            return {self.clean(name): self._clean_tree(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._clean_tree(inner) for inner in value]
        return self.clean(value) if isinstance(value, str) else value

    def foreign(self, error: ForeignAnswerError, url: str) -> Answer:
        """Return what somebody else than S3 has answered at ``url``."""
        kept = kept_headers({name.lower(): value for name, value in error.headers.items()})
        return self._answer((error.status, kept, error.body.decode("utf-8-sig", "replace")), url, time.monotonic(), ())

    def unseen(self, error: Exception, tried: str) -> Unavailable:
        """Say why a call that was tried, named by its IAM action, failed with one of `AWS_ERRORS`."""
        reason, words = aws_reason(error), self.clean(str(error))
        if isinstance(error, ThroughProxyError | TrustStoreError):
            return Unavailable(reason, error.variable, words)
        # Decrypting a SecureString is an action of its own; where AWS names what it denies, that is the one.
        named = _DENIED_ACTION.search(words) if reason == "denied" else None
        # SQS writes the action in small letters.
        other = named is not None and named[1].lower() != tried.lower()
        return Unavailable(reason, named[1] if named and other else tried, words)

    def _session(self) -> Session:
        with self._signing:
            if "session" not in self._made:
                self._made["session"] = self._sdk.session(self._settings, partial(self.clocks.note, "aws"))
            session: Session = self._made["session"]
            return session

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Return what certificates are verified with; httpx alone would read neither the env file nor AWS_CA_BUNDLE."""
        return trusting(certifi.where(), *self._settings.certificates, *trusted_files())

    def _http_headers(self, tenant: str | None = None, *, authorised: bool = True) -> list[tuple[bytes, bytes]]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": ENCODINGS,
            "User-Agent": f"academy-ops/{__version__}",
        }
        token = self._settings.get("ACADEMY_API_TOKEN")
        tenant = tenant or self._settings.get("ACADEMY_TENANT_CODE")
        if token and authorised:
            # It was copied with the header's first word, or with its name.
            headers["Authorization"] = f"Bearer {_BEARER.sub('', token)}"
        if tenant and authorised:
            headers[TENANT_HEADER] = tenant
        # As curl and browsers send them: httpx refuses a text that is not ASCII.
        return [(name.encode(), value.encode()) for name, value in headers.items()]


@dataclass(frozen=True, slots=True)
class Target:
    """What a check looks at.

    Attributes:
        ends_at: When the run must be over, on `time.monotonic`'s clock.
        answered: Called with how many of the workers' hosts have answered, and of how many.
        ops: How this tool is called again with the same settings.
    """

    settings: Settings
    job_id: str | None
    connect: Connections
    ends_at: float
    answered: Callable[[int, int], None] = lambda _hosts, _of: None
    ops: str = "academy-ops"

    @property
    def until(self) -> float:
        """When a check stops waiting for what it asks, on `time.monotonic`'s clock: a little before the run ends."""
        return self.ends_at - MARGIN_SECONDS

    def remaining(self) -> float:
        """Return the seconds left for the whole run."""
        return left(self.ends_at)

    def each_page(self, pages: Iterable[T]) -> Iterator[T]:
        """Yield the pages of an answer that comes in several; one without end is left when time is up.

        Raises:
            ResponseParserError: Time was up first.
        """
        for page in pages:
            if not self.remaining():
                raise ResponseParserError("there was always one more page")
            yield page

    def pause(self, seconds: float) -> bool:
        """Wait; return whether the run goes on."""
        time.sleep(min(seconds, self.remaining()))
        return left(self.until) > 0


def _same_place(here: httpx.URL, there: httpx.URL) -> bool:
    """Return whether a redirect may be followed with the token: same host and port, never from TLS to plain text."""
    return (here.host, here.port) == (there.host, there.port) and not (here.scheme == "https" != there.scheme)


def _next(answer: _Read, url: str) -> httpx.URL | None:
    status, headers, _ = answer
    if status in {301, 302, 303, 307, 308} and "location" in headers:
        # What is no address can't be followed.
        with contextlib.suppress(httpx.InvalidURL, ValueError):
            return httpx.URL(url).join(headers["location"])
    return None
