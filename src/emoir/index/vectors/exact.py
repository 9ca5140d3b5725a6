"""ExactVectors: every row in memory, every row compared."""

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

# Rows are fetched from memory once for all components of a query: this many fit a processor's second cache.
BLOCK_ROWS = 2048


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
    """The row vectors of a store in memory: the answer is exact, and complete.

    A million images take 72 MB until a question looks at their embeddings or palettes, then 0.8 GB.
    """

    _replica: _Replica | None = field(default=None, init=False, repr=False)

    @property
    def capabilities(self) -> Capabilities:
        """Every image that passes the filter is in the answer."""
        return Capabilities(exhaustive=True)

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
        """All images that pass the filter, and their products; ``k`` does not matter.

        Raises:
            IndexFileError: if nothing has been read from a store yet.
        """
        # Another thread may bring the rows up to date meanwhile; this answer is of one revision.
        replica = self._held()
        rows = replica.passing(where)
        ids = replica.table.ids if rows is None else replica.table.ids[rows]
        return Candidates(ids=ids, products=replica.products(components, rows), matched=len(ids))

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
    for start in range(0, len(rows) if len(vectors) else 0, BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        for vector, product in zip(vectors, products, strict=True):
            np.dot(rows[block], vector, out=product[block])
    return products
