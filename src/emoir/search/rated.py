"""RatedRows: the rows of images as one rater sees them, for a search that goes by these ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.mappings import TABLES, mapping
from emoir.emotions.spaces import MIKELS
from emoir.index.base import occurs_in
from emoir.index.contract import ImageReader
from emoir.index.ratings import Rating
from emoir.index.vectors import Candidates
from emoir.search.component import QueryComponent

# Weight of a person's rating; the rest is the model's reading, which orders images that were rated alike.
OWN_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class RatedRows:
    """Rows in which the ratings of one person replace most of what the model predicts.

    Args:
        ids: (k,) of the images, sorted ascending.
        rows: (k, d).
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.float32]

    @classmethod
    def of(cls, store: ImageReader, rater: str) -> RatedRows:
        """Every image that a rater has rated."""
        ratings = store.ratings_by(rater)
        metadata, rows = store.rows(sorted(ratings))
        rows = rows.copy()
        for entry, row in zip(metadata, rows, strict=True):
            _put(ratings[entry.id], row, store)
        return cls(np.array([entry.id for entry in metadata], np.int64), rows)

    def put_into(self, found: Candidates, components: tuple[QueryComponent, ...]) -> None:
        """Write the products of these rows over those of the model's."""
        known = occurs_in(self.ids, found.ids)
        places = np.searchsorted(found.ids, self.ids[known])
        for component, products in zip(components, found.products, strict=True):
            products[places] = self.rows[known] @ component.vector


def _put(rating: Rating, row: NDArray[np.float32], store: ImageReader) -> None:
    layout = store.layout
    if rating.emotion is not None:
        place = MIKELS.names.index(rating.emotion)
        for space in layout.class_names:
            if space == MIKELS.name or (MIKELS.name, space) in TABLES:
                columns = layout.distribution(space)
                own = mapping(MIKELS.name, space)[place].astype(np.float32)
                row[columns] = np.sqrt(OWN_SHARE * own + (1 - OWN_SHARE) * row[columns] ** 2)
    if rating.valence is not None and rating.arousal is not None:
        valence, arousal = rating.valence, rating.arousal
        row[layout.point] = valence, arousal, valence**2 + arousal**2
