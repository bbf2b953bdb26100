"""The commands of the catalogue for PowerShell: the same arguments reach the same programs."""

import io
import re
import shlex

import pytest
from rich.console import Console

from academy_ops.diagnosis.catalogue import CATALOGUE, Cause, fill
from academy_ops.report.command import print_command
from academy_ops.report.powershell import ON_SERVER, translated
from academy_ops.report.shell import Shell, in_use

NAMES = {
    "ops": "academy-ops --env-file 'api server.env'",
    "region": "ap-northeast-2",
    "group": "the group",
    "queue": "the queue",
    "worker": "academy-ai-worker-cpu",
    "bucket": "$bucket",
    "parameter": "/academy/workers/env",
    "autoscaler_function": "scale",
    "endpoint": "https://account.r2.cloudflarestorage.com",
    "api_url": "https://api.example.com",
    "api_host": "api.example.com",
    "origin_url": "http://192.0.2.1",
    "app_url": "http://192.0.2.1:8000",
    "env_file": "./it's here.env",
    "job_id": "j-1",
}
PROGRAMS = {
    *("academy-ops", "aws", "curl.exe", "nslookup", "w32tm", "if", "try", "finally", "Get-ChildItem", "Get-Content"),
    *("Select-String", "Select-Object", "ForEach-Object", "Where-Object", "Start-Sleep", "Start-Process"),
    *("Set-Item", "Remove-Item"),
}
SQ, DQ = r"'(?:[^']|'')*'", r'"(?:[^"`]|`.)*"'


def commands(cause: Cause) -> list[str]:
    """Return every command that is shown for a cause."""
    remedies = [command for remedy in cause.remedies for command in (remedy.command, remedy.verify) if command]
    return [fill(command, NAMES) for command in (*cause.look, *remedies)]


COMMANDS = sorted({command for cause in CATALOGUE.values() for command in commands(cause)})
HERE = [command for command in COMMANDS if not command.startswith(ON_SERVER)]
SIMPLE = [
    command for command in HERE if re.match("aws |academy-ops ", command) and not re.search(r"\$\(|\| \w", command)
]


def without_strings(command: str) -> str:
    return re.sub(f"{SQ}|{DQ}", "''", command)


def arguments(command: str) -> list[str]:
    """Return what a program is given by PowerShell, where the command is nothing but words."""
    words = re.findall(rf"(?:{SQ}|{DQ}|[^\s'\"])+", command)
    return [re.sub("^'(.*)'$", lambda quoted: quoted[1].replace("''", "'"), word) for word in words]


@pytest.mark.parametrize("command", HERE)
def test_nothing_of_a_posix_shell_is_left(command: str) -> None:
    left = without_strings(translated(command))
    assert not re.search(r"""['"]{3}|(?<!')'(?!')|"|\\|&&|/dev/null|[<]|(?<!2)>|\$\(|`""", left)
    assert re.findall(r"\$(?!env:\w|_\b|Matches\b|kept\b|id\b|rule\b|f\b|null\b|LASTEXITCODE\b)", left) == []
    assert all(left.count(opening) == left.count(closing) for opening, closing in ("()", "{}", "[]"))


@pytest.mark.parametrize("command", HERE)
def test_only_programs_are_called_that_windows_has(command: str) -> None:
    left = without_strings(translated(command))
    begun = re.findall(r"(?:^|[;|{]|= (?=aws)|\((?=aws))\s*([A-Za-z][\w.-]*)", left)
    assert set(begun) <= PROGRAMS


@pytest.mark.parametrize("command", SIMPLE)
def test_a_program_is_given_the_same_arguments(command: str) -> None:
    assert arguments(translated(command)) == shlex.split(command)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith(ON_SERVER)])
def test_what_is_typed_on_the_api_server_stays_as_it_is(command: str) -> None:
    assert translated(command) == command


@pytest.mark.parametrize(
    ("posix", "powershell"),
    [
        ("curl -sS -o /dev/null -D - https://a/", "curl.exe -sS -o NUL -D '-' https://a/"),
        ("curl -sS https://a/ | head -n 20", "curl.exe -sS https://a/ | Select-Object -First 20"),
        (
            "curl -sSv https://a/ 2>&1 | grep -iE 'SSL|issuer'",
            "curl.exe -sSv https://a/ 2>&1 | Select-String 'SSL|issuer'",
        ),
        ("grep -n '^R2_ENDPOINT=' .env", "Select-String -CaseSensitive '^R2_ENDPOINT=' .env"),
        (
            "grep -noE '^R2_[A-Z_]*=' .env",
            (
                "Select-String -CaseSensitive '^R2_[A-Z_]*=' .env | "
                'ForEach-Object { "$($_.LineNumber):$($_.Matches.Value)" }'
            ),
        ),
        (
            r"sed -nE 's/^(R2_[A-Z_]+)=.+/\1/p' .env",
            "Select-String -CaseSensitive '^(R2_[A-Z_]+)=.+' .env | ForEach-Object { $_.Matches.Groups[1].Value }",
        ),
        (
            'A="$R2_ACCESS_KEY" B= aws s3 ls',
            (
                "$kept = $env:A, $env:B; try { $env:A, $env:B = $env:R2_ACCESS_KEY, $null; aws s3 ls } "
                "finally { $env:A, $env:B = $kept }"
            ),
        ),
        (
            'id=$(aws a --query b) && sleep 5 && aws c --id "$id"',
            "$id = aws a --query b; if ($LASTEXITCODE -eq 0) { Start-Sleep 5; aws c --id $id }",
        ),
        ("aws a --url \"$(aws b --name 'it'\"'\"'s')\"", "aws a --url (aws b --name 'it''s')"),
        ('aws a --targets "Id=1,Arn=$(aws b)"', 'aws a --targets "Id=1,Arn=$(aws b)"'),
        ("aws a --parameters 'commands=[\"df -h; ls\"]'", "aws a --parameters \"commands=['df -h; ls']\""),
        (
            "aws a --query 'b[?c==`d`]' --filters Name=e,Values=f",
            "aws a --query 'b[?c==`d`]' --filters 'Name=e,Values=f'",
        ),
        ("aws a --name <rule>", "aws a --name '<rule>'"),
        ("dig +short a.example @1.1.1.1", "nslookup a.example 1.1.1.1"),
        ("date -u", "[datetime]::UtcNow.ToString('u')"),
        ('[ "$A" = "$B" ] && echo same', "if ($env:A -ceq $env:B) { 'same' }"),
        (
            'printf \'A: %s\\nB: %s\\n\' "$C" "$D" | curl -H @- https://a/',
            "\"A: $env:C`nB: $env:D\" | curl.exe -H '@-' https://a/",
        ),
    ],
)
def test_each_form_of_the_catalogue_has_its_own_in_powershell(posix: str, powershell: str) -> None:
    assert translated(posix) == powershell


def printed(command: str, shell: Shell, width: int) -> list[str]:
    written = io.StringIO()
    print_command(Console(file=written, width=width, color_system=None), command, "", shell=shell)
    return written.getvalue().splitlines()


@pytest.mark.parametrize(("shell", "goes_on"), [("posix", "\\"), ("powershell", "`")])
@pytest.mark.parametrize("command", HERE)
def test_a_folded_command_goes_on_as_its_shell_has_it(command: str, shell: Shell, goes_on: str) -> None:
    *lines, last = printed(command, shell, 60)
    assert [line for line in lines if not line.endswith(f" {goes_on}")] == []
    whole = " ".join([*(line.removesuffix(f" {goes_on}").strip() for line in lines), last.strip()])
    assert whole == (translated(command) if shell == "powershell" else command)


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
