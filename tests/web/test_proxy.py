"""Behind a reverse proxy, under a path of its own, by names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from emoir import Collection
from emoir.web import Settings, create_app
from tests.web.servers import exchange, served

SECRET = "correct horse"
BEARER = {"authorization": f"Bearer {SECRET}"}


@pytest.fixture
def behind(index: Path, settings: Settings) -> Iterator[TestClient]:
    own = replace(settings, token=SECRET, trusted_hosts=("photos.example",), root_path="/photos", port=8421)
    with TestClient(create_app(Collection(index), own), base_url="http://photos.example") as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/photos"])
def test_everything_is_found_whether_the_proxy_takes_the_path_away_or_not(behind: TestClient, prefix: str) -> None:
    for path in ("/", "/static/main.js", "/api/v1/search?q=awe", "/api/v1/openapi.json", "/api/v1/health"):
        assert behind.get(prefix + path, headers=BEARER).status_code == 200, path
    assert behind.get(f"{prefix}/nothing", headers=BEARER).status_code == 404
    assert behind.get(f"{prefix}/").status_code == 401
    found = behind.get(f"{prefix}/api/v1/images/1/explanation", headers=BEARER).json()
    assert found["map"].startswith("/photos/api/v1/images/1/explanation/map")
    assert behind.get(found["map"], headers=BEARER).headers["content-type"] == "image/webp"


def test_a_person_finds_a_way_back_from_a_page_that_is_not_there(behind: TestClient) -> None:
    for path in ("/nothing", "/deep/er/<b>", "/static/nothing.js"):
        answer = behind.get(f"/photos{path}", headers={**BEARER, "accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert 'href="/photos/"' in answer.text
        assert "<b>" not in answer.text
    # Programs get a problem, and so does everybody from the REST service.
    assert behind.get("/photos/nothing", headers=BEARER).json()["status"] == 404
    missing = behind.get("/photos/api/v1/images/999", headers={**BEARER, "accept": "text/html"})
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


def test_the_pages_addresses_are_relative(behind: TestClient) -> None:
    page = behind.get("/photos/", headers=BEARER).text
    assert 'src="static/main.js"' in page
    assert '"/static' not in page


def test_the_cookie_has_the_path_and_the_port(behind: TestClient) -> None:
    login = behind.post("/photos/login", data={"token": SECRET}, follow_redirects=False)
    cookie = login.headers["set-cookie"]
    assert cookie.startswith("emoir-8421=")
    assert "Path=/photos" in cookie


@pytest.mark.parametrize("origin", ["https://photos.example:8443", "http://photos.example", "https://PHOTOS.example"])
def test_a_name_that_is_trusted_may_have_any_port(behind: TestClient, origin: str) -> None:
    # nginx's `Host $host` leaves the port out.
    answer = behind.post("/api/v1/selection/table", json={"ids": [1]}, headers={**BEARER, "origin": origin})
    assert answer.status_code == 200
    # On the same name another port is another site, and a browser says so.
    foreign = {**BEARER, "origin": origin, "sec-fetch-site": "same-site"}
    assert behind.post("/api/v1/selection/table", json={"ids": [1]}, headers=foreign).status_code == 403


def test_a_browsers_word_that_a_page_is_ours_is_enough(index: Path, settings: Settings) -> None:
    with TestClient(create_app(Collection(index), settings), base_url="http://127.0.0.1") as client:
        headers = {"origin": "https://photos.example", "sec-fetch-site": "same-origin"}
        assert client.post("/api/v1/selection/table", json={"ids": [1]}, headers=headers).status_code == 200


def test_forwarded_headers_count_from_the_named_proxy_alone(index: Path, settings: Settings) -> None:
    own = replace(settings, token=SECRET, refusals=2)
    body = f"token={SECRET.replace(' ', '+')}"
    login = (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 198.51.100.7\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    )
    with served(index, own, proxies=["127.0.0.0/8"]) as port:
        assert b"secure" in exchange(port, login).lower()
        # Each caller behind the proxy has a count of her own.
        for caller in range(5):
            behind = f"X-Forwarded-For: 198.51.100.{caller}\r\nConnection: close\r\n\r\n"
            assert exchange(port, f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{behind}").split()[1] == b"401"
    with served(index, own, proxies=["203.0.113.1"]) as port:
        assert b"secure" not in exchange(port, login).lower()
    with served(index, own) as port:
        assert b"secure" not in exchange(port, login).lower()


def test_a_malformed_root_path_is_refused() -> None:
    for path in ("photos", "/photos/", "/"):
        with pytest.raises(ValueError, match="root path"):
            Settings(root_path=path)
