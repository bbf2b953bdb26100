"""The door of the lab's AWS: lets in signed requests of known keys, for actions that the key's policies allow.

moto can check signatures and policies itself, but answers a refusal in XML to services that speak JSON, knows
CloudWatch by its signing name, and never looks at the clock. Users, keys and policies are moto's IAM; the lab's own
users are made there directly, for nobody can sign a request for them yet.
"""

from __future__ import annotations

import fnmatch
import io
import json
import socket
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from botocore.exceptions import DataNotFoundError
from moto.core.model import OperationModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import User, iam_backends
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from academy_ops.contract import REGION
from academy_ops.lab.aws import signature
from academy_ops.lab.state import ACCOUNT, WORKER_USER, Keys

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# An access error is in no service's model, and moto says so each time.
warnings.filterwarnings("ignore", message=r"Exception\(_Refusal\)", category=UserWarning)

_SERVICES: Final = {"monitoring": "cloudwatch"}
"""Services whose signing name is not the name that IAM and the SDKs use."""
_JSON_CODES: Final = ("ssm", "events", "lambda", "logs")
_POLICY: Final = "lab"
"""The name of the policy that a user is made with."""
_ALWAYS_ALLOWED: Final = "sts:GetCallerIdentity"


class _Refusal(Exception):  # noqa: N818 - it never leaves this module
    """AWS's code and message; moto's serializers read them by these names."""

    def __init__(self, code: str, message: str, status: int = HTTPStatus.FORBIDDEN) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class Gate:
    """A WSGI application in front of moto's.

    Attributes:
        clock_offset: How far this AWS's clock is ahead of the machine's.
        late: How far the clock of a user's machine is behind, by the user's name.
        open: Whether it answers at all.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.clock_offset = timedelta(0)
        self.late: dict[str, timedelta] = {}
        self.open = True
        self._app = app

    def restore(self) -> None:
        """Answer by the right clocks, and let each user have an active key, and no policy but the first."""
        self.clock_offset = timedelta(0)
        self.late.clear()
        self.open = True
        for user in list(iam_backends[ACCOUNT]["aws"].users.values()):
            for key in user.access_keys:
                key.status = "Active"
            for name in user.policies.keys() - {_POLICY}:
                del user.policies[name]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not self.open:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response()(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        signed = signature.parse(request.headers.get("Authorization", ""))
        if signed is None:
            # Also keeps everyone away from moto's own control pages, which nobody signs for.
            missing = '{"__type":"MissingAuthenticationToken","message":"Request is missing Authentication Token"}'
            response = Response(missing, HTTPStatus.FORBIDDEN, content_type="application/x-amz-json-1.1")
            return response(environ, start_response)
        service = _SERVICES.get(signed.service, signed.service)
        try:
            self._admit(request, signed, service, body)
        except _Refusal as refusal:
            return _rendered(refusal, request, service)(environ, start_response)
        environ["wsgi.input"] = io.BytesIO(body)
        return self._app(environ, start_response)

    def _admit(self, request: Request, signed: signature.Signed, service: str, body: bytes) -> None:
        owner = _owner(signed.key_id)
        if owner is None:
            raise _unknown_key(service)
        user, secret = owner
        complaint = signature.age_complaint(
            request.headers.get("X-Amz-Date", ""),
            datetime.now(UTC) + self.clock_offset + self.late.get(user.name, timedelta(0)),
        )
        if complaint is not None:
            raise _Refusal("RequestExpired" if service == "ec2" else _mismatch(service), complaint)
        url = f"http://{request.host}{request.environ['RAW_URI']}"
        if not signed.matches(secret, request.method, url, dict(request.headers), body):
            raise _bad_signature(service)
        operation = _operation(request, service, body)
        action = f"{service}:{operation}"
        if operation is None or not _allowed(user, action):
            raise _denied(service, user.arn, action)


def create_users() -> dict[str, Keys]:
    """Make the operator, the API, the workers and the autoscaler, each with its own key, and one for the lab itself."""
    return {
        "lab": create_user("academy-lab", _allowing("*")),
        "operator": create_user("academy-operator", _allowing("*")),
        "api": create_user("academy-api", _allowing("sqs:*")),
        "worker": create_user(WORKER_USER, _allowing("sqs:*", "ssm:GetParameter")),
        "autoscaler": create_user("academy-autoscaler", _allowing("sqs:Get*", "autoscaling:*")),
    }


def create_user(name: str, policy: dict[str, Any]) -> Keys:
    """Make an IAM user with one policy and one key."""
    backend = iam_backends[ACCOUNT]["aws"]
    backend.create_user(REGION, name)
    backend.put_user_policy(name, _POLICY, json.dumps(policy))
    key = backend.create_access_key(name)
    return Keys(key.access_key_id, key.secret_access_key)


def _allowing(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"}}


def _owner(key_id: str) -> tuple[User, str] | None:
    for user in list(iam_backends[ACCOUNT]["aws"].users.values()):
        for key in user.access_keys:
            if key.access_key_id == key_id and key.status == "Active":
                return user, key.secret_access_key
    return None


def _allowed(user: User, action: str) -> bool:
    """Judge ``action`` by the user's inline policies; Resource and Condition are taken to match."""
    if action == _ALWAYS_ALLOWED:
        return True
    effects = {
        statement["Effect"]
        for document in list(user.policies.values())
        for statement in _listed(json.loads(document)["Statement"])
        if any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in _listed(statement["Action"]))
    }
    return effects == {"Allow"}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes one thing or a list of them
    return value if isinstance(value, list) else [value]


def _operation(request: Request, service: str, body: bytes) -> str | None:
    """Find the operation that a request calls, in any of AWS's protocols."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if request.mimetype == "application/x-www-form-urlencoded":
        return parse_qs(body.decode("utf-8", "replace")).get("Action", [None])[0]
    try:
        operation, _parameters = get_service_router(service).match(request)
    except (NotFound, NotImplementedError):
        return None
    return str(operation.name)


def _unknown_key(service: str) -> _Refusal:
    if service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return _Refusal("AuthFailure", message, HTTPStatus.UNAUTHORIZED)
    code = "UnrecognizedClientException" if service in _JSON_CODES else "InvalidClientTokenId"
    return _Refusal(code, "The security token included in the request is invalid.")


def _bad_signature(service: str) -> _Refusal:
    if service == "ec2":
        return _unknown_key(service)
    return _Refusal(
        _mismatch(service),
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.",
    )


def _mismatch(service: str) -> str:
    return "InvalidSignatureException" if service in _JSON_CODES else "SignatureDoesNotMatch"


def _denied(service: str, arn: str, action: str) -> _Refusal:
    # EC2 and SQS are known to leave the action out.
    if service == "ec2":
        return _Refusal("UnauthorizedOperation", "You are not authorized to perform this operation.")
    if action == "sqs:GetQueueUrl":
        # SQS does not tell whether a queue exists to one who may not ask.
        words = "The specified queue does not exist or you do not have access to it."
        return _Refusal("AWS.SimpleQueueService.NonExistentQueue", words, HTTPStatus.BAD_REQUEST)
    if service == "sqs" and action != "sqs:ReceiveMessage":
        return _Refusal("AccessDenied", "Access to the resource is denied.")
    return _Refusal(
        "AccessDeniedException" if service in _JSON_CODES else "AccessDenied",
        f"User: {arn} is not authorized to perform: {action} because no identity-based policy allows the {action} "
        "action",
    )


def _rendered(refusal: _Refusal, request: Request, service: str) -> Response:
    """Write a refusal in the protocol of the request."""
    try:
        model = get_service_model(service)
        protocol = determine_request_protocol(model, request.content_type)
    except (DataNotFoundError, NotImplementedError):
        # A service that does not exist, or a protocol that it does not speak.
        return Response(refusal.message, refusal.status, content_type="text/plain")
    serializer = get_serializer_class(model.service_name, protocol)(OperationModel({}, model))
    answer = serializer.serialize(refusal)
    return Response(answer["body"], refusal.status, headers=dict(answer["headers"]))
