from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoir import Collection
from tests.pictures import save_photos
from tests.search.conftest import ReadOnce


def six(folder: Path) -> None:
    save_photos(folder, 6)


@pytest.fixture
def photos(tmp_path: Path, read_once: ReadOnce) -> Collection:
    return read_once(Collection(tmp_path / "index.emoir"), tmp_path / "photos", six)


def ranked(photos: Collection, query: str, **options: Any) -> list[int]:
    return [match.id for match in photos.search(query, min_score=0, **options)]


def test_a_rating_goes_before_the_model_for_its_rater_alone(photos: Collection) -> None:
    before = ranked(photos, "awe")
    last = before[-1]
    rating = photos.ratings.add(last, "Ana", emotion="awe", valence=None, arousal=None)
    assert ranked(photos, "awe", rater="Ana")[0] == last
    assert ranked(photos, "awe") == ranked(photos, "awe", rater="Bob") == before
    # What she calls awe she does not call fear.
    assert ranked(photos, "fear", rater="Ana")[-1] == last
    photos.ratings.remove(rating.id)
    assert ranked(photos, "awe", rater="Ana") == before


def test_what_a_rating_leaves_open_stays_the_models(photos: Collection) -> None:
    first, second = ranked(photos, "disgust")[:2]
    for id in (first, second):
        photos.ratings.add(id, "Ana", emotion="awe", valence=None, arousal=None)
    scores = {match.id: match.score for match in photos.search("disgust", min_score=0, rater="Ana")}
    # Among images that she rated alike the model's order holds.
    assert scores[first] >= scores[second]
    photos.ratings.add(first, "Ana", emotion=None, valence=0.9, arousal=0.1)
    assert ranked(photos, "va:0.9,0.1", rater="Ana")[0] == first
    by_model = {match.id: match.score for match in photos.search("disgust", min_score=0)}
    hers = {match.id: match.score for match in photos.search("disgust", min_score=0, rater="Ana")}
    assert np.isclose(by_model[first], hers[first])
