"""What is forked from a process with the libraries in it is a process of its own, and ends and speaks as any other."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from academy_ops.academy.forks import Forked, Forks
from academy_ops.lab import processes
from academy_ops.lab.processes import LIBRARIES

PROGRAM: Final = """
import json, os, sys, time
print(json.dumps({"arguments": sys.argv[1:], "name": __name__, "environment": dict(os.environ), "folder": os.getcwd(),
                  "group": os.getpgid(0) == os.getpid(), "open": len(os.listdir("/proc/self/fd"))}), flush=True)
print("to stderr", file=sys.stderr, flush=True)
match sys.argv[1]:
    case "sleep": time.sleep(600)
    case "raise": raise ValueError("of the program")
    case code: sys.exit(int(code))
"""

CLIENTS: Final = """
import sys
from academy_ops.academy.config import read
sys.addaudithook(lambda event, told: event == "open" and "botocore/data" in str(told[0]) and print(told[0]))
clients = read().sqs(), read().r2()
print(*(client._request_signer._credentials.access_key for client in clients), flush=True)
"""

PARENT: Final = """
import os, subprocess, sys, time
from pathlib import Path
from academy_ops.academy.forks import Forks
forks = Forks(["json"], os.environ)
command = [sys.executable, "-m", "program_of_a_test", "sleep"]
with open(os.devnull, "wb") as nothing:
    started = [forks.start(command, os.environ, nothing.fileno(), Path("/")) for _ in range(2)]
print(forks.pid, *(one.pid for one in started), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forks")
    (folder / "program_of_a_test.py").write_text(PROGRAM, "utf-8")
    return folder


@pytest.fixture(scope="module")
def env(folder: Path) -> dict[str, str]:
    return processes.clean_env(folder, {"PYTHONPATH": str(folder)})


@pytest.fixture(scope="module")
def forks(env: dict[str, str]) -> Iterator[Forks]:
    forks = Forks(["json"], env)
    yield forks
    forks.close()


def command(word: str) -> list[str]:
    return [sys.executable, "-m", "program_of_a_test", word]


def start(forks: Forks, env: dict[str, str], folder: Path, word: str) -> Forked:
    assert forks.can_start(command(word), env)
    return forks.start(command(word), env, subprocess.PIPE, folder)


def test_what_clients_are_made_from_is_decoded_once_for_all_forks(env: dict[str, str], folder: Path) -> None:
    (folder / "clients_of_a_test.py").write_text(CLIENTS, "utf-8")
    keys = {"AWS_ACCESS_KEY_ID": "of-this-one", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    r2 = {"R2_ENDPOINT": "http://127.0.0.1:9", "R2_ACCESS_KEY": "r2", "R2_SECRET_KEY": "s"}
    forks = Forks(LIBRARIES, env)
    made = forks.start([sys.executable, "-m", "clients_of_a_test"], {**env, **keys, **r2}, subprocess.PIPE, folder)
    assert made.stdout is not None
    assert made.stdout.read().decode().splitlines() == ["of-this-one r2"]
    forks.close()


def test_its_arguments_environment_folder_and_files_are_its_own(
    forks: Forks, env: dict[str, str], folder: Path
) -> None:
    mine = {**env, "ONLY_HERE": "1"}
    with subprocess.Popen(
        command("0"), env=mine, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0
    ) as fresh:
        assert fresh.stdout is not None
        expected = fresh.stdout.read()
    # Beside another, whose files it must not hold.
    other = start(forks, env, folder, "sleep")
    forked = start(forks, mine, folder, "0")
    assert forked.stdout is not None
    assert forked.wait(30) == 0
    assert forked.stdout.read() == expected + b"to stderr\n"
    other.kill()
    assert other.wait(30) == -signal.SIGKILL


@pytest.mark.parametrize(("word", "code"), [("0", 0), ("3", 3), ("raise", 1)])
def test_its_exit_code_is_told(forks: Forks, env: dict[str, str], folder: Path, word: str, code: int) -> None:
    forked = start(forks, env, folder, word)
    assert forked.stdout is not None
    said = forked.stdout.read()
    assert (forked.wait(30), forked.poll(), forked.returncode) == (code, code, code)
    assert (b"ValueError: of the program" in said) == (word == "raise")


def test_it_is_frozen_and_ended_alone(forks: Forks, env: dict[str, str], folder: Path) -> None:
    one, other = (start(forks, env, folder, "sleep") for _ in range(2))
    one.send_signal(signal.SIGSTOP)
    assert processes.until(lambda: psutil.Process(one.pid).status() == psutil.STATUS_STOPPED, 30)
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    processes.stop(one)
    assert one.returncode == -signal.SIGTERM
    assert other.poll() is None
    other.kill()
    assert other.wait(30) == -signal.SIGKILL


def test_what_python_reads_at_its_start_needs_a_start(forks: Forks, env: dict[str, str]) -> None:
    assert not forks.can_start(command("0"), {**env, "PYTHONPATH": "/elsewhere"})
    assert not forks.can_start([sys.executable, "-c", "pass"], env)
    assert not forks.can_start(["rclone", "serve"], env)


def test_without_the_process_that_is_forked_parts_are_started_anew(env: dict[str, str], folder: Path) -> None:
    forks = Forks(["json"], env)
    forked = start(forks, env, folder, "sleep")
    forks.close()
    assert forked.wait(30) == -signal.SIGKILL
    assert processes.until(lambda: has_ended(forked.pid), 30)
    assert not forks.can_start(command("0"), env)


def test_nothing_outlives_a_parent_that_is_killed(env: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], env=env, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        started = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(started) == 3
    assert processes.until(lambda: all(map(has_ended, started)), 30)


def test_one_that_can_t_import_its_libraries_is_known_to_have_ended(env: dict[str, str], folder: Path) -> None:
    forks = Forks(["no_such_library"], env)
    with pytest.raises(OSError, match=r"ended|pipe|reset"):
        forks.start(command("0"), env, subprocess.PIPE, folder)
    forks.close()


def test_what_it_complains_of_goes_where_it_is_told(forks: Forks, env: dict[str, str], folder: Path) -> None:
    with (folder / "complaints").open("w+b") as complaints:
        forked = forks.start(command("0"), env, subprocess.PIPE, folder, complaints.fileno())
        assert forked.stdout is not None
        assert b"to stderr" not in forked.stdout.read()
        assert forked.wait(30) == 0
        complaints.seek(0)
        assert complaints.read() == b"to stderr\n"


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
