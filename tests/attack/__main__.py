"""Attack the lab on this machine: hostile requests, messages, workbooks and answers at once, while workers are killed.

With ``--once`` each request, message and answer is sent once, and a few workbooks: as much on a busy machine as on a
quiet one, where everything may take four times as long.

Prints what was sent, how much memory each part took of what it may, and as its last line what was lost, leaked, frozen
or wrong; exits 1 unless all four are 0.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import httpx

from academy_ops.academy import sample_workbooks
from academy_ops.contract import ENDED, HEALTHZ_PATH, JOBS_PATH, TENANT_HEADER, UPLOAD_PATH
from academy_ops.lab import operate, state
from academy_ops.lab.processes import until
from academy_ops.lab.state import TENANT
from tests.attack import inputs
from tests.attack.site import BOUNDS, MIB, Site
from tests.commands import SHELL
from tests.wire import NO_TLS, ask, server

TOKEN: Final = "token-of-the-operator"
"""What the tool must not tell anybody but its API."""
LONGEST_ANSWER: Final = 20.0
LONGEST_HEALTHZ: Final = 5.0
"""Whoever waits longer on a busy machine has met something frozen."""
LONGEST_MESSAGE: Final = 256 * 1024
TIMEOUT: Final = 10
"""What the tool is given to answer in; else it is taken for frozen after so long:"""
TOOL_SECONDS: Final = 20.0
REST_SECONDS: Final = 90.0
SLOW_SENDERS: Final = 100
SLOW_SECONDS: Final = 30.0
KILL_EVERY: Final = 10.0
FEW: Final = 8
"""So many workbooks are sent where all else is sent once."""
TOOLS: Final = 3
"""So many run at the same time."""
FIRST: Final = 900_000
"""The number of the first good student; no hostile workbook holds such."""


def main() -> int:
    """Run it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="academy-attack-") as folder:
        seconds = None if arguments.once else arguments.minutes * 60
        site = _attacked(Path(folder), seconds, random.Random(arguments.seed))
    lines = [f"{name:<24} {number:>9,}" for name, number in sorted(site.sent.items())]
    lines += [
        f"memory of {part:<14} {site.largest[part] // MIB:>5} of {most // MIB} MiB" for part, most in BOUNDS.items()
    ]
    found = {"lost": site.lost, "leaked": site.leaked, "frozen": site.frozen, "wrong": site.wrong}
    lines += [f"! {name}: {one}" for name, ones in found.items() for one in sorted(set(ones))[:20]]
    lines.append(", ".join(f"{len(ones)} {name}" for name, ones in found.items()))
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(found.values()))


def _attacked(folder: Path, seconds: float | None, dice: random.Random) -> Site:
    (folder / "tmp").mkdir()
    os.environ |= {
        "TMPDIR": str(folder / "tmp"),
        state.FOLDER_VARIABLE: str(folder / "lab"),
        "ACADEMY_LAB_BOOT_SECONDS": "0.5",
    }
    over = threading.Event()
    with operate.running():
        lab = state.read(state.folder())
        assert lab is not None
        site = Site(lab, folder, over, once=seconds is None)
        theirs = site.open_other_school()
        with_an_end: Mapping[str, Callable[[], None]] = {
            "requests": partial(_requests, site, theirs),
            "messages": partial(_messages, site),
            "workbooks": partial(_workbooks, site, random.Random(dice.random())),
            "slow senders": partial(_slow_senders, site),
            **{f"answers to the tool {first}": partial(_answers, site, folder, first) for first in range(TOOLS)},
        }
        attacks: Mapping[str, Callable[[], None]] = {
            **with_an_end,
            "good uploads": partial(_good_uploads, site),
            "looks at /healthz": partial(_looks, site),
            "kills": partial(_kills, site),
            "memory": site.watch_memory,
        }
        threads = {
            name: threading.Thread(target=_told, args=(site, name, one), daemon=True) for name, one in attacks.items()
        }
        for thread in threads.values():
            thread.start()
        if seconds is None:
            for name in with_an_end:
                threads[name].join()
        else:
            over.wait(seconds)
        over.set()
        for thread in threads.values():
            thread.join(site.patience * (LONGEST_ANSWER + TOOL_SECONDS))
        memory = threading.Event()
        site.over = memory
        watcher = threading.Thread(target=site.watch_memory, daemon=True)
        watcher.start()
        until(lambda: _all_ended(site), site.patience * REST_SECONDS, 0.5)
        memory.set()
        watcher.join()
        site.account()
    return site


def _told(site: Site, name: str, attack: Callable[[], None]) -> None:
    try:
        attack()
    except Exception as error:  # noqa: BLE001 - an attack that stops early has found something
        site.wrong.append(f"{name} stopped: {type(error).__name__}: {error}")


def _headers(site: Site, address: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.lab.api_token}", "X-Forwarded-For": address}


def _requests(site: Site, theirs: str) -> None:
    """Send them straight to the app, each from an address of its own."""
    for number, one in enumerate(site.rounds(inputs.requests(theirs))):
        if site.over.is_set():
            return
        headers = {**(_headers(site, f"203.0.113.{number % 250}") if one.token else {}), **one.headers}
        began = time.monotonic()
        try:
            url = site.lab.app_url + one.path
            longest = site.patience * LONGEST_ANSWER
            answer = ask(one.method, url, content=one.content, headers=headers, timeout=longest)
        except httpx.TimeoutException:
            site.frozen.append(f"{one.name}: no answer in {time.monotonic() - began:.0f} s")
            continue
        except httpx.TransportError:
            # Closed upon it, as on a head that is too long.
            site.sent["requests cut off"] += 1
            continue
        site.sent["requests"] += 1
        site.seen(answer.text)
        if answer.status_code not in one.answers:
            site.wrong.append(f"{one.name}: HTTP {answer.status_code}")


def _messages(site: Site) -> None:
    mine = _uploaded(site, sample_workbooks.students(1, first=FIRST - 1))
    for body in site.rounds(inputs.messages(mine, site.their_key)):
        # SQS itself refuses what XML has no character for; what reaches a worker is what it lets pass.
        text = body.encode("utf-8", "replace").decode()
        if 0 < len(text) <= LONGEST_MESSAGE:
            site.send(text)
            site.sent["messages"] += 1
        if site.over.wait(0.1):
            return


def _workbooks(site: Site, dice: random.Random) -> None:
    for number in count():
        if site.over.is_set() or (site.once and number == FEW):
            return
        answer = _post(site, inputs.workbook(dice), 1)
        site.sent["workbooks"] += 1
        if answer.status_code not in {202, *inputs.REFUSES}:
            site.wrong.append(f"a workbook: HTTP {answer.status_code}")
        site.over.wait(1.0)


def _answers(site: Site, folder: Path, first: int) -> None:
    """Let the tool ask servers that mean harm."""
    home = folder / f"home-{first}"
    home.mkdir()
    # How all the commands take such answers, tests/world asks one by one.
    commands = [("diagnose", inputs.JOB_ID), ("watch", inputs.JOB_ID)][: 1 if site.once else None]
    for name, answer in site.rounds(islice(inputs.ANSWERS.items(), first, None, TOOLS)):
        with server(answer) as (url, seen), server(answer) as (elsewhere, _):
            environ = {
                **SHELL,
                "HOME": str(home),
                "ACADEMY_API_URL": url,
                "ACADEMY_API_TOKEN": TOKEN,
                "GITHUB_ACTIONS": "true",
            }
            environ |= {"R2_ENDPOINT": elsewhere, "R2_ACCESS_KEY": "k" * 32, "R2_SECRET_KEY": "s" * 64}
            environ |= {
                "AWS_ENDPOINT_URL": elsewhere,
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "s" * 40,
            }
            for command in commands:
                _tool(site, name, [*command, "--timeout", str(TIMEOUT)], home, environ)
                site.sent["runs of the tool"] += 1
                if site.over.is_set():
                    return
            if not seen:
                site.wrong.append(f"{name}: the tool asked nothing")


def _tool(site: Site, name: str, command: list[str], home: Path, environ: Mapping[str, str]) -> None:
    began = time.monotonic()
    run = site.tools.start([sys.executable, "-m", "academy_ops", *command], environ, subprocess.PIPE, home)
    assert run.stdout is not None
    result = run.stdout.read().decode("utf-8", "replace")
    run.wait()
    if time.monotonic() - began > site.patience * TOOL_SECONDS:
        site.frozen.append(f"{command[0]}, {name}: {time.monotonic() - began:.0f} s")
    if run.returncode not in {0, 1, 3} or "Traceback" in result or "academy-ops itself failed" in result:
        site.wrong.append(f"{command[0]}, {name}: exit {run.returncode}")
    if TOKEN in result:
        site.leaked.append(f"{command[0]}, {name}: the token")
    if any(line.lstrip().startswith("::") or "##[" in line for line in result.splitlines()) or "\x1b" in result:
        site.wrong.append(f"{command[0]}, {name}: a line that is obeyed")


def _good_uploads(site: Site) -> None:
    """Be a school in the middle of it: each upload must come out whole."""
    for first in count(FIRST, 5):
        began = time.monotonic()
        job_id = _uploaded(site, sample_workbooks.students(5, first=first))
        ended = partial(_ended, site, job_id)
        if not until(ended, site.patience * REST_SECONDS * 2, 0.3):
            site.frozen.append(f"a good upload has not ended after {time.monotonic() - began:.0f} s")
        elif (created := (_job(site, job_id).get("result") or {}).get("created")) != 5:
            site.lost.append(f"a good upload of 5 students created {created}")
        site.sent["good uploads"] += 1
        if site.over.is_set():
            return


def _looks(site: Site) -> None:
    longest = site.patience * LONGEST_HEALTHZ
    with httpx.Client(base_url=site.lab.app_url, timeout=longest, verify=NO_TLS, trust_env=False) as client:
        while not site.over.wait(0.2):
            try:
                client.get(HEALTHZ_PATH)
            except httpx.TimeoutException:
                site.frozen.append(f"/healthz did not answer in {longest:.0f} s")
            except httpx.TransportError:
                continue  # a connection that was kept has been closed
            site.sent["looks at /healthz"] += 1


def _slow_senders(site: Site) -> None:
    """Send heads and bodies by drops, straight to the app; a head that takes long is cut off, and nobody else waits."""
    where = httpx.URL(site.lab.app_url)
    begun = f"POST {UPLOAD_PATH} HTTP/1.1\r\nHost: x\r\n".encode()
    while not site.over.is_set():
        with ExitStack() as open_ones:
            ones = [
                open_ones.enter_context(socket.create_connection((where.host, where.port or 80), LONGEST_ANSWER))
                for _ in range(SLOW_SENDERS)
            ]
            for number, one in enumerate(ones):
                one.sendall(begun + (b"X-Slow: " if number % 5 else b"Content-Length: 9000000\r\n\r\n"))
            heads = {one for number, one in enumerate(ones) if number % 5}
            began = time.monotonic()
            while heads and time.monotonic() < began + site.patience * SLOW_SECONDS and not site.over.wait(1):
                heads = {one for one in heads if _takes(one)}
            site.sent["slow senders"] += len(ones)
            if heads and not site.over.is_set():
                site.frozen.append(f"{len(heads)} slow senders are still listened to")
        if site.once:
            return


def _takes(connection: socket.socket) -> bool:
    """Send some more; return whether the other side still listens."""
    try:
        connection.sendall(b"x" * 7)
    except OSError:
        return False
    return True


def _kills(site: Site) -> None:
    while not site.over.wait(KILL_EVERY):
        site.kill_a_worker()


def _post(site: Site, content: bytes, number: int) -> httpx.Response:
    """Upload as a browser does, through the edge."""
    return httpx.post(
        site.lab.api_url + UPLOAD_PATH,
        files={"file": (f"{number}.xlsx", content)},
        data={"initial_password": "initial-1234"},
        headers={"Authorization": f"Bearer {site.lab.api_token}", TENANT_HEADER: TENANT},
        timeout=60,
        verify=ssl.create_default_context(cafile=site.lab.ca_file),
        trust_env=False,
    )


def _uploaded(site: Site, content: bytes) -> str:
    answer = _post(site, content, 0)
    while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        time.sleep(1)
        answer = _post(site, content, 0)
    return str(answer.json()["job_id"])


def _job(site: Site, job_id: str) -> dict[str, Any]:
    answer = ask("GET", f"{site.lab.app_url}{JOBS_PATH}{job_id}/", headers=_headers(site, "198.51.100.1"))
    found: dict[str, Any] = answer.json()
    return found


def _ended(site: Site, job_id: str) -> bool:
    return _job(site, job_id).get("status") in ENDED


def _all_ended(site: Site) -> bool:
    return all(job["status"] in ENDED for job in site.jobs().values())


if __name__ == "__main__":
    sys.exit(main())
