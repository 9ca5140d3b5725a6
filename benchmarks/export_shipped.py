"""Calibrate and export the weights that emoir ships.

    python benchmarks/export_shipped.py --run runs/shipped --out src/emoir/weights

Run after train_shipped.py. Temperatures and the confidence curve are fitted on the held-out fifth of the
human-rated images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import development
from emoir.emotions import EKMAN, MIKELS
from emoir.images import decode
from emoir.networks import EmotionNet
from emoir.training.calibrate import fit_confidence, fit_temperature
from emoir.training.export import export_model
from emoir.training.targets import join_targets
from train_shipped import (
    CACHE_SIZE,
    CLASSES,
    DISTRIBUTIONS,
    FINE_TUNING,
    PRETRAINING,
    SIZE,
    build_network,
    training_tables,
)

LICENCE = "research use; see LICENSE beside the weights"
HELD_OUT = ("emotion6", "fi_subset", "abstract_paintings")


def logits(network: EmotionNet, paths: list[Path]) -> dict[str, np.ndarray]:
    pixels = np.stack([decode(path, size=SIZE).pixels for path in paths])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        outputs = [network(part).heads for part in torch.split(images, 64)]
    return {space: torch.cat([output[space] for output in outputs]).numpy() for space in DISTRIBUTIONS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--out", type=Path, default=Path("src/emoir/weights"))
    arguments = parser.parse_args()
    human, tables = training_tables()
    targets = join_targets(tables, DISTRIBUTIONS, CLASSES)
    trained = build_network(targets, tables)
    trained.load_state_dict(torch.load(arguments.run / "network.pt", weights_only=True))
    network = trained.without_training_heads().eval()

    held_out = [development.held_out_part(name) for name in HELD_OUT]
    answers = logits(network, [path for table in held_out for path in table.paths])
    truth = join_targets(held_out, DISTRIBUTIONS, [])
    temperatures, confidence = {}, None
    for space in DISTRIBUTIONS:
        target = truth.distributions[space].numpy()
        rated = ~np.isnan(target).any(axis=1)
        temperatures[space] = fit_temperature(answers[space][rated], target[rated])
        if space == "mikels":
            scaled = answers[space][rated] / temperatures[space]
            shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            # Where raters tie, any of their favourites is right.
            best = target[rated].max(axis=1)
            right = target[rated][np.arange(len(shares)), shares.argmax(axis=1)] >= best - 1e-9
            confidence = fit_confidence(space, shares.max(axis=1), right)
            print(f"calibrated on {rated.sum()} held-out images, top class right in {right.mean():.3f}")
    print("temperatures", temperatures)
    assert confidence is not None
    export_model(
        network,
        arguments.out,
        name="emoir-0.1",
        class_names={"mikels": MIKELS.names, "ekman": EKMAN.names},
        temperatures=temperatures,
        confidence=confidence,
        licence=LICENCE,
        learnt_from=[path for table in tables for path in table.paths],
        facts={
            "version": "0.1.0",
            "data": {
                "human-rated, four fifths": {table.name: len(table) for table in human},
                "weakly labelled or unlabelled": {table.name: len(table) for table in tables[len(human) :]},
                "held out": {table.name: len(table) for table in held_out},
                "never shown": ["gaped"],
            },
            "pixels cached at": CACHE_SIZE,
            "pretraining epochs": PRETRAINING.epochs,
            "fine-tuning epochs": FINE_TUNING.epochs,
            "seed": PRETRAINING.seed,
            "colour and texture planes in the graph": True,
        },
    )


if __name__ == "__main__":
    main()
