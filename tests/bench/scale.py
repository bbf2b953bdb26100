"""``make bench-scale``: a diagnosis against the number of workers, and what the bundled academy gets through."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench import fleets, throughput
from tests.bench.tables import put
from tests.commands import environment
from tests.lab_driver import Lab


def main() -> None:
    """Measure, print the tables, and put them into a document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["fleets", "throughput"])
    parser.add_argument("--into", type=Path, help="a Markdown file with places for the tables")
    arguments = parser.parse_args()
    result: dict[str, str] = {}
    if arguments.only != "throughput":
        result["fleets"] = _fleets(arguments.runs)
    if arguments.only != "fleets":
        result |= throughput.measure(arguments.runs)
    for name, text in result.items():
        print(f"{text}\n")  # noqa: T201 - this is the program's output
        if arguments.into:
            put(arguments.into, name, f"{text}\n")


def _fleets(runs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.do("lab", "up", "--detach")
        try:
            settings = environment(Path(folder)) | lab.settings()
            return fleets.measure(lab.ended_job(), settings, Path(folder), runs)
        finally:
            lab.do("lab", "down")


if __name__ == "__main__":
    main()
