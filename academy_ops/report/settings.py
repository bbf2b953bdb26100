"""What a run ran with: the settings in force, each with its source and no secret, and the versions of what ran."""

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Final

from academy_ops import __version__, contract
from academy_ops.diagnosis.evidence import ShownSetting
from academy_ops.diagnosis.records import Json
from academy_ops.diagnosis.redact import MASK, printable, redacted
from academy_ops.settings import AWS_NAMES, SECRETS, Settings, Source
from academy_ops.settings.contexts import CONTEXT_SETTING

_PAIRS: Final = (
    (*contract.BUCKET_SETTINGS, contract.BUCKET_NAME),
    (*contract.REGION_SETTINGS, contract.REGION),
)
"""The first one set counts; where neither is, the first is shown with the default."""
_LIBRARIES: Final = ("botocore", "httpx", "jinja2", "python-dotenv", "rich", "typer")


def shown_settings(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[ShownSetting, ...]:
    """Return every setting with its source; the value of a secret is masked, its length, too.

    In ``environ`` the AWS SDK finds its own; `Settings.export_aws` has not changed it yet.
    """
    defaults = {first: value for first, second, value in _PAIRS if not settings.get(first) and not settings.get(second)}
    rows: list[tuple[str, str | None, Source]] = [
        (name, defaults[name], "default") if name in defaults else (entry.name, entry.value, entry.source)
        for name, entry in settings.entries.items()
    ]
    from_file = settings.aws_in_force(environ)
    for name in AWS_NAMES:
        value = environ.get(name) or from_file.get(name)
        source: Source = "environment" if environ.get(name) else "env file" if value else "unset"
        rows.append((name, value, source))
    if settings.context:
        named: Source = (
            "environment" if environ.get(CONTEXT_SETTING, "").strip() == settings.context else "command line"
        )
        rows.insert(0, (CONTEXT_SETTING, settings.context, named))
    secrets = frozenset(settings.secrets())
    return tuple(ShownSetting(name, _shown(name, value, secrets), source) for name, value, source in rows)


def settings_document(rows: tuple[ShownSetting, ...]) -> Json:
    """Return the settings as JSON; an unset one has null as its value."""
    return [{"name": row.name, "value": row.value, "source": row.source} for row in rows]


def versions() -> Mapping[str, str]:
    """Return name to version of the tool, Python, the libraries, and the platform."""
    return {
        "academy-ops": __version__,
        "python": platform.python_version(),
        # Not `platform.platform`: it runs `uname` to learn the processor's name.
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def _shown(name: str, value: str | None, secrets: frozenset[str]) -> str | None:
    if value is None:
        return None
    return MASK if name in SECRETS else printable(redacted(value, secrets)).replace("\n", " ")
