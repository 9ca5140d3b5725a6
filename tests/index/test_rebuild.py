"""A rebuild reads beside the index: whoever searches finds all, and whatever ends it, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.extract import LocalExtractor
from emoir.index import as_path
from emoir.index.damage import find_damage
from emoir.index.schema import connect
from emoir.models import ModelFolder
from tests.index.test_runs import Interrupted, Killed
from tests.pictures import save_photos


@pytest.fixture
def photos(tmp_path: Path) -> Collection:
    save_photos(tmp_path / "photos", 4)
    [alone] = save_photos(tmp_path / "alone", 1, first_seed=20)
    found = Collection(tmp_path / "x.emoir")
    found.index(tmp_path / "photos", alone, workers=1)
    return found


def ids(photos: Collection) -> list[int]:
    return [found.id for found in photos.search("awe", n=9, min_score=0)]


def test_until_it_is_done_the_old_readings_are_found(photos: Collection, other_model: Path, tmp_path: Path) -> None:
    before, seen = ids(photos), []
    photos.ratings.add(before[0], "Ana", emotion="awe", valence=None, arousal=None)
    with Collection(photos.location, model=other_model) as other:

        def report(*_: object) -> None:
            # Another that has the index open searches it, rates, and adds a folder.
            seen.append((ids(photos), photos.status().rebuild))
            if len(seen) == 1:
                photos.ratings.add(before[1], "Bo", emotion="fear", valence=None, arousal=None)
                save_photos(tmp_path / "more", 1, first_seed=30)
                photos.index(tmp_path / "more", workers=1)
                before.append(ids(photos)[-1])

        done = other.index(rebuild=True, workers=1, report=report)
        assert other.status().rebuild is None
        assert tmp_path / "more" in [as_path(root) for root in other.status().roots]
        assert not [*tmp_path.glob("x.emoir.*"), *tmp_path.glob(".x.emoir*")]
        # The model is another one now, and no id means another image than before.
        assert photos.status().model.id.startswith("other-")
        assert min(ids(photos)) > max(before)
        assert {(one.rater, one.emotion) for one in photos.ratings.all()} == {("Ana", "awe"), ("Bo", "fear")}
        assert other.index(workers=1).read == 1, "what came in meanwhile is read with the new model now"
    assert done.read == 5
    assert len(seen) == 5
    assert all({*found} >= {*before[:5]} for found, _ in seen)
    assert {file for _, file in seen} == {tmp_path / "x.emoir.rebuild"}
    with connect(photos.location) as connection:
        assert not find_damage(connection)
    connection.close()


def test_one_that_was_stopped_goes_on(photos: Collection, tmp_path: Path) -> None:
    before, revision = ids(photos), photos.images.revision
    with pytest.raises(Killed):
        photos.index(rebuild=True, extractor=Interrupted(3))
    photos.close()
    assert ids(photos) == before
    assert photos.status().rebuild == tmp_path / "x.emoir.rebuild"
    # A usual run leaves it alone.
    assert photos.index(workers=1).unchanged == 5
    done = photos.index(rebuild=True, extractor=Interrupted(None))
    assert 0 < done.unchanged == 5 - done.read
    assert photos.status().rebuild is None
    assert not {*ids(photos)} & {*before}
    assert photos.images.revision > revision
    assert photos.images.changes(revision) is None, "a replica must take all rows anew"


def test_one_of_another_model_begins_again(photos: Collection, other_model: Path) -> None:
    with pytest.raises(Killed):
        photos.index(rebuild=True, extractor=Interrupted(3))
    with Collection(photos.location, model=other_model) as other:
        extractor = LocalExtractor(ModelFolder(other_model).folder, workers=1)
        assert other.index(rebuild=True, extractor=extractor).read == 5
        assert other.status().model.id.startswith("other-")


@pytest.mark.parametrize("content", [b"", b"no database at all" * 400])
def test_one_whose_file_is_damaged_says_how_to_begin_anew(photos: Collection, content: bytes) -> None:
    before, file = ids(photos), photos.location.with_name("x.emoir.rebuild")
    file.write_bytes(content)
    with pytest.raises(IndexFileError, match=r"x\.emoir\.rebuild.* to begin anew, delete it"):
        photos.index(rebuild=True, workers=1)
    assert ids(photos) == before
    file.unlink()
    assert photos.index(rebuild=True, workers=1).read == 5


def test_a_file_that_was_indexed_by_itself_is_read_again(photos: Collection, tmp_path: Path) -> None:
    assert photos.index(rebuild=True, workers=1).read == 5
    [alone] = (tmp_path / "alone").iterdir()
    (tmp_path / "alone").rename(tmp_path / "away")
    with pytest.raises(IndexFileError, match=f"{alone} is missing or empty, and a rebuild would .* --prune"):
        photos.index(rebuild=True, workers=1)
    (tmp_path / "away").rename(tmp_path / "alone")
    alone.unlink()
    assert photos.index(rebuild=True, workers=1).read == 4
