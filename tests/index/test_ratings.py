from __future__ import annotations

from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import QueryError
from tests.pictures import save_photos


def test_ratings_outlive_a_rebuild_a_repair_and_an_absence(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    with Collection(tmp_path / "x.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        id = photos.search("awe", min_score=0)[0].id
        path = photos.search("awe", min_score=0)[0].path
        ratings = photos.ratings
        ratings.add(id, "Ana", emotion="awe", valence=None, arousal=None)
        photos.index(rebuild=True, workers=1)
        assert [rating.emotion for rating in ratings.all()] == ["awe"]
        content = path.read_bytes()
        path.unlink()
        photos.index(workers=1)
        assert ratings.all() == []
        path.write_bytes(content)
        photos.index(workers=1)
        [again] = ratings.all()
        assert photos.search(f"id:{again.image}", min_score=0).searched == len(paths) - 1


def test_new_images_and_shared_ones_by_turns(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 4)
    with Collection(tmp_path / "x.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        ratings = photos.ratings
        first = ratings.next_for("Ana")
        assert first is not None
        ratings.add(first, "Ana", emotion="fear", valence=0.1, arousal=0.9)
        fresh = ratings.next_for("Bo")
        assert fresh not in (None, first)
        assert ratings.next_for("Bo", passed=[fresh or 0]) not in (None, first, fresh)
        ratings.add(fresh or 0, "Bo", emotion="awe", valence=None, arousal=None)
        # Bo's second is one that Ana has rated.
        assert ratings.next_for("Bo") == first
        with pytest.raises(QueryError, match="names an emotion, or valence and arousal"):
            ratings.add(first, "Bo", emotion=None, valence=0.5, arousal=None)
        with pytest.raises(QueryError, match="no image of this index"):
            ratings.add(999, "Bo", emotion="awe", valence=None, arousal=None)


def test_a_rebuild_elsewhere_is_noticed(tmp_path: Path, other_model: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    with Collection(tmp_path / "x.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        first = photos.search("awe", min_score=0)[0].reading.model
        with Collection(photos.location, model=other_model) as other:
            other.index(rebuild=True, workers=1)
        assert photos.search("awe", min_score=0)[0].reading.model.startswith("other-")
        assert first != photos.images.model.id
