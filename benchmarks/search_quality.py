"""How good searches are, against human labels, out of fold: ``python benchmarks/search_quality.py``.

Rows as an index would hold them, each by a network that had not learnt from the image; calibration of a fold's scores
fitted on the other folds. Words: the eight emotions and, for each, words of the lexicon that mean mostly it. Examples:
every image once, against the other images of its fold (embeddings of different networks cannot be compared), and
without the embedding against all. Points: a grid of valence 0.1 to 0.9 and arousal 0.2 to 0.8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoir.emotions import MIKELS
from emoir.emotions.lexicon import lexicon
from emoir.evaluate import bootstrap_mean
from emoir.evaluate.calibration import expected_calibration_error, perfect_calibration_band
from emoir.evaluate.figures import provenance
from emoir.search.find import best_first
from emoir.training.calibrate import fit_scores
from search_agreement import KINDS, SETS, Judged, judged, products, training_pairs, word_agreement
from shipped import MODEL, FoldOutputs

TOP = 10


def top(scores: NDArray[np.floating], n: int = TOP) -> NDArray[np.intp]:
    return best_first(scores.astype(np.float32), scores.astype(np.float32), np.arange(len(scores)), n)


def words(fi: Judged) -> None:
    print(f"| words, FI part ({len(fi.rows)}) | P@10 | chance |\n|---|---|---|")
    names = [float(word_agreement(fi, name)[top(products(fi, name))].mean()) for name in MIKELS.names]
    chinese = [
        float(word_agreement(fi, name)[top(products(fi, word))].mean())
        for name, word in zip(MIKELS.names, MIKELS.chinese, strict=True)
    ]
    synonyms = []
    for word, concept in lexicon().items():
        shares = concept.distributions.get("mikels")
        if shares is not None and shares.max() >= 0.8 and word not in (*MIKELS.names, *MIKELS.chinese):
            name = MIKELS.names[int(shares.argmax())]
            synonyms.append(float(word_agreement(fi, name)[top(products(fi, word))].mean()))
    chance = f"{fi.shares.mean(axis=0).mean():.3f}"
    for title, values in (
        ("the eight emotions, in English", names),
        ("the same in Chinese", chinese),
        (f"{len(synonyms)} other words that mean mostly one of them", synonyms),
    ):
        print(f"| {title} | {bootstrap_mean(np.array(values))} | {chance} |")
    print("| one by one: " + ", ".join(f"{n} {v:.1f}" for n, v in zip(MIKELS.names, names, strict=True)) + " | | |")


def examples(fi: Judged) -> None:
    inside, pooled = [], []
    for row in range(len(fi.rows)):
        scores = products(fi, f"id:{row}")
        same = fi.shares @ fi.shares[row]
        fold = np.flatnonzero((fi.folds == fi.folds[row]) & (np.arange(len(fi.rows)) != row))
        inside.append(same[fold][top(scores[fold])].mean())
        # Rows of other networks: the part of the score that comes from the embedding is left out.
        cosine = fi.readings.embeddings @ fi.readings.embeddings[row]
        rest = scores - (cosine / 2 + 0.5) / 3
        rest[row] = -np.inf
        pooled.append(same[top(rest)].mean())
    chance = f"{(fi.shares.sum(axis=0) * (fi.shares.sum(axis=0) - 1)).sum() / len(fi.rows) / (len(fi.rows) - 1):.3f}"
    print(f"\n| example images, FI part ({len(fi.rows)}) | P@10 | chance |\n|---|---|---|")
    print(f"| against all, by distributions and point | {bootstrap_mean(np.array(pooled))} | {chance} |")
    print(f"| inside the fold, with the embedding | {bootstrap_mean(np.array(inside))} | {chance} |")


def points(sets: dict[str, Judged]) -> None:
    print("\n| points on a grid of 25 | mean human distance of the top 10 ÷ of random images |\n|---|---|")
    for name, one in sets.items():
        if one.points is None:
            continue
        ratios = []
        for valence in (0.1, 0.3, 0.5, 0.7, 0.9):
            for arousal in (0.2, 0.35, 0.5, 0.65, 0.8):
                distance = np.linalg.norm(one.points - [valence, arousal], axis=1)
                ratios.append(distance[top(products(one, f"va:{valence},{arousal}"))].mean() / distance.mean())
        print(f"| {name} ({len(one.rows)}) | {bootstrap_mean(np.array(ratios))} |")


def calibration(sets: dict[str, Judged]) -> None:
    print(
        "\n| printed score, cross-fitted | pairs | chance | ECE | band of a calibrated score | mean agreement of the "
        "top tenth: said / true |\n|---|---|---|---|---|---|"
    )
    folds = np.arange(5)
    for kind in KINDS:
        said, true = [], []
        chance = 0.0
        for fold in folds:
            x, y = training_pairs(sets, kind, folds[folds != fold])
            curve = fit_scores(x, y, float(y.mean()))
            chance += float(y.mean()) / len(folds)
            x, y = training_pairs(sets, kind, folds[folds == fold])
            said.append(curve(x))
            true.append(y)
        p, agreement = np.concatenate(said).astype(float), np.concatenate(true)
        generator = np.random.default_rng(0)
        # Agreement is a share of raters; a rater drawn from them says yes or no.
        right = generator.random(len(agreement)) < agreement
        low, high = perfect_calibration_band(p)
        best = p >= np.quantile(p, 0.9)
        print(
            f"| {kind} | {len(p)} | {chance:.3f} | {expected_calibration_error(p, right):.3f} | "
            f"{low:.3f} to {high:.3f} | "
            f"{p[best].mean():.3f} / {agreement[best].mean():.3f} |"
        )


def main() -> None:
    outputs = FoldOutputs()
    sets = {name: judged(outputs, name, space) for name, space in SETS.items()}
    words(sets["fi_subset"])
    examples(sets["fi_subset"])
    points(sets)
    calibration(sets)
    print("\n" + provenance(f"recipe {MODEL}", "development parts, 5 frozen folds"))


if __name__ == "__main__":
    main()
