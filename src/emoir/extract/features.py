"""Features of many files at once: colour and texture need no model, and decoding leaves Python to other threads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from emoir.errors import UndecodableImageError
from emoir.extract.base import Failure
from emoir.images.decode import decode
from emoir.images.features import FEATURE_SIDE, SMALLEST_SIDE, measure
from emoir.images.places import place_of
from emoir.limits import DEFAULT_LIMITS, Limits

Features: TypeAlias = dict[str, "float | str | None"]


def measure_files(
    files: Sequence[tuple[Path, int]],
    *,
    workers: int | None = None,
    native: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Features | Failure]:
    """Measure the features of files, several at a time.

    Args:
        files: paths, each with the modification time (nanoseconds) that it had when it was indexed.
        workers: threads; default: one per core.
        native: measure at each picture's own size, one at a time: a picture of 12 megapixels takes about a gigabyte.
        limits: larger images are refused.

    Yields:
        One answer a file, in their order: its features (see ``emoir.images.features``), or why there are none.

    Example:
        >>> [answer.cause for answer in measure_files([(Path("/no/such/file.jpg"), 0)])]
        ['cannot be read: No such file or directory']
    """
    pool = ThreadPoolExecutor(1 if native else workers or os.cpu_count())
    size = None if native else FEATURE_SIDE
    try:
        yield from pool.map(lambda file: _measure_file(file[0], file[1], size, limits), files)
    finally:
        # Whoever stops in the middle does not wait for the rest.
        pool.shutdown(cancel_futures=True)


def _measure_file(path: Path, modified_ns: int, size: int | None, limits: Limits) -> Features | Failure:
    try:
        if place_of(path).stat(os.fsencode(path)).mtime_ns != modified_ns:
            return Failure("it changed since it was indexed; run emoir index again")
        pixels = decode(path, size=size, limits=limits).pixels
        if min(pixels.shape[:2]) < SMALLEST_SIDE:
            return Failure(f"its shorter side has less than {SMALLEST_SIDE} pixels: measure it without --native")
        return measure(pixels)
    except UndecodableImageError as error:
        return Failure(str(error), error.retry_when)
    except OSError as error:
        return Failure(str(UndecodableImageError.of_system(error)))
