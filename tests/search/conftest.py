"""Every search test runs in memory, with the vector index of the documentation, and on a Milvus server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emoir import Collection
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.milvus import MilvusEngine
from tests.howto import code_of


class ReadOnce:
    """Indexes folders of pictures; of each kind only the first is read, the others are known by their content.

    Args:
        base: keeps what was read.
    """

    def __init__(self, base: Path) -> None:
        self._base = base

    def __call__(self, photos: Collection, folder: Path, draw: Callable[[Path], object]) -> Collection:
        """Make pictures in a folder and index it.

        Args:
            photos: its index does not exist yet.
            folder: does not exist yet.
            draw: makes the pictures, always the same ones.
        """
        kept = self._base / f"{draw.__module__}.{draw.__name__}"
        if not kept.exists():
            draw(kept / "drawn")
            with Collection(kept / "x.emoir") as first:
                first.index(kept / "drawn", workers=1)
            # Their folder is gone, so that the others hold moved files.
            (kept / "drawn").rename(kept / "pictures")
        shutil.copytree(kept / "pictures", folder)
        photos.location.parent.mkdir(exist_ok=True)
        shutil.copy(kept / "x.emoir", photos.location)
        assert photos.index(folder).read == 0
        return photos


@pytest.fixture(scope="session")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> ReadOnce:
    return ReadOnce(tmp_path_factory.mktemp("read"))


@pytest.fixture(params=["exact", "brute force", pytest.param("milvus", marks=pytest.mark.engine)])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Collection]:
    """A collection whose index does not exist yet."""
    index = tmp_path / "index" / "test.emoir"
    if request.param == "exact":
        photos = Collection(index)
    elif request.param == "milvus":
        photos = Collection(index, vectors=EngineVectors(MilvusEngine(request.getfixturevalue("milvus"))))
    else:
        photos = code_of("add-a-vector-index.md").open_with_brute_force(index)
    with photos:
        yield photos
