"""How often a caller may try."""

import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import HTTPException
from redis import Redis

from academy_ops.academy import sample_workbooks
from academy_ops.academy.redis_counts import AGAIN_SECONDS
from academy_ops.academy.throttle import WRONG_TOKENS, Throttle
from academy_ops.contract import JOBS_PATH, STUDENTS_PATH
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TOKEN, Academy, new_academy, redis_server
from tests.wire import NO_TLS, ask

pytestmark = pytest.mark.xdist_group("api")
WORKBOOK = sample_workbooks.students(1)
OTHER_TOKEN = "token-of-another-school"


@pytest.fixture
def api(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """An API that has counted nothing yet, and takes three uploads of a school in a minute."""
    folder = tmp_path_factory.mktemp("throttle")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start_api("--uploads-per-minute", "3")
        yield academy


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Service]:
    """A real Redis."""
    with redis_server(tmp_path_factory.mktemp("redis")) as service:
        if service is None:
            pytest.skip("no redis-server here")
        yield service


@pytest.fixture
def redis_url(redis: processes.Service) -> str:
    """The address of a Redis that holds nothing."""
    url = f"redis://127.0.0.1:{redis.port}"
    with Redis.from_url(url) as client:
        client.flushall()
    return url


def refused(call: Callable[[str], None], key: str) -> bool:
    try:
        call(key)
    except HTTPException as error:
        return error.status_code == 429
    return False


def signed_in(api: Academy, token: str, address: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
    return ask("GET", api.url + STUDENTS_PATH, headers=headers)


def test_who_tries_too_many_tokens_must_wait_and_nobody_else_must(api: Academy) -> None:
    tried = [signed_in(api, f"guess-{number}", "192.0.2.1").status_code for number in range(61)]
    assert tried == [401] * 60 + [429]
    refused = signed_in(api, TOKEN, "192.0.2.1")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert f"{refused.headers['Retry-After']}초 뒤에 다시" in refused.json()["detail"]
    assert signed_in(api, TOKEN, "192.0.2.2").status_code == 200


def test_who_sends_no_token_at_all_is_told_so_each_time(api: Academy) -> None:
    with httpx.Client(timeout=10, verify=NO_TLS, trust_env=False) as client:
        assert {client.get(f"{api.url}{JOBS_PATH}x/").status_code for _ in range(61)} == {401}


def test_a_school_that_uploads_too_often_must_wait_and_no_other_must(api: Academy) -> None:
    api.open_store().add_token(OTHER_TOKEN, "other")
    answers = [api.post(WORKBOOK) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert "Retry-After" in answers[-1].headers
    other = {"Authorization": f"Bearer {OTHER_TOKEN}", "X-Tenant-Code": "other"}
    assert api.post(WORKBOOK, **other).status_code == 202


def test_two_api_processes_count_together_in_one_redis(
    aws: str, storage: Storage, tmp_path: Path, redis_url: str, compared: Callable[[int], None]
) -> None:
    for academy in new_academy(aws, storage, tmp_path, f"sqlite:///{tmp_path / 'academy.sqlite3'}"):
        academy.make_queue()
        urls = []
        for _ in range(2):
            academy.start_api("--uploads-per-minute", "3", REDIS_URL=redis_url)
            urls.append(academy.url)
        codes = []
        for number in range(5):
            academy.url = urls[number % 2]
            codes.append(academy.post(WORKBOOK).status_code)
        assert codes == [202, 202, 202, 429, 429]
        for number in range(WRONG_TOKENS):
            academy.url = urls[number % 2]
            assert signed_in(academy, f"guess-{number}", "192.0.2.1").status_code == 401
        for academy.url in urls:
            refused = signed_in(academy, TOKEN, "192.0.2.1")
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert signed_in(academy, TOKEN, "192.0.2.2").status_code == 200
    compared(len(codes) + WRONG_TOKENS + len(urls))


def test_redis_counts_as_a_process_does_and_forgets_what_is_a_minute_old_or_ahead_of_its_clock(redis_url: str) -> None:
    alone, shared, other = Throttle(2), Throttle(2, redis_url), Throttle(2, redis_url)
    tried = ["a", "a", "b", "a", "b", "b"]
    assert [refused(shared.upload, one) for one in tried] == [refused(alone.upload, one) for one in tried]
    assert refused(other.upload, "a")
    assert not refused(other.may_sign_in, "a"), "uploads are no wrong tokens"
    with Redis.from_url(redis_url) as client:
        (seconds, micros), key = client.time(), "academy:upload:a"
        now = seconds * 1_000_000 + micros
        assert 0 < client.pttl(key) <= 60_000
        for age in (60_000_001, -3_600_000_000):
            client.delete(key)
            client.zadd(key, {str(number): now - age + number for number in range(2)})
            assert not refused(shared.upload, "a"), age
            assert client.zcard(key) == 1


def test_while_redis_is_away_each_counts_for_itself_and_says_so_once(
    redis: processes.Service, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1000.0]
    throttle = Throttle(2, redis_url, clock=lambda: now[0])
    assert not refused(throttle.upload, "c")
    redis.stop()
    with caplog.at_level(logging.WARNING, "academy.throttle"):
        assert [refused(throttle.upload, "c") for _ in range(3)] == [False, False, True]
        now[0] += AGAIN_SECONDS
        with socket.create_server(("127.0.0.1", redis.port)):  # accepts, and never answers
            assert refused(throttle.upload, "c")
        redis.start()
        redis.wait_ready(redis.listening)
        assert refused(throttle.upload, "c"), "not asked yet"
        now[0] += AGAIN_SECONDS
        assert not refused(throttle.upload, "c"), "it has forgotten"
    assert caplog.messages == [
        "Redis: ConnectionError; each process counts for itself until it answers",
        "Redis answers again",
    ]
