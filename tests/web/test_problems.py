"""What is wrong is said, in English or in Chinese."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from emoir import Collection
from emoir.index import SqliteStore
from emoir.web import Settings, create_app
from tests.pictures import encoded
from tests.web.conftest import HERE


@pytest.mark.parametrize(
    ("values", "status", "detail"),
    [
        ({"q": "awe + "}, 400, "a term is missing"),
        ({"q": "zzzz"}, 400, "no emotion word"),
        ({"q": "awe", "valence": "high"}, 400, "write a range"),
        ({"q": "id:999999"}, 400, "no image of this index has that id"),
        ({"q": ""}, 422, "query.q"),
        ({"q": "awe", "limit": 0}, 422, "query.limit"),
        ({"q": "awe", "cursor": "x"}, 422, "query.cursor"),
        ({"q": "awe", "cursor": "999999"}, 400, "100,000"),
        ({"q": "reading:AAAAAAAA"}, 400, "of another model"),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, values: dict[str, Any], status: int, detail: str) -> None:
    answer = client.get("/api/v1/search", params=values)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert detail in answer.json()["detail"]
    assert answer.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"q": "awe + "}, "缺一项"),
        ({"q": "zzzz"}, "“zzzz”里没有表示情感的词（不认识：zzzz）"),
        ({"q": "lonley"}, "是不是想找：lonely"),
        ({"q": "awe+joy"}, "“awe+joy”：请写“ + ”、“ - ”或“ & ”"),
        ({"q": "./photo.jpg"}, "不会通过网络读取文件"),
        ({"q": "id:999999"}, "没有这个编号的图片"),
        ({"q": "reading:AAAAAAAA"}, "另一个模型"),
        ({"q": "awe", "cursor": "999999"}, "100,000"),
        ({"q": "awe", "valence": "high"}, "0.6.."),
        ({"q": "awe", "valence": "0.6..0.4"}, "先写较小的数"),
        ({"q": "awe", "taken": "soon"}, "2019..2021-06"),
        ({"q": "awe", "taken": "2020..2019"}, "先写较早的时间"),
        ({"q": "awe", "emotion": "fear"}, "fear<0.2"),
        ({"q": "awe", "emotion": "hunger<0.2"}, "可用的情感有：amusement、anger、awe"),
        ({"q": "awe", "folders": "/nowhere"}, "没有索引过这个文件夹"),
    ],
)
def test_what_is_wrong_is_said_in_chinese_to_who_asks_for_it(
    client: TestClient, values: dict[str, Any], detail: str
) -> None:
    answer = client.get("/api/v1/search", params=values, headers={"accept-language": "zh-CN, en;q=0.8"})
    assert answer.status_code == 400
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("zh-Hans", "accept-language")
    assert detail in answer.json()["detail"]
    english = client.get("/api/v1/search", params=values, headers={"accept-language": "en, zh;q=0.8"})
    assert english.headers["content-language"] == "en"
    assert english.json()["detail"][:3].isascii()


def test_an_error_points_into_the_query(client: TestClient) -> None:
    problem = client.get("/api/v1/search", params={"q": "awe + va:2,0"}).json()
    assert problem["query"][problem["at"] :] == "va:2,0"
    assert problem["suggestions"] == []


@pytest.mark.parametrize(
    ("content", "detail", "chinese"),
    [
        (b"", "the file is empty", "文件是空的"),
        (b"no image", "not an image", "不是图片"),
        (encoded(Image.new("RGB", (40, 40)), "PNG")[:60], "damaged", "文件已损坏"),
    ],
)
def test_an_upload_that_is_no_image_is_refused(client: TestClient, content: bytes, detail: str, chinese: str) -> None:
    for language, expected in (("en", detail), ("zh", chinese)):
        answer = client.post("/api/v1/describe", content=content, headers={"accept-language": language})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(expected)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"ids":' + b"[" * 90_000 + b"]" * 90_000 + b"}",
        b'{"ids": [' + b"9" * 5_000 + b"]}",
        b'{"ids": [1e999999999]}',
        b'{"ids": [NaN]}',
        b'{"ids": [1.5]}',
        b'{"ids": ["\\ud800"]}',
        b'{"ids": [1], "\\ud800": 1}',
        b'{"ids": \xff}',
        b"\0",
        b"",
    ],
    ids=lambda body: f"{body[:20]!r} {len(body)}",
)
def test_a_body_that_nobody_means_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/selection/images", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("text", ["\\ud800", "\\udcff x", "a\\u0000"])
def test_names_that_no_file_can_hold_are_refused(own_client: TestClient, text: str) -> None:
    headers = {"content-type": "application/json"}
    for path, body in (
        ("boards", '{"name": "%s"}'),
        ("searches", '{"name": "%s", "address": "?q=awe"}'),
        ("ratings", '{"image": 1, "rater": "%s", "emotion": "awe"}'),
        ("ratings", '{"image": 1, "rater": "Ana", "emotion": "%s"}'),
    ):
        answer = own_client.post(f"/api/v1/{path}", content=(body % text).encode(), headers=headers)
        assert answer.status_code in (400, 422), path


def test_without_an_index_the_service_says_what_to_do(tmp_path: Path) -> None:
    from emoir.web import Settings, create_app

    app = create_app(Collection(tmp_path / "none.emoir"), Settings(thumbnails=tmp_path / "t"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.get("/api/v1/ready")
        chinese = client.get("/api/v1/ready", headers={"accept-language": "zh"})
    assert (answer.status_code, chinese.status_code) == (503, 503)
    assert "emoir index FOLDER" in answer.json()["detail"]
    assert "emoir index 文件夹" in chinese.json()["detail"]


def test_a_search_engine_that_is_away_is_said(
    index: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus")
    copy = Path(shutil.copy(index, tmp_path))
    with SqliteStore(copy) as store:
        store.use_engine("milvus://127.0.0.1:1/photos")
    with TestClient(create_app(Collection(copy), settings), base_url=HERE) as client:
        assert len(client.get("/api/v1/search?q=awe&min_score=0").json()["hits"]) == 14
        # As if there were too many images to answer from the index.
        monkeypatch.setattr("emoir.index.vectors.engine_vectors.SMALL_STORE", 0)
        for language, words in (("en", "/photos does not answer ("), ("zh", "/photos 没有回应（")):
            answer = client.get("/api/v1/search?q=awe", headers={"accept-language": language})
            assert (answer.status_code, words in answer.json()["detail"]) == (503, True)
