"""AWS and R2 asked at a server that answers as a test says; shared by the tests of what they answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding
from academy_ops.outside.clients import Connections, Target
from academy_ops.settings import load
from checks import access, r2
from checks.facts import AccessFacts, Case
from tests.checks import facts_factory as h
from tests.wire import Handler, respond, server

STS_ERROR = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{}</Code>'
    "<Message>{}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)
STS_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::{0}:user/ops</Arn><UserId>AIDA</UserId><Account>{0}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
S3_ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>{}</Message></Error>"
EMPTY_BUCKET = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
R2_KEYS = {"R2_ACCESS_KEY": "a" * 32, "R2_SECRET_KEY": "b" * 64}


@contextmanager
def target(**environ: str) -> Iterator[Target]:
    """What a check is given, with this environment and nothing of the machine's."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", **environ}.items():
            patch.setenv(name, value)
        settings = load(environ=environ, default_env_file=None)
        yield Target(settings, None, Connections(settings), ends_at=1e12)


def empty_case() -> Case:
    return Case(h.NOW, None, h.case().names)


def asked_sts(status: int, body: str, **environ: str) -> Finding:
    def answer(handler: Handler) -> None:
        respond(handler, status, body.encode(), **{"Content-Type": "text/xml"})

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url, **environ) as this:
        facts = access.observe(this, empty_case())
    (finding,) = access.judge(replace(empty_case(), access=facts))
    return finding


def asked_r2(endpoint: str, **environ: str) -> Finding:
    """Look at R2 while AWS has answered, so that the machine's own network is not in doubt."""
    with target(R2_ENDPOINT=endpoint, **{**R2_KEYS, **environ}) as this:
        facts = r2.observe(this, empty_case())
    known = AccessFacts("123456789012", "", None, key_is_r2_key=False)
    return next(iter(r2.judge(replace(empty_case(), access=known, r2=facts))))


def json_error(status: int, code: str, message: str) -> Any:
    body = json.dumps({"__type": code, "message": message}).encode()
    return lambda handler: respond(handler, status, body, **{"Content-Type": "application/x-amz-json-1.1"})
