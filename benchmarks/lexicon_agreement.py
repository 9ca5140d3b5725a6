"""How far a second, blind rating of 100 words of each language agrees with the lexicon.

    python benchmarks/lexicon_agreement.py

The words were drawn at random (seed 2026); the second rater saw the words and the scale
(benchmarks/lexicon/RATING.md), not the first ratings. Both raters are language models working by the same
instructions, so this bounds carelessness, not the difference between people.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.emotions.lexicon import LANGUAGES, lexicon, read_lexicon_lines
from emoir.evaluate.regression import correlation

FOLDER = Path(__file__).resolve().parent / "lexicon"


def main() -> None:
    print("| language | words | valence r | arousal r | Mikels fidelity (shuffled) | same top: Mikels | Ekman |")
    print("|---|---|---|---|---|---|---|")
    for language in LANGUAGES:
        file = FOLDER / f"rerated_{language}.tsv"
        second = dict(read_lexicon_lines(file.read_text(encoding="utf-8").splitlines(), file.name))
        first = {word: lexicon()[word] for word in second}
        valence = [np.array([c.valence for c in side.values()], dtype=float) for side in (first, second)]
        arousal = [np.array([c.arousal for c in side.values()], dtype=float) for side in (first, second)]
        cells = [str(len(second)), str(correlation(*valence)), str(correlation(*arousal))]
        for space in ("mikels", "ekman"):
            pairs = [
                (first[word].distributions[space], second[word].distributions[space])
                for word in second
                if space in first[word].distributions and space in second[word].distributions
            ]
            one, other = (np.array(side) for side in zip(*pairs, strict=True))
            if space == "mikels":
                shuffled = np.sqrt(one * np.roll(other, 1, axis=0)).sum(axis=1).mean()
                cells.append(f"{np.sqrt(one * other).sum(axis=1).mean():.3f} ({shuffled:.3f})")
            cells.append(f"{(one.argmax(axis=1) == other.argmax(axis=1)).mean():.2f}")
        print(f"| {language} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
