"""Boards: images that a person put together, in a chosen order, and saved searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emoir.errors import QueryError
from emoir.index.checksums import Row, checked, replace, sealed, select
from emoir.index.file import IndexFile
from emoir.index.statements import digest_of, find_image

DIGEST_LENGTH = 32
# Boards that a message names.
NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board.

    Args:
        id: of the board; never given twice.
        name: no other board has it.
        notes: any text.
        cover: id of an image of the board, or None while it is empty.
        images: ids in their order, of those that are indexed now.
    """

    id: int
    name: str
    notes: str
    cover: int | None
    images: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A saved search: its name, and the query part of the gallery's address."""

    id: int
    name: str
    address: str


class Boards:
    """The boards and saved searches of an index; safe to share between threads.

    Boards keep images by their content, so that they outlive a rebuild, and an image that goes and comes back.

    Args:
        file: the open index.
    """

    def __init__(self, file: IndexFile) -> None:
        self._file = file

    def all(self) -> list[Board]:
        """Every board, by name."""
        with self._file.reading() as connection:
            return [_board(self._file, connection, row) for row in _rows(connection, "boards", "ORDER BY name")]

    def get(self, board: int | str) -> Board:
        """The board of an id or a name.

        Raises:
            QueryError: if there is none, naming those that there are.
        """
        with self._file.reading() as connection:
            return _board(self._file, connection, _row(connection, board))

    def create(self, name: str, images: Sequence[int] = (), *, notes: str = "") -> Board:
        """Make a board.

        Raises:
            QueryError: if the name is taken, or the index has no such image.
        """
        with self._file.writing() as connection:
            _require_free(connection, "boards", name)
            id = _next_id(connection, "boards")
            digests = b"".join(digest_of(connection, image) for image in dict.fromkeys(images))
            _write(connection, "boards", (id, name, notes, None, digests))
            return _board(self._file, connection, _row(connection, id))

    def change(
        self,
        board: int | str,
        *,
        name: str | None = None,
        notes: str | None = None,
        cover: int | None = None,
        images: Sequence[int] | None = None,
    ) -> Board:
        """Change what is given, and nothing else.

        Args:
            board: its id or name.
            name: a new one.
            notes: new ones.
            cover: id of the image to show it by.
            images: all of its images, in their new order. Images that are not indexed any more stay, at the end.

        Raises:
            QueryError: if there is no such board or image, or the name is taken.
        """
        with self._file.writing() as connection:
            id, old_name, old_notes, old_cover, digests = _row(connection, board)
            if name is not None and name != old_name:
                _require_free(connection, "boards", name)
            if images is not None:
                gone = [digest for digest in _split(digests) if _image(self._file, connection, digest) is None]
                digests = b"".join([*(digest_of(connection, image) for image in dict.fromkeys(images)), *gone])
            values = (
                id,
                old_name if name is None else name,
                old_notes if notes is None else notes,
                old_cover if cover is None else digest_of(connection, cover),
                digests,
            )
            _write(connection, "boards", values)
            return _board(self._file, connection, values)

    def add(self, board: int | str, images: Sequence[int]) -> Board:
        """Put images at the end of a board; those that are on it stay where they are.

        Raises:
            QueryError: if there is no such board or image.
        """
        with self._file.writing() as connection:
            id, name, notes, cover, digests = _row(connection, board)
            every = dict.fromkeys([*_split(digests), *(digest_of(connection, image) for image in images)])
            values = (id, name, notes, cover, b"".join(every))
            _write(connection, "boards", values)
            return _board(self._file, connection, values)

    def remove(self, board: int | str) -> None:
        """Take a board away; its images stay.

        Raises:
            QueryError: if there is none.
        """
        with self._file.writing() as connection:
            connection.execute("DELETE FROM boards WHERE id = ?", (_row(connection, board)[0],))

    def searches(self) -> list[SavedSearch]:
        """Every saved search, by name."""
        with self._file.reading() as connection:
            return [SavedSearch(*row) for row in _rows(connection, "searches", "ORDER BY name")]

    def save_search(self, name: str, address: str) -> SavedSearch:
        """Save a search; one of the same name is replaced."""
        with self._file.writing() as connection:
            known = connection.execute("SELECT id FROM searches WHERE name = ?", (name,)).fetchone()
            found = SavedSearch(known[0] if known else _next_id(connection, "searches"), name, address)
            _write(connection, "searches", (found.id, name, address))
            return found

    def forget_search(self, id: int) -> bool:
        """Forget a saved search; whether there was one."""
        with self._file.writing() as connection:
            return bool(connection.execute("DELETE FROM searches WHERE id = ?", (id,)).rowcount)


def _rows(connection: sqlite3.Connection, table: str, rest: str, values: Sequence[object] = ()) -> Iterator[Row]:
    return checked(table, connection.execute(select(table, rest), values).fetchall())


def _row(connection: sqlite3.Connection, board: int | str) -> Row:
    key = "id" if isinstance(board, int) else "name"
    for row in _rows(connection, "boards", f"WHERE {key} = ?", (board,)):
        return row
    names = [name for (name,) in connection.execute("SELECT name FROM boards ORDER BY name LIMIT ?", (NAMED + 1,))]
    names[NAMED:] = ["…"] * (len(names) > NAMED)
    raise QueryError(
        f"there is no board {board!r}; there are: {', '.join(names) or 'none'}",
        chinese=f"没有画板“{board}”；现有：{'、'.join(names) or '无'}",
    )


def _require_free(connection: sqlite3.Connection, table: str, name: str) -> None:
    if connection.execute(f"SELECT 1 FROM {table} WHERE name = ?", (name,)).fetchone():
        raise QueryError(f"there is a board {name!r} already", chinese=f"已有名为“{name}”的画板")


def _next_id(connection: sqlite3.Connection, table: str) -> int:
    found = connection.execute("SELECT ifnull(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = ?", (table,))
    return int(found.fetchone()[0])


def _write(connection: sqlite3.Connection, table: str, values: Row) -> None:
    connection.execute(replace(table), sealed(table, values))


def _split(digests: bytes) -> list[bytes]:
    return [digests[at : at + DIGEST_LENGTH] for at in range(0, len(digests), DIGEST_LENGTH)]


def _image(file: IndexFile, connection: sqlite3.Connection, digest: bytes) -> int | None:
    """The image of a digest that some file holds now."""
    found = find_image(connection, digest)
    if found is not None and connection.execute("SELECT 1 FROM files WHERE image = ?", (found,)).fetchone():
        return found
    file.require_findable("images", "files")
    return None


def _board(file: IndexFile, connection: sqlite3.Connection, row: Row) -> Board:
    id, name, notes, cover, digests = row
    found = [image for digest in _split(digests) if (image := _image(file, connection, digest)) is not None]
    shown = None if cover is None else _image(file, connection, cover)
    if shown not in found:
        shown = found[0] if found else None
    return Board(id=id, name=name, notes=notes, cover=shown, images=tuple(found))
