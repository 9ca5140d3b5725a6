"""Explanation: a reading with its map and its counterfactuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.emotions.spaces import SPACES
from emoir.errors import QueryError
from emoir.explain.counterfactuals import COUNTERFACTUALS
from emoir.explain.occlusion import occlusion_map
from emoir.images.palette import dominant_colours
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models.model import Model
from emoir.models.preprocessing import ImageSource


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The picture with one thing changed, and how it reads then.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        reading: of these pixels.
    """

    pixels: NDArray[np.uint8]
    reading: EmotionReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a picture reads as it does.

    Args:
        pixels: (S, S, 3) uint8 sRGB, as the network saw it.
        reading: of these pixels.
        space: of the emotion that is explained.
        emotion: a class of the space.
        map: (S, S), see ``occlusion_map``.
        counterfactuals: ``without colour``, ``without texture``, ``opposite colours``.
        colours: dominant colours and their shares.
        aspect: width of the original over its height; the network sees it resized to a square.
    """

    pixels: NDArray[np.uint8]
    reading: EmotionReading
    space: str
    emotion: str
    map: NDArray[np.float32]
    counterfactuals: Mapping[str, Counterfactual]
    colours: tuple[tuple[str, float], ...]
    aspect: float = 1.0

    @property
    def probability(self) -> float:
        """Of the explained emotion."""
        return self.reading.distributions[self.space][self.emotion]

    def probability_in(self, name: str) -> float:
        """Of the explained emotion in a counterfactual."""
        return self.counterfactuals[name].reading.distributions[self.space][self.emotion]

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON takes them, the map reduced to 8 x 8 means."""
        cells = len(self.map) // 8
        coarse = self.map[: 8 * cells, : 8 * cells].reshape(8, cells, 8, cells).mean(axis=(1, 3))
        return {
            "space": self.space,
            "emotion": self.emotion,
            "probability": round(self.probability, 4),
            "reading": self.reading.to_dict(),
            "counterfactuals": {
                name: {
                    "probability": round(self.probability_in(name), 4),
                    "change": round(self.probability_in(name) - self.probability, 4),
                    "reading": changed.reading.to_dict(),
                }
                for name, changed in self.counterfactuals.items()
            },
            "map": [[round(float(value), 4) for value in row] for row in coarse],
            "colours": {colour: round(share, 4) for colour, share in self.colours},
        }


def explain(
    image: ImageSource, model: Model, *, emotion: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Explanation:
    """Explain the reading of one image.

    Args:
        image: a path, the content of a file, a Pillow image, or (H, W, 3) uint8 sRGB.
        model: whose reading it is.
        emotion: a class of one of the model's spaces; default: the top class of its first space.
        limits: larger files are refused.

    Returns:
        Reading, map and counterfactuals; 65 readings are made for it.

    Raises:
        QueryError: if the model has no such emotion.
        UndecodableImageError: if a file cannot be decoded.

    Example:
        >>> import skimage.data
        >>> explanation = explain(skimage.data.coffee(), Model())
        >>> sorted(explanation.counterfactuals)
        ['opposite colours', 'without colour', 'without texture']
    """
    photograph = model.load(image, limits=limits)
    pixels = photograph.pixels
    changed = {name: change(pixels) for name, change in COUNTERFACTUALS.items()}
    readings = model.read_pixels(np.stack([pixels, *changed.values()]))
    space, emotion = _find(emotion, readings)
    column = readings.class_names[space].index(emotion)
    return Explanation(
        pixels=pixels,
        reading=readings[0],
        space=space,
        emotion=emotion,
        map=occlusion_map(pixels, model.read_pixels, lambda read: read.distributions[space][:, column]),
        counterfactuals={
            name: Counterfactual(version, readings[row]) for row, (name, version) in enumerate(changed.items(), start=1)
        },
        colours=tuple(dominant_colours(photograph.measured)),
        aspect=photograph.width / photograph.height,
    )


def _find(emotion: str | None, readings: EmotionReadings) -> tuple[str, str]:
    if emotion is None:
        space = next(iter(readings.class_names))
        return space, readings[0].top(space)
    chosen, _, bare = emotion.rpartition(".")
    for space, names in readings.class_names.items():
        chinese = SPACES[space].chinese if space in SPACES else ()
        for name, other in zip_longest(names, chinese):
            if chosen.lower() in ("", space.lower()) and bare.lower() in (name.lower(), other):
                return space, name
    known = dict.fromkeys(name for names in readings.class_names.values() for name in names)
    raise QueryError(
        f"no emotion {emotion!r} in this model; it has {', '.join(known)}",
        chinese=f"当前模型没有“{emotion}”这种情感；可用的有：{'、'.join(known)}",
    )
