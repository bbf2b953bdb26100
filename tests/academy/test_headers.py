"""What every answer of the API carries, and how a request is found in its log."""

import re
from collections.abc import Iterator

import pytest

from academy_ops.contract import HEALTHZ_PATH, JOBS_PATH
from academy_ops.lab.storage import Storage
from tests.academy.conftest import Academy, new_academy
from tests.wire import ask

pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture(scope="module")
def api(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    folder = tmp_path_factory.mktemp("headers")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start_api()
        yield academy


@pytest.mark.parametrize("path", [HEALTHZ_PATH, JOBS_PATH, "/nowhere", "/web/../api.py"])
def test_no_answer_is_kept_framed_or_taken_for_something_else(api: Academy, path: str) -> None:
    headers = ask("GET", api.url + path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_the_page_may_load_its_own_parts_and_nothing_else(api: Academy) -> None:
    headers = ask("GET", api.url).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';" in policy
    assert not re.search(r"unsafe|\*|http", policy)
    assert headers["x-content-type-options"] == "nosniff"


def test_a_request_is_found_in_the_log_by_the_id_in_its_answer(api: Academy) -> None:
    request_id = ask("GET", api.url + HEALTHZ_PATH).headers["x-request-id"]
    lines = [line for log in api.logs for line in log.read_text("utf-8").splitlines() if request_id in line]
    assert len(lines) == 1
    assert "/healthz" in lines[0]


def test_the_id_that_a_proxy_gave_is_kept_unless_it_could_forge_a_line(api: Academy) -> None:
    def answered(given: str) -> str:
        result: str = ask("GET", api.url + HEALTHZ_PATH, headers={"X-Request-ID": given}).headers["x-request-id"]
        return result

    assert answered("ray-0123456789abcdef") == "ray-0123456789abcdef"
    assert re.fullmatch("[0-9a-f]{32}", answered("x INFO academy.api everything is well"))
