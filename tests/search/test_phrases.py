"""What pictures show, asked in any words of a model with a text tower: library, command and service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from emoir import Collection
from emoir.cli.app import app
from emoir.errors import ModelMismatchError, QueryError
from emoir.web import Settings, create_app
from tests.models import toy

PICTURES = {
    "red": (255, 0, 0),
    "dark red": (150, 20, 20),
    "pink": (255, 160, 170),
    "green": (0, 200, 40),
    "blue": (10, 20, 255),
    "violet": (200, 0, 255),
}
# A picture's embedding is its mean colour, scaled as the card says and brought to unit length.
POINTS = {name: (np.array(colour) / 255 - 0.5) / 0.25 for name, colour in PICTURES.items()}


def cosine(name: str, words: list[float]) -> float:
    point = POINTS[name]
    return float(point @ words / np.linalg.norm(point) / np.linalg.norm(words))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.colour_model(tmp_path_factory.mktemp("model") / "toy")


@pytest.fixture(scope="module")
def index(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in PICTURES.items():
        Image.new("RGB", (20, 20), colour).save(folder / f"{name}.png")
    with Collection(folder / "x.emoir", model=model) as photos:
        photos.index(folder, workers=1)
    return folder / "x.emoir"


@pytest.fixture
def photos(index: Path, model: Path) -> Iterator[Collection]:
    with Collection(index, model=model) as found:
        yield found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("content:red", [1, 0, 0]),
        ('content:"red and blue"', [1.1, 0.1, 1.1]),
        ("content:红色", [1, 0, 0]),
        ("content:紅色", [1, 0, 0]),
    ],
)
def test_pictures_are_ranked_by_their_cosine(query: str, words: list[float], photos: Collection) -> None:
    found = photos.search(query, n=9)
    wanted = {name: (1 + cosine(name, words)) / 2 for name in PICTURES}
    assert [match.path.stem for match in found] == sorted(PICTURES, key=wanted.__getitem__, reverse=True)
    for match in found:
        # Without calibration, the score is the cosine, brought to 0 to 1.
        assert match.score == pytest.approx(wanted[match.path.stem], abs=2e-3)
    assert (found.similarity, found.unknown) == (True, ())


def test_words_that_mean_no_feeling_go_to_the_tower_by_themselves(photos: Collection) -> None:
    found = photos.search("a very sad RED thing, not glad", n=9)
    assert found.content == ("red thing",)
    assert found.unknown == ()
    joined = photos.search('sad & content:"red thing"', n=9)
    assert [match.path for match in joined] == [match.path for match in photos.search("sad red thing", n=9)]
    assert set(joined[0].parts) == {"sad", '"content:red thing"'}
    alone = {match.path: match.score for match in photos.search("sad", n=9)}
    shown = {match.path: match.score for match in photos.search("content:red thing", n=9)}
    for match in joined:
        assert match.score == pytest.approx(alone[match.path] * shown[match.path], abs=2e-3)


def test_what_must_not_be_there(photos: Collection) -> None:
    found = photos.search("content:red without blue", n=9)
    assert found.content == ("red", "- blue")
    scores = {match.path.stem: match.score for match in found}
    for name in PICTURES:
        wanted = (1 + cosine(name, [1, 0, 0])) / 2 * (1 - cosine(name, [0, 0, 1])) / 2
        assert scores[name] == pytest.approx(wanted, abs=2e-3)
    assert scores["red"] > scores["violet"]
    assert photos.search("sad - content:blue", n=9).content == ("- blue",)
    ordered = photos.search("sad", n=9, sort="content:blue")
    assert (ordered.content, ordered.similarity) == (("blue",), True)
    # It ends at a comma, and in Chinese before what it describes.
    for query, content in {
        "content:thing without blue, red": ("thing, red", "- blue"),
        "content:没有人的红色": ("红色", "- 人"),
        "sad 红色没有人": ("红色", "- 人"),
    }.items():
        assert photos.search(query, n=9).content == content


def test_what_is_calibrated_is_no_similarity(index: Path, tmp_path: Path) -> None:
    curve = {"chance": 0.4, "knots": [0.5, 1.0], "values": [0.0, 1.0]}
    for kind, similarity in {"text": False, "similarity": True}.items():
        model = toy.colour_model(tmp_path / kind, **{kind: curve})
        shutil.copy(index, tmp_path / "x.emoir")
        with Collection(tmp_path / "x.emoir", model=model) as photos:
            # Calibration changes no reading: it is taken over, and no image is read again.
            assert photos.index(index.parent, workers=1).read == 0
            found = photos.search("content:red", n=9)
            assert found.similarity is similarity
            for match in found:
                assert match.score == pytest.approx(max(cosine(match.path.stem, [1, 0, 0]), 0), abs=4e-3)
            assert {match.path.stem for match in found} == {name for name in PICTURES if cosine(name, [1, 0, 0]) >= 0.4}


def test_the_command_says_what_was_read_how(photos: Collection, index: Path, model: Path) -> None:
    asked = [
        "search",
        "sad red ball",
        "--index",
        str(index),
        "--model",
        str(model),
        "--everywhere",
        "--format",
        "paths",
    ]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "looked for in what pictures show, by similarity: red ball" in done.stderr
    assert done.stdout.splitlines() == [str(match.path) for match in photos.search("sad red ball", n=9)]
    assert "reads phrases: yes" in CliRunner().invoke(app, ["model", "show", str(model)]).stdout


def test_the_service_answers_alike(photos: Collection, tmp_path: Path) -> None:
    with TestClient(create_app(photos, Settings(thumbnails=tmp_path)), base_url="http://127.0.0.1") as client:
        page = client.get("/api/v1/search", params={"q": "sad & content:红色"}).json()
        assert (page["content"], page["similarity"], page["unknown"]) == (["红色"], True, [])
        assert [hit["id"] for hit in page["hits"]] == [match.id for match in photos.search("sad & content:红色", n=9)]
        long = client.get("/api/v1/search", params={"q": "content:" + "red " * 9})
        assert (long.status_code, "too long" in long.text) == (400, True)


def test_another_model_than_that_of_the_index(index: Path, tmp_path: Path) -> None:
    with Collection(index, model=toy.toy_model(tmp_path / "plain")) as photos:
        assert len(photos.search("sad", n=9)) == len(PICTURES)
        with pytest.raises(ModelMismatchError, match="name the index's own model with --model"):
            photos.search("content:red")
    other = toy.colour_model(tmp_path / "other")
    (other / "card.json").write_text((other / "card.json").read_text().replace('"toy"', '"other"'))
    with Collection(index, model=other) as photos, pytest.raises(ModelMismatchError, match="holds readings of toy-"):
        photos.search("content:red")


def test_a_phrase_that_is_too_long_is_a_fault_of_the_query(photos: Collection) -> None:
    with pytest.raises(QueryError, match="too long; this model takes 6 tokens at most"):
        photos.search("content:" + "red " * 7)
