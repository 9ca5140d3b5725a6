"""Every published layout on a miniature of it; what is expected was worked out by hand from the files written."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import ABSENT_CLASS, PUBLISHED, Table, layout_of, read_dataset
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.errors import DatasetError
from tests.datasets.trees import TREES, touch

M = {name: place for place, name in enumerate(MIKELS.names)}


def read(folder: Path, name: str) -> Table:
    root = folder / name
    root.mkdir()
    TREES[name](root)
    return read_dataset(root)


@pytest.mark.parametrize("name", TREES)
def test_each_is_known_by_itself_and_by_no_other(tmp_path: Path, name: str) -> None:
    table = read(tmp_path, name)
    assert table.name == name
    assert [layout.name for layout in PUBLISHED.values() if layout.matches(tmp_path / name)] == [name]
    there = [path for path in table.paths if path.is_file()]
    # IAPSa and WikiArt Emotions list one picture that is not there.
    assert len(there) == len(table) - (name in ("iapsa", "wikiart_emotions"))


def test_every_layout_has_a_tree_and_says_where_it_comes_from() -> None:
    assert set(PUBLISHED) == set(TREES)
    for layout in PUBLISHED.values():
        text = sys.modules[layout.read.__module__].__doc__ or ""
        for word in ("- Source:", "- Labels:", "- Split", "- Terms:", "- Paper", "- Layout read in:", "\n::\n"):
            assert word in text, (layout.name, word)


def test_an_own_table_goes_before_a_layout(tmp_path: Path) -> None:
    TREES["fi"](tmp_path)
    assert layout_of(tmp_path) is not None
    (tmp_path / "labels.csv").write_text("path,mood\na.jpg,calm\n")
    assert layout_of(tmp_path) is None
    assert read_dataset(tmp_path, space="mine").class_names == {"mine": ("calm",)}


def test_folders_of_ones_own_are_no_published_set(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{name}/{number}.jpg" for name in MIKELS.names for number in range(2)))
    assert layout_of(tmp_path) is None
    (tmp_path / "holiday").mkdir()
    touch(tmp_path / "holiday", "awe_1.jpg", "beach_2.jpg")
    assert layout_of(tmp_path / "holiday") is None


def test_emoset(tmp_path: Path) -> None:
    table = read(tmp_path, "emoset")
    assert table.class_names == {"mikels": MIKELS.names}
    assert table.classes["mikels"].tolist() == [M["amusement"], M["awe"], M["sadness"]]
    assert table.split is not None
    assert table.split.tolist() == ["train", "val", "test"]
    (tmp_path / "emoset" / "val.json").write_text('[["awe"]]')
    with pytest.raises(DatasetError, match=r"val\.json, entry 0"):
        read_dataset(tmp_path / "emoset")


def test_fi(tmp_path: Path) -> None:
    table = read(tmp_path, "fi")
    assert np.bincount(table.classes["mikels"]).tolist() == [2] * 8
    assert table.paths[-1].parent.name == "sadness"
    assert len(read_dataset(tmp_path / "fi" / "emotion_dataset")) == 16


def test_emotion6_has_three_views(tmp_path: Path) -> None:
    table = read(tmp_path, "emotion6")
    np.testing.assert_allclose(table.distributions["ekman"][0], [0.133333, 0.7, 0, 0.0666667, 0.1, 0, 0], atol=1e-5)
    assert table.class_names["ekman"] == EKMAN.names
    assert table.classes["keyword6"].tolist() == [1, 3]
    assert table.valence is not None
    assert table.arousal is not None
    assert table.valence.tolist() == [0.1875, 1.0]
    assert table.arousal.tolist() == pytest.approx([0.35, 0.0])
    assert table.paths[0] == tmp_path / "emotion6" / "images" / "disgust" / "1.jpg"


def test_emotionroi(tmp_path: Path) -> None:
    table = read(tmp_path, "emotionroi")
    assert table.classes["keyword6"].tolist() == [0, 5]
    assert table.split is not None
    assert table.split.tolist() == ["train", "test"]


def test_artphoto(tmp_path: Path) -> None:
    table = read(tmp_path, "artphoto")
    expected = ("amusement", "anger", "awe", "contentment", "disgust", "sadness")
    assert table.classes["mikels"].tolist() == [M[name] for name in expected]


def test_abstract_votes_and_ties(tmp_path: Path) -> None:
    table = read(tmp_path, "abstract")
    assert table.distributions["mikels"][0, [M["amusement"], M["contentment"], M["sadness"]]].tolist() == [
        0.25,
        0.5,
        0.25,
    ]
    assert table.classes["mikels"].tolist() == [M["contentment"], ABSENT_CLASS]
    assert table.raters["mikels"].tolist() == [4, 6]


def test_iapsa_strongest_emotion(tmp_path: Path) -> None:
    table = read(tmp_path, "iapsa")
    assert table.classes["mikels"].tolist() == [M["fear"], ABSENT_CLASS, M["contentment"]]
    assert [path.name for path in table.paths] == ["1050.jpg", "9999.jpg", "2055.1.jpg"]


def test_gaped(tmp_path: Path) -> None:
    table = read(tmp_path, "gaped")
    assert table.valence is not None
    assert table.arousal is not None
    np.testing.assert_allclose(table.valence, [0.105, 0.205, 0.305, 0.405, 0.505, 0.605])
    np.testing.assert_allclose(table.arousal, 0.6)
    np.testing.assert_allclose(table.std["valence"], 0.1225)
    (tmp_path / "gaped" / "H_with SD.txt").write_text("Name\nH001.bmp 10 (2)\n")
    with pytest.raises(DatasetError, match=r"H_with SD\.txt, line 2"):
        read_dataset(tmp_path / "gaped")


def test_oasis_groups_by_theme(tmp_path: Path) -> None:
    table = read(tmp_path, "oasis")
    assert table.valence is not None
    assert table.arousal is not None
    assert table.group is not None
    assert table.valence.tolist() == [1.0, 0.5, 0.0]
    assert table.arousal.tolist() == [0.0, 0.25, 0.5]
    assert table.group.tolist() == ["Dog", "Dog", "Lake"]
    assert table.std["valence"][0] == pytest.approx(0.1)
    assert table.raters["arousal"].tolist() == [90, 99, 99]


def test_bass(tmp_path: Path) -> None:
    table = read(tmp_path, "bass")
    assert table.valence is not None
    assert table.arousal is not None
    assert (table.valence.tolist(), table.arousal.tolist()) == ([0, 1], [0.75, 0.5])
    assert table.std["arousal"].tolist() == pytest.approx([0.3, 0.2])
    assert table.raters["valence"].tolist() == [96, 90]
    text = (tmp_path / "bass" / "BASS_data.csv").read_text()
    (tmp_path / "bass" / "BASS_data.csv").write_text(text.replace("dance.png,9", "dance.png,nine"))
    with pytest.raises(DatasetError, match=r"the row of dance\.png: .*nine.* are not all numbers"):
        read_dataset(tmp_path / "bass")


def test_twitter_agreement(tmp_path: Path) -> None:
    table = read(tmp_path, "twitter1")
    assert table.classes["polarity"].tolist() == [1, 0, 1]
    np.testing.assert_allclose(table.distributions["polarity"], [[0.4, 0.6], [0.8, 0.2], [0.0, 1.0]])
    (tmp_path / "twitter1" / "four_agree.txt").write_text("b.jpg maybe\n")
    with pytest.raises(DatasetError, match="'maybe' is neither 0 nor 1"):
        read_dataset(tmp_path / "twitter1")


@pytest.mark.parametrize(("name", "total"), [("flickr_ldl", 11), ("twitter_ldl", 8)])
def test_label_distributions(tmp_path: Path, name: str, total: int) -> None:
    table = read(tmp_path, name)
    votes = np.rint(table.distributions["mikels"] * total)
    # The file's order of emotions is not ours.
    assert votes[0, [M["amusement"], M["contentment"], M["excitement"], M["sadness"]]].tolist() == [
        3,
        5 if total == 11 else 2,
        1,
        2,
    ]
    expected = [M["contentment"], ABSENT_CLASS] if total == 11 else [M["amusement"], M["anger"]]
    assert table.classes["mikels"].tolist() == expected
    assert table.raters["mikels"].tolist() == [total, total]


def test_webemo_hierarchy(tmp_path: Path) -> None:
    table = read(tmp_path, "webemo")
    fine = table.class_names["webemo25"]
    assert [fine[label] for label in table.classes["webemo25"]] == ["affection", "confusion", "disgust"]
    six = table.class_names["webemo6"]
    assert [six[label] for label in table.classes["webemo6"][[0, 2]]] == ["love", "anger"]
    assert table.classes["webemo6"][1] == ABSENT_CLASS
    assert table.classes["polarity"].tolist() == [1, 0, 0]
    assert table.split is not None
    assert table.split.tolist() == ["train", "train", "test"]
    (tmp_path / "webemo" / "test25.txt").write_text("https://x.net/a.jpg 25\n")
    with pytest.raises(DatasetError, match="'25' is no class from 0 to 24"):
        read_dataset(tmp_path / "webemo")


def test_unbiasedemo(tmp_path: Path) -> None:
    table = read(tmp_path, "unbiasedemo")
    assert np.bincount(table.classes["unbiasedemo"]).tolist() == [2] * 6
    assert table.class_names["unbiasedemo"][3] == "love"


def test_wikiart_shares_of_mentions(tmp_path: Path) -> None:
    table = read(tmp_path, "wikiart_emotions")
    assert table.class_names == {"wikiart20": ("fear", "love", "trust")}
    assert table.distributions["wikiart20"][0].tolist() == pytest.approx([0.25, 0.5, 0.25])
    assert np.isnan(table.distributions["wikiart20"][1]).all()
    assert table.paths[0].parent.name == "paintings"


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("emotion6", "ground_truth.txt", "[image_filename]\na/1.jpg\t1\n", "line 1: 1 values where 10 are needed"),
        ("abstract", "ABSTRACT_groundTruth.csv", "'',A,B,C,D,E,F,G,H\n", "'A' is none of amusement"),
        ("oasis", "OASIS.csv", "Theme,Valence_mean\nDog,1\n", r"no column Arousal_N, Arousal_SD"),
        ("wikiart_emotions", "WikiArt-Emotions-All.tsv", "ID\tx\n1\t2\n", "no column ID, or none that begins with"),
        ("iapsa", "Mikels2005positivenorms.csv", "Picture,a,b,c,d\n", "no column AmusMean"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, file: str, text: str, message: str) -> None:
    read(tmp_path, name)
    (tmp_path / name / file).write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path / name)
