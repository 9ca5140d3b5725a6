"""The out-of-fold readings that figures are printed from: one file per data set, ``<recipe>/<array>`` in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.evaluate.out_of_fold import OutOfFold
from emoir.files import atomic_write

FOLDER = Path(__file__).resolve().parent / "readings"


def file_of(name: str) -> Path:
    """Where the readings of a data set are."""
    return FOLDER / f"{name}.npz"


def has(name: str, recipe: str) -> bool:
    """Whether readings of a data set by a recipe are there."""
    if not file_of(name).exists():
        return False
    with np.load(file_of(name), allow_pickle=False) as arrays:
        return f"{recipe}/digests" in arrays.files


def load_arrays(name: str, recipe: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of a recipe, rows in the order of ``digests``.

    Raises:
        KeyError: if there are none.
    """
    with np.load(file_of(name), allow_pickle=False) as arrays:
        prefix = f"{recipe}/"
        found = {key.removeprefix(prefix): arrays[key] for key in arrays.files if key.startswith(prefix)}
    if not found:
        raise KeyError(f"{file_of(name)} holds no readings by {recipe}")
    return found


def save_arrays(name: str, recipe: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Put the arrays of a recipe in place of those that were there; other recipes stay as they are."""
    kept: dict[str, NDArray[np.generic]] = {}
    if file_of(name).exists():
        with np.load(file_of(name), allow_pickle=False) as stored:
            kept = {key: stored[key] for key in stored.files if not key.startswith(f"{recipe}/")}
    kept |= {f"{recipe}/{key}": values for key, values in arrays.items()}
    FOLDER.mkdir(exist_ok=True)
    with atomic_write(file_of(name)) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept)


def load(name: str, recipe: str, digests: Sequence[str]) -> OutOfFold:
    """Readings in the order of a data set's images.

    Raises:
        KeyError: if there are none.
        ShapeError: if they are of other images.
    """
    return OutOfFold.from_arrays(load_arrays(name, recipe), digests)


def save(name: str, recipe: str, readings: OutOfFold) -> None:
    """Keep readings with the benchmarks."""
    save_arrays(name, recipe, readings.to_arrays())
