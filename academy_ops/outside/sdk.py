"""The AWS SDK: sessions and clients with their time-outs and retries. Imported only where something is to be called."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore
import botocore.session
import urllib3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from academy_ops import __version__
from academy_ops.outside.time_limits import call_with_timeout
from academy_ops.settings import Settings

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session
    from types_boto3_s3 import S3Client

_TIMES: Final[dict[str, Any]] = {
    "connect_timeout": 3.0,
    "read_timeout": 5.0,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}
"""Seconds, and how often a call is sent at most."""
_ANSWER_SECONDS: Final = 8.0
"""For one answer in all: to connect, and to read the last byte of it."""
_MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_CHUNK_BYTES: Final = 65536

MODELS: Final = Path(__file__).parent / "sdk_models" / botocore.__version__
"""Copies of botocore's service models with only what is called here: decoding the whole ones takes half of a run.

Made by ``make models``. With any other botocore this folder is not there, and its own models are used.
"""


def session(settings: Settings) -> boto3.Session:
    """Return a session with the credentials that every AWS SDK would find, in the configured region.

    Raises:
        BotoCoreError: The profile can't be read.
    """
    return boto3.Session(region_name=settings.region, botocore_session=_with_models(botocore.session.Session()))


def _with_models(plain: botocore.session.Session) -> botocore.session.Session:
    plain.get_component("data_loader").search_paths.insert(0, str(MODELS))
    return plain


def aws_client(made_by: boto3.Session, service: str, *, once: bool = False) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
    """Return a client of ``service``; one that sends each call ``once`` never sends it again after an error.

    Raises:
        BotoCoreError: The profile can't be read, or AWS_ENDPOINT_URL is no URL.
    """
    times = {**_TIMES, "retries": {"mode": "standard", "total_max_attempts": 1}} if once else _TIMES
    config = Config(**times, max_pool_connections=32, user_agent_extra=f"academy-ops/{__version__}")
    make: Any = made_by.client
    try:
        return _bounded(make(service, config=config))
    except ValueError as error:
        # botocore's plain word for an AWS_ENDPOINT_URL that is no URL.
        raise EndpointConnectionError(endpoint_url="AWS_ENDPOINT_URL", error=error) from error


def r2_client(settings: Settings) -> S3Client:
    """Return an S3 client for R2, signed with the API's R2 keys.

    Raises:
        ValueError: R2_ENDPOINT is not a URL.
    """
    # Without a profile: AWS_PROFILE is AWS's, and one that does not exist is no fault of R2.
    plain = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    made = boto3.Session(botocore_session=_with_models(plain)).client(
        "s3",
        endpoint_url=settings.get("R2_ENDPOINT"),
        region_name="auto",
        aws_access_key_id=settings.get("R2_ACCESS_KEY"),
        aws_secret_access_key=settings.get("R2_SECRET_KEY"),
        config=Config(
            **_TIMES,
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    bounded: S3Client = _bounded(made)
    return bounded


class _Bounded:
    """What sends a client's requests, with a bound on the time and the size of each answer; botocore knows neither."""

    def __init__(self, session: URLLib3Session) -> None:
        self._session = session

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        try:
            return call_with_timeout(partial(self._send, request), _ANSWER_SECONDS)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error

    def close(self) -> None:
        self._session.close()

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        request.stream_output = True
        answer = self._session.send(request)
        body = bytearray()
        try:
            for chunk in answer.raw.stream(_CHUNK_BYTES):
                body += chunk
                if len(body) > _MAX_BODY_BYTES:
                    answer.raw.close()
                    raise ResponseParserError(f"the answer is longer than {_MAX_BODY_BYTES} bytes")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise HTTPClientError(error=error) from error
        answer.raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        return answer


def _bounded(client: Any) -> Any:  # noqa: ANN401 - as `aws_client`
    endpoint = client._endpoint  # noqa: SLF001 - no public way leads there
    endpoint.http_session = _Bounded(endpoint.http_session)
    return client
