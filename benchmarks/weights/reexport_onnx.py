"""Write the shipped model's graph anew from its weights.

    PYTHONPATH=benchmarks python benchmarks/weights/reexport_onnx.py

For when planes or network compute the same in another way. The model's id changes with the graph. If readings are the
same as before, to a millionth, the id of before joins the earlier ones, so that indexes go on; otherwise nothing is
written.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from emoir.emotions import EmotionReadings
from emoir.images.decode import decode
from emoir.models.card import CARD, GRAPH, TRAINING_DIGESTS
from emoir.models.model import Model
from emoir.training.export import load_network, write_graph
from photographs import photographs

SAME = 1e-6
WEIGHTS = Path(__file__).resolve().parents[2] / "src" / "emoir" / "weights"


def largest_difference(first: EmotionReadings, second: EmotionReadings) -> float:
    """Of any share, point or number of the embedding."""
    pairs = [(first.embeddings, second.embeddings), (first.valence, second.valence), (first.arousal, second.arousal)]
    pairs += [(shares, second.distributions[space]) for space, shares in first.distributions.items()]
    return max(float(abs(ours - theirs).max()) for ours, theirs in pairs)


def main() -> None:
    before = Model(WEIGHTS)
    card = json.loads((WEIGHTS / CARD).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_graph(load_network(WEIGHTS), folder / GRAPH, card["temperatures"])
        card["earlier_ids"] = [*card["earlier_ids"], before.id]
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        shutil.copy(WEIGHTS / TRAINING_DIGESTS, folder)
        after = Model(folder)
        pixels = np.stack([decode(file, size=before.card.size).pixels for file in photographs(60)])
        apart = largest_difference(before.read_pixels(pixels), after.read_pixels(pixels))
        if apart > SAME:
            raise SystemExit(f"readings of {len(pixels)} photographs differ by up to {apart:.1e}: nothing was written")
        for file in (GRAPH, CARD):
            shutil.copyfile(folder / file, WEIGHTS / file)
    print(f"{before.id} is now {after.id}; readings of {len(pixels)} photographs differ by {apart:.1e} at most")


if __name__ == "__main__":
    main()
