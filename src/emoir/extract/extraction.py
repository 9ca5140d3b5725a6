"""How all that is kept of one image file is obtained."""

from __future__ import annotations

import hashlib
from pathlib import Path

from emoir.errors import UndecodableImageError
from emoir.extract.base import Extraction
from emoir.images.difference_hash import difference_hash
from emoir.images.palette import palette_histogram
from emoir.images.places import open_file
from emoir.limits import Limits, RetryReason
from emoir.models.model import Model


def extract(path: Path | bytes, model: Model, *, limits: Limits) -> Extraction:
    """Read one file: digest, pixels, emotion, palette.

    Args:
        path: the file, or the address of an object.
        model: reads it.
        limits: larger images are refused.

    Returns:
        What is to be kept.

    Raises:
        UndecodableImageError: if it cannot be read or decoded, or changed meanwhile.
    """
    try:
        with open_file(path, limits) as file:
            before = file.stat()
            # A look first: what is no image is not worth being hashed, however long it is.
            image = model.load(file.stream, limits=limits)
            file.stream.seek(0)
            digest = hashlib.file_digest(file.stream, "sha256").digest()  # type: ignore[arg-type]
            after = file.stat()
    except UndecodableImageError:
        raise
    except OSError as error:
        raise UndecodableImageError.of_system(error) from error
    if before != after:
        raise UndecodableImageError("it changed while it was read", retry_when=RetryReason.ENVIRONMENT)
    return Extraction(
        digest=digest,
        stat=before,
        # One image at a time: a batch of another size may differ in the last bit, and readings are to be repeatable.
        reading=model.read_prepared(image),
        palette=palette_histogram(image.measured),
        width=image.width,
        height=image.height,
        taken=image.taken,
        hash=difference_hash(image.measured),
        incomplete=image.incomplete,
    )
