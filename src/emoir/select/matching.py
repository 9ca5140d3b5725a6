"""Matched sets: one image of each condition in every set, as alike as can be in what must not differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EmoirError, QueryError, SelectionError
from emoir.extract.features import Features
from emoir.images.features import FEATURES
from emoir.index.base import ImageMetadata
from emoir.select.condition import column_value
from emoir.select.pool import CandidatePool

SIZE = "size"
VARIABLES = ("luminance", "contrast", "colourfulness", "complexity", SIZE)
"""What conditions agree on by default."""

# What experimenters call some of the features.
ALIASES = {"luminance": "lightness", "contrast": "lightness_contrast"}
MEASURED = {column.name: column.unit for column in FEATURES if column.unit != "text"}

READINGS = ("valence", "arousal")
"""What the model reads and conditions may agree on."""


def variable_unit(name: str, columns: Collection[str] = ()) -> str:
    """The unit of a variable: of ``VARIABLES``, a reading, any number among the features, or a catalogue's column.

    Args:
        name: of the variable.
        columns: of the catalogue that hold numbers.

    Raises:
        QueryError: if there is no such variable.

    Example:
        >>> variable_unit("luminance"), variable_unit("size"), variable_unit("valence")
        ('L*', 'pixels', '0 to 1')
    """
    if name == SIZE:
        return "pixels"
    if name in READINGS:
        return "0 to 1"
    feature = ALIASES.get(name, name)
    if feature in MEASURED:
        return MEASURED[feature]
    if name in columns:
        return "as catalogued"
    plain = [known for known in MEASURED if not known.startswith(("palette_", "colour_", "lbp_"))]
    known = dict.fromkeys((*VARIABLES, *READINGS, *plain, *sorted(columns)))
    raise QueryError(
        f"no variable {name!r} to match; there are {', '.join(known)}",
        chinese=f"没有“{name}”这个变量；可用的有：{'、'.join(known)}",
    )


def numeric_columns(metadata: Iterable[ImageMetadata]) -> set[str]:
    """Headers of the catalogue under which at least one image has a number."""
    found: set[str] = set()
    for entry in metadata:
        names = () if entry.record is None else entry.record.columns
        found |= {name for name in names if name not in found and not math.isnan(column_value(entry, name))}
    return found


def variable_values(pool: CandidatePool, features: Sequence[Features], variables: Sequence[str]) -> NDArray[np.float64]:
    """The variables of images as numbers.

    Args:
        pool: n images.
        features: of the same.
        variables: names; ``size`` is the side of a square of as many pixels as the image has.

    Returns:
        (n, d); NaN where the catalogue has no number for an image.

    Raises:
        QueryError: if there is no such variable.
    """
    columns = numeric_columns(pool.metadata)
    values = np.empty((len(pool), len(variables)))
    for place, name in enumerate(variables):
        variable_unit(name, columns)
        if name == SIZE:
            values[:, place] = [(entry.width * entry.height) ** 0.5 for entry in pool.metadata]
        elif name in READINGS:
            values[:, place] = getattr(pool.readings, name)
        elif ALIASES.get(name, name) in MEASURED:
            values[:, place] = [measured[ALIASES.get(name, name)] or 0.0 for measured in features]
        else:
            values[:, place] = [column_value(entry, name) for entry in pool.metadata]
    return values


def match_sets(values: Sequence[NDArray[np.float64]], n: int) -> list[NDArray[np.intp]]:
    """Choose n sets, each of one image per condition, so that the images of a set are as alike as can be.

    Unlikeness is the sum of squared differences in units of each variable's standard deviation over all images, added
    over all pairs of a set. For two conditions the answer is the best there is. For more, finding it is NP-hard:
    beginning with the best pairs of each two conditions, one condition after the other is assigned anew, at best given
    the others, until nothing improves; the best of these answers is taken.

    Args:
        values: per condition (m, d) variables of its images; at least two conditions.
        n: number of sets.

    Returns:
        Per condition (n,) rows, set by set.

    Raises:
        SelectionError: if a condition has fewer than n images.
        EmoirError: if SciPy is not installed.

    References:
        Dell'Amico, M. & Martello, S. (1997). The k-cardinality assignment problem. Discrete Applied Mathematics 76,
        103-121. DOI 10.1016/S0166-218X(97)00120-0
        Crouse, D. F. (2016). On implementing 2D rectangular assignment algorithms. IEEE TAES 52(4), 1679-1696.
        DOI 10.1109/TAES.2016.140952

    Example:
        >>> calm, tense = np.array([[0.0], [5.0], [9.0]]), np.array([[8.9], [3.0], [0.2]])
        >>> [rows.tolist() for rows in match_sets([calm, tense], 2)]
        [[0, 2], [2, 0]]
    """
    fewest = min(len(images) for images in values)
    if fewest < n:
        raise SelectionError(f"{n} images of every condition were asked for, one has {fewest}")
    spread = np.concatenate(values).std(axis=0)
    scaled = [images / np.where(spread > 0, spread, 1) for images in values]
    answers = [_improved(scaled, {one: rows, other: more}) for one, other, rows, more in _best_pairs(scaled, n)]
    best = min(answers, key=lambda sets: _unlikeness(scaled, sets))
    order = np.argsort(best[0])
    return [best[condition][order] for condition in range(len(values))]


def _best_pairs(
    scaled: Sequence[NDArray[np.float64]], n: int
) -> list[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    pairs = []
    for one, other in combinations(range(len(scaled)), 2):
        rows, more = best_pairs(_squared_distances(scaled[one], scaled[other]), n)
        pairs.append((one, other, rows, more))
    return pairs


def best_pairs(cost: NDArray[np.float64], n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The n pairs of a row and a column, each used once, that cost least together.

    Dummy rows and columns take up, for nothing, what is not to be paired.

    Args:
        cost: (a, b).
        n: at most the smaller of a and b.

    Returns:
        n rows and their columns.

    Example:
        >>> rows, columns = best_pairs(np.array([[1.0, 9.0], [0.0, 3.0], [9.0, 9.0]]), 1)
        >>> rows.tolist(), columns.tolist()
        ([1], [0])
    """
    rows, columns = cost.shape
    padded = np.zeros((rows + columns - n, rows + columns - n))
    padded[:rows, :columns] = cost
    padded[rows:, columns:] = np.inf
    left, right = _assignment(padded)
    paired = (left < rows) & (right < columns)
    return left[paired], right[paired]


def _improved(scaled: Sequence[NDArray[np.float64]], sets: dict[int, NDArray[np.intp]]) -> dict[int, NDArray[np.intp]]:
    """Assign what is missing, then one condition after the other, at best given the others, until nothing improves."""

    def assigned(condition: int) -> dict[int, NDArray[np.intp]]:
        others = [scaled[other][rows] for other, rows in sets.items() if other != condition]
        cost = np.sum([_squared_distances(images, scaled[condition]) for images in others], axis=0)
        return sets | {condition: _assignment(cost)[1]}

    for condition in set(range(len(scaled))) - set(sets):
        sets = assigned(condition)
    before = np.inf
    while _unlikeness(scaled, sets) < before - 1e-9:
        before = _unlikeness(scaled, sets)
        for condition in range(len(scaled)):
            sets = assigned(condition)
    return sets


def _unlikeness(scaled: Sequence[NDArray[np.float64]], sets: Mapping[int, NDArray[np.intp]]) -> float:
    pairs = combinations([scaled[condition][rows] for condition, rows in sets.items()], 2)
    return float(sum(((one - other) ** 2).sum() for one, other in pairs))


def _squared_distances(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((one[:, None] - other[None]) ** 2).sum(axis=2))


def _assignment(cost: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = assignment_solver()(cost)
    return rows, columns


def assignment_solver() -> Callable[[NDArray[np.float64]], tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """SciPy's solver of the linear sum assignment problem.

    Raises:
        EmoirError: if SciPy is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise EmoirError('matched sets need more packages: pip install "emoir[research]"') from None
    solver: Callable[[NDArray[np.float64]], tuple[NDArray[np.intp], NDArray[np.intp]]] = linear_sum_assignment
    return solver
