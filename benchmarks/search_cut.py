"""Which images fit a word, against human labels, out of fold: ``python benchmarks/search_cut.py``.

An image fits a word if half of its raters name what the word means, or its one label does. A search shows it if its
score gains a share of what chance leaves. The share is chosen on four folds, by the mean F-measure over words and sets,
and tried on the fifth. Calibration comes from the same four folds. Printed: precision, recall and F-measure, means over
words that three images or more fit; for the share that is chosen, and for none, which shows all that is better than
chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cross_fit import FOLDS, MODEL, FoldOutputs
from emoir.emotions.calibration import ScoreCurve
from emoir.emotions.lexicon import lexicon
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.search.component import FITS_FROM
from emoir.search.terms.words import concept_component
from search_agreement import LAYOUT, SETS, Judged, fit_curve, judged, questions, word_agreement, words_of

KIND = "words by gain"
SHARES = np.arange(0, 0.31, 0.025)
HALF = 0.5
FEWEST = 3
TITLES = ("precision", "recall", "F-measure", "of all images")


@dataclass(frozen=True)
class AskedWord:
    """A word put to a set: of each of n images the gain over chance, whether it fits, and its fold."""

    gains: NDArray[np.float64]
    fits: NDArray[np.bool_]
    folds: NDArray[np.int64]


def asked_words(one: Judged, curves: Sequence[dict[str, ScoreCurve]]) -> list[AskedWord]:
    """The class names of a set and words drawn at random, scored by the curve of the other folds."""
    found = []
    for word in words_of(one, np.random.default_rng(0)):
        part = concept_component(lexicon()[word], LAYOUT)
        assert part.chance is not None
        raw_scores, scores = one.rows @ part.vector, np.zeros(len(one.rows))
        for fold in range(FOLDS):
            rows = one.folds == fold
            scores[rows] = part.agreement(raw_scores[rows], curves[fold])
        gains = (scores - part.chance) / (1 - part.chance)
        found.append(AskedWord(gains, word_agreement(one, word) >= HALF, one.folds))
    return found


def figures(words: Sequence[AskedWord], cuts: Sequence[float], folds: Sequence[int]) -> NDArray[np.float64]:
    """(w, 4) of each word, over the images of some folds, each fold with its cut: see ``TITLES``."""
    found = []
    for word in words:
        rows = np.isin(word.folds, folds)
        shown, fits = word.gains[rows] >= np.array(cuts)[word.folds[rows]], word.fits[rows]
        if fits.sum() < FEWEST:
            continue
        both = (shown & fits).sum()
        precision, recall = both / max(shown.sum(), 1), both / fits.sum()
        found.append((precision, recall, 2 * both / (shown.sum() + fits.sum()), shown.mean()))
    return np.array(found)


def best_share(sets: Sequence[Sequence[AskedWord]], folds: Sequence[int]) -> float:
    """The share with the largest F-measure on some folds, the mean of all sets."""
    means = [
        np.mean([figures(words, [share] * FOLDS, folds)[:, 2].mean() for words in sets]) for share in SHARES.tolist()
    ]
    return float(SHARES[int(np.argmax(means))])


def main() -> None:
    outputs = FoldOutputs()
    sets = {name: judged(outputs, name, space) for name, space in SETS.items() if space}
    others = [[other for other in range(FOLDS) if other != fold] for fold in range(FOLDS)]
    curves = [{KIND: fit_curve(questions(sets, KIND, np.array(folds)))} for folds in others]
    asked = {name: asked_words(one, curves) for name, one in sets.items()}
    chosen = [best_share(list(asked.values()), folds) for folds in others]
    print(f"| images that fit a word | words | {' | '.join(TITLES)} |\n|---|---|{'---|' * len(TITLES)}")
    for name, words in asked.items():
        for title, cuts in (("all that is better than chance", [0.0] * FOLDS), ("the chosen share", chosen)):
            values = figures(words, cuts, range(FOLDS))
            cells = " | ".join(str(mean_interval(column)) for column in values.T)
            print(f"| {name} ({len(sets[name].rows)}), {title} | {len(values)} | {cells} |")
    everything = best_share(list(asked.values()), range(FOLDS))
    print(f"\nchosen fold by fold: {', '.join(f'{share:.3f}' for share in chosen)}; on all folds: {everything:.3f}")
    print(f"in the program: {FITS_FROM:.3f}\n")
    print(provenance(f"recipe {MODEL}", "development parts, 5 frozen folds"))


if __name__ == "__main__":
    main()
