"""Extractor: the contract of everything that turns image files into readings, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReading
from emoir.images.places import FileStat
from emoir.limits import RetryReason

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


class Extractor(Protocol):
    """Turns image files into readings; a context manager that holds what it needs for that.

    ``LocalExtractor`` (worker processes) is one. Others run in one thread or on many machines: see
    docs/howto/add-an-extractor.md.
    """

    def __enter__(self) -> Extractor:
        """Get ready; nothing is read yet."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of processes, threads and connections."""
        ...

    def extract(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Extraction | Failure]]:
        """Extract files, in any order.

        Args:
            paths: is drawn from only as fast as files are read: it may be long, and drawing may cost time.

        Yields:
            Every path once, with its extraction, or with the reason why there is none.

        Raises:
            ModelError: if the model cannot be loaded or gives impossible answers: no file is to blame then.
        """
        ...
