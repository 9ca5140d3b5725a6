"""Jobs: what worker processes do for the service, so that no picture can harm it.

Each job is a function of plain values. What it needs beside them is set up once per process.
"""

from __future__ import annotations

import hashlib
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ParamSpec, TypeVar

from PIL import Image

from emoir.emotions.code import encode_reading
from emoir.emotions.reading import EmotionReading
from emoir.errors import EmoirError
from emoir.explain import explain
from emoir.explain.figure import map_layer
from emoir.explain.sentences import sentence
from emoir.extract.memory import limit_memory
from emoir.extract.worker import cpu_limit
from emoir.images.camera import camera_settings
from emoir.images.decode import lift_pillow_limit
from emoir.images.descriptors import describe_pixels, descriptor_words
from emoir.images.palette import dominant_colours
from emoir.images.places import open_file
from emoir.images.thumbnail import thumbnail, webp
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models import Model

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
_set_up: tuple[str, Limits] = ("", DEFAULT_LIMITS)


class FileChangedError(EmoirError):
    """No file holds the indexed image any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedImage:
    """An image that was read and is forgotten."""

    reading: EmotionReading
    code: str
    colours: dict[str, float]
    words: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedImage:
    """An explanation, with its pictures as WebP.

    Args:
        space: of the emotion.
        emotion: that is explained.
        probability: of it.
        sentences: language to the explanation in words.
        changed: name of a change to the probability with it.
        pictures: ``seen``, ``map`` and one for every change.
    """

    space: str
    emotion: str
    probability: float
    sentences: dict[str, str]
    changed: dict[str, float]
    pictures: dict[str, bytes]


def set_up(model: str, limits: Limits) -> None:
    """Prepare a worker process: limit its memory, keep it quiet."""
    global _set_up
    _set_up = model, limits
    # Ctrl-C goes to the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lift_pillow_limit()
    warnings.simplefilter("ignore")
    limit_memory(limits)
    # Decoders in C print what they think.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


@lru_cache(maxsize=1)
def _model() -> Model:
    return Model(_set_up[0])


def run_limited(job: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """The result of a job; the process ends if the job computes for longer than an image may."""
    with cpu_limit(_set_up[1].seconds_per_file):
        return job(*args, **kwargs)


def read_indexed(paths: Sequence[bytes], digest: bytes) -> bytes:
    """The content of the first file that is still the indexed one.

    Raises:
        FileChangedError: if none is.
    """
    for path in paths:
        try:
            with open_file(path, _set_up[1]) as file:
                content = file.stream.read()
        except OSError:
            continue
        if hashlib.sha256(content).digest() == digest:
            return content
    raise FileChangedError("the file is gone or has changed")


def make_thumbnail(paths: Sequence[bytes], digest: bytes, side: int) -> bytes:
    """A thumbnail as WebP.

    Raises:
        FileChangedError: if no file holds the image.
        UndecodableImageError: if it cannot be decoded.
    """
    return thumbnail(read_indexed(paths, digest), side, limits=_set_up[1])


def read_camera(paths: Sequence[bytes], digest: bytes) -> dict[str, str]:
    """What the camera wrote of an indexed image.

    Raises:
        FileChangedError: if no file holds the image.
    """
    return camera_settings(read_indexed(paths, digest))


def describe_image(content: bytes) -> DescribedImage:
    """Read an uploaded image.

    Raises:
        UndecodableImageError: if it cannot be decoded.
    """
    model = _model()
    image = model.load(content, limits=_set_up[1])
    reading, pixels = model.read_prepared(image), image.measured
    return DescribedImage(
        reading=reading,
        code=encode_reading(reading),
        colours={colour: round(share, 4) for colour, share in dominant_colours(pixels)},
        words=descriptor_words(describe_pixels(pixels)),
    )


def explain_image(paths: Sequence[bytes], digest: bytes, emotion: str | None) -> ExplainedImage:
    """Explain an indexed image.

    Raises:
        FileChangedError: if no file holds the image.
        QueryError: if the model has no such emotion.
        UndecodableImageError: if it cannot be decoded.
    """
    found = explain(read_indexed(paths, digest), _model(), emotion=emotion, limits=_set_up[1])
    pictures = {
        "seen": found.pixels,
        "map": map_layer(found),
        **{name: changed.pixels for name, changed in found.counterfactuals.items()},
    }
    return ExplainedImage(
        space=found.space,
        emotion=found.emotion,
        probability=found.probability,
        sentences={language: sentence(found, language) for language in ("en", "zh")},
        changed={name: found.probability_in(name) for name in found.counterfactuals},
        pictures={name: webp(Image.fromarray(pixels), quality=90) for name, pixels in pictures.items()},
    )
