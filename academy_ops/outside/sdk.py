"""The AWS SDK: sessions and clients with their time-outs and retries. Imported only where something is to be called."""

from __future__ import annotations

import io
import os
import ssl
import time
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from functools import cache, cached_property, partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import botocore.loaders
import certifi
import urllib3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidConfigError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.hooks import HierarchicalEmitter
from botocore.httpsession import URLLib3Session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.session import Session

from academy_ops import __version__
from academy_ops.outside import credentials
from academy_ops.outside.failures import ForeignAnswerError, ThroughProxyError, TrustStoreError, issuer_unknown
from academy_ops.outside.proxies import Proxy, proxy_for
from academy_ops.outside.time_limits import ANSWER_SECONDS, CONNECT_SECONDS, call_with_timeout
from academy_ops.outside.trust import lacks_the_usual, trusted_files, trusting, unusable
from academy_ops.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_READ_SECONDS: Final = 5.0
_ATTEMPTS: Final = 2
_CONNECTIONS: Final = 32
_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
"""Sixteen answers may be read at a time, and JSON takes many times its size."""
_MAX_PAGE_BYTES: Final = 65536
_S3_LIST: Final = "list-type=2"
"""What a request for a bucket's list has in its query; only this answer of S3's always has a body that is its own."""
_CHUNK_BYTES: Final = 65536
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime,
}

MODELS: Final = Path(__file__).parent / "sdk_models"
"""Copies of botocore's service models with only what is called here: decoding the whole ones takes half of a run.

Made by ``make models``, and read by every botocore that is supported (``make test-botocore``).
"""

_HANDLERS: Final = HierarchicalEmitter()
"""What botocore itself does at its events: the same for all sessions, of which each would register it anew."""
Session(event_hooks=_HANDLERS)

Note = Callable[[Mapping[str, str], float], None]
"""Is told the headers of each answer, and for how many seconds it was waited for."""


def session(settings: Settings, note: Note) -> Session:
    """Return a session with the credentials that every AWS SDK would find, in the configured region."""
    made = _session(note, settings)
    made.set_config_variable("region", settings.region)
    made.register_component("credential_provider", credentials.resolver(made, settings.region))
    return made


def aws_client(made_by: Session, service: str, *, once: bool = False, region: str = "") -> Any:  # noqa: ANN401 - botocore makes its clients' types at run time
    """Return a client of ``service``; one that sends each call ``once`` never sends it again after an error.

    It asks in the session's region where none is given.
    """
    make: Any = partial(
        made_by.create_client, region_name=region or None, config=_config(attempts=1 if once else _ATTEMPTS)
    )
    try:
        return _Client(service, make)
    except ValueError as error:
        # botocore's plain word for an AWS_ENDPOINT_URL that is not a URL.
        raise EndpointConnectionError(endpoint_url="AWS_ENDPOINT_URL", error=error) from error


def r2_client(settings: Settings, endpoint: str, note: Note) -> S3Client:
    """Return an S3 client for R2 at ``endpoint``, signed with the API's R2 keys."""
    try:
        try:
            return _r2_client(settings, endpoint, note)
        except BotoCoreError:
            # A broken config file is not a fault of R2.
            return _r2_client(settings, endpoint, note, config_file=os.devnull)
    except ValueError as error:
        raise InvalidConfigError(error_msg=f"R2_ENDPOINT: {error}") from error


def _r2_client(settings: Settings, endpoint: str, note: Note, config_file: str | None = None) -> S3Client:
    # Without a profile: AWS_PROFILE is AWS's, and one that does not exist is not a fault of R2.
    ours: dict[str, Any] = {"profile": (None, None, None, None)}
    if config_file is not None:
        ours |= dict.fromkeys(("config_file", "credentials_file"), (None, None, config_file, None))
    make: Any = partial(
        _session(note, settings, ours).create_client,
        endpoint_url=endpoint,
        region_name="auto",
        aws_access_key_id=settings.get("R2_ACCESS_KEY"),
        aws_secret_access_key=settings.get("R2_SECRET_KEY"),
        config=_config(
            # Over what this machine's own config file has for S3: AWS's accelerated address is none of R2's.
            s3={"addressing_style": "path", "use_accelerate_endpoint": False},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    made: Any = _Client("s3", make)
    return cast("S3Client", made)


class _Client:
    """A client with the small model of its service; for what can't be done with that, one with botocore's own."""

    def __init__(self, service: str, make: Callable[[str], Any]) -> None:
        self._service, self._make = service, make
        try:
            self._client = make(service)
        except Exception:  # noqa: BLE001 - whatever another botocore says of the model; a fault of anything else comes again
            self._client = self._with_botocores_own()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as `aws_client`
        return getattr(self._knowing(name), name)

    def get_paginator(self, operation: str) -> Any:  # noqa: ANN401 - as `aws_client`
        """Return botocore's paginator of ``operation``."""
        return self._knowing(operation).get_paginator(operation)

    def _knowing(self, name: str) -> Any:  # noqa: ANN401 - as `aws_client`
        if not hasattr(self._client, name):
            self._client = self._with_botocores_own()
        return self._client

    def _with_botocores_own(self) -> Any:  # noqa: ANN401 - as `aws_client`
        loader().given_up.add(self._service)
        return self._make(self._service)


class _Loader(botocore.loaders.Loader):
    """Finds the small models before botocore's own, but for the services whose small one is given up."""

    def __init__(self, own: botocore.loaders.Loader) -> None:
        super().__init__(extra_search_paths=[str(MODELS), *own.search_paths])
        self._own = own
        self.given_up: set[str] = set()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:  # noqa: ANN401 - as botocore has it
        load = self._own.load_service_model if service_name in self.given_up else super().load_service_model
        return load(service_name, type_name, api_version)


@cache
def loader() -> _Loader:
    """Return what loads the service models: one for all sessions, which would else each look through botocore's."""
    return _Loader(botocore.loaders.create_loader(os.environ.get("AWS_DATA_PATH")))


def _config(attempts: int = _ATTEMPTS, **more: Any) -> Config:  # noqa: ANN401 - as Config takes them
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent=f"academy-ops/{__version__} Botocore/{botocore.__version__}",
        # `_Bounded` finds them; botocore would for each client.
        proxies={},
        **more,
    )


def _session(note: Note, settings: Settings, variables: dict[str, Any] | None = None) -> Session:
    """Return a session whose clients use the small models, answer within bounds, and give answers of their form."""
    handlers = copy(_HANDLERS)
    made = Session(variables, handlers, include_builtin_handlers=False)
    # botocore itself has today's names of events; each client would look up a former one for each.
    made.register_component("event_emitter", handlers)
    made.register_component("data_loader", loader())
    made.register_component("response_parser_factory", _Parsers())
    # botocore's stubs know no handler that returns something.
    answers: Any = _Bounded(made, note, settings.certificates).send
    made.register("before-send", answers)
    return made


class _Bounded:
    """Sends requests in botocore's place, with a bound on the time and the size of each answer; it knows neither."""

    def __init__(self, session: Session, note: Note, certificates: tuple[str, ...]) -> None:
        self._session = session
        self._certificates = certificates
        self._note = note
        self._connections: dict[str, tuple[URLLib3Session, Proxy | None]] = {}

    def send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Return the answer; what is raised here, botocore tries again as if it had sent the request itself."""
        try:
            return call_with_timeout(partial(self._send, request), ANSWER_SECONDS)
        except TimeoutError as error:
            late = ReadTimeoutError(endpoint_url=request.url, error=error)
            proxy = proxy_for(request.url)
            raise (ThroughProxyError(proxy.variable, late) if proxy else late) from error

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        request.stream_output = True
        (connected, proxy), started = self._connected(request.url), time.monotonic()
        try:
            answer = connected.send(request)
        except (BotoConnectionError, HTTPClientError) as error:
            if proxy:
                raise ThroughProxyError(proxy.variable, error) from error
            if not issuer_unknown(error):
                raise
            bundle = self._bundle()
            suspect = bundle if bundle and lacks_the_usual(bundle[1]) else unusable()
            if suspect is None:
                raise
            raise TrustStoreError(suspect[0], f"{suspect[1]}: {error}") from error
        if proxy and answer.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise ThroughProxyError(proxy.variable, OSError(f"HTTP {answer.status_code}"))
        self._note(answer.headers, time.monotonic() - started)
        body = self._read(answer, request.url, started)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
            # Nobody of AWS or R2 sends on; botocore would follow one of S3's without end.
            raise ForeignAnswerError(answer.status_code, answer.headers, body[:_MAX_PAGE_BYTES])
        if _S3_LIST in urlsplit(request.url).query:
            _check_s3(answer, body)
        answer.raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        return answer

    @staticmethod
    def _read(answer: AWSResponse, url: str, started: float) -> bytes:
        body = bytearray()
        try:
            for chunk in answer.raw.stream(_CHUNK_BYTES):
                body += chunk
                if time.monotonic() > started + ANSWER_SECONDS:
                    # Nobody waits for it any more.
                    answer.raw.close()
                    raise ReadTimeoutError(endpoint_url=url, error="the answer takes too long")
                if len(body) > _MAX_BODY_BYTES:
                    answer.raw.close()
                    raise ResponseParserError(f"the answer is longer than {_MAX_BODY_BYTES} bytes")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise HTTPClientError(error=error) from error
        return bytes(body)

    def _connected(self, url: str) -> tuple[URLLib3Session, Proxy | None]:
        """Return the connections to a server, with the certificates botocore would take, and their proxy."""
        scheme, server, *_ = urlsplit(url)
        if server not in self._connections:
            proxy = proxy_for(url)
            made = _Connected(
                # Who asks by http shows no certificate.
                self._trusted if scheme == "https" else trusting(certifi.where()),
                proxies={scheme: proxy.url} if proxy else {},
                timeout=(CONNECT_SECONDS, _READ_SECONDS),
                max_pool_connections=_CONNECTIONS,
            )
            # Of two threads that come first at the same time, one's connections stay.
            self._connections.setdefault(server, (made, proxy))
        return self._connections[server]

    def _bundle(self) -> tuple[str, str] | None:
        """Return what botocore trusts in place of the usual authorities: the setting that names it, and the file."""
        profile = "AWS_CA_BUNDLE" if os.environ.get("AWS_CA_BUNDLE") else "ca_bundle"
        named = {
            profile: self._session.get_config_variable("ca_bundle"),
            "REQUESTS_CA_BUNDLE": os.environ.get("REQUESTS_CA_BUNDLE"),
        }
        return next(((name, str(path)) for name, path in named.items() if path), None)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Return what certificates are verified with."""
        more = (*self._certificates, *trusted_files())
        bundle = self._bundle()
        if bundle is None:
            return trusting(certifi.where(), *more)
        variable, path = bundle
        try:
            return trusting(path, *more)
        except OSError as error:
            raise TrustStoreError(variable, f"{path}: {error}") from error


class _Connected(URLLib3Session):
    """botocore's connections to one server, with a TLS context that others have too.

    botocore takes none: it makes one for each server, and reads the CA bundle for each connection.
    """

    def __init__(self, context: ssl.SSLContext, **how: Any) -> None:  # noqa: ANN401 - as botocore has it
        self._context = context
        make: Any = super().__init__  # botocore's stubs know no time-out in two parts
        make(**how)

    def _get_ssl_context(self) -> ssl.SSLContext:
        return self._context

    def _setup_ssl_cert(self, conn: Any, *_: object) -> None:  # noqa: ANN401 - as botocore has it
        conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None


class _Parsers(ResponseParserFactory):
    """botocore's parsers, which let pass what is not of the service's model, or stumble over it in any way."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - as botocore has it
        parser: Any = super().create_parser(protocol_name)
        parser.parse = partial(_parsed, parser.parse)
        return parser


def _parsed(parse: Callable[..., Any], response: Mapping[str, Any], shape: Shape | None) -> Any:  # noqa: ANN401 - as `_checked`
    """Parse an answer, or say with the one error that botocore has for it that it is not of its form."""
    try:
        parsed = parse(response, shape)
    except ResponseParserError:
        raise
    except Exception as error:
        raise ResponseParserError(f"{type(error).__name__}: {error}") from error
    refused = response["status_code"] >= 300  # noqa: PLR2004 - as botocore tells an error
    return parsed if refused or shape is None else _checked(parsed, shape, shape.name)


def _check_s3(answer: AWSResponse, body: bytes) -> None:
    """Raise where not S3 has answered: of a page with a status botocore makes an error, of any other nothing."""
    try:
        found = ET.fromstring(body).tag.rpartition("}")[2]  # noqa: S314 - botocore parses it the same way
    except ET.ParseError:
        found = ""
    # An error may come with the status of success, too.
    well = answer.status_code == HTTPStatus.OK
    if found not in ({"ListBucketResult", "Error"} if well else {"Error"}):
        raise ForeignAnswerError(answer.status_code, answer.headers, body[:_MAX_PAGE_BYTES])


class _Fields(dict[str, Any]):
    """A part of an answer. A field that it lacks is the answer's fault, and nobody else's."""

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - never returns
        raise ResponseParserError(f"the answer lacks {name}")


def _checked(value: Any, shape: Shape, place: str) -> Any:  # noqa: ANN401 - whatever was answered
    """Return a part of an answer, if it and its own parts are of the types of the service's model."""
    expected = _TYPES.get(shape.type_name)
    if expected and not isinstance(value, expected):
        raise ResponseParserError(f"{place} is not a {shape.type_name} in the answer")
    if isinstance(shape, StructureShape):
        known = shape.members
        fields = ((name, _checked(part, known[name], name) if name in known else part) for name, part in value.items())
        return _Fields(fields)
    if isinstance(shape, MapShape):
        return _Fields((name, _checked(part, shape.value, name)) for name, part in value.items())
    if isinstance(shape, ListShape):
        return [_checked(part, shape.member, place) for part in value]
    return value
