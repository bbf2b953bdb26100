"""How often a caller may try."""

from collections.abc import Iterator

import httpx
import pytest

from academy_ops.academy import sample_workbooks
from academy_ops.contract import JOBS_PATH, STUDENTS_PATH
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TOKEN, Academy, new_academy

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


def ask(api: Academy, token: str, address: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
    return httpx.get(api.url + STUDENTS_PATH, headers=headers, timeout=10, trust_env=False)


def test_who_tries_too_many_tokens_must_wait_and_nobody_else_must(api: Academy) -> None:
    tried = [ask(api, f"guess-{number}", "192.0.2.1").status_code for number in range(61)]
    assert tried == [401] * 60 + [429]
    refused = ask(api, TOKEN, "192.0.2.1")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert f"{refused.headers['Retry-After']}초 뒤에 다시" in refused.json()["detail"]
    assert ask(api, TOKEN, "192.0.2.2").status_code == 200


def test_who_sends_no_token_at_all_is_told_so_each_time(api: Academy) -> None:
    with httpx.Client(timeout=10, trust_env=False) as client:
        assert {client.get(f"{api.url}{JOBS_PATH}x/").status_code for _ in range(61)} == {401}


def test_a_school_that_uploads_too_often_must_wait_and_no_other_must(api: Academy) -> None:
    api.open_store().add_token(OTHER_TOKEN, "other")
    answers = [api.post(WORKBOOK) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert "Retry-After" in answers[-1].headers
    other = {"Authorization": f"Bearer {OTHER_TOKEN}", "X-Tenant-Code": "other"}
    assert api.post(WORKBOOK, **other).status_code == 202
