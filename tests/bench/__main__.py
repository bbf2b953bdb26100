"""Time a diagnosis against what an operator would do without it, and print the ratios.

Whole processes, taking turns, so that the machine's noise hits every side; a figure is the median of a side's runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.delay import delayed
from tests.bench.drawing import bars
from tests.bench.tables import put, table
from tests.lab_driver import ADDRESSES, FOREIGN, Lab

RIVALS: Final = Path(__file__).parent / "rivals"
ROOT: Final = Path(__file__).parents[2]
AWS: Final = ROOT / "build" / "aws-cli" / "bin"
TOOL: Final = Path(sys.executable).with_name("academy-ops")
DELAYS: Final = (0, 80)
RUNS: Final = 9


@dataclass(frozen=True, slots=True)
class Side:
    """One way to ask the same.

    Attributes:
        name: What it is.
        command: The process that is timed.
        codes: The exit codes that say that it has worked.
    """

    name: str
    command: tuple[str, ...]
    codes: tuple[int, ...] = (0,)


def sides(job: str) -> list[Side]:
    """Return the sides; the one by hand only where the AWS CLI is there."""
    hand = Side("the commands by hand: aws, curl", ("bash", str(RIVALS / "by_hand.sh")))
    return [
        *([hand] if (AWS / "aws").exists() else []),
        Side("a boto3 script, calls in a row", (sys.executable, str(RIVALS / "plain.py"))),
        Side("the bare floor: signed requests", (sys.executable, str(RIVALS / "floor.py"))),
        Side("academy-ops diagnose", (str(TOOL), "diagnose", job, "-o", "json"), (1,)),
    ]


def starts() -> list[Side]:
    """Return what only starts, and ends again."""
    aws = Side("aws --version", (str(AWS / "aws"), "--version"))
    return [
        *([aws] if (AWS / "aws").exists() else []),
        Side("python -c ''", (sys.executable, "-c", "")),
        Side("academy-ops --version", (str(TOOL), "--version")),
        Side("academy-ops --help", (str(TOOL), "--help")),
    ]


def seconds(side: Side, environ: Mapping[str, str]) -> float:
    """Return how long one run of ``side`` takes."""
    started = time.perf_counter()
    done = subprocess.run(side.command, env=environ, capture_output=True, text=True, check=False, timeout=300)
    taken = time.perf_counter() - started
    assert done.returncode in side.codes, f"{side.name}: {done.returncode}\n{done.stderr}"
    return taken


def medians(contest: Sequence[Side], environ: Mapping[str, str], runs: int) -> dict[str, float]:
    """Let every side run in turn; return the median of each, in seconds. The first round only warms up."""
    rounds = [[seconds(side, environ) for side in contest] for _ in range(runs + 1)][1:]
    return {side.name: statistics.median(taken) for side, taken in zip(contest, zip(*rounds, strict=True), strict=True)}


def written(measured: Mapping[str, Mapping[str, float]]) -> str:
    """Write what was measured: a row for each side, in seconds and as a ratio to the last side, which is ours."""
    names = list(next(iter(measured.values())))
    ours = names[-1]
    rows = [
        [name, *(cell for column in measured.values() for cell in (f"{column[name]:.2f}", _ratio(column, name, ours)))]
        for name in names
    ]
    return table(["", *(cell for title in measured for cell in (title, "ratio"))], rows)


def _ratio(column: Mapping[str, float], name: str, ours: str) -> str:
    return f"{column[name] / column[ours]:.2f}"


def main() -> None:
    """Start a lab with its worker off, time all sides on the same job, print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--into", type=Path, help="a Markdown file with a place for the tables; draws the plot, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.do("lab", "up", "--detach")
        try:
            lab.do("lab", "break", "worker-off")
            job = lab.do("lab", "upload")
            mine = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
            path = f"{AWS}{os.pathsep}{os.environ['PATH']}"
            settings = {**mine, **lab.settings(), "PATH": path, "JOB_ID": job, "LANG": "C.UTF-8"}
            settings["CURL_CA_BUNDLE"] = settings["SSL_CERT_FILE"]
            measured = {}
            for milliseconds in DELAYS:
                with delayed({name: settings[name] for name in ADDRESSES}, milliseconds) as behind:
                    measured[f"+{milliseconds} ms, s"] = medians(sides(job), {**settings, **behind}, arguments.runs)
            started = medians(starts(), settings, arguments.runs)
        finally:
            lab.do("lab", "down")
    text = f"{written(measured)}\n\n{written({'s': started})}\n"
    print(text)  # noqa: T201 - this is the program's output
    print(f"Medians of {arguments.runs} whole processes each.")  # noqa: T201
    if not (AWS / "aws").exists():
        print("The AWS CLI is not in build/aws-cli, so nothing was done by hand.")  # noqa: T201
    if arguments.into:
        put(arguments.into, "bench", text)
        (arguments.into.parent / "pictures" / "bench.svg").write_text(bars(measured), encoding="utf-8")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed"
    main()
