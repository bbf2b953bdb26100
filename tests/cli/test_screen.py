"""What ``diagnose`` shows a person: the drawing, the proof, and no more than the console can show."""

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from academy_ops.diagnosis.records import Unavailable
from checks.facts import Autoscaler
from tests.checks import facts_factory as h
from tests.cli.test_save_and_from import document, waiting, write
from tests.commands import SHELL, academy_ops, run_on_console
from tests.terminal import terminal

DENIED = Unavailable("denied", "sqs:GetQueueUrl", "no identity-based policy allows the action")
STATES: dict[str, dict[str, Any]] = {
    "healthy": document(document=h.job("DONE")),
    "in progress": document(document=h.job("PENDING", age=5), queue=h.queue(h.depth(visible=1))),
    "workers off": waiting(),
    "a failed workbook": document(
        document=h.job("FAILED", error_message="전화번호 형식 오류 3건: 학부모 전화번호 확인")
    ),
    "denied": document(document=h.job("PENDING", age=600), queue=h.queue(DENIED)),
}


def shown(folder: Path, evidence: dict[str, Any], *options: str, columns: int = 80, **environ: str) -> str:
    path = write(folder, evidence)
    done = academy_ops("diagnose", "--from", str(path), *options, cwd=folder, COLUMNS=str(columns), **environ)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("state", STATES)
def test_no_line_is_wider_than_the_console_but_a_command(
    state: str, columns: int, language: str, tmp_path: Path
) -> None:
    lines = shown(tmp_path, STATES[state], "--lang", language, columns=columns).splitlines()
    wide = [line for line in lines if cell_len(line) > columns]
    assert all(line.startswith(("  academy-ops ", "  aws ")) for line in wide)
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("columns", [80, 200])
def test_the_mark_stands_below_the_hop_that_is_broken(columns: int, language: str, tmp_path: Path) -> None:
    lines = shown(tmp_path, STATES["workers off"], "--lang", language, columns=columns).splitlines()
    at = next(number for number, line in enumerate(lines) if "nginx ─" in line)
    hops, marks, pointer = lines[at], lines[at + 1], lines[at + 2]
    before = hops[: hops.index("─▶", hops.index("R2")) + 2]
    column = cell_len(marks[: marks.index("✗")])
    assert cell_len(before) < column < cell_len(hops)
    assert pointer.strip() in {"└ worker-scaled-to-zero", "worker-scaled-to-zero ┘"}
    assert cell_len(pointer[: next(n for n, mark in enumerate(pointer) if mark in "└┘")]) == column
    assert marks.count("✗") == 1


def test_only_what_failed_is_unfolded(tmp_path: Path) -> None:
    checks = shown(tmp_path, STATES["workers off"]).partition("browser")[0]
    assert "desired" in checks
    assert "account_id" not in checks
    assert "arn" not in checks


def test_verbose_shows_all_evidence(tmp_path: Path) -> None:
    checks = shown(tmp_path, STATES["workers off"], "--verbose").partition("browser")[0]
    assert "arn" in checks


def test_verbose_shows_when_each_check_began_and_how_long_it_took(tmp_path: Path) -> None:
    told = academy_ops("diagnose", "--verbose", cwd=tmp_path, AI_WORKER_NAME="w").stdout
    timeline = [line.split()[0] for line in told.splitlines() if " s for " in line]
    assert sorted(timeline) == sorted(["access", "r2", "endpoint", "job", "workers", "queue", "logs"])


def test_the_proof_is_taken_from_every_check_that_bears_on_the_cause(tmp_path: Path) -> None:
    why = shown(tmp_path, STATES["workers off"]).partition("\nWhy\n")[2].partition("\nRuled out")[0]
    told = dict(line.strip().split("  ", 1) for line in why.splitlines())
    found = {name: value.strip() for name, value in told.items()}
    assert (found["desired"], found["messages waiting"], found["job"]) == ("0", "1", "PENDING")


def test_what_could_not_be_seen_names_the_permission_and_where_to_get_it(tmp_path: Path) -> None:
    told = shown(tmp_path, STATES["denied"])
    assert "Not observed  queue: the permission sqs:GetQueueUrl is denied" in told
    assert "academy-ops iam-policy" in told


OFF = Autoscaler("Active", "academy-worker-autoscale-every-minute", enabled=False)


def test_a_warning_says_what_to_do(tmp_path: Path) -> None:
    told = shown(tmp_path, document(document=h.job("DONE"), workers=h.workers(autoscaler=OFF)))
    warning = told.partition("Warning  autoscaler-off")[2]
    assert "aws events enable-rule" in warning


def test_a_job_on_its_way_says_how_to_follow_it(tmp_path: Path) -> None:
    assert f"  academy-ops watch {h.JOB_ID}\n" in shown(tmp_path, STATES["in progress"])


@pytest.mark.parametrize("state", STATES)
def test_an_ascii_console_gets_a_drawing_of_ascii(state: str, tmp_path: Path) -> None:
    path = write(tmp_path, STATES[state])
    environ = {**SHELL, "HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    done = run_on_console(("--lang", "en", "diagnose", "--from", str(path)), tmp_path, environ)
    told = done.stdout.decode("ascii")
    assert "browser -> edge -> nginx -> API -> R2 -> queue -> workers -> students" in told.replace("--", "-")
    assert done.stderr == b""


def test_without_colours_a_terminal_gets_plain_text(tmp_path: Path) -> None:
    path = write(tmp_path, STATES["workers off"])
    environ = {**SHELL, "HOME": str(tmp_path), "NO_COLOR": "1"}
    with terminal("diagnose", "--from", str(path), cwd=tmp_path, environ=environ) as screen:
        assert screen.ended() == 1
    assert "worker-scaled-to-zero" in screen.written
    assert "\x1b" not in screen.written


def test_long_commands_are_folded_on_a_terminal_as_a_shell_allows_it(tmp_path: Path) -> None:
    group = h.group(1, suspended=("Launch",), instances=())
    path = write(tmp_path, document(document=h.job("PENDING", age=600), workers=h.workers(group), logs=h.NO_LOGS))
    with terminal("diagnose", "--from", str(path), cwd=tmp_path, environ={**SHELL, "HOME": str(tmp_path)}) as screen:
        assert screen.ended() == 1
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.written).splitlines()
    at = next(number for number, line in enumerate(lines) if "resume-processes" in line)
    assert lines[at].endswith(" \\")
    assert lines[at + 1].endswith("--scaling-processes Launch")


def test_colour_marks_the_state_and_leaves_the_sentence_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, STATES["healthy"])
    with terminal("diagnose", "--from", str(path), cwd=tmp_path, environ={**SHELL, "HOME": str(tmp_path)}) as screen:
        assert screen.ended() == 0
    assert "\x1b[32maccess\x1b[0m    AWS knows us" in screen.written


def test_what_is_waited_for_is_named_with_the_seconds(tmp_path: Path) -> None:
    # The kernel completes the connection; nobody ever answers on it.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environ = {**SHELL, "HOME": str(tmp_path), "ACADEMY_API_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}
        with terminal("diagnose", "abc", "--only", "endpoint", cwd=tmp_path, environ=environ) as screen:
            screen.until(" s, waiting for endpoint: the API, through the edge and past it")
            screen.interrupt()
            assert screen.ended() == 130
