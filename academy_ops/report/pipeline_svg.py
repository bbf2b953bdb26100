"""The pipeline as a drawing for a page: a circle for each hop, the broken one marked and named."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element

from academy_ops.diagnosis.records import Diagnosis
from academy_ops.messages import _
from academy_ops.report.markup import add
from academy_ops.report.pipeline import HOPS, HopState, check_of, hop_of, states
from academy_ops.report.reading import STATUSES

# In user units, which are pixels where the drawing is as wide as it wants to be.
_ROW: Final = 124
_RADIUS: Final = 20
_TOP: Final = 26
_NAME, _CAUSE, _TURN = 66, 86, 100
"""Below the top of a row: the hop's name, the cause, and the line that leads to the next row."""
_CHARACTER: Final = 7.8
"""How wide a character of a cause is, about."""
_BROWSER: Final = "M-9 -7 H9 V7 H-9 Z M-9 -2 H9"
_ICONS: Final[Mapping[HopState, str]] = {
    "ok": "M-8 0 L-3 6 L8 -6",
    "warn": "M0 -9 V2 M0 9 V9.1",
    "fail": "M-7 -7 L7 7 M7 -7 L-7 7",
    "unknown": "M-5 -4 A5 5 0 1 1 0 2 V4 M0 10 V10.1",
    "unseen": "M-4 0 H4",
}


def draw(parent: Element, diagnosis: Diagnosis, *, columns: int, width: int) -> None:
    """Add the drawing.

    Args:
        parent: Where it goes.
        diagnosis: What is drawn.
        columns: How many hops stand side by side.
        width: In user units.
    """
    cause, known = diagnosis.verdict.cause, states(diagnosis)
    broken = hop_of(cause)
    rows = -(-len(HOPS) // columns)
    name = f"pipeline-{columns}"
    svg = add(
        parent,
        "svg",
        kind=f"pipeline columns-{columns}",
        viewBox=f"0 0 {width} {(rows - 1) * _ROW + (_TURN if cause else _CAUSE)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    add(svg, "title", _("The way of a registration, and where it broke"), id=f"{name}-title")
    add(svg, "desc", _description(diagnosis), id=f"{name}-desc")
    step = width / columns
    places = [(step * (n % columns + 0.5), _TOP + _ROW * (n // columns)) for n in range(len(HOPS))]
    for (start, end), state in zip(pairwise(places), known[1:], strict=True):
        _arrow(svg, start, end, width, state)
    for hop, state, (x, y) in zip(HOPS, known, places, strict=True):
        station = add(svg, "g", kind=state, transform=f"translate({x:g} {y})")
        add(station, "circle", r=str(_RADIUS))
        add(station, "path", d=_ICONS[state] if check_of(hop) else _BROWSER)
        add(station, "text", str(hop.name), y=str(_NAME - _TOP))
        if hop is broken and cause:
            half = len(cause) * _CHARACTER / 2
            inside = min(max(x, half), width - half)
            add(station, "text", cause, "cause", x=f"{inside - x:g}", y=str(_CAUSE - _TOP))


def _arrow(svg: Element, start: tuple[float, float], end: tuple[float, float], width: int, state: HopState) -> None:
    """Draw the way from one hop to the next, which may stand in the next row."""
    (x, y), (to_x, to_y) = start, end
    gap = _RADIUS + 5
    if y == to_y:
        way = f"M{x + gap:g} {y} H{to_x - gap:g} m-6 -5 l6 5 l-6 5"
    else:
        way = f"M{x + gap:g} {y} H{width - 4} V{y - _TOP + _TURN} H{to_x:g} V{to_y - gap} m-5 -6 l5 6 l5 -6"
    add(svg, "path", kind="arrow cut" if state == "fail" else "arrow", d=way)


def _description(diagnosis: Diagnosis) -> str:
    told = []
    for hop, state in zip(HOPS, states(diagnosis), strict=True):
        if check_of(hop):
            status = _("not looked at") if state == "unseen" else STATUSES[state]
            told.append(f"{hop.name}: {status}")
    cause = diagnosis.verdict.cause
    return ", ".join(told) + (f". {cause}" if cause else "")
