"""The cause catalogue keeps the product's contract, and every row of it is a whole page of a manual."""

import os
import re
import shlex
import string
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE, Cause, fill, filled
from academy_ops.diagnosis.records import Remedy
from academy_ops.settings import load
from tests.checks import facts_factory as h
from tests.checks.scenarios import BLIND, SCENARIOS, WARNINGS

CONTRACT = {
    "0": """aws-credentials-missing aws-credentials-invalid aws-wrong-account aws-keys-are-r2-keys aws-unreachable
        clock-skew""",
    "1": """r2-env-missing r2-env-malformed r2-endpoint-unreachable r2-credentials-rejected r2-access-denied
        r2-bucket-missing r2-server-error upload-object-missing""",
    "2": """endpoint-dns endpoint-refused endpoint-timeout endpoint-tls edge-origin-down edge-origin-timeout
        edge-tls-mode edge-blocked edge-error redirect-loop proxy-upstream-down proxy-misrouted bad-gateway
        gateway-timeout api-error api-database-down api-auth-rejected api-throttled api-host-rejected api-not-json
        job-not-found""",
    "3-1": """asg-missing worker-scaled-to-zero worker-launch-suspended worker-launch-failing worker-launch-loop
        worker-launch-stuck worker-no-instances worker-booting worker-unhealthy worker-undersized autoscaler-off""",
    "3-3": "queue-missing message-lost queue-not-consumed message-stuck queue-dead-letters",
    "3-4": """ssm-offline worker-docker-down worker-container-missing worker-container-exited worker-crash-loop
        worker-out-of-memory worker-disk-full worker-env-missing worker-queue-mismatch worker-r2-mismatch
        worker-env-stale worker-aws-credentials worker-queue-denied worker-dependency-missing worker-database-down
        worker-silent""",
    "4": """excel-unreadable excel-header-missing excel-phone-column-missing excel-phone-invalid excel-no-students
        excel-object-missing job-failed job-partial job-review job-stalled""",
}
WARN = {
    "worker-booting", "worker-undersized", "autoscaler-off", "queue-dead-letters", "worker-silent", "job-partial",
    "job-review",
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
    "instance": "i-0123456789abcdef0",
    "rule": "every-minute",
    "halted": "ReplaceUnhealthy",
    "standby": "i-0",
    "wanted": "3",
    "dlq_arn": "arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic-dlq",
    "file_key": "excel/school/0123.xlsx",
    "sso_profile": "ops",
}
"""What the checks add from what they have seen, as evidence."""

SHOWN = [(code, facts) for forms in (SCENARIOS, BLIND, WARNINGS) for code, found in forms.items() for facts in found]
READING = re.compile(r"(get|list|describe|head)-")
SCRIPT = re.compile(r"docker (ps|inspect|logs|system df)|systemctl status|df|free|tail|grep|cut")
CHANGING = re.compile(
    r"(scale-worker|queue create|systemctl (start|reload)|docker (start|restart|image prune)|chronyc|aws sso|sso$)"
)

posix = pytest.mark.skipif(os.name == "nt", reason="runs a POSIX shell")


def commands(cause: Cause) -> Iterator[str]:
    yield from cause.look
    for remedy in cause.remedies:
        yield from (remedy.command or "", remedy.verify or "")


def placeholders(command: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(command) if name}


def calls(command: str) -> list[tuple[str, str]]:
    """The AWS operations of a command, and of those nested in it."""
    return re.findall(r"\baws ([a-z0-9]+) ([a-z][a-z0-9-]+)", command)


@cache
def operations(service: str) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def test_the_codes_are_those_of_the_contract_each_in_its_section() -> None:
    told = {code: cause.section for code, cause in CATALOGUE.items()}
    assert told == {code: section for section, listed in CONTRACT.items() for code in listed.split()}


def test_the_warnings_are_those_of_the_contract() -> None:
    assert {code for code, cause in CATALOGUE.items() if cause.warn} == WARN


def test_a_row_says_how_it_is_told_how_to_see_it_and_what_to_do(compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        assert str(cause.told_by), code
        assert cause.look, code
        assert cause.remedies, code
        for remedy in cause.remedies:
            assert str(remedy.text), code
            assert remedy.command, code
            assert remedy.verify, code
            assert remedy.risk in {"read", "change", "destructive"}, code
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


def test_every_placeholder_is_a_name_that_is_known_beforehand_or_observed(compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        named = set[str]().union(*(placeholders(command) for command in commands(cause)))
        assert named <= {*NAMES, *OBSERVED, "ops", "job"}, code
    compared(len(CATALOGUE))


def test_the_commands_of_a_finding_are_filled_with_live_names(compared: Callable[[int], None]) -> None:
    for code, facts in SHOWN:
        told = [finding for finding in h.findings(h.case(**facts, names=NAMES)) if finding.cause == code]
        assert told, code
        for remedy in (remedy for finding in told for remedy in finding.remedies):
            assert "<" not in f"{remedy.command}{remedy.verify}", code
    compared(len(SHOWN))


@posix
def test_every_command_is_one_that_a_shell_can_read() -> None:
    names = {**NAMES, **OBSERVED}
    lines = [fill(command, names) for cause in CATALOGUE.values() for command in commands(cause)]
    for line in lines:
        assert shlex.split(line)
    script = "\n".join(lines)
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_aws_command_and_its_options_exist(compared: Callable[[int], None]) -> None:
    for cause in CATALOGUE.values():
        everywhere = {"region", "query", "output", "endpoint-url", "max-items", "profile"}
        for command in commands(cause):
            known = set(everywhere)
            for service, name in calls(command):
                if service in {"configure", "sso"}:
                    continue
                operation = operations("s3" if service == "s3api" else service)[name]
                known |= {xform_name(member, "-") for member in operation.input_shape.members}
            if calls(command):
                # What stands in single quotes is data: a JMESPath, or the script for a host.
                options = re.findall(r" --(?:no-)?([a-z0-9-]+)", re.sub(r"'[^']*'", "", command))
                assert set(options) <= known, command
    compared(len(CATALOGUE))


def test_looking_changes_nothing(compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        for command in cause.look:
            for service, name in calls(command):
                assert READING.match(name) or (service, name) in {("ssm", "send-command"), ("configure", "list")}, (
                    command
                )
            for script in re.findall(r"commands=\[\"(.+?)\"\]", command):
                assert all(SCRIPT.match(part.strip()) for part in re.split(r"[;|]", script)), script
            assert not CHANGING.search(command), code
    compared(len(CATALOGUE))


def test_no_command_receives_a_message() -> None:
    assert not [code for code, cause in CATALOGUE.items() if "receive-message" in "".join(commands(cause))]


def test_a_remedy_that_changes_something_says_so(compared: Callable[[int], None]) -> None:
    for code, cause in CATALOGUE.items():
        for remedy in cause.remedies:
            command = remedy.command or ""
            names = [name for service, name in calls(command) if (service, name) != ("ssm", "send-command")]
            changes = CHANGING.search(command) or any(
                not READING.match(name) and name not in {"list", "list-profiles"} for name in names
            )
            assert not changes or remedy.risk != "read", command
            assert not CHANGING.search(remedy.verify or ""), code
    compared(len(CATALOGUE))


def commands_of(remedies: tuple[Remedy, ...]) -> list[str]:
    return [remedy.command or "" for remedy in remedies]


def test_a_remedy_without_its_live_name_gives_way_to_one_that_is_whole() -> None:
    rows = CATALOGUE["autoscaler-off"].remedies
    assert "enable-rule" in commands_of(filled(rows, {**NAMES, "rule": "every-minute"}))[0]
    assert ["put-rule" in command for command in commands_of(filled(rows, NAMES))] == [True]


def test_a_name_that_no_remedy_can_do_without_stays_visible() -> None:
    (command,) = commands_of(filled(CATALOGUE["queue-dead-letters"].remedies, NAMES))
    assert command.endswith("--source-arn <dlq_arn>")


def test_a_live_name_is_quoted_for_the_shell() -> None:
    command = fill("aws sqs get-queue-url --queue-name {queue}", {"queue": "a; reboot"})
    assert shlex.split(command)[-1] == "a; reboot"


@posix
@pytest.mark.parametrize(
    "bait", ["a; : >owned; b", "a' ; : >owned; '", 'a" ; : >owned; "', "$(: >owned)", "`: >owned`", "a\n: >owned\n"]
)
def test_no_live_name_becomes_a_command_of_its_own(bait: str, tmp_path: Path) -> None:
    every = {command for cause in CATALOGUE.values() for command in commands(cause)}
    owned = []
    for command in sorted(every):
        filled_in = fill(command, dict.fromkeys(placeholders(command) - {"ops", "job", "job_id"}, bait))
        subprocess.run(["/bin/sh", "-c", filled_in], cwd=tmp_path, env={"PATH": ""}, capture_output=True, check=False)
        if (tmp_path / "owned").exists():
            (tmp_path / "owned").unlink()
            owned.append(filled_in)
    assert owned == []


def test_the_job_stands_behind_a_command_only_where_there_is_one() -> None:
    assert fill("{ops} check logs{job}", {}) == "academy-ops check logs"
    assert fill("{ops} check logs{job}", {"job_id": "abc"}) == "academy-ops check logs abc"
