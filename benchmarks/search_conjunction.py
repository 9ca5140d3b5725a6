"""Both of two words, human labels, out of fold: ``python benchmarks/search_conjunction.py``.

For pairs of words, the first ten images of Emotion6 by three rules over the same calibrated components: the mean, which
is what ``awe + fear`` asks; the smaller; the product, which is what ``awe & fear`` asks. An image is as good an answer
as the smaller of two shares of raters: those who name what the first word means, and those who name what the second
means. Calibration is fitted on the other sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cross_fit import MODEL, FoldOutputs
from emoir.emotions import EKMAN
from emoir.emotions.calibration import ScoreCurve
from emoir.emotions.lexicon import lexicon
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.search.terms.words import concept_component
from search_agreement import LAYOUT, SETS, Judged, fit_curve, judged, questions, word_agreement
from search_quality import top

PAIRS = 400
KIND = "words by gain"
Pair = tuple[str, str]
Scores = NDArray[np.float32]
RULES: dict[str, Callable[[Scores, Scores], Scores]] = {
    "mean (`+`)": lambda first, second: (first + second) / np.float32(2),
    "the smaller": np.minimum,
    "product (`&`)": lambda first, second: first * second,
}


def pairs_of_words() -> list[Pair]:
    """Pairs of words, drawn at random, that mean mostly two different emotions other than neutral."""
    main = {}
    for word, concept in lexicon().items():
        probabilities = concept.distributions.get("ekman")
        if (
            probabilities is not None
            and probabilities.max() >= 0.6
            and EKMAN.names[probabilities.argmax()] != "neutral"
        ):
            main[word] = int(probabilities.argmax())
    words, generator = np.array(list(main)), np.random.default_rng(0)
    pairs: list[Pair] = []
    while len(pairs) < PAIRS:
        first, second = generator.choice(words, 2, replace=False).tolist()
        if main[first] != main[second]:
            pairs.append((first, second))
    return pairs


def row(title: str, pairs: Sequence[Pair], one: Judged, curve: ScoreCurve) -> str:
    """A line of the table: what the first ten of each rule are worth, and of the best and of random images."""
    calibrated = {}
    for word in {word for pair in pairs for word in pair}:
        component = concept_component(lexicon()[word], LAYOUT)
        calibrated[word] = component.agreement(one.rows @ component.vector, {KIND: curve})
    worth = {pair: np.minimum(*(word_agreement(one, word) for word in pair)) for pair in pairs}
    cells = [
        mean_interval(
            np.array([worth[pair][top(rule(calibrated[pair[0]], calibrated[pair[1]]))].mean() for pair in pairs])
        )
        for rule in RULES.values()
    ]
    best = np.mean([values[top(values)].mean() for values in worth.values()])
    chance = np.mean([values.mean() for values in worth.values()])
    return f"| {title} | {' | '.join(map(str, cells))} | {chance:.3f} | {best:.3f} |"


def main() -> None:
    outputs = FoldOutputs()
    others = {name: judged(outputs, name, space) for name, space in SETS.items() if name != "emotion6"}
    curve = fit_curve(questions(others, KIND))
    one = judged(outputs, "emotion6", "ekman")
    names = [name for name in EKMAN.names if name != "neutral"]
    print(
        f"| Emotion6 ({len(one.rows)}), the smaller share of raters, first ten | {' | '.join(RULES)} | chance | best |"
    )
    print("|---|---|---|---|---|---|")
    print(row("the 15 pairs of its emotions", list(combinations(names, 2)), one, curve))
    print(row(f"{PAIRS} pairs of other words", pairs_of_words(), one, curve))
    print("\n" + provenance(f"recipe {MODEL}", "development part, 5 frozen folds"))


if __name__ == "__main__":
    main()
