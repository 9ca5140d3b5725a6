"""VectorIndex: what answers a compiled query, over a replica of the store's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.mappings import TABLES, mapping
from emoir.emotions.spaces import SPACES
from emoir.index.attributes import Attributes
from emoir.index.base import occurs_in
from emoir.index.contract import ImageReader
from emoir.index.layout import RowLayout


class Component(Protocol):
    """One thing that a query asks of a row: the larger ``row @ vector``, the better it fits."""

    @property
    def vector(self) -> NDArray[np.float32]:
        """(d,), laid out as the rows are."""

    @property
    def weight(self) -> float:
        """How much it counts; negative: less of it scores more."""


@dataclass(frozen=True, slots=True)
class RowCondition:
    """A bound on one number of an image, or on a weighted sum of several.

    The numbers that every index keeps are ``valence``, ``arousal``, ``confidence``, ``day`` (YYYYMMDD), ``side`` (the
    shorter, in pixels), ``aspect`` (width / height), ``monochrome`` (0 or 1), and the probability of each class, called
    ``space.class``.

    Args:
        columns: name to factor.
        low, high: of the sum, both included. An unknown number (NaN) lies nowhere.
        negated: whether the sum must not lie there.
    """

    columns: Mapping[str, float]
    low: float = float("-inf")
    high: float = float("inf")
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which images may be answers.

    Args:
        ids: only these, sorted ascending; None for all.
        conditions: all of them hold.
    """

    ids: NDArray[np.int64] | None = None
    conditions: tuple[RowCondition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What an index answers.

    Args:
        ids: (m,) sorted ascending.
        products: (c, m) float32, for each component and image ``row @ vector``.
        matched: how many images pass the filter.
        complete: whether these are all of them; if not, a better image may have been missed.
        bounds: (c,) if not complete and the index knows it: in the direction that a component's weight wants, no image
            that was left out has a product beyond this.
    """

    ids: NDArray[np.int64]
    products: NDArray[np.float32]
    matched: int
    complete: bool = True
    bounds: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an index can do, so that a search adapts to it instead of failing.

    Args:
        exhaustive: it answers with every image that passes the filter, however few are asked for.
        max_k: the most images that it gives at once; None for any number.
    """

    exhaustive: bool = True
    max_k: int | None = None


class VectorIndex(Protocol):
    """Rows to search: a replica of the store, which is the only source of truth.

    Threads may share an index; losing it costs only the time to read the rows again.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def sync(self, store: ImageReader) -> int:
        """Bring the replica up to the store's revision.

        Args:
            store: to read from.

        Returns:
            The revision that the next search answers for.
        """

    def search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        """The products of the images that pass a filter.

        Args:
            components: what is asked; none: only which images pass.
            where: the filter.
            k: the least number of best images to give, as far as there are that many.
        """

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The row vectors of images, (k, d), in the order of the ids; zeros for one that is gone."""

    def attributes(self, ids: NDArray[np.int64]) -> Attributes:
        """What is known of images beside their rows, in the order of the ids; anything for one that is gone."""


def class_sums(layout: RowLayout) -> dict[str, dict[str, float]]:
    """Every class that rows tell of, ``space.class``: the rows' own, then those that their spaces map to.

    Args:
        layout: of the rows.

    Returns:
        The class to a sum of the rows' own classes: name to factor, as in ``RowCondition``.

    Example:
        >>> sums = class_sums(RowLayout({"mikels": ("anger", "awe")}))
        >>> sums["mikels.awe"], "plutchik.joy" in sums
        ({'mikels.awe': 1.0}, False)
    """
    spaces = layout.class_names.items()
    found = {f"{space}.{name}": {f"{space}.{name}": 1.0} for space, names in spaces for name in names}
    for source, names in spaces:
        for target, known in SPACES.items():
            if (source, target) in TABLES and SPACES[source].names == names:
                for name, factors in zip(known.names, mapping(source, target).T.tolist(), strict=True):
                    parts = {f"{source}.{own}": factor for own, factor in zip(names, factors, strict=True) if factor}
                    if parts:
                        found.setdefault(f"{target}.{name}", parts)
    return found


def passing(
    where: RowFilter, ids: NDArray[np.int64], column: Callable[[str], NDArray[np.floating]]
) -> NDArray[np.bool_]:
    """Which of some images pass a filter.

    Args:
        where: the filter.
        ids: (n,) of the images.
        column: gives one number of each of them by name (see ``RowCondition``).

    Returns:
        (n,) bool.
    """
    kept = np.ones(len(ids), bool) if where.ids is None else occurs_in(ids, where.ids)
    for condition in where.conditions:
        value = weighted_sum(condition.columns, column)
        holds = (value >= condition.low) & (value <= condition.high)
        kept &= holds != condition.negated
    return kept


def weighted_sum(columns: Mapping[str, float], column: Callable[[str], NDArray[np.floating]]) -> NDArray[np.floating]:
    """The number that a ``RowCondition`` bounds, of n images.

    Args:
        columns: name to factor.
        column: gives one number of each image by name.
    """
    first, *others = (column(name) if factor == 1 else factor * column(name) for name, factor in columns.items())
    return sum(others, first)


def scalar_column(
    name: str, affect: NDArray[np.float32], layout: RowLayout, attributes: Callable[[], Attributes]
) -> NDArray[np.floating]:
    """One number of n images by name (see ``RowCondition``).

    Args:
        name: of the number.
        affect: (n, w), the first columns of every row.
        layout: of the rows.
        attributes: gives what is known of the same images beside their rows; asked only where it is needed.
    """
    if name in ("valence", "arousal"):
        return affect[:, layout.point.start + ("valence", "arousal").index(name)]
    for space, labels in layout.class_names.items():
        if name.startswith(f"{space}."):
            place = labels.index(name.removeprefix(f"{space}."))
            return affect[:, layout.distribution(space)][:, place] ** 2
    known = attributes()
    if name == "side":
        return np.minimum(known.width, known.height).astype(np.float64)
    if name == "aspect":
        return np.asarray(known.width / np.maximum(known.height, 1))
    if name == "monochrome":
        return known.monochrome.astype(np.float32)
    return known.day if name == "day" else known.confidence
