"""AWS credentials as the AWS SDK and the AWS CLI find them, but nothing prompts; and in one word why there are none."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import botocore.exceptions
import botocore.session
from botocore.credentials import (
    ContainerProvider,
    CredentialResolver,
    Credentials,
    ProcessProvider,
    ProfileProviderBuilder,
    create_credential_resolver,
)
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InfiniteLoopConfigError,
    InvalidConfigError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
from botocore.utils import JSONFileCache

from academy_ops.outside.failures import CredentialsError, aws_reason, plain_code, why_invalid
from academy_ops.outside.time_limits import ANSWER_SECONDS

_CLI_CACHE: Final = Path("~/.aws/cli/cache")
_WEB_IDENTITY: Final = "assume-role-with-web-identity"
_PROCESS: Final = ProcessProvider.METHOD
_CONTAINER: Final = ContainerProvider.METHOD
_SIGNED_OUT: Final = "Unauthorized"
_CONFIG_ERRORS: Final = (
    ConfigParseError,
    ConfigNotFound,
    InvalidConfigError,
    InfiniteLoopConfigError,
    PartialCredentialsError,
    UnknownCredentialError,
)
_LOGIN_ERRORS: Final[tuple[type[BotoCoreError], ...]] = tuple(
    filter(None, (getattr(botocore.exceptions, "LoginError", None),))
)
"""Of ``aws login``, which botocore knows since 1.41."""
_NEEDS_CRT: Final = "login credential provider"
_SOURCES: Final = frozenset({"Ec2InstanceMetadata", "EcsContainer", "Environment"})
"""What a profile may name as its credential_source."""


class _MfaNeededError(CredentialRetrievalError):
    """Somebody would have to type a code."""


def resolver(session: botocore.session.Session, region: str) -> CredentialResolver:
    """Return the chain in which every AWS SDK looks for credentials.

    A role that was assumed is taken from the AWS CLI's cache and kept there, as ``aws`` does: who has typed the code of
    an MFA device there is not asked for it here.

    Raises:
        BotoCoreError: The config file can't be read.
    """
    cache: Any = _Cache(str(_CLI_CACHE.expanduser()))
    chain = create_credential_resolver(session, cache=cache, region_name=region)
    for provider in chain.providers:
        _quieten(provider)
        if hasattr(provider, "_profile_provider_builder"):
            provider._prompter = _refuse_to_ask  # type: ignore[attr-defined] # noqa: SLF001 - botocore has no other way
            builder = _Builder(session, cache=cache, region_name=region)
            provider._profile_provider_builder = builder  # noqa: SLF001 - as above
    return chain


def found(chain: Callable[[], Credentials | None]) -> Credentials | None:
    """Return the credentials that the chain finds, in force; None where there are none at all.

    Raises:
        CredentialsError: There are some, and they can't be had.
        BotoCoreError: AWS could not be reached, or there is no such profile.
    """
    method = ""
    try:
        credentials = chain()
        if credentials is not None:
            method = str(credentials.method)
            credentials.get_frozen_credentials()
    except (NoCredentialsError, ProfileNotFound):
        raise
    except Exception as error:
        if isinstance(error, PartialCredentialsError) and error.kwargs.get("provider") == "env":
            raise
        # botocore parses what a credential process prints, and a token's file, without care.
        if isinstance(error, BotoCoreError | ClientError) and aws_reason(error) in _ELSEWHERE:
            raise
        said = str(error) if isinstance(error, BotoCoreError | ClientError) else f"{type(error).__name__}: {error}"
        raise CredentialsError(_why(error, method), said, method) from error
    return credentials


_ELSEWHERE: Final = frozenset(
    {"timeout", "unreachable", "dns", "refused", "tls", "clock-skew", "throttled", "server-error", "proxy"}
)
"""Reasons that are not the credentials'."""


def _why(error: Exception, method: str) -> str:
    """Return the word for why credentials can't be had; empty where none fits."""
    provider = str(getattr(error, "kwargs", {}).get("provider", "")) or method
    operation = error.operation_name if isinstance(error, ClientError) else ""
    words = str(error)
    # A key that AWS does not know is refused wherever it is used.
    refused = operation in {"AssumeRole", "GetRoleCredentials"} and aws_reason(error) != "credentials-invalid"
    mfa = isinstance(error, _MfaNeededError | RefreshWithMFAUnsupportedError) or "MultiFactorAuthentication" in words
    over = why_invalid(error) == "expired" or plain_code(error) == _SIGNED_OUT or "expired" in words
    expired = over or isinstance(error, SSOError | TokenRetrievalError)
    known = (
        (mfa, "mfa"),
        (operation == "AssumeRoleWithWebIdentity" or provider == _WEB_IDENTITY, "web-identity"),
        (provider == _PROCESS, "process"),
        (provider == _CONTAINER, "container"),
        (isinstance(error, _LOGIN_ERRORS) or _NEEDS_CRT in words, "login"),
        (why_invalid(error) in {"account", "not-enabled"}, why_invalid(error)),
        (expired, "expired"),
        (isinstance(error, _CONFIG_ERRORS) or provider in _SOURCES, "config"),
        (refused, "role"),
    )
    return next((why for holds, why in known if holds), "")


def _refuse_to_ask(_prompt: str) -> str:
    raise _MfaNeededError(provider="assume-role", error_msg="the role needs the code of an MFA device")


class _Builder(ProfileProviderBuilder):
    """Makes the providers of a source profile."""

    def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - as botocore has it
        made: list[Any] = super().providers(profile_name, disable_env_vars)
        for provider in made:
            _quieten(provider)
        return made


def _quieten(provider: Any) -> None:  # noqa: ANN401 - botocore's stubs know no common form
    """Let a credential process ask nobody, and what is raised be said to be of its provider."""
    if isinstance(provider, ProcessProvider):
        provider._popen = _Process  # type: ignore[attr-defined] # noqa: SLF001 - the chain gives it no other
    load = provider.load

    def loaded() -> Any:  # noqa: ANN401 - as the provider's
        try:
            return load()
        except (BotoCoreError, ClientError):
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise CredentialRetrievalError(provider=provider.METHOD, error_msg=said) from error

    provider.load = loaded


class _Process(subprocess.Popen[bytes]):
    """A credential process: without a terminal that it could ask on, and ended where it does not answer in time."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:  # noqa: ANN401 - as Popen takes them
        super().__init__(words, stdin=subprocess.DEVNULL, start_new_session=True, **options)

    def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:  # noqa: A002 - Popen's word
        try:
            return super().communicate(input, ANSWER_SECONDS if timeout is None else timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self.kill()
                else:
                    os.killpg(self.pid, signal.SIGKILL)
            self.wait()
            said = f"it has not ended within {ANSWER_SECONDS:g} s"
            raise CredentialRetrievalError(provider=_PROCESS, error_msg=said) from None


class _Cache(JSONFileCache):
    """The AWS CLI's cache; where it can't be written, nothing is kept."""

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - as botocore has it
        with contextlib.suppress(OSError):
            super().__setitem__(key, value)
