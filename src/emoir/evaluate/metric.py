"""Metric: what one is, what it is measured on, and how a result is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError
from emoir.evaluate.leave_out import LeaveOut
from emoir.evaluate.retrieval import Ranking


class LabelKind(Enum):
    """What a metric compares predictions with."""

    CLASSES = "one class per image"
    DISTRIBUTION = "shares of the raters' votes"
    RATING = "a mean rating from 0 to 1"


class Needs(Enum):
    """What a metric takes of a system."""

    PROBABILITIES = "probabilities of the classes"
    RATING = "a number from 0 to 1"
    RANKING = "each image's ranking of all others"


class MetricKey(NamedTuple):
    """What a result is known by.

    Args:
        space: label space, ``valence`` or ``arousal``.
        metric: name of the metric.
        protocol: of a retrieval, ``a`` or ``b``; else empty.
    """

    space: str
    metric: str
    protocol: str = ""

    def __str__(self) -> str:
        return f"{self.space}: {self.metric}" + (f" ({self.protocol})" if self.protocol else "")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What guessing gives.

    Args:
        value: of the metric.
        kind: how it is guessed: ``majority``, ``chance``, ``mean``.
        high: upper end where it is a band rather than a value.
    """

    value: float
    kind: str
    high: float | None = None

    def __str__(self) -> str:
        if self.high is not None:
            return f"{self.kind} {self.value:.3f} to {self.high:.3f}"
        return f"{self.value:.3f} {self.kind}"


@dataclass(frozen=True, slots=True)
class Sample:
    """The labelled images of one space, and a system's predictions for them.

    Args:
        truth: (n,) classes, (n, K) shares or (n,) ratings.
        predicted: (n, K) probabilities or (n,) ratings; empty for a ranking.
        binary: each image's ranking of the others, gain 1 for the same class.
        graded: the same ranking with the gains of Mikels' wheel, where the space is Mikels'.
    """

    truth: NDArray[np.generic]
    predicted: NDArray[np.floating]
    binary: Ranking | None = None
    graded: Ranking | None = None

    @property
    def labels(self) -> NDArray[np.integer]:
        """(n,) classes."""
        return self.truth.astype(np.int64)

    @property
    def target(self) -> NDArray[np.floating]:
        """(n, K) shares or (n,) ratings."""
        return self.truth.astype(np.float64)

    @property
    def ranking(self) -> Ranking:
        """Each image's ranking of the others, relevant where the class is the same."""
        if self.binary is None:
            raise ShapeError("these predictions were not ranked")
        return self.binary

    @property
    def graded_ranking(self) -> Ranking:
        """The same with gains by steps on Mikels' wheel."""
        if self.graded is None:
            raise ShapeError("these predictions were not ranked by steps on Mikels' wheel")
        return self.graded

    def take(self, rows: NDArray[np.intp]) -> Sample:
        """The sample of some rows, without its rankings."""
        return Sample(self.truth[rows], self.predicted[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One entry of the registry.

    Args:
        name: as tables print it.
        label_kind: of the labels it compares with.
        higher_is_better: which way is better.
        needs: of the system.
        function: (n,) numbers, one per image or query, whose mean is the metric; or one number over all images.
        chance: what guessing gives, on the same images.
        bounds: the least and the largest value that it can take.
        space: the only space it is for, or empty.
        correlation: whether it is a correlation, whose interval is symmetric on Fisher's z scale.
        leave_out: for rankings: its values without single answers (``emoir.evaluate.leave_out``); None: slow.
        graded: for rankings: whether it ranks by graded gains.
        has_interval: False where the number has none (the baseline is then a band).
    """

    name: str
    label_kind: LabelKind
    higher_is_better: bool
    needs: Needs
    function: Callable[[Sample], NDArray[np.float64] | float]
    chance: Callable[[Sample], Baseline]
    bounds: tuple[float, float] = (0.0, 1.0)
    space: str = ""
    correlation: bool = False
    leave_out: LeaveOut | None = None
    graded: bool = False
    has_interval: bool = True

    def is_for(self, kind: LabelKind, needs: Needs, space: str) -> bool:
        """Whether it can be measured on labels of a kind and a space, from what a system gives."""
        return (self.label_kind, self.needs) == (kind, needs) and self.space in ("", space)
