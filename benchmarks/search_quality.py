"""How good searches are, against human labels, out of fold: ``python benchmarks/search_quality.py``.

Rows as an index would hold them, each by a network that had not learnt from the image; calibration of a fold's scores
fitted on the other folds. Words: the eight emotions and, for each, words of the lexicon that mean mostly it. Examples:
every image once, against the other images of its fold (embeddings of different networks cannot be compared), and
without the embedding against all. Points: a grid of valence 0.1 to 0.9 and arousal 0.2 to 0.8.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import development
import kept_readings
from cross_fit import MODEL, TEACHERS, FoldOutputs
from emoir.emotions import MIKELS
from emoir.emotions.lexicon import lexicon
from emoir.evaluate import mean_interval
from emoir.evaluate.calibration import expected_calibration_error, perfect_calibration_band
from emoir.evaluate.intervals import Estimate, Influence
from emoir.evaluate.leave_out import precision_without, retrieval_influence
from emoir.evaluate.provenance import provenance
from emoir.evaluate.retrieval import precision_at, rank_by
from emoir.search.find import best_first
from emoir.search.terms.example import EMBEDDING_COUNTS, EXAMPLE_POWER
from search_agreement import (
    KINDS,
    LAYOUT,
    SETS,
    Judged,
    Question,
    fit_curve,
    judged,
    products,
    questions,
    word_agreement,
)

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
        print(f"| {title} | {mean_interval(np.array(values))} | {chance} |")
    print("| one by one: " + ", ".join(f"{n} {v:.1f}" for n, v in zip(MIKELS.names, names, strict=True)) + " | | |")


def examples(fi: Judged) -> None:
    """Beside the ranking of emoir, the one by whole distributions (Bhattacharyya), which it replaced."""
    n = len(fi.rows)
    pooled, whole, inside = np.zeros((3, n, n))
    roots = fi.rows[:, LAYOUT.distribution("mikels")]
    for row in range(len(fi.rows)):
        scores = products(fi, f"id:{row}")
        inside[row] = scores
        # Rows of other networks: the part of the score that comes from the embedding is left out.
        cosine = fi.readings.embeddings @ fi.readings.embeddings[row]
        pooled[row], whole[row] = scores - EMBEDDING_COUNTS * (cosine / 2 + 0.5), roots @ roots[row]
    same = fi.shares @ fi.shares.T
    chance = f"{(fi.shares.sum(axis=0) * (fi.shares.sum(axis=0) - 1)).sum() / len(fi.rows) / (len(fi.rows) - 1):.3f}"
    print(f"\n| example images, FI part ({len(fi.rows)}) | P@10 | chance |\n|---|---|---|")
    folds = [np.flatnonzero(fi.folds == fold) for fold in np.unique(fi.folds)]
    of_folds = [(inside[rows][:, rows], same[rows][:, rows]) for rows in folds]
    print(f"| against all, by classes and point | {example_precision([(pooled, same)])} | {chance} |")
    print(f"| against all, by likeness of Mikels' distributions | {example_precision([(whole, same)])} | {chance} |")
    print(f"| inside the fold, with the embedding | {example_precision(of_folds)} | {chance} |")
    shares = teachers()
    weights = shares**EXAMPLE_POWER / (shares**EXAMPLE_POWER).sum(axis=1, keepdims=True)
    scores = weights @ np.sqrt(shares).T
    title = "against all, by Mikels' classes, read by probes on the teachers"
    print(f"| {title} | {example_precision([(scores, same)])} | {chance} |")


def example_precision(parts: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> Estimate:
    """P@10 of every image's search for its like inside each part; every image is both query and answer."""
    found = []
    for scores, gains in parts:
        ranking = rank_by(scores, gains)
        found.append(
            retrieval_influence(
                ranking, lambda each: precision_at(each, TOP), lambda each: precision_without(each, TOP)
            )
        )
    images = np.concatenate([one.images + one.value for one in found])
    value = float(np.average([one.value for one in found], weights=[len(one.images) for one in found]))
    return Influence(value=value, images=images - value).estimate(low=0, high=1)


def teachers() -> NDArray[np.float64]:
    """What linear probes on the teachers say of the FI part, out of fold, in the order of its table."""
    stored = kept_readings.load_arrays("fi_subset", TEACHERS)
    place = {digest: row for row, digest in enumerate(stored["digests"].tolist())}
    _, folds = development.folds("fi_subset")
    return np.asarray(stored["p_mikels"][[place[digest] for digest in folds.digests]], np.float64)


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
        print(f"| {name} ({len(one.rows)}) | {mean_interval(np.array(ratios))} |")


def calibration(sets: dict[str, Judged]) -> None:
    print(
        "\n| printed score, cross-fitted | questions | ECE of all pairs | ECE of drawn pairs | "
        "band of a calibrated score | mean agreement: said / true | of the ten best: said / true |\n"
        "|---|---|---|---|---|---|---|"
    )
    folds = np.arange(5)
    for kind in KINDS:
        images = sum(
            len(one.rows) for one in sets.values() if (one.points is not None if kind == "point" else one.names)
        )
        asked: list[tuple[Question, NDArray[np.float32]]] = []
        for fold in folds:
            curves = {kind: fit_curve(questions(sets, kind, folds[folds != fold]))}
            held_out = questions(sets, kind, folds[folds == fold])
            asked += [(question, question.part.agreement(question.raw_scores, curves)) for question in held_out]
        for intensity in dict.fromkeys(question.intensity for question, _ in asked):
            chosen = [(question, predicted) for question, predicted in asked if question.intensity == intensity]
            p = np.concatenate([predicted for _, predicted in chosen]).astype(float)
            agreement = np.concatenate([question.agreement for question, _ in chosen])
            generator = np.random.default_rng(0)
            # Agreement is a share of raters; a rater drawn from them says yes or no.
            right = generator.random(len(agreement)) < agreement
            # Pairs that share an image are not independent: the band holds for about one pair an image.
            drawn = generator.choice(len(p), min(images, len(p)), replace=False)
            low, high = perfect_calibration_band(p[drawn])
            best = [(top(predicted), question, predicted) for question, predicted in chosen]
            tops = np.mean(
                [(predicted[ten].mean(), question.agreement[ten].mean()) for ten, question, predicted in best], axis=0
            )
            title = f"{intensity} {kind.split()[0]}".strip()
            print(
                f"| {title} | {len(chosen)} | {expected_calibration_error(p, right):.3f} | "
                f"{expected_calibration_error(p[drawn], right[drawn]):.3f} | {low:.3f} to {high:.3f} | "
                f"{p.mean():.3f} / {agreement.mean():.3f} | {tops[0]:.3f} / {tops[1]:.3f} |"
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
