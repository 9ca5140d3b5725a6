"""EmotionFeatures: a model's readings, and colour and texture numbers, as features for scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_memory

from emoir.emotions.reading import EmotionReading
from emoir.errors import ShapeError, UndecodableImageError
from emoir.extract.base import Failure
from emoir.extract.features import Features, measure_files
from emoir.extract.local import LocalExtractor
from emoir.images.features import FEATURES
from emoir.models.model import ModelFolder

EMBEDDING, DISTRIBUTIONS, POINT, MEASURED = "embedding", "distributions", "point", "features"
PARTS = (EMBEDDING, DISTRIBUTIONS, POINT, MEASURED)
NUMBERS = tuple(column.name for column in FEATURES if column.unit != "text")


class EmotionFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Image files to numbers, by scikit-learn's rules; nothing is learnt.

    It can stand first in a pipeline: ``make_pipeline(EmotionFeatures(), LogisticRegression())``. Needs scikit-learn
    (``emoir[research]``).

    Args:
        model: a model folder; default: the shipped model.
        parts: which numbers, in this order: ``embedding`` (128, unit length), ``distributions`` (probabilities of every
            space, one after the other), ``point`` (valence and arousal), ``features`` (the colour and texture numbers
            of ``emoir.images.features``; the share of a dominant colour that a picture has not is 0).
        workers: processes that read; default: one per core.
        memory: a folder, or a joblib ``Memory``, that keeps the numbers of every file until the file or the model
            changes: cross-validation then reads each image once. Default: nothing is kept.

    Example:
        >>> import tempfile, pathlib
        >>> from PIL import Image
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "grey.png"
        >>> Image.new("RGB", (64, 64), "grey").save(file)
        >>> features = EmotionFeatures(parts=("point",), workers=1)
        >>> features.fit_transform([file]).shape, features.get_feature_names_out().tolist()
        ((1, 2), ['valence', 'arousal'])
    """

    def __init__(
        self,
        model: str | PathLike[str] | None = None,
        *,
        parts: tuple[str, ...] = (EMBEDDING,),
        workers: int | None = None,
        memory: Any = None,
    ) -> None:
        # scikit-learn asks that arguments be kept as they came.
        self.model = model
        self.parts = parts
        self.workers = workers
        self.memory = memory

    def fit(self, images: Iterable[str | PathLike[str]], labels: Any = None) -> EmotionFeatures:
        """Do nothing: the model has learnt already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, images: Iterable[str | PathLike[str]] | NDArray[Any]) -> NDArray[np.float32]:
        """Read and measure images.

        Args:
            images: n paths; an array of them may be (n, 1), as a column of a frame is.

        Returns:
            (n, d) float32, in their order.

        Raises:
            UndecodableImageError: for the first image that cannot be read, by name.
            ShapeError: if a part is none, or the array has more columns.
        """
        paths = _paths(images)
        model = ModelFolder(self.model)
        width = len(self._names(model))
        found: dict[Path, list[float]] = {}

        def numbers(path: Path, size: int, modified_ns: int, model: str, parts: tuple[str, ...]) -> list[float]:
            return found[path]

        kept = check_memory(self.memory).cache(numbers)
        keys = {path: (path, *_stamp(path), model.id, tuple(self.parts)) for path in paths}
        missing = [path for path, key in keys.items() if not _is_kept(kept, key)]
        found |= self._read(missing, model)
        rows = {path: kept(*key) for path, key in keys.items()}
        return np.array([rows[path] for path in paths], dtype=np.float32).reshape(len(paths), width)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the numbers: ``embedding0`` ..., ``SPACE.CLASS`` ..., ``valence``, ``arousal``, ``lightness`` ..."""
        return np.array(self._names(ModelFolder(self.model)), dtype=object)

    def _names(self, model: ModelFolder) -> list[str]:
        if set(self.parts) - set(PARTS) or not self.parts:
            raise ShapeError(f"parts {self.parts}: choose among {', '.join(PARTS[:-1])} and {PARTS[-1]}")
        named = {
            EMBEDDING: [f"embedding{number}" for number in range(model.card.embedding_length)],
            DISTRIBUTIONS: [f"{space}.{name}" for space, names in model.card.class_names.items() for name in names],
            POINT: ["valence", "arousal"],
            MEASURED: list(NUMBERS),
        }
        return [name for part in self.parts for name in named[part]]

    def _read(self, paths: Sequence[Path], model: ModelFolder) -> dict[Path, list[float]]:
        """The numbers of files, each read once by the model and measured once, as far as the parts need it."""
        readings: dict[Path, EmotionReading] = {}
        measured: dict[Path, Features] = {}
        if paths and set(self.parts) != {MEASURED}:
            with LocalExtractor(model.folder, workers=self.workers) as pool:
                for name, answer in pool.extract([os.fsencode(path) for path in paths]):
                    if isinstance(answer, Failure):
                        raise _undecodable(Path(os.fsdecode(name)), answer)
                    readings[Path(os.fsdecode(name))] = answer.reading
        if MEASURED in self.parts:
            files = [(path, _stamp(path)[1]) for path in paths]
            for path, found in zip(paths, measure_files(files, workers=self.workers), strict=True):
                if isinstance(found, Failure):
                    raise _undecodable(path, found)
                measured[path] = found
        return {path: self._row(readings.get(path), measured.get(path, {})) for path in paths}

    def _row(self, reading: EmotionReading | None, measured: Features) -> list[float]:
        numbers: dict[str, list[float]] = {MEASURED: [float(measured.get(name) or 0.0) for name in NUMBERS]}
        if reading is not None:
            shares = [share for classes in reading.distributions.values() for share in classes.values()]
            numbers |= {EMBEDDING: reading.embedding.tolist(), DISTRIBUTIONS: shares}
            numbers |= {POINT: [reading.valence, reading.arousal]}
        return [number for part in self.parts for number in numbers[part]]


def _paths(images: Iterable[str | PathLike[str]] | NDArray[Any]) -> list[Path]:
    if isinstance(images, np.ndarray) and images.ndim > 1:
        if images.shape[1:] != (1,):
            raise ShapeError(f"an array of {images.shape} is no list of images: give (n,) or (n, 1) paths")
        images = images[:, 0]
    elif hasattr(images, "columns"):
        return _paths(np.asarray(images))
    return [Path(fspath(image)) for image in images]


def _stamp(path: Path) -> tuple[int, int]:
    """Length and modification time; empty for a missing file, which is reported when it is read."""
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _is_kept(kept: Any, key: tuple[Any, ...]) -> bool:
    # Without a folder, joblib gives a stand-in that keeps nothing.
    return hasattr(kept, "check_call_in_cache") and bool(kept.check_call_in_cache(*key))


def _undecodable(path: Path, failure: Failure) -> UndecodableImageError:
    return UndecodableImageError(f"{path}: {failure.cause}", retry_when=failure.retry_when)
