"""Metadata: what is known of images beside their row vectors, one by one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from emoir.images.walk import FileStat
from emoir.index.base import FailedFile, ImageMetadata, below
from emoir.index.catalogue import find_records

# SQLite takes 32,766 values in one statement; this many ids are asked for at once.
CHUNK = 10_000
# SQLite's integers are signed, difference hashes are not.
UNSIGNED = 0xFFFFFFFFFFFFFFFF


def load_metadata(
    connection: sqlite3.Connection, ids: Sequence[int], folders: Sequence[bytes] | None = None
) -> list[ImageMetadata]:
    """What is known of images, in the order asked; ids that are gone are left out.

    Args:
        connection: to the index.
        ids: of images.
        folders: prefer a copy that lies in one of these; of several, the first by path is named.
    """
    found: dict[int, ImageMetadata] = {}
    for start in range(0, len(ids), CHUNK):
        part = [int(id) for id in ids[start : start + CHUNK]]
        rows = connection.execute(
            "SELECT images.id, path, name, confidence, monochrome, width, height, taken, hash, mtime_ns "
            "FROM images JOIN files ON files.image = images.id "
            "JOIN directories ON directories.id = files.directory "
            f"WHERE images.id IN ({','.join('?' * len(part))}) ORDER BY path, name",
            part,
        )
        for id, directory, name, confidence, monochrome, width, height, taken, hash, modified_ns in rows:
            path = os.path.join(directory, name)
            inside = folders is None or any(below(path, folder) for folder in folders)
            if inside and id not in found:
                picture = width, height, taken, None if hash is None else hash & UNSIGNED
                found[id] = ImageMetadata(id, path, confidence, bool(monochrome), *picture, modified_ns, None)
    records = find_records(connection, [entry.path for entry in found.values()])
    return [replace(found[id], record=records.get(found[id].path)) for id in ids if id in found]


def load_files(connection: sqlite3.Connection, id: int) -> tuple[bytes, list[tuple[bytes, FileStat]]] | None:
    """The digest of an image's content and, in order, every file that holds it as it was; None if none does."""
    rows = connection.execute(
        "SELECT digest, path, name, size, mtime_ns FROM images JOIN files ON files.image = images.id "
        "JOIN directories ON directories.id = files.directory WHERE images.id = ? ORDER BY path, name",
        (id,),
    ).fetchall()
    files = [(os.path.join(path, name), FileStat(size, mtime_ns)) for _, path, name, size, mtime_ns in rows]
    return (rows[0][0], files) if rows else None


def load_failures(connection: sqlite3.Connection) -> tuple[FailedFile, ...]:
    """Every file that could not be read, by path."""
    rows = connection.execute(
        "SELECT path, name, failure FROM files JOIN directories ON directories.id = files.directory "
        "WHERE failure IS NOT NULL ORDER BY path, name"
    )
    return tuple(FailedFile(os.path.join(path, name), cause) for path, name, cause in rows)
