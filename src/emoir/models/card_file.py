"""The card's file: which keys it has and what each may hold; formats 1 and 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from emoir.emotions.calibration import UNSURE_BELOW
from emoir.emotions.spaces import SPACES
from emoir.errors import ModelError
from emoir.models.card import CARD, CARD_FORMAT, EMBEDDING_LENGTH, GRAPH
from emoir.names import printable


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable text without blanks around it")
    return text


def _file_name(text: str) -> str:
    if Path(text).name != text or "\\" in text or text.startswith(".") or not text.endswith(".onnx"):
        raise ValueError("must be the name of an .onnx file in the folder itself")
    return text


def _json_name(text: str) -> str:
    if Path(text).name != text or "\\" in text or text.startswith(".") or not text.endswith(".json") or text == CARD:
        raise ValueError("must be the name of another .json file in the folder itself")
    return text


def _folder_name(text: str) -> str:
    if Path(text).name != text or set(text) & set('\\:*?"<>|') or text.startswith("."):
        raise ValueError("must be fit for the name of a folder")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
# Of heads, it names the model that they learnt from, and its licence too.
Licence = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_printable)]
OnnxName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_file_name)]
JsonName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_json_name)]
Numbers = Annotated[tuple[float, ...], Field(min_length=1, max_length=10_000)]
Probability = Annotated[float, Field(ge=0, le=1)]
# Of the samples of a picture, which go from 0 to 1 or 255: float32 holds what becomes of them.
Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
Deviation = Annotated[float, Field(ge=1e-6, le=1e6)]
Length = Annotated[int, Field(ge=1, le=65_536)]
Side = Annotated[int, Field(ge=8, le=4096)]


class Section(BaseModel):
    """A part of a card in which every key must be known, and of the very type."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class PreprocessingSection(Section):
    """See ``Preprocessing``."""

    size: Side
    resize: Literal["square", "crop"] = "square"
    shorter_side: Side | None = None
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    type: Literal["uint8", "float32"] = "uint8"
    mean: tuple[Mean, Mean, Mean] = (0.0, 0.0, 0.0)
    deviation: tuple[Deviation, Deviation, Deviation] = (1.0, 1.0, 1.0)

    @model_validator(mode="after")
    def _agrees(self) -> PreprocessingSection:
        if self.shorter_side is not None and (self.resize != "crop" or self.shorter_side < self.size):
            raise ValueError("shorter_side is for resize crop, and not smaller than size")
        if self.type == "uint8" and (any(self.mean) or self.deviation != (1.0, 1.0, 1.0)):
            raise ValueError("mean and deviation are for type float32")
        return self


class EncoderSection(Section):
    """The graph that takes pixels."""

    file: OnnxName = GRAPH
    input: Text
    licence: Licence
    output: Text | None = None
    length: Length | None = None


class HeadsSection(Section):
    """The graph that takes the encoder's output."""

    file: OnnxName
    input: Text
    licence: Licence
    colour_and_texture: bool = False


class TextSection(Section):
    """The graph that takes phrases."""

    file: OnnxName
    tokenizer: JsonName
    inputs: Annotated[
        dict[Literal["input_ids", "attention_mask", "token_type_ids"], Literal["int32", "int64"]], Field(min_length=1)
    ]
    output: Text
    licence: Licence
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class ConfidenceSection(Section):
    """See ``ConfidenceCurve``."""

    space: Text
    knots: Numbers
    values: Annotated[tuple[Probability, ...], Field(max_length=10_000)]
    unsure_below: Probability = UNSURE_BELOW


class ScoreSection(Section):
    """See ``ScoreCurve``."""

    chance: Probability
    knots: Numbers
    values: Numbers


class CardFile(BaseModel):
    """A card of format 2; it may hold more keys, for people."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)

    format: Literal[2]
    name: Annotated[Text, Field(max_length=60), AfterValidator(_folder_name)]
    preprocessing: PreprocessingSection
    encoder: EncoderSection
    heads: HeadsSection | None = None
    text: TextSection | None = None
    embedding_length: Length
    class_names: Annotated[
        dict[Text, Annotated[tuple[Text, ...], Field(min_length=2, max_length=1000)]],
        Field(min_length=1, max_length=32),
    ]
    confidence: ConfidenceSection
    scores: dict[Text, ScoreSection] = {}
    earlier_ids: Annotated[tuple[Text, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> CardFile:
        for space, names in self.class_names.items():
            if space in ("embedding", "valence_arousal"):
                raise ValueError(f"class_names: no space may be called {space}")
            if len({name.casefold() for name in names}) < len(names):
                raise ValueError(f"class_names.{space}: a class is named twice")
            strange = [] if space not in SPACES else [name for name in names if name not in SPACES[space].names]
            if strange:
                raise ValueError(
                    f"class_names.{space}: {strange[0]!r} is no class of {space}; name your space otherwise"
                )
        if self.confidence.space not in self.class_names:
            raise ValueError(f"confidence.space: {self.confidence.space!r} is none of {', '.join(self.class_names)}")
        if (self.heads is None) != (self.encoder.output is None) or (self.heads is None) != (
            self.encoder.length is None
        ):
            raise ValueError("encoder: output and length are needed with heads, and only then")
        parts = [part.file for part in (self.encoder, self.heads, self.text) if part is not None]
        if len(set(parts)) < len(parts):
            raise ValueError("encoder.file: encoder, heads and text tower are files of their own")
        return self


def parse_card(values: dict[str, Any], file: Path) -> CardFile:
    """Check what a card says.

    Args:
        values: its JSON; format 1 is understood too.
        file: for the message.

    Raises:
        ModelError: one line that names the first key that is wrong.
    """
    written = values.get("format")
    if not isinstance(written, int) or isinstance(written, bool) or written < 1:
        raise ModelError(f"{file}: format: must be 1 or {CARD_FORMAT}")
    if written > CARD_FORMAT:
        raise ModelError(f"{file} was written by a newer emoir; update with: pip install -U emoir")
    if written == 1:
        values = _from_format_1(values)
    try:
        return CardFile.model_validate_json(json.dumps(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(map(str, first["loc"]))
        cause = first["msg"].removeprefix("Value error, ")
        raise ModelError(f"{file}: {printable(f'{key}: {cause}' if key else cause)}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is damaged: {error}") from error


def _from_format_1(values: dict[str, Any]) -> dict[str, Any]:
    """A card of format 1 in the words of format 2: one graph, uint8, the whole picture as a square."""
    graph = {"file": GRAPH, "input": "images"}
    upgraded = {
        "format": CARD_FORMAT,
        "preprocessing": {"size": values["size"]} if "size" in values else {},
        "encoder": graph | ({"licence": values["licence"]} if "licence" in values else {}),
        "embedding_length": EMBEDDING_LENGTH,
    }
    kept = ("name", "class_names", "confidence", "scores", "earlier_ids")
    return upgraded | {key: values[key] for key in kept if key in values}
