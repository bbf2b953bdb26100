"""The pipeline drawn for a terminal: a mark under each hop, and the broken one pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.records import Diagnosis
from academy_ops.report.layout import STYLES, marks
from academy_ops.report.pipeline import HOPS, HopState, check_of, hop_of, states

_SHORTEST: Final = 4
_LONGEST: Final = 14
"""An arrow, with the spaces around it."""
_NAMES: Final[Mapping[HopState, str]] = {"fail": "bold red", "warn": "yellow", "unseen": "dim"}


@dataclass(frozen=True, slots=True)
class _Station:
    """A hop as it is drawn: its name, its state, and the cause that breaks it."""

    name: str
    state: HopState
    looked_at: bool
    cause: str | None

    @property
    def width(self) -> int:
        return cell_len(self.name)


def draw(console: Console, diagnosis: Diagnosis) -> None:
    """Print the pipeline as wide as the console allows, in as many rows as it needs."""
    cause = diagnosis.verdict.cause
    stations = [
        _Station(str(hop.name), state, check_of(hop) is not None, cause if cause and hop_of(cause) is hop else None)
        for hop, state in zip(HOPS, states(diagnosis), strict=True)
    ]
    rows = list(_rows(stations, console.width))
    spare = min((console.width - sum(one.width for one in row)) // len(row) for row in rows)
    arrow = min(_LONGEST, max(_SHORTEST, spare))
    for row in rows:
        for line in _drawn(row, arrow, marks(console), console.width):
            line.rstrip()
            console.print(line, soft_wrap=True)


def _rows(stations: list[_Station], width: int) -> Iterator[list[_Station]]:
    """Break the pipeline where a row is full; a row that goes on ends with an arrow."""
    row: list[_Station] = []
    used = 0
    for station in stations:
        if row and used + station.width + _SHORTEST > width:
            yield row
            row, used = [], 0
        row.append(station)
        used += station.width + _SHORTEST
    yield row


def _drawn(row: list[_Station], arrow: int, mark: Mapping[str, str], width: int) -> Iterator[Line]:
    names, below, pointer = Line(), Line(), Line()
    for station in row:
        start = names.cell_len
        names.append(station.name, _NAMES.get(station.state, "bold"))
        if station.name != str(HOPS[-1].name):
            names.append(f" {mark['line'] * (arrow - 3)}{mark['head']} ", "dim")
        middle = start + (station.width - 1) // 2
        if station.looked_at:
            below.append(" " * (middle - below.cell_len)).append(mark[station.state], STYLES[station.state])
        if station.cause:
            pointer = _pointer(station.cause, middle, mark, width)
    yield names
    yield below
    if pointer:
        yield pointer


def _pointer(cause: str, column: int, mark: Mapping[str, str], width: int) -> Line:
    """Name the cause below its hop, to the right of it where there is room."""
    right = column + 2 + cell_len(cause) <= width
    told = f"{mark['up']} {cause}" if right else f"{cause} {mark['up-left']}"
    return Line(" " * max(0, column if right else column + 1 - cell_len(told))).append(told, "red")
