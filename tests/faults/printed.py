"""What a diagnosis prints, run in the state that prints it: no command of a remedy may fail there."""

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped] # it has no types
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE, filled
from academy_ops.diagnosis.command import JOB_FILE, Command, Steps, fill
from academy_ops.diagnosis.records import Remedy
from academy_ops.settings import load
from tests.lab_driver import Lab, Told

NOT_IN_THE_LAB: Mapping[str, str] = {
    "academy-ops worker-env --replace": "ends once workers work again; tests/remedies/test_refresh.py runs it",
    "aws configure sso": "asks a person",
    "aws login": "asks a person",
    "aws sso login": "asks a person",
    "aws sts get-caller-identity --region ap-northeast-2 --profile": "asks a person",
    "academy-ops check excel CORRECTED.xlsx": "reads the file that the school sends next",
    "aws ec2 get-ebs-default-kms-key-id": "moto has no such call",
    "aws organizations": "moto knows no organization",
    "aws sts decode-authorization-message": "moto has no such call",
    "curl -sS --max-time 10 https://www.cloudflarestatus.com": "leaves this machine",
    "curl -sSv -o /dev/null --max-time 10 https://sts.": "leaves this machine",
    "nslookup": "asks a name server",
    "sudo chronyc": "would set this machine's clock",
}
"""How the commands begin that are not run, and why; nor are those that are typed on another host."""
_FINDS_FAULTS = ("check", "diagnose", "--verbose")
_FOUND = {0, 1, 3}
_CURL_CAN_NOT = {1, 2, 3}
"""Its exit codes for an address or an option that it does not understand; any other says what the server does."""


class RefusedError(AssertionError):
    """AWS refused a command, or was not reached."""


@dataclass(frozen=True)
class Place:
    """Where commands are run: a lab, and the settings of the person who types them.

    Attributes:
        lab: The lab.
        changed: What differs from the lab's own settings; None leaves a setting out.
        by_cli: The AWS CLI itself is run; else what it would call is called in this process.
    """

    lab: Lab
    changed: Mapping[str, str | None] = field(default_factory=dict)
    by_cli: bool = False

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings in force."""
        return {name: value for name, value in {**self.lab.settings(), **self.changed}.items() if value is not None}

    def tells(self, code: str, job_id: str | None) -> bool:
        """Return whether a diagnosis names a code."""
        told = self.lab.diagnose(*filter(None, [job_id]), **self.changed)
        return any(finding["cause"] == code for finding in told.document["findings"])

    def run(self, steps: Steps) -> list[str]:
        """Run steps one after another, as far as the lab can; return what each printed.

        Raises:
            AssertionError: One of them failed.
        """
        printed: dict[str, str] = {}
        outputs = list[str]()
        with tempfile.TemporaryDirectory() as folder:
            for step in steps:
                (whole,) = fill((step,), printed)
                if why_not(whole):
                    break
                output = self._run(whole, Path(folder))
                outputs.append(output)
                if whole.saves_to:
                    (Path(folder) / whole.saves_to).write_text(output, encoding="utf-8")
                if step.prints:
                    printed[step.prints] = output.strip()
        return outputs

    def _run(self, step: Command, folder: Path) -> str:
        program, *arguments = step.argv
        if program == "academy-ops":
            return self._run_ours(arguments)
        if program == "vi":
            return ""
        if program == "aws" and not self.by_cli and arguments[0] != "configure":
            return text(call(self.settings, arguments[0], arguments[1], arguments[2:], folder))
        line = [program, *arguments]
        if program == "aws" and arguments[0] != "configure" and "--endpoint-url" not in arguments:
            # The first generation of the CLI finds no service by AWS_ENDPOINT_URL.
            line += ["--endpoint-url", self.settings["AWS_ENDPOINT_URL"]]
        mine = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ = {**mine, **self.settings}
        given = {name: environ[source] if source else "" for name, source in step.environment}
        headers = "".join(f"{begun}{environ.get(source, '')}\n" for begun, source in step.headers)
        done = subprocess.run(
            line, env={**environ, **given}, cwd=folder, input=headers, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        failed = done.returncode in _CURL_CAN_NOT if program == "curl" else done.returncode != 0
        if failed:
            raise (RefusedError if program == "aws" else AssertionError)((line, done.returncode, done.stderr))
        return done.stdout

    def _run_ours(self, arguments: Sequence[str]) -> str:
        judges = arguments[0] in _FINDS_FAULTS or list(arguments) == ["worker-env"]
        looks = judges or arguments[0] in {"config", "jobs"}
        line = [*arguments, *([] if looks else ["--yes"])]
        done = self.lab.tool(*line, **{**self.changed, "EDITOR": "true"})
        fine = _FOUND if judges else {0}
        assert done.returncode in fine, (line, done.returncode, done.stdout, done.stderr)
        return done.stdout


def run_printed(place: Place, told: Told, code: str, job_id: str | None, *, verify: bool = True) -> int:
    """Run every command that a diagnosis prints for a code; return how many.

    Args:
        place: Where.
        told: What the diagnosis said.
        code: The code.
        job_id: The job that was asked about.
        verify: The commands by which a remedy is verified are run, too.

    Raises:
        AssertionError: One failed, and is none that `NOT_IN_THE_LAB` names.
    """
    names = live_names(load(environ=place.settings), "academy-ops", job_id, place.settings)
    remedies = list(printed_remedies(told, code, names))
    run, changed = 0, False
    for steps in dict.fromkeys(one.steps for one in remedies):
        try:
            run += len(place.run(steps))
        except RefusedError:
            # What is to be done if the remedies before it don't help.
            if not changed or place.tells(code, job_id):
                raise
        changed = changed or any(step.changes for step in steps)
    for steps in dict.fromkeys(one.check for one in remedies if verify):
        with suppress(RefusedError):  # what was to be done by hand is not done
            run += len(place.run(steps))
    return run


def printed_remedies(told: Told, code: str, names: Mapping[str, str]) -> Iterator[Remedy]:
    """Yield the remedies of the findings of a code, each the one whose command is printed."""
    for finding in told.document["findings"]:
        if finding["cause"] == code:
            yield from of_finding(finding, names)


def of_finding(finding: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Remedy, ...]:
    """Return the remedies of a finding with a cause, as records."""
    code = finding["cause"]
    observed = {name: value for name, value in finding["evidence"].items() if isinstance(value, str)}
    row = CATALOGUE[code].reasons[finding["reason"]] if finding["reason"] else CATALOGUE[code]
    # Where the API names the job's file, it is read from R2.
    remedies = [filled(row.remedies, {**names, **observed, **more}) for more in ({}, {JOB_FILE: "excel/a.xlsx"})]
    told = [one["command"] for one in finding["remedies"]]
    return next(these for these in remedies if [one.command for one in these] == told)


def why_not(step: Command) -> str | None:
    """Return why a command can't be run here; None where it can."""
    if step.place != "here":
        return "typed on another host"
    line = " ".join(step.argv)
    if step.argv[:2] == ("aws", "configure") and not shutil.which("aws"):
        return "the AWS CLI is not installed"
    return next((why for begun, why in NOT_IN_THE_LAB.items() if line.startswith(begun)), None)


def call(
    settings: Mapping[str, str], service: str, name: str, options: Sequence[str], folder: Path | None = None
) -> Any:
    """Call what ``aws SERVICE NAME`` would call, and return what its ``--query`` leaves."""
    client = boto3.client(
        "s3" if service == "s3api" else service,  # type: ignore[call-overload] # any of them
        endpoint_url=_value("--endpoint-url", options) or settings["AWS_ENDPOINT_URL"],
        region_name=_value("--region", options) or settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
    method = name.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {f"--{xform_name(one, '-')}": (one, form) for one, form in (shape.members if shape else {}).items()}
    given: dict[str, Any] = {}
    for option in (word for word in options if word.startswith("--")):
        if option.startswith("--no-"):
            given[members[f"--{option.removeprefix('--no-')}"][0]] = False
        elif option in members:
            member, form = members[option]
            values = list(options[options.index(option) + 1 :])
            values = values[: next((place for place, word in enumerate(values) if word.startswith("--")), None)]
            given[member] = argument(form, [read(value, folder) for value in values]) if values else True
    try:
        answer = getattr(client, method)(**given)
    except (ClientError, BotoCoreError) as error:
        raise RefusedError(f"aws {service} {name}: {error}") from error
    query = _value("--query", options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "deprecated string literal syntax")
        return jmespath.search(query, answer) if query else answer


def _value(option: str, options: Sequence[str]) -> str | None:
    return options[options.index(option) + 1] if option in options else None


def read(value: str, folder: Path | None) -> str:
    """Return the value of an option; the AWS CLI reads a file where one is named."""
    if folder and value.startswith("file://"):
        return (folder / value.removeprefix("file://")).read_text("utf-8")
    return value


def text(answer: object) -> str:
    """Return an answer as the AWS CLI prints it: a text alone as it is."""
    return answer if isinstance(answer, str) else json.dumps(answer, default=str)


def argument(form: Any, values: list[str]) -> Any:
    """Return the value of an option as the AWS CLI reads it, its shorthand for structures included."""
    match form.type_name:
        case "list" if form.member.type_name == "structure":
            return [{key: argument(form.member.members[key], [value]) for key, value in pairs(one)} for one in values]
        case "list":
            return values
        case "map" if values[0].startswith("{"):
            given: dict[str, str] = json.loads(values[0])
            return given
        case "map":
            return {key: argument(form.value, [value]) for key, value in pairs(values[0])}
        case "integer":
            return int(values[0])
        case _:
            return values[0]


def pairs(shorthand: str) -> list[tuple[str, str]]:
    """Return the names and values of the AWS CLI's shorthand."""
    return [(key, value) for key, _, value in (part.partition("=") for part in shorthand.split(","))]
