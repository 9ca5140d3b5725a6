"""Model: a folder with a network and its card, ready to read images."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import ModelError, ShapeError
from emoir.images import Photograph, decode, from_pillow
from emoir.images.palette import is_monochrome
from emoir.limits import DEFAULT_LIMITS, Limits

GRAPH, CARD, WEIGHTS, LEARNT_FROM, LICENCE = (
    "model.onnx",
    "card.json",
    "network.safetensors",
    "learnt_from.txt",
    "LICENSE",
)
CARD_FORMAT = 1

ImageSource: TypeAlias = "str | PathLike[str] | bytes | Image.Image | NDArray[np.uint8]"
"""A path, the content of an image file, a Pillow image, or (H, W, 3) uint8 sRGB."""


def shipped_model_folder() -> Path:
    """The folder of the model that comes with emoir."""
    return Path(str(files("emoir").joinpath("weights")))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the code needs of a model's card; the card itself holds more, for people.

    Args:
        name: short name, without the digest.
        size: side of the square input in pixels.
        class_names: space name to its classes, in the order of the graph's outputs.
        confidence: the calibration of the top class.
        licence: one line on the terms of the weights.
        scores: calibration of search per kind of query; empty where none was fitted.
        earlier_ids: under which the same readings were stored before.
    """

    name: str
    size: int
    class_names: dict[str, tuple[str, ...]]
    confidence: ConfidenceCurve
    licence: str
    scores: dict[str, ScoreCurve]
    earlier_ids: tuple[str, ...] = ()

    @classmethod
    def load(cls, file: Path) -> ModelCard:
        """Read a card.

        Raises:
            ModelError: if there is none, or it is of a newer format or incomplete.
        """
        try:
            values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if values["format"] > CARD_FORMAT:
                raise ModelError(f"{file} was written by a newer emoir; update with: pip install -U emoir")
            return cls(
                values["name"],
                values["size"],
                {space: tuple(names) for space, names in values["class_names"].items()},
                ConfidenceCurve.from_dict(values["confidence"]),
                values["licence"],
                {kind: ScoreCurve.from_dict(curve) for kind, curve in values.get("scores", {}).items()},
                tuple(values.get("earlier_ids", ())),
            )
        except OSError as error:
            raise ModelError(f"{file.parent} is no model folder: {file.name} cannot be read") from error
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"{file} is damaged or incomplete: {error!r}") from error


class ModelFolder:
    """A folder that holds a model: its card and its id, without the network.

    Args:
        folder: holds the graph and the card; default: the shipped model.

    Raises:
        ModelError: if graph or card are missing, or the card is damaged.

    Example:
        >>> ModelFolder().id.startswith("emoir-")
        True
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else shipped_model_folder()
        self.card = ModelCard.load(self.folder / CARD)
        try:
            graph = (self.folder / GRAPH).read_bytes()
        except OSError as error:
            raise ModelError(f"{self.folder} is no model folder: {GRAPH} cannot be read") from error
        self.id = f"{self.card.name}-{hashlib.sha256(graph + self._said_of_readings()).hexdigest()[:12]}"

    def _said_of_readings(self) -> bytes:
        """The card as far as readings depend on it: two folders with one id give the same ones.

        How searches are calibrated may change without an image being read again.
        """
        card = json.loads((self.folder / CARD).read_text(encoding="utf-8"))
        for key in ("scores", "earlier_ids"):
            card.pop(key, None)
        return json.dumps(card, sort_keys=True).encode()

    def learnt_from(self) -> frozenset[str]:
        """First 16 hexadecimal digits of the SHA-256 of every image that the model learnt from, labelled or not.

        Raises:
            ModelError: if the folder does not say.
        """
        try:
            return frozenset((self.folder / LEARNT_FROM).read_text(encoding="utf-8").split())
        except OSError as error:
            raise ModelError(f"{self.folder}: {LEARNT_FROM} cannot be read, so no figure can be trusted") from error


class Model(ModelFolder):
    """A model that reads emotions; safe to share between threads.

    Args:
        folder: holds the graph and the card; default: the shipped model.

    Raises:
        ModelError: if the folder is not a model.

    Example:
        >>> model = Model()
        >>> reading = model.read(np.full((64, 64, 3), 128, np.uint8))
        >>> round(sum(reading.distributions["mikels"].values()), 3), reading.monochrome
        (1.0, True)
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        # Half of emoir's start-up time: commands that read no image do without.
        import onnxruntime

        super().__init__(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            graph = (self.folder / GRAPH).read_bytes()
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions share no base below Exception
            raise ModelError(f"{self.folder / GRAPH} cannot be loaded: {error}") from error

    def read(self, image: ImageSource, *, limits: Limits = DEFAULT_LIMITS) -> EmotionReading:
        """Read the emotion of one image.

        Args:
            image: a path, the content of a file, a Pillow image, or (H, W, 3) uint8 sRGB.
            limits: larger files are refused.

        Returns:
            What the image evokes.

        Raises:
            UndecodableImageError: if a file or its content cannot be decoded.
            ShapeError: if an array is not (H, W, 3) uint8.
        """
        return self.read_pixels(self.load(image, limits=limits).pixels[None])[0]

    def load(self, image: ImageSource, *, limits: Limits = DEFAULT_LIMITS) -> Photograph:
        """Bring an image to the size that the network takes; arguments and errors as for ``read``."""
        if isinstance(image, Image.Image):
            return from_pillow(image, size=self.card.size)
        if isinstance(image, np.ndarray):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise ShapeError(f"expected (H, W, 3) uint8 sRGB, got {image.shape} {image.dtype}")
            return self.load(Image.fromarray(image))
        source = image if isinstance(image, bytes) else Path(fspath(image))
        return decode(source, size=self.card.size, limits=limits)

    def read_pixels(self, pixels: NDArray[np.uint8]) -> EmotionReadings:
        """Read a batch that has the network's size already.

        Args:
            pixels: (n, S, S, 3) uint8 sRGB, S = ``card.size``, n at least 1.

        Returns:
            n readings.

        Raises:
            ShapeError: if the batch has another shape.
        """
        side = self.card.size
        if pixels.ndim != 4 or pixels.shape[1:] != (side, side, 3) or pixels.dtype != np.uint8 or not len(pixels):
            raise ShapeError(f"expected (n, {side}, {side}, 3) uint8, got {pixels.shape} {pixels.dtype}")
        names = ["embedding", "valence_arousal", *self.card.class_names]
        embedding, point, *distributions = self._session.run(names, {"images": np.ascontiguousarray(pixels)})
        by_space: dict[str, NDArray[np.float32]] = dict(zip(self.card.class_names, distributions, strict=True))
        confidence = self.card.confidence(by_space[self.card.confidence.space].max(axis=1))
        monochrome = np.array([is_monochrome(image) for image in pixels])
        return EmotionReadings(
            embedding, by_space, self.card.class_names, point[:, 0], point[:, 1], confidence, monochrome, self.id
        )
