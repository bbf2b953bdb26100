"""The real command against servers that mean harm or are sick."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.checks import at_hand as h
from tests.cli.test_main import academy_ops
from tests.wire import Handler, respond

TOKEN = "token-of-the-operator"
TENANT = "tenant-of-the-operator"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
BAIT = "<img src=x onerror=alert(1)></script><!-- \x1b[31mowned\x1b]0;owned\x07 \x9b31m ::error::owned `x` | \\ \u202e"
"""What a terminal, a page, a workflow and Markdown would each obey."""
RAW = ("\x1b", "\x9b", "\x07", "\u202e")

Told = tuple[int, dict[str, Any]]


def tool(*arguments: str, cwd: Path, api: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the tool against ``api``, with a token to lose."""
    return academy_ops(
        *arguments,
        cwd=cwd,
        **{"ACADEMY_API_URL": api, "ACADEMY_API_TOKEN": TOKEN, "ACADEMY_TENANT_CODE": TENANT, **KEYS, **environ},
    )


def asked(cwd: Path, api: str, *only: str, timeout: int = 12, **environ: str) -> Told:
    """Diagnose the job at ``api``; return the exit code and the document."""
    names = [word for name in only for word in ("--only", name)]
    done = tool("diagnose", h.JOB_ID, *names, "--timeout", str(timeout), "-o", "json", cwd=cwd, api=api, **environ)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def job(status: str = "PENDING", **fields: Any) -> bytes:
    """A job as the API tells it."""
    return json.dumps({"job_id": h.JOB_ID, "status": status, **fields}).encode()


def api(answer: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """An API that is well, but for what it says of the job."""

    def both(handler: Handler) -> None:
        if handler.path.startswith("/api/"):
            answer(handler)
        else:
            respond(handler, 200)

    return both
