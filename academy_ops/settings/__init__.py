"""The settings in force, and the env files they are read from."""

from academy_ops.settings.env_files import SettingsError
from academy_ops.settings.resolve import (
    ADDRESSES,
    AWS_NAMES,
    DEFAULTS,
    SECRETS,
    Setting,
    Settings,
    Source,
    is_own,
    load,
)

__all__ = [
    "ADDRESSES",
    "AWS_NAMES",
    "DEFAULTS",
    "SECRETS",
    "Setting",
    "Settings",
    "SettingsError",
    "Source",
    "is_own",
    "load",
]
