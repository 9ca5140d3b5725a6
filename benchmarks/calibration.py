"""How well the shipped recipe is calibrated, and what follows from it: ``python benchmarks/calibration.py``.

From the committed out-of-fold readings; everything that is fitted for a fold is fitted on the other four. Printed: the
calibration error of every probability of every set beside the band of a calibrated model; whether paintings are read
better than by their mean distribution; and from which confidence on an image should be named, and from which
probability on it should be called neutral.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import development
from cross_fit import DOMAIN, FOLDS, MODEL, FoldOutputs
from emoir.datasets.published.emotion6 import RATERS
from emoir.evaluate.calibration import (
    BINS,
    expected_calibration_error,
    perfect_calibration_band,
)
from emoir.evaluate.distributions import favourite_named, kullback_leibler
from emoir.evaluate.intervals import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.models.model import ModelFolder
from emoir.training.calibrate import fit_confidence, fit_unsure_below
from probes import shares_of

OUTPUTS = FoldOutputs()
PHOTOGRAPHS, PAINTINGS = "fi_subset", "abstract_paintings"
# A share is not judged by fewer images.
LEAST = 30


def truth(name: str, head: str) -> NDArray[np.float64]:
    """Raters' shares of a set, all of whose images have some."""
    table, _ = development.folds(name)
    return shares_of(table, head, np.arange(len(table)))[0]


def folds(name: str) -> NDArray[np.int64]:
    return development.folds(name)[1].folds


def print_paintings() -> None:
    """How often it takes images for paintings, and whether it reads these better than their mean distribution."""
    target = truth(PAINTINGS, "mikels")
    mean = kullback_leibler(target, np.repeat(target.mean(axis=0, keepdims=True), len(target), axis=0))
    gap = mean_interval(kullback_leibler(target, OUTPUTS.calibrated(PAINTINGS, "mikels")) - mean)
    print("| images | taken for paintings |\n|---|---|")
    for name in ("emotion6", "oasis", PHOTOGRAPHS, PAINTINGS):
        painted = OUTPUTS.joined(name, DOMAIN).argmax(axis=1) == 1
        print(f"| {name} ({len(painted)}) | {painted.mean():.1%} |")
    print("\n| abstract paintings | KL minus that of the mean distribution [95 %] | |\n|---|---|---|")
    print(f"| {len(target)} | {gap} | {gap.outcome()} |")


def confidence(name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The confidence of every image, its curve fitted on the other folds of both sets, and whether it was right."""
    top, right, fold = (np.concatenate(column) for column in zip(*map(named, (PHOTOGRAPHS, PAINTINGS)), strict=True))
    own_top, own_right, own_fold = named(name)
    found = np.zeros(len(own_top))
    for one in range(FOLDS):
        curve = fit_confidence("mikels", top[fold != one], right[fold != one])
        found[own_fold == one] = curve(own_top[own_fold == one])
    return found, own_right


def named(name: str, head: str = "mikels") -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """The top probability, whether it is the raters' favourite, and the fold."""
    predicted = OUTPUTS.calibrated(name, head)
    return predicted.max(axis=1), favourite_named(truth(name, head), predicted.argmax(axis=1)) == 1, folds(name)


def votes(name: str) -> NDArray[np.float64]:
    """Votes per image."""
    if name == "emotion6":
        return np.full(len(folds(name)), float(RATERS))
    return np.asarray(development.painting_votes().sum(axis=1))


def error_of_shares(
    top: NDArray[np.float64], share: NDArray[np.float64], raters: NDArray[np.float64]
) -> tuple[float, tuple[float, float]]:
    """Calibration error of top probabilities against the shares of raters who name the class, with its band."""

    def error(shares: NDArray[np.float64]) -> float:
        parts = np.array_split(np.argsort(top, kind="stable"), BINS)
        return float(sum(abs(top[rows].mean() - shares[rows].mean()) * len(rows) for rows in parts) / len(top))

    random = np.random.default_rng(0)
    drawn = [error(random.binomial(raters.astype(int), top) / raters) for _ in range(2_000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return error(share), (float(low), float(high))


def print_errors() -> None:
    print("| set | probability | that | ECE | band of a calibrated model | |\n|---|---|---|---|---|---|")
    rows: list[tuple[str, str, str, float, tuple[float, float]]] = []
    for name, head in (("emotion6", "keyword6"), (PHOTOGRAPHS, "mikels")):
        top, right, _ = named(name, head)
        found = expected_calibration_error(top, right), perfect_calibration_band(top)
        rows.append((name, f"top class of {head}", "it is the label", *found))
    for name, head in (("emotion6", "ekman"), (PAINTINGS, "mikels")):
        predicted = OUTPUTS.calibrated(name, head)
        best = predicted.argmax(axis=1)
        share = truth(name, head)[np.arange(len(best)), best]
        rows.append(
            (
                name,
                f"top class of {head}",
                "a rater names it",
                *error_of_shares(predicted.max(axis=1), share, votes(name)),
            )
        )
    for name in (PHOTOGRAPHS, PAINTINGS):
        sure, right = confidence(name)
        found = expected_calibration_error(sure, right), perfect_calibration_band(sure)
        rows.append((name, "confidence", "most raters name it", *found))
    for name, of, that, error, (low, high) in rows:
        inside = "inside" if low <= error <= high else "outside" if error > high else "below"
        print(f"| {name} | {of} | {that} | {error:.3f} | {low:.3f} to {high:.3f} | {inside} |")


def print_thresholds() -> None:
    sure, right = (np.concatenate(column) for column in zip(*map(confidence, (PHOTOGRAPHS, PAINTINGS)), strict=True))
    fold = np.concatenate([folds(PHOTOGRAPHS), folds(PAINTINGS)])
    painted = np.repeat([False, True], [len(folds(PHOTOGRAPHS)), len(folds(PAINTINGS))])
    steps = [fit_unsure_below(sure[fold != one]) for one in range(FOLDS)]
    shipped = ModelFolder().card.confidence
    top = np.concatenate([OUTPUTS.answers(name, "mikels").max(axis=1) for name in (PHOTOGRAPHS, PAINTINGS)])
    if shipped.unsure_below != fit_unsure_below(shipped(top)):
        raise SystemExit(f"the card states {shipped.unsure_below}, fitted is {fit_unsure_below(shipped(top))}")
    print("| an image is named from a confidence of | photographs named | of these right | paintings named | right |")
    print("|---|---|---|---|---|")
    for title, which in (
        (f"{', '.join(f'{step:.3f}' for step in steps)}, fitted without each fold", sure >= np.array(steps)[fold]),
        (f"{shipped.unsure_below:g}, fitted on all folds: the card", shipped(top) >= shipped.unsure_below),
        ("any", np.full(len(sure), True)),
    ):
        cells = [
            cell
            for part in (~painted, painted)
            for cell in (f"{which[part].mean():.1%}", str(mean_interval(right[part & which])))
        ]
        print(f"| {title} | " + " | ".join(cells) + " |")
    shares = truth("emotion6", "ekman")
    neutral, is_neutral = OUTPUTS.calibrated("emotion6", "ekman")[:, -1], favourite_named(shares, _last(shares)) == 1
    print("\n| Emotion6, neutral from a probability of | images | of these neutral to most raters |\n|---|---|---|")
    for step in (0.0, 0.2, 0.25, 0.3):
        which = neutral >= step
        print(f"| {step:g} | {which.mean():.1%} | {is_neutral[which].mean():.1%} |")
    shares_neutral = is_neutral[np.argsort(-neutral, kind="stable")].cumsum() / np.arange(1, len(neutral) + 1)
    print(f"| the most probable, {LEAST} or more: at best | | {shares_neutral[LEAST - 1 :].max():.1%} |")


def _last(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.full(len(shares), shares.shape[1] - 1)


def main() -> None:
    print_errors()
    print()
    print_paintings()
    print()
    print_thresholds()
    print("\n" + provenance(f"recipe {MODEL}, out of fold", "5 frozen folds, seed 0"))


if __name__ == "__main__":
    main()
