"""Commands as data: filled with live names value by value, and quoted only where they are written for a shell."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from academy_ops.contract import TIER, by_tier

Place = Literal["here", "api-server", "worker"]

PLACEHOLDER: Final = re.compile("<([a-z0-9_]+)>")
AWS_KEYS_IN_FILE: Final = "aws_keys_in_file"
R2_KEYS_IN_FILE: Final = "r2_keys_in_file"
"""Live names that are there where the AWS CLI would lack in this shell what the env file or the context holds."""
JOB_FILE: Final = "file_key"
"""A live name that is there where the API says which file in R2 is the job's."""
_READING: Final = re.compile(r"(decode|get|list|filter|describe|head)-")
"""How operations of AWS begin that only read."""
_LOOKING: Final = frozenset(
    {
        *("docker ps", "docker inspect", "docker logs", "docker system", "docker exec", "systemctl status"),
        *("journalctl --no-pager", "nginx -T", "ss -ltnp", "tail -n", "df -h", "free -m", "date -u", "du --inodes"),
    }
)
"""What only looks, of the programs that can do more, by their first two words."""
_NO_VALUE: Final = ("-", "file://", "fileb://")
_NOT_IN_A_CONTAINERS_NAME: Final = re.compile("^[^A-Za-z0-9]|[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``<name>`` in an argument stands for a live name.

    Attributes:
        argv: The program and its arguments. ``<ops>`` becomes the words that call this tool again, ``<job>`` the job's
            id or nothing, ``<workbook>`` the job's own file where it can be had, else a file to be typed.
        environment: Variables that it is given, each with the variable of the shell that holds the value, or ``""``
            for an empty one. A secret never stands in ``argv``.
        headers: Lines of its standard input: what a line begins with, and the variable of the shell that follows.
        prints: The placeholder of later steps that its output fills.
        saves_to: The file that takes its output; only its owner can read it.
        place: Where it is typed. ``api-server`` and ``worker`` are Linux hosts, whatever shell is in use here.
    """

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    prints: str = ""
    saves_to: str = ""
    place: Place = "here"

    @property
    def needs(self) -> tuple[str, ...]:
        """The variables that must be set in the shell."""
        return tuple(variable for _, variable in (*self.environment, *self.headers) if variable)

    @property
    def changes(self) -> bool:
        """Whether it changes something, rather than only look."""
        program, *arguments = [word for word in self.argv if word not in {"sudo", "--verbose"}]
        match program:
            case "<ops>":
                return arguments[0] not in {"check", "config", "diagnose", "jobs"} and arguments != ["worker-env"]
            case "aws":
                of_cli = arguments[:2] in (["configure", "get"], ["configure", "list"])
                return not of_cli and not _READING.match(arguments[1])
            case "curl" | "nslookup":
                return False
            case _:
                return " ".join([program, *arguments][:2]) not in _LOOKING


Steps = tuple[Command, ...]
"""Commands that are typed one after another, each only where the one before it succeeded."""


def command(words: str, *more: str, place: Place = "here", prints: str = "") -> Steps:
    """Return one command as steps: its words, with spaces between them, and ``more`` arguments that may hold spaces."""
    return (Command((*words.split(), *more), place=place, prints=prints),)


def aws(words: str, *more: str, place: Place = "here", prints: str = "") -> Steps:
    """Return one command of the AWS CLI in the region in force: its service, operation and options, as `command`."""
    service, operation, *options = words.split()
    return command(f"aws {service} {operation} --region <region>", *options, *more, place=place, prints=prints)


def fill(steps: Steps, names: Mapping[str, str]) -> Steps:
    """Return ``steps`` with live names in their arguments; a name that is not known stays visible as ``<name>``."""
    if "worker" in names:
        # It stands in scripts for a worker's host, too; Docker knows no container with other characters.
        names = {**names, "worker": _NOT_IN_A_CONTAINERS_NAME.sub("_", names["worker"])}
    filled = ((step, tuple(word for argument in step.argv for word in _words(argument, names))) for step in steps)
    return tuple(_with_settings(replace(step, argv=argv), names) for step, argv in filled)


def _with_settings(step: Command, names: Mapping[str, str]) -> Command:
    """Return a command of the AWS CLI so that it has what the shell lacks: this tool gives it its own settings."""
    if step.argv[0] != "aws" or step.place != "here":
        return step
    lacking, options = (R2_KEYS_IN_FILE, ("--r2",)) if step.environment else (AWS_KEYS_IN_FILE, ())
    if lacking not in names:
        return step
    return replace(step, argv=(*_words("<ops>", names), "aws", *options, *step.argv[1:]), environment=())


def _words(argument: str, names: Mapping[str, str]) -> list[str]:
    if argument == "<ops>":
        return _split(names.get("ops", "academy-ops"))
    if argument == "<workbook>":
        known = JOB_FILE in names and not names.get("job_id", "-").startswith("-")
        return ["--job", names["job_id"]] if known else ["FILE.xlsx"]
    if argument == "<job>":
        if names.get("job_id", "").startswith("-"):
            return ["<job_id>"]
        return [names["job_id"]] if names.get("job_id") else []
    filled = PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), by_tier(argument, names.get("tier", TIER)))
    # A name that would be an option, or that the AWS CLI would take for a file to send, is left to be typed by hand.
    return [argument if argument.startswith("<") and filled.startswith(_NO_VALUE) else filled]


@cache
def _split(text: str) -> list[str]:
    return shlex.split(text)


def placeholders(steps: Steps) -> set[str]:
    """Return the live names that ``steps`` need: neither always known nor printed by a step."""
    named = {name for step in steps for argument in step.argv for name in PLACEHOLDER.findall(argument)}
    return named - {"ops", "job", "workbook"} - {step.prints for step in steps}


def posix(steps: Steps) -> str:
    """Return ``steps`` as one line for a POSIX shell."""
    return " ".join(posix_words(steps))


def posix_words(steps: Steps) -> Iterator[str]:
    """Yield ``steps`` word by word, quoted for a POSIX shell."""
    printed: list[str] = []
    for number, step in enumerate(steps):
        if number:
            yield "&&"
        if step.headers:
            yield "printf '%s\\n'"
            yield from (f'"{begun}${{{variable}:?}}"' for begun, variable in step.headers)
            yield "|"
        words = [f'{name}="${{{variable}:?}}"' if variable else f"{name}=" for name, variable in step.environment]
        words += [_posix_word(argument, printed) for argument in step.argv]
        if step.prints:
            words[0], words[-1] = f"{step.prints}=$({words[0]}", f"{words[-1]})"
            printed.append(step.prints)
        elif step.saves_to:
            words = ["(umask 077;", *words, f">{shlex.quote(step.saves_to)})"]
        yield from words


def _posix_word(argument: str, printed: Sequence[str]) -> str:
    parts = split_at_printed(argument, printed)
    return (
        "".join(f'"${part}"' if number % 2 else shlex.quote(part) for number, part in enumerate(parts) if part) or "''"
    )


def split_at_printed(argument: str, printed: Sequence[str]) -> list[str]:
    """Return the parts of an argument; every second one is the name of what an earlier step printed."""
    return re.split(f"<({'|'.join(printed)})>", argument) if printed else [argument]
