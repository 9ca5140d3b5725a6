"""Labels of a data set as a network is to learn them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from emoir.datasets import ABSENT_CLASS, Table
from emoir.errors import TrainingError
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.targets import Targets, join_targets

FEWEST_PER_CLASS, FEWEST = 10, 40
ReadRows = Callable[[NDArray[np.intp]], tuple[Mapping[str, NDArray[np.float32]], NDArray[np.float32]]]
"""A model's readings of some rows of a table: space to (n, K) probabilities, and (n, 2) valence and arousal."""
# Names of the graph's other inputs and outputs.
RESERVED = ("embedding", VALENCE_AROUSAL, "images", "teacher", "features")


def check_enough(table: Table) -> None:
    """Refuse a data set that cannot support training.

    Raises:
        TrainingError: naming what is missing.
    """
    if len(table) < FEWEST:
        raise TrainingError(
            f"{table.name}: {len(table)} images; at least {FEWEST} are needed to learn from and to test"
        )
    for space, labels in table.classes.items():
        if space in table.distributions:
            # Votes are learnt, not their favourites.
            continue
        names = table.class_names[space]
        counts = np.bincount(labels[labels != ABSENT_CLASS], minlength=len(names))
        few = [f"{name} ({count})" for name, count in zip(names, counts, strict=True) if count < FEWEST_PER_CLASS]
        if few or len(names) < 2:
            raise TrainingError(
                f"{table.name}: every class needs at least {FEWEST_PER_CLASS} images, and there must be two; "
                f"too few of: {', '.join(few) or 'classes'}"
            )


def align_classes(table: Table, known: Mapping[str, tuple[str, ...]]) -> Table:
    """The table with the classes of a space that the base knows in the base's order.

    Raises:
        TrainingError: if such a space has other classes, or a space has a name that cannot be used.
    """
    distributions, classes, names = dict(table.distributions), dict(table.classes), dict(table.class_names)
    for space in (*table.distributions, *table.classes):
        if not re.fullmatch(r"\w+", space) or hasattr(nn.ModuleDict(), space) or space in RESERVED:
            raise TrainingError(f"{space!r} cannot name a space; choose another with --space, letters and digits alone")
        if space not in known or known[space] == names[space]:
            continue
        if set(known[space]) != set(names[space]):
            raise TrainingError(f"{space} has other classes in the base model; choose another --space for yours")
        order = [names[space].index(name) for name in known[space]]
        if space in distributions:
            distributions[space] = distributions[space][:, order]
        if space in classes:
            place = np.array([*np.argsort(order), ABSENT_CLASS])
            classes[space] = place[classes[space]]
        names[space] = known[space]
    return replace(table, distributions=distributions, classes=classes, class_names=names)


def label_distributions(table: Table) -> dict[str, tuple[NDArray[np.floating], NDArray[np.bool_]]]:
    """Per label space, the labels as distributions of the rows that have one, and which these are; none without."""
    found = {space: table.shares(space) for space in (*table.distributions, *table.classes)}
    return {space: (shares[known], known) for space, (shares, known) in found.items() if known.any()}


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
