from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from emoir import Collection
from emoir.web import Settings, create_app
from tests.pictures import save_photos

# What a browser on this computer calls the service.
HERE = "http://127.0.0.1"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen pictures in two folders, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    save_photos(folder / "lake", 8)
    save_photos(folder / "<b>town", 6, first_seed=20)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


@pytest.fixture(scope="session")
def index(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of them, for reading."""
    file = tmp_path_factory.mktemp("index") / "web.emoir"
    with Collection(file) as collection:
        collection.index(photos, workers=1)
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(thumbnails=tmp_path / "thumbnails")


@pytest.fixture(scope="session")
def index_on_milvus(index: Path, replicated: Callable[[Path], Path]) -> Path:
    return replicated(index)


@pytest.fixture(params=["memory", pytest.param("milvus", marks=pytest.mark.engine)])
def client(index: Path, settings: Settings, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A service that searches in memory, or on a Milvus server."""
    searched = index if request.param == "memory" else request.getfixturevalue("index_on_milvus")
    with TestClient(create_app(Collection(searched), settings), base_url=HERE) as found:
        yield found


@pytest.fixture
def own_client(photos: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A service whose index the test may write to."""
    collection = Collection(tmp_path / "own.emoir")
    collection.index(photos, workers=1)
    with TestClient(create_app(collection, Settings(thumbnails=tmp_path / "t")), base_url=HERE) as found:
        yield found
