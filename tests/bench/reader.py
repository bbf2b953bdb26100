"""``make bench-reader``: rows that are read for each second of the processor's time, now and at a former commit."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from academy_ops.academy import sample_workbooks
from tests.bench.tables import put, table

ROWS: Final = (100, 1_000, 10_000)
HERE: Final = Path(__file__).resolve().parents[2]
_READ: Final = """
import json, resource, sys
from pathlib import Path
try:
    from academy_ops.academy.excel.readers import Readers
    from academy_ops.academy.excel.workbook import read
except ImportError:
    Readers = None
    from academy_ops.academy.workbook import read

def seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

def taken(file, rows, times):
    begun, readers = seconds(), Readers() if Readers else None
    for _ in range(times):
        found = read(Path(file), start=readers.start) if readers else read(Path(file))
        assert len(found.students) == rows, file
    if readers:
        readers.close()
    return seconds() - begun

told = []
for file, rows in json.loads(sys.argv[1]):
    more = max(2, 3_000 // rows)
    told.append((taken(file, rows, 1 + more) - taken(file, rows, 1)) / more)
print(json.dumps(told))
"""
"""Its process is counted, too. The first workbook is not: a worker reads one after another."""


def main() -> None:
    """Measure both readers in turn, print the table, and put it into a document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ref", default="df0114c", help="the commit of the former reader")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--into", type=Path, help="a Markdown file with a place for the table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        former = Path(folder, "former")
        worktree = ["git", "-C", str(HERE), "worktree"]
        subprocess.run([*worktree, "add", "--quiet", "--detach", str(former), arguments.ref], check=True)
        try:
            result = _table(former, Path(folder), arguments.runs)
        finally:
            subprocess.run([*worktree, "remove", "--force", str(former)], check=True)
    print(result)  # noqa: T201 - this is the program's output
    if arguments.into:
        put(arguments.into, "reader", f"{result}\n")


def _table(former: Path, folder: Path, runs: int) -> str:
    files = []
    for rows in ROWS:
        path = folder / f"{rows}.xlsx"
        path.write_bytes(sample_workbooks.students(rows))
        files.append((str(path), rows))
    taken: dict[Path, list[list[float]]] = {former: [], HERE: []}
    for _run in range(runs):
        for root, seconds in taken.items():
            seconds.append(_taken(root, files))
    rates = {
        root: [rows / median(one) for rows, *one in zip(ROWS, *every, strict=True)] for root, every in taken.items()
    }
    return table(
        ["rows", "before", "now", "now / before"],
        [
            [f"{rows:,}", f"{old:,.0f}", f"{new:,.0f}", f"{new / old:.2f}"]
            for rows, old, new in zip(ROWS, rates[former], rates[HERE], strict=True)
        ],
    )


def _taken(root: Path, files: list[tuple[str, int]]) -> list[float]:
    """Return the processor's seconds that each file took, in a process that has the package of ``root``."""
    command = [sys.executable, "-c", _READ, json.dumps(files)]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    seconds: list[float] = json.loads(done.stdout)
    return seconds


if __name__ == "__main__":
    main()
