"""How all that is kept of one image file is obtained."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from emoir.errors import UndecodableImageError
from emoir.extract.base import Extraction
from emoir.files import open_regular
from emoir.images.difference_hash import difference_hash
from emoir.images.palette import palette_histogram
from emoir.images.walk import FileStat
from emoir.limits import Limits, RetryReason
from emoir.models.model import Model


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
        raise UndecodableImageError.of_system(error) from error
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
