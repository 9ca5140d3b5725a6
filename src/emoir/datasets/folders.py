"""A folder per class: the layout that needs no table."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from emoir.datasets.table import Table, known_classes
from emoir.errors import DatasetError
from emoir.images.exclusion import skip_by_name
from emoir.images.formats import SUFFIXES
from emoir.images.walk import walk


def read_folders(folder: Path, *, space: str | None = None) -> Table:
    """Read a data set laid out as one folder per class, at any depth below it.

    Args:
        folder: holds one sub-folder per class; hidden files and folders are skipped.
        space: name of the label space; default: the folder's own name.

    Returns:
        One row per image (by suffix), classes in the order of their names, rows by class and path.

    Raises:
        DatasetError: if fewer than two sub-folders hold images, or the space has a name of emoir's and other classes.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> for mood in ("calm", "wild"):
        ...     (root / mood).mkdir()
        ...     (root / mood / "1.jpg").touch()
        >>> read_folders(root, space="mood").class_names["mood"]
        ('calm', 'wild')
    """
    space = space or folder.name
    names: list[str] = []
    paths: list[Path] = []
    labels: list[int] = []
    children = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    for child in (entry for entry in children if skip_by_name(os.fsencode(entry.name)) is None):
        images = images_below(child)
        if images:
            paths += images
            labels += [len(names)] * len(images)
            names.append(child.name)
    if len(names) < 2:
        deeper = {path.relative_to(folder).parts[1] for path in paths if len(path.relative_to(folder).parts) > 2}
        hint = (
            f"; if the classes are the sub-folders of {names[0]}, name {folder / names[0]}" if len(deeper) > 1 else ""
        )
        raise DatasetError(
            f"{folder}: at least two sub-folders with images are needed, one per class; found {len(names)}{hint}"
        )
    classes = known_classes(space, names)
    lower = [name.casefold() for name in classes]
    indices = np.array([lower.index(name.casefold()) for name in names], dtype=np.int64)[labels]
    return Table(name=folder.name, paths=paths, classes={space: indices}, class_names={space: classes})


def images_below(folder: Path) -> list[Path]:
    """Files below a folder that an image's suffix promises to be images, by path.

    What an index skips is skipped here also: hidden files, folders of recycle bins and storage systems, and
    what a ``.emoirignore`` names.
    """

    def unreadable(path: bytes, error: OSError) -> None:
        raise DatasetError(f"{os.fsdecode(path)} cannot be listed: {error.strerror}")

    return sorted(
        path
        for listing in walk(os.fsencode(folder), unreadable)
        for path in (Path(os.fsdecode(os.path.join(listing.path, name))) for name in listing.files)
        if path.suffix.lower() in SUFFIXES
    )
