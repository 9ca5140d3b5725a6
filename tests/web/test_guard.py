from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from emoir import Collection
from emoir.web import Settings, create_app
from emoir.web import connection as connection_module
from emoir.web.guard import HEADERS, OPEN_PATHS

SECRET = "correct horse"


@pytest.fixture
def locked(index: Path, settings: Settings) -> Iterator[TestClient]:
    app = create_app(Collection(index), replace(settings, token=SECRET))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "user@127.0.0.1", "", "localhost\\@evil", "[", "[::1"]
)
def test_a_name_that_was_made_to_point_here_is_refused(client: TestClient, name: str) -> None:
    for path in ("/", "/api/v1/health", "/static/main.js"):
        answer = client.get(path, headers={"host": name})
        assert answer.status_code == 403, name
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:8420", "localhost:1", "[::1]:8420"])
def test_the_computers_own_names_are_served(client: TestClient, name: str) -> None:
    assert client.get("/api/v1/health", headers={"host": name}).status_code == 200


def test_a_proxys_name_can_be_allowed(index: Path, settings: Settings) -> None:
    # Through a proxy others can reach the service.
    with pytest.raises(ValueError, match="a token is needed"):
        replace(settings, names=("Photos.example",))
    app = create_app(Collection(index), replace(settings, names=("Photos.example",), token=SECRET))
    with TestClient(app, base_url="http://photos.example") as client:
        assert client.get("/api/v1/health", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9", "http://127.0.0.1.evil"])
def test_a_page_of_another_site_is_refused(client: TestClient, origin: str) -> None:
    for method, path in (("GET", "/api/v1/search?q=awe"), ("POST", "/api/v1/describe"), ("POST", "/api/v1/ratings")):
        assert client.request(method, path, headers={"origin": origin}).status_code == 403


def test_a_link_from_another_site_may_open_the_gallery_but_nothing_else(client: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/api/v1/export/readings", headers=link).status_code == 403
    assert client.get("/api/v1/images/1/thumbnail", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_every_answer_carries_the_headers_of_safety(client: TestClient) -> None:
    for path in ("/", "/static/main.js", "/api/v1/health", "/api/v1/nothing", "/api/v1/search?q=%2B"):
        headers = client.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert "cache-control" in headers


def test_without_a_token_every_route_is_closed(locked: TestClient) -> None:
    paths = create_app(Collection("none.emoir")).openapi()["paths"]
    addresses = [("GET", "/"), *((method.upper(), path) for path, methods in paths.items() for method in methods)]
    assert len(addresses) > 15
    for method, path in [*addresses, ("GET", "/static/main.js"), ("GET", "/api/v1/openapi.json"), ("GET", "/docs")]:
        answer = locked.request(method, path.replace("{id}", "1").replace("{picture}", "map"))
        assert answer.status_code == 401, path
        assert b"emoir serve printed" in answer.content
    for path in OPEN_PATHS:
        assert locked.get(path).status_code == 200


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer \xff"])
def test_a_wrong_token_opens_nothing(locked: TestClient, shown: str) -> None:
    headers = {b"authorization": shown.encode("latin-1")}
    assert locked.get("/api/v1/health", headers=headers).status_code == 401


def test_the_right_token_opens_by_header_and_by_cookie(locked: TestClient) -> None:
    assert locked.get("/api/v1/health", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200
    assert locked.get("/?token=wrong").status_code == 401
    kept = locked.get("/", params={"q": 'a"<b>', "token": "wrong"})
    assert b'name="q" value="a&quot;&lt;b&gt;"' in kept.content
    door = locked.get("/", params={"q": "awe - fear", "token": SECRET})
    assert door.status_code == 303
    assert door.headers["location"] == "/?q=awe+-+fear"
    assert SECRET not in door.headers["set-cookie"]
    assert "httponly" in door.headers["set-cookie"].lower()
    assert "samesite=lax" in door.headers["set-cookie"].lower()
    assert locked.get("/api/v1/health").status_code == 200


def test_an_address_that_others_reach_needs_a_token() -> None:
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 can be reached by others: a token is needed"):
        Settings(host="0.0.0.0")
    assert Settings(host="0.0.0.0", token="t").allowed_hosts is None
    with pytest.raises(ValueError, match="blank token"):
        Settings(host="0.0.0.0", token=" ")


def test_uploads_are_limited_in_bytes_announced_or_not(index: Path, settings: Settings) -> None:
    app = create_app(Collection(index), replace(settings, max_upload=1000))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.post("/api/v1/describe", content=b"x" * 1001).status_code == 413
        pieces = (b"x" * 100 for _ in range(20))
        answer = client.post("/api/v1/describe", content=pieces)
        assert answer.status_code == 413
        assert "--max-upload" in answer.json()["detail"]
        assert client.post("/api/v1/describe", content=b"x" * 999).status_code == 422


@contextmanager
def _served(index: Path, settings: Settings) -> Iterator[int]:
    """A real server on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(Collection(index), settings)
    server = uvicorn.Server(uvicorn.Config(app, http=connection_module.HeaderTimeoutProtocol, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def test_a_slow_upload_is_given_up(index: Path, settings: Settings) -> None:
    with (
        _served(index, replace(settings, upload_seconds=0.2)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        head = f"POST /api/v1/describe HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"only a little")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_an_upload_that_trickles_is_given_up(index: Path, settings: Settings) -> None:
    with (
        _served(index, replace(settings, upload_seconds=0.5)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        head = f"POST /api/v1/describe HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(head.encode())
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


def test_a_connection_that_says_nothing_is_closed(
    index: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HEADER_SECONDS", 0.2)
    with _served(index, settings) as port:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(said)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert answer.startswith(b"HTTP/1.1 200") == said.endswith(b"GET")


def test_a_busy_connection_is_never_closed(index: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "HEADER_SECONDS", 0.1)
    with _served(index, settings) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        socket_at_first = connection.sock
        for _ in range(400):
            connection.request("GET", "/api/v1/words?prefix=a")
            assert connection.getresponse().read().startswith(b"[")
        # http.client would have connected anew.
        assert connection.sock is socket_at_first
        connection.close()


def test_work_that_waits_leaves_the_rest_alone(index: Path, settings: Settings) -> None:
    app = create_app(Collection(index), replace(settings, explanations=1))
    service = app.state.service
    with TestClient(app, base_url="http://127.0.0.1") as client, service.reading(), ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(client.post, "/api/v1/describe", content=b"x") for _ in range(30)]
        refused = [one for one in as_completed(waiting[:], timeout=60) if one.result().status_code == 503][:1]
        assert refused
        assert client.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fcollection.py",
        "/api/v1/images/..%2f..%2fetc%2fpasswd/file",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out(index: Path, settings: Settings, path: str) -> None:
    with (
        _served(index, settings) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] in (b"404", b"422"), answer[:200]
    assert b"create_app" not in answer
    assert b"root:" not in answer
