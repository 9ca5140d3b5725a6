"""Every search test runs in memory, with the vector index of the documentation, and on a Milvus server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emoir import Collection
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.milvus import MilvusEngine
from tests.howto import code_of


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
