"""What a stranger sends to the API: refused with a sentence before anything is stored; nobody else waits for it."""

import asyncio
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn

from academy_ops.academy.api import MOST_CONNECTIONS
from academy_ops.academy.header_timeout import HeaderTimeout
from academy_ops.academy.middleware import WholeBody
from academy_ops.academy.throttle import MOST_COUNTED, WRONG_TOKENS, Throttle
from academy_ops.contract import HEALTH_PATH, HEALTHZ_PATH, JOBS_PATH, REJECTED_OF_JOB, STUDENTS_PATH, UPLOAD_PATH
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TENANT, TOKEN, Academy, new_academy
from tests.hostile.requests import REFUSED, form
from tests.wire import NO_TLS, ask

pytestmark = pytest.mark.xdist_group("stranger")  # one API for all of them
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def api(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """An academy whose API runs."""
    folder = tmp_path_factory.mktemp("stranger")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start_api("--uploads-per-minute", "100000")
        assert processes.until(lambda: academy.answers(HEALTH_PATH), 30)  # noqa: B023 - there is one
        yield academy


def post(api: Academy, content: bytes, content_type: str = "multipart/form-data; boundary=B") -> httpx.Response:
    headers = {**BEARER, "Content-Type": content_type}
    return ask("POST", api.url + UPLOAD_PATH, content=content, headers=headers)


def get(api: Academy, path: str, **query: Any) -> httpx.Response:
    return ask("GET", api.url + path, params=query, headers=BEARER)


def stored(api: Academy) -> tuple[int, int]:
    """Count the objects in R2 and the jobs."""
    engine = sa.create_engine(api.env["DATABASE_URL"])
    with engine.connect() as connection:
        jobs = connection.scalar(sa.text("SELECT count(*) FROM job")) or 0
    engine.dispose()
    prefix = f"excel/{TENANT}/"
    return api.r2.list_objects_v2(Bucket=api.bucket, Prefix=prefix).get("KeyCount", 0), jobs


def test_a_form_that_is_not_of_its_form_is_refused_before_anything_is_stored(
    api: Academy, compared: Callable[[int], None]
) -> None:
    before = stored(api)
    for name, (content, content_type) in REFUSED.items():
        answer = post(api, content, content_type)
        assert answer.status_code == httpx.codes.BAD_REQUEST, (name, answer.text)
        assert list(answer.json()) == ["detail"], name
    assert stored(api) == before
    compared(len(REFUSED))


@pytest.mark.parametrize(
    ("password", "content_type"),
    [
        pytest.param("비밀번호-4711".encode(), "multipart/form-data; boundary=B", id="korean"),
        pytest.param(b"1234", "multipart/form-data; boundary=B; charset=UTF-8", id="its charset said"),
        pytest.param(b"1234", 'Multipart/Form-Data; boundary="B"', id="quoted"),
        pytest.param(b"a" * 128, "multipart/form-data; boundary=B", id="128 letters"),
    ],
)
def test_a_form_as_browsers_and_libraries_send_it_is_taken(api: Academy, password: bytes, content_type: str) -> None:
    assert post(api, form(password), content_type).status_code == httpx.codes.ACCEPTED


def test_what_is_searched_for_is_bounded(api: Academy) -> None:
    for search in ("_" * 30_000, "%" * 101, "a\x00b", "\x00"):
        assert get(api, STUDENTS_PATH, search=search).status_code == httpx.codes.BAD_REQUEST, search[:9]
    for search in ("_" * 100, "%_\\'", "한빛", "\ud55c\u200b"):
        assert get(api, STUDENTS_PATH, search=search).json() == {"count": 0, "results": []}


def test_no_answer_leads_to_where_the_client_says(api: Academy) -> None:
    for path in (STUDENTS_PATH[:-1], f"{JOBS_PATH}{uuid.uuid4()}", "//elsewhere.example", f"{HEALTHZ_PATH}/"):
        headers = {**BEARER, "Host": "elsewhere.example", "X-Forwarded-Proto": "http"}
        answer = ask("GET", api.url + path, headers=headers)
        assert (answer.status_code, "location" in answer.headers) == (404, False), path


def test_a_job_shows_the_first_hundred_rejected_rows_and_gives_the_others_by_page(api: Academy) -> None:
    store = api.open_store()
    rows = [{"row": number, "name": "가", "error": "학부모 전화번호"} for number in range(2, 252)]
    job_id = store.add_job(TENANT, "excel/x/y.xlsx", "hash").id
    job = store.claim(job_id)
    assert job is not None
    store.finish(job, [], rows, "worker")
    result = get(api, f"{JOBS_PATH}{job_id}/").json()["result"]
    assert (result["rejected"], result["total"], result["failed"]) == (250, 250, rows[:100])
    path = f"{JOBS_PATH}{job_id}/{REJECTED_OF_JOB}"
    assert get(api, path).json() == {"count": 250, "results": rows[:100]}
    assert get(api, path, offset=50).json()["results"] == rows[50:150]
    assert get(api, path, offset=200).json()["results"] == rows[200:]
    assert get(api, path, offset=250).json() == {"count": 250, "results": []}
    assert get(api, path, offset=-1).status_code == get(api, path, limit=101).status_code == 400
    store.add_token("another", "other")
    other = {"Authorization": "Bearer another"}
    assert ask("GET", api.url + path, headers=other).status_code == 404


def test_a_job_of_before_with_too_many_rows_is_shown_within_bounds(api: Academy) -> None:
    job = api.open_store().add_job(TENANT, "excel/x/y.xlsx", "hash")
    engine = sa.create_engine(api.env["DATABASE_URL"])
    with engine.begin() as connection:
        former = '{"created": 0, "total": 9000, "failed": [' + ", ".join(['{"row": 2, "error": "x"}'] * 9000) + "]}"
        connection.execute(sa.text("UPDATE job SET result = :r WHERE id = :i"), {"r": former, "i": job.id})
    engine.dispose()
    result = get(api, f"{JOBS_PATH}{job.id}/").json()["result"]
    assert (result["rejected"], len(result["failed"])) == (9000, 100)
    assert get(api, f"{JOBS_PATH}{job.id}/{REJECTED_OF_JOB}", offset=8950).json()["count"] == 9000


def test_more_connections_than_it_has_are_refused_and_it_goes_on(api: Academy) -> None:
    host, port = api.url.removeprefix("http://").split(":")

    def healthy() -> int:
        return ask("GET", api.url + HEALTHZ_PATH).status_code

    with ExitStack() as open_ones:
        for _ in range(MOST_CONNECTIONS):
            open_ones.enter_context(socket.create_connection((host, int(port)), timeout=20))
        assert processes.until(lambda: healthy() == httpx.codes.SERVICE_UNAVAILABLE, 5)
    assert processes.until(lambda: healthy() == httpx.codes.OK, 20)


class Hasty(HeaderTimeout):
    header_seconds = 0.5


async def answers(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_who_sends_no_head_is_cut_off_also_behind_an_answer_and_nobody_else_is() -> None:
    port = processes.free_ports(1)[0]
    config = uvicorn.Config(answers, port=port, http=Hasty, log_config=None, lifespan="off", timeout_keep_alive=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert processes.until(lambda: server.started, 20)
    whole, half = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
    with ExitStack() as open_ones:
        for begun, answered in ((b"", 0), (b"GET / HT", 0), (half, 0), (whole + half, 1), (whole + whole + b"G", 2)):
            one = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            one.sendall(begun)
            found = b"".join(iter(lambda one=one: one.recv(4096), b""))  # type: ignore[misc] # a loop's own name
            assert found.count(b"204 No Content") == answered
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=NO_TLS, trust_env=False) as client:
        assert {client.get("/").status_code for _ in range(3)} == {204}
    server.should_exit = True
    thread.join(10)


def test_who_drips_a_body_counts_as_gone_and_nothing_is_stored() -> None:
    async def upload(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        found.append(message["type"])
        await answers(scope, receive, send)

    async def dripping() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def sent(message: dict[str, Any]) -> None:
        found.append(message.get("headers"))

    found: list[Any] = []
    body: Any = WholeBody(upload, seconds=0.2)
    asyncio.run(body({"type": "http"}, dripping, sent))
    assert found[:2] == ["http.disconnect", [(b"connection", b"close")]]


def test_the_throttle_goes_by_no_clock_that_can_be_set_and_forgets_the_quietest(
    compared: Callable[[int], None],
) -> None:
    now = [1000.0]
    throttle = Throttle(2, clock=lambda: now[0])
    throttle.upload(TENANT)
    throttle.upload(TENANT)
    with pytest.raises(Exception, match="60초 뒤에"):
        throttle.upload(TENANT)
    now[0] += 60.0
    throttle.upload(TENANT)
    for number in range(MOST_COUNTED + 1):
        throttle.wrong_token(f"192.0.2.{number}")
    for _ in range(WRONG_TOKENS):
        throttle.wrong_token("198.51.100.1")
    with pytest.raises(Exception, match="너무 여러 번"):
        throttle.may_sign_in("198.51.100.1")
    throttle.may_sign_in("192.0.2.0")
    compared(MOST_COUNTED)
