"""How the settings are found: read once, each knowing where its value came from.

Order of precedence: environment, env file, context, default. A blank value counts as unset.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from academy_ops import contract
from academy_ops.messages import os_reason, say
from academy_ops.settings.contexts import CONTEXT_SETTING, context_named
from academy_ops.settings.env_files import EnvLine, SettingsError, read_env_file
from academy_ops.settings.records import Setting, Settings, Unnamed

DEFAULTS: Final[Mapping[str, str | None]] = {
    "ACADEMY_API_URL": None,
    "ACADEMY_ORIGIN_URL": None,
    "ACADEMY_APP_URL": None,
    "ACADEMY_API_TOKEN": None,
    "ACADEMY_TENANT_CODE": None,
    "R2_ENDPOINT": None,
    "R2_ACCESS_KEY": None,
    "R2_SECRET_KEY": None,
    "R2_EXCEL_BUCKET": None,
    "EXCEL_BUCKET_NAME": None,
    contract.QUEUE_SETTING: contract.QUEUE_NAME,
    "AI_WORKER_ASG_NAME": contract.GROUP_NAME,
    "AI_WORKER_NAME": contract.WORKER_NAME,
    "WORKER_ENV_PARAMETER": contract.WORKER_ENV_PARAMETER,
    "AI_AUTOSCALER_FUNCTION": contract.AUTOSCALER_NAME,
    "AI_WORKER_LOG_GROUP": None,
    "AWS_REGION": None,
    "AWS_DEFAULT_REGION": None,
    "ACADEMY_AWS_ACCOUNT_ID": None,
    "DATABASE_URL": None,
    "ACADEMY_OPS_LANG": None,
    "SSL_CERT_FILE": None,
}
_SHARED: Final = frozenset({"WORKER_ENV_PARAMETER", "AI_AUTOSCALER_FUNCTION"})
"""What a tier may have in common with the basic one."""
_TIER: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TIERS_QUEUE: Final = re.compile(rf"{contract.QUEUE_SETTING.removesuffix('BASIC')}([A-Z][A-Z0-9_]*)")
_OWN: Final = frozenset({"EXCEL_BUCKET_NAME", "DATABASE_URL", "AWS_REGION", "AWS_DEFAULT_REGION"})
"""The academy's own settings whose names do not begin as the others do."""
_SENT_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "ACADEMY_API_URL": ("ACADEMY_API_TOKEN",),
    "R2_ENDPOINT": ("R2_ACCESS_KEY", "R2_SECRET_KEY"),
}
"""The secrets that are sent to an address, or sign what is."""


def load(
    *,
    environ: Mapping[str, str] = os.environ,
    env_file: Path | None = None,
    default_env_file: Path | None = Path(".env"),
    tier: str | None = None,
    context: str | None = None,
) -> Settings:
    """Resolve every setting.

    Args:
        environ: The process's environment.
        env_file: The file named by ``--env-file``; it must exist.
        default_env_file: Read when ``env_file`` is None and it is there.
        tier: The tier of workers whose names are in force.
        context: The context named by ``--context``.

    Raises:
        SettingsError: There is no such context, the env file can't be read, SSL_CERT_FILE holds no certificates, the
            tier has no names, or an address of a file that nobody named would be sent a secret from elsewhere.
    """
    context = (context or environ.get(CONTEXT_SETTING, "")).strip() or None
    chosen = context_named(context) if context else None
    # What is named outweighs what is merely there.
    by_itself = chosen is None and env_file is None and default_env_file is not None and default_env_file.is_file()
    env_file = default_env_file if by_itself else env_file
    from_file = read_env_file(env_file) if env_file is not None else {}
    unnamed = _unnamed(env_file, from_file) if by_itself and env_file else None
    if unnamed:
        from_file = {name: from_file[name] for name in from_file if is_own(name)}
    outweighed: tuple[str, ...] = ()
    if chosen:
        lines = chosen.lines()
        outweighed = tuple(
            name for name in lines if environ.get(name, "").strip() not in {"", lines[name].value.strip()}
        )
        from_file = {**lines, **from_file}
        env_file, tier = env_file or chosen.env_file, tier or chosen.tier
    entries = {name: _resolve(name, default, environ, from_file) for name, default in DEFAULTS.items()}
    named = {found[1] for name in (*environ, *from_file) if (found := _TIERS_QUEUE.fullmatch(name))} - {"BASIC"}
    tiers = tuple(sorted(name.lower().replace("_", "-") for name in named))
    if tier and tier != contract.TIER:
        resolve = partial(_resolve, environ=environ, from_file=from_file)
        entries |= _of_tier(tier, tiers, resolve)
    if unnamed:
        _refuse_mixed(unnamed, entries)
    certificates = _certificates(environ, from_file)
    aws = {name: line.value for name, line in from_file.items() if name.startswith("AWS_") and line.value.strip()}
    return Settings(entries, env_file, unnamed, aws, certificates, tier or contract.TIER, tiers, context, outweighed)


def is_own(name: str) -> bool:
    """Return whether a name is of the academy's own settings, which may come from a file that nobody named."""
    return name in _OWN or name.startswith(("ACADEMY_", "AI_", "R2_", "WORKER_ENV_PARAMETER"))


def _unnamed(path: Path, lines: Mapping[str, EnvLine]) -> Unnamed:
    there = [name for name, line in lines.items() if line.value.strip()]
    left = (name for name in there if not is_own(name) and (name.startswith("AWS_") or name in DEFAULTS))
    return Unnamed(path, tuple(filter(is_own, there)), tuple(left))


def _refuse_mixed(unnamed: Unnamed, entries: Mapping[str, Setting]) -> None:
    """Refuse to send a secret to an address that a file has named which nobody named, and which does not hold it."""
    for address, secrets in _SENT_TO.items():
        elsewhere = (entries[name] for name in secrets if entries[name].value and entries[name].source != "env file")
        secret = next(elsewhere, None) if entries[address].source == "env file" else None
        if secret:
            raise SettingsError(
                say(
                    "{address} comes from {path}, which you did not name, and {secret} does not: {secret} would be "
                    "sent to that address. If that is intended, name the file: --env-file {path}",
                    address=address,
                    path=str(unnamed.path),
                    secret=secret.name,
                )
            )


def _of_tier(
    tier: str, tiers: tuple[str, ...], resolve: Callable[[str, str | None], Setting]
) -> Iterator[tuple[str, Setting]]:
    """Yield a tier's own settings, by the names of the basic one."""
    if not _TIER.fullmatch(tier):
        raise SettingsError(say("The --tier value {tier!r} is not a valid tier name. Example: tools", tier=tier))
    for name in contract.TIERED:
        own = resolve(
            contract.tier_name(name, tier), contract.TIER_WORKERS.get(tier) if name == "AI_WORKER_NAME" else None
        )
        if own.value or name == "AI_WORKER_LOG_GROUP":
            yield name, own
        elif name not in _SHARED:
            known = ", ".join((contract.TIER, *tiers))
            raise SettingsError(
                say(
                    "Tier {tier} needs {name}. Tiers that have a queue: {known}.", tier=tier, name=own.name, known=known
                )
            )


def _certificates(environ: Mapping[str, str], from_file: Mapping[str, EnvLine]) -> tuple[str, ...]:
    """Return the files that SSL_CERT_FILE names.

    One that can't be used is refused: each request would fail as if the other side's certificate were wrong.
    """
    import ssl  # noqa: PLC0415 - slow to import; --help needs no certificates

    name = "SSL_CERT_FILE"
    named = (environ.get(name, "").strip(), from_file[name].value.strip() if name in from_file else "")
    for path in filter(None, named):
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:
            raise SettingsError(
                say(
                    "SSL_CERT_FILE names {path}, which is not a certificate file: {reason}. Correct the setting.",
                    path=path,
                    reason=os_reason(error),
                )
            ) from error
    return tuple(filter(None, named))


def _resolve(name: str, default: str | None, environ: Mapping[str, str], from_file: Mapping[str, EnvLine]) -> Setting:
    if environ.get(name, "").strip():
        return Setting(name, environ[name].strip(), "environment", environ[name])
    line = from_file.get(name)
    if line is not None and line.value.strip():
        return Setting(name, line.value.strip(), line.source, line.as_docker)
    if default is not None:
        return Setting(name, default, "default", default)
    # dotenv leaves out what Docker and Compose take for the value.
    comment = line is not None and line.as_docker.lstrip().startswith("#")
    return Setting(name, None, "unset", line.as_docker if line and comment else None)
