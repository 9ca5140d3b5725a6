"""Engine: what a search engine must do for ``EngineVectors``, and what is sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import SPACES
from emoir.index.attributes import Attributes
from emoir.index.layout import RowLayout
from emoir.index.vectors.base import RowCondition, class_sums, scalar_column, weighted_sum

# Known of every image. A day that is not known is below all days.
NUMBERS = ("valence", "arousal", "confidence", "day", "side", "aspect", "monochrome")
UNKNOWN_DAY = -1.0
# Engines take a bounded number of fields (Milvus 64): of more classes than this only the first have one.
MOST_CLASSES = 50


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Images that go to an engine.

    Args:
        ids: (n,) int64, sorted ascending.
        rows: (n, d) float32.
        numbers: field to (n,) float64, see ``fields_of``.
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.float32]
    numbers: Mapping[str, NDArray[np.float64]]


class Engine(Protocol):
    """One collection of rows on a server. ``condition`` is what ``expression`` writes; it holds for the answers.

    Every method raises an ``EngineAwayError`` if the server does not answer, and an ``EngineError`` if it will not.
    """

    @property
    def max_k(self) -> int:
        """The most images that ``nearest`` gives for one vector."""

    def open(self, length: int, fields: Sequence[str]) -> str | None:
        """Connect; make the collection if there is none.

        Args:
            length: of a row.
            fields: numbers of an image, float64.

        Returns:
            What ``write_state`` wrote last, by whichever process; None if nothing did.
        """

    def write_state(self, state: str) -> None:
        """Remember a text beside the rows. What was put and removed before is found by every search that follows."""

    def put(self, batch: RowBatch) -> None:
        """Write images in place of those with the same ids."""

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget images; some may be gone already."""

    def drop(self) -> None:
        """Forget the whole collection."""

    def count(self, condition: str) -> int:
        """How many images there are."""

    def ids(self, condition: str) -> NDArray[np.int64]:
        """Those images, in any order."""

    def nearest(
        self, vectors: NDArray[np.float32], condition: str, k: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """For each vector the ``k`` images of the largest ``row @ vector``, best first, and these products."""

    def batch(self, ids: NDArray[np.int64]) -> RowBatch:
        """What was put for those of the images that are there, by id."""


def fields_of(layout: RowLayout) -> dict[str, dict[str, float]]:
    """What an engine keeps of an image beside its row: field to the sum that it holds (see ``RowCondition``).

    Example:
        >>> fields_of(RowLayout({"polarity": ("bad", "good")}))["class_1"]
        {'polarity.good': 1.0}
    """
    sums = class_sums(layout)
    # Emotions first: what a picture shows has hundreds of classes.
    classes = sorted(sums, key=lambda name: name.partition(".")[0] not in SPACES)[:MOST_CLASSES]
    return {name: {name: 1.0} for name in NUMBERS} | {f"class_{at}": sums[name] for at, name in enumerate(classes)}


def numbers_of(layout: RowLayout, affect: NDArray[np.float32], known: Attributes) -> dict[str, NDArray[np.float64]]:
    """Field to one number of n images.

    Args:
        layout: of the rows.
        affect: (n, w), the first columns of every row.
        known: of the same images.
    """
    found = {
        field: np.asarray(
            weighted_sum(columns, lambda name: scalar_column(name, affect, layout, lambda: known)), np.float64
        )
        for field, columns in fields_of(layout).items()
    }
    found["day"] = np.where(np.isnan(found["day"]), UNKNOWN_DAY, found["day"])
    return found


def expression(condition: RowCondition, fields: Mapping[str, Mapping[str, float]]) -> str | None:
    """A condition as SQL and Milvus write it; None for a sum that no field holds.

    Example:
        >>> expression(RowCondition({"side": 1.0}, low=640, negated=True), {"side": {"side": 1.0}})
        'not (side >= 640.0)'
    """
    field = next((field for field, columns in fields.items() if columns == condition.columns), None)
    if field is None:
        return None
    low, high = float(condition.low), float(condition.high)
    if field not in ("day", "side", "aspect"):
        # The column is of single precision, and so is its comparison in numpy.
        low, high = float(np.float32(low)), float(np.float32(high))
    if field == "day":
        low = max(low, 0.0)
    bounds = [f"{field} >= {low!r}"] if low > -np.inf else []
    bounds += [f"{field} <= {high!r}"] if high < np.inf else []
    text = " and ".join(bounds) or "id >= 0"
    return f"not ({text})" if condition.negated else f"({text})"


def named_ids(ids: NDArray[np.int64]) -> str:
    """The condition that an image is one of some; their brackets are those of SQL where ``[`` becomes ``(``."""
    return f"id in {ids.tolist()}"
