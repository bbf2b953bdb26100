"""From a school's name and a time to the job: ``jobs``, job ids as they are pasted, and a diagnosis without one."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import begins_a_uuid, valid_job_id
from academy_ops.cli.options import seconds_back, tenant_asked
from academy_ops.contract import JOB_CANCELLED, JOBS_PATH
from tests.commands import academy_ops
from tests.lab_driver import Lab
from tests.wire import Handler, respond, server

UUID = "3f2b6c1e-8d24-4a57-9b0e-2f1d6c7a8e90"
PASTED = (
    UUID,
    f"  {UUID}\n",
    f'"{UUID}"',
    f"'{UUID}',",
    f"`{UUID}`",
    f"“{UUID}”",
    f"({UUID})",
    f"{UUID}.",
    f"\ufeff{UUID}\u200b",
    f"https://api.example.com{JOBS_PATH}{UUID}/",
    f"https://api.example.com{JOBS_PATH}{UUID}",
    f"https://api.example.com{JOBS_PATH}{UUID}/?t=1#x",
    f"{JOBS_PATH}{UUID}/students/",
    f"curl 'https://api.example.com{JOBS_PATH}{UUID}/' -H 'accept: */*'",
    f'{{"job_id": "{UUID}", "status": "PENDING"}}',
    f"SQS_JOB_FAILED | job_id={UUID} | error=boom",
    f"작업 ID: {UUID}",
    UUID.upper(),
)
SHORT = (" abc ", '"abc"', f"https://api.example.com{JOBS_PATH}abc/", "job_id=abc,", "abc")
REFUSED = (
    "",
    "  ",
    "a/b",
    "a b",
    "../../etc/passwd",
    "x" * 65,
    JOBS_PATH,
    f"{JOBS_PATH}{'x' * 65}/",
    f"{JOBS_PATH}../x/",
)


def test_a_job_id_is_taken_as_it_was_pasted(compared: Callable[[int], None]) -> None:
    assert {valid_job_id(one) for one in PASTED} == {UUID}
    assert {valid_job_id(one) for one in SHORT} == {"abc"}
    assert valid_job_id("Job_7-A") == "Job_7-A"
    for one in REFUSED:
        with pytest.raises(RefusedError, match="is not a job id"):
            valid_job_id(one)
    compared(len(PASTED) + len(SHORT) + len(REFUSED))


def test_a_diagnosis_of_a_pasted_url_is_of_its_job(tmp_path: Path) -> None:
    url = f"https://api.example.com{JOBS_PATH}{UUID}/"
    result = json.loads(
        academy_ops("diagnose", url, "-o", "json", "--only", "r2", cwd=tmp_path, AI_WORKER_NAME="w").stdout
    )
    assert result["job_id"] == UUID


def listed(*rows: Any, status: int = 200) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        body: Any = {"count": len(rows), "results": list(rows)} if status == 200 else {"detail": "Not found."}
        respond(handler, status, json.dumps(body).encode(), **{"Content-Type": "application/json"})

    return answer


def row(job_id: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "status": status,
        "created_at": "2999-01-01T00:00:00Z",
        "job_type": "excel_parsing",
        **more,
    }


@pytest.mark.parametrize("rows", [[], [row(UUID, "DONE")]])
def test_who_does_not_find_the_upload_is_shown_the_way_on(rows: list[Any], tmp_path: Path) -> None:
    with server(listed(*rows)) as (url, _seen):
        lines = academy_ops("jobs", cwd=tmp_path, ACADEMY_API_URL=url).stdout.splitlines()
    assert lines[-2:] == [
        "If the upload is not listed or has no job id, check everything else:",
        "  academy-ops diagnose",
    ]
    assert [line for line in lines if line.startswith("  academy-ops")][:-1] == [
        f"  academy-ops diagnose {one['job_id']}" for one in rows
    ]


def test_a_short_id_is_the_whole_one_where_the_list_tells_it(tmp_path: Path) -> None:
    rows = [row(UUID, "PENDING"), row(f"3f2b{UUID[4:]}".replace("9b0e", "9b0f"), "DONE"), row("a" * 8, "DONE")]
    with server(listed(*rows)) as (url, _seen):
        for short, whole in ((UUID[:23], UUID), (f"{UUID[:23].upper()}…", UUID), (UUID, UUID), ("a" * 8, "a" * 8)):
            done = academy_ops("check", "job", short, "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
            assert json.loads(done.stdout)["job_id"] == whole, short
            assert (f"Job: {whole}" in done.stderr) == (short != whole or whole == "a" * 8)
        refused = academy_ops("watch", "3f2b6c1e", cwd=tmp_path, ACADEMY_API_URL=url)
    assert (refused.returncode, refused.stderr.count(UUID[:18])) == (2, 2)
    assert "Type more of it." in refused.stderr


def test_where_nothing_tells_the_whole_id_that_is_said(tmp_path: Path) -> None:
    with server(listed(status=404)) as (url, _seen):
        done = academy_ops("check", "job", "3f2b6c1e", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
    assert json.loads(done.stdout)["job_id"] == "3f2b6c1e"
    assert "Can't tell which job's id begins with 3f2b6c1e" in done.stderr


@pytest.mark.parametrize("word", ["Job_7-A", "job-1234", "3f2", "abcdefgh", UUID, f"{UUID[:9]}x"])
def test_what_begins_no_uuid_is_asked_about_as_it_is(word: str) -> None:
    assert not begins_a_uuid(word)


def test_what_failed_is_picked_whatever_way_a_job_says_so(tmp_path: Path) -> None:
    rows = [
        row("failed", "FAILED", error_message="boom"),
        row("bad", "REJECTED_BAD_INPUT"),
        row("taken-back", "FAILED", error_message=JOB_CANCELLED),
        row("done-and-failed", "DONE", error_message="boom"),
        row("nothing-left", "DONE", created=0, duplicates=0, rejected=3),
        row("all-known", "DONE", created=0, duplicates=3, rejected=0),
        row("done", "DONE", created=3, duplicates=0, rejected=1),
        row("waits", "PENDING"),
        row("another-kind", "FAILED", job_type="video"),
        {"status": "FAILED"},
        "no job",
    ]
    with server(listed(*rows)) as (url, _seen):
        done = academy_ops("jobs", "--failed", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
        every = academy_ops("jobs", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
    assert [one["job_id"] for one in json.loads(done.stdout)["uploads"]] == [
        "failed",
        "bad",
        "done-and-failed",
        "nothing-left",
    ]
    assert len(json.loads(every.stdout)["uploads"]) == 8


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_each_upload_has_one_line_of_80_columns_and_says_when_all_was_rejected(lang: str, tmp_path: Path) -> None:
    ids = [f"{number}{UUID[1:]}" for number in range(3)]
    states = ("DONE", "REVIEW_REQUIRED", "REJECTED_BAD_INPUT")
    rows = [row(one, state, created=0, rejected=3) for one, state in zip(ids, states, strict=True)]
    with server(listed(*rows)) as (url, _seen):
        environ = {"ACADEMY_API_URL": url, "ACADEMY_TENANT_CODE": "school", "COLUMNS": "80", "ACADEMY_OPS_LANG": lang}
        table = academy_ops("jobs", cwd=tmp_path, **environ).stdout
        shown = academy_ops("diagnose", "--skip", "access", cwd=tmp_path, **environ).stdout
    for text, there in ((table, ids), (shown, [ids[0], ids[2]])):
        lines = [line for line in text.splitlines() if UUID[1:] in line and "diagnose" not in line]
        assert [next(one for one in ids if one in line) for line in lines] == there
        assert all("school" in line and states[ids.index(one)] in line for line, one in zip(lines, there, strict=True))
        assert {"en": "DONE, all rejected", "ko": "DONE, 모두 거부됨"}[lang] in lines[0]


def test_a_list_that_takes_no_limit_and_is_in_no_order_is_read_as_it_comes(tmp_path: Path) -> None:
    rows = [row(f"job-{number}", "DONE", created_at=f"2999-01-0{number}T00:00:00Z") for number in (2, 3, 1)]
    with server(listed(*rows)) as (url, seen):
        done = academy_ops("jobs", "-o", "json", "--limit", "2", cwd=tmp_path, ACADEMY_API_URL=url)
    result = json.loads(done.stdout)
    assert ([one["job_id"] for one in result["uploads"]], result["more"]) == (["job-3", "job-2"], True)
    assert len(seen) <= 2


def test_with_nothing_to_read_it_is_undetermined(tmp_path: Path) -> None:
    done = academy_ops("jobs", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "ACADEMY_API_URL is not set" in done.stderr
    assert "R2_ENDPOINT is not set" in done.stderr


@pytest.mark.parametrize("since", ["", "0m", "20", "-5m", "200d", "1w"])
def test_a_time_that_is_none_is_refused(since: str, tmp_path: Path) -> None:
    assert academy_ops("jobs", "--since", since, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("code", ["a\nb", "a\tb", "a b", "a/b", "a\x07b", "x" * 65])
def test_what_is_no_schools_code_is_refused_and_no_token_is_blamed(code: str) -> None:
    with pytest.raises(RefusedError, match="--tenant value"):
        tenant_asked(code)


def test_a_schools_code_is_taken_as_it_was_pasted() -> None:
    codes = {None: None, "": None, "  ": None, " haneul\n": "haneul", "하늘학원": "하늘학원", "a-b_1": "a-b_1"}
    assert {code: tenant_asked(code) for code in codes} == codes


@pytest.mark.parametrize(
    ("tenant", "said"), [("other", "gives no access to school other"), ("own", "credentials rejected")]
)
def test_a_token_of_another_school_is_not_told_as_a_wrong_one(tenant: str, said: str, tmp_path: Path) -> None:
    with server(listed(status=403)) as (url, _seen):
        settings = {"ACADEMY_API_URL": url, "ACADEMY_API_TOKEN": "t", "ACADEMY_TENANT_CODE": "own"}
        done = academy_ops("jobs", "--tenant", tenant, cwd=tmp_path, **settings)
    assert said in done.stderr


@contextmanager
def without_a_list() -> Iterator[dict[str, str]]:
    """The lab's API as production has it: jobs by their ids, and no list of them."""
    with server(listed(status=404)) as (url, _seen):
        yield {"ACADEMY_API_URL": url}


def test_without_a_list_the_bucket_and_the_logs_tell(lab: Lab) -> None:
    job = lab.ended(lab.upload())
    with without_a_list() as environ:
        done = lab.tool("jobs", "--since", "1h", "-o", "json", **environ)
        other = lab.tool("jobs", "--tenant", "nobody", "-o", "json", **environ)
        shown = lab.tool("jobs", **environ)
    result = next(one for one in json.loads(done.stdout)["uploads"] if one["job_id"] == job)
    assert (result["tenant"], result["status"], result["seen"], result["failed"]) == (
        "lab",
        "DONE",
        ["bucket", "log"],
        False,
    )
    assert json.loads(other.stdout)["uploads"] == []
    assert f"diagnose {job}" in shown.stdout
    assert "no list of jobs" in shown.stderr


def test_a_job_whose_file_the_api_does_not_name_has_it_by_its_workers_line(lab: Lab) -> None:
    job = lab.ended(lab.upload())
    with server(lambda handler: respond(handler, 200, json.dumps({"job_id": job, "status": "DONE"}).encode())) as (
        url,
        _,
    ):
        done = lab.tool("check", "excel", "--job", job, "-o", "json", ACADEMY_API_URL=url)
    assert json.loads(done.stdout)["file"].startswith("excel/lab/"), done.stderr


def test_from_a_school_s_call_to_the_cause_in_two_commands(lab: Lab) -> None:
    job = lab.break_fault("excel-phone-invalid")
    assert job
    lab.ended(job)
    shown = lab.tool("jobs", "--since", "30m", "--tenant", "lab", "--failed")
    assert (shown.returncode, shown.stderr) == (0, "")
    command = next(line for line in shown.stdout.splitlines() if " diagnose " in line).split()
    assert command[-1] == job
    assert lab.diagnose(job).short == (1, "faulty", "excel-phone-invalid")


def test_a_diagnosis_without_a_job_names_the_last_one_that_failed_and_how_to_go_on(lab: Lab) -> None:
    job = lab.break_fault("excel-phone-invalid")
    assert job
    lab.ended(job)
    result = lab.diagnose()
    assert "No upload was checked" in result.verdict["summary"]
    recent = result.findings("job")[0]["evidence"]["recent"]
    assert (recent[0]["job_id"], recent[0]["status"], recent[0]["tenant"]) == (job, "DONE", "lab")
    shown = lab.tool("diagnose").stdout
    assert f"diagnose {job}\n" in shown
    assert "jobs --since 1h\n" in shown
    lab.break_fault("proxy-upstream-down")
    (job_finding,) = lab.diagnose().findings("job")
    # The bucket does not tell which of them failed, or wait.
    assert "recent" not in job_finding["evidence"]
    assert {row["status"] for row in job_finding["evidence"]["latest"]} == {None}
    shown = lab.tool("diagnose", ACADEMY_OPS_LANG="en").stdout
    assert ("latest uploads" in shown, "all rejected" in shown, "?  ?" in shown) == (True, False, False)


def test_logs_of_a_school_and_of_what_failed(lab: Lab) -> None:
    good, bad = lab.ended(lab.upload()), lab.break_fault("excel-header-missing")
    assert bad
    lab.ended(bad)
    failed = lab.tool("logs", "--failed", "--since", "1h").stdout
    assert bad in failed
    assert good not in failed
    mine = lab.tool("logs", "--tenant", "lab", "--since", "1h").stdout
    assert good in mine
    assert bad in mine
    assert lab.tool("logs", "--tenant", "nobody", "--since", "1h").stdout == ""
    picked = lab.tool("logs", "--text", "sqs_job_completed", "--since", "1h").stdout
    assert all("SQS_JOB_COMPLETED" in line for line in picked.splitlines())
    assert good in picked


def test_logs_of_a_job_that_nobody_knows_say_so(lab: Lab) -> None:
    done = lab.tool("logs", "--job", UUID)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(f"has no job {UUID}", done.stderr)
    known = lab.ended(lab.upload())  # the workers of earlier ones may be gone
    with without_a_list() as environ:
        assert lab.tool("logs", "--job", known, "--since", "1h", **environ).returncode == 0


@pytest.mark.parametrize(
    ("since", "seconds"), [("20m", 1200), ("20분", 1200), ("90초", 90), ("2 시간", 7200), ("3일", 259200), ("1h", 3600)]
)
def test_a_time_may_be_typed_in_korean(since: str, seconds: int) -> None:
    assert seconds_back(since) == seconds


@pytest.mark.parametrize("since", ["20", "분", "0분", "20분 3", "20간"])
def test_what_is_no_time_is_refused(since: str) -> None:
    with pytest.raises(RefusedError):
        seconds_back(since)
