"""The pipeline as it flows: how each hop of it is, and its drawing on a terminal."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from operator import itemgetter
from typing import Final, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.contract import JobStatus
from academy_ops.diagnosis.check import Hop
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.messages import Text, say
from academy_ops.report.terminal import STYLES, marks
from checks import RUNBOOK
from checks.author_signs import gateway_of, is_load_balancer

HopState = Literal["ok", "warn", "fail", "unknown", "unchecked"]
"""``unknown``: it could not be observed; ``unchecked``: nothing was asked about it, or nothing came so far."""

_CHECKS: Final = {hop.place: check.name for check in RUNBOOK for hop in check.hops}
_HOPS: Final = (
    Hop(0, say("browser"), ()),
    *sorted((hop for check in RUNBOOK for hop in check.hops), key=lambda hop: hop.place),
)
"""In the order of the pipeline; no check looks at the browser."""

_GATEWAY: Final = next(hop.place for hop in _HOPS if "proxy-" in hop.codes)
_BALANCED: Final = re.compile(r"https?://[^/]{1,253}\.elb\.amazonaws\.com(\.cn)?[:/]")
"""The names that AWS gives its load balancers."""
_SHORTEST: Final = 4
_LONGEST: Final = 14
"""An arrow, with the spaces around it."""
_NAME_STYLES: Final[Mapping[HopState, str]] = {"fail": "bold red", "warn": "yellow", "unchecked": "dim"}


@dataclass(frozen=True, slots=True)
class HopStatus:
    """A hop as a diagnosis has it.

    Attributes:
        name: What it is called, in the current language.
        check: The check that looks at it; None where none does.
        state: How it is.
        cause: The verdict's cause, where it breaks this hop.
    """

    name: str
    check: str | None
    state: HopState
    cause: str | None


def hop_statuses(diagnosis: Diagnosis) -> list[HopStatus]:
    """Return the pipeline, hop by hop.

    Only faults with a remedy of their own break a hop; what they explain is no more than a warning at its own.
    """
    verdict = diagnosis.verdict
    reasons = {finding.cause: finding.reason for finding in diagnosis.findings if finding.reason}

    def places(codes: Iterable[str | None]) -> set[int]:
        return {hop.place for code in codes if (hop := _hop_of(code, reasons.get(code)))}

    broken = places((verdict.cause, *verdict.also))
    suffering = places((*verdict.symptoms, *verdict.warnings))
    root = _hop_of(verdict.cause, verdict.reason)

    def state(hop: Hop) -> HopState:
        if hop.place in broken:
            return "fail"
        return "warn" if hop.place in suffering else _state(hop, diagnosis, broken)

    return [
        HopStatus(
            str(_name(hop, diagnosis)), _CHECKS.get(hop.place), state(hop), verdict.cause if hop is root else None
        )
        for hop in _HOPS
    ]


def _name(hop: Hop, diagnosis: Diagnosis) -> Text | str:
    """Return what stands between edge and API, by the signs that its answers bear; without any no product is named."""
    if hop.place != _GATEWAY:
        return hop.name
    layers = [
        layer
        for finding in diagnosis.findings
        if finding.check == "endpoint"
        for name, layer in finding.evidence.items()
        if isinstance(layer, dict) and name != "app"
    ]
    if any(
        layer.get("balanced_by")
        or is_load_balancer(str(layer.get("author")))
        or _BALANCED.search(str(layer.get("url")))
        for layer in layers
    ):
        return say("load balancer")
    signs = (gateway_of(str(layer.get("server", "")), str(layer.get("author", ""))) for layer in layers)
    return next(filter(None, signs), hop.name)


def draw(console: Console, diagnosis: Diagnosis) -> None:
    """Print the pipeline as wide as the console allows, in as many rows as it needs; the broken hop is pointed at."""
    hops = hop_statuses(diagnosis)
    rows = list(_rows(hops, console.width))
    spare = min((console.width - sum(cell_len(hop.name) for hop in row)) // len(row) for row in rows)
    arrow = min(_LONGEST, max(_SHORTEST, spare))
    for row in rows:
        for line in _drawn(row, arrow, marks(console), console.width, last=row[-1] is hops[-1]):
            line.rstrip()
            console.print(line, soft_wrap=True)


def _hop_of(code: str | None, reason: str | None) -> Hop | None:
    """Return the hop that a cause breaks; None for one that breaks none, such as missing credentials."""
    whole = f"{code}/{reason}"
    fitting = ((len(begun), hop) for hop in _HOPS for begun in hop.codes if code and whole.startswith(begun))
    return max(fitting, key=itemgetter(0), default=(0, None))[1]


def _state(hop: Hop, diagnosis: Diagnosis, broken: set[int]) -> HopState:
    check = _CHECKS.get(hop.place)
    statuses = [finding.status for finding in diagnosis.findings if finding.check == check]
    if "unknown" in statuses:
        return "unknown"
    if check == "job" and not _done(diagnosis):
        # The students are there only when the job is done.
        return "unchecked"
    if "ok" in statuses or "warn" in statuses:
        return "ok"
    if _answered(hop, diagnosis):
        return "ok"
    # What broke further on has come this far.
    return "ok" if check in {_CHECKS.get(place) for place in broken if place > hop.place} else "unchecked"


def _answered(hop: Hop, diagnosis: Diagnosis) -> bool:
    """Return whether the hop, or what is behind it in the same check, was asked past those before it and is well."""
    if not hop.asked_as:
        return False
    check = _CHECKS[hop.place]
    asked = [
        other.asked_as
        for other in _HOPS
        if other.place <= hop.place and other.asked_as and _CHECKS[other.place] == check
    ]
    # Whatever has answered in front of the last one has its answer from there.
    ways = asked if hop.place == max(place for place, name in _CHECKS.items() if name == check) else [hop.asked_as]
    layers = [finding.evidence.get(way) for finding in diagnosis.findings if finding.check == check for way in ways]
    return any(isinstance(layer, dict) and layer.get("status") == HTTPStatus.OK for layer in layers)


def _done(diagnosis: Diagnosis) -> bool:
    return any(
        finding.check == "job" and finding.evidence.get("status") == JobStatus.DONE for finding in diagnosis.findings
    )


def _rows(hops: list[HopStatus], width: int) -> Iterator[list[HopStatus]]:
    """Break the pipeline where a row is full; a row that goes on ends with an arrow."""
    row: list[HopStatus] = []
    used = 0
    for hop in hops:
        needed = cell_len(hop.name) + (0 if hop is hops[-1] else _SHORTEST)
        if row and used + needed > width:
            yield row
            row, used = [], 0
        row.append(hop)
        used += needed
    yield row


def _drawn(row: list[HopStatus], arrow: int, mark: Mapping[str, str], width: int, *, last: bool) -> Iterator[Line]:
    names, below, pointer = Line(), Line(), Line()
    for hop in row:
        middle = names.cell_len + (cell_len(hop.name) - 1) // 2
        names.append(hop.name, _NAME_STYLES.get(hop.state, "bold"))
        if not (last and hop is row[-1]):
            names.append(f" {mark['line'] * (arrow - 3)}{mark['head']} ", "dim")
        if hop.check:
            below.append(" " * (middle - below.cell_len)).append(mark[hop.state], STYLES[hop.state])
        if hop.cause:
            pointer = _pointer(hop.cause, middle, mark, width)
    yield names
    yield below
    if pointer:
        yield pointer


def _pointer(cause: str, column: int, mark: Mapping[str, str], width: int) -> Line:
    """Name the cause below its hop, to the right of it where there is room."""
    right = column + 2 + cell_len(cause) <= width
    text = f"{mark['up']} {cause}" if right else f"{cause} {mark['up-left']}"
    return Line(" " * max(0, column if right else column + 1 - cell_len(text))).append(text, "red")
