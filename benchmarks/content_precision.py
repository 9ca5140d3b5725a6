"""What pictures show: answers to everyday words, judged by object and scene labels.

    python benchmarks/content_precision.py --encoder FOLDER

FOLDER holds EfficientNet-Lite2 as ``emoir.models.efficientnet`` writes it. A word is judged where a set has at least 20
images of it: an answer is right if its label is one that the word names. All other images of the two sets are wrong
answers, so a word is not judged where a set shows the thing under another label.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.special import softmax

import development
from emoir.emotions.content import CONTENT, content_groups, content_matrix, content_words
from emoir.evaluate.provenance import provenance
from emoir.index.layout import RowLayout
from emoir.models.encoder import find_encoder
from emoir.search.terms.content import content_component
from emoir.training.embeddings import embed_files
from emoir.training.heads_card import AS_THE_ENCODER_SAYS

KEPT_IN = Path(__file__).resolve().parents[1] / "runs" / "embeddings"
FIRST = 20
SCENES_OF_EACH = 100
HEAD = "right among the first 20 | right among all that is shown | shown of all that is right"
CALTECH, SCENES = "photos_caltech101", "photos_intel_scenes"
# Word to the labels that it names.
JUDGED = {
    "accordion": ("accordion",),
    "airplane": ("airplanes",),
    "bird": ("emu", "flamingo", "flamingo_head", "ibis", "pigeon", "rooster"),
    "camera": ("camera",),
    "chair": ("chair", "windsor_chair"),
    "computer": ("laptop",),
    "cougar": ("cougar_body", "cougar_face"),
    "crocodile": ("crocodile", "crocodile_head"),
    "dog": ("dalmatian", "snoopy"),
    "dragonfly": ("dragonfly",),
    "elephant": ("elephant",),
    "butterfly": ("butterfly",),
    "food": ("pizza", "strawberry"),
    "flamingo": ("flamingo", "flamingo_head"),
    "football": ("soccer_ball",),
    "gun": ("revolver",),
    "insect": ("ant", "butterfly", "dragonfly", "mayfly"),
    "kangaroo": ("kangaroo",),
    "leopard": ("Leopards",),
    "llama": ("llama",),
    "lobster": ("lobster", "crayfish"),
    "motorcycle": ("Motorbikes",),
    "mountain": ("mountain", "glacier"),
    "musical instrument": ("accordion", "electric_guitar", "euphonium", "grand_piano", "mandolin", "saxophone"),
    "nautilus": ("nautilus",),
    "piano": ("grand_piano",),
    "pizza": ("pizza",),
    "sailboat": ("schooner", "ketch"),
    "scorpion": ("scorpion",),
    "sea": ("sea",),
    "starfish": ("starfish",),
    "trilobite": ("trilobite",),
    "turtle": ("hawksbill",),
    "umbrella": ("umbrella",),
    "watch": ("watch",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    encoder = find_encoder(parser.parse_args().encoder)
    labels, logits = [], []
    for name, space in ((CALTECH, "object"), (SCENES, "scene")):
        table = development.load(name)
        classes = table.classes[space]
        rows = np.flatnonzero(classes >= 0)
        if name == SCENES:
            rows = np.sort(
                np.concatenate([rows[classes[rows] == one][:SCENES_OF_EACH] for one in np.unique(classes[rows])])
            )
        embedded = embed_files([table.paths[row] for row in rows.tolist()], encoder, folder=KEPT_IN)
        assert embedded.logits is not None
        logits.append(embedded.logits)
        labels += [table.class_names[space][classes[row]] for row in rows]
    named = np.array(labels)
    layout = RowLayout({CONTENT: tuple(content_groups())})
    fits = np.sqrt(softmax(np.concatenate(logits).astype(np.float64), axis=1) @ content_matrix())
    print(f"| word | images | {HEAD} | shown |\n|---|---|---|---|---|---|")
    found = []
    for word, right in JUDGED.items():
        relevant = np.isin(named, right)
        if relevant.sum() < FIRST:
            continue
        component = content_component(content_words()[word], layout)
        curves = {CONTENT: AS_THE_ENCODER_SAYS}
        raw_scores = np.minimum(fits @ component.vector[layout.distribution(CONTENT)], 1).astype(np.float32)
        score = component.agreement(raw_scores, curves)
        first = relevant[np.argsort(-score, kind="stable")[:FIRST]].mean()
        least = component.least_agreement(curves)
        assert least is not None
        shown = score >= least
        right = (relevant & shown).sum()
        found.append((first, right / max(shown.sum(), 1), right / relevant.sum()))
        cells = " | ".join(f"{value:.2f}" for value in found[-1])
        print(f"| {word} | {relevant.sum()} | {cells} | {shown.sum()} |")
    cells = " | ".join(f"{value:.3f}" for value in np.mean(found, axis=0))
    print(f"\n| mean of | {HEAD} |\n|---|---|---|---|\n| {len(found)} words, {len(named):,} images | {cells} |")
    print("\n" + provenance("Caltech-101 and Intel scenes, development parts", f"{SCENES_OF_EACH} images per scene"))


if __name__ == "__main__":
    main()
