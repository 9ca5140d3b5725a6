"""Extractor: the contract of everything that turns image files into readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol

from emoir.extract.extraction import Extraction, Failure


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
