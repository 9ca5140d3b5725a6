"""Model: a folder with a network and its card, ready to read images."""

from __future__ import annotations

import hashlib
import json
import re
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import ModelError, ShapeError
from emoir.files import read_regular
from emoir.images.features import NUMBERS, colour_and_texture
from emoir.images.palette import is_monochrome
from emoir.images.picture_hash import BYTES as HASH_BYTES
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models.card import CARD, LICENCE, TRAINING_DIGESTS, TRAINING_HASHES, WEIGHTS, ModelCard, read_card
from emoir.models.graph import Graph, GraphInput, read_graph
from emoir.models.library import find_model
from emoir.models.outputs import check_outputs
from emoir.models.preprocessing import MEASURED_SIDE, ImageSource, PreparedImage, square

# Format 1 called the list of training digests so.
EARLIER_TRAINING_DIGESTS = "learnt_from.txt"
DIGEST = re.compile(r"[0-9a-f]{16}")


class ModelFolder:
    """A folder that holds a model: its card and its id, without the network.

    Args:
        folder: holds graph and card, or the name of a known model; default: the shipped model.

    Raises:
        ModelError: if graph or card are missing, or the card is wrong.

    Example:
        >>> ModelFolder().id.startswith("emoir-")
        True
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        self.folder = find_model(folder)
        self.card = ModelCard.load(self.folder / CARD)
        digest = hashlib.sha256()
        for graph in self.card.graphs:
            digest.update(read_graph(self.folder / graph.file))
        digest.update(self._card_of_readings())
        self.id = f"{self.card.name}-{digest.hexdigest()[:12]}"

    def _card_of_readings(self) -> bytes:
        """The card as far as readings depend on it: two folders with one id give the same ones.

        How searches are calibrated, and from where on an image is named, may change without an image being read again.
        """
        card = read_card(self.folder / CARD)
        for key in ("scores", "earlier_ids"):
            card.pop(key, None)
        card["confidence"].pop("unsure_below", None)
        return json.dumps(card, sort_keys=True).encode()

    @property
    def file_names(self) -> list[str]:
        """Names of the files that a model may have; graphs and card are always there."""
        graphs, text = [graph.file for graph in self.card.graphs], self.card.text
        words = [] if text is None else [text.file, text.tokenizer]
        return [CARD, *graphs, *words, TRAINING_DIGESTS, EARLIER_TRAINING_DIGESTS, TRAINING_HASHES, WEIGHTS, LICENCE]

    def training_digests(self) -> frozenset[str]:
        """First 16 hexadecimal digits of the SHA-256 of every image that the model was trained on, labelled or not.

        Raises:
            ModelError: if the folder does not say, or holds anything else.
        """
        for name in (TRAINING_DIGESTS, EARLIER_TRAINING_DIGESTS):
            if (self.folder / name).is_file():
                digests = read_regular(self.folder / name).decode("utf-8", "replace").split()
                if wrong := next((digest for digest in digests if not DIGEST.fullmatch(digest)), None):
                    raise ModelError(f"{self.folder / name}: {wrong[:40]!r} is no digest, so no metric can be trusted")
                return frozenset(digests)
        raise ModelError(f"{self.folder}: {TRAINING_DIGESTS} cannot be read, so no metric can be trusted")

    def training_hashes(self) -> NDArray[np.uint8]:
        """(m, 32): the picture hash of every image that the model learnt from; none in a folder of an earlier version.

        Raises:
            ModelError: if the file is there and cannot be read, or holds no hashes.
        """
        file = self.folder / TRAINING_HASHES
        try:
            hashes = np.frombuffer(read_regular(file), np.uint8)
        except FileNotFoundError:
            return np.zeros((0, HASH_BYTES), np.uint8)
        except OSError as error:
            raise ModelError(f"{file} cannot be read, so no figure can be trusted") from error
        if len(hashes) % HASH_BYTES:
            raise ModelError(f"{file} holds {len(hashes)} bytes, which are no hashes of {HASH_BYTES} bytes each")
        return hashes.reshape(-1, HASH_BYTES)


class Model(ModelFolder):
    """A model that reads emotions; safe to share between threads.

    Args:
        folder: holds graph and card, or the name of a known model; default: the shipped model.

    Raises:
        ModelError: if the folder is not a model, or the model gives impossible answers for a grey picture.

    Example:
        >>> model = Model()
        >>> reading = model.read(np.full((64, 64, 3), 128, np.uint8))
        >>> round(sum(reading.distributions["mikels"].values()), 3), reading.monochrome
        (1.0, True)
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        super().__init__(folder)
        card, encoder, heads = self.card, self.card.encoder, self.card.heads
        self._encoder = Graph(
            self.folder / encoder.file,
            inputs={encoder.input: GraphInput(card.preprocessing.type, card.preprocessing.shape())},
            outputs={encoder.output: encoder.length} if encoder.output and encoder.length else card.outputs,
        )
        self._heads = None
        if heads is not None:
            length = (encoder.length or 0) + (NUMBERS if heads.colour_and_texture else 0)
            taken = {heads.input: GraphInput("float32", (length,))}
            self._heads = Graph(self.folder / heads.file, inputs=taken, outputs=card.outputs)
        try:
            self.read_pixels(np.full((1, card.size, card.size, 3), 128, np.uint8))
        except MemoryError as error:
            raise ModelError(f"{self.folder} needs more memory for one picture than there is: {error}") from error

    def read(self, image: ImageSource, *, limits: Limits = DEFAULT_LIMITS) -> EmotionReading:
        """Read the emotion of one image.

        Args:
            image: a path, the content of a file, an open file, a Pillow image, or (H, W, 3) uint8 sRGB.
            limits: larger files are refused.

        Returns:
            What the image evokes.

        Raises:
            UndecodableImageError: if a file or its content cannot be decoded.
            ShapeError: if an array is not (H, W, 3) uint8.
            ModelError: if the model gives an impossible answer.
        """
        return self.read_prepared(self.load(image, limits=limits))

    def load(self, image: ImageSource, *, limits: Limits = DEFAULT_LIMITS) -> PreparedImage:
        """Bring an image to the size that the network takes; arguments and errors as for ``read``."""
        return self.card.preprocessing.prepare(image, limits=limits)

    def read_prepared(self, image: PreparedImage) -> EmotionReading:
        """Read an image that was loaded already."""
        return self.read_pixels(image.pixels[None], measured=image.measured[None])[0]

    def read_pixels(self, pixels: NDArray[np.uint8], *, measured: NDArray[np.uint8] | None = None) -> EmotionReadings:
        """Read a batch that has the encoder's size already.

        Args:
            pixels: (n, S, S, 3) uint8 sRGB, S = ``card.size``, n at least 1.
            measured: (n, 128, 128, 3) uint8 sRGB of the same pictures, on which it is measured whether they are
                monochrome; default: made of the pixels.

        Returns:
            n readings.

        Raises:
            ShapeError: if the batch has another shape.
            ModelError: if the model gives an impossible answer.
        """
        side = self.card.size
        if pixels.ndim != 4 or pixels.shape[1:] != (side, side, 3) or pixels.dtype != np.uint8 or not len(pixels):
            raise ShapeError(f"expected (n, {side}, {side}, 3) uint8, got {pixels.shape} {pixels.dtype}")
        squares = [square(image, MEASURED_SIDE) for image in pixels] if measured is None else list(measured)
        answers = self._encoder.run({self.card.encoder.input: self.card.preprocessing.tensor(pixels)})
        if self._heads is not None and self.card.heads is not None:
            [encoded] = answers.values()
            if self.card.heads.colour_and_texture:
                encoded = np.hstack([encoded, [colour_and_texture(square) for square in squares]])
            answers = self._heads.run({self.card.heads.input: encoded})
        check_outputs(answers, self.folder)
        by_space = {space: answers[space] for space in self.card.class_names}
        return EmotionReadings(
            embeddings=answers["embedding"],
            distributions=by_space,
            class_names=self.card.class_names,
            valence=answers["valence_arousal"][:, 0],
            arousal=answers["valence_arousal"][:, 1],
            confidence=self.card.confidence(by_space[self.card.confidence.space].max(axis=1)),
            monochrome=np.array([is_monochrome(square) for square in squares]),
            model=self.id,
            unsure_below=self.card.confidence.unsure_below,
        )
