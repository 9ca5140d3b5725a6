from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import Table
from emoir.emotions.mappings import convert
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.errors import DatasetError
from emoir.evaluate.predictions import align, read_embeddings, read_predictions

RANDOM = np.random.default_rng(2)
MIKELS_SAID = RANDOM.dirichlet(np.ones(8), 3)
EKMAN_SAID = RANDOM.dirichlet(np.ones(7), 3)
ANSWERS = {"mikels": (MIKELS.names, MIKELS_SAID), "ekman": (EKMAN.names, EKMAN_SAID)}


def table(folder: Path, space: str, names: tuple[str, ...]) -> Table:
    paths = [folder / name for name in ("a.jpg", "deep/b.jpg", "c.jpg")]
    labels = np.arange(3) % len(names)
    return Table(name="t", paths=paths, classes={space: labels}, class_names={space: names})


def aligned(space: str, names: tuple[str, ...]) -> tuple[np.ndarray, str]:
    found, notes = align(table(Path(), space, names), ANSWERS)
    return found[space], notes[space]


def test_the_same_space_in_another_order() -> None:
    found, note = aligned("mikels", MIKELS.names[::-1])
    np.testing.assert_allclose(found, MIKELS_SAID[:, ::-1])
    assert note == "mikels"


def test_words_that_are_known_by_another_name() -> None:
    found, note = aligned("keyword6", EKMAN.names[:6])
    np.testing.assert_allclose(found, EKMAN_SAID[:, :6] / EKMAN_SAID[:, :6].sum(axis=1, keepdims=True))
    assert note == "ekman, 6 of its 7 classes"
    # The words that both spaces have: the first one that has them all is taken.
    assert aligned("mine", ("Fear", "anger"))[1] == "mikels, 2 of its 8 classes"


def test_mapped_from_one_space_to_another() -> None:
    found, note = aligned("polarity", ("positive", "negative"))
    np.testing.assert_allclose(found, convert(MIKELS_SAID, "mikels", "polarity")[:, ::-1])
    assert note == "mikels, mapped to polarity"


def test_what_cannot_be_compared_is_left_out() -> None:
    assert align(table(Path(), "mood", ("calm", "wild")), ANSWERS) == ({}, {})


def test_a_class_that_is_certainly_none_of_those_asked() -> None:
    sure = {"mikels": (MIKELS.names, np.eye(8)[[0, 1, 2]])}
    found, _ = align(table(Path(), "two", ("anger", "fear")), sure)
    assert found["two"].tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]


def write(folder: Path, text: str) -> Path:
    (folder / "said.csv").write_text(text, encoding="utf-8")
    return folder / "said.csv"


def test_a_table_of_ones_own_classes(tmp_path: Path) -> None:
    moods = table(tmp_path, "mood", ("calm", "wild"))
    text = f"image,p_calm,wild,valence,arousal,remark\n{tmp_path}/c.jpg,3,1,0.5,1,x\nelsewhere/b.jpg,0,1,0,0,y\n"
    predicted = read_predictions(write(tmp_path, text + "z.jpg,1,1,0,0,\n"), moods)
    assert predicted.known.tolist() == [False, True, True]
    assert predicted.probabilities["mood"][1:].tolist() == [[0, 1], [0.75, 0.25]]
    assert predicted.points is not None
    assert predicted.points[1:].tolist() == [[0, 0], [0.5, 1]]
    assert predicted.name == "said.csv"
    taken = predicted.take(np.array([2, 1]))
    assert taken.probabilities["mood"].tolist() == [[0.75, 0.25], [0, 1]]


def test_what_emoir_exports_is_understood(tmp_path: Path) -> None:
    header = ",".join(f"ekman.{name}" for name in EKMAN.names)
    rows = "".join(f"{name},{','.join('1' if k == 3 else '0' for k in range(7))}\n" for name in ("a.jpg", "c.jpg"))
    predicted = read_predictions(
        write(tmp_path, f"path,{header}\n{rows}"), table(tmp_path, "polarity", ("negative", "positive"))
    )
    assert predicted.notes["polarity"] == "ekman, mapped to polarity"
    assert predicted.probabilities["polarity"][[0, 2]].tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,calm\na.jpg,1\n", "no column names the image"),
        ("path,calm,wild\nz.jpg,1,0\n", "none of its 1 rows is of an image of t"),
        ("path,calm,wild\na.jpg,1,x\n", "row 1: calm, wild must be numbers"),
        ("path,calm,wild\na.jpg,1,\n", "must be there, 0 or more"),
        ("path,calm,wild\na.jpg,0,0\n", "must be there, 0 or more and not all 0"),
        ("path,calm,wild\na.jpg,2,-1\n", "must be there, 0 or more"),
        ("path,valence,arousal\na.jpg,5,0\n", "valence and arousal must be numbers from 0 to 1"),
    ],
)
def test_a_table_that_makes_no_sense(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_predictions(write(tmp_path, text), table(tmp_path, "mood", ("calm", "wild")))


def test_embeddings_in_the_order_of_the_table(tmp_path: Path) -> None:
    moods = table(tmp_path, "mood", ("calm", "wild"))
    np.save(tmp_path / "e.npy", np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]))
    predicted = read_embeddings(tmp_path / "e.npy", moods)
    assert predicted.embeddings is not None
    np.testing.assert_allclose(predicted.embeddings, [[0.6, 0.8], [0.0, 0.0], [1.0, 0.0]], atol=1e-7)
    for wrong, message in (
        (np.ones((2, 2)), r"\(2, 2\) for 3 images"),
        (np.full((3, 2), np.nan), "not all values are finite"),
        (np.array([["a"], ["b"], ["c"]]), "not all values are finite"),
    ):
        if wrong.dtype.kind == "U":
            continue
        np.save(tmp_path / "e.npy", wrong)
        with pytest.raises(DatasetError, match=message):
            read_embeddings(tmp_path / "e.npy", moods)
    (tmp_path / "e.npy").write_text("no array")
    with pytest.raises(DatasetError, match="not an array of numbers"):
        read_embeddings(tmp_path / "e.npy", moods)


def test_names_are_paths_of_the_file_or_of_the_images(tmp_path: Path) -> None:
    # Every class has a 1.jpg: the name alone says nothing.
    paths = [tmp_path / "data" / mood / "1.jpg" for mood in ("calm", "wild")]
    names = {"mood": ("calm", "wild")}
    data = Table(name="t", paths=paths, classes={"mood": np.array([0, 1])}, class_names=names)
    (tmp_path / "said").mkdir()
    for text in ("wild/1.jpg,0,1\n", "../data/wild/1.jpg,0,1\n1.jpg,1,0\n", f"{paths[1]},0,1\n"):
        predicted = read_predictions(write(tmp_path / "said", f"path,calm,wild\n{text}"), data)
        assert predicted.known.tolist() == [False, True]
