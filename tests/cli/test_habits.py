"""What an operator's hands expect of any good tool."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.cells import cell_len

from academy_ops.cli import streams
from tests.checks import facts_factory as h
from tests.cli.test_save_and_from import document, waiting, write
from tests.cli.test_watch import api
from tests.commands import SHELL, academy_ops
from tests.terminal import terminal

COLOUR = "\x1b["


def test_yaml_says_what_json_says(tmp_path: Path, compared: Callable[[int], None]) -> None:
    path = str(write(tmp_path, waiting()))
    commands = (
        ("diagnose", "--from", path),
        ("check", "--list"),
        ("config",),
        ("explain",),
        ("explain", "queue-missing"),
        ("iam-policy",),
        ("jobs",),
    )
    for command in commands:
        result = academy_ops(*command, "-o", "yaml", cwd=tmp_path).stdout
        assert yaml.safe_load(result) == json.loads(academy_ops(*command, "-o", "json", cwd=tmp_path).stdout), command
        assert not result.startswith(("{", "["))
    compared(len(commands))


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("form", ["table", "json", "html"])
def test_a_document_may_go_to_a_file(form: str, where: str, tmp_path: Path) -> None:
    path = str(write(tmp_path, waiting()))
    words = ("diagnose", "--from", path, "-o", form)
    shown = academy_ops(*words, cwd=tmp_path)
    option = ("-O", "out.txt")
    done = academy_ops(*((*option, *words) if where == "before" else (*words, *option)), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (shown.returncode, "")
    assert (tmp_path / "out.txt").read_text("utf-8") == shown.stdout


@pytest.mark.parametrize(
    ("short", "form"), [("md", "markdown"), ("yml", "yaml"), ("htm", "html"), ("xml", "junit"), ("JSON", "json")]
)
def test_a_form_of_output_is_known_by_its_short_name_and_by_the_files_ending(
    short: str, form: str, tmp_path: Path
) -> None:
    words = ("diagnose", "--from", str(write(tmp_path, waiting())))
    shown = academy_ops(*words, "-o", form, cwd=tmp_path).stdout
    assert academy_ops(*words, "-o", short, cwd=tmp_path).stdout == shown
    assert academy_ops(*words, "-O", f"out.{short}", cwd=tmp_path).stdout == ""
    assert (tmp_path / f"out.{short}").read_text("utf-8") == shown


def test_an_ending_picks_only_what_the_command_has_and_never_outweighs_o(tmp_path: Path) -> None:
    words = ("diagnose", "--from", str(write(tmp_path, waiting())))
    academy_ops(*words, "-O", "out.md", "-o", "json", cwd=tmp_path)
    assert json.loads((tmp_path / "out.md").read_text("utf-8"))["verdict"]
    text = academy_ops("explain", cwd=tmp_path).stdout
    for name in ("out.md", "out.txt", "out"):
        assert academy_ops("explain", "-O", name, cwd=tmp_path).returncode == 0
        assert (tmp_path / name).read_text("utf-8") == text
    refused = academy_ops(*words, "-o", "csv", cwd=tmp_path)
    assert (refused.returncode, "markdown" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("얌ㅎㅜㅐㄴㄷ",), "diagnose"),
        (("ㅓㅐㅠㄴ",), "jobs"),
        (("explain", "재갸ㄷㄱ-냐ㅣ둣"), "worker-silent"),
        (("check", "벼뎓"), "queue"),
        (("diagnose", "ㄹ3ㅠ2ㅊㅁ1ㄷ"), "f3b2ca1e"),
    ],
)
def test_what_was_typed_with_the_keyboard_set_to_korean_gets_a_hint(
    words: tuple[str, ...], meant: str, tmp_path: Path
) -> None:
    done = academy_ops(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"id you mean {meant}?" in done.stderr


def test_korean_that_is_no_mistyped_id_gets_no_such_hint(tmp_path: Path) -> None:
    assert "Korean" not in academy_ops("diagnose", "업로드", cwd=tmp_path).stderr


def test_a_message_is_folded_on_a_terminal_between_words_and_never_within_a_command(tmp_path: Path) -> None:
    environ = {**SHELL, "HOME": str(tmp_path)}
    for language in ("en", "ko"):
        with terminal("--lang", language, "check", "queue", "workers", cwd=tmp_path, environ=environ) as console:
            assert console.ended() == 2
        lines = console.written.splitlines()
        assert len(lines) > 1
        assert [line for line in lines if cell_len(line) > 80] == []
        assert any("academy-ops diagnose --only NAME --only NAME [JOB_ID]." in line for line in lines)


def test_a_command_that_refuses_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("before", "utf-8")
    assert academy_ops("explain", "no-such-cause", "-O", "out.txt", cwd=tmp_path).returncode == 2
    assert academy_ops("explain", "-O", "no/such/folder", cwd=tmp_path).returncode == 2
    assert (tmp_path / "out.txt").read_text("utf-8") == "before"


def test_quiet_is_the_result_alone(tmp_path: Path) -> None:
    path = str(write(tmp_path, waiting()))
    done = academy_ops("diagnose", "--from", path, "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    first, *rest = done.stdout.splitlines()
    assert first.split() == ["FAULT", "FOUND", "worker-scaled-to-zero", "(starter-fails)"]
    assert len(rest) <= 2


@pytest.mark.parametrize("command", [["help"], ["help", "lab", "break"], ["help", "diagnose"]])
def test_help_is_a_command_too(command: list[str], tmp_path: Path) -> None:
    expected = academy_ops(*command[1:], "--help", cwd=tmp_path).stdout
    assert academy_ops(*command, cwd=tmp_path).stdout.strip() == expected.strip()
    assert academy_ops(*command[1:], "-h", cwd=tmp_path).stdout == expected


def test_help_of_what_is_no_command_is_refused(tmp_path: Path) -> None:
    done = academy_ops("help", "diagnos", cwd=tmp_path)
    assert (done.returncode, "Did you mean diagnose?" in done.stderr) == (2, True)


def test_the_man_page_holds_every_command_and_no_line_is_a_request_by_chance(tmp_path: Path) -> None:
    page = academy_ops("help", "--man", cwd=tmp_path).stdout
    assert page.startswith(".TH ACADEMY-OPS 1")
    for name in ("DIAGNOSE", "JOBS", "LAB BREAK", "QUEUE CREATE"):
        assert f".SH ACADEMY\\-OPS {name}\n" in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".nf", ".fi"}


@pytest.mark.parametrize(
    "words",
    [("check", "queue", "workers"), ("diagnose", "queue"), ("check", "job", "excel"), ("check", "logs", "logs")],
)
def test_a_check_where_a_job_is_to_be_named_is_a_usage_error(words: tuple[str, ...], tmp_path: Path) -> None:
    done = academy_ops(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a check, not a job id" in done.stderr


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("worker-off", "worker-scaled-to-zero"),
        ("bad-excel", "excel-header-missing"),
        ("app-down", "proxy-upstream-down"),
    ],
)
def test_explain_knows_the_lab_s_aliases(name: str, code: str, tmp_path: Path) -> None:
    assert json.loads(academy_ops("explain", name, "--json", cwd=tmp_path).stdout)["code"] == code


def test_explain_with_a_job_fills_its_id_in(tmp_path: Path) -> None:
    with api({"job_id": "abc", "status": "PENDING"}) as url:
        done = academy_ops("explain", "message-lost", "abc", cwd=tmp_path, ACADEMY_API_URL=url)
    assert done.returncode == 0
    assert re.search(r"diagnose abc|watch abc|jobs/abc", done.stdout)
    assert "<job_id>" not in done.stdout


def test_watch_says_how_long_a_job_has_waited_and_offers_to_find_out_why(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "PENDING", "created_at": "2026-01-01T00:00:00Z"}) as url:
        done = academy_ops("watch", "j", "--timeout", "2", cwd=tmp_path, ACADEMY_API_URL=url)
    assert re.search(r"^\d+ days  PENDING$", done.stdout, re.MULTILINE)
    assert re.search(r"not ended after \d+ days.*\n  academy-ops diagnose j\n", done.stdout)
    with api({"job_id": "j", "status": "PENDING"}) as url:
        young = academy_ops("watch", "j", "--timeout", "2", cwd=tmp_path, ACADEMY_API_URL=url)
    assert re.search(r"^ *\d+ s  PENDING$", young.stdout, re.MULTILINE)
    assert "not ended after" not in young.stdout


def test_watch_names_the_http_status_of_trouble(tmp_path: Path) -> None:
    from tests.wire import respond, server  # noqa: PLC0415 - here alone

    with server(lambda handler: respond(handler, 502, b"<html>bad gateway</html>")) as (url, _seen):
        done = academy_ops("watch", "j", "--timeout", "2", cwd=tmp_path, ACADEMY_API_URL=url)
    assert "502" in done.stdout


def test_a_watched_diagnosis_goes_on_until_the_job_has_ended(tmp_path: Path) -> None:
    done = academy_ops("diagnose", "--watch", "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    with api({"job_id": "j", "status": "DONE", "result": {"created": 1, "failed": []}}) as url:
        ended = academy_ops("diagnose", "j", "--watch", "--only", "job", cwd=tmp_path, ACADEMY_API_URL=url)
    assert ended.returncode == 0


@pytest.mark.parametrize("answer", ["y", "YES", "네", "예", "ㅛ", "\u1102\u1166", "ｙ"])
def test_a_question_takes_yes_in_both_languages(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    assert streams.ask("Apply this?")


@pytest.mark.parametrize("answer", ["", "n", "No", "아니요", "아니오", "ㅜ"])
def test_a_question_takes_no_in_both_languages_and_from_who_only_presses_enter(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    assert not streams.ask("Apply this?")


def test_what_is_no_answer_is_asked_again_and_is_never_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["maybe", "yeah", "무엇", "y"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    assert not streams.ask("Apply this?")


def test_colours_can_be_forced_into_a_pipe_and_no_color_outweighs_that(tmp_path: Path) -> None:
    path = str(write(tmp_path, document(document=h.job("DONE"))))
    shown = {
        name: academy_ops("diagnose", "--from", path, cwd=tmp_path, **environ).stdout
        for name, environ in {
            "plain": {},
            "forced": {"CLICOLOR_FORCE": "1"},
            "zero": {"CLICOLOR_FORCE": "0"},
            "both": {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"},
        }.items()
    }
    assert [name for name, text in shown.items() if COLOUR in text] == ["forced"]
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown["forced"]) == shown["plain"]


def test_ctrl_c_says_one_word(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "PENDING"}) as url:
        environ = {**SHELL, "HOME": str(tmp_path), "ACADEMY_API_URL": url}
        with terminal("watch", "j", cwd=tmp_path, environ=environ) as screen:
            screen.until("PENDING")
            screen.interrupt()
            screen.until("academy-ops: Interrupted.")
            assert screen.ended() == 130
    assert "changed" not in screen.written


def test_a_bundle_holds_the_report_for_people_and_for_a_ticket(tmp_path: Path) -> None:
    path = str(write(tmp_path, waiting()))
    assert academy_ops("bundle", "--from", path, "--to", "ticket.zip", cwd=tmp_path).returncode == 1
    with zipfile.ZipFile(tmp_path / "ticket.zip") as archive:
        assert {"report.txt", "report.md", "report.html"} <= set(archive.namelist())
        assert "worker-scaled-to-zero" in archive.read("report.md").decode()
        assert archive.read("report.html").startswith(b"<!DOCTYPE html>")
