"""A throw-away engine, Docker's or Podman by Docker's name: own folders, no network, an image of this machine's shell.

``dockerd`` and ``docker`` are those on the PATH; wrappers there that run them in another root try another release.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

IMAGE = "academy-ai-worker:test"
_PROGRAMS = ("sh", "sleep", "cat", "env")
_START_SECONDS = 40


class EngineError(Exception):
    """No engine can run here; says why."""


@dataclass
class Engine:
    """An engine that runs.

    Attributes:
        folder: Where it keeps everything.
        process: The daemon; None where it has none.
    """

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment in which its client finds it."""
        mine = {**os.environ, "HOME": str(self.folder)}
        if self.process:
            return {**mine, "DOCKER_HOST": f"unix://{self.folder}/docker.sock"}
        programs = f"{self.folder}/bin:{os.environ['PATH']}"
        return {**mine, "PATH": programs, "CONTAINERS_CONF": f"{self.folder}/containers.conf"}

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Return what a command of the client prints."""
        done = subprocess.run(
            ["docker", *arguments], env=self.environ, capture_output=True, text=True, check=False, timeout=60
        )
        if check and done.returncode:
            raise EngineError(f"docker {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def run(self, name: str, script: str, *options: str) -> None:
        """Run a script of the shell in a new container."""
        self.docker("run", "-d", "--network", "none", "--name", name, *options, IMAGE, "/bin/sh", "-c", script)

    def remove_all(self) -> None:
        """Forget every container."""
        if names := self.docker("ps", "-aq").split():
            self.docker("rm", "-f", *names)

    def stop(self) -> None:
        """End it, and what it has started."""
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.remove_all()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(folder: Path) -> Engine:
    """Start an engine in an empty folder; its path must be short, as that of a socket.

    Raises:
        EngineError: None can run here.
    """
    if os.geteuid() != 0:
        raise EngineError("it needs root")
    if not shutil.which("dockerd") or not shutil.which("docker"):
        raise EngineError("dockerd is not installed (Debian: docker.io)")
    command = [
        *("dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "-p", f"{folder}/pid"),
        *("-H", f"unix://{folder}/docker.sock", "--bridge", "none", "--iptables=false", "--ip-forward=false"),
        *("--storage-driver", "vfs"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    engine = Engine(folder, process)
    ends_at = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        if engine.docker("version", "--format", "{{.Server.Version}}", check=False).strip():
            _load(engine)
            return engine
        time.sleep(0.2)
    said = (folder / "log").read_text("utf-8", "replace").strip().rpartition("\n")[2]
    engine.stop()
    raise EngineError(f"dockerd does not start: {said[-300:]}")


def start_podman(folder: Path) -> Engine:
    """Make what Debian's podman-docker is, in an empty folder: a ``docker`` that calls Podman, and says so.

    Raises:
        EngineError: None can run here.
    """
    if os.geteuid() != 0:
        raise EngineError("it needs root")
    if not (podman := shutil.which("podman")):
        raise EngineError("podman is not installed")
    own = f"--root {folder}/data --runroot {folder}/run --storage-driver vfs --cgroup-manager cgroupfs"
    (folder / "bin").mkdir()
    docker = folder / "bin" / "docker"
    docker.write_text(
        "#!/bin/sh\necho 'Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.' >&2\n"
        f'exec {podman} {own} --events-backend file "$@"\n',
        "utf-8",
    )
    docker.chmod(0o700)
    # Its own defaults are more than a container of a build machine may set.
    limits = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\nlog_driver = "k8s-file"\n'
    (folder / "containers.conf").write_text(limits, "utf-8")
    engine = Engine(folder)
    try:
        _load(engine)
        engine.run("first", "true")
        engine.remove_all()
    except (EngineError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EngineError(f"podman does not run: {error}") from error
    return engine


def _load(engine: Engine) -> None:
    """Make the image: a few programs of this machine, and the libraries that they need."""
    needed = {Path(found) for name in _PROGRAMS if (found := shutil.which(name))}
    for program in list(needed):
        listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
        needed |= {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(needed):
            folder = "bin" if path.name in _PROGRAMS else str(path.parent).removeprefix("/")
            tar.add(path.resolve(), f"{folder}/{path.name}")
    command = ["docker", "import", "-", IMAGE]
    subprocess.run(command, env=engine.environ, input=packed.getvalue(), check=True, capture_output=True, timeout=60)
