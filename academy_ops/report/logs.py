"""The workers' logs on a terminal, in a pipe, and as documents."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, say
from academy_ops.report import Output, yaml

if TYPE_CHECKING:
    from checks.worker_logs import Logged, Logs

_COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue", "red")
_SHORT: Final = 8
"""The last characters of an instance's id: all of them begin alike."""
_CLOCK: Final = slice(len("2026-01-01T"), len("2026-01-01T00:00:00"))


class LogReport:
    """Prints each line once, however often it is read; what could not be read goes to stderr."""

    def __init__(self, console: Console, form: Output = Output.TABLE) -> None:
        """Print on ``console``, or as documents: an object for each line in JSON, an item of one list in YAML."""
        self._console = console
        self._form = form
        self._printed: dict[str, set[Logged]] = {}
        self._colours: dict[str, str] = {}
        self._noted: set[str] = set()
        self._unreadable = False

    @property
    def silent(self) -> bool:
        """Whether there were workers and none of them could be read."""
        return self._unreadable and not self._printed

    def show(self, logs: Logs) -> None:
        """Print what is new in ``logs``."""
        self._note_all(logs)
        lines: dict[str, set[Logged]] = {
            instance: set() for instance in logs.instances if instance not in logs.unavailable
        }
        for line in logs.lines:
            lines.setdefault(line.instance, set()).add(line)
            if line not in self._printed.get(line.instance, ()):
                self._print(line)
        self._printed |= lines
        self._unreadable |= bool(logs.unavailable)

    def _print(self, line: Logged) -> None:
        if self._form is not Output.TABLE:
            record = {"time": line.time, "instance": line.instance, "message": line.text}
            as_yaml = self._form is Output.YAML
            sys.stdout.write(yaml.text([record]) if as_yaml else json.dumps(record, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        colour = self._colours.setdefault(line.instance, _COLOURS[len(self._colours) % len(_COLOURS)])
        head = Line().append(printable(line.instance[-_SHORT:]), colour).append(f" {line.time[_CLOCK]}Z ", "dim")
        self._console.print(head.append(line.text), soft_wrap=True)

    def _note_all(self, logs: Logs) -> None:
        if not logs.instances:
            self._note(say("No worker instance is in service."))
        for instance, reason in logs.unavailable.items():
            self._note(say("{instance}: not readable, {reason}.", instance=instance, reason=because(reason)))
        for instance, count in logs.left_out.items():
            # Later looks go back only a little further than what was printed already.
            if instance not in self._printed:
                self._note(
                    say(
                        "{instance}: {count} older lines left out. Narrow it down with --since or --job.",
                        instance=instance,
                        count=count,
                    )
                )

    def _note(self, text: Text) -> None:
        note = printable(str(text))
        if note not in self._noted:
            self._noted.add(note)
            sys.stderr.write(f"{note}\n")
