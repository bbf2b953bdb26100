"""What the help of each command says beyond its first sentence and its options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from academy_ops.cli.options import WATCH_MINUTES
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES, WAITED_SECONDS


@dataclass(frozen=True, slots=True)
class Page:
    """What the help of one command says beyond its first sentence.

    Attributes:
        more: What it does, beyond the first sentence.
        examples: Command lines, and what each is for.
        codes: Its exit codes.
    """

    more: Text | None = None
    examples: Mapping[str, Text] = field(default_factory=dict)
    codes: Mapping[int, Text] = field(default_factory=dict)


_INTERRUPTED: Final = {2: say("the command line or a setting is wrong; nothing was done"), 130: say("interrupted")}
_OTHER: Final = {
    **_INTERRUPTED,
    3: say("undetermined: something needed could not be observed"),
    70: say("academy-ops itself failed; a report was written"),
}
_VERDICT: Final = {
    0: say("healthy, or in progress with nothing wrong"),
    1: say("a fault was found"),
    **_OTHER,
}
_CHANGE: Final = {
    0: say("the state is as requested, now or already"),
    1: say("the change was made, but did not take effect in time"),
    **_OTHER,
}

MANUAL: Final[Mapping[str, Page]] = {
    "": Page(
        say(
            "Looks at every part between the browser and the students in runbook order, names the one fault that "
            "explains the rest, and gives the command that fixes it. Checks only read; commands that change "
            "something show their plan and ask first."
        ),
        {
            "academy-ops --env-file api.env diagnose JOB_ID": say("Why doesn't this upload finish?"),
            "academy-ops --env-file api.env diagnose": say("Is everything well, regardless of any upload?"),
            "academy-ops demo": say("See the whole story on this machine, without any account:"),
            "academy-ops diagnose --help": say("Help for one command:"),
        },
        _VERDICT,
    ),
    "diagnose": Page(
        say(
            "Without a job id, runs the checks that need none. All checks run at the same time; a passing one takes "
            "one line, a failing one shows its evidence. With --fix it offers the remedy and, if you agree, applies "
            "it, watches the job, and diagnoses again."
        ),
        {
            "academy-ops diagnose 3f2b6c1e-8d24-4a57-9b0e-2f1d6c7a8e90": say("One upload:"),
            "academy-ops diagnose JOB_ID --fix": say("Fix it, after asking:"),
            "academy-ops diagnose JOB_ID --save seen.json": say("Save what was observed, to judge it elsewhere:"),
            "academy-ops diagnose --from seen.json --verbose": say("Judge it there, without a network:"),
            "academy-ops diagnose -o junit --fail-on warn > report.xml": say("In CI:"),
        },
        _VERDICT,
    ),
    "check": Page(
        say("The checks, in order: access, r2, endpoint, job, workers, queue, logs."),
        {
            "academy-ops check queue": say("Only the queue:"),
            "academy-ops check logs JOB_ID --verbose": say("Inside the workers, with all evidence:"),
            "academy-ops check excel students.xlsx": say("A workbook, row by row, without a network:"),
        },
        _VERDICT,
    ),
    "jobs": Page(
        say(
            "Uses the API's list of jobs if it has one (for the school whose token is in use). Otherwise lists the "
            "bucket and matches its objects with the jobs named in the workers' logs, on their hosts or in "
            "CloudWatch Logs."
        ),
        {
            "academy-ops jobs --since 30m": say("A school called about an upload 20 minutes ago:"),
            "academy-ops jobs --tenant haneul --failed": say("What failed at one school since yesterday?"),
            "academy-ops jobs -o json": say("For a script:"),
        },
        {
            **_OTHER,
            0: say("uploads were listed, or there are none"),
            3: say("nothing that lists uploads could be read"),
        },
    ),
    "scale-worker": Page(
        say(
            "Stays within the group's bounds, says what the autoscaler will do next, and warns before stopping "
            "workers that have messages in flight. A worker is usually ready {usual_boot_from} to {usual_boot_to} "
            "minutes after it starts.",
            **FIGURES,
        ),
        {
            "academy-ops scale-worker --desired 1 --wait": say("Start one worker and wait for it:"),
            "academy-ops scale-worker --desired 0 --dry-run": say("See what would change:"),
            "academy-ops scale-worker --desired 3 --yes": say("In a script:"),
        },
        _CHANGE,
    ),
    "worker-env": Page(
        say(
            "Values are compared as digests and never shown. Both formats are kept: NAME=value lines, and base64 of "
            "a JSON object; an editor gets lines either way. A change shows its plan, asks, is written with the "
            "same KMS key, and is read back; if someone else has changed the parameter in the meantime, nothing is "
            "written. The API's settings are the ones this command is given: use the API's env file."
        ),
        {
            "academy-ops --env-file api.env worker-env": say("What is in it, and does it match the API?"),
            "academy-ops --env-file api.env worker-env --from-api R2_ENDPOINT --from-api R2_EXCEL_BUCKET": say(
                "Take the API's values:"
            ),
            "academy-ops worker-env --set R2_SECRET_KEY=-": say("Enter a secret without showing it:"),
            "pass r2/secret | academy-ops worker-env --set R2_SECRET_KEY=- --yes": say("In a script:"),
            "academy-ops worker-env --edit --dry-run": say("Edit it, and see what would change:"),
        },
        {
            0: say("as requested; for the list: a worker that boots with it has what it needs"),
            1: say(
                "for the list: a worker that boots with it would not work; for a change: written, but not in effect"
            ),
            **_OTHER,
        },
    ),
    "queue create": Page(
        say("If an existing queue has different attributes, they are reported and left unchanged."),
        {
            "academy-ops queue create --dry-run": say("See what would change:"),
            "academy-ops queue create": say("Create what is missing, after asking:"),
        },
        _CHANGE,
    ),
    "watch": Page(
        say("Stops after {minutes} minutes, or after --timeout.", minutes=WATCH_MINUTES),
        {
            "academy-ops watch JOB_ID": say("Follow one upload:"),
            "academy-ops watch JOB_ID --timeout 60 && echo done": say("For a minute, in a script:"),
        },
        {
            **_INTERRUPTED,
            0: say("the job finished"),
            1: say("the job failed, or there is no such job"),
            3: say("its end was not observed"),
        },
    ),
    "smoke": Page(
        say(
            "Uploads three test students, the same in every run, and deletes them again if the API can; if not, "
            "later runs add no more. Use a tenant of its own (ACADEMY_TENANT_CODE and its token). For "
            "{waited_minutes} minutes some faults look like slow work, so give CI --timeout {timeout} or more. The "
            "API's URL and token are enough to upload; the more settings there are, the more causes can be named.",
            timeout=WAITED_SECONDS + 60,
            **FIGURES,
        ),
        {
            "academy-ops smoke": say("Does an upload go all the way through?"),
            "academy-ops smoke --timeout 300 -o junit > smoke.xml": say("In CI:"),
            "academy-ops smoke --timeout 240 -o github": say("Every five minutes, on GitHub:"),
        },
        {
            **_OTHER,
            0: say("the students arrived and were verified"),
            1: say("they did not arrive; the diagnosis names the cause, or the API rejected the upload"),
            3: say("undetermined: neither their arrival nor a fault was observed"),
            130: say("interrupted; the last line says whether anything is left behind"),
        },
    ),
    "logs": Page(
        say(
            "Reads the Docker log of each worker's container through SSM, filtered on the host. Only the end of a "
            "long log is shown, with a note. Times are UTC."
        ),
        {
            "academy-ops logs": say("The last ten minutes of every worker:"),
            "academy-ops logs --job JOB_ID --since 2h": say("What the logs say about one job:"),
            "academy-ops logs --tenant haneul --failed --since 1h": say("What failed at one school:"),
            "academy-ops logs --follow": say("Live:"),
        },
        {
            **_INTERRUPTED,
            0: say("logs were read, or no worker is in service"),
            1: say("no such job"),
            3: say("no worker could be read"),
        },
    ),
    "config": Page(
        say(
            "Command line first, then environment, env file, context, default; a blank value counts as unset. A "
            "context is a named set of settings in config.toml in your configuration folder: a table "
            '[contexts.production] with env_file = "PATH" or with the settings themselves.'
        ),
        {
            "academy-ops --env-file api.env config": say("What would be used with this file?"),
            "academy-ops config --contexts": say("Which contexts are there?"),
            "academy-ops --context staging diagnose": say("Use one instead of an env file:"),
            "academy-ops config -o json": say("For a script:"),
        },
    ),
    "bundle": Page(
        say("Secrets and students' names and phone numbers are masked. diagnose --from can judge it again."),
        {
            "academy-ops bundle JOB_ID": say("To the current folder:"),
            "academy-ops bundle JOB_ID --to /tmp/ticket.zip": say("To a file:"),
        },
        _VERDICT,
    ),
    "explain": Page(
        None,
        {
            "academy-ops explain": say("All causes, by section:"),
            "academy-ops explain worker-scaled-to-zero": say("One cause:"),
            "academy-ops explain worker-env-missing JOB_ID": say("With its commands filled in for one job:"),
        },
    ),
    "runbook": Page(
        None,
        {
            "academy-ops runbook": say("All of it:"),
            "academy-ops runbook 3-1": say("A section by number:"),
            "academy-ops runbook workers": say("A section by check:"),
        },
    ),
    "iam-policy": Page(
        say("Allows exactly what the checks call. Attach it to the user or role that runs academy-ops."),
        {
            "academy-ops iam-policy > policy.json": say("Read-only:"),
            "academy-ops iam-policy --with-actions > policy.json": say(
                "Also to scale workers, create queues, and apply remedies:"
            ),
        },
    ),
    "help": Page(
        None,
        {
            "academy-ops help diagnose": say("One command:"),
            "academy-ops help --man > academy-ops.1": say("A man page:"),
        },
    ),
    "aws": Page(
        say(
            "Everything after 'aws' goes to the AWS CLI, which decides the exit code and what changes. It gets the "
            "credentials, region and endpoint in force as environment variables."
        ),
        {
            "academy-ops --env-file api.env aws sts get-caller-identity": say("Whose credentials are these?"),
            "academy-ops --env-file api.env aws --r2 s3api head-bucket --endpoint-url URL --bucket NAME": say(
                "With the API's R2 keys:"
            ),
        },
    ),
    "demo": Page(
        say("Needs no account and no network, takes about a minute, and leaves nothing behind."),
        {"academy-ops demo": say("Run it:")},
    ),
    "lab": Page(
        say("AWS, R2, the edge, nginx, the API and the workers run as real processes on loopback addresses."),
        {
            "academy-ops lab up --detach": say("Start it:"),
            "academy-ops lab env --to lab.env": say("Save the settings for all other commands:"),
            "academy-ops lab break --list": say("List the faults:"),
            "academy-ops lab break worker-off": say("Break it; prints the id of the job that shows the fault:"),
            "academy-ops --env-file lab.env diagnose JOB_ID": say("Find out why:"),
            "academy-ops lab upload students.xlsx": say("Upload your own workbook:"),
            "academy-ops lab heal": say("Fix it:"),
            "academy-ops lab down": say("Stop it:"),
        },
    ),
    "lab status": Page(
        None,
        {"academy-ops lab status": say("What is running?")},
        {0: say("the lab is running"), 1: say("no lab is running")},
    ),
    "serve": Page(
        say("Settings come from the environment. academy-ops lab up starts all parts together."),
        {
            "DATABASE_URL=sqlite:///academy.db academy-ops serve api --port 8080": say("The API, on another port:"),
            "academy-ops serve worker": say("One worker:"),
            "academy-ops serve autoscaler --every 10": say("The autoscaler, every 10 seconds:"),
        },
    ),
}
"""By what stands behind ``academy-ops`` on the command line; a command without an example shows those of others."""
