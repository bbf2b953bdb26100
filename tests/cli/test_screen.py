"""What ``diagnose`` shows a person: the drawing, the proof, and no more than the console can show."""

import itertools
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from academy_ops.diagnosis.command import posix
from academy_ops.diagnosis.records import Diagnosis, Unavailable
from academy_ops.messages import LANGUAGES, Language
from academy_ops.report import Output
from academy_ops.report.pipeline import hop_statuses
from checks.group_facts import Autoscaler
from tests.checks import facts_factory as h
from tests.checks.scenarios import NGINX, SCENARIOS, WARNINGS, Facts
from tests.cli.test_save_and_from import document, waiting, write
from tests.commands import SHELL, academy_ops, run_on_console
from tests.report import golden
from tests.report.golden import diagnosis
from tests.terminal import terminal

HTML = "<html><title>Just a moment...</title></html>"
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


def screen(one: Diagnosis, language: Language = "en") -> str:
    return golden.shown(one, Output.TABLE, language)


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
    commands = ("  academy-ops ", "  aws ", "See also: academy-ops ", "더 보기: academy-ops ")
    assert all(line.startswith(commands) for line in wide)
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("columns", [80, 200])
def test_the_mark_stands_below_the_hop_that_is_broken(columns: int, language: str, tmp_path: Path) -> None:
    lines = shown(tmp_path, STATES["workers off"], "--lang", language, columns=columns).splitlines()
    at = next(number for number, line in enumerate(lines) if "R2 ─" in line)
    hops, marks, pointer = lines[at], lines[at + 1], lines[at + 2]
    before = hops[: hops.index("─▶", hops.index("R2")) + 2]
    column = cell_len(marks[: marks.index("✗")])
    assert cell_len(before) < column < cell_len(hops)
    assert pointer.strip() in {"└ worker-scaled-to-zero", "worker-scaled-to-zero ┘"}
    assert cell_len(pointer[: next(n for n, mark in enumerate(pointer) if mark in "└┘")]) == column
    assert marks.count("✗") == 1


def test_evidence_stands_with_the_verdict_and_nowhere_else(tmp_path: Path) -> None:
    checks, _, below = shown(tmp_path, STATES["workers off"]).partition("browser")
    assert "desired" not in checks
    assert below.count("\n  desired ") == 1
    assert "account_id" not in checks + below


def test_a_step_has_its_evidence_with_its_findings() -> None:
    one = replace(diagnosis(**SCENARIOS["worker-scaled-to-zero"][0]), step="workers")
    assert "desired" in screen(one).partition("workers: ")[0]


def test_the_answer_to_every_cause_is_in_view_on_80_by_24_with_the_remedys_command_last(
    compared: Callable[[int], None],
) -> None:
    titles, count = ("FAULT", "UNDETERMINED", "HEALTHY", "IN PROGRESS", "장애", "판정", "정상", "진행"), 0
    for code, forms in {**SCENARIOS, **WARNINGS}.items():
        for one, language in itertools.product((diagnosis(**facts) for facts in forms), LANGUAGES):
            lines = screen(one, language).splitlines()
            answer = lines[next(n for n, line in enumerate(lines) if line.startswith(titles)) :]
            rows = sum(max(1, -(-cell_len(line) // 80)) for line in answer)
            # The last row is the prompt's.
            assert rows <= 23, (code, answer)
            wanted = [posix(remedy.steps) for remedy in one.verdict.remedies if remedy.steps]
            if one.verdict.cause and wanted and wanted[-1].startswith("academy-ops "):
                assert [line.strip() for line in answer if line.startswith("  academy-ops ")][-1] == wanted[-1]
                count += 1
    assert count
    compared(len(LANGUAGES) * sum(map(len, (*SCENARIOS.values(), *WARNINGS.values()))))


@pytest.mark.parametrize(
    ("code", "place", "pointed_at"),
    [
        ("worker-scaled-to-zero", 0, ["diagnose", "explain worker-scaled-to-zero", "runbook 3-1"]),
        ("excel-phone-invalid", 0, ["explain excel-phone-invalid", "runbook 4"]),
        ("queue-missing", 0, ["diagnose", "explain queue-missing", "runbook 3-3"]),
    ],
)
def test_the_last_line_points_on_to_the_fix_where_there_is_one(
    code: str, place: int, pointed_at: list[str], tmp_path: Path
) -> None:
    result = shown(tmp_path, document(**SCENARIOS[code][place]), columns=300).splitlines()[-1]
    assert [one.partition("academy-ops ")[2].split(" 6f3c")[0] for one in result.split(" · ")] == pointed_at
    assert ("--fix" in result) == ("diagnose" in pointed_at)


def test_a_terminal_has_the_runbooks_section_behind_the_last_line(tmp_path: Path) -> None:
    path = write(tmp_path, STATES["workers off"])
    environ = {**SHELL, "HOME": str(tmp_path)}
    with terminal("diagnose", "--from", str(path), cwd=tmp_path, environ=environ) as console:
        assert console.ended() == 1
    links = re.findall(r"\x1b]8;[^;]*;(file://[^\x1b]*)\x1b", console.written)
    assert {link.rpartition("/")[2] for link in links if link} == {"runbook.en.md#3-1-workers"}


def test_other_faults_stand_above_the_verdict_with_what_fixes_them() -> None:
    both = screen(diagnosis(**SCENARIOS["worker-env-stale"][0], **SCENARIOS["r2-server-error"][0]))
    above, _, below = both.partition("FAULT FOUND")
    assert "1. r2-server-error" in above
    assert "cloudflarestatus" in above
    assert "r2-server-error" not in below


def test_a_job_that_is_done_in_part_shows_its_counts_and_rows() -> None:
    result = screen(diagnosis(**WARNINGS["job-partial"][0]))
    warning = result.partition("Warning  job-partial")[2]
    assert re.search(r"students created +1\n +rows rejected +1\n +rejected rows +row 3: ", warning)
    assert warning.index("rejected rows") < warning.index("HEALTHY")


def test_the_proof_of_a_limit_is_the_status_and_when_to_come_back() -> None:
    limit = screen(diagnosis(**SCENARIOS["api-throttled"][0]))
    assert re.search(r"HTTP 429 from \S+, retry-after 30", limit)
    answer = h.answer(403, HTML, **{"server": "cloudflare", "cf-ray": "8a1b-ICN", "cf-mitigated": "challenge"})
    assert "cf-ray 8a1b-ICN" in screen(diagnosis(endpoint=h.endpoint(main=answer)))
    assert re.search(r"/health +HTTP 503 from", screen(diagnosis(**SCENARIOS["api-database-down"][0])))
    # What its remedy says is in the evidence.
    titled = screen(diagnosis(endpoint=h.endpoint(h.answer(503, "<title>Back soon</title>", server="cloudflare"))))
    assert "“Back soon”" in titled
    filtered = h.answer(403, "<html><h1>Access Denied</h1>FortiGuard Intrusion Prevention</html>")
    assert "author Fort" in screen(diagnosis(endpoint=h.endpoint(filtered)))
    assert "author" not in titled
    sent_on = h.answer(302, "", location="https://login.example/")
    assert "location https://login.example/" in screen(diagnosis(endpoint=h.endpoint(sent_on)))


@pytest.mark.parametrize(
    ("facts", "marked"),
    [
        (SCENARIOS["proxy-upstream-down"][1], {"edge": "ok", "nginx": "ok", "API": "fail"}),
        (SCENARIOS["gateway-timeout"][0], {"edge": "ok", "nginx": "ok", "API": "fail"}),
        (SCENARIOS["edge-origin-down"][0], {"edge": "ok", "proxy": "fail", "API": "unchecked"}),
    ],
)
def test_the_mark_is_at_the_hop_that_the_evidence_speaks_of(facts: Facts, marked: dict[str, str]) -> None:
    states = {one.name: one.state for one in hop_statuses(diagnosis(**facts))}
    assert {name: states[name] for name in marked} == marked


LIMITS = {
    "nginx": h.answer(429, NGINX.format("429 Too Many Requests"), server="nginx"),
    "edge": h.answer(429, '{"cloudflare_error": true, "error_code": 1015}', server="cloudflare"),
    "API": h.answer(429, '{"detail": "slow down"}', server="cloudflare", **{"content-type": "application/json"}),
}


@pytest.mark.parametrize("hop", LIMITS)
def test_a_limit_is_marked_at_who_sets_it(hop: str) -> None:
    one = diagnosis(endpoint=h.endpoint(main=LIMITS[hop]))
    assert one.verdict.cause == "api-throttled"
    assert [station.name for station in hop_statuses(one) if station.cause] == [hop]


def test_what_was_asked_past_a_broken_edge_and_is_well_is_marked_so() -> None:
    blocked = h.answer(403, HTML, **{"server": "cloudflare", "cf-mitigated": "challenge"})
    facts = h.endpoint(main=blocked, origin=h.answer(200, "ok"), app=h.answer(200, "ok"))
    states = {one.name: one.state for one in hop_statuses(diagnosis(endpoint=facts))}
    assert (states["edge"], states["proxy"], states["API"]) == ("fail", "ok", "ok")


def test_verbose_shows_all_evidence(tmp_path: Path) -> None:
    checks = shown(tmp_path, STATES["workers off"], "--verbose").partition("browser")[0]
    assert "arn" in checks


def test_verbose_shows_when_each_check_began_and_how_long_it_took(tmp_path: Path) -> None:
    result = academy_ops("diagnose", "--verbose", cwd=tmp_path, AI_WORKER_NAME="w").stdout
    timeline = [line.split()[0] for line in result.splitlines() if " s, from " in line]
    assert sorted(timeline) == sorted(["access", "r2", "endpoint", "job", "workers", "queue", "logs"])


def test_the_proof_is_taken_from_every_check_that_bears_on_the_cause(tmp_path: Path) -> None:
    below = shown(tmp_path, STATES["workers off"]).partition("FAULT FOUND")[2]
    assert re.search(r"\n  desired +0\n", below)
    assert re.search(r"\n  waiting +messages waiting 1, job PENDING, has waited 10 min\n", below)


def test_what_could_not_be_seen_names_the_permission_and_where_to_get_it(tmp_path: Path) -> None:
    result = shown(tmp_path, STATES["denied"])
    assert "the permission sqs:GetQueueUrl is denied" in " ".join(result.partition("UNDETERMINED")[2].split())
    assert "academy-ops iam-policy" in result


OFF = Autoscaler("Active", "academy-worker-autoscale-every-minute", enabled=False)


def test_a_warning_says_what_to_do(tmp_path: Path) -> None:
    result = shown(tmp_path, document(document=h.job("DONE"), workers=h.workers(autoscaler=OFF)))
    warning = result.partition("Warning  autoscaler-off")[2]
    assert "aws events enable-rule" in warning


def test_a_job_on_its_way_says_how_to_follow_it(tmp_path: Path) -> None:
    assert f"  academy-ops watch {h.JOB_ID}\n" in shown(tmp_path, STATES["in progress"])


@pytest.mark.parametrize("state", STATES)
def test_an_ascii_console_gets_a_drawing_of_ascii(state: str, tmp_path: Path) -> None:
    path = write(tmp_path, STATES[state])
    environ = {**SHELL, "HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    done = run_on_console(("--lang", "en", "diagnose", "--from", str(path)), tmp_path, environ)
    result = done.stdout.decode("ascii")
    assert "browser -> edge -> proxy -> API -> R2 -> queue -> workers -> students" in result.replace("--", "-")
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_command_is_broken_within_a_word_on_a_terminal(language: Language, tmp_path: Path) -> None:
    path = write(tmp_path, STATES["workers off"])
    words = ("--lang", language, "--env-file", "a-folder-of-settings/api.env", "diagnose", "--from", str(path))
    with terminal(*words, cwd=tmp_path, environ={**SHELL, "HOME": str(tmp_path)}) as screen:
        assert screen.ended() == 1
    text = re.sub(r"\x1b(\][^\x1b]*\x1b\\|\[[0-9;?]*[A-Za-z])", "", screen.written)
    assert [line for line in text.splitlines() if cell_len(line) > 80] == []
    whole = re.sub(r"[\s\\]+", " ", text)
    assert f"academy-ops --env-file a-folder-of-settings/api.env diagnose {h.JOB_ID} --fix" in whole


def test_colour_marks_the_state_and_leaves_the_sentence_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, STATES["healthy"])
    with terminal("diagnose", "--from", str(path), cwd=tmp_path, environ={**SHELL, "HOME": str(tmp_path)}) as screen:
        assert screen.ended() == 0
    assert "\x1b[32maccess\x1b[0m    Signed in to AWS" in screen.written


def test_what_is_waited_for_is_named_with_the_seconds(tmp_path: Path) -> None:
    # The kernel completes the connection; nobody ever answers on it.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environ = {**SHELL, "HOME": str(tmp_path), "ACADEMY_API_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}
        with terminal("diagnose", "abc", "--only", "endpoint", cwd=tmp_path, environ=environ) as screen:
            screen.until(" s, waiting for endpoint: the API, through the edge and directly")
            screen.interrupt()
            assert screen.ended() == 130


def test_no_fix_is_offered_for_what_only_warns(tmp_path: Path) -> None:
    warned = shown(tmp_path, document(**WARNINGS["autoscaler-off"][0]), columns=300).splitlines()[-1]
    assert "explain autoscaler-off" in warned
    assert "--fix" not in warned


def test_the_last_line_breaks_no_command(tmp_path: Path) -> None:
    for columns in (80, 100, 120):
        result = shown(tmp_path, document(**SCENARIOS["worker-scaled-to-zero"][0]), columns=columns).splitlines()[-1]
        assert result.startswith("See also: academy-ops diagnose")
        assert all("academy-ops " in one for one in result.split(" · "))
