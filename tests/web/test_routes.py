from __future__ import annotations

import csv
import gc
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.types import Message

from emoir import Collection, Model
from emoir.datasets import read_dataset
from emoir.emotions import MIKELS
from emoir.images.palette import reference_colours
from emoir.index import SqliteStore
from emoir.models.library import earlier_models
from emoir.models.model import ModelFolder
from emoir.search import FilterOptions, parse_query
from emoir.search.terms import EncodedReading
from emoir.web import Settings, create_app
from emoir.web.files import ZipResponse
from tests.pictures import noise, save_photos
from tests.web.conftest import HERE


def search(client: TestClient, **values: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/search", params=values)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_search_says_what_the_collection_says(client: TestClient, index: Path) -> None:
    page = search(client, q="2:sad - fear", min_score=0, limit=5)
    with Collection(index) as collection:
        matches = collection.search("2:sad - fear", n=5, min_score=0)
    assert [hit["id"] for hit in page["hits"]] == [match.id for match in matches]
    assert [hit["score"] for hit in page["hits"]] == [round(match.score, 4) for match in matches]
    assert page["terms"] == [
        {"text": "sad", "weight": 2.0, "kind": "words", "emotions": ["sadness"]},
        {"text": "fear", "weight": -1.0, "kind": "words", "emotions": ["fear"]},
    ]
    assert page["searched"] == 14


def test_pages_follow_each_other_without_gap_or_overlap(client: TestClient) -> None:
    whole = [hit["id"] for hit in search(client, q="calm", min_score=0, limit=200)["hits"]]
    assert len(whole) == 14
    seen, cursor = [], None
    while True:
        page = search(client, q="calm", min_score=0, limit=4, **({"cursor": cursor} if cursor else {}))
        seen += [hit["id"] for hit in page["hits"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole


ONE_MORE_FILTER = """
import json
from dataclasses import field, make_dataclass

from emoir.search import options

about = dict(options.FilterOptions.__dataclass_fields__["valence"].metadata) | {"help": "Only images so solemn."}
solemn = ("solemn", options.Range | None, field(default=None, metadata=about))
options.FilterOptions = make_dataclass(
    "FilterOptions", [solemn], bases=(options.FilterOptions,), frozen=True, slots=True, kw_only=True
)

from typer.main import get_command

from emoir import Collection
from emoir.cli.app import app
from emoir.web import create_app
from emoir.web.parameters import filter_controls

route = create_app(Collection("none.emoir")).openapi()["paths"]["/api/v1/search"]["get"]
print(json.dumps({
    "service": [parameter["name"] for parameter in route["parameters"]],
    "form": [control.name for control in filter_controls()],
    "command": [option.name for option in get_command(app).commands["search"].params],
    "library": options.SearchOptions.parse({"solemn": "0.5.."}).filters.solemn.low,
}))
"""


def test_a_new_filter_is_everywhere_by_its_declaration_alone() -> None:
    found = json.loads(subprocess.check_output([sys.executable, "-c", ONE_MORE_FILTER]))
    assert found["library"] == 0.5
    for surface in ("service", "form", "command"):
        assert "solemn" in found[surface], surface


def test_the_form_asks_for_what_the_search_takes(client: TestClient) -> None:
    controls = client.get("/api/v1/filters").json()
    written = {"emotion": "joy>0.5", "taken": "2019..", "side": "100.."}
    assert [control["name"] for control in controls] == [option.name for option in fields(FilterOptions)]
    for control in controls:
        for value in control["choices"] or [written.get(control["name"], "0.2..0.7")]:
            search(client, q="joy", **{control["name"]: value})


def test_filters_and_feedback_reach_the_search(client: TestClient) -> None:
    everything = search(client, q="joy", min_score=0)["hits"]
    middle = sorted(hit["valence"] for hit in everything)[7]
    kept = search(client, q="joy", min_score=0, valence=f"{middle}..")["hits"]
    assert {hit["id"] for hit in kept} <= {hit["id"] for hit in everything if hit["valence"] >= middle - 1e-3}
    assert 0 < len(kept) < 14
    assert search(client, q="joy", min_score=0, orientation="portrait")["hits"] == []
    first = everything[0]["id"]
    moved = search(client, q="joy", min_score=0, positive_ids=first)
    assert first not in [hit["id"] for hit in moved["hits"]]
    assert moved["query"] == f"joy + 0.75:id:{first}"


def test_no_query_reads_or_probes_the_disk(client: TestClient, photos: Path) -> None:
    there, missing = str(photos / "lake" / "0000.jpg"), str(photos / "none.jpg")
    answers = [client.get("/api/v1/search", params={"q": path}) for path in (there, missing)]
    assert [answer.status_code for answer in answers] == [400, 400]
    # Whether the file is there must not show.
    details = [
        answer.json()["detail"].replace(path, "P") for answer, path in zip(answers, (there, missing), strict=True)
    ]
    assert details[0] == details[1]
    assert "not read over the network" in details[0]
    assert client.get("/api/v1/search", params={"q": "awe", "sort": there}).status_code == 400


def test_an_answer_that_is_known_is_not_sent_again(own_client: TestClient, tmp_path: Path) -> None:
    address = "/api/v1/search?q=awe"
    first = own_client.get(address)
    tag = {"if-none-match": first.headers["etag"]}
    again = own_client.get(address, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    Image.fromarray(noise(64, 99)).save(tmp_path / "new.jpg")
    with Collection(tmp_path / "own.emoir") as collection:
        collection.index(tmp_path / "new.jpg".removesuffix("new.jpg"), workers=1)
    assert own_client.get(address, headers=tag).status_code == 200


def test_folders_are_known_by_name_alone(client: TestClient, photos: Path, tmp_path: Path) -> None:
    inside = search(client, q="awe", min_score=0, folders=str(photos / "lake"))
    assert {Path(hit["path"]).parent.name for hit in inside["hits"]} == {"lake"}
    (tmp_path / "link").symlink_to(photos)
    for folder in (str(tmp_path / "link"), "/", f"{photos}/..", "x\0y"):
        answer = client.get("/api/v1/search", params={"q": "awe", "folders": folder})
        assert answer.status_code == 400, folder


def test_a_diverse_search_pages_without_overlap(client: TestClient) -> None:
    whole = [hit["id"] for hit in search(client, q="joy", min_score=0, diverse=True, limit=8)["hits"]]
    pages = [search(client, q="joy", min_score=0, diverse=True, limit=4, cursor=start)["hits"] for start in ("0", "4")]
    assert [hit["id"] for page in pages for hit in page] == whole
    assert len(set(whole)) == len(whole)


def test_words_are_completed_in_both_languages(client: TestClient) -> None:
    english = client.get("/api/v1/words", params={"prefix": "lone"}).json()
    assert "lonely" in [word["word"] for word in english]
    chinese = client.get("/api/v1/words", params={"prefix": "宁"}).json()
    assert "宁静" in [word["word"] for word in chinese]
    assert all(word["word"].startswith("宁") for word in chinese)


def test_the_plane_holds_every_image(client: TestClient, index: Path) -> None:
    content = client.get("/api/v1/plane").content
    count = int(np.frombuffer(content, "<u4", 1)[0])
    assert (count, len(content)) == (14, 4 + 14 * 7)
    ids = np.frombuffer(content, "<u4", count, 4)
    bytes_ = np.frombuffer(content, np.uint8, offset=4 + 4 * count).reshape(3, count)
    with Collection(index) as collection:
        metadata, readings, _ = collection.rows()
    place = {entry.id: row for row, entry in enumerate(metadata)}
    rows = [place[id] for id in ids.tolist()]
    np.testing.assert_allclose(bytes_[0] / 255, readings.valence[rows], atol=0.003)
    np.testing.assert_allclose(bytes_[1] / 255, readings.arousal[rows], atol=0.003)
    tops = np.where(readings.sure, readings.distributions["mikels"].argmax(axis=1), 255)
    assert bytes_[2].tolist() == tops[rows].tolist()


def test_a_service_says_so_when_its_index_is_read_again_with_another_model(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMOIR_MODEL", raising=False)
    [earlier] = earlier_models()
    file, upload = tmp_path / "old.emoir", (photos / "lake" / "0003.jpg").read_bytes()
    with Collection(file, model=earlier) as collection:
        collection.index(photos / "lake", workers=1)
    with TestClient(create_app(Collection(file), Settings(thumbnails=tmp_path / "t")), base_url=HERE) as client:
        assert client.post("/api/v1/describe", content=upload).json()["reading"]["model"].startswith(earlier)
        with Collection(file) as collection:
            collection.index(workers=1, rebuild=True)
        id = search(client, q="awe", min_score=0)["hits"][0]["id"]
        for answer in (
            client.post("/api/v1/describe", content=upload),
            client.get(f"/api/v1/images/{id}/explanation"),
        ):
            assert answer.status_code == 503
            assert "has been read again with emoir-0.5; start emoir serve again" in answer.json()["detail"]


def test_an_uploaded_image_is_read_and_its_code_asks_as_itself(client: TestClient, photos: Path, model: Model) -> None:
    file = photos / "lake" / "0003.jpg"
    answer = client.post("/api/v1/describe", content=file.read_bytes())
    assert answer.status_code == 200, answer.text
    description = answer.json()
    assert description["reading"] == model.read(file).to_dict()
    # The code asks what the image itself would ask, which leaves itself out.
    hits = search(client, q=f"reading:{description['code']}", min_score=0)["hits"]
    [own] = [hit["id"] for hit in hits if hit["name"] == "0003.jpg"]
    others = search(client, q=f"id:{own}", min_score=0)["hits"]
    found = {hit["id"]: hit["score"] for hit in hits if hit["id"] != own}
    assert found == pytest.approx({hit["id"]: hit["score"] for hit in others}, abs=2e-3)
    assert isinstance(parse_query(f"reading:{description['code']}").clauses[0].terms[0], EncodedReading)


def test_detail_file_and_thumbnail(client: TestClient, photos: Path) -> None:
    hit = next(hit for hit in search(client, q="awe", min_score=0)["hits"] if "town" in hit["path"])
    detail = client.get(f"/api/v1/images/{hit['id']}").json()
    assert detail["files"] == [str(photos / "<b>town" / hit["name"])]
    assert sum(detail["reading"]["distributions"]["mikels"].values()) == pytest.approx(1, abs=1e-3)
    assert detail["colours"]
    original = client.get(f"/api/v1/images/{hit['id']}/file")
    assert original.content == Path(detail["path"]).read_bytes()
    assert original.headers["content-disposition"].startswith("attachment")
    small = client.get(f"/api/v1/images/{hit['id']}/thumbnail?side=240")
    assert small.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(small.content)).size == (64, 64)
    tag = {"if-none-match": small.headers["etag"]}
    assert client.get(f"/api/v1/images/{hit['id']}/thumbnail?side=240", headers=tag).status_code == 304
    # Texts are compressed, pictures and files are not.
    for path in ("/", "/static/main.js", "/api/v1/filters", "/api/v1/search?q=awe&min_score=0"):
        assert client.get(path).headers["content-encoding"] == "gzip"
        plain = client.get(path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == client.get(path).text
    assert "content-encoding" not in {**small.headers, **original.headers}
    assert client.get(f"/api/v1/images/{hit['id']}/thumbnail?side=5000").status_code == 422


def test_what_is_not_indexed_is_not_there(client: TestClient) -> None:
    for path in ("", "/file", "/thumbnail", "/explanation", "/explanation/map"):
        assert client.get(f"/api/v1/images/999{path}").status_code == 404
        assert client.get(f"/api/v1/images/passwd{path}").status_code == 422


def test_a_file_that_went_away_is_said_to_be_gone(own_client: TestClient, photos: Path) -> None:
    hit = search(own_client, q="awe", min_score=0)["hits"][0]
    file = Path(hit["path"])
    content, stat = file.read_bytes(), file.stat()
    file.unlink()
    try:
        assert own_client.get(f"/api/v1/images/{hit['id']}/file").status_code == 410
        files = own_client.post("/api/v1/selection/files", json={"ids": [hit["id"]]})
        assert zipfile.ZipFile(io.BytesIO(files.content)).namelist() == ["missing.txt"]
        # Another content under the same name is not the image that was indexed.
        file.write_bytes(b"something else")
        assert own_client.get(f"/api/v1/images/{hit['id']}/file").status_code == 410
        assert own_client.get(f"/api/v1/images/{hit['id']}/thumbnail").status_code == 410
    finally:
        file.write_bytes(content)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_an_explanation_with_its_pictures(client: TestClient) -> None:
    id = search(client, q="awe", min_score=0)["hits"][0]["id"]
    english = client.get(f"/api/v1/images/{id}/explanation").json()
    chinese = client.get(f"/api/v1/images/{id}/explanation", params={"language": "zh"}).json()
    assert english["probability"] == chinese["probability"]
    assert english["sentence"] != chinese["sentence"]
    assert [one["name"] for one in english["changed"]] == ["without colour", "without texture", "opposite colours"]
    for address in (english["seen"], english["map"], *(one["picture"] for one in english["changed"])):
        assert Image.open(io.BytesIO(client.get(address).content)).format == "WEBP"
    grey = Image.open(io.BytesIO(client.get(english["changed"][0]["picture"]).content)).convert("HSV")
    assert np.asarray(grey)[..., 1].mean() < 20
    wrong = client.get(f"/api/v1/images/{id}/explanation", params={"emotion": "hunger"})
    assert wrong.status_code == 400


def test_the_collection_on_the_whole(client: TestClient, photos: Path) -> None:
    found = client.get("/api/v1/collection").json()
    assert (found["images"], found["failed"]) == (14, 1)
    assert found["failures"][0]["path"] == str(photos / "broken.jpg")
    assert (found["incomplete"], found["partial"]) == ([], 0)
    assert {folder["folder"]: folder["images"] for folder in found["folders"]} == {
        str(photos / "lake"): 8,
        str(photos / "<b>town"): 6,
    }
    assert sum(found["emotions"].values()) == pytest.approx(1, abs=1e-3)
    assert {folder["name"] for folder in found["folders"]} == {"lake", "<b>town"}
    assert set(found["emotions"]) == set(MIKELS.names)
    assert all(image["sure"] for images in found["most"].values() for image in images)
    assert all(image["emotion"] == name for name, images in found["most"].items() for image in images)
    assert found["unsure"] <= found["images"]
    sure = [image["confidence"] for image in found["uncertain"]]
    assert sure == sorted(sure)


def test_the_collection_shows_near_duplicates_once(own_client: TestClient, photos: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    for file in photos.glob("*/*.jpg"):
        copy = again / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        Image.open(file).save(copy, quality=60)
    with Collection(tmp_path / "own.emoir") as collection:
        collection.index(again, workers=1)
    found = own_client.get("/api/v1/collection").json()
    assert found["images"] == 28
    assert len(found["uncertain"]) > 6
    for images in (*found["most"].values(), found["uncertain"]):
        pictures = [Path(image["path"]).parts[-2:] for image in images]
        assert len(set(pictures)) == len(pictures)


def test_selection_as_table_and_as_files(client: TestClient) -> None:
    hits = search(client, q="joy", min_score=0, limit=3)["hits"]
    ids = [hit["id"] for hit in hits]
    table = client.post("/api/v1/selection/table", json={"ids": ids})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["path"] for row in rows] == [hit["path"] for hit in hits]
    assert float(rows[0]["valence"]) == pytest.approx(hits[0]["valence"], abs=1e-3)
    archive = zipfile.ZipFile(io.BytesIO(client.post("/api/v1/selection/files", json={"ids": ids}).content))
    assert archive.namelist() == [f"{number} {hit['name']}" for number, hit in enumerate(hits, start=1)]
    assert archive.read(archive.namelist()[0]) == Path(hits[0]["path"]).read_bytes()
    assert client.post("/api/v1/selection/files", json={"ids": list(range(1, 600))}).status_code == 413
    assert client.post("/api/v1/selection/table", json={"ids": []}).status_code == 422


def test_no_file_name_makes_a_folder_in_the_archive(own_client: TestClient, photos: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd" / "a\\..\\evil.jpg"
    odd.parent.mkdir()
    Image.open(next((photos / "lake").glob("*.jpg"))).resize((90, 70)).save(odd)
    with Collection(tmp_path / "own.emoir") as collection:
        collection.index(odd.parent, workers=1)
        [match] = collection.search("awe", folders=odd.parent, min_score=0)
    archive = zipfile.ZipFile(io.BytesIO(own_client.post("/api/v1/selection/files", json={"ids": [match.id]}).content))
    assert archive.namelist() == ["1 a_.._evil.jpg"]


def test_the_export_holds_every_reading(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/export/readings").text)))
    assert len(rows) == 14
    shares = [float(value) for name, value in rows[0].items() if name.startswith("mikels.")]
    assert sum(shares) == pytest.approx(1, abs=1e-2)


def rate(client: TestClient, image: int, rater: str, **values: Any) -> int:
    answer = client.post("/api/v1/ratings", json={"image": image, "rater": rater, **values})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def test_rating_from_the_first_picture_to_the_table(own_client: TestClient, tmp_path: Path) -> None:
    assert own_client.get("/api/v1/ratings").json()["emotion_agreement"] is None
    seen = []
    for number in range(14):
        upcoming = own_client.get("/api/v1/next-to-rate", params={"rater": "Ana"}).json()
        assert (upcoming["done"], upcoming["images"]) == (number, 14)
        seen.append(upcoming["image"]["id"])
        rate(own_client, seen[-1], "Ana", emotion="awe" if number % 2 else "fear", valence=0.8, arousal=0.25)
    assert len(set(seen)) == 14
    assert own_client.get("/api/v1/next-to-rate", params={"rater": "Ana"}).json()["image"] is None
    rate(own_client, seen[0], "Bo", emotion="fear", valence=0.6, arousal=0.75)
    taken_back = rate(own_client, seen[1], "Bo", emotion="anger")
    assert own_client.delete(f"/api/v1/ratings/{taken_back}").status_code == 204
    assert own_client.delete(f"/api/v1/ratings/{taken_back}").status_code == 404
    state = own_client.get("/api/v1/ratings").json()
    assert state["raters"] == {"Ana": 14, "Bo": 1}
    assert (state["ratings"], state["images"], state["shared"]) == (15, 14, 1)
    table = own_client.get("/api/v1/export/ratings")
    (tmp_path / "ratings.csv").write_text(table.text, encoding="utf-8")
    learnt = read_dataset(tmp_path / "ratings.csv")
    assert len(learnt) == 14
    row = [path.name for path in learnt.paths].index(
        own_client.get(f"/api/v1/images/{seen[0]}").json()["name"],
    )
    assert learnt.valence is not None
    assert learnt.valence[row] == pytest.approx(0.7)


def test_a_second_rating_replaces_the_first(own_client: TestClient) -> None:
    id = search(own_client, q="awe", min_score=0)["hits"][0]["id"]
    first = rate(own_client, id, "Ana", emotion="awe")
    assert rate(own_client, id, "Ana", emotion="fear") == first
    assert own_client.get("/api/v1/ratings").json()["ratings"] == 1


@pytest.mark.parametrize(
    ("rating", "status"),
    [
        ({"image": 999, "rater": "Ana", "emotion": "awe"}, 404),
        ({"image": 1, "rater": "Ana", "emotion": "hunger"}, 400),
        ({"image": 1, "rater": "Ana"}, 400),
        ({"image": 1, "rater": "Ana", "valence": 0.5}, 400),
        ({"image": 1, "rater": "Ana", "valence": 1.5, "arousal": 0.5}, 422),
        ({"image": 1, "rater": "", "emotion": "awe"}, 422),
        ({"image": 1, "rater": "  ", "emotion": "awe"}, 422),
        ({"image": 1, "rater": "Ana", "valence": True, "arousal": 0.5}, 422),
        ({"image": 1, "rater": "A\x07", "emotion": "awe"}, 422),
        ({"image": 1, "rater": "Ana", "emotion": "awe", "admin": True}, 422),
    ],
)
def test_a_rating_that_makes_no_sense_is_refused(client: TestClient, rating: dict[str, Any], status: int) -> None:
    assert client.post("/api/v1/ratings", json=rating).status_code == status


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/api/v1/ready").json()["images"] == 14
    client.get("/api/v1/images/999")
    text = client.get("/api/v1/metrics").text
    assert 'emoir_requests_total{method="GET",route="/images/{id}",status="404"} 1.0' in text
    assert "emoir_images 14.0" in text


def test_answers_follow_the_index(own_client: TestClient, tmp_path: Path) -> None:
    copy = tmp_path / "more"
    save_photos(copy / "lake", 3, first_seed=60)
    with Collection(tmp_path / "own.emoir") as other:
        other.index(copy, workers=1)
        before = own_client.get("/api/v1/collection").json()
        answer = own_client.get("/api/v1/search?q=awe")
        tagged = {"if-none-match": answer.headers["etag"]}
        assert own_client.get("/api/v1/search?q=awe", headers=tagged).status_code == 304
        (copy / "lake").rename(copy / "river")
        (copy / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
        other.index(workers=1)
    after = own_client.get("/api/v1/collection").json()
    assert after != before
    assert any("river" in folder["name"] for folder in after["folders"])
    assert own_client.get("/api/v1/search?q=awe", headers=tagged).status_code == 200


def test_the_threshold_of_the_card_reaches_every_surface(own_client: TestClient) -> None:
    threshold = ModelFolder().card.confidence.unsure_below
    assert {space["unsure_below"] for space in own_client.get("/api/v1/spaces").json()} == {threshold}
    hits = own_client.get("/api/v1/search", params={"q": "awe", "min_score": 0}).json()["hits"]
    assert [hit["sure"] for hit in hits] == [hit["confidence"] >= threshold for hit in hits]


def test_a_correction_ranks_again_for_its_rater_and_is_in_the_table(own_client: TestClient) -> None:
    def search(**asked: str) -> list[dict[str, Any]]:
        page = own_client.get("/api/v1/search", params={"q": "awe", "min_score": 0, **asked}).json()
        return list(page["hits"])

    last = search()[-1]["id"]
    rating = own_client.post("/api/v1/ratings", json={"image": last, "rater": "me", "emotion": "awe"}).json()
    assert (search(rater="me")[0]["id"], search(rater="me")[0]["rated"]) == (last, "awe")
    assert search()[-1]["id"] == last
    assert own_client.get(f"/api/v1/images/{last}", params={"rater": "me"}).json()["rating"] == rating
    assert own_client.get(f"/api/v1/images/{last}").json()["rating"] is None
    header, row = own_client.get("/api/v1/export/ratings").text.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["p_awe"] == "1.0"
    own_client.delete(f"/api/v1/ratings/{rating['id']}")
    assert search(rater="me")[-1]["id"] == last


def test_a_board_from_its_making_to_its_exports(own_client: TestClient, photos: Path) -> None:
    made = own_client.post("/api/v1/boards", json={"name": " sea ", "ids": [3, 1]})
    assert made.status_code == 201
    board = made.json()
    address = f"/api/v1/boards/{board['id']}"
    assert (board["name"], board["ids"], board["cover"]) == ("sea", [3, 1], 3)
    assert own_client.post("/api/v1/boards", json={"name": "sea"}).status_code == 400
    assert own_client.post(f"{address}/images", json={"ids": [5]}).json()["ids"] == [3, 1, 5]
    changed = own_client.patch(address, json={"ids": [5, 3, 1], "notes": "<b>hall</b>", "cover": 1}).json()
    assert (changed["ids"], changed["notes"], changed["cover"]) == ([5, 3, 1], "<b>hall</b>", 1)
    assert [image["id"] for image in own_client.get(address).json()["images"]] == [5, 3, 1]
    assert [one["name"] for one in own_client.get("/api/v1/boards").json()] == ["sea"]
    own_client.post("/api/v1/ratings", json={"image": 3, "rater": "Ana", "emotion": "awe"})
    exported = {kind: own_client.get(f"{address}/export/{kind}") for kind in ("page", "sheet", "zip", "csv", "xmp")}
    assert all(answer.status_code == 200 for answer in exported.values())
    assert "sea.html" in exported["page"].headers["content-disposition"]
    assert exported["page"].text.count("data:image/webp;base64,") == 3
    assert "&lt;b&gt;hall&lt;/b&gt;" in exported["page"].text
    # Five columns of 240 pixels and six gaps of 24, one row.
    assert Image.open(io.BytesIO(exported["sheet"].content)).size == (1344, 314)
    names = zipfile.ZipFile(io.BytesIO(exported["zip"].content)).namelist()
    assert [name[0] for name in names] == ["1", "2", "3"]
    assert len(exported["csv"].text.splitlines()) == 4
    sidecars = zipfile.ZipFile(io.BytesIO(exported["xmp"].content))
    assert [f"{name}.xmp" for name in names] == sidecars.namelist()
    assert all(b"urn:emoir:xmp:1" in sidecars.read(name) for name in sidecars.namelist())
    # As emoir export --xmp writes them.
    assert [b"<emoir:rated>" in sidecars.read(name) for name in sidecars.namelist()] == [False, True, False]
    assert own_client.delete(address).status_code == 204
    assert own_client.get(address).status_code == own_client.get(f"{address}/export/zip").status_code == 404
    empty = own_client.post("/api/v1/boards", json={"name": "empty"}).json()["id"]
    assert own_client.get(f"/api/v1/boards/{empty}/export/page").status_code == 409


def test_a_board_of_too_many_pictures_makes_no_file_of_them(index: Path, settings: Settings, tmp_path: Path) -> None:
    own = Path(shutil.copy(index, tmp_path / "own.emoir"))
    with TestClient(create_app(Collection(own), replace(settings, max_selection=2)), base_url=HERE) as client:
        board = client.post("/api/v1/boards", json={"name": "sea", "ids": [1, 2, 3]}).json()["id"]
        for kind, status in (("page", 413), ("sheet", 413), ("zip", 413), ("csv", 200), ("xmp", 200)):
            assert client.get(f"/api/v1/boards/{board}/export/{kind}").status_code == status, kind


def test_searches_are_saved_and_forgotten(own_client: TestClient) -> None:
    saved = own_client.post("/api/v1/searches", json={"name": "blue", "address": "?q=blue"}).json()
    assert own_client.get("/api/v1/searches").json() == [saved]
    assert own_client.post("/api/v1/searches", json={"name": "x", "address": "https://x"}).status_code == 422
    assert own_client.delete(f"/api/v1/searches/{saved['id']}").status_code == 204
    assert own_client.delete(f"/api/v1/searches/{saved['id']}").status_code == 404


def test_a_mark_by_hand_goes_before_the_model(own_client: TestClient) -> None:
    before = own_client.get("/api/v1/images/2").json()["disturbing"]
    for mark, expected in ((True, True), (False, False), (None, before)):
        assert own_client.put("/api/v1/images/2/mark", json={"disturbing": mark}).status_code == 204
        assert own_client.get("/api/v1/images/2").json()["disturbing"] is expected


def test_a_service_that_is_read_only_takes_no_boards(index: Path, tmp_path: Path) -> None:
    settings = Settings(thumbnails=tmp_path, read_only=True)
    with TestClient(create_app(Collection(index), settings), base_url=HERE) as client:
        assert client.post("/api/v1/boards", json={"name": "sea"}).status_code == 403
        assert client.put("/api/v1/images/2/mark", json={"disturbing": True}).status_code == 403


def test_palettes_are_the_pictures_own_colours_where_the_model_is_sure(own_client: TestClient, tmp_path: Path) -> None:
    detail = own_client.get("/api/v1/images/1").json()
    assert 0.99 < sum(detail["colours"].values()) <= 1.01
    references = {"#{:02x}{:02x}{:02x}".format(*colour) for colour in reference_colours()}
    assert not set(detail["colours"]) <= references
    assert own_client.get("/api/v1/collection").json()["palettes"] == {}
    with SqliteStore(tmp_path / "own.emoir") as store:
        store.recalibrate(replace(store.model, unsure_below=0.0))
    palettes = own_client.get("/api/v1/collection").json()["palettes"]
    assert palettes
    assert all(not set(colours) <= references for colours in palettes.values())
    assert len({tuple(colours) for colours in palettes.values()}) == len(palettes)


def test_a_zip_that_nobody_takes_any_more_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(1_000_000))
    stream = (tmp_path / "a.jpg").open("rb")
    response = ZipResponse(iter([("a.jpg", stream)]))

    async def give_up() -> None:
        under_way = anyio.Event()

        async def receive() -> Message:
            await under_way.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                under_way.set()
                await anyio.sleep_forever()

        await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    gc.disable()
    try:
        anyio.run(give_up)
        assert stream.closed
    finally:
        gc.enable()
