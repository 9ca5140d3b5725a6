"""Catalogue: the records of an archive, joined to indexed files by the paths or names that they state."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emoir.cells import composed, plain_path, read_table_cells
from emoir.errors import CatalogueError
from emoir.index.base import IndexedCatalogue, Record, as_file, below
from emoir.index.checksums import DamagedRowError, checked, insert, sealed, select
from emoir.index.near_names import near_names
from emoir.index.statements import IN_SUBTREE, subtree
from emoir.names import address_of

# Headers under which catalogues keep what emoir shows by name; compared without case, blanks, hyphens and underscores.
HEADERS = {
    "path": ("path", "filepath", "file", "filename", "image", "imagefile", "imagepath", "路径", "文件", "文件名"),
    "id": ("id", "recordid", "record", "identifier", "accession", "accessionnumber", "编号", "登录号", "记录号"),
    "title": ("title", "name", "caption", "标题", "题名", "名称"),
    "url": ("url", "uri", "link", "permalink", "网址", "链接"),
}
# SQLite takes 32,766 values in one statement.
KEYS_AT_ONCE = 10_000
UNMATCHED_LISTED = 5


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue as read from its file.

    Args:
        source: the file.
        records: by key: an absolute path, the end of one, or a bare file name.
        notes: what was skipped in the file, one line each.
    """

    source: Path
    records: Mapping[bytes, Record]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """How a catalogue fits the indexed files.

    Args:
        records: in the catalogue.
        joined: records that belong to at least one file.
        several: records that belong to more than one.
        unmatched: the first few paths that no file has.
        near: of these, to the names of indexed files that they may mean.
        notes: what was skipped in the file.
    """

    records: int
    joined: int
    several: int
    unmatched: tuple[str, ...]
    notes: tuple[str, ...] = ()
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_catalogue(file: Path) -> Catalogue:
    r"""Read a catalogue: a table as ``read_table_cells`` takes it.

    Columns named as in ``HEADERS`` become path, record id, title and URL; all others are kept under their headers.
    A record without a path, and a second one for the same path, are skipped and noted.

    Args:
        file: the catalogue.

    Returns:
        Its records by the paths that they state.

    Raises:
        CatalogueError: naming the file, the line and what is expected.
        OSError: if it cannot be read.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "records.csv"
        >>> _ = file.write_text("Filename;Title;Year\nbox 1/a.jpg;Harvest;1931\n", encoding="utf-8")
        >>> read_catalogue(file).records[b"box 1/a.jpg"].to_dict()
        {'id': None, 'title': 'Harvest', 'url': None, 'columns': {'Year': '1931'}}
    """
    try:
        header, rows = read_table_cells(file)
    except ValueError as error:
        raise CatalogueError(f"{file}: {error}") from None
    columns = _columns(file, header)
    records: dict[bytes, Record] = {}
    lines: dict[bytes, int] = {}
    notes: list[str] = []
    for line, row in rows:
        path = row[columns["path"]]
        key = _key(path, file.parent) if path else b""
        if not key:
            notes.append(f"line {line} names no file")
        elif key in records:
            notes.append(f"line {line} names {path} again; line {lines[key]} holds")
        else:
            records[key], lines[key] = _record(header, row, columns), line
    return Catalogue(file, records, tuple(notes))


def _columns(file: Path, header: Sequence[str]) -> dict[str, int]:
    """Where path, id, title and url stand; only the path must be there."""
    plain = [re.sub(r"[\s_-]", "", name).lower() for name in header]
    found = {role: next((plain.index(name) for name in names if name in plain), -1) for role, names in HEADERS.items()}
    if found["path"] < 0:
        accepted = ", ".join(HEADERS["path"])
        raise CatalogueError(
            f"{file}: no column names the image files; it has {', '.join(header) or 'no header'}; "
            f"call the column one of {accepted}"
        )
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise CatalogueError(f"{file}: the column {repeated[0]!r} occurs twice")
    return found


def _record(header: Sequence[str], row: Sequence[str], columns: Mapping[str, int]) -> Record:
    shown = {role: row[place].strip() or None for role, place in columns.items() if place >= 0}
    rest = {name: row[place] for place, name in enumerate(header) if place not in columns.values()}
    return Record(shown.get("id"), shown.get("title"), shown.get("url"), rest)


def _key(path: str, folder: Path) -> bytes:
    """A stated path as the end of an indexed one; empty if it is the folder itself."""
    if (address := address_of(path)) is not None:
        return composed(address)
    plain = Path(os.path.normpath(plain_path(path)))
    if not plain.parts:
        return b""
    absolute = plain.is_absolute() or plain.parts[0] == os.pardir
    return composed(as_file(folder / plain) if absolute else os.fsencode(plain))


def endings(path: bytes) -> Iterator[bytes]:
    """A path and every end of it that begins with a name, longest first; then the same in Unicode's composed form.

    Example:
        >>> list(endings(b"/box/a.jpg"))
        [b'/box/a.jpg', b'box/a.jpg', b'a.jpg']
    """
    separator = os.fsencode(os.sep)
    # Keys of older indexes are as the catalogue had them.
    for spelling in dict.fromkeys((path, composed(path))):
        yield spelling
        at = spelling.find(separator)
        while at >= 0:
            yield spelling[at + 1 :]
            at = spelling.find(separator, at + 1)


def store_catalogue(connection: sqlite3.Connection, catalogue: Catalogue, roots: Iterable[bytes]) -> None:
    """Make a catalogue that of some folders, in place of what they had, inside the caller's transaction."""
    for root in roots:
        connection.execute(
            "INSERT OR IGNORE INTO changes SELECT number, image FROM revision, files "
            f"JOIN directories ON directories.id = files.directory WHERE image IS NOT NULL AND {IN_SUBTREE}",
            subtree(root),
        )
        connection.execute("DELETE FROM records WHERE catalogue IN (SELECT id FROM catalogues WHERE root = ?)", (root,))
        connection.execute("DELETE FROM catalogues WHERE root = ?", (root,))
        if not catalogue.records:
            continue
        source = os.fsencode(catalogue.source.absolute())
        (number,) = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM catalogues").fetchone()
        connection.execute(insert("catalogues"), sealed("catalogues", (number, root, source)))
        texts = (
            sealed("records", (number, key, json.dumps(record.to_dict(), ensure_ascii=False)))
            for key, record in catalogue.records.items()
        )
        connection.executemany(insert("records"), texts)


def find_records(connection: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, Record]:
    """The records of files.

    A record belongs to the files below its catalogue's folder whose path ends in what the record states. Of several,
    the one that states more of the path holds; of several catalogues, that of the deeper folder.
    """
    found: dict[bytes, Record] = {}
    catalogues = connection.execute(select("catalogues", "ORDER BY length(root)")).fetchall()
    for number, root, _ in checked("catalogues", catalogues):
        inside = [path for path in paths if below(path, root)]
        texts = _texts(connection, number, inside)
        for path in inside:
            key = next((key for key in endings(path) if key in texts), None)
            if key is not None:
                found[path] = _parsed(texts[key])
    return found


def _parsed(text: str) -> Record:
    try:
        return Record(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise DamagedRowError("a record of a catalogue is spoilt") from error


def _texts(connection: sqlite3.Connection, catalogue: int, paths: Sequence[bytes]) -> dict[bytes, str]:
    """Those records, as stored, that any of the paths may belong to."""
    keys = list({key for path in paths for key in endings(path)})
    texts: dict[bytes, str] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        marks = ",".join("?" * len(part))
        where = f"WHERE catalogue = ? AND key IN ({marks})"
        rows = connection.execute(select("records", where), [catalogue, *part])
        texts |= {key: record for _, key, record in checked("records", rows)}
    return texts


def list_catalogues(connection: sqlite3.Connection) -> tuple[IndexedCatalogue, ...]:
    """The catalogues of an index, by folder."""
    counts = dict(connection.execute("SELECT catalogue, count(*) FROM records GROUP BY catalogue"))
    rows = checked("catalogues", connection.execute(select("catalogues", "ORDER BY root")))
    return tuple(IndexedCatalogue(root, source, counts.get(number, 0)) for number, root, source in rows)


def joined(connection: sqlite3.Connection, catalogue: Catalogue, roots: Iterable[bytes]) -> Joined:
    """How a catalogue fits the image files below some folders."""
    counts: Counter[bytes] = Counter()
    names: set[bytes] = set()
    for root in roots:
        for folder, name in connection.execute(
            "SELECT path, name FROM files JOIN directories ON directories.id = files.directory "
            f"WHERE image IS NOT NULL AND {IN_SUBTREE}",
            subtree(root),
        ):
            path = os.path.join(folder, name)
            names.add(name)
            key = next((key for key in endings(path) if key in catalogue.records), None)
            if key is not None:
                counts[key] += 1
    unmatched = [os.fsdecode(key) for key in catalogue.records if key not in counts][:UNMATCHED_LISTED]
    several = sum(count > 1 for count in counts.values())
    near = near_names(unmatched, names)
    return Joined(
        records=len(catalogue.records),
        joined=len(counts),
        several=several,
        unmatched=tuple(unmatched),
        notes=catalogue.notes,
        near=near,
    )
