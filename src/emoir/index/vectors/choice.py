"""VectorChoice: the vector index that a store is searched with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoir.index.vectors.base import VectorIndex
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.exact import ExactVectors
from emoir.index.vectors.milvus import MilvusEngine

if TYPE_CHECKING:
    from emoir.index.store import SqliteStore


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
            self._chosen = url, ExactVectors() if url is None else EngineVectors(MilvusEngine(url))
        return self._chosen[1]
