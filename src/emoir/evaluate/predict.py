"""Predict: a model's predictions for the images of a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import EmoirError
from emoir.evaluate.predictions import Predictions, align
from emoir.extract import Failure, LocalExtractor
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models.model import Model

CountCallback = Callable[[int, int], None]
"""Called with the number of images read, and of all."""


def predict(
    table: Table,
    model: Model,
    *,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    report: CountCallback | None = None,
) -> tuple[Predictions, dict[Path, str]]:
    """Read every image of a data set with a model.

    Args:
        table: the data set.
        model: reads them, in worker processes.
        workers: processes; default: one per core.
        limits: what one file may cost.
        report: progress.

    Returns:
        ``(predictions, failures)``: rows whose file failed are not known, and why.

    Raises:
        EmoirError: if no image at all could be read.
    """
    rows = {os.fsencode(path): row for row, path in reversed(list(enumerate(table.paths)))}
    found: dict[bytes, EmotionReading] = {}
    failures: dict[Path, str] = {}
    with LocalExtractor(model.folder, workers=workers, limits=limits) as pool:
        for number, (path, answer) in enumerate(pool.extract(list(rows)), 1):
            if isinstance(answer, Failure):
                failures[table.paths[rows[path]]] = answer.cause
            else:
                found[path] = answer.reading
            if report is not None:
                report(number, len(rows))
    if not found:
        first = next(iter(failures.items()), None)
        cause = "" if first is None else f"; the first of them: {first[0]}: {first[1]}"
        raise EmoirError(f"none of the {len(table)} images of {table.name} could be read{cause}")
    place = {path: number for number, path in enumerate(found)}
    readings = EmotionReadings.stack(list(found.values()))
    # A row that is not known takes any reading: it is never looked at.
    index = np.array([place.get(os.fsencode(path), 0) for path in table.paths], dtype=np.intp)
    known = np.array([os.fsencode(path) in place for path in table.paths], dtype=bool)
    return predictions_of(readings, index, known, table), failures


def predictions_of(
    readings: EmotionReadings, index: NDArray[np.intp], known: NDArray[np.bool_], table: Table
) -> Predictions:
    """Readings as predictions of a table's rows: row r is reading ``index[r]``, undefined where not known.

    Args:
        readings: of a model.
        index: (n,) reading of each row.
        known: (n,) whether the row has a reading.
        table: the data set, n rows.
    """
    answers = {
        space: (readings.class_names[space], values[index].astype(np.float64))
        for space, values in readings.distributions.items()
    }
    probabilities, notes = align(table, answers)
    points = np.stack([readings.valence, readings.arousal], axis=1)[index]
    return Predictions(
        name=readings.model,
        known=known,
        probabilities=probabilities,
        points=points,
        embeddings=readings.embeddings[index],
        notes=notes,
    )
