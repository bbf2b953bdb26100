"""Kills the rest of the lab when its supervisor is gone: ``python -m academy_ops.lab.watchdog SESSION``.

Its standard input is a pipe whose other end only the supervisor holds; the pipe closes when the supervisor ends,
even by SIGKILL. A session id is not reused while a process of that session lives, so nobody else is hit.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from typing import Final

import psutil

_ROUNDS: Final = 50


def kill_session(session: int) -> None:
    """Kill every process of ``session``, and what they start meanwhile."""
    for _round in range(_ROUNDS):
        if not (left := [pid for pid in psutil.pids() if _alive_in(pid, session)]):
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _alive_in(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False


if __name__ == "__main__":
    # A terminal's Ctrl-C is for the supervisor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    kill_session(int(sys.argv[1]))
