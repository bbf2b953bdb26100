"""Time a diagnosis against what an operator would do without it, and print the ratios.

Whole processes, taking turns, so that the machine's noise hits every side; a figure is the median of a side's runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import certifi
import trustme

from academy_ops.contract import JOBS_PATH
from tests.bench.drawing import bars
from tests.bench.relays import relayed
from tests.bench.tables import put, table
from tests.commands import environment
from tests.lab_driver import Lab

RIVALS: Final = Path(__file__).parent / "rivals"
ROOT: Final = Path(__file__).parents[2]
AWS: Final = ROOT / "build" / "aws-cli" / "bin"
INSTALLED: Final = ROOT / "build" / "installed" / "bin"
"""The wheel and what pip has resolved for it, as on an operator's machine."""
TOOL: Final = INSTALLED / "academy-ops"
PYTHON: Final = INSTALLED / "python"
SERVICES: Final = ("STS", "AUTO_SCALING", "EC2", "LAMBDA", "EVENTBRIDGE", "SQS", "SSM", "CLOUDWATCH")
"""The services of AWS, each at a host of its own, as the SDKs' variables AWS_ENDPOINT_URL_… call them."""
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


HAND: Final = "the commands by hand: aws, curl"
FLOOR: Final = "the bare floor: signed requests"
OURS: Final = "academy-ops diagnose"
AWS_VERSION, INTERPRETER, VERSION, HELP = "aws --version", "python -c ''", "academy-ops --version", "academy-ops --help"


def sides(job: str) -> list[Side]:
    """Return the sides of a diagnosis."""
    return [
        Side(HAND, ("bash", str(RIVALS / "by_hand.sh"))),
        Side("a boto3 script, calls in a row", (str(PYTHON), str(RIVALS / "plain.py"))),
        Side(FLOOR, (str(PYTHON), str(RIVALS / "floor.py"))),
        Side(OURS, (str(TOOL), "diagnose", job, "-o", "json"), (1,)),
    ]


def starts() -> list[Side]:
    """Return what only starts, and ends again."""
    return [
        Side(AWS_VERSION, (str(AWS / "aws"), "--version")),
        Side(INTERPRETER, (str(PYTHON), "-c", "")),
        Side(VERSION, (str(TOOL), "--version")),
        Side(HELP, (str(TOOL), "--help")),
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


def peak(side: Side, environ: Mapping[str, str]) -> float:
    """Return the peak of the memory of the largest process of ``side``, in MiB."""
    # A process begins with the peak of the one that starts it, so that has to be a small one.
    command = (str(PYTHON), "-S", str(RIVALS.parent / "peak.py"), *side.command)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=300)
    return int(done.stdout) / 1024


@contextmanager
def as_deployed(settings: Mapping[str, str], folder: Path, milliseconds: int) -> Iterator[dict[str, str]]:
    """Put AWS and R2 behind TLS, each service at a host of its own, and every answer so far away.

    Args:
        settings: The lab's settings.
        folder: Where the certificates are left that everybody trusts: those of the Web, and the lab's.
        milliseconds: How long each answer is held back.

    Yields:
        What is otherwise in the environment.
    """
    ours = trustme.CA()
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(shown)
    trusted = folder / "trusted.pem"
    trusted.write_bytes(
        Path(certifi.where()).read_bytes() + Path(settings["SSL_CERT_FILE"]).read_bytes() + ours.cert_pem.bytes()
    )
    bundles = dict.fromkeys(("SSL_CERT_FILE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(trusted))
    aws = {f"AWS_ENDPOINT_URL_{service}": settings["AWS_ENDPOINT_URL"] for service in SERVICES}
    academy = {name: settings[name] for name in ("ACADEMY_API_URL", "ACADEMY_ORIGIN_URL", "ACADEMY_APP_URL")}
    with ExitStack() as stack:
        cloud = stack.enter_context(relayed({**aws, "R2_ENDPOINT": settings["R2_ENDPOINT"]}, milliseconds, shown))
        yield {**bundles, **cloud, **stack.enter_context(relayed(academy, milliseconds))}


def written(measured: Mapping[str, Mapping[str, float]]) -> str:
    """Write what was measured: a row for each side, its figure and its ratio to the last side, which is ours."""
    names = list(next(iter(measured.values())))
    ours = names[-1]
    rows = [
        [name, *(cell for column in measured.values() for cell in (f"{column[name]:.2f}", _ratio(column, name, ours)))]
        for name in names
    ]
    return table(["", *(cell for title in measured for cell in (title, "ratio"))], rows)


def _ratio(column: Mapping[str, float], name: str, ours: str) -> str:
    return f"{column[name] / column[ours]:.2f}"


def goals(
    near: Mapping[str, float], far: Mapping[str, float], started: Mapping[str, float], peaks: Mapping[str, float]
) -> str:
    """Write what is aimed at beside what was measured, on this machine and from afar."""
    least = 1.5 * near[FLOOR] + started[INTERPRETER]
    rows = [
        ["by hand, times as long as a diagnosis, +0 ms", "at least 10", f"{near[HAND] / near[OURS]:.1f}"],
        ["by hand, times as long as a diagnosis, +80 ms", "at least 12", f"{far[HAND] / far[OURS]:.1f}"],
        ["a diagnosis, of 1.5 bare floors and an interpreter, +0 ms", "at most 1", f"{near[OURS] / least:.2f}"],
        ["--version, of aws --version", "at most 0.25", f"{started[VERSION] / started[AWS_VERSION]:.2f}"],
        ["--help, of aws --version", "at most 0.25", f"{started[HELP] / started[AWS_VERSION]:.2f}"],
        ["peak of a diagnosis, MiB", "under 64", f"{peaks[OURS]:.0f}"],
    ]
    return table(["", "goal", "measured"], rows)


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
            path = f"{AWS}{os.pathsep}{os.environ['PATH']}"
            mine = environment(Path(folder))
            settings = {**mine, **lab.settings(), "PATH": path, "JOB_PATH": f"{JOBS_PATH}{job}/"}
            measured: dict[str, dict[str, float]] = {}
            for milliseconds in DELAYS:
                with as_deployed(settings, Path(folder), milliseconds) as deployed:
                    contest, environ = sides(job), {**settings, **deployed}
                    measured[f"+{milliseconds} ms, s"] = medians(contest, environ, arguments.runs)
                    peaks = {side.name: peak(side, environ) for side in contest}
            started = medians(starts(), settings, arguments.runs)
        finally:
            lab.do("lab", "down")
    near, far = measured.values()
    tables = [written({**measured, "peak, MiB": peaks}), written({"s": started})]
    text = "\n\n".join([*tables, goals(near, far, started, peaks)]) + "\n"
    print(text)  # noqa: T201 - this is the program's output
    print(f"Medians of {arguments.runs} whole processes each.")  # noqa: T201
    if arguments.into:
        put(arguments.into, "bench", text)
        (arguments.into.parent / "pictures" / "bench.svg").write_text(bars(measured), encoding="utf-8")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed"
    main()
