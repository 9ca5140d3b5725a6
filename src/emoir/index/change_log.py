"""The change log: at which revision the row, the files or the record of an image changed; of bounded length.

All of this happens inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from emoir.index.schema import read_meta, snapshot, write_meta

# A replica that missed more changes than this reads all rows again, which is hardly slower.
LOG_ENTRIES = 100_000
# Number of transactions after which the log is cut; it is also cut at the end of every index run.
CUT_EVERY = 64
# The key of the table meta that says after which revision the log is complete.
LOG_START = "log_start"


def revision_of(connection: sqlite3.Connection) -> int:
    """How often the index was written."""
    (number,) = connection.execute("SELECT number FROM revision").fetchone()
    return int(number)


def changes_since(connection: sqlite3.Connection, revision: int) -> NDArray[np.int64] | None:
    """Ids of the images that changed after a revision, sorted ascending; None if the log does not reach back."""
    # Another process may cut the log between its start and its entries.
    with snapshot(connection):
        if not int(read_meta(connection).get(LOG_START, 0)) <= revision <= revision_of(connection):
            return None
        rows = connection.execute("SELECT DISTINCT image FROM changes WHERE revision > ? ORDER BY image", (revision,))
        return np.fromiter((image for (image,) in rows), np.int64)


def cut_log(connection: sqlite3.Connection) -> None:
    """Drop the oldest entries beyond ``LOG_ENTRIES``, whole revisions at a time."""
    newest = "SELECT revision FROM changes ORDER BY revision DESC LIMIT 1 OFFSET ?"
    last: tuple[int] | None = connection.execute(newest, (LOG_ENTRIES,)).fetchone()
    if last is not None:
        connection.execute("DELETE FROM changes WHERE revision <= ?", last)
        write_meta(connection, {LOG_START: str(last[0])})


def restart_log(connection: sqlite3.Connection, latest: int) -> None:
    """Begin the log again with other content: no replica of a revision up to ``latest`` passes for up to date."""
    connection.execute("UPDATE revision SET number = max(number, ?) + 1", (latest,))
    connection.execute("DELETE FROM changes")
    write_meta(connection, {LOG_START: str(revision_of(connection))})
