"""Selection: the images that a question is asked of, by folder or by a list of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.cells import spellings
from emoir.index.base import ImageMetadata, as_file, as_folder
from emoir.index.contract import ImageReader
from emoir.names import AnyPath, SomePaths


@dataclass(frozen=True, slots=True)
class Selection:
    """What may be found.

    Args:
        folders: images with a file in one of these or below; None for all.
        listed: of a list of files, those that are indexed, by their image; None for all.
    """

    folders: list[bytes] | None
    listed: dict[int, bytes] | None

    @classmethod
    def of(cls, index: ImageReader, folders: SomePaths | None, paths: SomePaths | None) -> Selection:
        """A selection as it is asked for; of several listed copies of an image, the first counts.

        Args:
            index: to look the files up in.
            folders: only images in these folders or below; None for all.
            paths: only these files; None for all.
        """
        inside = None if folders is None else [as_folder(folder) for folder in _paths(folders)]
        if paths is None:
            return cls(inside, None)
        listed: dict[int, bytes] = {}
        for path in _paths(paths):
            file = as_file(os.path.expanduser(path))
            # The list may spell a name with combining characters, and the disk without, or the other way round.
            for spelling in spellings(file):
                if (id := index.id_of(spelling)) is not None:
                    listed.setdefault(id, spelling)
                    break
        return cls(inside, listed)

    def candidates(self, index: ImageReader) -> NDArray[np.int64] | None:
        """Ids that may be found, sorted ascending; None for all."""
        everywhere = self.folders is None or index.all_below(self.folders)
        inside = None if everywhere or self.folders is None else index.ids_below(self.folders)
        if self.listed is None:
            return inside
        ids = np.array(sorted(self.listed), dtype=np.int64)
        return ids if inside is None else np.intersect1d(inside, ids)

    def named(self, index: ImageReader, metadata: Sequence[ImageMetadata]) -> list[ImageMetadata]:
        """Metadata under the paths that were listed: an image may have copies elsewhere that sort before."""
        if self.listed is None:
            return list(metadata)
        found = [replace(entry, path=self.listed.get(entry.id, entry.path)) for entry in metadata]
        records = index.records([entry.path for entry in found])
        return [replace(entry, record=records.get(entry.path)) for entry in found]


def _paths(paths: SomePaths) -> Sequence[AnyPath]:
    return [Path(paths)] if isinstance(paths, str | os.PathLike) else paths
