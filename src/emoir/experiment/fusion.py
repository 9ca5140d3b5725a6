"""Rows that need no training: two runs averaged, and a network fused with a probe on the numbers of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from emoir.datasets import ABSENT_CLASS, Table
from emoir.experiment.results import FoldResult, Results, RunKey
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.probes import DistributionProbe, fit_reduction

AVERAGED, FUSED = "F, two of B averaged", "C + probe"
WEIGHTS = tuple(step / 10 for step in range(11))
WEIGHT = "weight of the probe"

Outputs = NDArray[np.floating]


def averaged_runs(results: Results, variant: str, folds: int, seeds: Sequence[int], table: Table) -> Results:
    """Every seed's runs of a row averaged with the next seed's, the last with the first.

    Args:
        results: of finished runs; a fold of which two runs are not there yet is left out.
        variant: name of the row.
        folds: their number.
        seeds: of the row.
        table: the data set.

    Returns:
        Under the name ``AVERAGED``: class heads as log-probabilities, points as their means.
    """
    found: dict[RunKey, FoldResult] = {}
    for seed, other in zip(seeds, [*seeds[1:], *seeds[:1]], strict=True):
        for fold in range(folds):
            pair = [results.get(RunKey(variant, fold, one)) for one in (seed, other)]
            if len(seeds) > 1 and pair[0] is not None and pair[1] is not None:
                first, second = pair[0], pair[1]
                found[RunKey(AVERAGED, fold, seed)] = FoldResult(
                    conditions=first.conditions,
                    rows=first.rows,
                    predictions=_averaged(first.predictions, second.predictions, table),
                    learnt=_averaged(first.learnt, second.learnt, table),
                )
    return found


def _averaged(first: Mapping[str, Outputs], second: Mapping[str, Outputs], table: Table) -> dict[str, Outputs]:
    heads: dict[str, Outputs] = {VALENCE_AROUSAL: (first[VALENCE_AROUSAL] + second[VALENCE_AROUSAL]) / 2}
    for space in table.classes:
        both = [log_softmax(one[space].astype(np.float64), axis=1) for one in (first, second)]
        heads[space] = np.asarray(logsumexp(both, axis=0) - np.log(2))
    return heads


def fused_runs(runs: Results, held_out: FoldResult, numbers: NDArray[np.floating], table: Table) -> Results:
    """Runs of a row on one fold, fused with a logistic probe on numbers of the pictures.

    The probe is fitted on the images that the runs learnt from. Its log-probabilities get one of eleven weights from
    0 to 1, and the network's the rest: the weight with the lowest NLL on the images held out inside the fold, where a
    probe fitted on the fold's other images meets the network of the inner run. Of equals the smallest is taken.

    Args:
        runs: of one row and one fold.
        held_out: the row's inner run with the chosen setting; its rows are rows of the table.
        numbers: (n, d) of all images of the table.
        table: with classes; only its first space is fused.

    Returns:
        Under the name ``FUSED``, with the weight among the conditions.
    """
    space = next(iter(table.classes))
    labels = table.classes[space]
    test = next(iter(runs.values())).rows
    train = np.delete(np.arange(len(table)), test)
    inner = np.setdiff1d(train, held_out.rows)
    known = labels[held_out.rows] != ABSENT_CLASS
    judged = held_out.rows[known]
    by_probe = _probe(numbers, labels, inner, table)[judged]
    losses = [
        -mixed(held_out.predictions[space][known], by_probe, weight)[np.arange(len(judged)), labels[judged]].mean()
        for weight in WEIGHTS
    ]
    weight = WEIGHTS[int(np.argmin(losses))]
    of_all = _probe(numbers, labels, train, table)
    return {
        key._replace(variant=FUSED): FoldResult(
            conditions={**run.conditions, WEIGHT: weight},
            rows=test,
            predictions={
                VALENCE_AROUSAL: run.predictions[VALENCE_AROUSAL],
                space: mixed(run.predictions[space], of_all[test], weight).astype(np.float32),
            },
            learnt={
                VALENCE_AROUSAL: run.learnt[VALENCE_AROUSAL],
                space: mixed(run.learnt[space], of_all[train], weight).astype(np.float16),
            },
        )
        for key, run in runs.items()
    }


def _probe(numbers: NDArray[np.floating], labels: NDArray[np.int64], learnt: NDArray[np.intp], table: Table) -> Outputs:
    """Log-probabilities of all rows by a probe that learnt from some."""
    learnt = learnt[labels[learnt] != ABSENT_CLASS]
    reduce = fit_reduction(numbers[learnt])
    classes = len(table.class_names[next(iter(table.classes))])
    probe = DistributionProbe.fit(reduce(numbers[learnt]), np.eye(classes)[labels[learnt]])
    return np.asarray(log_softmax(probe.logits(reduce(numbers)), axis=1))


def mixed(logits: Outputs, by_probe: Outputs, weight: float) -> Outputs:
    """Weighted log-probabilities of both, normalised, (n, K).

    Args:
        logits: of a network, (n, K).
        by_probe: log-probabilities, (n, K); minus infinity for a class that the probe has never seen.
        weight: of the probe, from 0 to 1; the network gets the rest.
    """
    own = (1 - weight) * log_softmax(logits.astype(np.float64), axis=1)
    # A class that the probe has never seen is minus infinity, of which a weight of 0 takes nothing.
    return np.asarray(log_softmax(own + (weight * by_probe if weight else 0.0), axis=1))
