"""nginx in the lab is the real one, in front of the app's port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from academy_ops.lab import processes
from academy_ops.lab.origin import Origin


class App(BaseHTTPRequestHandler):
    """Says what reached it."""

    asked = 0

    def do_POST(self) -> None:
        App.asked += 1
        size = len(self.rfile.read(int(self.headers["Content-Length"])))
        body = f"{self.headers['Host']} {self.headers['X-Forwarded-For']} {size}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_values: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def app() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def origin(tmp_path: Path, app: ThreadingHTTPServer) -> Iterator[Origin]:
    place = tmp_path / "with a space"
    place.mkdir()
    origin = Origin(place, processes.free_ports(1)[0], app.server_port)
    origin.start()
    origin.wait_ready()
    yield origin
    origin.service.stop()


def post(origin: Origin, size: int = 1, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(origin.url, content=b"x" * size, headers=headers, trust_env=False)


def test_requests_reach_the_app_with_host_and_client(origin: Origin) -> None:
    assert post(origin).text == f"{origin.url.removeprefix('http://')} 127.0.0.1 1"


def test_who_asks_is_who_the_edge_says_and_nobody_s_own_word(origin: Origin) -> None:
    host = origin.url.removeprefix("http://")
    forged = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Real-IP": "192.0.2.3", "True-Client-IP": "192.0.2.4"}
    assert post(origin, headers=forged).text == f"{host} 127.0.0.1 1"
    assert post(origin, headers={**forged, "CF-Connecting-IP": "198.51.100.9"}).text == f"{host} 198.51.100.9 1"


def test_the_largest_upload_passes_and_a_larger_one_does_not(origin: Origin) -> None:
    assert post(origin, 11 * 1024 * 1024).status_code == 200
    assert post(origin, 13 * 1024 * 1024).status_code == 413


def test_who_does_not_go_on_sending_is_cut_off_and_the_app_never_hears_of_it(origin: Origin) -> None:
    App.asked = 0
    host, port = origin.url.removeprefix("http://").split(":")
    half_a_head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "
    half_a_body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nslow"
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(socket.create_connection((host, int(port)), timeout=60)) for _ in range(2)]
        for one, begun in zip(slow, (half_a_head, half_a_body), strict=True):
            one.sendall(begun)
        result = {one.recv(4096).partition(b"\r\n")[0] for one in slow}
    assert result <= {b"", b"HTTP/1.1 408 Request Time-out"}
    assert App.asked == 0


def test_an_app_that_is_down_is_a_502_of_nginx(origin: Origin, app: ThreadingHTTPServer) -> None:
    app.shutdown()
    app.server_close()
    answer = post(origin)
    assert answer.status_code == 502
    assert answer.headers["server"] == "nginx"


def test_it_can_be_pointed_elsewhere_and_back(origin: Origin) -> None:
    origin.start(upstream=processes.free_ports(1)[0])
    origin.wait_ready()
    assert post(origin).status_code == 502
    origin.start()
    origin.wait_ready()
    assert post(origin).status_code == 200


def test_it_leaves_no_process(origin: Origin) -> None:
    pid = origin.service.pid
    assert pid is not None
    origin.service.stop()
    assert origin.service.pid is None
    with pytest.raises(httpx.ConnectError):
        post(origin)


def test_a_limit_is_nginxs_own_page_beyond_what_it_lets_through_and_none_within(origin: Origin) -> None:
    for rule, statuses in (
        ("limit_req zone=once;", {200, 503}),
        ("limit_req zone=once; limit_req_status 429;", {200, 429}),
        ("limit_req zone=often burst=100 nodelay;", {200}),
    ):
        origin.change(rule=rule)
        assert {post(origin).status_code for _ in range(5)} == statuses
