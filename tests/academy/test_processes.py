"""One API in several processes, and what a password's hash costs each of them."""

from collections.abc import Iterator

import psutil
import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from academy_ops.academy import sample_workbooks
from academy_ops.academy.api import HASHER
from academy_ops.lab.storage import Storage
from tests.academy.conftest import Academy, new_academy

pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture
def api(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    folder = tmp_path_factory.mktemp("processes")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        yield academy


def test_several_processes_share_the_port_and_end_together(api: Academy) -> None:
    process = api.start_api("--processes", "2")
    serving = psutil.Process(process.pid).children(recursive=True)
    assert len(serving) >= 2
    assert {api.post(sample_workbooks.students(1)).status_code for _ in range(6)} == {202}
    process.terminate()
    assert not psutil.wait_procs(serving, timeout=20)[1]


def test_a_hash_costs_what_owasp_recommends() -> None:
    now = extract_parameters(HASHER.hash("1234"))
    assert (now.type, now.memory_cost, now.time_cost, now.parallelism) == (Type.ID, 19 * 1024, 2, 1)
