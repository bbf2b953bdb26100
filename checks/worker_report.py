"""Reading what a worker's host printed for `host_scripts.probe`, and comparing environments as digests."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from academy_ops.contract import BUCKET_NAME, BUCKET_SETTINGS, QUEUE_NAME, QUEUE_SETTING, R2_SETTINGS, REGION_SETTINGS
from academy_ops.outside.clients import Connections
from academy_ops.settings import Settings
from academy_ops.thresholds import CLOCK_WRONG_SECONDS, CRASH_LOOP_RESTARTS
from checks.host_facts import BootLog, Comparison, Container, Environment, HostReport, LogDriver, LogLine, WorkerLog
from checks.times import parse, since_1970

Clean: TypeAlias = Callable[[str], str]

_BLANK: Final = "blank"
_OF_PODMAN: Final = {"configured": "created", "initialized": "created", "stopped": "exited", "stopping": "exited"}
"""Podman's states that Docker has other words for."""
_NO_ANSWER: Final = "docker logs has not ended in time"
_QUEUES: Final = QUEUE_SETTING.removesuffix("BASIC")
_AWS_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL")
_URLS: Final = frozenset({"R2_ENDPOINT", *_AWS_ENDPOINTS})
_NORMALIZED: Final = tuple(
    (re.compile(form), plain)
    for form, plain in (
        (r"^(https://[^/:]+):443(/|$)", r"\1\2"),
        (r"^(http://[^/:]+):80(/|$)", r"\1\2"),
        (
            r"^https?://([^/]+\.)?sqs(-fips)?\.([a-z0-9-]+)\.(vpce\.)?(amazonaws\.com|api\.aws)$",
            r"https://sqs.\3.amazonaws.com",
        ),
        (r"^https?://([a-z0-9-]+)\.queue\.amazonaws\.com$", r"https://sqs.\1.amazonaws.com"),
    )
)
_SECRETS_FORM: Final = re.compile(r"[0-9a-f]{32,}|[A-Za-z0-9/]{40}")
"""A key that was put where a name belongs."""
_NAMED: Final = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_. -]{0,99}")
"""A name as Docker takes it, and with the white space for which Docker refuses it."""
_PACKED: Final = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
"""Base64, in either alphabet."""
_AS_THEY_ARE: Final = (*R2_SETTINGS, "DATABASE_URL")


@dataclass(frozen=True, slots=True)
class _Output:
    """What the probe has printed: the values of each name, and the lines of each section."""

    fields: Mapping[str, list[str]]
    sections: Mapping[str, list[str]]
    clean: Clean

    def last(self, name: str) -> str:
        return self.fields.get(name, [""])[-1]

    def word(self, name: str) -> str:
        return self.clean(self.last(name))

    def text(self, name: str) -> str:
        """Return the text of a JSON string, cleaned; empty where it is none."""
        try:
            value = json.loads(self.last(name))
        except ValueError:
            return ""
        return self.clean(value) if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        return _int(self.last(name))

    def lines(self, section: str) -> list[str]:
        return [line for line in self.sections.get(section, ()) if line.strip()]


def read_host(  # noqa: PLR0917 - what a host wrote, and what it is held against
    instance_id: str, output: str, salt: str, settings: Settings, connect: Connections, now: datetime | None = None
) -> tuple[HostReport, WorkerLog | None] | None:
    """Read a probe's output; None when it is not a probe's.

    The environment is compared by digests of ``salt``, and the host's clock with ``now``, the servers' time when the
    output came, where that is known.
    """
    said = _split(output, connect.clean)
    if said.fields.get("probe") != ["2"] or not _whole(said):
        return None
    docker, of_container = said.last("docker"), said.last("container")
    if docker == "up" and of_container == "hung":
        docker = "hung"
    here = docker == "up" and of_container == "present"
    ahead = _ahead(since_1970(said.last("clock")), now)
    container = _container(said, settings) if here else _of_unit(said)
    host = HostReport(
        instance_id,
        docker,
        said.number("disk_percent"),
        _corrected(container, ahead) if container and ahead else container,
        _environment(said, salt, settings) if here else None,
        inodes_percent=said.number("inodes_percent"),
        disk_path=said.word("disk_path"),
        clock_ahead_seconds=ahead,
        said=said.word("container_error" if docker == "up" else "docker_error"),
        container_unread=docker == "up" and of_container == "unreadable",
        others=tuple(map(said.clean, said.fields.get("other", ()))),
        boot=None if here else _boot(said),
        disk_read_only=said.last("disk_read_only") == "yes",
    )
    return host, _log(said, ahead) if container else None


def _ahead(clock: datetime | None, now: datetime | None) -> int:
    """Return by how much a host's clock is ahead; 0 where that is no more than its answer may have been on its way."""
    seconds = round((clock - now).total_seconds()) if clock and now else 0
    return seconds if abs(seconds) >= CLOCK_WRONG_SECONDS else 0


def _corrected(container: Container, ahead: int) -> Container:
    """Return a container with its times by the servers' clocks, as all ages are."""

    def right(at: datetime | None) -> datetime | None:
        return at - timedelta(seconds=ahead) if at else None

    return replace(
        container,
        started_at=right(container.started_at),
        finished_at=right(container.finished_at),
        created_at=right(container.created_at),
        killed_at=tuple(at - timedelta(seconds=ahead) for at in container.killed_at or ()),
    )


def _whole(said: _Output) -> bool:
    """Return whether the output holds all that it must: what was cut off must not be read as absent."""
    docker, container = said.last("docker"), said.last("container")
    if docker != "up":
        return docker in {"down", "missing", "hung", "unreadable"}
    if container != "present":
        return container in {"missing", "unreadable", "hung"}
    return bool(said.last("status")) and "end" in said.sections


def compare(
    digests: Mapping[str, str], salt: str, settings: Settings, named: Mapping[str, str] = MappingProxyType({})
) -> Environment:
    """Hold an environment, given as digests or ``blank``, against the API's.

    ``named`` has the values in clear of what is no secret, as far as they are known.
    """
    given = {name: found for name, found in digests.items() if found != _BLANK}

    def first(names: Sequence[str]) -> str | None:
        return next((name for name in names if name in given), None)

    queue_name = first(settings.queue_settings) or QUEUE_SETTING
    bucket_name = first(BUCKET_SETTINGS) or BUCKET_SETTINGS[0]
    # What counts where nothing is set: the worker's own default.
    defaults = {queue_name: QUEUE_NAME, bucket_name: BUCKET_NAME}
    in_force = {name: digest(salt, default) for name, default in defaults.items()} | given

    def against(name: str | None, expected: str | None) -> Comparison:
        if name not in in_force:
            return "blank" if name in digests else "missing"
        if expected is None:
            return "unknown"
        return "same" if in_force[name] == digest(salt, expected) else "different"

    endpoint, database = settings.get("R2_ENDPOINT"), settings.get("DATABASE_URL")
    sqs = normalized(settings.aws_endpoint() or f"https://sqs.{settings.region}.amazonaws.com")
    effective = {"queue": in_force[queue_name], "bucket": in_force[bucket_name]}
    sides = {
        "queue": (queue_name, settings.queue),
        "bucket": (bucket_name, settings.bucket),
        "endpoint": ("R2_ENDPOINT", normalized(endpoint) if endpoint else None),
        "region": (first(REGION_SETTINGS), settings.region),
        "aws_endpoint": (first(_AWS_ENDPOINTS), sqs),
    }
    compared = {what: against(*side) for what, side in sides.items()}
    different = [name for what, (name, _) in sides.items() if compared[what] == "different"]
    shown = {**named, **{name: default for name, default in defaults.items() if name not in given}}
    return Environment(
        **compared,
        access_key=against("R2_ACCESS_KEY", settings.get("R2_ACCESS_KEY")),
        secret_key=against("R2_SECRET_KEY", settings.get("R2_SECRET_KEY")),
        fingerprint=digest(
            salt, json.dumps(effective | {name: given.get(name, _BLANK) for name in _AS_THEY_ARE}, sort_keys=True)
        ),
        database=against("DATABASE_URL", _normalized("DATABASE_URL", database) if database else None),
        static_keys="AWS_ACCESS_KEY_ID" in given,
        differing={name: shown[name] for name in different if name in shown},
    )


def names_in_clear(values: Mapping[str, str]) -> dict[str, str]:
    """Return those of an environment's values that name a queue, a bucket, a region or an endpoint, and are no key."""
    names = {*BUCKET_SETTINGS, *REGION_SETTINGS, *_URLS}
    return {
        name: value
        for name, value in values.items()
        if (name in names or name.startswith(_QUEUES))
        and _NAMED.fullmatch(value)
        and not _SECRETS_FORM.fullmatch(value)
    }


def normalized(address: str) -> str:
    """Return an address as it is compared; the probe has the same rules.

    Without its default port and a trailing slash, in small letters; and of the many names of SQS in a region one.
    """
    address = address.lower().removesuffix("/")
    for form, plain in _NORMALIZED:
        address = form.sub(plain, address)
    return address


def digest(salt: str, value: str) -> str:
    """Return the salted digest of ``value``, as the host computes it."""
    return hashlib.sha256((salt + value).encode()).hexdigest()


def digests_of(values: Mapping[str, str], salt: str) -> dict[str, str]:
    """Return the digests of an environment that is known here, in the form in which a host reports them."""
    return {name: digest(salt, _normalized(name, value)) if value.strip() else _BLANK for name, value in values.items()}


def _normalized(name: str, value: str) -> str:
    """Return the part of a value that matters, as the probe takes it: a database's driver does not."""
    if name == "DATABASE_URL":
        return value.partition("://")[2] or value
    return normalized(value) if name in _URLS else value


def parse_parameter(text: str) -> tuple[str, dict[str, str]]:
    """Read the workers' parameter: its form (``dotenv``, ``base64-json`` or ``unreadable``), and what is in it.

    Dotenv text is read as Docker reads ``--env-file``: quotes stay.
    """
    try:
        decoded = json.loads(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        decoded = None
    if isinstance(decoded, dict):
        return "base64-json", {str(name): "" if value is None else str(value) for name, value in decoded.items()}
    text = text.removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    # Docker refuses a name with white space at its end or within, and then starts no container at all.
    pairs = [line.lstrip().partition("=") for line in lines]
    found = {name: value for name, equals, value in pairs if equals}
    # Plain JSON and base64 of something else may hold an equals sign, too.
    readable = any(map(_VARIABLE.fullmatch, found)) and not _PACKED.fullmatch("".join(text.split()))
    return ("dotenv", found) if readable else ("unreadable", {})


def _environment(said: _Output, salt: str, settings: Settings) -> Environment | None:
    if any(not line.partition(" ")[2] for line in said.fields.get("env", ())):
        return None  # the host has no sha256sum
    digests, named = (
        {name: value for name, _, value in (line.partition(" ") for line in said.fields.get(field, ()))}
        for field in ("env", "named")
    )
    return compare(digests, salt, settings, {name: said.clean(value) for name, value in names_in_clear(named).items()})


def _container(said: _Output, settings: Settings) -> Container:
    word, text = said.word, said.text
    kills = tuple(at for seconds in said.fields.get("oom_kill", ()) if (at := since_1970(seconds)))
    driver = LogDriver(
        word("log_driver"), text("log_group"), text("log_region"), text("log_stream"), text("log_cache_off") != "true"
    )
    name = word("name").removeprefix("/")
    return Container(
        status=_status(said, _OF_PODMAN.get(word("status"), word("status"))),
        exit_code=said.number("exit_code"),
        out_of_memory=said.last("oom_killed") == "true",
        oom_kills=len(kills),
        restarts=max(said.number("restarts") or 0, said.number("unit_failures") or 0),
        started_at=parse(text("started")),
        network=word("network"),
        finished_at=parse(text("finished")) or parse(said.last("unit_failed")),
        kernel_kills=_kernel_kills(said),
        created_at=parse(text("created")),
        error=text("error"),
        health=word("health"),
        health_said=text("health_said").strip(),
        name="" if name == settings.worker else name,
        image=text("image_name"),
        image_id=word("image"),
        image_digest=word("image_digest"),
        command=f"{text('command')} {text('arguments')}".strip(),
        log_driver=driver,
        killed_at=kills,
        memory_limit=said.number("memory_limit") or 0,
        unit=said.last("worker_unit"),
    )


def _of_unit(said: _Output) -> Container | None:
    """Return the container of a unit of systemd where it is removed at the end of each run; None without a unit."""
    status = _status(said, "")
    if not status or said.last("docker") != "up":
        return None
    return Container(
        status=status,
        exit_code=said.number("unit_status"),
        out_of_memory=False,
        oom_kills=0,
        restarts=said.number("unit_failures") or 0,
        started_at=None,
        finished_at=parse(said.last("unit_failed")),
        kernel_kills=_kernel_kills(said),
        unit=said.last("worker_unit"),
    )


def _status(said: _Output, of_container: str) -> str:
    """Return the state of a container that Docker or a unit runs; a unit that has failed often restarts it.

    A unit that is active without a container does not run it, but something else for it.
    """
    active = said.last("unit_active")
    if of_container not in {"", "created", "exited"} or not active:
        return of_container
    if active in {"failed", "inactive"}:
        return "exited"
    loops = (said.number("unit_failures") or 0) >= CRASH_LOOP_RESTARTS
    # For a moment of each round its command runs, and has made no container yet.
    if active != "activating" and not (loops and not of_container):
        return of_container
    return "restarting" if loops else "starting"


def _boot(said: _Output) -> BootLog | None:
    user_data, cloud_init = (tuple(map(said.clean, said.lines(name))) for name in ("user-data", "cloud-init"))
    boot = BootLog(said.word("boot"), user_data, cloud_init)
    return boot if boot != BootLog("") else None


def _kernel_kills(said: _Output) -> tuple[int, ...] | None:
    """Return how many seconds the kernel's last kills are past; None where its log could not be read."""
    if said.last("kernel") != "read":
        return None
    return tuple(seconds for text in said.fields.get("kernel_kill", ()) if (seconds := _int(text)) is not None)


def _log(said: _Output, ahead: int) -> WorkerLog:
    of_job, errors, tail = (
        tuple(_log_line(line, said.clean, ahead) for line in said.lines(name)) for name in ("job", "errors", "tail")
    )
    error = said.word("log_error") or _NO_ANSWER if said.number("log_status") else ""
    return WorkerLog(said.number("log_lines") or 0, of_job, errors, tail, error)


def _log_line(line: str, clean: Clean, ahead: int) -> LogLine:
    first, _, rest = line.partition(" ")
    at = parse(first)
    return LogLine(at - timedelta(seconds=ahead) if at else None, clean(rest if at else line))


def _split(output: str, clean: Clean) -> _Output:
    """Take the output apart: ``name=value`` lines before the first section, plain lines in each section.

    Only a line feed ends a line: what else Python takes for an end, a worker may have written.
    """
    fields: dict[str, list[str]] = {}
    sections: dict[str, list[str]] = {}
    section: str | None = None
    for line in output.replace("\r\n", "\n").split("\n"):
        name, _, value = line.partition("=")
        if name == "section":
            section = value
            sections.setdefault(section, [])
        elif section is None:
            fields.setdefault(name, []).append(value)
        else:
            sections.setdefault(section, []).append(line)
    return _Output(fields, sections, clean)


def _int(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
