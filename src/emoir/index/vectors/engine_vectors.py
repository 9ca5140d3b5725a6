"""EngineVectors: a vector index over a search engine on a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EngineAwayError, IndexFileError
from emoir.index.attributes import Attributes
from emoir.index.base import occurs_in
from emoir.index.contract import ImageReader
from emoir.index.vectors.base import Candidates, Capabilities, Component, RowFilter, passing, scalar_column
from emoir.index.vectors.engine import Engine, expression, fields_of, named_ids
from emoir.index.vectors.exact import ExactVectors, blockwise_products
from emoir.index.vectors.replica import Replica, ReplicaState, parts, ranges

# While the server is away, the index itself answers for up to this many images: it keeps 1 KB of each in memory.
SMALL_STORE = 200_000
# A product that the engine computed may differ from ours by this.
ROUNDING = 1e-5

LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class EngineVectors:
    """A vector index over an engine; safe to share between threads, and between processes.

    An engine ranks by one product. Of a query with several components it gives the best images of each and of their
    weighted sum; the products come from the rows. ``Candidates.bounds`` says what an image that was left out may have.
    While the server is away, the index itself answers if it is small enough.

    Args:
        engine: holds the rows.

    Raises:
        EngineError: from every method: one line, if the server does not answer and the index is too large to answer in
            its place, or if the collection belongs to another index.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self.replica = engine, Replica(engine)
        self._lock = threading.Lock()
        self._store: ImageReader | None = None
        self._state: ReplicaState | None = None
        self._instead: ExactVectors | None = None

    @property
    def capabilities(self) -> Capabilities:
        """The best images only."""
        return Capabilities(exhaustive=False, max_k=self.engine.max_k)

    def sync(self, store: ImageReader) -> int:
        """Send what changed; all images if the replica is new, going on where the last run was stopped."""
        with self._lock:
            state, revision = self._state, store.revision
            if store is not self._store or state is None or state.revision != revision:
                self._store, self._state = store, None
                try:
                    *_, self._state = self.replica.steps(store)
                    self._instead = None
                except EngineAwayError as error:
                    return self._turn_to(store, error).sync(store)
            return revision if self._state is None else self._state.revision

    def search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        """The ``k`` best images of each component and of their sum; where nothing is asked, all that pass."""
        return self._answer(
            lambda: self._search(components, where, k), lambda exact: exact.search(components, where, k)
        )

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The row vectors of images, (k, d), in the order of the ids; zeros for one that is gone."""
        return self._answer(lambda: self._rows(ids), lambda exact: exact.rows(ids))

    def attributes(self, ids: NDArray[np.int64]) -> Attributes:
        """What the store knows of images beside their rows, in the order of the ids; zeros for one that is gone."""
        return self._synced().attributes(ids)

    def _synced(self) -> ImageReader:
        if self._store is None:
            raise IndexFileError("the vectors have not been read from a store yet: call sync first")
        return self._store

    def _held(self) -> ReplicaState:
        if self._state is None:
            raise EngineAwayError(f"{self.engine} did not answer")
        return self._state

    def _answer(self, ask: Callable[[], Answer], instead: Callable[[ExactVectors], Answer]) -> Answer:
        """What the engine says, or the index itself while it is away."""
        exact = self._instead
        if exact is None:
            try:
                return ask()
            except EngineAwayError as error:
                self._state = None
                exact = self._turn_to(self._synced(), error)
        exact.sync(self._synced())
        return instead(exact)

    def _turn_to(self, store: ImageReader, error: EngineAwayError) -> ExactVectors:
        """The index itself.

        Raises:
            EngineAwayError: if it is too large.
        """
        if store.count() > SMALL_STORE:
            raise error
        if self._instead is None:
            LOG.warning("%s; the index itself answers until it is back", error)
            self._instead = ExactVectors()
        return self._instead

    def _search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        fields = fields_of(self._synced().layout)
        texts = [(condition, expression(condition, fields)) for condition in where.conditions]
        plain = " and ".join(["id >= 0", *(text for _, text in texts if text is not None)])
        summed = tuple(condition for condition, text in texts if text is None)
        ids = self._passing(plain, RowFilter(where.ids, summed)) if summed else where.ids
        named = None if ids is None else [f"{plain} and {named_ids(part)}" for part in parts(ids)]
        if not components:
            asked = self._ranges(plain) if named is None else named
            every = np.sort(np.concatenate([np.empty(0, np.int64), *(self.engine.ids(part) for part in asked)]))
            return Candidates(ids=every, products=np.zeros((0, len(every)), np.float32), matched=len(every))
        asked = [plain] if named is None else named
        matched = sum(self.engine.count(part) for part in asked)
        signed = np.array([np.sign(component.weight) * component.vector for component in components], np.float32)
        if len(components) > 1:
            total = sum(component.weight * component.vector for component in components)
            signed = np.concatenate([signed, np.asarray(total, np.float32)[None]])
        found, bounds = np.empty(0, np.int64), np.full(len(components), -np.inf, np.float32)
        for part in asked if matched else []:
            for at, (near, products) in enumerate(self.engine.nearest(signed, part, k)):
                found = np.union1d(found, near)
                if at < len(components) and len(near) == k:
                    bounds[at] = max(bounds[at], products[-1] + np.float32(ROUNDING))
        rows = self._rows(found)
        products = blockwise_products(rows, [component.vector for component in components])
        complete = len(found) >= matched or bool(np.isneginf(bounds).all())
        weights = np.array([np.sign(component.weight) for component in components], np.float32)
        return Candidates(
            ids=found,
            products=products,
            matched=matched,
            complete=complete,
            bounds=None if complete else bounds * weights,
        )

    def _ranges(self, condition: str) -> list[str]:
        """A condition for one range of ids after the other, each of bounded length."""
        return [f"{condition} and {part}" for part, _, _ in ranges(self._held().filled)]

    def _passing(self, plain: str, where: RowFilter) -> NDArray[np.int64]:
        """Images that pass a condition and a filter that the engine cannot take, sorted ascending: all are read."""
        store, found = self._synced(), [np.empty(0, np.int64)]
        for part in self._ranges(plain):
            batch = self.engine.batch(self.engine.ids(part))
            known = store.attributes(batch.ids)
            kept = passing(
                where,
                batch.ids,
                lambda name, rows=batch.rows, known=known: scalar_column(  # type: ignore[misc]
                    name, rows, store.layout, lambda: known
                ),
            )
            found.append(batch.ids[kept])
        return np.concatenate(found)

    def _rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        rows = np.zeros((len(ids), self._synced().layout.length), np.float32)
        for part in parts(np.unique(ids)):
            batch = self.engine.batch(part)
            here = occurs_in(ids, batch.ids)
            rows[here] = batch.rows[np.searchsorted(batch.ids, ids[here])]
        return rows
