"""``smoke`` against an API that answers as the test says: what it sends, never shows, and makes of answers."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from academy_ops.contract import JOBS_PATH, STUDENTS_OF_JOB, UPLOAD_PATH
from academy_ops.smoke.records import STUDENTS
from tests.commands import academy_ops
from tests.wire import Handler, respond, server

TOKEN = "token-of-the-smoke-tenant"
DONE = {"job_id": "j1", "status": "DONE", "result": {"created": 3, "failed": [], "total": 3}}


class Api:
    """Takes any upload, and tells of its job what the test says; it has no way to take students back."""

    def __init__(self, job: object, upload: object = None, status: int = 202) -> None:
        self.job, self.upload, self.status = job, upload or {"job_id": "j1", "status": "PENDING"}, status
        self.asked: list[tuple[str, str]] = []
        self.forms: list[bytes] = []

    def __call__(self, handler: Handler) -> None:
        self.asked.append((handler.command, handler.path))
        if handler.command == "DELETE":
            respond(handler, 404, b"<h1>Not Found</h1>")
        elif handler.path == UPLOAD_PATH:
            self.forms.append(handler.body)
            respond(handler, self.status, json.dumps(self.upload).encode())
        else:
            respond(handler, 200, json.dumps(self.job if handler.path.startswith(JOBS_PATH) else {}).encode())


@contextmanager
def serving(api: Api) -> Iterator[str]:
    with server(api) as (url, _):
        yield url


def smoke(api: Api, cwd: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    with serving(api) as url:
        settings = {"ACADEMY_API_URL": url, "ACADEMY_API_TOKEN": TOKEN, **environ}
        return academy_ops("smoke", *arguments, cwd=cwd, **settings)


def test_it_uploads_as_the_browser_does(tmp_path: Path) -> None:
    api = Api(DONE)
    assert smoke(api, tmp_path).returncode == 0
    (form,) = api.forms
    assert b'name="file"; filename="academy-ops-smoke.xlsx"' in form
    assert b'name="initial_password"' in form
    assert b"PK\x03\x04" in form


def test_the_initial_password_is_new_each_time_and_never_shown(tmp_path: Path) -> None:
    api = Api({"job_id": "j1", "status": "FAILED", "error_message": "no"})
    done = [smoke(api, tmp_path, "-o", form, "--verbose") for form in ("table", "json")]
    passwords = [re.findall(rb'name="initial_password"\r\n\r\n(.+)\r\n', form)[0].decode() for form in api.forms]
    assert len({*passwords}) == 2
    assert min(map(len, passwords)) > 20
    assert [one for one in done for secret in (*passwords, TOKEN) if secret in one.stdout + one.stderr] == []


def test_a_password_that_the_api_repeats_is_masked(tmp_path: Path) -> None:
    def repeat(handler: Handler) -> None:
        password = (re.findall(rb'name="initial_password"\r\n\r\n(.+)\r\n', handler.body) or [b""])[0].decode()
        result.append(password)
        respond(handler, 400, json.dumps({"detail": f"bad password: {password}"}).encode())

    result: list[str] = []
    with server(repeat) as (url, _):
        done = academy_ops("smoke", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
    assert "bad password" in done.stdout
    assert result[0] not in done.stdout


def test_an_api_that_cant_take_students_back_passes_and_is_told(tmp_path: Path) -> None:
    document = json.loads(smoke(Api(DONE), tmp_path, "-o", "json").stdout)
    assert (document["result"], document["deleted"]) == ("passed", None)
    assert "later runs add no more" in document["left"]


def test_the_same_students_are_sent_in_each_run(tmp_path: Path) -> None:
    api = Api({**DONE, "result": {"created": 0, "duplicates": 3, "failed": [], "total": 3}})
    document = json.loads(smoke(api, tmp_path, "-o", "json").stdout)
    assert (document["result"], document["duplicates"], document["left"]) == ("passed", 3, None)
    assert len({*STUDENTS}) == 3


@pytest.mark.parametrize(
    ("api", "code", "said"),
    [
        (Api({**DONE, "error_message": "헤더 행을 찾지 못했습니다"}), 1, "헤더 행"),
        (Api({"job_id": "j1", "status": "REVIEW_REQUIRED"}), 1, "REVIEW_REQUIRED"),
        (Api({**DONE, "result": {"created": 2, "failed": [], "total": 3, "duplicates": 0}}), 1, "numbers are wrong"),
        (Api({"job_id": "j1", "status": "DONE"}), 3, "does not say how many"),
        (Api(None, {"detail": "비밀번호는 8자 이상"}, 400), 1, "HTTP 400, 비밀번호는 8자 이상"),
        (Api(None, {"job_id": "$(reboot)"}, 202), 1, "returned no job id"),
        (Api(None, {"job_id": "j1"}, 200), 1, "HTTP 200"),
    ],
)
def test_the_exit_code_tells_how_it_came_out(api: Api, code: int, said: str, tmp_path: Path) -> None:
    done = smoke(api, tmp_path, "--timeout", "10")
    assert (done.returncode, said in " ".join(done.stdout.split())) == (code, True), done.stdout


def test_a_job_whose_end_is_not_seen_is_undetermined_within_the_time(tmp_path: Path) -> None:
    done = smoke(Api({"job_id": "j1", "status": "PENDING"}), tmp_path, "--timeout", "4", "-o", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["result"], document["job_id"]) == (3, "undetermined", "j1")
    assert document["diagnosis"]["job_id"] == "j1"
    assert document["elapsed_ms"] < 8000


def test_a_job_that_was_made_is_taken_back_however_it_ends(tmp_path: Path) -> None:
    for job in (DONE, {"job_id": "j1", "status": "FAILED"}):
        api = Api(job)
        smoke(api, tmp_path, "--timeout", "5")
        assert ("DELETE", f"{JOBS_PATH}j1/{STUDENTS_OF_JOB}") in api.asked


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "said"),
    [
        ((), {}, 3, "ACADEMY_API_URL is not set"),
        ((), {"ACADEMY_API_URL": "api.example.com"}, 2, "is not a URL"),
        (("abc",), {}, 2, "Too many arguments: abc."),
    ],
)
def test_what_cant_be_begun_is_one_line(
    arguments: tuple[str, ...], environ: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    done = academy_ops("smoke", *arguments, cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)
    assert said in done.stderr


def test_without_its_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    missing = 'raise ModuleNotFoundError("No module named xlsxwriter", name="xlsxwriter")\n'
    (tmp_path / "xlsxwriter.py").write_text(missing, encoding="utf-8")
    settings = {"ACADEMY_API_URL": "https://api.invalid", "PYTHONPATH": str(tmp_path)}
    done = academy_ops("smoke", cwd=tmp_path, **settings)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "pip install 'academy-ops[smoke]'" in done.stderr


def test_with_nothing_but_the_apis_address_r2_is_not_blamed(tmp_path: Path) -> None:
    document = json.loads(smoke(Api({"job_id": "j1", "status": "FAILED"}), tmp_path, "-o", "json").stdout)
    assert document["cause"] == "job-failed"
    assert "r2" not in {finding["check"] for finding in document["diagnosis"]["findings"]}
