"""The card of an encoder and its heads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve
from emoir.emotions.content import CONTENT, content_groups
from emoir.models.card import CARD, CARD_FORMAT
from emoir.models.encoder import IMAGENET_CLASSES, Encoder
from emoir.training.heads import FEATURES, Heads

ENCODER, HEADS = "encoder.onnx", "heads.onnx"

# The square of a square root of a probability. An image drawn at random shows any one thing seldom.
_STEPS = np.linspace(0, 1, 21)
AS_THE_ENCODER_SAYS = ScoreCurve(0.01, tuple(_STEPS.round(4).tolist()), tuple((_STEPS**2).round(4).tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsDescription:
    """What a card says of an encoder's heads.

    Args:
        name: of the model, without digest.
        class_names: space to its classes.
        confidence: calibration of the top class.
        licence: one line on the terms of the heads.
        notes: further entries: data, metrics.
        content: calibration of what pictures show, for an encoder with logits.
    """

    name: str
    class_names: Mapping[str, tuple[str, ...]]
    confidence: ConfidenceCurve
    licence: str
    notes: Mapping[str, object]
    content: ScoreCurve = AS_THE_ENCODER_SAYS


def write_card(folder: Path, encoder: Encoder, heads: Heads, description: HeadsDescription) -> None:
    """Write the card of an encoder and its heads, which lie in the folder already.

    Args:
        folder: of the new model.
        encoder: whose graphs lie there.
        heads: of the encoder.
        description: what the card states about the heads.
    """
    class_names, scores = dict(description.class_names), {}
    if encoder.logits is not None:
        class_names[CONTENT] = tuple(content_groups())
        scores[CONTENT] = asdict(description.content)
    card = {
        "format": CARD_FORMAT,
        "name": description.name,
        "preprocessing": {field: getattr(encoder.preprocessing, field) for field in encoder.preprocessing.__slots__},
        "encoder": {
            "file": ENCODER,
            "input": encoder.input,
            "output": encoder.features,
            "length": encoder.length + (0 if encoder.logits is None else IMAGENET_CLASSES),
            "licence": encoder.licence,
        },
        "heads": {
            "file": HEADS,
            "input": FEATURES,
            "licence": description.licence,
            "colour_and_texture": heads.numbers,
        },
        **({} if encoder.text is None else {"text": asdict(encoder.text.part)}),
        "embedding_length": heads.embedding_length(encoder.length),
        "class_names": {space: list(names) for space, names in class_names.items()},
        "confidence": asdict(description.confidence),
        "scores": scores,
        **description.notes,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
