"""One lab for each test process."""

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab_driver import Lab

# What a shell starts in the background ignores SIGINT, and so would every command that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Lab"]:
    from tests.lab_driver import Lab  # noqa: PLC0415 - the operator's tests run where the lab's packages are missing

    lab = Lab(tmp_path_factory.mktemp("lab"))
    lab.do("lab", "up", "--detach")
    yield lab
    leaks = lab.leaks()
    lab.do("lab", "down")
    assert leaks == []


@pytest.fixture
def lab(running_lab: "Lab") -> Iterator["Lab"]:
    """The lab, healthy at the start of each test."""
    yield running_lab
    running_lab.start_afresh()
