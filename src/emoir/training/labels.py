"""Labels of a data set, prepared for training."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.errors import TrainingError

FEWEST_PER_CLASS, FEWEST = 10, 40
# Names of the graph's other inputs and outputs.
RESERVED = ("embedding", "valence_arousal", "images", "teacher", "features", "content")


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


def align_classes(table: Table, known: Mapping[str, tuple[str, ...]], reserved: Container[str] = ()) -> Table:
    """The table with the classes of a space that the base knows in the base's order.

    Args:
        table: the labels.
        known: the base's spaces and their classes.
        reserved: more names that no space may have.

    Raises:
        TrainingError: if such a space has other classes, or a space has a name that cannot be used.
    """
    distributions, classes, names = dict(table.distributions), dict(table.classes), dict(table.class_names)
    for space in (*table.distributions, *table.classes):
        if space in RESERVED or space in reserved:
            raise TrainingError(f"{space!r} cannot name a space, as emoir uses that name; choose another with --space")
        if not re.fullmatch(r"\w{1,60}", space):
            raise TrainingError(
                f"{space!r} cannot name a space; choose another with --space: up to 60 letters and digits, no blanks"
            )
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
