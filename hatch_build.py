"""Compile the message catalogues while a wheel or an editable install is built."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface[Any]):
    """Write each .po file's .mo beside it, where gettext looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Run before the files are gathered."""
        for source in Path(self.root, "academy_ops", "locale").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as lines:
                catalogue = read_po(lines)
            with source.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, catalogue)
