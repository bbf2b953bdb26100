"""The settings as they were found, and what follows from them."""

import ipaddress
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from academy_ops import contract

Source = Literal["command line", "environment", "env file", "context", "default", "unset"]
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+")
_FOUR_NUMBERS: Final = re.compile(r"(\d+\.){3}\d+")
SECRETS: Final = frozenset(
    {
        "ACADEMY_API_TOKEN",
        "R2_ACCESS_KEY",
        "R2_SECRET_KEY",
        "DATABASE_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
)
"""Names whose values never reach an output, a log or a file."""
_ADDRESSES: Final = ("ACADEMY_API_URL", "ACADEMY_ORIGIN_URL", "ACADEMY_APP_URL")
AWS_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
)
"""What the AWS SDK reads by itself, from the environment; those of the env file are given to it."""
_OF_THE_MACHINE: Final = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "ACADEMY_OPS_LANG", "SSL_CERT_FILE"})
_AWS_CREDENTIALS: Final = AWS_NAMES[:4]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it was found.

    Attributes:
        value: The value in force; None when it is unset or blank.
        source: Where the value came from.
        as_docker: The value as ``docker run --env-file`` would pass it (quotes kept) when it came from an env
            file, else the value untrimmed.
    """

    name: str
    value: str | None
    source: Source
    as_docker: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        shown = "***" if self.name in SECRETS and self.value else repr(self.value)
        return f"Setting({self.name}={shown}, {self.source})"


@dataclass(frozen=True, slots=True)
class Unnamed:
    """An env file that was read because it was there: whoever can write into a folder may have put it there.

    Attributes:
        taken: The names of the academy's settings in it, which are in force.
        left: The names of others, which are not: they could run programs, or say whose certificates to trust.
    """

    path: Path
    taken: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, frozen at the start of the run.

    Attributes:
        unnamed: What was taken from an env file that nobody named, and what was not.
        aws_from_file: The env file's ``AWS_*`` lines.
        certificates: What SSL_CERT_FILE names in the environment and in the env file. Both are trusted: the one may
            be this machine's proxy, the other the API's.
        tier: The tier of workers that the names are of.
        tiers: The other tiers that have a queue of their own.
        outweighed: The context's settings that the environment has otherwise.
    """

    entries: Mapping[str, Setting]
    env_file: Path | None = None
    unnamed: Unnamed | None = None
    aws_from_file: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificates: tuple[str, ...] = ()
    tier: str = contract.TIER
    tiers: tuple[str, ...] = ()
    context: str | None = None
    outweighed: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Setting:
        return self.entries[name]

    def get(self, name: str) -> str | None:
        """Return the value of ``name``, or None when it is unset."""
        return self.entries[name].value

    def _known(self, name: str) -> str:
        value = self.entries[name].value
        if value is None:
            raise KeyError(name)
        return value

    @property
    def region(self) -> str:
        """The AWS region."""
        return self.get("AWS_REGION") or self.get("AWS_DEFAULT_REGION") or contract.REGION

    @property
    def bucket(self) -> str:
        """The R2 bucket that holds the Excel files."""
        return self.get("R2_EXCEL_BUCKET") or self.get("EXCEL_BUCKET_NAME") or contract.BUCKET_NAME

    @property
    def queue(self) -> str:
        """The name of the SQS queue."""
        return self._known(contract.QUEUE_SETTING)

    @property
    def queue_settings(self) -> tuple[str, ...]:
        """The variables from which a worker of this tier may have its queue's name; the first one set counts."""
        return tuple(dict.fromkeys((contract.tier_name(contract.QUEUE_SETTING, self.tier), contract.QUEUE_SETTING)))

    @property
    def group(self) -> str:
        """The name of the worker Auto Scaling group."""
        return self._known("AI_WORKER_ASG_NAME")

    @property
    def worker(self) -> str:
        """The workers' EC2 Name tag, also the container's name."""
        return self._known("AI_WORKER_NAME")

    @property
    def parameter(self) -> str:
        """The SSM parameter that holds the workers' environment."""
        return self._known("WORKER_ENV_PARAMETER")

    @property
    def autoscaler(self) -> str:
        """The name of the autoscaler's Lambda function."""
        return self._known("AI_AUTOSCALER_FUNCTION")

    @property
    def log_group(self) -> str | None:
        """The workers' group in CloudWatch Logs, also where it is given by its ARN; None where it is not set."""
        given = self.get("AI_WORKER_LOG_GROUP")
        return given.rpartition(":log-group:")[2].removesuffix(":*") if given else None

    def of_the_academy(self) -> bool:
        """Return whether any setting is given that is the academy's and not this machine's."""
        given = (entry.name for entry in self.entries.values() if entry.source not in {"default", "unset"})
        return any(name not in _OF_THE_MACHINE for name in given)

    def secrets(self) -> Mapping[str, str]:
        """Return every secret value in force, for redaction, and the name of the setting that holds it."""
        passwords = {
            password: name
            for name, entry in self.entries.items()
            if entry.value and "://" in entry.value
            for password in _passwords(entry.value)
        }
        own = {entry.value: name for name, entry in self.entries.items() if name in SECRETS and entry.value}
        aws = {value: name for name, value in self.aws_from_file.items() if name in SECRETS}
        around = {os.environ[name]: name for name in SECRETS if os.environ.get(name)}
        known = passwords | own | aws | around
        # Error messages quote a header that they refuse as Python writes it, control characters escaped.
        return {repr(value)[1:-1]: name for value, name in known.items()} | known

    def malformed_address(self) -> str | None:
        """Return the name of an ACADEMY_*_URL that is no http(s) URL, or None where all are well."""
        set_ones = ((name, self.get(name)) for name in _ADDRESSES)
        return next((name for name, value in set_ones if value is not None and not _is_address(value)), None)

    def aws_in_force(self, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
        """Return the env file's ``AWS_*`` lines that nothing in the environment outweighs.

        Credentials go as one group: a key id from the environment is never joined to a secret from the file.
        """
        outweighed = _AWS_CREDENTIALS if any(environ.get(name) for name in _AWS_CREDENTIALS) else ()
        return {
            name: value
            for name, value in self.aws_from_file.items()
            if not environ.get(name) and name not in outweighed
        }

    def aws_outside_environment(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Return whether the AWS SDK has its credentials or its endpoint from the env file or the context alone."""
        # What `export_aws` has put there is the file's.
        shell = {name: value for name, value in environ.items() if value != self.aws_from_file.get(name)}
        return any(name in AWS_NAMES for name in self.aws_in_force(shell))

    def aws_endpoint(self) -> str | None:
        """Return the address at which the AWS SDK asks SQS, where one is set."""
        found = {**self.aws_in_force(), **os.environ}
        return next(filter(None, (found.get(f"AWS_ENDPOINT_URL{of}", "").strip() for of in ("_SQS", ""))), None)

    def export_aws(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Give the env file's ``AWS_*`` lines to the AWS SDK, which reads its configuration from the environment."""
        environ.update(self.aws_in_force(environ))
        for name in AWS_NAMES:
            # Blank counts as unset, but not to the SDK: it would look for a profile of no name.
            if not environ.get(name, "").strip():
                environ.pop(name, None)


def _passwords(url: str) -> set[str]:
    """Return the password within a URL, as it is written there and as it is meant."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return set()
    return {password, unquote(password)} if password else set()


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or parts.port == 0:
            return False
        if ":" in host or _FOUR_NUMBERS.fullmatch(host):
            return bool(ipaddress.ip_address(host))
        # As sockets do: no label may be empty or too long.
        return bool(_HOST.fullmatch(host.encode("idna").decode()))
    except ValueError:
        return False
