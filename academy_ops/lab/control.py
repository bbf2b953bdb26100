"""How commands talk to the running lab: over loopback, and only with its token."""

from __future__ import annotations

import hmac
import json
import ssl
import traceback
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import httpx

from academy_ops.lab import LabError
from academy_ops.lab.state import LabState
from academy_ops.messages import Text, say

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH: Final = "/academy-lab"
_SECONDS: Final = 120.0
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For httpx: to read the certificates that it trusts takes longer than any answer of the lab's."""

L = TypeVar("L")
"""The running lab."""
Action = Callable[[L, Mapping[str, Any]], Mapping[str, Any]]
"""Takes the running lab and the request's values; returns the answer's."""


class Control(Generic[L]):
    """The WSGI application that carries out requests, once its ``lab`` runs."""

    def __init__(self, token: str, actions: Mapping[str, Action[L]]) -> None:
        """Prepare it for callers that send ``token``; ``actions`` are what can be asked for, by name."""
        self.lab: L | None = None
        self._token = token
        self._actions = actions

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        # Only now: who asks the lab, or names its faults, need not load the AWS SDK.
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        sent = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        if not hmac.compare_digest(sent, f"Bearer {self._token}".encode()):
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"This is the control of somebody's lab.\n"]
        values = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        try:
            answer = {"answer": self._actions[values["action"]](self._running_lab(), values)}
        except LabError as error:
            answer = {"error": to_json(error.message)}
        except (BotoCoreError, ClientError) as error:
            # Such as a fault that deletes what another one has deleted already.
            answer = {"error": to_json(say("The lab's AWS rejected the request: {reason}", reason=str(error)))}
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets its name, and the log has the rest
            traceback.print_exc()
            answer = {"error": to_json(_failed(f"{type(error).__name__}: {error}"))}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def _running_lab(self) -> L:
        if self.lab is None:
            raise LabError(say("The lab is still starting. Wait for it."))
        return self.lab


def ask(state: LabState, action: str, **values: str | list[str]) -> dict[str, Any]:
    """Ask the running lab for something.

    Raises:
        LabError: It refused, or does not answer.
    """
    try:
        response = httpx.post(
            f"{state.cloud_url}{PATH}/",
            json={"action": action, **values},
            headers={"Authorization": f"Bearer {state.control_token}"},
            timeout=_SECONDS,
            verify=NO_TLS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise LabError(say("The lab does not answer: {reason}.", reason=str(error) or type(error).__name__)) from error
    if response.status_code != HTTPStatus.OK:
        raise LabError(_failed(f"HTTP {response.status_code}"))
    body = response.json()
    if "error" in body:
        raise LabError(from_json(body["error"]))
    answer: dict[str, Any] = body["answer"]
    return answer


def _failed(reason: str) -> Text:
    return say("The lab failed: {reason}. See {log}.", reason=reason, log="lab.log")


def to_json(text: Text) -> dict[str, Any]:
    """Turn a sentence into JSON values, so that the reader's language decides."""
    values = {name: to_json(value) if isinstance(value, Text) else value for name, value in text.values.items()}
    return {"template": text.template, "values": values}


def from_json(value: Mapping[str, Any]) -> Text:
    """Turn `to_json`'s result back into a sentence."""
    values = {name: from_json(inner) if isinstance(inner, dict) else inner for name, inner in value["values"].items()}
    return Text(value["template"], values)
