from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import emoir
from emoir import Collection
from emoir.web import Settings, create_app
from emoir.web import service as service_module
from emoir.web.access import HEADERS, OPEN_PATHS
from emoir.web.rate_limit import RateLimit
from emoir.web.tokens import cookie_value
from tests.pictures import save_photos
from tests.web.servers import exchange, served

SECRET = "correct horse"


@pytest.fixture
def locked(index: Path, settings: Settings) -> Iterator[TestClient]:
    app = create_app(Collection(index), replace(settings, token=SECRET, refusals=1000))
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
        replace(settings, trusted_hosts=("Photos.example",))
    app = create_app(Collection(index), replace(settings, trusted_hosts=("Photos.example",), token=SECRET))
    with TestClient(app, base_url="http://photos.example") as client:
        assert client.get("/api/v1/ready", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200


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
        if path in OPEN_PATHS:
            continue
        answer = locked.request(method, path.replace("{id}", "1").replace("{picture}", "map"))
        assert answer.status_code == 401, path
        assert b"emoir serve printed" in answer.content
    for path in OPEN_PATHS:
        assert locked.get(path).status_code == 200


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer \xff"])
def test_a_wrong_token_opens_nothing(locked: TestClient, shown: str) -> None:
    headers = {b"authorization": shown.encode("latin-1")}
    assert locked.get("/api/v1/ready", headers=headers).status_code == 401


def test_the_right_token_opens_by_header_and_by_cookie(locked: TestClient) -> None:
    assert locked.get("/api/v1/ready", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200
    assert locked.get("/?token=wrong").status_code == 401
    kept = locked.get("/", params={"q": 'a"<b>', "token": "wrong"})
    assert b'name="q" value="a&quot;&lt;b&gt;"' in kept.content
    login = locked.get("/", params={"q": "awe - fear", "token": SECRET})
    assert login.status_code == 303
    assert login.headers["location"] == "./?q=awe+-+fear"
    assert SECRET not in login.headers["set-cookie"]
    assert "httponly" in login.headers["set-cookie"].lower()
    assert "samesite=lax" in login.headers["set-cookie"].lower()
    assert locked.get("/api/v1/ready").status_code == 200


@pytest.mark.parametrize(
    ("cookies", "status"),
    [
        ("{}", 200),
        ('a="\\"; {}; b', 200),
        ("emoir-8420=old; {}", 200),
        ("x{}", 401),
        ("{}0", 401),
        ("emoir-8420", 401),
        ('a="{}"', 401),
    ],
)
def test_the_cookie_is_found_among_others(locked: TestClient, cookies: str, status: int) -> None:
    own = f"emoir-8420={cookie_value(SECRET)}"
    answer = locked.get("/api/v1/ready", headers={"cookie": cookies.format(own)})
    assert answer.status_code == status


def test_parts_of_files_are_not_offered(client: TestClient) -> None:
    answer = client.get("/static/style.css", headers={"range": "bytes=0-0,2-2"})
    assert answer.status_code == 200
    assert answer.content == (Path(emoir.__file__).parent / "web" / "static" / "style.css").read_bytes()


def test_a_network_of_one_caller_counts_as_one() -> None:
    limit = RateLimit(burst=2, per_second=1.0, clock=lambda: 0.0)
    callers = [
        "2001:db8::1",
        "2001:db8::ffff:2",
        "2001:db8:0:0:9::3",
        "2001:db8:0:1::1",
        "198.51.100.1",
        "198.51.100.2",
    ]
    assert [limit.allows(caller) for caller in callers] == [True, True, False, True, True, True]
    assert limit.allows("testclient")
    # The same caller, as a socket of IPv6 names her.
    assert [limit.allows("::ffff:198.51.100.1") for _ in range(2)] == [True, False]


def test_more_fields_than_the_gallery_has_are_not_looked_at(locked: TestClient) -> None:
    for count, status in ((200, 303), (300, 400)):
        assert locked.get(f"/?{'a=1&' * count}token={SECRET}").status_code == status
        assert locked.post("/login", content=f"{'a=1&' * count}token={SECRET}").status_code == status
    locked.cookies.clear()
    assert locked.get(f"/login?{'a=1&' * 300}").status_code == 400


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
        parts = (b"x" * 100 for _ in range(20))
        answer = client.post("/api/v1/describe", content=parts)
        assert answer.status_code == 413
        assert "--max-upload" in answer.json()["detail"]
        assert client.post("/api/v1/describe", content=b"x" * 999).status_code == 422


def test_work_that_waits_leaves_the_rest_alone(
    index: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "WAIT_SECONDS", 2.0)
    app = create_app(Collection(index), replace(settings, workers=1))
    service = app.state.service
    with TestClient(app, base_url="http://127.0.0.1") as client, service.reading(), ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(client.post, "/api/v1/describe", content=b"x") for _ in range(30)]
        assert next(as_completed(waiting, timeout=60)).result().status_code == 503
        assert client.get("/api/v1/ready").status_code == 200


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
    with served(index, settings) as port:
        answer = exchange(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in (b"404", b"422"), answer[:200]
    assert b"create_app" not in answer
    assert b"root:" not in answer


def test_a_stranger_is_told_to_wait_and_a_caller_with_the_token_is_not(index: Path, settings: Settings) -> None:
    app = create_app(Collection(index), replace(settings, token=SECRET, refusals=3))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        statuses = [client.post("/login", data={"token": f"guess {n}"}).status_code for n in range(6)]
        assert statuses[:3] == [401, 401, 401]
        assert 429 in statuses[3:]
        assert client.get("/api/v1/ready", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200
        assert client.get("/api/v1/health").status_code == 200


def test_the_login_page_lets_in_and_logout_lets_out(locked: TestClient) -> None:
    assert b'method="post" action="login"' in locked.get("/").content
    assert locked.post("/login", data={"token": "wrong", "q": "awe"}).status_code == 401
    login = locked.post("/login", data={"token": SECRET, "q": "awe"})
    assert (login.status_code, login.headers["location"]) == (303, "./?q=awe")
    assert login.headers["set-cookie"].startswith("emoir-8420=")
    assert "secure" not in login.headers["set-cookie"].lower()
    assert locked.get("/api/v1/ready").status_code == 200
    assert locked.post("/logout").status_code == 303
    assert locked.get("/api/v1/ready").status_code == 401
    assert locked.post("/login", content=b"token=" + b"x" * 20_000).status_code == 413


def test_the_code_for_the_browser_opens_once(index: Path, settings: Settings) -> None:
    app = create_app(Collection(index), replace(settings, token=SECRET, login_code="one-time"))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        assert client.get("/?code=other").status_code == 401
        assert client.get("/?code=one-time").status_code == 303
        client.cookies.clear()
        assert client.get("/?code=one-time").status_code == 401


def test_a_body_that_is_no_image_is_short(client: TestClient) -> None:
    assert client.post("/api/v1/selection/table", content=b"[" * 300_000).status_code == 413
    assert client.post("/api/v1/ratings", content=(b" " * 1000 for _ in range(300))).status_code == 413


def test_bodies_are_counted_before_they_are_kept(index: Path, settings: Settings) -> None:
    with served(index, replace(settings, max_uploads=1_500_000, upload_seconds=30)) as port:
        head = "POST /api/v1/describe HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=60) as first:
            first.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 999_999)
            # No byte of a second one is taken while the first has not ended.
            answers = {exchange(port, f"{head}Content-Length: 1000000\r\n\r\n").split()[1] for _ in range(20)}
            while answers != {b"503"}:
                answers = {exchange(port, f"{head}Content-Length: 1000000\r\n\r\n").split()[1]}
            first.sendall(b"x")
            assert first.recv(1000).startswith(b"HTTP/1.1 422 ")
        assert exchange(port, f"{head}Connection: close\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1_000_000).split()[
            1
        ] == (b"422")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/static/main.js", "/api/v1/search?q=awe", "/api/v1/images/1/thumbnail", "/api/v1/images/1/file"),
        *("/api/v1/export/readings", "/api/v1/boards/1/export/zip", "/api/v1/boards/1/export/csv"),
    ],
)
def test_head_answers_as_get_without_a_body(index: Path, settings: Settings, tmp_path: Path, path: str) -> None:
    own = Path(shutil.copy(index, tmp_path))
    with Collection(own) as collection:
        collection.boards.create("sea", [1, 2])
    with served(own, settings) as port:
        head = exchange(port, f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        whole = exchange(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n") == whole.partition(b"\r\n\r\n")[0].count(b"\r\n") + 2


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


@pytest.mark.skipif(not os.access("/proc/self/io", os.R_OK), reason="counts what is read as Linux does")
def test_head_of_a_download_reads_no_file(settings: Settings, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1)
    [photo] = (tmp_path / "photos").iterdir()
    padding = 1 << 24
    photo.write_bytes(photo.read_bytes() + bytes(padding))
    with Collection(tmp_path / "own.emoir") as collection:
        collection.index(tmp_path / "photos", workers=1)
        collection.boards.create("sea", [1])
    with served(tmp_path / "own.emoir", settings) as port:
        read: dict[tuple[str, str], int] = {}
        # The file's digest is made once.
        for method, path in [
            ("GET", "images/1/file"),
            *product(("HEAD", "GET"), ("boards/1/export/zip", "images/1/file")),
        ]:
            before = bytes_read()
            exchange(port, f"{method} /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            read[method, path] = bytes_read() - before
    assert max(number for (method, _), number in read.items() if method == "HEAD") < padding / 4
    assert min(number for (method, _), number in read.items() if method == "GET") > padding


def test_nothing_is_rated_where_only_reading_is_allowed(index: Path, settings: Settings) -> None:
    app = create_app(Collection(index), replace(settings, read_only=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        refused = client.post("/api/v1/ratings", json={"image": 1, "rater": "Ana", "emotion": "awe"})
        assert (refused.status_code, "--read-only" in refused.json()["detail"]) == (403, True)
        assert client.delete("/api/v1/ratings/1").status_code == 403
        assert client.get("/api/v1/ready").json()["read_only"] is True
        assert client.get("/api/v1/ratings").json()["ratings"] == 0
