"""The JSON documents as YAML, for people who read them and for tools that take no JSON."""

import json
from typing import Final

import yaml

from academy_ops.diagnosis.records import Diagnosis
from academy_ops.report import json as documents
from academy_ops.smoke.records import Smoke

_WORKFLOW_COMMAND: Final = "##["


def render_diagnosis(diagnosis: Diagnosis, _ops: str = "academy-ops") -> str:
    """Return the document of ``diagnosis`` as YAML."""
    return text(json.loads(documents.render_diagnosis(diagnosis)))


def render_smoke(smoke: Smoke, _ops: str = "academy-ops") -> str:
    """Return the document of ``smoke`` as YAML."""
    return text(json.loads(documents.render_smoke(smoke)))


def text(document: object) -> str:
    """Return ``document`` as YAML, its names in their order.

    GitHub's runner obeys ``##[`` anywhere in a line; it is written as YAML escapes it.
    """
    dumped: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    return dumped.replace(_WORKFLOW_COMMAND, "#\\x23[")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # PyYAML has no types
    """Puts a text in double quotes that needs an escape."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _WORKFLOW_COMMAND in value else None)


_Dumper.add_representer(str, _text)
