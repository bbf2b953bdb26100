"""``watch`` and ``diagnose`` against an API that answers as the test says."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from academy_ops.cli.follow import follow_job
from academy_ops.contract import JOBS_PATH
from academy_ops.outside.clients import Connections, Target
from academy_ops.settings import load
from tests.commands import academy_ops


@contextmanager
def api(*bodies: object) -> Iterator[str]:
    """Serve job documents, one after another; the last one again and again."""
    left = list(bodies)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                {"status": "ok"} if not self.path.startswith(JOBS_PATH) else left.pop(0) if len(left) > 1 else left[0]
            )
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"job_id": "j", "status": "DONE", "result": {"created": 2, "failed": [], "total": 2}}, 0),
        ({"job_id": "j", "status": "FAILED", "error_message": "no student rows"}, 1),
        ({"job_id": "j", "status": "DONE", "error_message": "no student rows"}, 1),
        ({"job_id": "j", "status": "REJECTED_BAD_INPUT"}, 1),
    ],
)
def test_the_exit_code_tells_how_the_job_ended(body: object, code: int, tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "PENDING"}, body) as url:
        assert academy_ops("watch", "j", cwd=tmp_path, ACADEMY_API_URL=url).returncode == code


@pytest.mark.parametrize(("ops", "advice"), [("academy-ops", ["academy-ops diagnose j"]), (None, [])])
def test_how_to_find_out_why_is_told_of_an_old_job_unless_a_diagnosis_follows(
    ops: str | None, advice: list[str]
) -> None:
    waiting = {"job_id": "j", "status": "PENDING", "created_at": "2026-01-01T00:00:00Z"}
    with api(waiting, {**waiting, "status": "DONE"}) as url:
        settings = load(environ={"ACADEMY_API_URL": url}, default_env_file=None)
        out = Console(file=(written := StringIO()), width=80)
        assert follow_job(out, Target(settings, "j", Connections(settings), ends_at=time.monotonic() + 9), ops) == 0
    lines = [line.strip() for line in written.getvalue().splitlines()]
    assert [line for line in lines if "academy-ops" in line] == advice


def test_a_job_that_does_not_end_in_time_is_undetermined(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "PENDING"}) as url:
        done = academy_ops("watch", "j", "--timeout", "2", cwd=tmp_path, ACADEMY_API_URL=url)
    assert done.returncode == 3
    assert "diagnose j" in done.stdout


def test_a_status_that_can_not_be_read_is_told_and_tried_again(tmp_path: Path) -> None:
    done = academy_ops("watch", "j", "--timeout", "2", cwd=tmp_path, ACADEMY_API_URL="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "still trying" in done.stdout


def test_done_together_with_an_error_message_is_a_failure(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "DONE", "error_message": "헤더 행을 찾지 못했습니다"}) as url:
        done = academy_ops("diagnose", "j", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
    verdict = json.loads(done.stdout)["verdict"]
    assert (done.returncode, verdict["status"], verdict["cause"]) == (1, "faulty", "excel-header-missing")


def test_a_failure_with_an_unknown_message_is_a_failed_job(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "FAILED", "error_message": "lp0 on fire"}) as url:
        done = academy_ops("diagnose", "j", "-o", "json", cwd=tmp_path, ACADEMY_API_URL=url)
    verdict = json.loads(done.stdout)["verdict"]
    assert (verdict["status"], verdict["cause"]) == ("faulty", "job-failed")


def test_escape_sequences_in_the_jobs_message_do_not_reach_the_terminal(tmp_path: Path) -> None:
    with api({"job_id": "j", "status": "FAILED", "error_message": "\x1b]0;owned\x07boom"}) as url:
        shown = academy_ops("diagnose", "j", cwd=tmp_path, ACADEMY_API_URL=url).stdout
    assert "boom" in shown
    assert "\x1b" not in shown
