"""Extraction: all that is kept of one image file, and how it is obtained."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReading
from emoir.errors import UndecodableImageError
from emoir.files import open_regular
from emoir.images.decode import unreadable
from emoir.images.difference_hash import difference_hash
from emoir.images.palette import palette_histogram
from emoir.images.walk import FileStat
from emoir.limits import Limits, RetryReason
from emoir.models.model import Model

READY = ("ready",)
"""What a worker says first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file could not be read.

    Args:
        cause: in one line, without the file's name.
        retry_when: what may make it readable though the file stays the same (see ``UndecodableImageError``).
        kind: what sort of picture it is, if that sort is not read here.
    """

    cause: str
    retry_when: RetryReason | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ModelFault:
    """Why the model cannot be used, as a worker reports it; it ends the run.

    Args:
        cause: in one line.
    """

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What is kept of an image file.

    Args:
        digest: SHA-256 of the file's content.
        stat: size and time of the file that was read.
        reading: its emotion.
        palette: (64,) shares of the reference colours.
        width, height: upright, in pixels.
        taken: when, as EXIF writes it, or None.
        hash: difference hash, which near duplicates share.
        incomplete: whether up to a twentieth of the picture is missing from the file.
    """

    digest: bytes
    stat: FileStat
    reading: EmotionReading
    palette: NDArray[np.float32]
    width: int
    height: int
    taken: str | None
    hash: int
    incomplete: bool = False


def extract(path: Path, model: Model, *, limits: Limits) -> Extraction:
    """Read one file: digest, pixels, emotion, palette.

    Args:
        path: the file.
        model: reads it.
        limits: larger images are refused.

    Returns:
        What is to be kept.

    Raises:
        UndecodableImageError: if it cannot be read or decoded, or changed meanwhile.
    """
    try:
        with open_regular(path) as stream:
            before = os.fstat(stream.fileno())
            # A look first: what is no image is not worth being hashed, however long it is.
            image = model.load(stream, limits=limits)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").digest()
            after = os.fstat(stream.fileno())
    except UndecodableImageError:
        raise
    except OSError as error:
        raise unreadable(error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UndecodableImageError("it changed while it was read", retry_when=RetryReason.ENVIRONMENT)
    return Extraction(
        digest=digest,
        stat=FileStat.of(before),
        # One image at a time: a batch of another size may differ in the last bit, and readings are to be repeatable.
        reading=model.read_prepared(image),
        palette=palette_histogram(image.measured),
        width=image.width,
        height=image.height,
        taken=image.taken,
        hash=difference_hash(image.measured),
        incomplete=image.incomplete,
    )


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file's content.

    Raises:
        OSError: if it cannot be read.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").digest()
