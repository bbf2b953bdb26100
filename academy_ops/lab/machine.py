"""One worker instance: its condition, its SSM agent, and its container with a real worker."""

import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from academy_ops.contract import USER_DATA_LOG, WORKER_NAME
from academy_ops.lab import processes, user_data
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.lab.container import Container, image_name
from academy_ops.lab.host_remedies import effect
from academy_ops.lab.provisioning import Provisioning
from academy_ops.outside import host_scripts

_START_SECONDS: Final = 15.0
_NO_PROGRAM: Final = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: exec: "/app/run": stat /app/run: no such file or directory: unknown'
)
_PROGRAMS: Final = (
    *("awk", "cat", "cut", "date", "echo", "grep", "head", "id", "ls", "paste", "printf", "sed", "sh", "sha256sum"),
    *("sleep", "sort", "tail", "timeout", "tr", "true", "uniq", "wc"),
)
"""What a host has without Docker."""
_SHIMS: Final = ("docker", "df", "dmesg", "journalctl", "systemctl")
_ENGINE: Final = {".Server.Version": "27.5.1", ".DockerRootDir": "/var/lib/docker"}


@dataclass(frozen=True, slots=True)
class Condition:
    """In what condition an instance is; a new one is well.

    Attributes:
        container: ``running``, ``stopped`` (someone stopped it), ``paused``, ``unstartable``, ``dead`` (it could not be
            removed), ``created`` (nobody has started it) or ``missing``.
        error: Why it can't be started.
        installed: Whether Docker is there.
        docker: Whether the Docker daemon runs.
        answers: Whether the Docker daemon answers.
        agent: Whether the SSM agent runs.
        registered: Whether it has ever reached SSM.
        disk_percent: How full the disk is.
        inodes_percent: How many of its inodes are used.
        read_only: Whether the disk is mounted read-only.
        boot: Whether cloud-init has ended.
        user_data: What the user data has written in its own log.
        kernel: Whether the kernel's log can be read.
        logs: Whether Docker can read the containers' logs.
    """

    container: Literal["running", "stopped", "paused", "unstartable", "dead", "created", "missing"] = "running"
    error: str = _NO_PROGRAM
    installed: bool = True
    docker: bool = True
    answers: bool = True
    agent: bool = True
    registered: bool = True
    disk_percent: int = 31
    inodes_percent: int = 4
    read_only: bool = False
    boot: Literal["finished", "running"] = "finished"
    user_data: tuple[str, ...] = ()
    kernel: bool = True
    logs: bool = True


def make_host_folder(folder: Path) -> None:
    """Make an instance's folder: what stands for the host's commands, and what these answer from."""
    (folder / "bin").mkdir(mode=0o700, parents=True)
    for shim in _SHIMS:
        script = folder / "bin" / shim
        script.write_text((files("academy_ops.lab") / "shims" / f"{shim}.sh").read_text("utf-8"), "utf-8")
        script.chmod(0o700)
    (folder / "docker-engine").write_text("".join(f"{key}\t{value}\n" for key, value in _ENGINE.items()), "utf-8")
    write_disk(folder, Condition())


def write_disk(folder: Path, condition: Condition) -> None:
    """Write how full an instance's disk is."""
    (folder / "disk-percent").write_text(f"{condition.disk_percent}\n", "utf-8")
    (folder / "inodes-percent").write_text(f"{condition.inodes_percent}\n", "utf-8")


def write_boot(host: Path, condition: Condition) -> None:
    """Write what an instance's boot leaves behind; ``host`` stands for its root folder."""
    shutil.rmtree(host, ignore_errors=True)
    finished = host / "var/lib/cloud/instance/boot-finished"
    user_data = host / USER_DATA_LOG.removeprefix("/")
    for folder in (finished.parent, user_data.parent, host / "run/cloud-init"):
        folder.mkdir(parents=True)
    if condition.read_only:
        (host / "proc").mkdir()
        (host / "proc/mounts").write_text("/dev/nvme0n1p1 / xfs ro,noatime,attr2,inode64 0 0\n", "utf-8")
    if condition.boot == "finished":
        finished.touch()
    if condition.user_data:
        user_data.write_text("".join(f"{line}\n" for line in condition.user_data), "utf-8")


def run_script(script: str, folder: Path, env: Mapping[str, str], seconds: float) -> Outcome:
    """Run a script with ``sh``, as the SSM agent of an instance; one that `host_scripts` does not build is refused.

    The shims in the ``bin`` of the instance's folder come first in PATH.
    """
    if not host_scripts.is_ours(script):
        return Outcome(1, "", "The lab runs only the scripts that academy-ops itself builds; this one is not.\n")
    process = subprocess.Popen(
        ["/bin/sh", "-c", script],
        env={**env, "PATH": _path(folder, env["PATH"]), "ACADEMY_HOST_FILES": str(folder / "files")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        process_group=0,
    )
    code: int | None = None
    try:
        stdout, stderr = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        processes.kill_group(process)
        stdout, stderr = process.communicate()
    return Outcome(code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))


def _path(folder: Path, path: str) -> str:
    """Return where an instance's programs are: where Docker is not installed, this machine's own must not be found."""
    tools = folder / "tools"
    return f"{folder / 'bin'}:{tools if tools.exists() else path}"


def _install(folder: Path, *, installed: bool) -> None:
    """Let Docker be there, or nothing but what a host has without it."""
    tools, docker, gone = folder / "tools", folder / "bin" / "docker", folder / "docker-gone"
    if installed and tools.exists():
        gone.rename(docker)
        shutil.rmtree(tools)
    elif not installed and not tools.exists():
        docker.rename(gone)
        tools.mkdir(mode=0o700)
        for name in _PROGRAMS:
            if found := shutil.which(name):
                (tools / name).symlink_to(found)


class Machine:
    """One instance; an `academy_ops.lab.aws.ssm.Host`.

    Attributes:
        address: Its private IP address.
        booted: Set when it has booted and its SSM agent has registered.
        condition: In what condition it is.
    """

    def __init__(self, folder: Path, address: str, provisioning: Provisioning) -> None:
        self.address = address
        self.condition = Condition()
        self.booted = threading.Event()
        self._folder = folder
        self._provisioning = provisioning
        self._container: Container | None = None
        self._gone = threading.Event()
        self._off = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        make_host_folder(folder)

    @property
    def agent_online(self) -> bool:
        """Whether the SSM agent answers."""
        return self.condition.agent

    @property
    def registered(self) -> bool:
        """Whether SSM knows its agent."""
        return self.booted.is_set() and self.condition.registered

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, or None when none runs."""
        return self._container.pid if self._container else None

    @property
    def can_run_worker(self) -> bool:
        """Whether its condition lets a worker run at all."""
        return self.condition.docker and self.condition.installed and self.condition.container == "running"

    @property
    def settled(self) -> bool:
        """Whether its worker runs, has ended once, or can't run at all."""
        ended = self._container is not None and self._container.has_ended
        return self.worker_pid is not None or ended or not self.can_run_worker

    @property
    def restarts(self) -> int:
        """How often Docker has restarted the worker."""
        return self._container.restarts if self._container else 0

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether Docker shows that a process of the worker was killed for lack of memory."""
        return self._container is not None and self._container.out_of_memory

    def run(self, script: str, seconds: float) -> Outcome:
        """Run a script as the SSM agent would; what a remedy does, the lab does itself."""
        changed = effect(script)
        if changed is None:
            return run_script(script, self._folder, self._provisioning.host_env, seconds)
        if changed.pop("clock", False):
            self._provisioning.set_clock()
        starts = "container" in changed
        if starts and self.condition.container in {"unstartable", "dead", "missing"}:
            return Outcome(1, "", f"Error response from daemon: {self.condition.error}\n")
        self.change_condition(replace(self.condition, **changed))
        if starts and self.worker_pid is None:
            self.restart()
        return Outcome(0, "", "")

    def log(self) -> str:
        """Return what the container has written."""
        try:
            return (self._folder / "container" / "log").read_text("utf-8", "replace")
        except OSError:
            return ""

    def boot(self, delay: float) -> None:
        """Boot, or boot again: read the parameter, and run the container as the condition says."""
        with self._lock:
            if self._container is not None:
                self._container.remove()
                self._container = None
            self._off = True
            gone = self._gone.wait(delay)
            self._off = False
            if gone:
                return
            self._write_condition()
            ends = self.condition.boot == "finished"
            if (
                self._provisioning.user_data
                and ends
                and (self.condition.user_data or self.condition.container != "missing")
            ):
                self._run_user_data()
            elif self.condition.docker and self.condition.installed and self.condition.container != "missing":
                self._run_container()
            self.booted.set()

    def restart(self) -> None:
        """Boot again without a delay; one that is off boots by itself, and reads everything then."""
        if not self._off:
            self.boot(0)

    def reboot(self) -> None:
        """Boot as EC2 reboots it: agent and Docker daemon start with it."""
        self.condition = replace(self.condition, agent=True, docker=True)
        self.boot(self._provisioning.boot_seconds)

    def change_condition(self, condition: Condition) -> None:
        """Change its condition; it boots again where the container is concerned."""
        before, self.condition = self.condition, condition
        if condition == before:
            return
        if all(getattr(before, field) == getattr(condition, field) for field in ("container", "docker", "installed")):
            self._write_condition()
        else:
            self.restart()

    def terminate(self) -> None:
        """End it; nothing of it stays."""
        self._gone.set()
        with self._lock:
            if self._container is not None:
                self._container.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_condition(self) -> None:
        """Write what the shims read; a remedy and whoever heals the lab may do so at the same time."""
        with self._writing:
            condition = self.condition
            write_disk(self._folder, condition)
            write_boot(self._folder / "files", condition)
            _install(self._folder, installed=condition.installed)
            marks = {
                "docker-down": condition.docker,
                "docker-hung": condition.answers,
                "kernel-unread": condition.kernel,
                "logs-unreadable": condition.logs,
            }
            for name, well in marks.items():
                mark = self._folder / name
                mark.unlink(missing_ok=True) if well else mark.touch()

    def _run_user_data(self) -> None:
        """Boot by the user data; where the condition says what it writes, the step that leads to it fails."""
        boot = user_data.Boot(
            self._folder.name,
            image_name(self._provisioning.image),
            self._provisioning.log_group or "",
            self._provisioning.parameter(),
            user_data.failing(self.condition.user_data),
        )
        files = self._folder / "files"
        (files / USER_DATA_LOG.removeprefix("/")).unlink(missing_ok=True)
        started = user_data.run(self._folder / "boot", files, boot)
        if started and self.condition.docker:
            self._run_container(started.env)

    def _run_container(self, env: Mapping[str, str] | None = None) -> None:
        env = self._provisioning.worker_env() if env is None else env
        name = self._folder.name
        image, host_env = self._provisioning.image_of(name), self._provisioning.container_env(name)
        ship = partial(self._provisioning.ship, name)
        self._container = Container(self._folder / "container", WORKER_NAME, image, env, host_env, ship=ship)
        if self.condition.container == "unstartable":
            self._container.refuse("created", self.condition.error)
            return
        if self.condition.container in {"dead", "created"}:
            self._container.refuse(self.condition.container)
            return
        self._container.start()
        if self.condition.container != "running":
            processes.until(lambda: self.worker_pid is not None, _START_SECONDS)
            self._container.pause() if self.condition.container == "paused" else self._container.stop()
