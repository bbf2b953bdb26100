"""The API in trouble: without R2, without its database, and told to stop."""

import uuid

import httpx
import pytest
import sqlalchemy as sa

from academy_ops.academy import sample_workbooks
from academy_ops.contract import HEALTH_PATH, HEALTHZ_PATH
from academy_ops.lab import processes
from tests.academy.conftest import SECONDS, Academy
from tests.academy.test_api import count_jobs, detail
from tests.wire import ask

WORKBOOK = sample_workbooks.students(2)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"R2_SECRET_KEY": "0" * 64}, "SignatureDoesNotMatch"),
        ({"R2_EXCEL_BUCKET": "no-such-bucket"}, "NoSuchBucket"),
        ({"R2_ENDPOINT": "http://127.0.0.1:9"}, "EndpointConnectionError"),
        ({"R2_ACCESS_KEY": "", "R2_SECRET_KEY": " "}, "R2_ACCESS_KEY, R2_SECRET_KEY"),
    ],
    ids=["wrong key", "no bucket", "down", "not set"],
)
def test_where_r2_does_not_take_the_file_there_is_no_job(academy: Academy, environ: dict[str, str], says: str) -> None:
    academy.make_queue()
    academy.start_api(**environ)
    answer = academy.post(WORKBOOK)
    assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert says in detail(answer)
    assert count_jobs(academy) == academy.depth() == 0


def test_without_its_database_the_process_is_up_and_says_so(academy: Academy) -> None:
    port = processes.free_ports(1)[0]
    academy.start_api(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{port}/academy")
    assert ask("GET", academy.url + HEALTHZ_PATH).status_code == httpx.codes.OK
    health = ask("GET", academy.url + HEALTH_PATH)
    assert health.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "데이터베이스" in detail(health)
    job = academy.job(str(uuid.uuid4()))
    assert job.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    detail(job)


def test_a_host_that_it_is_not_set_up_for_is_refused(academy: Academy) -> None:
    academy.start_api(ALLOWED_HOSTS="127.0.0.1, api.academy.example")
    statuses = [
        ask("GET", academy.url + HEALTHZ_PATH, headers={"Host": host}).status_code
        for host in ("api.academy.example", "www.academy.example")
    ]
    assert statuses == [httpx.codes.OK, httpx.codes.BAD_REQUEST]


def test_a_database_that_goes_away_and_comes_back_is_told_as_that(academy_on_postgres: Academy, postgres: str) -> None:
    academy = academy_on_postgres
    academy.start_api()
    name = sa.make_url(academy.env["DATABASE_URL"]).database
    server = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    assert academy.answers(HEALTH_PATH)
    with server.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
    assert processes.until(lambda: not academy.answers(HEALTH_PATH), SECONDS)
    assert academy.answers(HEALTHZ_PATH)
    with server.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()
    assert processes.until(lambda: academy.answers(HEALTH_PATH), SECONDS)


def test_the_api_stops_when_it_is_told_to(academy: Academy) -> None:
    process = academy.start_api()
    process.terminate()
    assert process.wait(SECONDS) in {0, -15}
    assert "Traceback" not in academy.log()
