"""The bundle: a run as one archive for a ticket, without secrets, and a ledger of what was masked in it."""

import io
import json
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Final

from academy_ops.diagnosis.codec import Clean
from academy_ops.diagnosis.evidence import Evidence, ShownSetting, to_document, to_text
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.diagnosis.redact import MASK, masked, printable
from academy_ops.report import html, markdown, table
from academy_ops.report.json import render_diagnosis
from checks import Case

LEDGER_SCHEMA: Final = "academy-ops/ledger/1"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked at one place; never its value.

    Attributes:
        file: The archive's file.
        place: A JSON path, or a line.
        kind: The setting that holds it, or the form by which it was known.
        count: How often it stood there.
    """

    file: str
    place: str
    kind: str
    count: int


def file_name(diagnosis: Diagnosis) -> str:
    """Return what a bundle is called: its job and the time of its run, in UTC."""
    return f"academy-ops-{diagnosis.job_id or 'all'}-{diagnosis.started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"


def bundle(evidence: Evidence[Case], diagnosis: Diagnosis, secrets: Mapping[str, str]) -> tuple[bytes, int]:
    """Make the archive, a zip file; return it, and how many values were masked in it.

    None of ``secrets``, which are values to the names of their settings, is in it.

    Raises:
        EvidenceError: A fact is of no form that could be read again.
    """
    ledger = _Ledger(secrets)
    files = {
        "evidence.json": to_text(to_document(evidence, Case, ledger.cleaning("evidence.json"))),
        "diagnosis.json": ledger.lines("diagnosis.json", render_diagnosis(diagnosis)),
        "report.txt": ledger.lines("report.txt", table.render_diagnosis(diagnosis, verbose=True)),
        "report.md": ledger.lines("report.md", markdown.render_diagnosis(diagnosis)),
        "report.html": ledger.lines("report.html", html.render_diagnosis(diagnosis)),
        "settings.txt": ledger.settings("settings.txt", evidence.settings),
        "versions.txt": ledger.lines("versions.txt", _aligned(evidence.versions.items())),
    }
    files["ledger.json"] = ledger.text()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
            entry.external_attr = _OWNER_ONLY << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.encode())
    return packed.getvalue(), ledger.total


class _Ledger:
    """Masks, and keeps account of it."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {value: f"setting {name}" for value, name in secrets.items()}
        self._entries: list[Masked] = []

    @property
    def total(self) -> int:
        return sum(entry.count for entry in self._entries)

    def cleaning(self, file: str) -> Clean:
        """Return what cleans each text of a JSON document."""

        def clean(text: str, place: str) -> str:
            before = text.count(MASK)
            cleaned, counts = masked(text, self._secrets)
            # It was masked when it was observed; what it was is not known here.
            kinds = {**counts, "masked before": before} if before else counts
            self._entries += [Masked(file, place, kind, count) for kind, count in kinds.items()]
            return printable(cleaned)

        return clean

    def lines(self, file: str, text: str) -> str:
        clean = self.cleaning(file)
        return "\n".join(clean(line, f"line {number}") for number, line in enumerate(text.split("\n"), 1))

    def settings(self, file: str, rows: Sequence[ShownSetting]) -> str:
        self._entries += [
            Masked(file, f"line {number}", f"setting {row.name}", row.value.count(MASK))
            for number, row in enumerate(rows, 1)
            if row.value and MASK in row.value
        ]
        return _aligned((row.name, f"{'-' if row.value is None else row.value}  ({row.source})") for row in rows)

    def text(self) -> str:
        entries = [asdict(entry) for entry in self._entries]
        return json.dumps({"schema": LEDGER_SCHEMA, "total": self.total, "masked": entries}, indent=2) + "\n"


def _aligned(rows: Iterable[tuple[str, str]]) -> str:
    listed = list(rows)
    width = max((len(name) for name, _value in listed), default=0)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in listed)
