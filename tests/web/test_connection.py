from __future__ import annotations

import asyncio
import gc
import select
import socket
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Collection
from emoir.web import Settings
from tests.web.servers import exchange, served

SECRET = "correct horse"
HEAD = "Host: 127.0.0.1\r\n"


def ready(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/v1/ready", headers={"authorization": f"Bearer {SECRET}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_slow_upload_is_given_up(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, upload_seconds=0.2)) as port:
        answer = exchange(port, f"POST /api/v1/describe HTTP/1.1\r\n{HEAD}Content-Length: 1000\r\n\r\nonly a little")
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_upload_that_trickles_is_given_up(index: Path, settings: Settings) -> None:
    with (
        served(index, replace(settings, upload_seconds=0.5)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        connection.sendall(f"POST /api/v1/describe HTTP/1.1\r\n{HEAD}Content-Length: 100000\r\n\r\n".encode())
        connection.settimeout(0.05)
        answer = b""
        for _ in range(600):
            connection.sendall(b"x")
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "sent",
    ["", "GET / HTTP/1.1\r\nHost: 127", f"GET /api/v1/health HTTP/1.1\r\n{HEAD}\r\nGET", "\r\n", "POST"],
)
def test_a_connection_that_says_nothing_whole_is_closed(index: Path, settings: Settings, sent: str) -> None:
    with served(index, replace(settings, header_seconds=0.2)) as port:
        answer = exchange(port, sent)
    assert answer.startswith(b"HTTP/1.1 200") == sent.endswith("GET")


@pytest.mark.parametrize("path", ["/", "/api/v1/describe", "/login", "/nothing", "/api/v1/ratings"])
@pytest.mark.parametrize("length", ["Content-Length: 9", "Transfer-Encoding: chunked", "Content-Length: 99999999"])
def test_a_stranger_whose_body_stays_away_is_closed(index: Path, settings: Settings, path: str, length: str) -> None:
    with served(index, replace(settings, token=SECRET, upload_seconds=0.3)) as port:
        answer = exchange(port, f"POST {path} HTTP/1.1\r\n{HEAD}{length}\r\n\r\n")
        assert answer.split()[1] in (b"401", b"408", b"411", b"413"), answer[:100]
        # The same for who has the token, when the answer does not wait for the body.
        allowed = f"Authorization: Bearer {SECRET}\r\n"
        answer = exchange(port, f"POST {path} HTTP/1.1\r\n{HEAD}{allowed}{length}\r\n\r\n")
        assert answer.split()[1] in (b"401", b"404", b"405", b"408", b"411", b"413"), answer[:100]


def test_strangers_cannot_take_the_places_of_others(index: Path, settings: Settings) -> None:
    sent = [
        b"",
        b"GET / HTTP/1.1\r\nHost",
        f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 9\r\n\r\n".encode(),
        f"POST /login HTTP/1.1\r\n{HEAD}Content-Length: 9\r\n\r\nt".encode(),
        f"GET / HTTP/1.1\r\n{HEAD}\r\n".encode(),
    ]
    with served(index, replace(settings, token=SECRET, strangers=20)) as port:
        crowd = []
        try:
            for number in range(100):
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                connection.sendall(sent[number % len(sent)])
                crowd.append(connection)
                if number % 20 == 19:
                    assert ready(port) == 200
            # Those that came first were cut off.
            first = crowd[0]
            try:
                assert first.recv(1) == b""
            except ConnectionResetError:
                pass
        finally:
            for connection in crowd:
                connection.close()


@pytest.mark.parametrize("path", ["/", "/api/v1/search?q=awe", "/api/v1/health", "/static/style.css"])
def test_a_stranger_is_answered_once_per_connection(index: Path, settings: Settings, path: str) -> None:
    asked = f"GET {path} HTTP/1.1\r\n{HEAD}"
    with served(index, replace(settings, token=SECRET)) as port:
        assert exchange(port, f"{asked}\r\n" * 100).count(b"HTTP/1.1 ") == 1
        known = f"{asked}Authorization: Bearer {SECRET}\r\n"
        assert exchange(port, f"{known}\r\n" * 4 + f"{known}Connection: close\r\n\r\n").count(b"HTTP/1.1 200") == 5


def test_a_strangers_head_has_few_lines(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, token=SECRET)) as port:
        for lines, answered in ((200, True), (300, False), (9000, False)):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                try:
                    connection.sendall(f"GET / HTTP/1.1\r\n{HEAD}".encode() + b"a:\r\n" * lines + b"\r\n")
                    answer = connection.recv(1000)
                except ConnectionError:
                    answer = b""
            assert answer.startswith(b"HTTP/1.1 401") == answered
        # A body may have more.
        assert exchange(port, f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 900\r\n\r\n" + "\n" * 900).startswith(b"HTTP")


def test_another_protocol_is_not_spoken(index: Path, settings: Settings) -> None:
    upgrade = f"GET /api/v1/health HTTP/1.1\r\n{HEAD}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with served(index, replace(settings, token=SECRET)) as port:
        answer = exchange(port, f"{upgrade}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nConnection: Upgrade\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_crowd_without_end_does_not_keep_a_caller_out(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, token=SECRET, strangers=20)) as port:
        caller = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"authorization": f"Bearer {SECRET}"}
        caller.request("GET", "/api/v1/ready", headers=headers)
        assert caller.getresponse().read().startswith(b"{")
        place = caller.sock
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(60)]
        caller.request("GET", "/api/v1/ready", headers=headers)
        assert caller.getresponse().read().startswith(b"{")
        # http.client would have connected anew.
        assert caller.sock is place
        caller.close()
        for connection in crowd:
            connection.close()


def test_who_does_not_read_is_cut_off(settings: Settings, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2500, 2500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.bmp")
    size = (tmp_path / "large.bmp").stat().st_size
    with Collection(tmp_path / "large.emoir") as collection:
        collection.index(tmp_path, workers=1)
    with (
        served(tmp_path / "large.emoir", replace(settings, write_seconds=0.3)) as port,
        socket.socket() as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", port))
        connection.sendall(f"GET /api/v1/images/1/file HTTP/1.1\r\n{HEAD}\r\n".encode())
        # Only the server can end this wait: it hangs up on who takes nothing.
        watch = select.poll()
        watch.register(connection, select.POLLERR | select.POLLHUP)
        assert watch.poll(60_000)
        received = 0
        try:
            while block := connection.recv(65536):
                received += len(block)
        except ConnectionResetError:
            pass
    assert received < size


def test_an_answer_does_not_wait_for_the_caller_to_acknowledge_its_head(index: Path, settings: Settings) -> None:
    with served(index, settings) as port, socket.create_connection(("127.0.0.1", port), timeout=60) as caller:
        caller.sendall(f"GET /api/v1/health HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert caller.recv(1000)
        here = caller.getsockname()
        served_here = [
            one
            for one in gc.get_objects()
            if issubclass(type(one), asyncio.Transport) and one.get_extra_info("peername") == here
        ]
        options = {
            one.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in served_here
        }
        assert options
        assert 0 not in options


def test_a_busy_connection_is_never_closed(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, header_seconds=2.0)) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        socket_at_first = connection.sock
        begin = time.monotonic()
        while time.monotonic() - begin < 5:
            connection.request("GET", "/api/v1/words?prefix=a")
            assert connection.getresponse().read().startswith(b"[")
        assert connection.sock is socket_at_first
        connection.close()


def test_a_long_question_and_a_large_body_are_taken_in_parts(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, token=SECRET)) as port:
        for body in (b"", bytes(3_000_000)):
            head = f"POST /api/v1/describe?{'a' * 30_000} HTTP/1.1\r\n{HEAD}Connection: close\r\n"
            head += f"Content-Length: {len(body)}\r\n"
            for allowed, status in (("", b"401"), (f"Authorization: Bearer {SECRET}\r\n", b"422")):
                with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                    try:
                        connection.sendall(f"{head}{allowed}\r\n".encode() + body)
                        answer = connection.recv(1000)
                    except ConnectionError:
                        # A stranger need not be heard to the end.
                        answer = b"HTTP/1.1 401"
                assert answer.split()[1] == status
