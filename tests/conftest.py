"""Fixtures that several folders of tests share."""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from emoir import Collection, Model
from emoir.index.vectors.choice import RememberedEngine
from emoir.models.card import CARD
from emoir.models.library import shipped_model_folder

if TYPE_CHECKING:
    from milvus import MilvusServer
    from playwright.sync_api import Playwright

# A busy machine is no fault of the code.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped model."""
    return Model()


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """A model folder with another id, and other confidences, than the shipped one's."""
    folder = tmp_path / "other_model"
    shutil.copytree(shipped_model_folder(), folder)
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    card["name"] = "other"
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    return folder


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """A collection whose index does not exist yet."""
    with Collection(tmp_path / "index" / "test.emoir") as photos:
        yield photos


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """A real Milvus; tests that kill it start it again."""
    pytest.importorskip("milvus", reason="the package milvus is not installed: it is for Linux")
    from kill_cluster import milvus_server

    # Reads wait for its next tick, a start for the end of the lease of a server that was killed (200 ms, 30 s).
    os.environ |= {"PROXY_TIMETICKINTERVAL": "20", "COMMON_SESSION_TTL": "5"}
    server = milvus_server(tmp_path_factory.mktemp("milvus"))
    try:
        # It leaves its own log file to the garbage collector.
        with warnings.catch_warnings(), choosing_ports():
            warnings.simplefilter("ignore", ResourceWarning)
            try:
                server.start()
            except TimeoutError as error:
                pytest.skip(f"no Milvus here: {error}")
            finally:
                gc.collect()
        yield server
    finally:
        server.stop()


@contextmanager
def choosing_ports() -> Iterator[None]:
    """For one process at a time: a server that starts takes ports that it has seen free a while before."""
    import fcntl

    with open(Path(tempfile.gettempdir()) / "emoir-tests-milvus.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def milvus(milvus_server: MilvusServer) -> str:
    """The address of an empty collection in that server; one for all tests, as to make one takes seconds."""
    from pymilvus import MilvusClient

    client = MilvusClient(f"http://127.0.0.1:{milvus_server.listen_port}")
    if client.has_collection("photos"):
        rows = client.query("photos", "id >= -1", ["id"], consistency_level="Strong")
        if rows:
            client.delete("photos", ids=[row["id"] for row in rows])
    client.close()
    return f"milvus://127.0.0.1:{milvus_server.listen_port}/photos"


@pytest.fixture(scope="session")
def replicated(milvus_server: MilvusServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Copies an index; the copy remembers a replica of its own in that server."""

    def copied(index: Path) -> Path:
        copy = Path(shutil.copy(index, tmp_path_factory.mktemp("replicated")))
        with RememberedEngine(copy) as kept:
            assert list(kept.send(f"milvus://127.0.0.1:{milvus_server.listen_port}/{index.stem}"))
        return copy

    return copied


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all folders, for a process can hold no second; imported here, as only tests in a browser need it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running
