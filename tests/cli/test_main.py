"""The command line: refusals in one line, right exit codes, nothing but the document on stdout."""

import errno
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from academy_ops import messages
from academy_ops.cli import main
from academy_ops.messages import os_reason
from tests.commands import SHELL, academy_ops, run_on_console
from tests.wire import Handler, respond, server

InProcess = Callable[..., tuple[int, str, str]]

SOMETHING = {"AI_WORKER_NAME": "academy-ai-worker-cpu"}
"""One setting of the academy, so that there is something to look for."""


@pytest.fixture
def in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[InProcess]:
    """Run a command line in this process, in an empty folder; return its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACADEMY_OPS_LANG", "en")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main.run(arguments)
        return (code, *capsys.readouterr())

    yield run
    messages.use("en")


def test_the_version_is_told(tmp_path: Path) -> None:
    assert academy_ops("--version", cwd=tmp_path).stdout.startswith("academy-ops ")


def test_check_list_names_the_checks_in_runbook_order(tmp_path: Path) -> None:
    done = academy_ops("check", "--list", cwd=tmp_path)
    assert done.stdout.split() == ["access", "r2", "endpoint", "job", "workers", "queue", "logs"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diagnose", "a/b"), "'a/b' is not a job id"),
        (("diagnose", "x" * 65), "is not a job id"),
        (("diagnose", "--only", "r2", "--skip", "r2"), "--only and --skip leave no check."),
        (("diagnose", "--only", "quue"), "No such check: 'quue'. Did you mean queue?"),
        (("check", "zzz"), "Choose from: access, r2, endpoint, job, workers, queue, logs, excel."),
        (("check", "excell"), "Did you mean excel?"),
        (("check",), "Name a check"),
        (("diagnose", "--verbos"), "No such option: --verbos. Did you mean --verbose? Try: academy-ops diagnose"),
        (("diagnose", "--outptu", "json"), "Did you mean --output?"),
        (("diagnose", "--zzz"), "No such option: --zzz. Try:"),
        (("diagnose", "-o", "jsno"), "Invalid value for --output: 'jsno'. Did you mean json?"),
        (("diagnose", "--fail-on", "error"), "Choose from: fail, warn."),
        (("diagnose", "--verbose=3"), "--verbose takes no value."),
        (("diagnose", "--timeout", "0"), "--timeout must be a number from 1 to 86400, not '0'."),
        (("diagnose", "--timeout", "-4"), "not '-4'."),
        (("diagnose", "--timeout", "soon"), "not 'soon'."),
        (("diagnose", "--timeout", "nan"), "--timeout must be a number from 1 to 86400, not 'nan'."),
        (("diagnose", "a", "b", "c"), "Too many arguments: b c."),
        (("diagnose", "--env-file", "nowhere.env"), "Can't read the env file nowhere.env"),
        (("diagnose", "--env-file", "."), "Can't read the env file"),
        (("scale-worker",), "--desired is required."),
        (("scale-worker", "--desired"), "--desired needs a value. Try: academy-ops scale-worker --help"),
        (("scale-worker", "--desired", "-1"), "--desired must be a number of at least 0, not '-1'."),
        (("watch",), "JOB_ID is required."),
        (("lab",), "Name a command: up, down"),
        (("lab", "brake"), "Did you mean break?"),
        (("lab", "break", "wroker-off"), "No such fault: 'wroker-off'. Did you mean worker-off"),
        (("lab", "break", "zzz"), "academy-ops lab break --list"),
        (("explain", "r2-env-mising"), "No such cause: 'r2-env-mising'. Did you mean r2-env-missing"),
        (("--lang", "fr", "diagnose"), "use ko or en"),
        (("frobnicate",), "No such command: 'frobnicate'."),
        (("diagnos",), "Did you mean diagnose?"),
    ],
)
def test_bad_input_gets_one_line_on_stderr_and_exit_2(
    arguments: tuple[str, ...], said: str, in_process: InProcess
) -> None:
    code, out, err = in_process(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("diagnose",), ("diagnose", "abc"), ("check", "r2"), ("check", "queue"), ("bundle",)]
)
def test_with_no_setting_of_the_academy_at_all_it_asks_for_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = academy_ops(*arguments, cwd=tmp_path, AWS_REGION="us-east-1", ACADEMY_OPS_LANG="en")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No academy settings were found." in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_an_api_and_with_a_job_id_it_is_undetermined(tmp_path: Path) -> None:
    done = academy_ops("diagnose", "abc", "-o", "json", cwd=tmp_path, **SOMETHING)
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert document["verdict"]["status"] == "undetermined"
    assert document["job_id"] == "abc"


def test_the_document_has_exactly_the_promised_keys(tmp_path: Path) -> None:
    document = json.loads(academy_ops("diagnose", "-o", "json", cwd=tmp_path, **SOMETHING).stdout)
    assert document["schema"] == "academy-ops/diagnosis/1"
    assert set(document) == {"schema", "tool", "job_id", "started_at", "elapsed_ms", "verdict", "findings"}
    assert set(document["verdict"]) == {
        "status", "cause", "reason", "section", "summary", "remedies", "also", "symptoms", "warnings", "ruled_out",
    }  # fmt: skip
    for finding in document["findings"]:
        assert set(finding) == {
            "check", "section", "status", "cause", "reason", "summary", "evidence", "remedies", "missing_permission",
            "because", "elapsed_ms",
        }  # fmt: skip


def test_common_options_may_stand_before_the_command_or_after_it(tmp_path: Path) -> None:
    before = academy_ops("-o", "json", "check", "r2", cwd=tmp_path, **SOMETHING)
    after = academy_ops("check", "r2", "-o", "json", cwd=tmp_path, **SOMETHING)
    causes = [[one["cause"] for one in json.loads(done.stdout)["findings"]] for done in (before, after)]
    assert causes == [["r2-env-missing"], ["r2-env-missing"]]


SILENT = {"ACADEMY_API_URL": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "statuses"),
    [
        (("check", "r2"), SOMETHING, 1, {"fail"}),
        (("check", "endpoint"), SILENT, 1, {"fail"}),
        (("check", "job"), SOMETHING, 3, {"skip"}),
        (("check", "access"), {}, 3, {"fail"}),  # nothing was seen of AWS: that is no fault of the academy
        (("check", "job", "abc"), SILENT, 3, {"unknown"}),
    ],
)
def test_a_step_has_no_verdict_on_the_job_and_the_code_of_its_worst_finding(
    arguments: tuple[str, ...], environ: dict[str, str], code: int, statuses: set[str], tmp_path: Path
) -> None:
    done = academy_ops(*arguments, "-o", "json", cwd=tmp_path, **environ)
    result = json.loads(done.stdout)
    assert (done.returncode, result["verdict"]) == (code, None)
    assert {one["status"] for one in result["findings"]} == statuses
    shown = academy_ops(*arguments, cwd=tmp_path, **environ)
    assert shown.returncode == code
    assert not re.search("HEALTHY|IN PROGRESS|FAULT FOUND|UNDETERMINED|Wait;|Not the cause", shown.stdout)
    for form in ("markdown", "html", "github", "junit"):
        document = academy_ops(*arguments, "-o", form, cwd=tmp_path, **environ).stdout
        assert not re.search("HEALTHY|IN PROGRESS|FAULT FOUND|UNDETERMINED|Not the cause", document), form


def test_a_step_of_a_job_on_its_way_gives_no_advice_to_wait(tmp_path: Path) -> None:
    def answer(handler: Handler) -> None:
        respond(handler, 200, b'{"job_id": "abc", "status": "PENDING", "created_at": "2999-01-01T00:00:00Z"}')

    with server(answer) as (url, _seen):
        done = academy_ops("check", "job", "abc", cwd=tmp_path, ACADEMY_API_URL=url)
    assert done.returncode == 0
    assert not re.search("wait|on its way|IN PROGRESS", done.stdout, re.IGNORECASE)
    assert "The job is PENDING." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "json_wins"),
    [
        (("--json", "check", "--list"), True),
        (("check", "--list", "--json"), True),
        (("check", "--list", "-o", "table", "--json"), True),
        (("check", "--list", "--json", "-o", "table"), False),
        (("-o", "table", "check", "--list", "--json"), True),
        (("--json", "check", "--list", "-o", "table"), False),
    ],
)
def test_json_is_another_spelling_of_o_json_and_the_later_one_wins(
    arguments: tuple[str, ...], json_wins: bool, in_process: InProcess
) -> None:
    _code, out, _err = in_process(*arguments)
    assert out.startswith("[" if json_wins else "access")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lang", "en", "explain", "no-such-cause", "--lang", "ko"), "없는 원인 코드입니다"),
        (("--lang=ko", "explain", "no-such-cause", "--lang=en"), "No such cause:"),
        (("--lang", "fr", "--lang", "ko", "explain", "no-such-cause"), "없는 원인 코드입니다"),
    ],
)
def test_the_later_language_wins(arguments: tuple[str, ...], said: str, in_process: InProcess) -> None:
    _code, _out, err = in_process(*arguments)
    assert said in err


@pytest.mark.parametrize(
    "command",
    [("scale-worker", "--desired", "1"), ("queue", "create"), ("watch", "j1"), ("runbook",), ("demo",)],
    ids=lambda command: command[0],
)
def test_a_command_that_only_talks_to_people_refuses_to_print_a_document(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = academy_ops(*command, "-o", "json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "academy-ops: This command does not support the output json; choose from table.\n"


def test_the_checks_can_be_listed_as_json(tmp_path: Path) -> None:
    assert json.loads(academy_ops("check", "--list", "-o", "json", cwd=tmp_path).stdout)[0] == "access"


def test_a_dotenv_file_in_the_folder_is_read_by_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("R2_ENDPOINT=https://x.example\nR2_ACCESS_KEY=k\n", encoding="utf-8")
    finding = json.loads(academy_ops("check", "r2", "-o", "json", cwd=tmp_path, **SOMETHING).stdout)["findings"][0]
    assert finding["evidence"]["missing"] == ["R2_SECRET_KEY"]


def test_with_every_address_a_black_hole_it_ends_in_time_and_undetermined(tmp_path: Path) -> None:
    # The kernel completes the connection; nobody ever answers on it.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hole = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = academy_ops(
            "diagnose", "abc", "--timeout", "10", "-o", "json",
            cwd=tmp_path,
            ACADEMY_API_URL=hole, ACADEMY_ORIGIN_URL=hole, ACADEMY_APP_URL=hole, AWS_ENDPOINT_URL=hole,
            R2_ENDPOINT=hole, R2_ACCESS_KEY="k", R2_SECRET_KEY="s",
            AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI",
        )  # fmt: skip
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert document["verdict"]["status"] == "undetermined"
    assert document["elapsed_ms"] < 12_000


@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_output_survives_a_console_that_knows_few_characters(encoding: str, language: str, tmp_path: Path) -> None:
    environ = {**SHELL, **SOMETHING, "HOME": str(tmp_path), "PYTHONIOENCODING": encoding}
    environ["AWS_EC2_METADATA_DISABLED"] = "true"
    done = run_on_console(("--lang", language, "diagnose"), tmp_path, environ)
    assert done.returncode == 1
    assert b"r2-env-missing" in done.stdout
    assert b"Traceback" not in done.stderr


def test_no_colour_codes_reach_a_pipe(tmp_path: Path) -> None:
    assert "\x1b" not in academy_ops("diagnose", cwd=tmp_path, FORCE_COLOR="", **SOMETHING).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diagnose", "--bogus"), "없는 옵션입니다: --bogus."),
        (("diagnose", "--timeout", "soon"), "--timeout: 1~86400 사이의 숫자여야 합니다(입력값: 'soon')."),
        (("diagnose", "--save", "/"), "저장할 수 없습니다: / (폴더입니다)."),
        (("check", "excel", "/"), "읽을 수 없습니다: / (폴더입니다)."),
        (("diagnose", "--from", "none.json"), "읽을 수 없습니다: none.json (그런 파일이나 폴더가 없습니다)."),
        (
            ("--env-file", "none.env", "config"),
            "env 파일을 읽을 수 없습니다: none.env (그런 파일이나 폴더가 없습니다).",
        ),
        (("config", "-O", f"{__file__}/x"), "폴더가 없습니다"),
        (("watch",), "JOB_ID: 필수입니다."),
        (("serve", "api", "--host", "no-such-host.invalid"), "수신할 수 없습니다: 그런 호스트가 없습니다."),
    ],
)
def test_a_korean_screen_has_no_words_of_a_library_or_of_the_system(
    in_process: InProcess, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = in_process("--lang", "ko", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_port_in_use_is_said_in_a_line(in_process: InProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = in_process("--lang", "ko", "serve", "api", "--port", port)
    assert (code, err) == (2, f"academy-ops: 127.0.0.1:{port}에서 수신할 수 없습니다: 이미 사용 중인 포트입니다.\n")


def test_an_unknown_language_is_refused_in_the_one_that_is_left(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACADEMY_OPS_LANG", "ko")
    assert in_process("--lang", "fr", "config")[2].startswith("academy-ops: 알 수 없는 언어입니다: 'fr'.")


def test_an_error_of_the_system_without_words_of_ours_has_its_code() -> None:
    assert str(os_reason(OSError(errno.EXDEV, "Invalid cross-device link"))) == "system error EXDEV"
