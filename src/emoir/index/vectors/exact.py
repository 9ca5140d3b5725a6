"""ExactVectors: every row in memory, every row compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emoir.errors import IndexFileError
from emoir.index.attributes import Attributes
from emoir.index.base import VectorTable
from emoir.index.contract import ImageReader
from emoir.index.layout import RowLayout
from emoir.index.vectors.base import Candidates, Capabilities, Component, RowFilter, passing, scalar_column

# Rows are fetched from memory once for all components of a query: so many fit a processor's second cache.
BLOCK_ROWS = 2048


@dataclass(frozen=True, eq=False)
class _Replica:
    """The rows of one revision."""

    revision: int
    matrix: VectorTable
    store: ImageReader
    layout: RowLayout

    def attributes(self, rows: NDArray[np.intp] | None) -> Attributes:
        known = self.store.attributes(self.matrix)
        return known if rows is None else known.take(rows)

    def passing(self, where: RowFilter) -> NDArray[np.intp] | None:
        """Row numbers of the images that pass a filter; None for all."""
        matrix = self.matrix
        rows = None if where.ids is None else matrix.rows_of(where.ids)
        if not where.conditions:
            return rows
        affect = matrix.affect if rows is None else matrix.affect[rows]
        kept = passing(
            RowFilter(conditions=where.conditions),
            matrix.ids if rows is None else matrix.ids[rows],
            lambda name: scalar_column(name, affect, self.layout, lambda: self.attributes(rows)),
        )
        return np.flatnonzero(kept) if rows is None else rows[kept]

    def products(self, components: Sequence[Component], rows: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """(c, m); the columns of the look are left unread where no component looks at them."""
        matrix, width = self.matrix, self.layout.affect.stop
        if any(component.vector[width:].any() for component in components):
            table, width = (matrix.rows if rows is None else matrix.take(rows)), self.layout.length
        else:
            table = matrix.affect if rows is None else matrix.affect[rows]
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
        """Read the store's rows if they changed since they were read last."""
        revision = store.revision
        replica = self._replica
        if replica is None or replica.store is not store or replica.revision != revision:
            self._replica = _Replica(revision, store.vectors(), store, store.layout)
        return revision

    def search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        """All images that pass the filter, and their products; ``k`` does not matter.

        Raises:
            IndexFileError: if nothing has been read from a store yet.
        """
        # Another thread may bring the rows up to date meanwhile; this answer is of one revision.
        replica = self._replica
        if replica is None:
            raise IndexFileError("the vectors have not been read from a store yet: call sync first")
        rows = replica.passing(where)
        ids = replica.matrix.ids if rows is None else replica.matrix.ids[rows]
        return Candidates(ids, replica.products(components, rows), len(ids))


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
