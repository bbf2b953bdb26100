"""Contexts: named sets of settings in ``config.toml`` of the user's configuration folder."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from academy_ops.messages import Text, os_reason, say
from academy_ops.settings.bounded_files import read_bounded
from academy_ops.settings.env_files import EnvLine, SettingsError, read_env_file

CONTEXT_SETTING: Final = "ACADEMY_OPS_CONTEXT"
_MOST_BYTES: Final = 1_000_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_SETTING: Final = re.compile(r"[A-Z][A-Z0-9_]{0,126}")
EXAMPLE: Final = 'contexts.production.env_file = "/path/to/api.env"'


@dataclass(frozen=True, slots=True)
class Context:
    """A named set of settings.

    Attributes:
        values: Settings of its own; they outweigh its env file's.
    """

    name: str
    env_file: Path | None
    tier: str | None
    values: Mapping[str, str]

    def lines(self) -> dict[str, EnvLine]:
        """Return its settings, each as a line of an env file.

        Raises:
            SettingsError: Its env file can't be read.
        """
        from_file = read_env_file(self.env_file) if self.env_file else {}
        return from_file | {name: EnvLine(value, value, "context") for name, value in self.values.items()}


def config_file() -> Path:
    """Return where contexts are written down, whether or not the file is there."""
    import platformdirs  # noqa: PLC0415 - needed only where a context is named or listed

    return platformdirs.user_config_path("academy-ops", appauthor=False) / "config.toml"


def read_contexts() -> dict[str, Context]:
    """Return the contexts by their names; none where there is no file.

    Raises:
        SettingsError: The file can't be read, is not TOML, or holds what is no context.
    """
    path = config_file()
    try:
        text = read_bounded(path, _MOST_BYTES).decode("utf-8-sig")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(say("Can't read {path}: {reason}.", path=str(path), reason=os_reason(error))) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            say("{path}, line {line}: it is not UTF-8 text; save the file as UTF-8.", path=str(path), line=line)
        ) from error
    except tomllib.TOMLDecodeError as error:
        # Its words give the line and column, and quote one character at most.
        raise SettingsError(say("{path} is not TOML: {reason}.", path=str(path), reason=str(error))) from error
    tables = document.get("contexts", {})
    if not isinstance(tables, dict):
        raise _refused(path, say("'contexts' is not a table"))
    return {name: _context(path, name, table) for name, table in tables.items()}


def context_named(name: str) -> Context:
    """Return the context ``name``.

    Raises:
        SettingsError: There is none of that name, or the file can't be used.
    """
    known = read_contexts()
    if name in known:
        return known[name]
    path = str(config_file())
    if not known:
        raise SettingsError(
            say("There is no context {name!r}: {path} has none. Example: {form}", name=name, path=path, form=EXAMPLE)
        )
    raise SettingsError(
        say(
            "There is no context {name!r} in {path}. Choose from: {known}.",
            name=name,
            path=path,
            known=", ".join(known),
        )
    )


def _context(path: Path, name: str, table: Any) -> Context:  # noqa: ANN401 - whatever TOML holds
    if not _NAME.fullmatch(name):
        raise _refused(path, say("{name!r} is not a valid name: use letters, digits, '-', '_' and '.'", name=name[:80]))
    if not isinstance(table, dict):
        raise _refused(path, say("context {name} is not a table", name=name))
    env_file, tier, values = None, None, {}
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _refused(path, say("{key} in context {name} is not a string", key=key[:80], name=name))
        if key == "env_file":
            env_file = path.parent / Path(str(value)).expanduser()
        elif key == "tier":
            tier = str(value)
        elif _SETTING.fullmatch(key):
            values[key] = str(value)
        else:
            raise _refused(path, say("{key} in context {name} is not a setting", key=key[:80], name=name))
    return Context(name, env_file, tier, values)


def _refused(path: Path, problem: Text) -> SettingsError:
    return SettingsError(say("{path}: {problem}. Example: {form}", path=str(path), problem=problem, form=EXAMPLE))
