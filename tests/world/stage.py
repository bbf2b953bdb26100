"""The real command against servers that mean harm or are sick."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.checks import facts_factory as h
from tests.commands import academy_ops
from tests.wire import Handler, respond

TOKEN = "token-of-the-operator"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}

Told = tuple[int, dict[str, Any]]


def tool(*arguments: str, cwd: Path, api: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the tool against ``api``, with a token to lose, and with AWS keys where there is an AWS for them."""
    keys = KEYS if "AWS_ENDPOINT_URL" in environ else {}
    own = {"ACADEMY_API_URL": api, "ACADEMY_API_TOKEN": TOKEN, "ACADEMY_TENANT_CODE": "tenant-of-the-operator"}
    return academy_ops(*arguments, cwd=cwd, **own, **keys, **environ)


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
