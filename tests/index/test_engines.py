"""A replica on a real Milvus server holds what the store holds, whatever happens to either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from emoir.errors import EngineAwayError, EngineError
from emoir.extract import Extraction
from emoir.index import SqliteStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import RowLayout
from emoir.index.vectors import Candidates, ExactVectors, RowCondition, RowFilter, VectorChoice, scalar_column
from emoir.index.vectors.base import class_sums, weighted_sum
from emoir.index.vectors.engine import expression, fields_of
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.milvus import MilvusEngine
from emoir.limits import Limits
from kill_cluster import kill_server, start_again
from tests.cli.test_library import emoir
from tests.conftest import choosing_ports
from tests.howto import code_of
from tests.index.filled import outcomes
from tests.pictures import save_photos

if TYPE_CHECKING:
    from milvus import MilvusServer

pytestmark = pytest.mark.engine

EVERYTHING = RowFilter()
Extractions = list[tuple[bytes, Extraction]]


class First:
    """A component that looks at one probability."""

    weight = 1.0

    def __init__(self, length: int) -> None:
        self.vector = np.eye(1, length, dtype=np.float32)[0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL with pgvector."""
    pgserver = pytest.importorskip("pgserver", reason="the package pgserver is not installed: it has no wheel here")
    # It does not run as root, and another user must reach its folder.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def vectors(milvus: str) -> EngineVectors:
    return EngineVectors(MilvusEngine(milvus))


@pytest.fixture(params=["milvus", "pgvector"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[], EngineVectors]]:
    """Makes another vector index over the same engine, as another process would."""
    if request.param == "milvus":
        url = request.getfixturevalue("milvus")
        yield lambda: EngineVectors(MilvusEngine(url))
    else:
        address = request.getfixturevalue("postgres")
        engine = code_of("../engines.md", longest=200).PgvectorEngine
        yield lambda: EngineVectors(engine(address, "photos"))
        engine(address, "photos").drop()


def found_by(vectors: EngineVectors | ExactVectors, store: SqliteStore, where: RowFilter = EVERYTHING) -> Candidates:
    vectors.sync(store)
    return vectors.search([First(store.layout.length)], where, 100)


def assert_like_the_store(vectors: EngineVectors, store: SqliteStore) -> None:
    ours, exact = found_by(vectors, store), found_by(ExactVectors(), store)
    assert ours.ids.tolist() == exact.ids.tolist()
    np.testing.assert_allclose(ours.products, exact.products, rtol=1e-6)
    assert vectors.replica.verify(store).whole


def test_after_any_history_it_holds_what_the_store_holds(
    index: SqliteStore, extractions: Extractions, opened: Callable[[], EngineVectors]
) -> None:
    random = np.random.default_rng(0)
    vectors, others = opened(), opened()
    for step in range(8):
        chosen = [extractions[at] for at in random.choice(6, random.integers(1, 4), replace=False)]
        if step % 3 < 2:
            index.record(outcomes(chosen), Limits())
        else:
            index.forget([os.path.split(path) for path, _ in chosen])
            index.compact()
        # What was acknowledged is found by the next search, whoever sent it.
        assert found_by(vectors, index).ids.tolist() == found_by(others, index).ids.tolist()
    assert_like_the_store(vectors, index)


def test_it_goes_on_where_it_was_stopped(
    index: SqliteStore,
    extractions: Extractions,
    opened: Callable[[], EngineVectors],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emoir.index.vectors.replica.BATCH", 2)
    index.record(outcomes(extractions), Limits())
    first = opened().replica.steps(index)
    assert [next(first).filled for _ in range(2)] == [2, 4]
    # Meanwhile one that was sent goes, and one that was not.
    index.forget([os.path.split(extractions[at][0]) for at in (0, 4)])
    after = opened()
    assert [(state.filled, state.whole) for state in after.replica.steps(index)] == [(6, False), (6, True)]
    assert_like_the_store(after, index)
    assert found_by(after, index).ids.tolist() == [2, 3, 4, 6]


@pytest.fixture
def server(milvus_server: MilvusServer) -> Iterator[MilvusServer]:
    # No other server may take its ports while it is down.
    with choosing_ports():
        yield milvus_server
        if not milvus_server.running:
            start_again(milvus_server)


def test_nothing_is_lost_when_the_server_is_killed_while_rows_arrive(
    index: SqliteStore,
    extractions: Extractions,
    vectors: EngineVectors,
    server: MilvusServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("emoir.index.vectors.replica.BATCH", 2)
    index.record(outcomes(extractions[:5]), Limits())
    steps = vectors.replica.steps(index)
    next(steps)
    kill_server(server)
    with pytest.raises(EngineAwayError, match="does not answer"):
        next(steps)
    # The index itself answers meanwhile, and says so once.
    index.record(outcomes(extractions[5:]), Limits())
    for _ in range(2):
        assert found_by(vectors, index).ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert [record.levelname for record in caplog.records if record.name.startswith("emoir")] == ["WARNING"]
    monkeypatch.setattr("emoir.index.vectors.engine_vectors.SMALL_STORE", 5)
    with pytest.raises(EngineAwayError, match=r"^milvus://\S+ does not answer \(.*\)$"):
        EngineVectors(vectors.engine).sync(index)
    start_again(server)
    assert_like_the_store(vectors, index)


def test_what_somebody_else_changed_is_found_and_mended(
    index: SqliteStore, extractions: Extractions, opened: Callable[[], EngineVectors]
) -> None:
    index.record(outcomes(extractions), Limits())
    vectors = opened()
    vectors.sync(index)
    engine = vectors.engine
    batch = engine.batch(np.array([1, 2]))
    batch.numbers["side"][0] += 1
    batch.ids[1] = 77
    engine.put(batch)
    engine.remove(np.array([3]))
    found = vectors.replica.verify(index)
    assert (found.missing, found.stale, found.foreign) == ((3,), (1,), (77,))
    assert_like_the_store(vectors, index)


def test_rows_of_another_index_stay(
    tmp_path: Path, indexed: IndexedModel, index: SqliteStore, vectors: EngineVectors, milvus: str
) -> None:
    vectors.sync(index)
    with SqliteStore(tmp_path / "other.emoir", model=indexed) as other:
        with pytest.raises(EngineError, match="holds the rows of another index"):
            EngineVectors(MilvusEngine(milvus)).sync(other)
        other.use_engine(milvus)
        choice = VectorChoice()
        assert isinstance(choice.of(other), EngineVectors)
        assert choice.of(other) is choice.of(other)
        other.use_engine(None)
        assert isinstance(choice.of(other), ExactVectors)


def test_the_commands(tmp_path: Path, milvus: str) -> None:
    save_photos(tmp_path / "photos", 3)
    indexed = emoir(tmp_path, "index", "photos", "--workers", 1, "--engine", milvus)
    assert f"{milvus} is in step with the index: 3 images." in indexed.stderr
    searched = emoir(tmp_path, "search", "awe", "--all", "--everywhere", "--format", "paths")
    assert (len(searched.stdout.splitlines()), searched.returncode) == (3, 0)
    with SqliteStore(tmp_path / "x.emoir") as store:
        engine = MilvusEngine(milvus)
        engine.open(store.layout.length, list(fields_of(store.layout)))
        engine.remove(np.array([2]))
    spoilt, mended = emoir(tmp_path, "engine", "verify"), emoir(tmp_path, "engine", "verify")
    assert (spoilt.returncode, mended.returncode) == (3, 0)
    assert spoilt.stderr.startswith("of 3 images the engine lacked 1 and held 0 outdated; 0 in it")
    assert mended.stderr == "the engine holds all 3 images, as the index does.\n"
    assert emoir(tmp_path, "engine", "drop").stderr == f"{milvus} is deleted.\n"
    without = emoir(tmp_path, "engine", "sync")
    assert (without.returncode, without.stderr.count("\n")) == (4, 1)
    assert "name one: emoir engine sync --engine" in without.stderr


def test_an_address_is_checked() -> None:
    for url in ("milvus://host/photos", "milvus://host:1/a-b", "http://host:1/photos"):
        with pytest.raises(EngineError, match="write milvus://HOST:PORT/NAME"):
            MilvusEngine(url)


def test_filters_are_evaluated_by_the_server(
    index: SqliteStore, extractions: Extractions, opened: Callable[[], EngineVectors]
) -> None:
    index.record(outcomes(extractions), Limits())
    vectors = opened()
    vectors.sync(index)
    exact, layout = ExactVectors(), index.layout
    exact.sync(index)
    ids = np.arange(1, 7)
    rows = exact.rows(ids)
    awe = float(np.sort(rows[:, layout.distribution("mikels")][:, 2] ** 2)[2])
    positive = class_sums(layout)["polarity.positive"]
    most = float(
        np.sort(weighted_sum(positive, lambda name: scalar_column(name, rows, layout, lambda: index.attributes(ids))))[
            2
        ]
    )
    conditions = [
        RowCondition({"mikels.awe": 1.0}, low=awe),
        RowCondition({"mikels.awe": 1.0}, low=awe, negated=True),
        RowCondition({"mikels.awe": 1.0, "mikels.fear": 0.5}, high=awe),
        RowCondition({"day": 1.0}, high=21000101),
        RowCondition({"day": 1.0}, high=21000101, negated=True),
        RowCondition({"side": 1.0}, low=1),
        RowCondition({"valence": 1.0}),
        RowCondition({"monochrome": 1.0}, 1.0, 1.0, negated=True),
        # Carried over from other classes; one image lies on the bound.
        RowCondition(positive, low=most),
    ]
    fields = fields_of(layout)
    assert [expression(one, fields) is None for one in conditions] == [at == 2 for at in range(9)]
    for condition in conditions:
        for among in (None, np.array([1, 3, 4, 99])):
            where = RowFilter(among, (condition,))
            expected = found_by(exact, index, where)
            ours = found_by(vectors, index, where)
            assert (ours.ids.tolist(), ours.matched) == (expected.ids.tolist(), expected.matched), condition
            assert vectors.search((), where, 1).ids.tolist() == expected.ids.tolist()


def test_no_more_fields_than_an_engine_takes() -> None:
    layout = RowLayout({"many": tuple(f"class {at}" for at in range(51)), "polarity": ("negative", "positive")})
    asked = ("polarity.positive", "many.class 47", "many.class 48")
    texts = [expression(RowCondition({name: 1.0}, low=0.5), fields_of(layout)) for name in asked]
    assert texts == ["(class_1 >= 0.5)", "(class_49 >= 0.5)", None]
