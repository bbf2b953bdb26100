"""The commands of the catalogue for PowerShell: the same arguments reach the same programs."""

import io
import re
import shlex
from dataclasses import replace

import pytest
from rich.console import Console

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.command import Command, Steps, command, fill, posix
from academy_ops.report.shell import Shell, in_use, powershell, print_command

NAMES = {
    "ops": "academy-ops --env-file 'api server.env'",
    "region": "ap-northeast-2",
    "group": "the group",
    "queue": "the queue",
    "worker": "academy-ai-worker-cpu",
    "bucket": "$bucket",
    "parameter": "/academy/workers/env",
    "autoscaler_function": "it's here",
    "endpoint": "https://account.r2.cloudflarestorage.com",
    "api_url": "https://api.example.com",
    "api_host": "api.example.com",
    "origin_url": "http://192.0.2.1",
    "app_url": "http://192.0.2.1:8000",
    "job_id": "j-1",
}
PROGRAMS = {"academy-ops", "aws", "curl.exe", "nslookup", "w32tm"}
SQ, DQ = r"'(?:[^']|'')*'", r'"(?:[^"`]|`.)*"'

EVERY = list(
    dict.fromkeys(
        fill(steps, NAMES)
        for cause in CATALOGUE.values()
        for steps in (*cause.look, *(both for one in cause.remedies for both in (one.steps, one.check)))
    )
)
HERE = [steps for steps in EVERY if steps[0].place == "here"]
WORDS = [step for steps in HERE for step in steps if not (step.environment or step.headers)]


def lines(steps: Steps) -> list[str]:
    return [" ".join(words) for words in powershell(steps)]


def without_strings(line: str) -> str:
    return re.sub(f"{SQ}|{DQ}", "''", line)


def arguments(line: str) -> list[str]:
    """Return what a program is given by PowerShell, where the command is nothing but words."""
    words = re.findall(rf"(?:{SQ}|{DQ}|[^\s'\"])+", line)
    return [re.sub("^'(.*)'$", lambda quoted: quoted[1].replace("''", "'"), word) for word in words]


def test_nothing_of_a_posix_shell_is_left() -> None:
    assert len(HERE) > 50
    for line in (line for steps in HERE for line in lines(steps)):
        left = without_strings(line)
        assert not re.search(r"""['"]{3}|(?<!')'(?!')|"|\\|&&|/dev/null|[<]|(?<!2)>|\$\(|`""", left), line
        printed = {step.prints for steps in HERE for step in steps} - {""}
        assert set(re.findall(r"\$(?!env:)(\w*)", left)) <= {"kept", "null", *printed}, line
        assert all(left.count(opening) == left.count(closing) for opening, closing in ("()", "{}", "[]")), line


def test_only_programs_are_called_that_windows_has() -> None:
    called = {match for steps in HERE for line in lines(steps) for match in
              re.findall(r"(?:^|[|]|^\$\w+ =|; |\(\()\s*([A-Za-z][\w.-]*)", without_strings(line))}  # fmt: skip
    assert called == {*PROGRAMS, "try"}


def test_a_program_is_given_the_same_arguments() -> None:
    compared = [step for step in WORDS if step.argv[0] in {"aws", "academy-ops"} and "<" not in "".join(step.argv)]
    assert len(compared) > 40
    for step in compared:
        (line,) = lines((replace(step, prints=""),))
        assert arguments(line) == list(step.argv) == shlex.split(posix((replace(step, prints=""),)))


@pytest.mark.parametrize(
    ("argv", "written"),
    [
        (("curl", "-o", "/dev/null", "-D", "-", "https://a/"), "curl.exe -o NUL -D '-' https://a/"),
        (("aws", "a", "--query", "b[?c==`d`]", "Name=e,Values=f"), "aws a --query 'b[?c==`d`]' 'Name=e,Values=f'"),
        (("aws", "a", "--name", "<rule>"), "aws a --name '<rule>'"),
        (("date", "-u"), "[datetime]::UtcNow.ToString('u')"),
    ],
)
def test_a_command_is_written_for_powershell(argv: tuple[str, ...], written: str) -> None:
    assert lines((Command(argv),)) == [written]


def test_variables_of_the_environment_are_put_back() -> None:
    (step,) = command("aws s3 ls")
    assert lines((replace(step, environment=(("A", "R2_ACCESS_KEY"), ("B", ""))),)) == [
        (
            "$kept = $env:A, $env:B; try { $env:A, $env:B = $env:R2_ACCESS_KEY, $null; aws s3 ls } "
            "finally { $env:A, $env:B = $kept }"
        ),
    ]


def test_what_a_step_prints_is_an_argument_of_a_later_one() -> None:
    assert lines(command("aws b", prints="arn") + command("aws a --targets Id=1,Arn=<arn>")) == [
        "$arn = aws b",
        'aws a --targets "Id=1,Arn=$arn"',
    ]


def test_secrets_reach_a_program_by_its_input() -> None:
    (step,) = command("curl -H @- https://a/")
    assert lines((replace(step, headers=(("A: ", "C"), ("B: ", "D"))),)) == [
        "\"A: $env:C`nB: $env:D\" | curl.exe -H '@-' https://a/"
    ]


def printed(steps: Steps, shell: Shell, width: int) -> list[str]:
    written = io.StringIO()
    print_command(Console(file=written, width=width, color_system=None), steps, "", shell=shell)
    return written.getvalue().splitlines()


def test_what_is_typed_on_a_linux_host_is_for_its_shell() -> None:
    there = [steps for steps in EVERY if steps[0].place != "here"]
    assert len(there) > 15
    assert [printed(steps, "powershell", 1000) for steps in there] == [[f"  {posix(steps)}"] for steps in there]


@pytest.mark.parametrize(("shell", "goes_on"), [("posix", "\\"), ("powershell", "`")])
def test_a_folded_command_goes_on_as_its_shell_has_it(shell: Shell, goes_on: str) -> None:
    for steps in HERE:
        text = "\n".join(line.strip() for line in printed(steps, shell, 60)).replace(f" {goes_on}\n", " ")
        assert text.splitlines() == (lines(steps) if shell == "powershell" else [posix(steps)])


def test_each_command_of_a_folded_chain_begins_a_line_and_no_program_stands_alone() -> None:
    chains = [steps for steps in EVERY if len(steps) > 1 or steps[0].headers]
    folded = [screen for steps in chains if len(screen := printed(steps, "posix", 80)) > 1]
    assert len(folded) > 5
    inner = [line for screen in folded for line in screen if re.search(r"\S (&&|\|) \w", line)]
    assert inner == []
    assert [line for screen in folded for line in screen if re.fullmatch(r"\s+(&& )?[\w-]+ \\\\", line)] == []


def test_a_word_too_long_for_its_option_stands_alone_and_unbroken() -> None:
    steps = command("academy-ops --env-file lab.env check endpoint 00000000-0000-4000-8000-000000000000")
    assert printed(steps, "posix", 80) == [
        "  academy-ops --env-file lab.env check endpoint \\",
        "    00000000-0000-4000-8000-000000000000",
    ]


@pytest.mark.parametrize(
    ("environ", "shell"),
    [
        ({}, "posix"),
        ({"SHELL": "/bin/zsh"}, "posix"),
        ({"PSModulePath": r"C:\Modules"}, "powershell"),
        ({"PSModulePath": r"C:\Modules", "MSYSTEM": "MINGW64"}, "posix"),
        ({"PSModulePath": "/opt/modules", "SHELL": "/bin/bash"}, "posix"),
        ({"PSModulePath": r"C:\Modules", "ACADEMY_OPS_SHELL": "posix"}, "posix"),
        ({"SHELL": "/bin/bash", "ACADEMY_OPS_SHELL": "powershell"}, "powershell"),
        ({"SHELL": "/bin/bash", "ACADEMY_OPS_SHELL": " "}, "posix"),
    ],
)
def test_the_environment_tells_the_shell(environ: dict[str, str], shell: Shell) -> None:
    assert in_use(environ) == shell
