"""Reading: a model shown the images of a data set, if it may be judged on them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import EmoirError
from emoir.evaluate.predictions import Predictions, align
from emoir.extract import Failure, WorkerPool
from emoir.extract.model import CARD, Model
from emoir.limits import Limits

Report = Callable[[int, int], None]
"""Called with the number of images read, and of all."""


def read_table_images(
    table: Table,
    model: Model,
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
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
    with WorkerPool(model.folder, workers=workers, limits=limits) as pool:
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
    """Readings as predictions of a table's rows: row r is reading ``index[r]``, of no meaning where not known."""
    answers = {
        space: (readings.class_names[space], values[index].astype(np.float64))
        for space, values in readings.distributions.items()
    }
    probabilities, notes = align(table, answers)
    points = np.stack([readings.valence, readings.arousal], axis=1)[index]
    return Predictions(readings.model, known, probabilities, points, readings.embeddings[index], notes)


def sets_of(model: Model) -> frozenset[str]:
    """Names of the data sets that a model's card says it learnt from; empty where it says nothing."""
    data = json.loads((model.folder / CARD).read_text(encoding="utf-8")).get("data", {})
    # The shipped card sorts sets by kind of label; a fine-tuned model's names the user's own.
    nested = {name for group in data.values() if isinstance(group, dict) for name in group}
    return frozenset(nested | {name for name, count in data.items() if isinstance(count, int)})


def may_have_learnt_from(model: Model, table: Table) -> str | None:
    """The data set of a model's card that has this table's name; None if there is none.

    Images are known by their content, so another encoding of an image that was learnt from is not recognised; the
    name of its set is.
    """
    own = (name for name in sorted(sets_of(model)) if name == table.name or name.startswith(f"{table.name}_"))
    return next(own, None)
