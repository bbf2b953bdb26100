"""The user data of the second generation, run under a shell, with stand-ins for what is not on this machine."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Final

from academy_ops.contract import CLOUD_INIT_LOG, REGION, WORKER_ENV_PARAMETER, WORKER_NAME

_PROGRAMS: Final = ("aws", "curl", "dnf")
_FROM_THIS_MACHINE: Final = ("base64", "cat", "cp", "mkdir", "rm", "sh", "sleep")
_SECONDS: Final = 30.0
_STEP_OF: Final = {
    "docker: command not found": "packages",
    "GetAuthorizationToken": "login",
    "GetParameter": "parameter",
    "unbound variable": "script",
}
"""Words of the step that fails; any other is the pull or the run."""
FAILED_USER_DATA: Final = (
    "cc_scripts_user.py[WARNING]: Failed to run module scripts_user (scripts in /var/lib/cloud/instance/scripts)"
)
"""cloud-init's own words, in its own log."""


@dataclass(frozen=True, slots=True)
class Boot:
    """What a boot is given.

    Attributes:
        instance_id: What the metadata service answers.
        image: The image that is pulled, by its digest.
        log_group: Where Docker's awslogs driver writes to.
        parameter: The workers' parameter as it is stored; None where it can't be read.
        fails: What the programs say of the steps that fail: ``metadata``, ``packages``, ``login``, ``pull``,
            ``parameter``, ``run``; ``script`` where a variable of the script itself is not set.
    """

    instance_id: str
    image: str
    log_group: str
    parameter: str | None
    fails: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What ``docker run`` was called with; ``env`` is empty without ``--env-file``."""

    env: Mapping[str, str]
    log_driver: str
    log_options: Mapping[str, str]


def failing(lines: Sequence[str]) -> dict[str, str]:
    """Return which step must fail with which words, so that the user data writes ``lines``; none for no lines."""
    if not lines:
        return {}
    if "IMDSv2" in lines[-1]:
        return {"metadata": "curl: (28) Connection timed out after 2002 milliseconds"}
    words = "\n".join(lines[:-1])
    if step := next((step for said, step in _STEP_OF.items() if said in words), None):
        return {step: lines[0]}
    return {"run" if "docker run" in lines[-1] else "pull": words}


def run(folder: Path, root: Path, boot: Boot) -> Run | None:
    """Run the user data; return what container it has started, or None where it has stopped before.

    ``folder`` is an empty one for this boot, and is removed; ``root`` stands for the instance's root folder.
    """
    programs = folder / "bin"
    programs.mkdir(mode=0o700, parents=True)
    (folder / "fails").mkdir()
    for step, words in boot.fails.items():
        (folder / "fails" / step).write_text(f"{words}\n", "utf-8")
    (folder / "instance").write_text(f"{boot.instance_id}\n", "utf-8")
    if boot.parameter is not None:
        (folder / "parameter").touch(mode=0o600)
        (folder / "parameter").write_text(boot.parameter, "utf-8")
    for name in _PROGRAMS:
        (programs / name).write_text(_file("stand_in.sh"), "utf-8")
        (programs / name).chmod(0o700)
    for name in _FROM_THIS_MACHINE:
        (programs / name).symlink_to(shutil.which(name) or name)
    (programs / "python3").symlink_to(sys.executable)
    names = {"REGION": REGION, "WORKER": WORKER_NAME, "PARAMETER": WORKER_ENV_PARAMETER, "LOG_GROUP": boot.log_group}
    names |= {} if "script" in boot.fails else {"IMAGE": boot.image}
    names |= {"STRICT": "yes"} if "parameter" in boot.fails else {}
    done = subprocess.run(
        ["/bin/sh", "-c", _file("user_data.sh")],
        # Nothing else of this machine: its own docker, if it has one, stays out of it.
        env={**names, "PAUSE": "0", "ROOT": str(root), "BOOT": str(folder), "PATH": str(programs)},
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        _note_failure(root)
    try:
        return _started((folder / "run").read_text("utf-8").splitlines())
    except FileNotFoundError:
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _note_failure(root: Path) -> None:
    """Write what cloud-init says of a script that has ended with an error."""
    log = root / CLOUD_INIT_LOG.removeprefix("/")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{FAILED_USER_DATA}\n", "utf-8")


def _started(arguments: list[str]) -> Run:
    def given(option: str) -> list[str]:
        return [value for name, value in pairwise(arguments) if name == option]

    env: dict[str, str] = {}
    for path in given("--env-file"):
        for line in Path(path).read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            env[name] = value
        Path(path).unlink()
    options = dict(option.split("=", 1) for option in given("--log-opt"))
    return Run(env, given("--log-driver")[0], options)


def _file(name: str) -> str:
    return (files("academy_ops.lab.user_data") / name).read_text("utf-8")
