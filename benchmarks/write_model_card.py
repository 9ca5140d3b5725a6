"""Write docs/model-card.md from the card, the committed readings and the figures: ``python benchmarks/write_model_card.py``.

Robustness and neutral pictures are measured anew; the rest comes from the committed out-of-fold readings.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import development
import neutral_pictures
import robustness
import shipped_figures
from emoir.models.card import CARD
from emoir.models.library import shipped_model_folder

OUT = Path(__file__).resolve().parents[1] / "docs" / "model-card.md"

TERMS = {
    "emotion6": ("distribution over 7, valence, arousal, search word", "academic research only"),
    "oasis": ("valence, arousal", "open access, research"),
    "fi_subset": ("8 classes, majority of 5 votes", "none stated"),
    "abstract_paintings": ("votes over 8", "scientific use only"),
}

INTRODUCTION = """# Model card: {name}

Written by `benchmarks/write_model_card.py`.

**What it is.** EmotionNet ([architecture](networks.md)), {parameters:,} parameters, input {size} × {size} px, colour and
texture planes inside the graph; {megabytes:.1f} MB a file. It reads the distribution over Mikels' eight emotions and over
Ekman's six and neutral, valence and arousal, and a 128-d embedding.

**How it was made.** It began at our own random initialisation ([commands](weights.md)). It was distilled from what two
ImageNet teachers (EfficientNet-Lite2 and MobileNet EdgeTPU, both Apache-2.0) see in {pictures:,} unrated photographs and
paintings of public repositories. Then its top learnt human ratings; the trunk stayed as it was. No weight of a teacher
is in it. The recipe was run once per fold for the figures and once on all ratings for the weights. So the figures are
of five networks, none of which is the shipped one, and say nothing of how runs vary.

**What it learnt from** (development parts of the published sets; many repositories of the unrated pictures state no
terms):

| set | images | labels | terms stated by its makers |
|---|---|---|---|
"""

MIDDLE = """
GAPED was never shown, not even unlabelled; it is for evaluation only. `training_digests.txt` lists all rated images,
and weakly labelled ones that lie beside them; the code refuses to score the model on these. The unrated pictures of
pre-training are not listed.

**Terms.** `src/emoir/weights/LICENSE`: research, teaching and personal use; commercial users are told to ask counsel or
to train weights of their own (`emoir train --from-scratch`).

## Figures

Out of fold, with 95 % intervals over images ([how](evaluate.md#intervals); OASIS over themes). Beside it stand the
teachers with a linear probe on the same folds. The intervals are not adjusted for their number. All figures:
[figures](figures.md).

"""

END = """
**Confidence** is the calibrated probability that the top Mikels class is what most raters would name. Below {unsure}
an image is called *unsure*: half of the images above it are expected to be named as most raters would. Nothing is
called neutral. On abstract paintings confidence says little: those that are named are not shown to be right more
often. Photographs and paintings have a head each for Mikels' emotions; a third one tells which it is ([calibration of
every set](figures.md#calibration)).

**Known weaknesses.** About 3,000 human-rated images, mostly photographs from Western web sites, rated by
English-speaking crowd workers. Abstract paintings number 232. Anger is rare, and classes of one polarity are often
confused. Inside GAPED's homogeneous categories little is resolved ([figures](figures.md)). Faces, texts and memes are
read by their look, not their meaning. Small things vanish at {size} px.

**Not measured.** Differences between viewers' age, gender, culture or language; any single person's feelings; images of
medical, violent or sexual content beyond what GAPED and OASIS hold.

**Do not use it** to judge the person in a picture or the person who looks at it, or to decide about people. It does not
measure what somebody feels.
"""


def printed(script: Callable[[], None]) -> str:
    """What a script prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        script()
    return text.getvalue().strip()


def main() -> None:
    folder = shipped_model_folder()
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    size = (folder / "model.onnx").stat().st_size / 1e6
    pixels = card["preprocessing"]["size"]
    parts = [
        INTRODUCTION.format(
            **card, size=pixels, megabytes=size, pictures=card["data"]["unrated pictures of pre-training"]
        )
    ]
    parts += [
        f"| {name} | {len(development.load(name)):,} | {labels} | {terms} |\n"
        for name, (labels, terms) in TERMS.items()
    ]
    parts.append(MIDDLE)
    parts.append(printed(shipped_figures.print_headlines) + "\n")
    parts.append(
        "\n## Robustness\n\nHow far a reading moves when the picture hardly changes:\n\n" + printed(robustness.main)
    )
    parts.append(
        "\n\n## Pictures without emotion\n\nScans, drawings, screenshots and grey photographs should not get loud emotions:\n\n"
        + printed(neutral_pictures.main)
        + "\n"
    )
    parts.append(END.format(size=pixels, unsure=card["confidence"]["unsure_below"]))
    OUT.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
