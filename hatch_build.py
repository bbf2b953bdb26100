"""Compile the message catalogues while a wheel or an editable install is built, and take the man page along."""

import io
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface[Any]):
    """Write each .po file's .mo beside it, where gettext looks for it; install the man page that `make wheel` made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the files are gathered."""
        for source in Path(self.root, "academy_ops", "locale").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as lines:
                catalogue = read_po(lines)
            compiled, place = io.BytesIO(), source.with_suffix(".mo")
            write_mo(compiled, catalogue)
            # One that stays the same is left alone: a command that runs may just be reading it.
            if not place.exists() or place.read_bytes() != compiled.getvalue():
                place.write_bytes(compiled.getvalue())
        page = Path(self.root, "build", "academy-ops.1")
        if version == "standard" and page.is_file():
            build_data["shared_data"][str(page)] = "share/man/man1/academy-ops.1"
