"""The process that is the lab: ``python -m academy_ops.lab.supervisor``, started by `academy_ops.lab.operate`.

It leads a session of its own, in which all its children stay. It tells on stdout, one JSON object a line, what
happens until it is ready. It ends on SIGTERM or SIGINT; with ``--attached`` also when its standard input closes.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from academy_ops.lab import disturb, faults, parts, state
from academy_ops.lab.control import to_json
from academy_ops.lab.errors import LabError
from academy_ops.messages import say

ATTACHED: Final = "--attached"


def main(arguments: list[str]) -> int:
    """Run the lab until it is told to end.

    Args:
        arguments: ``--attached`` or nothing.

    Returns:
        The exit code: 0 after an orderly end, 1 when the lab could not start.
    """
    asked, ask = os.pipe()
    os.set_blocking(ask, False)
    # Whichever thread the system gives the signal to, the byte is there; a lock would not always wake the main one.
    signal.set_wakeup_fd(ask)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    if ATTACHED in arguments:
        threading.Thread(target=_end_with_starter, args=(ask,), daemon=True).start()
    place = state.folder()
    try:
        with state.held(place):
            return _run(place, asked)
    except LabError as error:
        _tell("error", to_json(error.message))
    except ImportError as error:
        missing = say(
            "The lab needs the extra 'lab' (package {package} is missing). Install it: pip install 'academy-ops[lab]'",
            package=error.name or "?",
        )
        _tell("error", to_json(missing))
    return 1


def _run(place: Path, asked_to_end: int) -> int:
    _watch_over_session()
    with (place / "lab.log").open("ab") as log:
        # From here on stderr is the log: of moto, of threads, of this module.
        os.dup2(log.fileno(), sys.stderr.fileno())
    lab = parts.start(place, _actions, lambda text: _tell("event", to_json(text)))
    try:
        state.write(place, lab.state)
        _tell("ready", {})
        os.read(asked_to_end, 1)
    finally:
        lab.stop()
    return 0


def _actions(running: list[parts.Lab]) -> Mapping[str, Any]:
    lock = threading.Lock()

    def lab() -> parts.Lab:
        if not running:
            raise LabError(say("The lab is starting. Wait for it."))
        return running[0]

    def break_fault(values: Mapping[str, Any]) -> Mapping[str, Any]:
        with lock:
            return {"job_id": faults.break_fault(lab(), values["fault"])}

    def heal(_values: Mapping[str, Any]) -> Mapping[str, Any]:
        with lock:
            return {"healed": faults.heal(lab())}

    def status(_values: Mapping[str, Any]) -> Mapping[str, Any]:
        here = lab()
        services = {"api": here.api, "nginx": here.origin.service, "rclone": here.storage.service}
        return {
            "parts": {
                "edge": here.edge.running(),
                **{name: service.running() for name, service in services.items()},
            },
            "workers": here.fleet.workers(),
            "broken": here.broken,
        }

    def keys(values: Mapping[str, Any]) -> Mapping[str, Any]:
        from academy_ops.lab.aws.users import create_user  # noqa: PLC0415 - moto is slow to import

        made = create_user(f"restricted-{secrets.token_hex(4)}", json.loads(values["policy"]))
        return {"key_id": made.key_id, "secret": made.secret}

    return {"break": break_fault, "heal": heal, "status": status, "keys": keys, **disturb.actions(lab)}


def _watch_over_session() -> None:
    if os.getsid(0) != os.getpid():
        raise LabError(say("The lab's supervisor is started by 'academy-ops lab up' only."))
    # The pipe stays open as long as this process lives, and no longer.
    subprocess.Popen(
        [sys.executable, "-m", "academy_ops.lab.watchdog", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end_with_starter(ask: int) -> None:
    sys.stdin.buffer.read()
    os.write(ask, b"\0")


def _tell(kind: str, value: Mapping[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps({kind: value}) + "\n")
        sys.stdout.flush()
    except OSError:
        # Whoever started the lab has gone; the lab goes on, and nothing is told any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    # The folder is free, so this process must be gone as well: no waiting for threads or for a large heap.
    os._exit(exit_code)
