"""The cause catalogue keeps the product's contract, and every row of it is a whole page of a manual."""

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped] # it has no types
import pytest
from botocore import xform_name
from typer.core import TyperGroup

from academy_ops.cli import app
from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE, Cause, filled
from academy_ops.diagnosis.command import Steps, command, fill, placeholders, posix
from academy_ops.settings import load
from tests.checks import facts_factory as h
from tests.checks.scenarios import BLIND, SCENARIOS, WARNINGS

CONTRACT = {
    "0": """aws-credentials-missing aws-credentials-invalid aws-wrong-account aws-keys-are-r2-keys aws-unreachable
        aws-wrong-region clock-skew""",
    "1": """r2-env-missing r2-env-malformed r2-endpoint-unreachable r2-credentials-rejected r2-access-denied
        r2-bucket-missing r2-server-error upload-object-missing""",
    "2": """endpoint-dns endpoint-refused endpoint-timeout endpoint-tls edge-origin-down edge-origin-timeout
        edge-tls-mode edge-blocked edge-error redirect-loop proxy-upstream-down proxy-misrouted bad-gateway
        gateway-timeout api-error api-database-down api-auth-rejected api-throttled api-host-rejected api-not-json
        job-not-found""",
    "3-1": """asg-missing worker-scaled-to-zero worker-launch-suspended worker-launch-failing worker-launch-loop
        worker-launch-stuck worker-no-instances worker-booting worker-unhealthy worker-undersized autoscaler-off
        worker-refresh-failed""",
    "3-3": """queue-missing message-lost queue-not-consumed message-stuck queue-dead-letters
        queue-misconfigured""",
    "3-4": """worker-boot-failed worker-container-unhealthy worker-images-differ ssm-offline
        worker-docker-down worker-container-missing worker-container-exited worker-crash-loop
        worker-out-of-memory worker-disk-full worker-env-missing worker-queue-mismatch worker-r2-mismatch
        worker-env-stale worker-aws-credentials worker-queue-denied worker-dependency-missing worker-database-down
        worker-database-mismatch worker-silent""",
    "4": """excel-unreadable excel-too-large excel-ambiguous excel-header-missing excel-phone-column-missing
        excel-phone-invalid excel-names-invalid excel-no-students excel-object-missing job-failed
        job-partial job-review job-stalled""",
}
WARN = {
    "worker-booting", "worker-undersized", "worker-refresh-failed", "autoscaler-off", "queue-dead-letters",
    "queue-misconfigured",
    "worker-silent", "worker-container-unhealthy", "worker-images-differ", "job-partial", "job-review",
}  # fmt: skip

NAMES = live_names(
    load(
        environ={
            "ACADEMY_API_URL": "https://api.example/",
            "ACADEMY_ORIGIN_URL": "http://10.0.0.1",
            "ACADEMY_APP_URL": "http://10.0.0.1:8000",
            "R2_ENDPOINT": "https://account.r2.example",
        }
    ),
    "academy-ops",
    h.JOB_ID,
)
OBSERVED = {
    "alarm": "depth-high",
    "scheduler": "every-minute",
    "scheduler_group": "default",
    "encoded": "4GIOHlTkIaWHQD0Q0m6XSnuUMCm",
    "instance": "i-0123456789abcdef0",
    "log_group": "/academy/ai-worker",
    "rule": "every-minute",
    "unit": "worker.service",
    "halted": "ReplaceUnhealthy",
    "standby": "i-0",
    "wanted": "3",
    "dlq_arn": "arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic-dlq",
    "dlq": "arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic-dlq",
    "file_key": "excel/school/0123.xlsx",
    "sso_profile": "ops",
    "service": "sqs",
    "refused_key": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "doomed_key": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "profile": "ops",
}
"""What the checks add from what they have seen, as evidence."""

SHOWN = [(code, facts) for forms in (SCENARIOS, BLIND, WARNINGS) for code, found in forms.items() for facts in found]
RECORDER = """#!/bin/sh
call=0
while [ -e $call.argv ]; do call=$((call + 1)); done
printf '%s\\0' "${0##*/}" "$@" >$call.argv
export -p >$call.environment
case "$*" in *@-*) read=$(/bin/cat; echo .) ;; *) read=. ;; esac
printf %s "$read" >$call.read
echo printed
"""
"""Stands for every program: notes how it was called. (A Python for each of them would take seconds.)"""
PROGRAMS = {"<ops>", "aws", "curl", "date", "df", "docker", "free", "nslookup", "rm", "sudo", "systemctl", "vi"}

on_posix = pytest.mark.skipif(os.name == "nt", reason="runs a POSIX shell")


def commands(cause: Cause) -> Iterator[Steps]:
    yield from cause.look
    for remedy in (*cause.remedies, *(one for variant in cause.reasons.values() for one in variant.remedies)):
        yield from (remedy.steps, remedy.check)


EVERY = tuple(dict.fromkeys(steps for cause in CATALOGUE.values() for steps in commands(cause)))


@cache
def operations(service: str) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def test_the_codes_are_those_of_the_contract_each_in_its_section() -> None:
    result = {code: cause.section for code, cause in CATALOGUE.items()}
    assert result == {code: section for section, listed in CONTRACT.items() for code in listed.split()}


def test_the_warnings_are_those_of_the_contract() -> None:
    assert {code for code, cause in CATALOGUE.items() if cause.warn} == WARN


def test_a_row_says_how_it_is_recognized_how_to_see_it_and_what_to_do(compared: Callable[[int], None]) -> None:
    for cause in CATALOGUE.values():
        assert str(cause.told_by)
        assert cause.look
        assert cause.remedies
        for remedy in cause.remedies:
            assert str(remedy.text)
            assert remedy.steps
            assert remedy.check
            assert remedy.risk in {"read", "change", "destructive"}
    compared(len(CATALOGUE))


def test_every_threshold_in_a_sentence_is_the_one_in_force() -> None:
    # What AWS and the connections decide is no threshold of a judgement.
    of_others = ("clock-", "aws-", "r2-", "endpoint-", "api-")
    own = [row for code, row in CATALOGUE.items() if not code.startswith(of_others)]
    sentences = [text.template for row in own for text in (row.meaning, row.told_by)]
    literal = [text for text in sentences if re.search(r"\d+ (minute|second|percent|time)", text)]
    assert len(sentences) > 80
    assert literal == []


def test_every_sentence_of_a_row_is_korean_in_korean(compared: Callable[[int], None]) -> None:
    for cause in CATALOGUE.values():
        for text in (cause.meaning, cause.told_by, *(remedy.text for remedy in cause.remedies)):
            korean = text.render("ko")
            assert re.search(r"[가-힣]{2}", korean), text.template
            assert not re.search(r"\b(the|is|are|has|and|or|not)\b", korean), korean
    compared(len(CATALOGUE))


def test_every_placeholder_is_a_name_that_is_known_beforehand_or_observed() -> None:
    assert set[str]().union(*map(placeholders, EVERY)) <= {*NAMES, *OBSERVED}


def test_the_commands_of_a_finding_are_filled_with_live_names(compared: Callable[[int], None]) -> None:
    for code, facts in SHOWN:
        result = [finding for finding in h.findings(h.case(**facts, names=NAMES)) if finding.cause == code]
        assert result
        for remedy in (remedy for finding in result for remedy in finding.remedies):
            assert placeholders(remedy.steps) | placeholders(remedy.check) == set()
    compared(len(SHOWN))


@on_posix
def test_every_command_is_one_that_a_shell_can_read() -> None:
    lines = [posix(fill(steps, {**NAMES, **OBSERVED})) for steps in EVERY]
    assert len(lines) > 80
    done = subprocess.run(["sh", "-n"], input="\n".join(lines), capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@on_posix
def test_a_posix_shell_gives_each_program_the_arguments_of_the_record(tmp_path: Path) -> None:
    for program in {*PROGRAMS, "academy-ops"} - {"<ops>"}:
        (tmp_path / program).write_text(RECORDER, encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    variables = ("R2_ACCESS_KEY", "R2_SECRET_KEY", "ACADEMY_API_TOKEN", "ACADEMY_TENANT_CODE")
    environ = {"PATH": str(tmp_path), **{name: f"the {name}" for name in variables}}
    for number, steps in enumerate(EVERY):
        filled_in = fill(steps, {**NAMES, **OBSERVED, "group": 'it\'s "$HOME"; `id`'})
        folder = tmp_path / str(number)
        folder.mkdir()
        line = ["/bin/sh", "-c", posix(filled_in)]
        done = subprocess.run(line, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=30)
        assert (done.returncode, done.stderr) == (0, ""), line
        assert len(list(folder.glob("*.argv"))) == len(filled_in)
        printed = [f"<{step.prints}>" for step in filled_in if step.prints]
        for call, step in enumerate(filled_in):
            argv, given, read = (
                (folder / f"{call}.{part}").read_text("utf-8") for part in ("argv", "environment", "read")
            )
            assert argv.split("\0")[:-1] == [re.sub("|".join(printed) or "$.", "printed", word) for word in step.argv]
            assert read == "".join(f"{begun}the {variable}\n" for begun, variable in step.headers) + "."
            for name, source in step.environment:
                assert f"{name}={f'the {source}' if source else ''}" in shlex.split(given)
            if step.saves_to:
                assert stat.S_IMODE((folder / step.saves_to).stat().st_mode) == 0o600


@on_posix
def test_a_command_that_needs_a_variable_says_which_is_missing(tmp_path: Path) -> None:
    needy = [steps for steps in EVERY if any(step.environment for step in steps)]
    assert len(needy) == 2
    for steps in needy:
        line = ["/bin/sh", "-c", posix(steps)]
        done = subprocess.run(
            line, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode != 0
        assert "R2_ACCESS_KEY" in done.stderr


def test_the_programs_are_those_that_an_operator_has() -> None:
    assert {step.argv[0] for steps in EVERY for step in steps} == PROGRAMS


# The AWS CLI takes a string in backticks, which needs no quotes of its own in any shell.
@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
@pytest.mark.parametrize("names", [NAMES, {**NAMES, "tier": "tools"}], ids=["basic", "tools"])
def test_every_command_of_this_tool_is_one_that_it_takes(
    names: dict[str, str], compared: Callable[[int], None]
) -> None:
    tool = app.commands()
    lines = {
        step.argv for steps in EVERY for step in fill(steps, {**names, **OBSERVED}) if step.argv[0] == "academy-ops"
    }
    for line in lines:
        group, words = tool, list(line[1:])
        context = group.make_context(line[0], words)
        while isinstance(group, TyperGroup):
            name, command, words = group.resolve_command(context, [*context._protected_args, *context.args])  # noqa: SLF001 - of click
            assert command is not None, line
            context = command.make_context(name, words, parent=context)
            group = command
    compared(len(lines))


def test_every_aws_command_its_options_and_its_query_are_valid() -> None:
    everywhere = {"region", "query", "output", "endpoint-url", "max-items", "profile"}
    checked = 0
    for step in (step for steps in EVERY for step in steps if step.argv[0] == "aws"):
        _, service, name, *options = step.argv
        if service in {"configure", "login", "sso"}:
            continue
        operation = operations("s3" if service == "s3api" else service)[name]
        shape = operation.input_shape
        known = {xform_name(member, "-") for member in shape.members} if shape else set()
        given = {option.removeprefix("--").removeprefix("no-") for option in options if option.startswith("--")}
        assert given <= known | everywhere, step
        required = {xform_name(member, "-") for member in shape.required_members} if shape else set()
        assert required <= given, step
        if "--query" in options:
            jmespath.compile(options[options.index("--query") + 1])
        checked += 1
    assert checked > 40


def test_looking_changes_nothing() -> None:
    for cause in CATALOGUE.values():
        for step in (step for steps in cause.look for step in steps):
            assert not step.changes, step


def test_no_command_receives_a_message() -> None:
    assert not [step for steps in EVERY for step in steps if "receive-message" in step.argv]


def test_a_remedy_that_changes_something_says_so(compared: Callable[[int], None]) -> None:
    for cause in CATALOGUE.values():
        for remedy in (*cause.remedies, *(one for variant in cause.reasons.values() for one in variant.remedies)):
            assert remedy.risk != "read" or not any(step.changes for step in remedy.steps), remedy
            assert not any(step.changes for step in remedy.check), remedy
    compared(len(CATALOGUE))


def test_where_a_person_makes_the_change_the_command_is_said_to_read_only(compared: Callable[[int], None]) -> None:
    remedies = [one for cause in CATALOGUE.values() for one in cause.remedies if one.risk == "change" and one.steps]
    by_hand = [one for one in remedies if "only reads" in str(filled((one,), NAMES)[0].effect)]
    assert [one for one in remedies if (one in by_hand) == any(step.changes for step in one.steps)] == []
    assert 0 < len(by_hand) < len(remedies)
    compared(len(remedies))


def test_no_secret_is_an_argument() -> None:
    named = [step for steps in EVERY for step in steps for word in step.argv if re.search("KEY|TOKEN|SECRET", word)]
    # There the setting is named, and its value is not.
    assert not [step for step in named if "--from-api" not in step.argv]


def test_a_remedy_without_its_live_name_gives_way_to_one_that_is_whole() -> None:
    rows = CATALOGUE["autoscaler-off"].remedies
    assert "enable-rule" in str(filled(rows, {**NAMES, "rule": "every-minute"})[0].command)
    assert ["put-rule" in str(remedy.command) for remedy in filled(rows, NAMES)] == [True]


def test_a_name_that_no_remedy_can_do_without_stays_visible() -> None:
    (remedy,) = filled(CATALOGUE["queue-dead-letters"].remedies, NAMES)
    assert str(remedy.command).endswith("--source-arn '<dlq_arn>'")


@on_posix
@pytest.mark.parametrize(
    "bait", ["a; : >owned; b", "a' ; : >owned; '", 'a" ; : >owned; "', "$(: >owned)", "`: >owned`", "a\n: >owned\n"]
)
def test_no_live_name_becomes_a_command_of_its_own(bait: str, tmp_path: Path) -> None:
    owned = []
    for steps in EVERY:
        line = posix(fill(steps, dict.fromkeys(placeholders(steps) - {"job_id"}, bait)))
        subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, env={"PATH": ""}, capture_output=True, check=False)
        if (tmp_path / "owned").exists():
            (tmp_path / "owned").unlink()
            owned.append(line)
    assert owned == []


def test_no_live_name_becomes_an_option_or_a_file_that_is_sent() -> None:
    steps = command("aws autoscaling describe-policies --auto-scaling-group-name <group> --max-items 5")
    for name in ("--profile=theirs", "--debug", "-", "file:///home/ops/.aws/credentials", "fileb://x"):
        assert fill(steps, {"group": name}) == steps
    assert fill(steps, {"group": "a-file://"})[0].argv[4] == "a-file://"
    assert fill(command("<ops> watch <job>"), {"job_id": "--help"})[0].argv == ("academy-ops", "watch", "<job_id>")
    assert fill(command("<ops> watch <job>"), {"job_id": "a--help"})[0].argv == ("academy-ops", "watch", "a--help")


@on_posix
@pytest.mark.parametrize("bait", ["a; : >owned; b", "$(: >owned)", "`: >owned`", "a\n: >owned\n", "-a --b"])
def test_no_live_name_becomes_a_command_on_a_workers_host(bait: str, tmp_path: Path) -> None:
    scripts = [
        word.removeprefix("commands=")
        for steps in EVERY
        for step in fill(steps, {"worker": bait})
        for word in step.argv
        if word.startswith("commands=")
    ]
    assert len(scripts) >= 4
    for script in scripts:
        subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": ""}, capture_output=True, check=False)
        assert not (tmp_path / "owned").exists(), script


def test_the_job_stands_behind_a_command_only_where_there_is_one() -> None:
    assert posix(fill(command("<ops> check logs <job>"), {})) == "academy-ops check logs"
    assert posix(fill(command("<ops> check logs <job>"), {"job_id": "abc"})) == "academy-ops check logs abc"


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ({"job_id": "abc", "file_key": "excel/haneul/a.xlsx"}, "--job abc"),
        ({"job_id": "abc"}, "FILE.xlsx"),
        ({"file_key": "excel/haneul/a.xlsx"}, "FILE.xlsx"),
        ({"job_id": "--help", "file_key": "excel/haneul/a.xlsx"}, "FILE.xlsx"),
    ],
)
def test_the_jobs_own_file_is_read_where_the_api_names_it(names: dict[str, str], read: str) -> None:
    assert posix(fill(command("<ops> check excel <workbook>"), names)) == f"academy-ops check excel {read}"
