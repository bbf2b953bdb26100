"""The process that is the lab: ``python -m academy_ops.lab.supervisor``, started by `academy_ops.lab.operate`.

It leads a session of its own, in which all its children stay. On stdout it reports, one JSON object a line, what
happens until it is ready. It ends on SIGTERM or SIGINT; with ``--attached`` also when its standard input closes.
"""

import gc
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

from academy_ops.contract import DLQ_SUFFIX, QUEUE_NAME
from academy_ops.lab import LabError, faults, parts, state
from academy_ops.lab.aws import resources
from academy_ops.lab.control import Action, to_json
from academy_ops.lab.parts import Lab
from academy_ops.messages import say

ATTACHED: Final = "--attached"
_changing_faults: Final = threading.Lock()


def main(arguments: list[str]) -> int:
    """Run the lab until a signal ends it.

    Args:
        arguments: ``--attached`` or nothing.

    Returns:
        The exit code: 0 after an orderly end, 1 when the lab could not start.
    """
    ended, end = os.pipe()
    os.set_blocking(end, False)
    # Whichever thread the system gives the signal to, the byte is there; a lock would not always wake the main one.
    signal.set_wakeup_fd(end)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    if ATTACHED in arguments:
        threading.Thread(target=_end_with_starter, args=(end,), daemon=True).start()
    place = state.folder()
    try:
        with state.held(place):
            return _run(place, ended)
    except LabError as error:
        _report("error", to_json(error.message))
    except ImportError as error:
        missing = say(
            "The lab needs the extra 'lab' (package {package} is missing). Install it: pip install 'academy-ops[lab]'",
            package=error.name or "?",
        )
        _report("error", to_json(missing))
    return 1


def _run(place: Path, ended: int) -> int:
    _start_watchdog()
    with (place / "lab.log").open("ab") as log:
        # From here on stderr is the log: of moto, of threads, of this module.
        os.dup2(log.fileno(), sys.stderr.fileno())
    resources.share_models()
    gc.disable()  # what is imported and started stays; to look for garbage in it takes a third of the start
    lab = parts.start(place, _ACTIONS, lambda text: _report("event", to_json(text)))
    gc.freeze()
    gc.enable()
    try:
        state.write(place, lab.state)
        _report("ready", {})
        os.read(ended, 1)
    finally:
        lab.stop()
    return 0


def _break(lab: Lab, values: Mapping[str, Any]) -> Mapping[str, Any]:
    with _changing_faults:
        return {"job_id": faults.break_fault(lab, values["fault"])}


def _heal(lab: Lab, _values: Mapping[str, Any]) -> Mapping[str, Any]:
    with _changing_faults:
        return {"healed": faults.heal(lab)}


def _status(lab: Lab, _values: Mapping[str, Any]) -> Mapping[str, Any]:
    running = {
        "edge": os.getpid() if lab.edge.running() else None,
        "api": lab.api.pid,
        "nginx": lab.origin.service.pid,
        "rclone": lab.storage.service.pid,
    }
    return {"parts": running, "workers": lab.fleet.workers(), "broken": lab.broken}


def _keys(_lab: Lab, values: Mapping[str, Any]) -> Mapping[str, Any]:
    from academy_ops.lab.aws.gate import create_user  # noqa: PLC0415 - moto is slow to import

    made = create_user(f"restricted-{secrets.token_hex(4)}", json.loads(values["policy"]))
    return {"key_id": made.key_id, "secret": made.secret}


def _restart(lab: Lab, _values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Start what has been killed, as systemd and Docker would."""
    for service in (lab.storage.service, lab.origin.service, lab.api):
        service.start()
    return {}


def _deliver_again(lab: Lab, _values: Mapping[str, Any]) -> Mapping[str, Any]:
    lab.cloud.queues.deliver_again(QUEUE_NAME)
    return {}


def _messages(lab: Lab, _values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: lab.cloud.queues.bodies(name) for name in (QUEUE_NAME, QUEUE_NAME + DLQ_SUFFIX)}


_ACTIONS: Final[Mapping[str, Action[Lab]]] = {
    "break": _break,
    "heal": _heal,
    "status": _status,
    "keys": _keys,
    # What a chaos run asks for, and no client of the lab's parts could do from outside.
    "restart": _restart,
    "deliver-again": _deliver_again,
    "messages": _messages,
}


def _start_watchdog() -> None:
    if os.getsid(0) != os.getpid():
        raise LabError(say("Only 'academy-ops lab up' starts the lab's supervisor."))
    # The pipe stays open as long as this process lives, and no longer.
    subprocess.Popen(
        [sys.executable, "-m", "academy_ops.lab.watchdog", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end_with_starter(end: int) -> None:
    sys.stdin.buffer.read()
    os.write(end, b"\0")


def _report(kind: str, value: Mapping[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps({kind: value}) + "\n")
        sys.stdout.flush()
    except OSError:
        # Whoever started the lab has gone; the lab goes on, and reports nothing any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    # The folder is free, so this process must be gone as well: no waiting for threads or for a large heap.
    os._exit(exit_code)
