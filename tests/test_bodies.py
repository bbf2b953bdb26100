"""A body is bounded by what it unpacks to, and a call that was given up ends."""

import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Callable

import httpx
import pytest

from academy_ops.diagnosis.records import Unavailable
from academy_ops.lab.processes import until
from academy_ops.outside.bodies import TooLongError, whole
from academy_ops.outside.clients import Answer, Connections
from academy_ops.settings import load
from tests.wire import Handler, dripping, respond, server

MIB = 1024 * 1024
BOMB = gzip.compress(bytes(64 * MIB), 1)


def packed(encoding: str, body: bytes) -> Callable[[Handler], None]:
    return lambda handler: respond(handler, 200, body, **{"Content-Encoding": encoding})


def never_beginning(handler: Handler) -> None:
    respond(handler, 200, b"", **{"Content-Length": "2"})
    handler.rfile.read()  # until the client hangs up


def asked(answer: Callable[[Handler], None], seconds: float = 20.0) -> Answer | Unavailable:
    connect = Connections(load(environ={}, default_env_file=None))
    with server(answer) as (url, _):
        return connect.get(url, seconds=seconds)


def test_a_packed_answer_is_read() -> None:
    result = asked(packed("gzip", gzip.compress('{"status": "끝"}'.encode())))
    assert isinstance(result, Answer)
    assert result.body == '{"status": "끝"}'


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        pytest.param("gzip", BOMB, "too-long", id="a bomb"),
        pytest.param("gzip, gzip", gzip.compress(BOMB, 9), "unexpected-answer", id="a bomb in a bomb"),
        pytest.param("deflate", zlib.compress(bytes(64 * MIB), 1), "unexpected-answer", id="another packing"),
        pytest.param("br", b"\xff" * 99, "unexpected-answer", id="what was not asked for"),
        pytest.param("gzip", BOMB[:90_000], "too-long", id="half a bomb"),
        pytest.param("gzip", gzip.compress(b"{}")[:-9], "unexpected-answer", id="cut off"),
        pytest.param("identity", b"x" * 5 * MIB, "too-long", id="plain"),
    ],
)
def test_what_unpacks_to_more_than_is_read_is_not_read(encoding: str, body: bytes, reason: str) -> None:
    tracemalloc.start()
    result = asked(packed(encoding, body))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(result, Unavailable)
    assert result.reason == reason
    assert most < 32 * MIB


def test_a_bound_counts_unpacked_bytes_to_the_last() -> None:
    assert len(whole([gzip.compress(bytes(1000))], "gzip", 1000)) == 1000
    with pytest.raises(TooLongError):
        whole([gzip.compress(bytes(1001))], "gzip", 1000)
    with pytest.raises(httpx.DecodingError):
        whole([b"{}"], "GZIP, identity", 1000)
    assert whole([b"{", b"}"], "", 1000) == b"{}"
    # What browsers pass over.
    assert {whole([b"{}"], name, 1000) for name in ("UTF-8", "aws-chunked", "none", "identity")} == {b"{}"}
    assert whole([gzip.compress(b"{}")], "utf-8, gzip", 1000) == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"), id="a head that drips"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), id="a body that drips"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", b"\0"), id="a bomb that drips"),
        pytest.param(never_beginning, id="a body that never begins"),
    ],
)
def test_the_thread_of_a_call_that_was_given_up_ends(answer: Callable[[Handler], None]) -> None:
    connect = Connections(load(environ={}, default_env_file=None))
    with server(answer) as (url, _):
        before = set(threading.enumerate())
        result = connect.get(url, seconds=0.5)
        assert isinstance(result, Unavailable)
        ours = [one for one in set(threading.enumerate()) - before if "process_request" not in one.name]
        assert until(lambda: not any(one.is_alive() for one in ours), 10, 0.05)
