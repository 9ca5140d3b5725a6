"""Metadata: what is known of images beside their row vectors, one by one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace

from emoir.images.places import FileStat
from emoir.index.base import FailedFile, ImageMetadata, below
from emoir.index.catalogue import find_records
from emoir.index.checksums import Row, checked, select
from emoir.index.marks import load_marks
from emoir.index.tables import COLUMNS

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
    digests: dict[int, bytes] = {}
    for start in range(0, len(ids), CHUNK):
        part = [int(id) for id in ids[start : start + CHUNK]]
        marks = ",".join("?" * len(part))
        for image, file, directory in _joined(connection, f"images.id IN ({marks})", part):
            id, digest, width, height, taken, confidence, monochrome, hash, incomplete = image
            path = os.path.join(directory, file[1])
            inside = folders is None or any(below(path, folder) for folder in folders)
            if inside and id not in found:
                digests[id] = digest
                found[id] = ImageMetadata(
                    id=id,
                    path=path,
                    confidence=confidence,
                    monochrome=bool(monochrome),
                    width=width,
                    height=height,
                    taken=taken,
                    hash=None if hash is None else hash & UNSIGNED,
                    modified_ns=file[3],
                    incomplete=bool(incomplete),
                    record=None,
                )
    records = find_records(connection, [entry.path for entry in found.values()])
    marked = load_marks(connection, digests.values())
    return [
        replace(found[id], record=records.get(found[id].path), disturbing=marked.get(digests[id]))
        for id in ids
        if id in found
    ]


def load_files(connection: sqlite3.Connection, id: int) -> tuple[bytes, list[tuple[bytes, FileStat]]] | None:
    """The digest of an image's content and, in order, every file that holds it as it was; None if none does."""
    rows = list(_joined(connection, "images.id = ?", [id]))
    files = [(os.path.join(path, file[1]), FileStat(file[2], file[3])) for _, file, path in rows]
    return (rows[0][0][1], files) if rows else None


def _joined(connection: sqlite3.Connection, where: str, values: Sequence[int]) -> Iterator[tuple[Row, Row, bytes]]:
    """Rows of images and of their files, and the directories' paths, in the order of the paths; all checked."""
    tables = "images", "files", "directories"
    columns = [f"{table}.{name}" for table in tables for name in f"{COLUMNS[table]}, checksum".split(", ")]
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM images JOIN files ON files.image = images.id "
        f"JOIN directories ON directories.id = files.directory WHERE {where} ORDER BY path, name",
        values,
    )
    known: dict[Row, bytes] = {}
    for row in rows:
        [image], [file] = checked("images", [row[:10]]), checked("files", [row[10:19]])
        if row[19:] not in known:
            [known[row[19:]]] = (path for _, path, _ in checked("directories", [row[19:]]))
        yield image, file, known[row[19:]]


def load_incomplete(connection: sqlite3.Connection) -> tuple[bytes, ...]:
    """Every file whose picture lacks a part, by path."""
    found = _joined(connection, "images.incomplete", [])
    return tuple(os.path.join(directory, file[1]) for _, file, directory in found)


def load_failures(connection: sqlite3.Connection) -> tuple[FailedFile, ...]:
    """Every file that could not be read, by path."""
    directories = {id: path for id, path, _ in checked("directories", connection.execute(select("directories")))}
    rows = checked("files", connection.execute(select("files", "WHERE failure IS NOT NULL")).fetchall())
    failed = (FailedFile(os.path.join(directories[row[0]], row[1]), row[5]) for row in rows)
    return tuple(sorted(failed, key=lambda file: os.path.split(file.path)))
