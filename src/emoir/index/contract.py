"""ImageReader and ImageStore: what an index of images must give, and take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.images.places import FileStat
from emoir.index.attributes import Attributes
from emoir.index.base import FileOutcome, ImageMetadata, IndexStatus, KnownImage, Record, VectorTable
from emoir.index.catalogue import Catalogue, Joined
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import RowLayout
from emoir.index.ratings import Rating
from emoir.limits import Limits


class ImageReader(Protocol):
    """Indexed images, to be looked up. Ids that are gone are left out of every answer."""

    @property
    def revision(self) -> int:
        """How often the store was written; the same revision is the same content."""

    @property
    def library(self) -> str:
        """The id that this store and its backups share, and no other has."""

    def replicating(self) -> AbstractContextManager[None]:
        """Lets one process at a time bring a replica up to date."""

    @property
    def model(self) -> IndexedModel:
        """The model whose readings the store holds."""

    @property
    def layout(self) -> RowLayout:
        """Of the rows."""

    def require(self, model_id: str, *earlier_ids: str) -> None:
        """Raise a ``ModelMismatchError`` unless the store is of this model."""

    def changes(self, since: int) -> NDArray[np.int64] | None:
        """Ids of images whose row, files or record changed after a revision, sorted ascending; some may be gone.

        None if that is not known any more: then a replica reads everything again.
        """

    def count(self) -> int:
        """How many images there are."""

    def vectors(self, ids: NDArray[np.int64] | None = None) -> VectorTable:
        """The rows of all images, or of those named, sorted ascending. The row of an image never changes."""

    def attributes(self, ids: NDArray[np.int64]) -> Attributes:
        """What is known of images beside their rows, in the order of the ids; zeros for one that is gone."""

    def metadata(self, ids: Sequence[int], folders: Sequence[bytes] | None = None) -> list[ImageMetadata]:
        """What is known of images, in the order asked; a copy in one of the folders is preferred."""

    def rows(
        self, ids: Sequence[int] | None = None, folders: Sequence[bytes] | None = None
    ) -> tuple[list[ImageMetadata], NDArray[np.float32]]:
        """Metadata and row vectors (n, d) of images, or of all, one for one."""

    def readings(self, metadata: Sequence[ImageMetadata], rows: NDArray[np.float32]) -> EmotionReadings:
        """The readings that rows hold."""

    def records(self, paths: Sequence[bytes]) -> dict[bytes, Record]:
        """Catalogue records of files."""

    def ratings_by(self, rater: str) -> dict[int, Rating]:
        """The ratings of one rater, by image id."""

    def roots(self) -> list[bytes]:
        """The folders that were indexed, in order."""

    def ids_below(self, folders: Sequence[bytes]) -> NDArray[np.int64]:
        """Ids of the images with a file in any of the folders or below, sorted ascending."""

    def all_below(self, folders: Sequence[bytes]) -> bool:
        """Whether all images have their files in the folders or below."""

    def id_of(self, path: bytes) -> int | None:
        """The image that a file was when it was last indexed."""

    def names_in(self, directory: bytes) -> list[bytes]:
        """Names of the image files of one directory."""

    def paths_called(self, name: bytes) -> list[bytes]:
        """The first few image files of that name in any folder, by path."""

    def files_of(self, id: int) -> tuple[bytes, list[tuple[bytes, FileStat]]] | None:
        """The digest of an image and every file that holds it as it was; None if none does."""

    def status(self) -> IndexStatus:
        """What the store holds, in numbers."""


class ImageStore(ImageReader, Protocol):
    """The single source of truth: files, images, metadata, rows, failures, records, and the log of their changes.

    Every method that changes something is one transaction, all or nothing, and counts ``revision`` up.
    """

    def recalibrate(self, model: IndexedModel, earlier_ids: Sequence[str] = ()) -> None:
        """Take over the present name and calibration of the store's own model."""

    def add_root(self, folder: bytes) -> None:
        """Remember a folder."""

    def remove_root(self, folder: bytes) -> None:
        """Forget that a folder was indexed; its files stay until they are forgotten."""

    def directories(self, folder: bytes) -> dict[bytes, int]:
        """Every known directory from a folder downwards, with the device it lay on."""

    def set_devices(self, devices: Mapping[bytes, int]) -> None:
        """Remember the devices that directories lie on."""

    def files(self, directory: bytes) -> dict[bytes, FileStat]:
        """Every known file of one directory: images, failures and others."""

    def single_files(self, roots: Sequence[bytes]) -> dict[bytes, FileStat]:
        """Every known file outside of some folders."""

    def images_like(self, stat: FileStat) -> list[KnownImage]:
        """Images that some file of this size and time holds."""

    def retryable_failures(self, limits: Limits) -> frozenset[bytes]:
        """Failed files that may be readable now though they did not change."""

    def record(self, outcomes: Sequence[FileOutcome], limits: Limits) -> None:
        """Commit the outcomes of some files; a file recorded before is overwritten."""

    def forget(self, files: Sequence[tuple[bytes, bytes]], directories: Sequence[bytes] = ()) -> None:
        """Forget single files, as (directory, name), and whole directories."""

    def forget_copies(self, folders: Sequence[bytes]) -> list[bytes]:
        """Forget files below missing folders whose images lie elsewhere too; the folders that hold none any more."""

    def compact(self) -> None:
        """Drop images that no file holds any more."""

    def set_catalogue(self, catalogue: Catalogue, roots: Sequence[bytes]) -> None:
        """Make a catalogue that of some folders, in place of what they had."""

    def joined(self, catalogue: Catalogue, roots: Sequence[bytes]) -> Joined:
        """How a catalogue fits the image files below some folders."""
