"""Whether words that differ give pictures that differ, out of fold: ``python benchmarks/search_distinct.py``.

Forty-seven words that people type are put to a set, and the first 20 images of each are taken. Counted: how many of
these images differ. Of every pair of words: how many of their 20 images both have. Beside it stands the order that the
raters' own shares give, with the same words and the same rule: where raters use the same few emotions for two words,
the pictures are the same. A trial counts the word's own valence and arousal beside its emotions. Precision: the share
of raters who name what the word means.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cross_fit import MODEL, FoldOutputs
from emoir.emotions.lexicon import lexicon
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.search.terms.point import point_component
from emoir.search.terms.words import concept_component
from search_agreement import LAYOUT, SETS, Judged, judged, word_agreement
from search_quality import top

WORDS = (
    *("awe", "wonder", "majestic", "joy", "happy", "cheerful", "playful", "funny", "excitement", "thrilling"),
    *("adventurous", "energetic", "contentment", "calm", "peaceful", "serene", "cozy", "love", "romantic", "tender"),
    *("hopeful", "nostalgic", "dreamy", "lonely", "sad", "melancholy", "gloomy", "grief", "desperate", "fear", "scary"),
    *("eerie", "anxious", "tense", "anger", "furious", "aggressive", "disgust", "gross", "bored"),
    *("宁静", "温馨", "孤独", "敬畏", "欢乐", "恐惧", "忧伤"),
)
FIRST = 20
APART = 0.25
"""Two words are apart where raters' order shares no more than this of the first images."""


def firsts(one: Judged, words: tuple[str, ...], *, by_raters: bool) -> list[NDArray[np.intp]]:
    """The first images of each word, by the readings or by the raters' shares."""
    if by_raters:
        shares = np.sqrt(one.shares)
        return [top(shares @ np.sqrt(lexicon()[word].distributions[one.space]), FIRST) for word in words]
    return [top(one.rows @ concept_component(lexicon()[word], LAYOUT).vector, FIRST) for word in words]


def firsts_with_place(one: Judged, words: tuple[str, ...]) -> list[NDArray[np.intp]]:
    """The same where the word's own valence and arousal count as much as its emotions: a trial."""
    found = []
    for word in words:
        concept = lexicon()[word]
        vector = concept_component(concept, LAYOUT).vector
        if concept.valence is not None and concept.arousal is not None:
            vector = vector + point_component(concept.valence, concept.arousal, LAYOUT).vector
        found.append(top(one.rows @ vector, FIRST))
    return found


def overlaps(found: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Of every pair of words, the share of their first images that both have."""
    return np.array([len(np.intersect1d(one, other)) / FIRST for one, other in combinations(found, 2)])


def main() -> None:
    outputs = FoldOutputs()
    print(
        f"| {len(WORDS)} words, {FIRST} images of each | distinct | of | in common, pairs that raters keep apart "
        "| precision | chance |"
    )
    print("|---|---|---|---|---|---|")
    for name, space in SETS.items():
        if not space:
            continue
        one = judged(outputs, name, space)
        words = tuple(word for word in WORDS if space in lexicon()[word].distributions)
        raters = firsts(one, words, by_raters=True)
        apart = overlaps(raters) <= APART
        chance = np.mean([word_agreement(one, word).mean() for word in words])
        orders = {
            "emoir": firsts(one, words, by_raters=False),
            "with the word's place in the plane": firsts_with_place(one, words),
            "the raters' own order": raters,
        }
        for title, found in orders.items():
            distinct = len(np.unique(np.concatenate(found)))
            precision = np.array(
                [word_agreement(one, word)[rows].mean() for word, rows in zip(words, found, strict=True)]
            )
            print(
                f"| {name} ({len(one.rows)}), {title} | {distinct} | {len(words) * FIRST} "
                f"| {overlaps(found)[apart].mean():.3f} | {mean_interval(precision)} | {chance:.3f} |"
            )
    print("\n" + provenance(f"recipe {MODEL}", "development parts, 5 frozen folds"))


if __name__ == "__main__":
    main()
