"""Unseen: which images of a data set a model may be judged on."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.errors import LeakageError
from emoir.evaluate.out_of_fold import check_not_trained_on
from emoir.models.card import CARD
from emoir.models.model import ModelFolder


def rows_not_trained_on(table: Table, model: ModelFolder, *, leave_out: bool = False) -> NDArray[np.intp]:
    """The rows whose images a model has not learnt from, labelled or not; files that are not there count as such.

    Args:
        table: the data set.
        model: its folder lists what it learnt from.
        leave_out: leave out what it learnt from, instead of refusing.

    Returns:
        The rows, rising.

    Raises:
        LeakageError: if it learnt from some of them and these are not to be left out, or from all of them.
    """
    there = np.flatnonzero([path.is_file() for path in table.paths])
    digests = image_digests([table.paths[row] for row in there.tolist()])
    learnt = model.training_digests()
    if not leave_out:
        try:
            check_not_trained_on(digests, learnt)
        except LeakageError as error:
            raise LeakageError(f"{model.id}: {error}; --skip-training-images leaves these images out") from None
    seen = there[np.array([digest in learnt for digest in digests], dtype=bool)]
    rows = np.setdiff1d(np.arange(len(table)), seen)
    if not len(rows):
        raise LeakageError(f"{table.name}: {model.id} learnt from every one of its images")
    return rows


def training_sets(model: ModelFolder) -> frozenset[str]:
    """Names of the data sets that a model's card says it learnt from; empty where it says nothing."""
    data = json.loads((model.folder / CARD).read_text(encoding="utf-8")).get("data", {})
    # The shipped card sorts sets by kind of label; a fine-tuned model's names the user's own.
    nested = {name for group in data.values() if isinstance(group, dict) for name in group}
    return frozenset(nested | {name for name, count in data.items() if isinstance(count, int)})


def training_set_named_like(model: ModelFolder, table: Table) -> str | None:
    """The data set of a model's card that has this table's name; None if there is none.

    Images are known by their content, so another encoding of an image that was learnt from is not recognised; the
    name of its set is.
    """
    own = (name for name in (table.name, f"{table.name}_subset") if name in training_sets(model))
    return next(own, None)
