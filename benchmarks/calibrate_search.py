"""Fit how searches are calibrated anew, without new weights: ``python benchmarks/calibrate_search.py``.

Replaces the curves in the shipped model's card by curves fitted on the committed out-of-fold readings. An index takes
them over when its folders are indexed again; no image is read for it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from cross_fit import FoldOutputs
from search_agreement import KINDS, SETS, fit_curve, judged, questions

CARD = Path(__file__).resolve().parents[1] / "src" / "emoir" / "weights" / "card.json"


def main() -> None:
    outputs = FoldOutputs()
    sets = {name: judged(outputs, name, space) for name, space in SETS.items()}
    card = json.loads(CARD.read_text(encoding="utf-8"))
    card["scores"] = {kind: asdict(fit_curve(questions(sets, kind))) for kind in KINDS}
    CARD.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
