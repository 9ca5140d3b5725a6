"""Leakage: which images a model learnt from, under any name, size or encoding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.errors import LeakageError
from emoir.images.picture_hash import hash_files, recognised
from emoir.models.model import ModelFolder


def seen_in_training(paths: Sequence[Path], model: ModelFolder) -> NDArray[np.bool_]:
    """Which images a model learnt from: byte for byte, or the same picture re-encoded, resized or mirrored.

    Args:
        paths: n files; one that is not there, or cannot be decoded, counts as not learnt from.
        model: its folder lists digests and picture hashes of what it learnt from; without hashes (a model of an earlier
            version) images are recognised byte for byte only.

    Returns:
        (n,).
    """
    found = np.zeros(len(paths), dtype=bool)
    there = [row for row, path in enumerate(paths) if path.is_file()]
    known = model.training_digests()
    digests = image_digests([paths[row] for row in there])
    found[there] = [digest in known for digest in digests]
    hashes = model.training_hashes()
    for mirrored in (False, True):
        rest = [row for row in there if not found[row]]
        if rest and len(hashes):
            found[rest] = recognised(hash_files([paths[row] for row in rest], mirrored=mirrored), hashes)
    return found


def rows_not_trained_on(table: Table, model: ModelFolder, *, leave_out: bool = False) -> NDArray[np.intp]:
    """The rows whose images a model has not learnt from, labelled or not; files that are not there count as such.

    Args:
        table: the data set.
        model: see ``seen_in_training``.
        leave_out: leave out what it learnt from, instead of refusing.

    Returns:
        The rows, ascending.

    Raises:
        LeakageError: if it learnt from some of them and these are not to be left out, or from all of them.
    """
    known = seen_in_training(table.paths, model)
    if known.any() and not leave_out:
        raise LeakageError(
            f"{model.id} learnt from {known.sum()} of these {len(known)} images, or from other encodings of them: "
            "metrics on them would flatter it; --skip-training-images leaves these images out"
        )
    if known.all():
        raise LeakageError(
            f"{table.name}: {model.id}, or the model that it began with, learnt from all {len(known)} images; none is "
            "left to evaluate it on"
        )
    return np.flatnonzero(~known)
