"""Marks: settings of images by hand, which go before the model's reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from emoir.index.checksums import checked, replace, sealed, select
from emoir.index.file import IndexFile
from emoir.index.statements import digest_of


class Marks:
    """Which images are disturbing, or are not, by hand; safe to share between threads. By content, as ratings are.

    Args:
        file: the open index.
    """

    def __init__(self, file: IndexFile) -> None:
        self._file = file

    def set(self, image: int, disturbing: bool | None) -> None:
        """Mark an image; None leaves it to the model again.

        Raises:
            QueryError: if the index has no such image.
        """
        with self._file.writing() as connection:
            digest = digest_of(connection, image)
            if disturbing is None:
                connection.execute("DELETE FROM marks WHERE digest = ?", (digest,))
            else:
                connection.execute(replace("marks"), sealed("marks", (digest, int(disturbing))))


def load_marks(connection: sqlite3.Connection, digests: Iterable[bytes]) -> dict[bytes, bool]:
    """Digest to whether it is disturbing, of those images that are marked."""
    marked: dict[bytes, int] = dict(checked("marks", connection.execute(select("marks")).fetchall()))
    return {digest: bool(marked[digest]) for digest in digests if digest in marked}
