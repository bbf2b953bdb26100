"""The settings in force, and the env files they are read from."""

from academy_ops.settings.env_files import SettingsError
from academy_ops.settings.records import AWS_NAMES, SECRETS, Setting, Settings, Source
from academy_ops.settings.resolve import DEFAULTS, is_own, load

__all__ = ["AWS_NAMES", "DEFAULTS", "SECRETS", "Setting", "Settings", "SettingsError", "Source", "is_own", "load"]
