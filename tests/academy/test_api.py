"""The API over real HTTP, as a browser and an operator meet it."""

import json
import re
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from academy_ops.academy import sample_workbooks
from academy_ops.contract import (
    HEALTH_PATH,
    HEALTHZ_PATH,
    JOBS_PATH,
    MAX_UPLOAD_BYTES,
    STUDENTS_OF_JOB,
    STUDENTS_PATH,
    TENANT_HEADER,
    UPLOAD_PATH,
)
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TENANT, TOKEN, Academy, new_academy
from tests.wire import ask

OTHER_TOKEN = "token-of-another-hakwon"
PASSWORD = "비밀번호-4711-nowhere"
KOREAN = re.compile(r"[가-힣]")
pytestmark = pytest.mark.xdist_group("api")  # one API for all of them
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WORKBOOK = sample_workbooks.students(2)


@pytest.fixture(scope="module")
def api(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """An academy whose API runs, with a second tenant."""
    folder = tmp_path_factory.mktemp("api")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start_api()
        academy.open_store().add_token(OTHER_TOKEN, "other")
        yield academy


def count_jobs(academy: Academy) -> int:
    engine = sa.create_engine(academy.env["DATABASE_URL"])
    with engine.connect() as connection:
        number: int = connection.scalar(sa.text("SELECT count(*) FROM job")) or 0
    engine.dispose()
    return number


def objects(academy: Academy) -> set[str]:
    listing = academy.r2.list_objects_v2(Bucket=academy.bucket)
    return {one["Key"] for one in listing.get("Contents", [])}


def messages(academy: Academy) -> list[dict[str, Any]]:
    """Take what is in the queue, as a worker would see it."""
    url = academy.sqs.get_queue_url(QueueName=academy.queue)["QueueUrl"]
    found: list[dict[str, Any]] = []
    while batch := academy.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        found += [json.loads(one["Body"]) for one in batch]
    return found


def post(academy: Academy, headers: dict[str, str] | None = None, **request: Any) -> httpx.Response:
    url = academy.url + UPLOAD_PATH
    return ask("POST", url, headers=BEARER if headers is None else headers, **request)


def detail(answer: httpx.Response) -> str:
    """Return the one sentence that a refusal carries."""
    body = answer.json()
    assert list(body) == ["detail"]
    assert KOREAN.search(body["detail"])
    return str(body["detail"])


def test_an_upload_is_accepted_with_the_job_s_id_and_nothing_else(api: Academy) -> None:
    answer = api.post(WORKBOOK)
    assert answer.status_code == httpx.codes.ACCEPTED
    job_id = answer.json()["job_id"]
    assert answer.json() == {"job_id": str(uuid.UUID(job_id)), "status": "PENDING"}


def test_the_workbook_is_put_in_r2_and_the_job_in_the_queue(api: Academy) -> None:
    job_id = api.upload(WORKBOOK)
    document = api.job(job_id).json()
    key = document["file_key"]
    assert re.fullmatch(rf"excel/{TENANT}/[0-9a-f]{{32}}\.xlsx", key)
    assert api.r2.get_object(Bucket=api.bucket, Key=key)["Body"].read() == WORKBOOK
    (message,) = [one for one in messages(api) if one["job_id"] == job_id]
    assert message == {
        "job_id": job_id,
        "job_type": "excel_parsing",
        "tier": "basic",
        "payload": {"file_key": key, "bucket": api.bucket},
        "tenant_id": TENANT,
        "created_at": document["created_at"],
        "attempt": 1,
    }


def test_a_new_job_is_shown_with_every_field(api: Academy) -> None:
    document = api.job(api.upload(WORKBOOK)).json()
    times = [datetime.fromisoformat(document.pop(name)) for name in ("created_at", "updated_at")]
    assert all(time.utcoffset() == UTC.utcoffset(None) for time in times)
    assert document.pop("job_id")
    assert document.pop("file_key")
    assert document == {
        "job_type": "excel_parsing",
        "status": "PENDING",
        "result": None,
        "error_message": None,
        "progress": None,
    }


def test_the_tenant_header_may_be_left_out(api: Academy) -> None:
    answer = post(api, files={"file": ("a.xlsx", WORKBOOK)}, data={"initial_password": "1234"})
    assert answer.status_code == httpx.codes.ACCEPTED


def test_a_file_of_exactly_ten_mebibytes_is_taken(api: Academy) -> None:
    content = WORKBOOK.ljust(MAX_UPLOAD_BYTES, b"\0")
    assert api.post(content).status_code == httpx.codes.ACCEPTED


@pytest.mark.parametrize(
    ("name", "content", "password", "says"),
    [
        ("a.xls", WORKBOOK, "1234", "xlsx"),
        ("a.csv", WORKBOOK, "1234", "xlsx"),
        ("xlsx", WORKBOOK, "1234", "xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "1234", "xlsx"),
        ("a.xlsx", "이름,학부모전화번호\n".encode(), "1234", "xlsx"),
        ("a.xlsx", b"", "1234", "빈 파일"),
        ("a.xlsx", WORKBOOK, "123", "비밀번호"),
        ("a.xlsx", WORKBOOK, "  123  ", "비밀번호"),
        ("a.xlsx", WORKBOOK, "", "비밀번호"),
    ],
    ids=["xls", "csv", "no suffix", "xls inside", "csv inside", "empty", "short", "short when trimmed", "blank"],
)
def test_what_can_t_be_used_is_refused(api: Academy, name: str, content: bytes, password: str, says: str) -> None:
    before = count_jobs(api), objects(api)
    answer = api.post(content, name=name, password=password)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert says in detail(answer)
    assert (count_jobs(api), objects(api)) == before


def test_an_upper_case_suffix_is_one(api: Academy) -> None:
    assert api.post(WORKBOOK, name="학생 명단.XLSX").status_code == httpx.codes.ACCEPTED


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"initial_password": "1234"}},
        {"data": {"initial_password": "1234", "file": "a.xlsx"}},
        {"files": {"file": ("a.xlsx", WORKBOOK)}},
        {"files": [("file", ("a.xlsx", WORKBOOK)), ("file", ("b.xlsx", WORKBOOK))], "data": {"initial_password": "1"}},
        {"files": {"file": ("a.xlsx", WORKBOOK), "initial_password": ("b.txt", b"1234")}},
        {"json": {"initial_password": "1234"}},
        {"content": b"--x\r\n", "headers": BEARER | {"Content-Type": "multipart/form-data; boundary=y"}},
        {"content": b"", "headers": BEARER | {"Content-Type": "multipart/form-data"}},
        {},
    ],
    ids=[
        "no file",
        "file as text",
        "no password",
        "two files",
        "password as file",
        "json",
        "broken",
        "no boundary",
        "nothing",
    ],
)
def test_a_form_that_lacks_something_is_refused(api: Academy, request_: dict[str, Any]) -> None:
    answer = post(api, **request_)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    detail(answer)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer", TOKEN])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_token_that_is_known_nothing_is_told(api: Academy, method: str, authorization: str | None) -> None:
    path = UPLOAD_PATH if method == "POST" else f"{JOBS_PATH}{uuid.uuid4()}/"
    headers = {"Authorization": authorization} if authorization else {}
    answer = ask(method, api.url + path, headers=headers)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    detail(answer)


def test_a_token_of_one_tenant_can_t_speak_for_another(api: Academy) -> None:
    answer = api.post(WORKBOOK, **{TENANT_HEADER: "other"})
    assert answer.status_code == httpx.codes.FORBIDDEN
    detail(answer)


def test_one_byte_too_many_is_too_large(api: Academy) -> None:
    before = objects(api)
    answer = api.post(WORKBOOK.ljust(MAX_UPLOAD_BYTES + 1, b"\0"))
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert "10MB" in detail(answer)
    assert objects(api) == before


def test_an_endless_upload_is_cut_off(api: Academy) -> None:
    """No Content-Length says how much would come."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\nPK\x03\x04'
        while sent < 40 * MAX_UPLOAD_BYTES:
            sent += 1 << 18
            yield b"\0" * (1 << 18)

    answer = post(api, {**BEARER, "Content-Type": "multipart/form-data; boundary=x"}, content=endless())
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    detail(answer)
    assert sent < 10 * MAX_UPLOAD_BYTES


def test_an_upload_whose_sender_goes_away_in_the_middle_leaves_nothing(api: Academy) -> None:
    jobs, files = count_jobs(api), objects(api)
    request = httpx.Request(
        "POST",
        api.url + UPLOAD_PATH,
        files={"file": ("a.xlsx", WORKBOOK)},
        data={"initial_password": PASSWORD},
        headers=BEARER,
    )
    host, port = request.url.host, request.url.port
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((host, port), timeout=10) as sender:
        sender.sendall(f"POST {UPLOAD_PATH} HTTP/1.1\r\n{head}\r\n".encode() + request.read()[:-100])
    assert api.upload(WORKBOOK)  # the next is taken as ever
    assert (count_jobs(api), len(objects(api))) == (jobs + 1, len(files) + 1)
    assert "Traceback" not in api.log()


def test_an_upload_without_a_token_is_not_read(api: Academy) -> None:
    answer = api.post(WORKBOOK.ljust(MAX_UPLOAD_BYTES, b"\0"), Authorization="Bearer wrong")
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_another_tenant_s_job_looks_like_one_that_does_not_exist(api: Academy) -> None:
    mine = api.upload(WORKBOOK)
    theirs, unknown = api.job(mine, OTHER_TOKEN), api.job(str(uuid.uuid4()))
    assert theirs.status_code == unknown.status_code == httpx.codes.NOT_FOUND
    assert detail(theirs) == detail(unknown)


@pytest.mark.parametrize(
    "job_id", ["x", "1", "x" * 64, "%00", "%F0%9F", "' OR 1=1 --", "g" * 36, "0abec0d-7b93-49b9-aebc-3d80b320d973"]
)
def test_a_malformed_id_is_no_job(api: Academy, job_id: str) -> None:
    answer = api.job(job_id)
    assert answer.status_code == httpx.codes.NOT_FOUND
    detail(answer)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing/", 404), ("GET", UPLOAD_PATH, 405)])
def test_every_other_error_carries_a_detail_too(api: Academy, method: str, path: str, status: int) -> None:
    answer = ask(method, api.url + path, headers=BEARER)
    assert answer.status_code == status
    detail(answer)


def test_openapi_tells_both_paths_and_their_answers(api: Academy) -> None:
    document = ask("GET", f"{api.url}/openapi.json").json()
    upload = document["paths"][UPLOAD_PATH]["post"]["responses"]
    status = document["paths"][f"{JOBS_PATH}{{job_id}}/"]["get"]["responses"]
    assert set(upload) >= {"202", "400", "401", "403", "413", "500"}
    assert set(status) >= {"200", "401", "403", "404"}
    assert {HEALTH_PATH, HEALTHZ_PATH} <= set(document["paths"])


def test_neither_token_nor_password_is_kept_anywhere(api: Academy) -> None:
    answer = api.post(WORKBOOK, password=PASSWORD)
    assert answer.status_code == httpx.codes.ACCEPTED
    ask("GET", f"{api.url}{HEALTHZ_PATH}?token={TOKEN}")
    assert api.logged(f"GET {HEALTHZ_PATH}")
    kept = b"".join(path.read_bytes() for path in api.folder.rglob("*") if path.is_file() and is_kept(path))
    assert answer.json()["job_id"].encode() in kept
    assert TOKEN.encode() not in kept
    assert PASSWORD.encode() not in kept
    assert PASSWORD not in json.dumps(messages(api), ensure_ascii=False)


def is_kept(path: Path) -> bool:
    return path.suffix == ".log" or ".sqlite3" in path.name


def test_the_students_of_a_job_are_taken_back_by_its_own_tenant_only(api: Academy) -> None:
    job_id = post(api, files={"file": ("a.xlsx", WORKBOOK)}, data={"initial_password": PASSWORD}).json()["job_id"]
    store = api.open_store()
    job = store.claim(job_id)
    assert job is not None
    store.finish(job, [{"name": "김하나", "parent_phone": "01000000001"}], [], "worker")
    url = f"{api.url}{JOBS_PATH}{job_id}/{STUDENTS_OF_JOB}"
    other = {"Authorization": f"Bearer {OTHER_TOKEN}"}
    answers = [ask("DELETE", url, headers=headers) for headers in ({}, other, BEARER, BEARER)]
    assert [answer.status_code for answer in answers] == [401, 404, 200, 200]
    assert [answer.json() for answer in answers[2:]] == [{"deleted": 1}, {"deleted": 0}]
    assert job.file_key not in objects(api)


def test_a_tenant_sees_its_own_students_a_page_at_a_time(api: Academy) -> None:
    store = api.open_store()
    for tenant, count in (("paged", 3), ("paged-too", 1)):
        store.add_token(f"token-of-{tenant}", tenant)
        job = store.claim(store.add_job(tenant, "excel/a.xlsx", "$argon2id$…").id)
        assert job is not None
        rows = [{"name": f"100%학생{number}", "parent_phone": f"0100000000{number}"} for number in range(count)]
        store.finish(job, rows, [], "worker")

    def page(**query: str | int) -> Any:
        bearer = {"Authorization": "Bearer token-of-paged"}
        url = api.url + STUDENTS_PATH
        return ask("GET", url, headers=bearer, params=query).json()

    assert [one["name"] for one in page()["results"]] == ["100%학생2", "100%학생1", "100%학생0"]
    assert [one["name"] for one in page(limit=1, offset=1)["results"]] == ["100%학생1"]
    assert (page(search="학생1")["count"], page(search="%생1")["count"], page(search="_")["count"]) == (1, 0, 0)
    assert "detail" in page(limit=0)
    assert "password_hash" not in page()["results"][0]
    assert ask("GET", api.url + STUDENTS_PATH).status_code == 401


def test_a_tenant_sees_its_own_jobs_newest_first_by_state_and_time(api: Academy) -> None:
    store = api.open_store()
    store.add_token("token-of-listed", "listed")
    store.add_job("listed-too", "excel/listed-too/a.xlsx", "$argon2id$…")
    made = [store.add_job("listed", f"excel/listed/{number}.xlsx", "$argon2id$…") for number in range(3)]
    taken = [job for one in made[:2] if (job := store.claim(one.id))]
    store.fail(taken[0], "학생 행이 없습니다.")
    rejected = [{"row": 9, "name": "김두리", "error": "전화번호"}]
    store.finish(taken[1], [{"name": "김하나", "parent_phone": "01000000001"}], rejected, "worker")

    def page(token: str = "token-of-listed", **query: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token}"}
        return ask("GET", api.url + JOBS_PATH, headers=bearer, params=query)

    def ids(**query: Any) -> list[str]:
        return [one["job_id"] for one in page(**query).json()["results"]]

    newest = [job.id for job in reversed(made)]
    assert ids() == newest
    assert (ids(limit=1, offset=1), page(limit=1).json()["count"]) == (newest[1:2], 3)
    assert ids(status="FAILED") == [made[0].id]
    assert ids(status=["FAILED", "PENDING"]) == [made[2].id, made[0].id]
    middle = made[1].created_at.isoformat()
    assert (ids(since=middle), ids(until=middle)) == (newest[:2], newest[2:])
    done = page(status="DONE").json()["results"][0]
    assert (done["created"], done["rejected"], done["duplicates"]) == (1, 1, 0)
    assert "result" not in done
    assert "password_hash" not in done
    other = api.upload(WORKBOOK)
    others = {one["job_id"] for one in page(TOKEN, limit=500).json()["results"]}
    assert (other in others, others & set(newest)) == (True, set())
    assert ask("GET", api.url + JOBS_PATH).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "2026-02-30T00:00:00Z"},
        {"since": "2026-01-01"},
        {"since": "0.5"},
        {"status": "LOST"},
        {"limit": "501"},
        {"offset": "-1"},
    ],
)
def test_a_list_that_can_t_be_asked_for_is_refused(api: Academy, query: dict[str, str]) -> None:
    answer = ask("GET", api.url + JOBS_PATH, headers=BEARER, params=query)
    assert (answer.status_code, list(answer.json())) == (httpx.codes.BAD_REQUEST, ["detail"])
