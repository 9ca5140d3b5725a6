"""Results: the predictions of finished runs, in one packed file or in one file per run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emoir.errors import TrainingError
from emoir.experiment.overfitting import Curve
from emoir.files import atomic_write

RUNS, ROWS, CURVE, LEARNT = "runs", "rows", "epochs: ", "learnt: "


class RunKey(NamedTuple):
    """Which run of an experiment a result belongs to: the name of its row, its fold and its seed."""

    variant: str
    fold: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldResult:
    """What one run left.

    Args:
        conditions: everything beside its key that the result depends on, fit for JSON.
        rows: (n,) rows of the table that the run was tested on.
        predictions: head to (n, K) outputs on these rows, and measure to (n,) values of single images.
        curve: what was measured on training and test images while the network learnt; empty where none did.
        learnt: head to outputs on the other rows of the table, without augmentation: the images it learnt from.
    """

    conditions: Mapping[str, object]
    rows: NDArray[np.intp]
    predictions: Mapping[str, NDArray[np.floating]]
    curve: Curve = field(default_factory=dict)
    learnt: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)

    def check(self, wanted: Mapping[str, object], where: str) -> None:
        """Refuse a result that was obtained under other conditions.

        Raises:
            TrainingError: naming where it lies, and what differs.
        """
        other = [
            f"{name} {self.conditions.get(name)}, not {value}"
            for name, value in wanted.items()
            if self.conditions.get(name) != value
        ]
        if other:
            raise TrainingError(f"{where} is of another experiment ({'; '.join(other)}); choose another folder: --out")


Results = Mapping[RunKey, FoldResult]


def write_results(results: Results, file: Path) -> None:
    """Pack results into one compressed ``.npz``, without loss; the file appears whole or not at all.

    The arrays of one name are joined over all runs, and ``runs`` says in JSON how long each run's part is.

    Args:
        results: of finished runs.
        file: the ``.npz`` to write.
    """
    runs: list[dict[str, object]] = []
    parts: dict[str, list[NDArray[Any]]] = {}
    for key, result in results.items():
        curve = {f"{CURVE}{name}": values for name, values in result.curve.items()}
        learnt = {f"{LEARNT}{name}": values for name, values in result.learnt.items()}
        arrays = {ROWS: result.rows, **result.predictions, **curve, **learnt}
        for name, values in arrays.items():
            parts.setdefault(name, []).append(values)
        lengths = {name: len(values) for name, values in arrays.items()}
        runs.append({**key._asdict(), "conditions": dict(result.conditions), "lengths": lengths})
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    with atomic_write(file) as partial, open(partial, "wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **{RUNS: np.array(json.dumps(runs))}, **joined)


def read_results(files: Iterable[Path]) -> dict[RunKey, FoldResult]:
    """The results in files that ``write_results`` wrote; of a run in several, the last.

    Raises:
        TrainingError: naming a file that is of another kind.
    """
    found: dict[RunKey, FoldResult] = {}
    for file in files:
        with np.load(file, allow_pickle=False) as stored:
            if RUNS not in stored.files:
                raise TrainingError(f"{file} is no result of this version's experiments; choose another folder: --out")
            arrays = {name: stored[name] for name in stored.files if name != RUNS}
            runs = json.loads(str(stored[RUNS]))
        at = dict.fromkeys(arrays, 0)
        for run in runs:
            own = {}
            for name, length in run["lengths"].items():
                own[name] = arrays[name][at[name] : at[name] + length]
                at[name] += length
            found[RunKey(run["variant"], run["fold"], run["seed"])] = FoldResult(
                conditions=run["conditions"],
                rows=own.pop(ROWS),
                predictions={name: values for name, values in own.items() if not name.startswith((CURVE, LEARNT))},
                curve=_named(own, CURVE),
                learnt=_named(own, LEARNT),
            )
    return found


def _named(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays under a prefix, without it."""
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
