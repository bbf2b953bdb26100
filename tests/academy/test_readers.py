"""Workbooks one after another in forks of one process: each has limits and memory of its own, and costs nobody else."""

import cProfile
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from academy_ops.academy import sample_workbooks
from academy_ops.academy.excel import child
from academy_ops.academy.excel.readers import Readers
from academy_ops.academy.excel.records import WorkbookError
from academy_ops.academy.excel.workbook import KEPT, LateError, Process, read
from academy_ops.lab import processes
from tests.bench.roster import roster
from tests.excel.test_workbook import far_cell, saved


@pytest.fixture
def readers() -> Iterator[Readers]:
    one = Readers()
    yield one
    one.close()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A "workbook" that a reader waits for."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def students(readers: Readers, folder: Path, count: int) -> int:
    return len(read(saved(folder, sample_workbooks.students(count)), start=readers.start).students)


def started() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def waiting(readers: Readers, pipe: Path) -> tuple[Process, psutil.Process]:
    """Start a reader that waits; return it, and its process once it waits."""
    with tempfile.TemporaryFile() as complaints:
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        reader = readers.start([sys.executable, "-m", child.__name__, str(pipe)], env, complaints)
    process = psutil.Process(reader.pid)  # type: ignore[attr-defined] # Forked has it
    # It sets its limits before it opens the workbook.
    assert processes.until(lambda: process.rlimit(resource.RLIMIT_CORE) == (0, 0), 30)
    return reader, process


def test_one_process_is_started_for_many_workbooks_and_it_ends_with_them(readers: Readers, tmp_path: Path) -> None:
    before = started()
    assert students(readers, tmp_path, 2) == 2
    (server,) = set(started()) - set(before)
    assert [students(readers, tmp_path, count) for count in (3, 1, 4)] == [3, 1, 4]
    assert set(started()) - set(before) == {server}
    readers.close()
    assert not server.is_running()


def test_each_has_the_limits_anew_and_no_secret(readers: Readers, pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R2_SECRET_KEY", "hidden")
    for _ in range(2):
        reader, process = waiting(readers, pipe)
        memory = child.MEMORY_BYTES
        assert process.rlimit(resource.RLIMIT_AS) == (memory, memory)
        assert process.rlimit(resource.RLIMIT_CPU) == (child.CPU_SECONDS, child.CPU_SECONDS)
        assert process.cpu_times().user < child.CPU_SECONDS / 2
        assert "hidden" not in process.environ().values()
        assert "hidden" not in process.parent().environ().values()  # type: ignore[union-attr] # it runs
        reader.kill()
        assert reader.wait() == -signal.SIGKILL


def test_one_that_asks_for_too_much_memory_or_time_or_is_killed_costs_itself_alone(
    readers: Readers, tmp_path: Path, pipe: Path
) -> None:
    assert students(readers, tmp_path, 1) == 1
    server = started()
    # python-calamine asks for half a terabyte and is ended, and the other reader takes its place.
    assert len(read(saved(tmp_path, far_cell(1_048_575, 16_383)), start=readers.start).students) == 1
    with pytest.raises(LateError):
        read(saved(tmp_path, sample_workbooks.students(1)), seconds=0, start=readers.start)
    reader, process = waiting(readers, pipe)
    process.kill()
    assert reader.wait() == -signal.SIGKILL
    with pytest.raises(WorkbookError):
        read(saved(tmp_path, sample_workbooks.faulty("excel-unreadable")), start=readers.start)
    assert students(readers, tmp_path, 5) == 5
    assert started() == server


def test_where_the_process_that_is_forked_is_killed_the_next_workbook_has_another(
    readers: Readers, tmp_path: Path, pipe: Path
) -> None:
    before = started()
    reader, process = waiting(readers, pipe)
    (server,) = set(started()) - {process, *before}
    server.kill()
    assert reader.wait() == -signal.SIGKILL
    assert processes.until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 30)
    assert students(readers, tmp_path, 2) == 2


def test_a_missing_package_is_told_as_that_also_where_readers_are_forked(
    readers: Readers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python_calamine.py").write_text("raise ModuleNotFoundError(\"No module named 'python_calamine'\")\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Exception, match="No module named 'python_calamine'") as caught:
        students(readers, tmp_path, 1)
    assert not isinstance(caught.value, WorkbookError)


def test_a_student_with_a_usual_name_costs_the_reader_few_calls(tmp_path: Path) -> None:
    """Rows that need a closer look cost about 170; a change that sends all rows there would not be seen otherwise."""
    path = saved(tmp_path, roster(1000))
    child.content(str(path))  # what is imported late is imported now
    with cProfile.Profile() as profile:
        found = child.content(str(path))
    assert len(found.students) == 1000
    assert sum(one.callcount for one in profile.getstats()) < 60 * 1000
