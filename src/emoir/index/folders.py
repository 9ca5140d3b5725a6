"""SqliteFolders: the folders of an index as they were when last read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.images.places import FileStat
from emoir.index import segments
from emoir.index.base import KnownImage, below, outermost
from emoir.index.checksums import checked, replace, sealed, select
from emoir.index.file import IndexFile
from emoir.index.statements import IN_SUBTREE, forget_copies, set_device, subtree
from emoir.limits import Limits, RetryReason

NAMESAKES = 2


class SqliteFolders:
    """Roots, directories and files in one SQLite file.

    Args:
        opened: the file.
    """

    def __init__(self, opened: IndexFile) -> None:
        self._opened = opened

    def _checked(self, table: str, where: str = "", values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a table whose checksums hold."""
        with self._opened.reading() as connection:
            return list(checked(table, connection.execute(select(table, where), values)))

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._opened.reading() as connection:
            return connection.execute(statement, values).fetchall()

    def roots(self) -> list[bytes]:
        """The folders that were indexed, in order."""
        return [path for (path,) in self._checked("roots", "ORDER BY path")]

    def add_root(self, folder: bytes) -> None:
        """Remember a folder, unless one above it is remembered; those below it are covered from now on."""
        roots = self.roots()
        if any(below(folder, root) for root in roots):
            return
        with self._opened.writing() as connection:
            covered = [(root,) for root in roots if below(root, folder)]
            connection.executemany("DELETE FROM roots WHERE path = ?", covered)
            connection.execute(replace("roots"), sealed("roots", (folder,)))

    def remove_root(self, folder: bytes) -> None:
        """Forget that a folder was indexed; what is known of its files stays until ``forget``."""
        with self._opened.writing() as connection:
            connection.execute("DELETE FROM roots WHERE path = ?", (folder,))

    def directories(self, folder: bytes) -> dict[bytes, int]:
        """Every known directory from a folder downwards, with the device it lay on."""
        rows = self._checked("directories", f"WHERE {IN_SUBTREE}", subtree(folder))
        return {path: device for _, path, device in rows}

    def set_devices(self, devices: Mapping[bytes, int]) -> None:
        """Remember the devices that directories lie on."""
        if devices:
            with self._opened.writing() as connection:
                for path, device in devices.items():
                    set_device(connection, path, device)

    def files(self, directory: bytes) -> dict[bytes, FileStat]:
        """Every known file of one directory: images, failures and others."""
        rows = self._all(
            "SELECT name, size, mtime_ns FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?)",
            (directory,),
        )
        make = tuple.__new__
        return {row[0]: make(FileStat, row[1:]) for row in rows}

    def forget(self, files: Sequence[tuple[bytes, bytes]], directories: Sequence[bytes] = ()) -> None:
        """Forget single files, as (directory, name), and whole directories; readings stay until ``compact``."""
        if not files and not directories:
            return
        with self._opened.writing() as connection:
            segments.unmark_compact(connection)
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?) AND name = ?", files
            )
            gone = [(path,) for path in directories]
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?)", gone
            )
            connection.executemany("DELETE FROM directories WHERE path = ?", gone)

    def forget_copies(self, folders: Sequence[bytes]) -> list[bytes]:
        """Forget files below folders that are not there, as far as a file elsewhere holds the same image.

        No reading is lost by it; what was moved is known by its new place alone.

        Args:
            folders: that are missing or empty.

        Returns:
            Those of them that hold no image any more; they are forgotten altogether.
        """
        with self._opened.writing() as connection:
            segments.unmark_compact(connection)
            forget_copies(connection, folders)
        emptied = [folder for folder in folders if not len(self.ids_below([folder]))]
        self.forget([], [directory for folder in emptied for directory in self.directories(folder)])
        return emptied

    def retryable_failures(self, limits: Limits) -> frozenset[bytes]:
        """Failed files that may be readable now though they did not change: a limit rose, or the cause lay outside.

        Args:
            limits: now in force.
        """
        pixels, seconds = RetryReason.PIXELS, RetryReason.SECONDS
        rows = self._all(
            "SELECT path, name FROM files JOIN directories ON directories.id = files.directory "
            "WHERE failure IS NOT NULL AND (retry_when = ? OR retry_when = ? AND limit_then < ? "
            "OR retry_when = ? AND limit_then < ?)",
            (RetryReason.ENVIRONMENT, pixels, limits.max_pixels, seconds, limits.seconds_per_file),
        )
        return frozenset(os.path.join(path, name) for path, name in rows)

    def images_like(self, stat: FileStat) -> list[KnownImage]:
        """Images that some file of this size and time holds: what a moved or copied file may turn out to be."""
        rows = self._all(
            "SELECT DISTINCT id, digest FROM files JOIN images ON images.id = files.image "
            "WHERE files.image IS NOT NULL AND size = ? AND mtime_ns = ?",
            (stat.size, stat.mtime_ns),
        )
        return [KnownImage(id, digest) for id, digest in rows]

    def ids_below(self, folders: Sequence[bytes]) -> NDArray[np.int64]:
        """Ids of the images with a file in any of the folders or below, sorted ascending."""
        statement = (
            "SELECT image FROM files JOIN directories ON directories.id = files.directory "
            f"WHERE image IS NOT NULL AND {IN_SUBTREE}"
        )
        with self._opened.reading() as connection:
            self._opened.require_findable("files")
            rows = (row for folder in folders for row in connection.execute(statement, subtree(folder)))
            return np.unique(np.fromiter((image for (image,) in rows), np.int64))

    def all_below(self, folders: Sequence[bytes]) -> bool:
        """Whether every known directory is one of the folders or lies below one: then all images are there."""
        counting = f"SELECT count(*) FROM directories WHERE {IN_SUBTREE}"
        inside = sum(self._all(counting, subtree(folder))[0][0] for folder in outermost(folders))
        return bool(inside == self._all("SELECT count(*) FROM directories")[0][0])

    def id_of(self, path: bytes) -> int | None:
        """The image that a file was when it was last indexed."""
        folder, name = os.path.split(path)
        where = "WHERE name = ? AND directory = (SELECT id FROM directories WHERE path = ?)"
        with self._opened.reading():
            for _, _, _, _, image, *_ in self._checked("files", where, (name, folder)):
                return None if image is None else int(image)
            self._opened.require_findable("files")
            return None

    def names_in(self, directory: bytes) -> list[bytes]:
        """Names of the image files of one directory."""
        rows = self._all(
            "SELECT name FROM files WHERE image IS NOT NULL "
            "AND directory = (SELECT id FROM directories WHERE path = ?)",
            (directory,),
        )
        return [name for (name,) in rows]

    def paths_called(self, name: bytes) -> list[bytes]:
        """The first few image files of that name in any folder, by path."""
        rows = self._all(
            "SELECT path, name FROM files JOIN directories ON directories.id = files.directory "
            "WHERE image IS NOT NULL AND name = ? ORDER BY path LIMIT ?",
            (name, NAMESAKES),
        )
        return [os.path.join(path, name) for path, name in rows]

    def single_files(self, roots: Sequence[bytes]) -> dict[bytes, FileStat]:
        """Every known file outside of some folders, as it was: one that was indexed by itself."""
        directories = [path for (path,) in self._all("SELECT path FROM directories")]
        return {
            os.path.join(path, name): stat
            for path in directories
            if not any(below(path, root) for root in roots)
            for name, stat in self.files(path).items()
        }
