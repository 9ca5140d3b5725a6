"""Table: the labels of a data set, one row per image; labels may be absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import SPACES
from emoir.errors import DatasetError

Integers: TypeAlias = NDArray[np.int64]

ABSENT_CLASS = -1

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Images and the labels that people gave them.

    Every label may be absent for any row: NaN in ``valence``, ``arousal`` and whole rows of a
    distribution, ``ABSENT_CLASS`` in ``classes``, an empty string in ``group`` and ``split``.

    Args:
        name: the name of the data set, as figures quote it.
        paths: one per image.
        distributions: space name to (n, K) probabilities; present rows sum to 1.
        classes: space name to (n,) class indices.
        class_names: space name to the K names, for every space in ``distributions`` and ``classes``.
        valence: (n,) in [0, 1].
        arousal: (n,) in [0, 1].
        group: (n,) rows of one group must stay on one side of a split.
        split: (n,) the split that the data set's makers published.
        raters: label (a space, ``valence`` or ``arousal``) to (n,) number of people who rated; NaN absent.
        std: ``valence`` or ``arousal`` to (n,) standard deviation between raters, in units of [0, 1]; NaN absent.

    Raises:
        DatasetError: if lengths differ, a probability row does not sum to 1, or a value is out of range.

    Example:
        >>> moods = {"mood": ("sad", "glad")}
        >>> classes = {"mood": np.array([1])}
        >>> table = Table(name="mine", paths=[Path("a.jpg")], classes=classes, class_names=moods)
        >>> len(table), table.class_names["mood"][table.classes["mood"][0]]
        (1, 'glad')
    """

    name: str
    paths: Sequence[Path]
    _: KW_ONLY
    distributions: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    classes: Mapping[str, Integers] = field(default_factory=dict)
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    valence: NDArray[np.float64] | None = None
    arousal: NDArray[np.float64] | None = None
    group: NDArray[np.str_] | None = None
    split: NDArray[np.str_] | None = None
    raters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    std: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.paths)
        columns = {"valence": self.valence, "arousal": self.arousal, "group": self.group, "split": self.split}
        labels = (columns, self.classes, self.distributions, self.raters, self.std)
        for key, column in (item for named in labels for item in named.items()):
            if column is not None and len(column) != n:
                raise DatasetError(f"{self.name}: {key} has {len(column)} rows for {n} images")
        for space in (*self.distributions, *self.classes):
            if len(self._names(space)) != len(known_classes(space, self._names(space))):
                raise DatasetError(f"{self.name}: {space} needs all of its classes, {', '.join(SPACES[space].names)}")
        for space, probabilities in self.distributions.items():
            self._check_distribution(space, probabilities)
        for space, indices in self.classes.items():
            if n and (indices.max() >= len(self._names(space)) or indices.min() < ABSENT_CLASS):
                raise DatasetError(f"{self.name}: a class of {space} is none of its {len(self._names(space))} names")
        for key in ("valence", "arousal"):
            values = columns[key]
            if values is not None and not np.all(np.isnan(values) | ((values >= 0) & (values <= 1))):  # type: ignore[operator]
                raise DatasetError(f"{self.name}: {key} must lie in [0, 1]; state the scale of the column")

    def __len__(self) -> int:
        return len(self.paths)

    def _names(self, space: str) -> tuple[str, ...]:
        if space not in self.class_names:
            raise DatasetError(f"{self.name}: no class names for the space {space}")
        return self.class_names[space]

    def _check_distribution(self, space: str, probabilities: NDArray[np.float64]) -> None:
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self._names(space)):
            raise DatasetError(f"{self.name}: {space} must be (n, {len(self._names(space))})")
        present = ~np.isnan(probabilities).any(axis=1)
        if np.any(probabilities[present] < 0) or np.any(abs(probabilities[present].sum(axis=1) - 1) > 1e-3):
            row = int(np.flatnonzero(present)[abs(probabilities[present].sum(axis=1) - 1).argmax()])
            raise DatasetError(f"{self.name}: {space} of {self.paths[row]} is no distribution")

    def shares(self, space: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The labels of a space as distributions, and which rows have one.

        Args:
            space: one of the table's distributions or classes; a class counts as a distribution sure of itself.

        Returns:
            ``(shares, known)``: (n, K), undefined where not known, and (n,).
        """
        if space in self.distributions:
            shares = self.distributions[space]
            return shares, np.asarray(~np.isnan(shares).any(axis=1), dtype=bool)
        labels = self.classes[space]
        known = np.asarray(labels != ABSENT_CLASS, dtype=bool)
        return np.eye(len(self._names(space)))[np.where(known, labels, 0)], known

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """(n,) the groups that are drawn together, each row without one on its own; None without groups."""
        if self.group is None:
            return None
        own = np.array([f"row {row:09d}" for row in range(len(self))], dtype=np.str_)
        return np.where(self.group == "", own, self.group)

    def take(self, rows: Integers | Sequence[int]) -> Table:
        """The table of the given rows, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        return Table(
            name=self.name,
            paths=[self.paths[row] for row in index],
            distributions={space: values[index] for space, values in self.distributions.items()},
            classes={space: values[index] for space, values in self.classes.items()},
            class_names=self.class_names,
            valence=_taken(self.valence, index),
            arousal=_taken(self.arousal, index),
            group=_taken(self.group, index),
            split=_taken(self.split, index),
            raters={label: values[index] for label, values in self.raters.items()},
            std={label: values[index] for label, values in self.std.items()},
        )


def known_classes(space: str, names: Sequence[str]) -> tuple[str, ...]:
    """The classes of a space, all and in their order where emoir knows the space by its name; otherwise as they are.

    Args:
        space: its name.
        names: of the classes that a data set has, in any case.

    Raises:
        DatasetError: if emoir knows the space, and has no such class in it.

    Example:
        >>> known_classes("polarity", ["positive"]), known_classes("mine", ["positive"])
        (('negative', 'positive'), ('positive',))
    """
    known = SPACES[space].names if space in SPACES else tuple(names)
    strange = [name for name in names if name.casefold() not in {other.casefold() for other in known}]
    if strange:
        raise DatasetError(
            f"{space} is a space of emoir's own, with the classes {', '.join(known)} and none called "
            f"{', '.join(strange)}; name yours otherwise with --space"
        )
    return known


def _taken(column: NDArray[Scalar] | None, rows: Integers) -> NDArray[Scalar] | None:
    return None if column is None else column[rows]
