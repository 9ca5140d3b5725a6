"""EmotionFeatures: a model's readings as features for scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from emoir.emotions.reading import EmotionReading
from emoir.errors import ShapeError, UndecodableImageError
from emoir.extract.extraction import Failure
from emoir.extract.local import LocalExtractor
from emoir.models.model import Model

EMBEDDING, DISTRIBUTIONS, POINT = "embedding", "distributions", "point"


class EmotionFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Image files to numbers, by scikit-learn's rules; nothing is learnt.

    It can stand first in a pipeline: ``make_pipeline(EmotionFeatures(), LogisticRegression())``. Needs scikit-learn
    (``emoir[research]``).

    Args:
        model: a model folder; default: the shipped model.
        parts: which numbers, in this order: ``embedding`` (128, unit length), ``distributions`` (probabilities of every
            space, one after the other), ``point`` (valence and arousal).
        workers: processes that read; default: one per core.

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
    ) -> None:
        # scikit-learn asks that arguments be kept as they came.
        self.model = model
        self.parts = parts
        self.workers = workers

    def fit(self, images: Iterable[str | PathLike[str]], labels: Any = None) -> EmotionFeatures:
        """Do nothing: the model has learnt already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, images: Iterable[str | PathLike[str]]) -> NDArray[np.float32]:
        """Read images.

        Args:
            images: n paths.

        Returns:
            (n, d) float32, in their order.

        Raises:
            UndecodableImageError: for the first image that cannot be read, by name.
            ShapeError: if a part is none.
        """
        paths = [os.fsencode(fspath(image)) for image in images]
        model = Model(self.model)
        names = self._names(model)
        found: dict[bytes, EmotionReading] = {}
        with LocalExtractor(model.folder, workers=self.workers) as pool:
            for path, answer in pool.extract(list(dict.fromkeys(paths))):
                if isinstance(answer, Failure):
                    raise UndecodableImageError(f"{os.fsdecode(path)}: {answer.cause}", retry_when=answer.retry_when)
                found[path] = answer.reading
        rows = [self._row(found[path]) for path in paths]
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(names))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the numbers: ``embedding0`` ..., ``SPACE.CLASS`` ..., ``valence``, ``arousal``."""
        return np.array(self._names(Model(self.model)), dtype=object)

    def _names(self, model: Model) -> list[str]:
        unknown = set(self.parts) - {EMBEDDING, DISTRIBUTIONS, POINT}
        if unknown or not self.parts:
            raise ShapeError(f"parts {self.parts}: choose among {EMBEDDING}, {DISTRIBUTIONS} and {POINT}")
        named = {
            EMBEDDING: [f"embedding{number}" for number in range(model.card.embedding_length)],
            DISTRIBUTIONS: [f"{space}.{name}" for space, names in model.card.class_names.items() for name in names],
            POINT: ["valence", "arousal"],
        }
        return [name for part in self.parts for name in named[part]]

    def _row(self, reading: EmotionReading) -> list[float]:
        said = {
            EMBEDDING: reading.embedding.tolist(),
            DISTRIBUTIONS: [share for classes in reading.distributions.values() for share in classes.values()],
            POINT: [reading.valence, reading.arousal],
        }
        return [number for part in self.parts for number in said[part]]
