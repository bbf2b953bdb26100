"""One lab for each test process."""

import gc
import itertools
import signal
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.lab_driver import Lab

# What a shell starts in the background ignores SIGINT, and so would every command that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in each run, however long one takes on a busy machine.
settings.register_profile("ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.fixture
def compared(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Take how many cases a test has compared in its loop; the summary says it."""
    return partial(record_property, "compared")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while everything is imported, nor in it later: it would take half of that time again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000)  # by Python's own 700 it takes a tenth of what these processes do


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the files that need a lab each in one process: what its tests share is made once.

    The others run between them, for a lab often waits, and the last quarter at the end, where no process has a long
    group left for which another would wait.
    """
    with_lab = {item.path for item in items if "running_lab" in getattr(item, "fixturenames", ())}
    for item in items:
        if item.path in with_lab and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    groups = [marker.args[0] if (marker := item.get_closest_marker("xdist_group")) else None for item in items]
    place: dict[str, float] = {name: number for number, name in enumerate(dict.fromkeys(filter(None, groups)))}
    single = itertools.count(0.5, 1.3 * len(place) / max(groups.count(None), 1))
    order = {item: place[group] if group else next(single) for item, group in zip(items, groups, strict=True)}
    items.sort(key=order.__getitem__)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for count in (value for name, value in report.user_properties if name == "compared"):
            terminalreporter.write_line(f"{report.nodeid}: {count} compared")


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
