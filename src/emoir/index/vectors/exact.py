"""ExactVectors: every row in memory, every row compared; of many images the best are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emoir.errors import IndexFileError
from emoir.index.attributes import Attributes
from emoir.index.base import VectorTable, occurs_in
from emoir.index.contract import ImageReader
from emoir.index.layout import RowLayout
from emoir.index.vectors.base import Candidates, Capabilities, Component, RowFilter, passing, scalar_column

# Rows are fetched from memory once for all components of a query: this many bytes fit a processor's second cache.
BLOCK_BYTES = 2 * 2**20
# Of more images than this an answer holds the best alone: to score them all takes longer than to multiply their rows.
LARGE = 2_000_000
# It must leave out most of them to be worth the search for the best, which looks at about so many first.
WORTH, SAMPLE = 8, 100_000


@dataclass(eq=False)
class _Replica:
    """The rows of a store as they were at a revision."""

    revision: int
    table: VectorTable
    store: ImageReader
    layout: RowLayout

    @cached_property
    def _attributes(self) -> Attributes:
        return self.store.attributes(self.table.ids)

    def attributes(self, rows: NDArray[np.intp] | None) -> Attributes:
        return self._attributes if rows is None else self._attributes.take(rows)

    def passing(self, where: RowFilter) -> NDArray[np.intp] | None:
        """Row numbers of the images that pass a filter; None for all."""
        table = self.table
        rows = None if where.ids is None else table.rows_of(where.ids)
        if not where.conditions:
            return rows
        affect = table.affect if rows is None else table.affect[rows]
        kept = passing(
            RowFilter(conditions=where.conditions),
            table.ids if rows is None else table.ids[rows],
            lambda name: scalar_column(name, affect, self.layout, lambda: self.attributes(rows)),
        )
        return np.flatnonzero(kept) if rows is None else rows[kept]

    def products(self, components: Sequence[Component], rows: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """(c, m); the columns of the look are left unread where no component looks at them."""
        held, width = self.table, self.layout.affect.stop
        if any(component.vector[width:].any() for component in components):
            table, width = (held.rows if rows is None else held.take(rows)), self.layout.length
        else:
            table = held.affect if rows is None else held.affect[rows]
        return blockwise_products(table, [component.vector[:width] for component in components])


@dataclass(eq=False)
class ExactVectors:
    """The row vectors of a store in memory: the answer is exact, and complete up to ``LARGE`` images.

    A million images take 72 MB until a question looks at their embeddings or palettes, then 0.8 GB.
    """

    _replica: _Replica | None = field(default=None, init=False, repr=False)

    @property
    def capabilities(self) -> Capabilities:
        """Every image that passes the filter is in the answer, unless there are very many."""
        return Capabilities(exhaustive=False)

    def sync(self, store: ImageReader) -> int:
        """Read the rows of the images that came since the last time; all where the store does not know which."""
        replica, revision, layout = self._replica, store.revision, store.layout
        if replica is None or replica.store is not store or replica.layout != layout:
            self._replica = _Replica(revision, store.vectors(), store, layout)
        elif replica.revision != revision:
            changed = store.changes(replica.revision)
            table = store.vectors() if changed is None else replica.table.changed(changed, store.vectors(changed))
            if table is replica.table:
                replica.revision = revision
            else:
                self._replica = _Replica(revision, table, store, layout)
        return revision

    def search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        """The images that pass the filter, and their products: all, or of very many at least the ``k`` best.

        Raises:
            IndexFileError: if nothing has been read from a store yet.
        """
        # Another thread may bring the rows up to date meanwhile; this answer is of one revision.
        replica = self._held()
        rows = replica.passing(where)
        ids = replica.table.ids if rows is None else replica.table.ids[rows]
        products = replica.products(components, rows)
        if not components or len(ids) <= max(LARGE, WORTH * k):
            return Candidates(ids=ids, products=products, matched=len(ids))
        best, bounds = best_products(products, [component.weight for component in components], k)
        return Candidates(ids=ids[best], products=products[:, best], matched=len(ids), complete=False, bounds=bounds)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The row vectors of images, (k, d), in the order of the ids; zeros for one that is gone."""
        replica = self._held()
        rows = np.zeros((len(ids), replica.layout.length), np.float32)
        rows[occurs_in(ids, replica.table.ids)] = replica.table.take(replica.table.rows_of(ids))
        return rows

    def attributes(self, ids: NDArray[np.int64]) -> Attributes:
        """What is known of images beside their rows, in the order of the ids; a neighbour's for one that is gone."""
        replica = self._held()
        known = replica.table.ids
        if not len(known):
            return replica.store.attributes(ids)
        return replica.attributes(np.minimum(np.searchsorted(known, ids), len(known) - 1))

    def _held(self) -> _Replica:
        if self._replica is None:
            raise IndexFileError("the vectors have not been read from a store yet: call sync first")
        return self._replica


def blockwise_products(rows: NDArray[np.float32], vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """``vectors @ rows.T``, block by block.

    Args:
        rows: (n, w).
        vectors: c of length w.

    Returns:
        (c, n) float32.
    """
    products = np.empty((len(vectors), len(rows)), np.float32)
    step = max(1, BLOCK_BYTES // (rows.itemsize * max(1, rows.shape[1])))
    for start in range(0, len(rows) if len(vectors) else 0, step):
        block = slice(start, start + step)
        for vector, product in zip(vectors, products, strict=True):
            np.dot(rows[block], vector, out=product[block])
    return products


def best_products(
    products: NDArray[np.float32], weights: Sequence[float], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The images that are best for one component, or for all by their weights.

    Args:
        products: (c, n), n more than k.
        weights: of the components; negative: less is better.
        k: so many for each.

    Returns:
        ``(places, bounds)``: sorted ascending; (c,) the worst product among the k best of each component.

    Example:
        >>> products = np.array([[1, 2, 3, 4], [1, 0, 1, 1]], np.float32)
        >>> [part.tolist() for part in best_products(products, (1.0, -1.0), 1)]
        [[1, 3], [4.0, 0.0]]
    """
    signs = np.sign(np.array(weights, np.float32))
    directions = [product if sign > 0 else -product for product, sign in zip(products, signs, strict=True)]
    found = [_largest(values, k) for values in directions]
    bounds = np.array([values[best].min() for values, best in zip(directions, found, strict=True)], np.float32)
    if len(products) > 1:
        found.append(_largest(np.asarray(np.array(weights, np.float32) @ products), k))
    return np.unique(np.concatenate(found)), bounds * signs


def _largest(values: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Places of the k largest, in any order: those above what a sample lets expect, if there are enough."""
    step = max(1, len(values) // SAMPLE)
    sample = values[::step]
    rank = min(len(sample), 2 * k // step + 16)
    places = np.flatnonzero(values >= np.partition(sample, len(sample) - rank)[len(sample) - rank])
    if len(places) < k:
        places = np.arange(len(values))
    return np.asarray(places[np.argpartition(values[places], len(places) - k)[len(places) - k :]])
