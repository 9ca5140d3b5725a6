"""Held-out images: how good a network is on them, and the calibration that they give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emoir.datasets import Table
from emoir.emotions.calibration import ConfidenceCurve
from emoir.evaluate.intervals import Estimate, mean_interval
from emoir.evaluate.regression import correlation
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.calibrate import fit_confidence, fit_temperature
from emoir.training.labels import label_distributions

# A correlation over fewer images is noise.
FEWEST_RATED = 3
# Two shares that differ by less are a tie.
TIE = 1e-9


def held_out_metrics(table: Table, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, tuple[Estimate, float]]:
    """Metrics of a network on a table that it did not learn from, each with its baseline.

    Args:
        table: the images' labels.
        outputs: head to (n, K).

    Returns:
        ``accuracy (SPACE)`` against the most frequent class, and Pearson's r of valence and arousal against 0; no
        metric for labels that these images lack.
    """
    found: dict[str, tuple[Estimate, float]] = {}
    for space, (shares, known) in label_distributions(table).items():
        logits = outputs[space][known]
        right = shares[np.arange(len(shares)), logits.argmax(axis=1)] >= shares.max(axis=1) - TIE
        baseline = float((shares[:, shares.mean(axis=0).argmax()] >= shares.max(axis=1) - TIE).mean())
        groups = None if table.groups is None else table.groups[known]
        found[f"accuracy ({space})"] = mean_interval(right.astype(float), groups=groups), baseline
    if table.valence is not None and table.arousal is not None:
        for column, (name, target) in enumerate((("valence", table.valence), ("arousal", table.arousal))):
            rated = ~np.isnan(target)
            if rated.sum() < FEWEST_RATED:
                continue
            predicted, truth = outputs[VALENCE_AROUSAL][rated, column], target[rated]
            groups = None if table.groups is None else table.groups[rated]
            found[f"{name} r"] = correlation(predicted, truth, groups=groups), 0.0
    return found


def held_out_calibration(
    table: Table, outputs: Mapping[str, NDArray[np.float32]], shown: str
) -> tuple[dict[str, float], ConfidenceCurve | None]:
    """The temperature of every labelled space, and the confidence of the space whose top class is shown.

    Args:
        table: the images' labels.
        outputs: head to (n, K) logits.
        shown: the space that the confidence is for; None is returned where these images have no label for it.
    """
    temperatures: dict[str, float] = {}
    confidence = None
    for space, (shares, known) in label_distributions(table).items():
        logits = outputs[space][known]
        temperatures[space] = fit_temperature(logits, shares)
        if space == shown:
            top = softmax(logits / temperatures[space], axis=1)
            right = shares[np.arange(len(shares)), top.argmax(axis=1)] >= shares.max(axis=1) - TIE
            confidence = fit_confidence(space, top.max(axis=1), right)
    return temperatures, confidence
