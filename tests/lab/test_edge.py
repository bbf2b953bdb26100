"""The edge behaves towards its client as Cloudflare does, whatever the origin does."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from academy_ops.lab.edge import Edge
from academy_ops.lab.processes import FilteredPort, free_ports

MEBIBYTE = 1024 * 1024


class App(BaseHTTPRequestHandler):
    """Tells what reached it; sends the second half of its answer to ``/slow`` when it is allowed to."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nfirst\r\n")
            self.wfile.flush()
            self.go_on.wait(20)
            self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")
        else:
            self.tell(0)

    def do_POST(self) -> None:
        self.tell(len(self.rfile.read(int(self.headers["Content-Length"]))))

    def tell(self, size: int) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "size": size, "headers": headers}
        body = json.dumps(seen).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Own", "kept")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_values: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def origin() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def edge(tmp_path: Path, origin: ThreadingHTTPServer) -> Iterator[Edge]:
    edge = Edge(tmp_path, free_ports(1)[0], origin.server_port)
    edge.start()
    yield edge
    edge.stop()


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(edge.ca_file))
    with httpx.Client(base_url=edge.url, verify=trusted, trust_env=False, timeout=20) as client:
        yield client


def answering(answer: bytes) -> tuple[socket.socket, str]:
    """Return a socket that sends ``answer`` to whoever connects and hangs up, and its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_request_reaches_the_origin_as_it_was_with_what_the_edge_adds(edge: Edge, client: httpx.Client) -> None:
    sent = {"Authorization": "Bearer t", "X-Tenant-Code": "lab", "CF-Connecting-IP": "9.9.9.9"}
    answer = client.get("/a%2Fb/?q=%ED%95%9C&r", headers=sent)
    seen = answer.json()
    assert (seen["method"], seen["path"]) == ("GET", "/a%2Fb/?q=%ED%95%9C&r")
    headers = seen["headers"]
    assert headers["host"] == edge.url.removeprefix("https://")
    assert (headers["authorization"], headers["x-tenant-code"]) == ("Bearer t", "lab")
    assert (headers["cf-connecting-ip"], headers["x-forwarded-for"]) == ("127.0.0.1", "127.0.0.1")
    assert headers["x-forwarded-proto"] == "https"
    assert "transfer-encoding" not in headers


def test_the_answer_is_the_origins_in_the_edges_name(client: httpx.Client) -> None:
    answers = [client.get("/"), client.get("/")]
    assert {(one.status_code, one.headers["server"], one.headers["x-own"]) for one in answers} == {
        (201, "cloudflare", "kept")
    }
    assert len({one.headers["cf-ray"] for one in answers}) == 2
    assert [len(one.headers.get_list("date")) for one in answers] == [1, 1]


def test_the_largest_upload_passes(client: httpx.Client) -> None:
    assert client.post("/", content=b"x" * (10 * MEBIBYTE)).json()["size"] == 10 * MEBIBYTE


def test_an_answer_is_passed_on_as_it_comes(client: httpx.Client) -> None:
    App.go_on.clear()
    with client.stream("GET", "/slow") as answer:
        chunks = answer.iter_bytes()
        assert next(chunks) == b"first"
        App.go_on.set()
        assert b"".join(chunks) == b"last"


def closed(edge: Edge) -> None:
    edge.change(origin=f"127.0.0.1:{free_ports(1)[0]}")


def unroutable(edge: Edge) -> None:
    edge.change(origin="255.255.255.255:80")


def without_tls(edge: Edge) -> None:
    edge.change(ssl_mode="full")


@pytest.mark.parametrize(("set_up", "status"), [(closed, 521), (unroutable, 523), (without_tls, 525)])
def test_an_origin_that_takes_no_connection_has_a_page_of_its_own(
    edge: Edge, client: httpx.Client, set_up: Callable[[Edge], None], status: int
) -> None:
    set_up(edge)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["server"]) == (status, "cloudflare")
    assert f"Error code {status}" in answer.text
    assert answer.headers["cf-ray"] in answer.text


def test_an_origin_behind_a_filter_times_out_while_connecting(edge: Edge, client: httpx.Client) -> None:
    port = free_ports(1)[0]
    filtered = FilteredPort(port)
    edge.change(origin=f"127.0.0.1:{port}")
    assert client.get("/").status_code == 522
    filtered.close()


def test_an_origin_that_takes_a_request_and_is_silent_times_out(edge: Edge, client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        edge.change(origin=f"127.0.0.1:{silent.getsockname()[1]}", response_seconds=0.3)
        assert client.get("/").status_code == 524


@pytest.mark.parametrize("words", [b"", b"220 mail.example ESMTP\r\n"])
def test_an_origin_that_does_not_answer_in_http_is_an_unknown_error(
    edge: Edge, client: httpx.Client, words: bytes
) -> None:
    listener, address = answering(words)
    with listener:
        edge.change(origin=address)
        assert client.get("/").status_code == 520


@pytest.mark.parametrize(("mode", "status"), [("full", 201), ("strict", 526)])
def test_only_the_strict_mode_looks_at_the_origins_certificate(
    edge: Edge, client: httpx.Client, origin: ThreadingHTTPServer, mode: str, status: int
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(edge.untrusted_certificate())
    origin.socket = tls.wrap_socket(origin.socket, server_side=True)
    edge.change(ssl_mode=mode)
    assert client.get("/").status_code == status


@pytest.mark.parametrize(
    ("page", "status", "mitigated"), [("challenge", 403, "challenge"), ("block", 403, None), ("limit", 429, None)]
)
def test_a_security_rule_answers_with_a_page_in_the_origins_place(
    edge: Edge, client: httpx.Client, page: str, status: int, mitigated: str | None
) -> None:
    edge.change(page=page)
    answer = client.get("/")
    assert (answer.status_code, answer.headers.get("cf-mitigated")) == (status, mitigated)
    assert answer.text.startswith("<!DOCTYPE html>")
    edge.change()
    assert client.get("/").status_code == 201


@pytest.mark.parametrize(
    "certificate", [{"name": "www.academy.example"}, {"expires": datetime.now(UTC) - timedelta(days=1)}]
)
def test_a_wrong_certificate_is_refused_by_the_client(
    edge: Edge, client: httpx.Client, certificate: dict[str, Any]
) -> None:
    edge.start(**certificate)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        client.get("/")
    edge.start()
    assert client.get("/").status_code == 201


def test_nobody_listens_where_it_was_stopped(edge: Edge, client: httpx.Client) -> None:
    edge.stop()
    assert not edge.running()
    with pytest.raises(httpx.ConnectError):
        client.get("/")
