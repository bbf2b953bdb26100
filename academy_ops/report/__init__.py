"""A diagnosis or a smoke check as a document: each form of output is the module of this package that bears its name."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.smoke.records import Smoke


class Form(Protocol):
    """What the module of a form holds; its sentences are in the current language."""

    def render_diagnosis(self, diagnosis: Diagnosis, ops: str) -> str:
        """Return the document of a diagnosis; ``ops`` is how to call this tool again."""

    def render_smoke(self, smoke: Smoke, ops: str) -> str:
        """Return the document of a smoke check; where it did not pass, together with the diagnosis of why."""


class Output(StrEnum):
    """The registry of the forms of output."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    GITHUB = "github"
    HTML = "html"

    def load(self) -> Form:
        """Import the module of this form; no other is imported."""
        return cast("Form", import_module(f"{__name__}.{self}"))
