"""Calibrate and export the weights that emoir ships, and keep the out-of-fold readings that its figures come from.

    cd benchmarks && python -m weights.export --run RUN --log LOG …

RUN holds what ``weights/fine_tune.py`` left; LOG is the log of pre-training and of its cool-down. Temperatures,
confidence and the calibration of search are fitted on the readings of images by networks that had not learnt from them.
Listed as learnt from are the images of the development sets; the other unrated pictures are named by their repository
in ``weights/sources.py``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import development
from cross_fit import BY_BOTH, MODEL, FoldOutputs, collect
from emoir.emotions import EKMAN, MIKELS
from emoir.evaluate.distributions import favourite_named
from emoir.training.calibrate import fit_confidence
from emoir.training.export import DOMAIN, ModelDescription, export_model
from probes import shares_of
from search_agreement import KINDS, fit_curve, judged, questions
from search_agreement import SETS as JUDGED
from weights.examples import SETS
from weights.fine_tune import CHOSEN
from weights.pretrained import pretrained
from weights.top import OF_PAINTINGS

LICENCE = "research use; see LICENSE beside the weights"
OUT = Path(__file__).resolve().parents[2] / "src" / "emoir" / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the networks' readings")
    parser.add_argument("--log", type=Path, nargs="+", required=True, help="logs of pre-training, the last one last")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    collect(arguments.run / "readings.npz")
    outputs = FoldOutputs()
    temperatures = {space: outputs.temperatures(space) for space in ("mikels", "ekman")}
    top, right = [], []
    for name in BY_BOTH:
        answers = outputs.answers(name, "mikels")
        table = development.load(name)
        # Where raters tie, any of their favourites is right.
        named = favourite_named(shares_of(table, "mikels", np.arange(len(table)))[0], answers.argmax(axis=1)) == 1
        top.append(answers.max(axis=1))
        right.append(named)
    confidence = fit_confidence("mikels", np.concatenate(top), np.concatenate(right))
    rated = np.concatenate(right)
    print(f"calibrated on {len(rated)} out-of-fold readings; top class right in {rated.mean():.3f}; {temperatures}")
    sets = {name: judged(outputs, name, space) for name, space in JUDGED.items()}
    scores = {kind: fit_curve(questions(sets, kind)) for kind in KINDS}
    records = [json.loads(line) for file in arguments.log for line in file.read_text(encoding="utf-8").splitlines()]
    trained = pretrained(arguments.run / "network.safetensors")
    heads = {space: size for space, size in trained.config.distributions.items() if space != "keyword6"}
    assert set(heads) == {"mikels", "ekman", OF_PAINTINGS, DOMAIN}
    export_model(
        trained.with_heads(heads).eval(),
        arguments.out,
        ModelDescription(
            name=MODEL,
            class_names={"mikels": MIKELS.names, "ekman": EKMAN.names},
            temperatures=temperatures,
            confidence=confidence,
            licence=LICENCE,
            trained_on=[path for name in (*SETS, *development.WEAK) for path in development.load(name).paths],
            scores=scores,
            notes={
                "version": "0.5.0",
                "data": {
                    "human-rated": {name: len(development.load(name)) for name in SETS},
                    "unrated pictures of pre-training": records[-1]["pictures"],
                    "never shown": ["gaped"],
                },
                "pretraining": {
                    "views": records[-1]["views"],
                    "sizes": sorted({record["size"] for record in records}),
                    "agreement with the teachers on new pictures": records[-1]["new"],
                },
                "fine-tuning": {"epochs": CHOSEN.epochs, "runs averaged": CHOSEN.seeds},
                "calibrated on": "readings of five networks, each of the fifth that it had not learnt from",
                "colour and texture planes in the graph": True,
            },
        ),
    )


if __name__ == "__main__":
    main()
