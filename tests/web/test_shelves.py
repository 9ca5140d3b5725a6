from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from emoir import Collection
from emoir.web import Settings, create_app
from gallery_speed import absent_files, invented
from tests.web.conftest import HERE


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A service over 300 invented readings, of many of which the model is sure."""
    invented(absent_files(300), tmp_path / "shelves.emoir")
    app = create_app(Collection(tmp_path / "shelves.emoir"), Settings(thumbnails=tmp_path / "t"))
    with TestClient(app, base_url=HERE) as found:
        yield found


def test_shelves_say_what_a_search_for_each_emotion_says(client: TestClient) -> None:
    space = client.get("/api/v1/spaces").json()[0]
    page = client.get("/api/v1/shelves").json()
    assert page["images"] == 300
    edge = space["unsure_below"]
    expected = {}
    for emotion in space["classes"]:
        asked = {"q": emotion, "confidence": f"{edge}..", "limit": 48, "diverse": True, "min_score": 0}
        hits = client.get("/api/v1/search", params=asked).json()["hits"]
        pleasant = emotion in {"amusement", "awe", "contentment", "excitement"}
        named = [hit for hit in hits if hit["emotion"] == emotion and not (pleasant and hit["valence"] < 0.5)]
        assert all(hit["sure"] for hit in named)
        expected[emotion] = named[:12]
    assert {shelf["emotion"]: shelf["hits"] for shelf in page["shelves"]} == {k: v for k, v in expected.items() if v}
    assert len(expected["fear"]) == 12
    assert len(page["unsure"]) == 12
    assert not any(hit["sure"] for hit in page["unsure"])


def test_shelves_take_filters_and_what_a_rater_says(client: TestClient) -> None:
    def shelf(emotion: str, **asked: str) -> list[int]:
        page = client.get("/api/v1/shelves", params=asked).json()
        return next(
            ([hit["id"] for hit in shelf["hits"]] for shelf in page["shelves"] if shelf["emotion"] == emotion), []
        )

    first = shelf("fear", rater="Ana")[0]
    tag = client.get("/api/v1/shelves").headers["etag"]
    assert client.get("/api/v1/shelves", headers={"if-none-match": tag}).status_code == 304
    client.post("/api/v1/ratings", json={"image": first, "rater": "Ana", "emotion": "awe"})
    assert client.get("/api/v1/shelves", headers={"if-none-match": tag}).status_code == 200
    assert first in shelf("awe", rater="Ana")
    assert first not in shelf("fear", rater="Ana")
    assert first in shelf("fear", rater="Ben")
    calm = client.get("/api/v1/shelves", params={"arousal": "..0.4"}).json()
    assert all(hit["arousal"] <= 0.4 for shelf in calm["shelves"] for hit in shelf["hits"])
    assert client.get("/api/v1/shelves", params={"q": "awe"}).status_code == 422
