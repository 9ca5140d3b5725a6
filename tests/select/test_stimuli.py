from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Collection, EmotionReadings
from emoir.errors import QueryError, SelectionError
from emoir.extract import Failure
from emoir.extract.features import Features, measure_files
from emoir.index import ImageMetadata, RowLayout
from emoir.index.base import as_path
from emoir.search.option_text import EmotionBound, Range
from emoir.search.options import FilterOptions
from emoir.select import (
    CandidatePool,
    matched_stimuli,
    parse_stimulus_condition,
    pools_of,
    sample_images,
    select_stimuli,
)
from tests.pictures import noise, save_photos

LAYOUT = RowLayout({"polarity": ("negative", "positive")})


def meta_of(
    paths: Sequence[str], *, width: int = 8, height: int = 8, hashes: Sequence[int | None] = ()
) -> list[ImageMetadata]:
    return [
        ImageMetadata(
            id=number + 1,
            path=os.fsencode(path),
            confidence=0.5,
            monochrome=False,
            width=width,
            height=height,
            taken=None,
            hash=hash,
            modified_ns=0,
            incomplete=False,
            record=None,
        )
        for number, (path, hash) in enumerate(zip(paths, hashes or [None] * len(paths), strict=True))
    ]


def pool_of(metadata: Sequence[ImageMetadata], palettes: np.ndarray | None = None) -> CandidatePool:
    n = len(metadata)
    half, names = np.full((n, 2), 0.5, np.float32), dict(LAYOUT.class_names)
    columns = np.zeros(n, np.float32)
    readings = EmotionReadings(
        embeddings=np.zeros((n, 128), np.float32),
        distributions={"polarity": half},
        class_names=names,
        valence=columns,
        arousal=columns,
        confidence=columns,
        monochrome=columns > 0,
        model="none",
    )
    vectors = np.zeros((n, LAYOUT.length), np.float32)
    vectors[:, LAYOUT.palette] = 1 / 8 if palettes is None else palettes
    return CandidatePool(metadata, readings, vectors)


def test_the_same_seed_draws_the_same_images() -> None:
    pool = pool_of(meta_of([f"/p/{number}.jpg" for number in range(50)]))
    assert sample_images(pool, 10, seed=1) == sample_images(pool, 10, seed=1)
    assert sample_images(pool, 10, seed=1) != sample_images(pool, 10, seed=2)
    assert sorted(sample_images(pool, 99)) == list(range(50))
    # The first of a longer draw are those of a shorter one.
    assert sample_images(pool, 20, seed=1)[:10] == sample_images(pool, 10, seed=1)


def test_every_image_is_as_likely_as_any_other() -> None:
    pool = pool_of(meta_of([f"/p/{number}.jpg" for number in range(10)]))
    counts = Counter(row for seed in range(2000) for row in sample_images(pool, 3, seed=seed))
    assert all(500 < counts[row] < 700 for row in range(10))


def test_at_most_so_many_a_folder() -> None:
    pool = pool_of(meta_of([f"/p/{number % 4}/{number}.jpg" for number in range(40)] + ["/p/0/deep/x.jpg"]))
    for seed in range(20):
        drawn = sample_images(pool, 100, per_folder=3, seed=seed)
        folders = Counter(os.path.dirname(pool.metadata[row].path) for row in drawn)
        assert folders == {b"/p/0": 3, b"/p/1": 3, b"/p/2": 3, b"/p/3": 3, b"/p/0/deep": 1}


def test_near_duplicates_are_drawn_once() -> None:
    # The first three are alike; the fourth shares their hash, but not their colours; of the last, no hash is known.
    metadata = meta_of([f"/p/{number}.jpg" for number in range(6)], hashes=[0, 1, 3, 0, 2**40 - 1, None])
    palettes = np.full((6, 64), 1 / 8, np.float32)
    palettes[3] = np.eye(64)[0]
    pool = pool_of(metadata, palettes)
    for seed in range(20):
        drawn = sample_images(pool, 6, seed=seed)
        assert len({0, 1, 2} & set(drawn)) == 1
        assert {3, 4, 5} <= set(drawn)
        assert not {0, 1, 2} & set(sample_images(pool, 6, seed=seed, exclude_near=[(pool, 1)]))


def test_conditions_are_parsed() -> None:
    condition = parse_stimulus_condition("low calm: valence ..0.4, arousal=0.1..0.3, fear<0.2, 敬畏>0.1")
    assert condition.name == "low calm"
    fear, awe = EmotionBound("fear", True, 0.2), EmotionBound("敬畏", False, 0.1)
    assert condition.filters == FilterOptions(valence=Range(high=0.4), arousal=Range(0.1, 0.3), emotion=(fear, awe))
    sad = EmotionBound("sadness", True, 0.5)
    common = FilterOptions(valence=Range(low=0.1), side=Range(low=100), emotion=(sad,))
    together = condition.joined_to(common)
    assert together.valence == Range(high=0.4)
    assert together.side == Range(low=100)
    assert together.emotion == (sad, fear, awe)


@pytest.mark.parametrize("text", ["calm", "calm:", ": fear<0.2", "calm: valence", "calm: valence 1..0", "a: fear"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(QueryError):
        parse_stimulus_condition(text)
    with pytest.raises(QueryError, match="it goes from 0 to 1"):
        parse_stimulus_condition("a: valence 2..")
    with pytest.raises(QueryError, match="valence occurs twice"):
        parse_stimulus_condition("a: valence 0.1.., valence ..0.2")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark and bright pictures."""
    tmp_path = tmp_path_factory.mktemp("stimuli")
    for name, share in (("dark", 0.5), ("bright", 1.0)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for seed in range(12):
            picture = Image.fromarray((noise(48, seed + (100 if name == "dark" else 0)) * share).astype(np.uint8))
            picture.save(tmp_path / "photos" / name / f"{seed:02}.png")
    return tmp_path / "photos"


@pytest.fixture(scope="module")
def photos(tree: Path) -> Iterator[Collection]:
    with Collection(tree.parent / "test.emoir") as collection:
        collection.index(tree, workers=2)
        yield collection


def measured(pools: dict[str, CandidatePool]) -> dict[str, list[Features | None]]:
    found = {}
    for name, pool in pools.items():
        answers = measure_files([(as_path(entry.path), entry.modified_ns) for entry in pool.metadata])
        found[name] = [None if isinstance(answer, Failure) else answer for answer in answers]
    return found


def test_a_selection_meets_its_conditions(photos: Collection) -> None:
    _, readings, _ = photos.rows()
    # All the dark pictures may be lower than all the bright ones: a half could be a single folder.
    limit = float(np.quantile(readings.valence, 0.75))
    pool = CandidatePool(*photos.rows(filters=FilterOptions(valence=Range(high=limit))))
    stimuli = select_stimuli(pool, 6, per_folder=5, seed=3)
    assert len({image.id for image in stimuli.images}) == 6
    assert all(image.reading.valence <= limit + 1e-3 for image in stimuli.images)
    paths = [image.path for image in stimuli.images]
    assert paths == sorted(paths)
    assert max(Counter(path.parent for path in paths).values()) <= 5
    assert stimuli.to_json() == select_stimuli(pool, 6, per_folder=5, seed=3).to_json()
    with pytest.raises(SelectionError, match=r"18 images meet .* 99 were asked for, and \d+ can be taken"):
        select_stimuli(pool, 99, per_folder=5)


def test_rows_among_listed_files(photos: Collection, tree: Path) -> None:
    listed = [tree / "dark" / "03.png", tree / "bright" / "01.png", tree / "no.png"]
    metadata, _, _ = photos.rows(paths=listed)
    assert [as_path(entry.path) for entry in metadata] == [listed[1], listed[0]]
    assert photos.rows(paths=listed, folders=[tree / "dark"])[0] == metadata[1:]
    assert photos.rows(paths=listed, filters=FilterOptions(orientation="portrait"))[0] == []
    # A single path is one folder, not the folders that its letters name.
    assert {Path(as_path(entry.path)).parent for entry in photos.rows(folders=str(tree / "dark"))[0]} == {tree / "dark"}
    assert {match.path.parent for match in photos.search("awe", folders=tree / "dark", min_score=0)} == {tree / "dark"}


def test_a_listed_copy_is_named_itself(tmp_path: Path) -> None:
    [original] = save_photos(tmp_path / "photos" / "a", 1)
    copy = tmp_path / "photos" / "b.jpg"
    shutil.copy2(original, copy)
    with Collection(tmp_path / "index.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        for listed in (original, copy):
            assert [as_path(entry.path) for entry in photos.rows(paths=[listed])[0]] == [listed]
            assert [match.path for match in photos.search("awe", paths=listed, min_score=0)] == [listed]


def test_matched_sets_end_to_end(photos: Collection, tree: Path) -> None:
    candidates = {name: CandidatePool(*photos.rows(folders=[tree / name])) for name in ("dark", "bright")}
    pools, shared = pools_of(candidates, seed=1)
    assert shared == 0
    features = measured(pools)
    features["dark"][0] = None
    stimuli = matched_stimuli(pools, features, 4, variables=["contrast", "size"], seed=1)
    assert [(image.set, image.condition) for image in stimuli.images] == [
        (number, name) for number in range(1, 5) for name in ("dark", "bright")
    ]
    assert pools["dark"].metadata[0].id not in {image.id for image in stimuli.images}
    assert [row.variable for row in stimuli.balance] == ["contrast", "size", "valence", "arousal"]
    assert [row.matched for row in stimuli.balance] == [True, True, False, False]
    dark = [image.variables["contrast"] for image in stimuli.images if image.condition == "dark"]
    assert stimuli.balance[0].means[0] == pytest.approx(np.mean(dark))
    assert stimuli.balance[0].difference < stimuli.balance[0].before
    again = json.loads(stimuli.to_json())
    assert (again["seed"], again["conditions"], len(again["images"])) == (1, ["dark", "bright"], 8)
    assert set(again["images"][0]["variables"]) == {"contrast", "size"}
    features["bright"] = [None] * len(pools["bright"])
    with pytest.raises(SelectionError, match="condition bright: 4 were asked for, and 0 can"):
        matched_stimuli(pools, features, 4)


def test_images_of_several_conditions_are_left_out(photos: Collection, tree: Path) -> None:
    everything = CandidatePool(*photos.rows())
    dark = CandidatePool(*photos.rows(folders=[tree / "dark"]))
    pools, shared = pools_of({"all": everything, "dark": dark})
    assert shared == len(dark)
    assert len(pools["dark"]) == 0
    assert all(b"/bright/" in entry.path for entry in pools["all"].metadata)
    small, _ = pools_of({"dark": dark}, size=5, per_folder=3)
    assert len(small["dark"]) == 3


def test_copies_are_one_image(collection: Collection, tmp_path: Path) -> None:
    [path] = save_photos(tmp_path / "photos", 1)
    (tmp_path / "photos" / "copy.jpg").write_bytes(path.read_bytes())
    Image.open(path).save(tmp_path / "photos" / "saved again.jpg", quality=95)
    collection.index(tmp_path / "photos", workers=1)
    assert len(collection.rows()[0]) == 2
    assert len(sample_images(CandidatePool(*collection.rows()), 5)) == 1
