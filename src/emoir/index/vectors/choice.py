"""VectorChoice: the vector index that a store is searched with; RememberedEngine: the replica that it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from emoir.errors import EngineError
from emoir.index.store import SqliteStore
from emoir.index.vectors.base import VectorIndex
from emoir.index.vectors.exact import ExactVectors

if TYPE_CHECKING:
    from emoir.index.vectors.engine_vectors import EngineVectors
    from emoir.index.vectors.replica import ReplicaCheck


class VectorChoice:
    """The vector index that was given; else the engine that the store remembers; else memory.

    Args:
        given: goes before what the store remembers.
    """

    def __init__(self, given: VectorIndex | None = None) -> None:
        self._given = given
        self._chosen: tuple[str | None, VectorIndex] = None, ExactVectors()

    def of(self, store: SqliteStore) -> VectorIndex:
        """The index for a store; another process may make it remember another engine.

        Raises:
            EngineError: if the store remembers one whose package is not installed.
        """
        if self._given is not None:
            return self._given
        url = store.engine
        if url != self._chosen[0]:
            self._chosen = url, ExactVectors() if url is None else _replica_in(url)
        return self._chosen[1]


class RememberedEngine(AbstractContextManager["RememberedEngine"]):
    """The search engine that an index remembers, with the replica in it.

    Args:
        file: the index.
    """

    def __init__(self, file: Path) -> None:
        self._store, self._choice = SqliteStore(file), VectorChoice()

    def __exit__(self, *_: object) -> None:
        self._store.close()

    @property
    def vectors(self) -> EngineVectors:
        """The replica; an ``EngineError`` if the index remembers no engine."""
        from emoir.index.vectors.engine_vectors import EngineVectors

        vectors = self._choice.of(self._store)
        if not isinstance(vectors, EngineVectors):
            raise EngineError("this index has no engine; name one: emoir engine sync --engine milvus://HOST:PORT/NAME")
        return vectors

    def send(self, url: str | None = None) -> Iterator[int]:
        """Bring the replica up to date, in the engine at ``url`` if that is given; it is remembered in the end.

        Yields:
            The number up to which all images were sent. What was sent stays if the caller stops.
        """
        vectors = self.vectors if url is None else _replica_in(url)
        for state in vectors.replica.steps(self._store):
            if not state.whole:
                yield state.filled
        if url is not None:
            self._store.use_engine(url)
        vectors.sync(self._store)

    def count(self) -> int:
        """How many images the index holds."""
        return self._store.count()

    def verify(self) -> ReplicaCheck:
        """Compare every row with the index, and send again what differs."""
        return self.vectors.replica.verify(self._store)

    def forget(self) -> EngineVectors:
        """Make the index search itself again; returns the replica, which is still there."""
        vectors = self.vectors
        self._store.use_engine(None)
        return vectors


def _replica_in(url: str) -> EngineVectors:
    # Most indexes have no engine, and need not load what speaks to one.
    from emoir.index.vectors.engine_vectors import EngineVectors
    from emoir.index.vectors.milvus import MilvusEngine

    return EngineVectors(MilvusEngine(url))
