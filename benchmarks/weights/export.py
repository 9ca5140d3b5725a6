"""Calibrate and export the weights that emoir ships, and keep the out-of-fold readings that its figures come from.

    PYTHONPATH=benchmarks python benchmarks/weights/export.py --run runs/shipped --out src/emoir/weights

Run after weights/fine_tune.py for all folds and for ``all``. Temperatures, confidence and the calibration of search
are fitted on the readings of images by networks that had not learnt from them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

import development
from cross_fit import MODEL, FoldOutputs, collect
from emoir.emotions import EKMAN, MIKELS
from emoir.networks import EmotionNet
from emoir.training.calibrate import fit_confidence
from emoir.training.export import ModelDescription, export_model
from search_agreement import KINDS, fit_curve, judged, questions
from search_agreement import SETS as JUDGED
from weights.cut_views import CROPS, unrated_paths
from weights.fine_tune import FINE_TUNING, SETS, read_images
from weights.pretrain import STAGES, network_config

LICENCE = "research use; see LICENSE beside the weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--out", type=Path, default=Path("src/emoir/weights"))
    arguments = parser.parse_args()
    trained = EmotionNet(network_config({"keyword6": len(development.KEYWORDS)}))
    trained.load_state_dict(torch.load(arguments.run / "network-all.pt", weights_only=True))
    gaped = development.load("gaped").paths
    collect(arguments.run, read_images(trained.eval(), arguments.run, "gaped", gaped))
    outputs = FoldOutputs()
    temperatures = {space: outputs.temperature(space) for space in ("mikels", "ekman")}
    logits, target = outputs.labelled("mikels")
    shares = softmax(logits / temperatures["mikels"], axis=1)
    # Where raters tie, any of their favourites is right.
    right = target[np.arange(len(shares)), shares.argmax(axis=1)] >= target.max(axis=1) - 1e-9
    confidence = fit_confidence("mikels", shares.max(axis=1), right)
    print(f"calibrated on {len(right)} out-of-fold readings; top class right in {right.mean():.3f}; {temperatures}")
    sets = {name: judged(outputs, name, space) for name, space in JUDGED.items()}
    scores = {kind: fit_curve(questions(sets, kind)) for kind in KINDS}
    rated = {name: len(development.load(name)) for name in SETS}
    paths = [path for name in SETS for path in development.load(name).paths]
    export_model(
        trained.without_training_heads().eval(),
        arguments.out,
        ModelDescription(
            name=MODEL,
            class_names={"mikels": MIKELS.names, "ekman": EKMAN.names},
            temperatures=temperatures,
            confidence=confidence,
            licence=LICENCE,
            trained_on=[*paths, *unrated_paths()],
            scores=scores,
            notes={
                "version": "0.4.0",
                "data": {
                    "human-rated": rated,
                    "weakly labelled or unlabelled": {name: len(development.load(name)) for name in development.WEAK},
                    "never shown": ["gaped"],
                },
                "pretraining": {
                    "stages": [{"size": stage.size, "epochs": stage.epochs} for stage in STAGES],
                    "views of an image": 1 + CROPS,
                    "seed": STAGES[0].training.seed,
                },
                "fine-tuning": {"epochs": FINE_TUNING.epochs, "seed": FINE_TUNING.seed},
                "calibrated on": "readings of five networks, each of the fifth that it had not learnt from",
                "colour and texture planes in the graph": True,
            },
        ),
    )


if __name__ == "__main__":
    main()
