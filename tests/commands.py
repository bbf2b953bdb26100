"""The command, run as a user runs it: arguments, an environment and a folder in; exit code, stdout and stderr out.

Each run is a process of its own. Most are forked from one that has imported the libraries already: to start Python and
to import them takes longer than most commands.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import certifi
from botocore.exceptions import DataNotFoundError, UnknownServiceError

SHELL = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
READ_AT_START = ("PYTHONPATH", "PYTHONUTF8", "LC_")
"""What a Python reads before it runs anything; a fork would not notice."""
OURS = ("academy_ops", "checks")
IMPORTED = (
    *("academy_ops.diagnosis", "academy_ops.diagnosis.catalogue", "academy_ops.lab.operate", "academy_ops.outside"),
    *("academy_ops.remedies", "academy_ops.report", "academy_ops.settings", "academy_ops.smoke", "checks"),
    *("encodings.idna", "httpcore", "rich.live", "typer.main"),
)
"""Not academy_ops.cli: its help texts are in the language of the moment at which it is imported."""
SECONDS = 120.0
Done = subprocess.CompletedProcess[str]


def academy_ops(*arguments: str, cwd: Path, **environ: str) -> Done:
    """Run the tool in an empty environment but for ``environ``."""
    return run(arguments, cwd, {**environment(cwd), **environ})


def environment(home: Path) -> dict[str, str]:
    """Return what a command needs of an environment; all else of this machine's would only be read again and again."""
    return {**SHELL, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "LANG": "en_US.UTF-8"}


def run(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Done:
    """Run the tool in the environment ``environ``; it writes UTF-8."""
    done = run_on_console(arguments, cwd, environ)
    return Done(done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def run_on_console(
    arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run the tool in the environment ``environ``; in PYTHONIOENCODING stands what characters it can write.

    Raises:
        subprocess.TimeoutExpired: It does not end.
    """
    command = [sys.executable, "-m", "academy_ops", *arguments]
    if os.name == "nt" or any(
        name.startswith(READ_AT_START) and os.environ.get(name) != value for name, value in environ.items()
    ):
        return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, check=False, timeout=SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        files = [os.devnull, *(str(Path(folder, name)) for name in ("stdout", "stderr"))]
        code = Running(arguments, cwd, environ, files).wait()
        stdout, stderr = (Path(name).read_bytes() for name in files[1:])
    return subprocess.CompletedProcess(command, code, stdout, stderr)


class Running:
    """The tool, forked, with what `subprocess.Popen` has; ``files`` are its stdin, stdout and stderr."""

    def __init__(self, arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], files: Sequence[str]) -> None:
        request = {"arguments": arguments, "cwd": str(cwd), "environ": dict(environ), "files": files}
        self.pid = _told(request)
        self.returncode: int | None = None

    def wait(self, timeout: float = SECONDS) -> int:
        """Wait until it has ended; return its exit code.

        Raises:
            subprocess.TimeoutExpired: It does not end.
        """
        if self.returncode is None:
            self.returncode = _told({"wait": self.pid}, timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal; until it was waited for, no other process has its id."""
        if self.returncode is None:
            os.kill(self.pid, number)


def _told(request: Mapping[str, Any], seconds: float = SECONDS) -> int:
    """Return the number that the process that commands are forked from answers with."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(request).encode() + b"\n")
    server.stdin.flush()
    if not select.select([server.stdout], [], [], seconds)[0]:
        os.killpg(server.pid, signal.SIGKILL)
        _server.cache_clear()
        raise subprocess.TimeoutExpired(str(request.get("arguments", request)), seconds)
    return int(server.stdout.readline())


@cache
def _server() -> subprocess.Popen[bytes]:
    """Start the process that commands are forked from; it ends with this one, which closes its standard input."""
    server = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        process_group=0,
    )
    server.returncode = 0  # nobody waits for it
    return server


def _serve() -> None:
    """Fork a process for each request, and answer with its id; or wait for one, and answer with its exit code."""
    gc.disable()
    for name in IMPORTED:
        for module in (name, *(f"{name}.{one.name}" for one in pkgutil.iter_modules(_folders(name)))):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module)
    _load_models()
    sys.meta_path.insert(0, _English())
    gc.freeze()  # a collection in a fork would copy every page
    gc.enable()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            number = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            _trust(request["environ"].get("SSL_CERT_FILE", ""))
            # Here: a terminal must not be closed by everyone else before.
            files = [os.open(path, os.O_RDWR | os.O_CREAT) for path in request["files"]]
            if (number := os.fork()) == 0:
                _become(request, files)
            for fd in files:
                os.close(fd)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


class _English(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Has the commands, whose help is in the language of the moment of their import, for forks that speak English."""

    def __init__(self) -> None:
        import academy_ops.cli  # noqa: PLC0415 - as late as the others

        names = [f"academy_ops.cli.{module.name}" for module in pkgutil.iter_modules(academy_ops.cli.__path__)]
        for name in names:
            importlib.import_module(name)
        self._modules = {name: sys.modules.pop(name) for name in names}
        del self._modules["academy_ops.cli.main"]  # it looks at the environment

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        from academy_ops.messages import current  # noqa: PLC0415

        return importlib.util.spec_from_loader(name, self) if name in self._modules and current() == "en" else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self._modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is."""


def _load_models() -> None:
    """Read what a client of any service is made from, and the certificates that each client trusts."""
    from academy_ops.outside import sdk, trust  # noqa: PLC0415 - as late as the others

    trust.trusting(certifi.where())
    loader = sdk.loader()
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    for service in ("autoscaling", "cloudwatch", "ec2", "events", "lambda", "s3", "scheduler", "sqs", "ssm", "sts"):
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            with suppress(UnknownServiceError, DataNotFoundError):
                loader.load_service_model(service, kind)


@cache
def _trust(file: str) -> None:
    """Read the certificates that a lab's commands trust, which stay the same while it runs."""
    from academy_ops.outside import trust  # noqa: PLC0415 - as late as the others

    if Path(file).parent.joinpath("state.json").exists():
        trust.trusting(certifi.where(), file)


def _folders(package: str) -> list[str]:
    found = importlib.util.find_spec(package)
    return list(found.submodule_search_locations or ()) if found and package.startswith(OURS) else []


def _become(request: dict[str, Any], files: Sequence[int]) -> NoReturn:
    """Be the process that was asked for."""
    code: Any = 1
    try:
        for fd, file in enumerate(files):
            os.dup2(file, fd)
            os.close(file)
        encoding = request["environ"].get("PYTHONIOENCODING", "utf-8")
        sys.stdin, sys.stdout, sys.stderr = (
            open(fd, mode, encoding=encoding, closefd=False)  # noqa: SIM115 - they stay open
            for fd, mode in enumerate("rww")
        )
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environ"])
        sys.argv = ["academy-ops", *request["arguments"]]
        from academy_ops.cli.main import main  # noqa: PLC0415 - what it imports looks at the environment

        main()
    except SystemExit as ended:  # of a completion
        code = ended.code
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - a fork must end here, not in the server's loop
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    _serve()
