"""Ranking: the best rows of a matrix for a target, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import Matrix
from emoir.search.target import Target


def rank(
    matrix: Matrix, target: Target, n: int, *, candidates: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Score every row and give the best.

    Args:
        matrix: the rows.
        target: what is wanted.
        n: at most this many.
        candidates: rank only these ids; None for all.

    Returns:
        ``(ids, scores)``, best first; rows of equal score by rising id.

    Example:
        >>> matrix = Matrix(np.array([3, 5]), np.array([[1.0], [2.0]], np.float32))
        >>> rank(matrix, Target(np.ones(1, np.float32), 0.0), 1)[0].tolist()
        [5]
    """
    if candidates is None:
        ids, scores = matrix.ids, matrix.rows @ target.weights
    else:
        rows = matrix.rows_of(candidates)
        ids, scores = matrix.ids[rows], matrix.rows[rows] @ target.weights
    if n < len(scores):
        # The n-th best score, then everything that reaches it: ties must not be cut by chance.
        limit = np.partition(scores, len(scores) - n)[len(scores) - n]
        reached = np.flatnonzero(scores >= limit)
        ids, scores = ids[reached], scores[reached]
    order = np.lexsort((ids, -scores))[:n]
    return ids[order], (scores[order] + np.float32(target.offset)).astype(np.float32)
