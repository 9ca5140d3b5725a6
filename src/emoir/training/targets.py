"""Targets: the labels of several tables, joined head by head, absent where a table has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoir.datasets import ABSENT_CLASS, Table
from emoir.errors import TrainingError

ReadRows = Callable[[NDArray[np.intp]], tuple[Mapping[str, NDArray[np.float32]], NDArray[np.float32]]]
"""A model's readings of some rows of a table: space to (n, K) probabilities, and (n, 2) valence and arousal."""
# A class label is a distribution that is sure of itself, but raters never all agree.
CLASS_CERTAINTY = 0.85


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of each head, one row per image.

    Args:
        distributions: head to (n, K) probabilities, NaN rows absent.
        classes: head to (n,) class indices, -1 absent.
        valence_arousal: (n, 2) in [0, 1], NaN rows absent.
        teacher: (n, D) unit vectors, NaN rows absent, or None without a teacher.
    """

    distributions: dict[str, Tensor]
    classes: dict[str, Tensor]
    valence_arousal: Tensor
    teacher: Tensor | None = None

    def take(self, rows: Tensor) -> Targets:
        """The targets of the given rows, in the given order."""
        return Targets(
            {head: values[rows] for head, values in self.distributions.items()},
            {head: values[rows] for head, values in self.classes.items()},
            self.valence_arousal[rows],
            None if self.teacher is None else self.teacher[rows],
        )

    def to(self, device: torch.device) -> Targets:
        """The same targets on a device."""
        return Targets(
            {head: values.to(device) for head, values in self.distributions.items()},
            {head: values.to(device) for head, values in self.classes.items()},
            self.valence_arousal.to(device),
            None if self.teacher is None else self.teacher.to(device),
        )


def join_targets(tables: Sequence[Table], distributions: Sequence[str], classes: Sequence[str]) -> Targets:
    """Join the labels of tables.

    A class label in a space that has a distribution head becomes a distribution that puts
    ``CLASS_CERTAINTY`` on the class and spreads the rest evenly.

    Args:
        tables: in the order of the joined images.
        distributions: spaces that have a distribution head.
        classes: spaces that have a weak class head.

    Returns:
        Targets without a teacher.

    Raises:
        TrainingError: if tables name different classes for one space, or none knows a space.
    """
    names = _class_names(tables, [*distributions, *classes])
    total = sum(len(table) for table in tables)
    joined = {space: np.full((total, len(names[space])), np.nan) for space in distributions}
    labels = {space: np.full(total, ABSENT_CLASS, dtype=np.int64) for space in classes}
    points = np.full((total, 2), np.nan)
    start = 0
    for table in tables:
        rows = slice(start, start + len(table))
        for space in distributions:
            if space in table.distributions:
                joined[space][rows] = table.distributions[space]
            elif space in table.classes:
                joined[space][rows] = _soft(table.classes[space], len(names[space]))
        for space in classes:
            if space in table.classes:
                labels[space][rows] = table.classes[space]
        if table.valence is not None and table.arousal is not None:
            points[rows] = np.stack([table.valence, table.arousal], axis=1)
        start += len(table)
    return Targets(
        {space: torch.from_numpy(values).float() for space, values in joined.items()},
        {space: torch.from_numpy(values) for space, values in labels.items()},
        torch.from_numpy(points).float(),
    )


def complete_targets(table: Table, spaces: Sequence[str], read: ReadRows) -> Targets:
    """The table's labels, and the base model's readings where it has none.

    Args:
        table: the labels.
        spaces: that the network has a head for.
        read: the base model's readings of some rows; asked once, for the rows that lack a label, if there are any.

    Returns:
        A distribution per space, in the order given, and valence and arousal.
    """
    own = [*table.distributions, *table.classes]
    joined = join_targets([table], own, [])
    missing = [space for space in spaces if space not in own]
    unrated = joined.valence_arousal.isnan().any(dim=1)
    rows = np.arange(len(table)) if missing else np.flatnonzero(unrated.numpy())
    if not len(rows):
        return Targets({space: joined.distributions[space] for space in spaces}, {}, joined.valence_arousal)
    read_distributions, read_points = read(rows)
    distributions = dict(joined.distributions)
    for space in missing:
        distributions[space] = torch.from_numpy(read_distributions[space])
    points = joined.valence_arousal.clone()
    points[rows] = torch.where(points[rows].isnan(), torch.from_numpy(read_points), points[rows])
    return Targets({space: distributions[space] for space in spaces}, {}, points)


def _class_names(tables: Sequence[Table], spaces: Sequence[str]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for space in spaces:
        known = {table.class_names[space] for table in tables if space in table.class_names}
        if len(known) != 1:
            raise TrainingError(f"{space}: {len(known)} different lists of classes in the tables; one is needed")
        names[space] = known.pop()
    return names


def _soft(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]], classes: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    soft = np.full((len(labels), classes), (1 - CLASS_CERTAINTY) / (classes - 1))
    present = labels != ABSENT_CLASS
    soft[present, labels[present]] = CLASS_CERTAINTY
    soft[~present] = np.nan
    return soft
