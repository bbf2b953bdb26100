"""What the help of each command tells beyond its first sentence: details, examples, exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from academy_ops.messages import Text, say


@dataclass(frozen=True, slots=True)
class Example:
    """A command line, and what it is for."""

    command: str
    what: Text


@dataclass(frozen=True, slots=True)
class Page:
    """What is told of one command.

    Attributes:
        more: What it does, beyond the first sentence.
        examples: How it is called.
        codes: Its exit codes.
    """

    more: Text | None = None
    examples: tuple[Example, ...] = ()
    codes: Mapping[int, Text] = field(default_factory=dict)


_USAGE: Final = {2: say("the command line or a setting is wrong; nothing was done")}
_OTHER: Final = {
    **_USAGE,
    3: say("undetermined: something that was needed could not be seen"),
    70: say("academy-ops itself failed; a report was written"),
    130: say("interrupted"),
}
_VERDICT: Final = {
    0: say("healthy, or in progress with nothing wrong"),
    1: say("a fault was found"),
    **_OTHER,
}
_CHANGE: Final = {
    0: say("it is as you asked for, or was already"),
    1: say("it was done, but the effect asked for was not reached in time"),
    **_OTHER,
}

MANUAL: Final[Mapping[str, Page]] = {
    "": Page(
        say(
            "It looks at every part between the browser and the students, in the order of the runbook, names the one "
            "fault that explains the rest, and gives the command that fixes it. Checks only read; what changes "
            "something shows its plan and asks first."
        ),
        (
            Example("academy-ops --env-file api.env diagnose JOB_ID", say("Why does this upload not come to an end?")),
            Example("academy-ops --env-file api.env diagnose", say("Is all well, without any upload?")),
            Example("academy-ops demo", say("See the whole story on this machine, without any account:")),
            Example("academy-ops diagnose --help", say("More on one command:")),
        ),
        _VERDICT,
    ),
    "diagnose": Page(
        say(
            "Without a job's id it runs what needs none. All checks run at the same time; passing ones take a line, "
            "failing ones show what was seen. With --fix it offers the remedy, applies it after a yes, watches the "
            "job, and diagnoses again."
        ),
        (
            Example("academy-ops diagnose 3f2b6c1e-8d24-4a57-9b0e-2f1d6c7a8e90", say("One upload:")),
            Example("academy-ops diagnose JOB_ID --fix", say("Fix it, after a yes:")),
            Example("academy-ops diagnose JOB_ID --save seen.json", say("Keep what was seen, to judge it elsewhere:")),
            Example("academy-ops diagnose --from seen.json --verbose", say("Judge it there, with no network:")),
            Example("academy-ops diagnose -o junit --fail-on warn > report.xml", say("In CI:")),
        ),
        _VERDICT,
    ),
    "check": Page(
        say("The checks are, in order: access, r2, endpoint, job, workers, queue, logs."),
        (
            Example("academy-ops check queue", say("Only the queue:")),
            Example("academy-ops check logs JOB_ID --verbose", say("Inside the workers, with all evidence:")),
            Example("academy-ops check excel students.xlsx", say("A workbook, row by row, with no network:")),
        ),
        _VERDICT,
    ),
    "scale-worker": Page(
        say(
            "It keeps to the group's bounds, says what the autoscaler will make of it, and warns before workers stop "
            "that have messages in flight. A worker is usually ready 2 to 5 minutes after its start."
        ),
        (
            Example("academy-ops scale-worker --desired 1 --wait", say("Switch one worker on, and wait for it:")),
            Example("academy-ops scale-worker --desired 0 --dry-run", say("Only see what would change:")),
            Example("academy-ops scale-worker --desired 3 --yes", say("In a script:")),
        ),
        _CHANGE,
    ),
    "queue": Page(None, (Example("academy-ops queue create --help", say("More on its command:")),)),
    "queue create": Page(
        say("Attributes that differ in a queue that is there are told, and left as they are."),
        (
            Example("academy-ops queue create --dry-run", say("Only see what would change:")),
            Example("academy-ops queue create", say("Create what is missing, after a yes:")),
        ),
        _CHANGE,
    ),
    "watch": Page(
        say("It ends after 15 minutes, or after --timeout."),
        (
            Example("academy-ops watch JOB_ID", say("Follow one upload:")),
            Example("academy-ops watch JOB_ID --timeout 60 && echo done", say("For a minute, in a script:")),
        ),
        {
            0: say("the job is done"),
            1: say("the job has failed, or there is none"),
            **_USAGE,
            3: say("its end was not seen"),
            130: say("interrupted"),
        },
    ),
    "smoke": Page(
        say(
            "It uploads three marked students, the same in each run, and has them deleted again where the API can; "
            "elsewhere a second run adds none. Give it a tenant of its own (ACADEMY_TENANT_CODE and its token). Some "
            "faults are told from slow work only after two minutes: give CI --timeout 180 or more. The API's address "
            "and token are enough to upload; the cause of a failure is named from whatever else may be looked at."
        ),
        (
            Example("academy-ops smoke", say("Does an upload come to its end?")),
            Example("academy-ops smoke --timeout 300 -o junit > smoke.xml", say("In CI:")),
            Example("academy-ops smoke --timeout 240 -o github", say("Every five minutes, on GitHub:")),
        ),
        {
            0: say("the students arrived, and were verified"),
            1: say("they did not arrive; the diagnosis names the cause, or the API refused them"),
            **_USAGE,
            3: say("undetermined: their end was not seen, and no fault either"),
            70: _OTHER[70],
            130: say("interrupted; the last line says whether anything has stayed behind"),
        },
    ),
    "logs": Page(
        say(
            "It reads through SSM what Docker keeps of the workers' container, filtered on the host. Of a long log "
            "only the end comes; that is said. Times are UTC."
        ),
        (
            Example("academy-ops logs", say("The last ten minutes of every worker:")),
            Example("academy-ops logs --job JOB_ID --since 2h", say("What was said of one job:")),
            Example("academy-ops logs --follow", say("As it happens:")),
        ),
        {
            0: say("they were read; also where no worker is in service"),
            **_USAGE,
            3: say("no worker could be read"),
            130: say("interrupted"),
        },
    ),
    "config": Page(
        say("Command line, then environment, then env file, then default; a blank value counts as unset."),
        (
            Example("academy-ops --env-file api.env config", say("What would be used with this file?")),
            Example("academy-ops config -o json", say("For a script:")),
        ),
    ),
    "bundle": Page(
        say("Secrets, and the names and phones of students, are masked in it. It can be judged with diagnose --from."),
        (
            Example("academy-ops bundle JOB_ID", say("Into the current folder:")),
            Example("academy-ops bundle JOB_ID --to /tmp/ticket.zip", say("Into this file:")),
        ),
        _VERDICT,
    ),
    "explain": Page(
        None,
        (
            Example("academy-ops explain", say("All causes, section by section:")),
            Example("academy-ops explain worker-scaled-to-zero", say("One of them:")),
        ),
    ),
    "runbook": Page(
        None,
        (
            Example("academy-ops runbook", say("All of it:")),
            Example("academy-ops runbook 3-1", say("A section by its number:")),
            Example("academy-ops runbook workers", say("A section by its check:")),
        ),
    ),
    "iam-policy": Page(
        say("Exactly what the checks call, and nothing more. Give it to the user or role that runs academy-ops."),
        (
            Example("academy-ops iam-policy > policy.json", say("To look only:")),
            Example("academy-ops iam-policy --with-actions > policy.json", say("To scale and to create queues, too:")),
        ),
    ),
    "demo": Page(
        say("It needs no account and no network, and leaves nothing behind. It takes about a minute."),
        (Example("academy-ops demo", say("Tell the story:")),),
    ),
    "lab": Page(
        say("AWS, R2, the edge, nginx, the API and workers run as real processes on loopback addresses."),
        (
            Example("academy-ops lab up --detach", say("Start it:")),
            Example("academy-ops lab env > lab.env", say("Let every other command talk to it:")),
            Example("academy-ops lab break worker-off", say("Break it; the id of the job that waits is printed:")),
            Example("academy-ops --env-file lab.env diagnose JOB_ID", say("Find out why:")),
            Example("academy-ops lab heal", say("Fix it:")),
        ),
    ),
    "lab up": Page(None, (Example("academy-ops lab up --detach", say("In the background:")),)),
    "lab down": Page(None, (Example("academy-ops lab down", say("Stop it:")),)),
    "lab status": Page(
        None,
        (Example("academy-ops lab status", say("What runs?")),),
        {0: say("the lab runs"), 1: say("no lab runs")},
    ),
    "lab env": Page(None, (Example("academy-ops lab env > lab.env", say("Keep it for --env-file:")),)),
    "lab upload": Page(
        None,
        (
            Example("academy-ops lab upload", say("Five students that are made up:")),
            Example("academy-ops lab upload students.xlsx", say("A workbook of your own:")),
        ),
    ),
    "lab break": Page(
        None,
        (
            Example("academy-ops lab break --list", say("What can be broken?")),
            Example("academy-ops lab break worker-off", say("Switch the workers off:")),
        ),
    ),
    "lab heal": Page(None, (Example("academy-ops lab heal", say("Undo all:")),)),
    "serve": Page(
        say("The settings come from the environment; academy-ops lab up starts all parts together."),
        (Example("DATABASE_URL=sqlite:///academy.db academy-ops serve api", say("The API:")),),
    ),
    "serve api": Page(None, (Example("academy-ops serve api --port 8080", say("On another port:")),)),
    "serve worker": Page(None, (Example("academy-ops serve worker", say("One worker:")),)),
    "serve autoscaler": Page(None, (Example("academy-ops serve autoscaler --every 10", say("Six times a minute:")),)),
}
"""By what stands behind ``academy-ops`` on the command line."""
