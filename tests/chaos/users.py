"""People who upload with their browsers: again only when refused or cut, then watching until their job has ended."""

import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx

from academy_ops.contract import ENDED, JOBS_PATH, TENANT_HEADER, UPLOAD_PATH
from academy_ops.lab.state import TENANT, LabState
from tests.chaos.plan import Upload

ATTEMPTS: Final = 40
AGAIN_SECONDS: Final = 1.5
PATIENCE_SECONDS: Final = 45.0
"""How long somebody watches a job before leaving."""
ANSWER_SECONDS: Final = 70.0
"""nginx itself gives up after 60 s."""


@dataclass
class Told:
    """What people were told; threads append.

    Attributes:
        accepted: The job of each upload that was accepted.
        refused: The last refusal of each upload that was refused for good.
        cut: How often each upload was cut off, so that nobody knows whether it was taken.
        ended: The first end of each job that somebody saw.
        answers: How often each kind of answer came.
        texts: Every answer's text, to be searched for secrets.
        unclear: Answers that say nothing a person could use.
    """

    accepted: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    cut: Counter[int] = field(default_factory=Counter)
    ended: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


class Users:
    """So many people, each with one upload at a time."""

    def __init__(self, lab: LabState, uploads: Sequence[Upload], people: int, stopping: threading.Event) -> None:
        self.told = Told()
        self._waiting = list(reversed(uploads))
        self._taking = threading.Lock()
        self._stopping = stopping
        self._started = time.monotonic()
        self._client = httpx.Client(
            base_url=lab.api_url,
            headers={"Authorization": f"Bearer {lab.api_token}", TENANT_HEADER: TENANT},
            verify=ssl.create_default_context(cafile=lab.ca_file),
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        self._threads = [threading.Thread(target=self._run, name=f"user {n}", daemon=True) for n in range(people)]

    def start(self) -> None:
        """Let them begin."""
        for thread in self._threads:
            thread.start()

    def busy(self) -> bool:
        """Return whether somebody still uploads or watches."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._taking:
                if not self._waiting:
                    return
                upload = self._waiting.pop()
            if self._stopping.wait(max(0.0, self._started + upload.at - time.monotonic())):
                return
            self._upload(upload)

    def _upload(self, upload: Upload) -> None:
        content = upload.content()
        for _attempt in range(ATTEMPTS):
            answer = self._asked("POST", UPLOAD_PATH, upload, content)
            if answer is None or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                if answer is None or not _detail(answer):
                    self.told.cut[upload.number] += 1
            elif answer.status_code == HTTPStatus.ACCEPTED:
                job_id = str(answer.json()["job_id"])
                self.told.accepted[upload.number] = job_id
                self._watch(job_id)
                return
            elif answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                self.told.refused[upload.number] = _detail(answer)
                return
            if self._stopping.wait(AGAIN_SECONDS):
                return

    def _watch(self, job_id: str) -> None:
        gives_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < gives_up_at and not self._stopping.wait(1.0):
            answer = self._asked("GET", f"{JOBS_PATH}{job_id}/")
            if answer is not None and answer.is_success and (status := answer.json()["status"]) in ENDED:
                self.told.ended.setdefault(job_id, status)
                return

    def _asked(
        self, method: str, path: str, upload: Upload | None = None, content: bytes = b""
    ) -> httpx.Response | None:
        form: dict[str, Any] = {}
        if upload is not None:
            form = {"files": {"file": (upload.name, content)}, "data": {"initial_password": upload.password}}
        try:
            answer = self._client.request(method, path, **form)
        except httpx.HTTPError as error:
            self.told.answers[f"{method} cut: {type(error).__name__}"] += 1
            return None
        self.told.texts.append(answer.text)
        whose = "the API" if _detail(answer) or answer.is_success else "edge or nginx"
        self.told.answers[f"{method} {answer.status_code} of {whose}"] += 1
        if not answer.is_success and not _detail(answer) and not _page_of_proxy(answer):
            self.told.unclear.append(f"{method} {answer.status_code}: {answer.text[:200]!r}")
        return answer


def _detail(answer: httpx.Response) -> str:
    """Return the API's own sentence, or nothing where it is not the API that speaks."""
    try:
        document = answer.json()
    except ValueError:
        return ""
    return str(document.get("detail") or "") if isinstance(document, dict) else ""


def _page_of_proxy(answer: httpx.Response) -> bool:
    return answer.status_code >= HTTPStatus.BAD_GATEWAY and "<html" in answer.text.lower()
