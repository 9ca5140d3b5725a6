"""ModelCard: the description in a model's folder, checked key by key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve
from emoir.errors import ModelError
from emoir.files import open_regular
from emoir.models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from emoir.models.card_file import CardFile

GRAPH, CARD, WEIGHTS, TRAINING_DIGESTS, TRAINING_HASHES, LICENCE = (
    "model.onnx",
    "card.json",
    "network.safetensors",
    "training_digests.txt",
    "training_hashes.bin",
    "LICENSE",
)
CARD_FORMAT = 2
# A card of more bytes is none.
LARGEST_CARD = 4_000_000
EMBEDDING_LENGTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPart:
    """One of the graphs of a model.

    Args:
        file: its name in the folder.
        input: name of its only input.
        licence: one line on its terms.
        output: name of the one output that is read; None if the outputs are those of ``ModelCard.outputs``.
        length: numbers of that output per image; None likewise.
        colour_and_texture: of heads: whether they take the 90 numbers of colour and texture behind the embedding.
    """

    file: str
    input: str
    licence: str
    output: str | None = None
    length: int | None = None
    colour_and_texture: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """The text tower of a model: its embeddings of phrases compare with the model's embeddings of images.

    Args:
        file: name of the graph in the folder.
        tokenizer: name of the tokenizer's file.
        inputs: name of each input to its type: ``int32`` or ``int64``.
        output: name of the one output that is read.
        licence: one line on its terms.
        sha256: of the graph's file and, behind it, the tokenizer's, in hexadecimal; None if the card does not say.
    """

    file: str
    tokenizer: str
    inputs: dict[str, str]
    output: str
    licence: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What the code needs of a model's card; the card itself holds more, for people.

    Args:
        name: short name, without the digest.
        preprocessing: what the encoder takes.
        encoder: the graph that takes pixels. Without heads, it gives all the outputs.
        heads: a second graph, from the encoder's output to the outputs; None where both are one.
        text: the text tower; None where the model takes no words.
        embedding_length: numbers of the embedding by which images are compared.
        class_names: space name to its classes, in the order of the outputs.
        confidence: the calibration of the top class.
        scores: calibration of search per kind of query; empty where none was fitted.
        earlier_ids: under which the same readings were stored before.
    """

    name: str
    preprocessing: Preprocessing
    encoder: GraphPart
    heads: GraphPart | None
    text: TextPart | None = None
    embedding_length: int
    class_names: dict[str, tuple[str, ...]]
    confidence: ConfidenceCurve
    scores: dict[str, ScoreCurve]
    earlier_ids: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Side of the square that the encoder takes, in pixels."""
        return self.preprocessing.size

    @property
    def graphs(self) -> tuple[GraphPart, ...]:
        """The graphs, in the order in which they run."""
        return (self.encoder,) if self.heads is None else (self.encoder, self.heads)

    @property
    def licence(self) -> str:
        """The terms of encoder and heads, in one line."""
        return "; ".join(dict.fromkeys(graph.licence for graph in self.graphs))

    @property
    def outputs(self) -> dict[str, int]:
        """Names of what the last graph gives, and how many numbers per image."""
        lengths = {space: len(names) for space, names in self.class_names.items()}
        return {"embedding": self.embedding_length, "valence_arousal": 2, **lengths}

    @classmethod
    def load(cls, file: Path) -> ModelCard:
        """Read a card.

        Raises:
            ModelError: if there is none, it was written by a newer emoir, or a key is missing or wrong; the message
                names the key.
        """
        # Half of a card's loading time: commands that need no model do without.
        from emoir.models.card_file import parse_card

        checked = parse_card(read_card(file), file)
        return cls(
            name=checked.name,
            preprocessing=Preprocessing(**checked.preprocessing.model_dump()),
            encoder=GraphPart(**checked.encoder.model_dump()),
            heads=None if checked.heads is None else GraphPart(**checked.heads.model_dump()),
            text=None if checked.text is None else TextPart(**checked.text.model_dump()),
            embedding_length=checked.embedding_length,
            class_names=checked.class_names,
            **_curves(checked, file),
            earlier_ids=checked.earlier_ids,
        )


def _curves(checked: CardFile, file: Path) -> dict[str, Any]:
    key = "confidence"
    try:
        confidence = ConfidenceCurve(**checked.confidence.model_dump())
        scores = {}
        for kind, curve in checked.scores.items():
            key = f"scores.{kind}"
            scores[kind] = ScoreCurve(**curve.model_dump())
    except ModelError as error:
        raise ModelError(f"{file}: {key}: {error}") from None
    return {"confidence": confidence, "scores": scores}


def read_card(file: Path) -> dict[str, Any]:
    """The JSON of a card, whatever it says.

    Raises:
        ModelError: if there is none, or it is no JSON object.
    """
    try:
        with open_regular(file) as stream:
            content = stream.read(LARGEST_CARD + 1)
    except OSError as error:
        raise ModelError(f"{file.parent} is no model folder: {file.name} cannot be read") from error
    if len(content) > LARGEST_CARD:
        raise ModelError(f"{file} is larger than {LARGEST_CARD:,} bytes: that is no card")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise ModelError(f"{file} is no card: it holds no JSON object")
    return values
