"""A row of the cause catalogue as a page of a manual, for people and as a document."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Line

from academy_ops import __version__
from academy_ops.diagnosis.catalogue import CATALOGUE, Cause, explained_by
from academy_ops.diagnosis.command import Place, Steps, fill, placeholders, posix
from academy_ops.diagnosis.records import JobState, Json, Remedy, Section
from academy_ops.messages import Text, _, current, say
from academy_ops.report.runbook import anchor, heading
from academy_ops.report.shell import Shell, print_command, shell_needs

SCHEMA: Final = "academy-ops/explanation/1"

_STATES: Final[Mapping[JobState, Text]] = {
    JobState.NONE: say("no job was created"),
    JobState.PENDING: say("PENDING"),
    JobState.RUNNING: say("RUNNING"),
    JobState.FAILED: say("FAILED"),
    JobState.UNSEEN: say("state not readable"),
}
_PLACES: Final[Mapping[Place, Text]] = {
    "here": say("By hand:"),
    "api-server": say("On the API server:"),
    "worker": say("On the worker (aws ssm start-session opens a shell there):"),
}


def document(cause: Cause, names: Mapping[str, str]) -> dict[str, Json]:
    """Return the explanation of ``cause``, in the current language; ``names`` fill its commands."""
    return {
        "schema": SCHEMA,
        "tool": f"academy-ops {__version__}",
        **_head(cause),
        "told_by": str(cause.told_by),
        "look": [posix(fill(steps, names)) for steps in cause.look],
        "states": [state.value for state in _STATES if state in cause.states],
        "explains": list(_explained(cause)),
        "explained_by": list(_explaining(cause)),
        "remedies": _remedies(cause.remedies, names),
        "reasons": {
            reason: {"meaning": str(variant.meaning), "remedies": _remedies(variant.remedies, names)}
            for reason, variant in cause.reasons.items()
        },
    }


def _remedies(remedies: Iterable[Remedy], names: Mapping[str, str]) -> list[Json]:
    return [
        {
            "text": str(remedy.text),
            "command": posix(fill(remedy.steps, names)),
            "verify": posix(fill(remedy.check, names)),
            "risk": remedy.risk,
        }
        for remedy in remedies
    ]


def listing() -> dict[str, Json]:
    """Return every cause, in the order of the runbook."""
    causes: list[Json] = [_head(cause) for _section, rows in _by_section() for cause in rows]
    return {"schema": SCHEMA, "tool": f"academy-ops {__version__}", "causes": causes}


def print_cause(console: Console, cause: Cause, names: Mapping[str, str], shell: Shell) -> None:
    """Print the explanation of ``cause`` for people, with commands for their shell."""
    console.print(Line(cause.code, "bold"))
    console.print(Line(str(cause.meaning)))
    console.print()
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _facts(cause):
        rows.add_row(name, Line(value))
    console.print(rows)
    shown: list[Steps] = []

    def show(steps: Steps, style: str) -> None:
        shown.append(fill(steps, names))
        print_command(console, shown[-1], style, shell=shell)

    for place, title in _PLACES.items():
        looks = [steps for steps in cause.look if steps[0].place == place]
        if looks:
            console.print()
            console.print(Line(str(title), "bold"))
        for steps in looks:
            show(steps, "cyan")

    def show_remedies(remedies: Iterable[Remedy]) -> None:
        rows = list(remedies)
        for place, remedy in enumerate(rows, 1):
            console.print()
            head = Line(_("What to do: "), "bold")
            console.print(head.append(str(remedy.text), "not bold").append(f" ({remedy.effect})", "not bold dim"))
            show(remedy.steps, "bold cyan")
            # Once, where the next one is checked in the same way.
            if place == len(rows) or rows[place].check != remedy.check:
                console.print(Line(_("Then check:")))
                show(remedy.check, "bold cyan")

    show_remedies(cause.remedies)
    for reason, variant in cause.reasons.items():
        console.print()
        console.print(Line(_("Reason") + " ", "bold").append(reason, "cyan").append(f": {variant.meaning}", "not bold"))
        show_remedies(variant.remedies)
    _print_notes(console, shown)


def _print_notes(console: Console, shown: list[Steps]) -> None:
    """Say what has to be filled in or set before the commands work."""
    notes = [str(need) for need in shell_needs(shown)]
    if any(placeholders(steps) for steps in shown):
        notes.append(_("Replace <…>: it is a setting missing here, or something academy-ops diagnose would find."))
    for note in notes:
        console.print()
        console.print(Line(note, "dim"))


def print_all(console: Console) -> None:
    """Print every cause with its meaning, section by section."""
    width = max(len(code) for code in CATALOGUE)
    for title, causes in _by_section():
        console.print(Line(title, "bold"))
        rows = Table.grid(padding=(0, 2))
        rows.add_column(width=width, no_wrap=True)
        rows.add_column(overflow="fold")
        for cause in causes:
            meaning = Line(str(cause.meaning))
            if cause.warn:
                meaning.append(" " + _("(warning)"), "dim")
            rows.add_row(Line(cause.code, "cyan"), meaning)
        console.print(Padding(rows, (0, 0, 1, 2)))
    console.print(Line(_("Details: academy-ops explain CAUSE"), "dim"))


def _by_section() -> Iterator[tuple[str, list[Cause]]]:
    for section in get_args(Section):
        yield heading(section, current()), [cause for cause in CATALOGUE.values() if cause.section == section]


def _head(cause: Cause) -> dict[str, Json]:
    return {
        "code": cause.code,
        "section": cause.section,
        "runbook": anchor(cause.section, current()),
        "warn": cause.warn,
        "meaning": str(cause.meaning),
    }


def _facts(cause: Cause) -> Iterator[tuple[str, str]]:
    yield _("Section"), f"{heading(cause.section, current())}\n{anchor(cause.section, current())}"
    yield _("How it is recognized"), str(cause.told_by)
    if cause.warn:
        yield _("Kind"), _("a warning")
    elif cause.inconclusive:
        yield _("Kind"), _("the tool could not look; this says nothing about the academy itself")
    for name, values in (
        (_("Job"), [str(text) for state, text in _STATES.items() if state in cause.states]),
        (_("Explains"), _explained(cause)),
        (_("Symptom of"), _explaining(cause)),
    ):
        if values:
            yield name, ", ".join(values)


def _explained(cause: Cause) -> list[str]:
    reached = explained_by(cause.code)
    return [code for code in CATALOGUE if code in reached]


def _explaining(cause: Cause) -> list[str]:
    return [code for code in CATALOGUE if cause.code in explained_by(code)]
