"""Service: what all routes share."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated, Generic, TypeVar

import numpy as np
from fastapi import Depends, Request, Response
from numpy.typing import NDArray
from PIL import Image

from emoir.collection import Collection
from emoir.errors import UndecodableImageError
from emoir.export.board import contact_sheet
from emoir.images.places import FileStat, place_of
from emoir.images.thumbnail import ThumbnailCache
from emoir.index.base import ImageMetadata
from emoir.index.ratings import Ratings
from emoir.web.files import VerifiedFiles
from emoir.web.jobs import (
    DescribedImage,
    ExplainedImage,
    FileChangedError,
    describe_image,
    explain_image,
    make_thumbnail,
    read_camera,
)
from emoir.web.problems import Problem, Unchanged, busy, no_image, read_again
from emoir.web.records import CollectionRecord, Shelves
from emoir.web.settings import Settings
from emoir.web.workers import Workers

WAIT_SECONDS = 20.0
# Thumbnails of this side are enough to see colours.
PALETTE_SIDE = 240
DRAWERS = 2
Made = TypeVar("Made")


class ConcurrencyLimit:
    """Places for work that occupies a processor; a few may wait for one, the rest are refused at once.

    Args:
        count: places.
        waiting: how many may wait; fewer than the server has threads, so that all else goes on.
    """

    def __init__(self, count: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(count)
        self._queue = threading.BoundedSemaphore(count + waiting)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Take a place.

        Raises:
            Problem: if too many wait, or the wait was too long.
        """
        with ExitStack() as stack:
            for semaphore, seconds in ((self._queue, 0.0), (self._places, WAIT_SECONDS)):
                if not semaphore.acquire(timeout=seconds):
                    raise busy()
                stack.callback(semaphore.release)
            yield


class LastMade(Generic[Made]):
    """What was made last, and of which version; callers who want it at the same time wait for one making."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[str, Made] | None = None

    def __call__(self, version: str, make: Callable[[], Made]) -> Made:
        """What was made of this version, or is made now."""
        with self._lock:
            if self._kept is None or self._kept[0] != version:
                self._kept = version, make()
            return self._kept[1]


class Service:
    """A collection, and what must be kept between requests.

    Args:
        collection: what is served.
        settings: how.
    """

    def __init__(self, collection: Collection, settings: Settings) -> None:
        self.collection, self.settings = collection, settings
        self._thumbnails = ThumbnailCache(settings.thumbnails)
        self._files = VerifiedFiles()
        # Thumbnails need not wait for explanations, nor a process with the model in memory.
        self._model = collection.model_folder
        self._readers = Workers(self._model.folder, settings.limits, settings.workers)
        self._drawers = Workers(self._model.folder, settings.limits, DRAWERS)
        self.reading = ConcurrencyLimit(settings.workers, waiting=12)
        self._drawing = ConcurrencyLimit(DRAWERS, waiting=20)
        self.overview, self.shelves, self.points = LastMade[CollectionRecord](), LastMade[Shelves](), LastMade[bytes]()
        self._boot = secrets.token_hex(4)
        self._explanation = lru_cache(maxsize=64)(self._explain)

    def start(self) -> None:
        """Be ready for requests, the first time or again."""
        self._readers.open()
        self._drawers.open()

    def close(self) -> None:
        """Close what is open; it opens again when it is needed."""
        self._readers.close()
        self._drawers.close()
        self.collection.close()

    @property
    def ratings(self) -> Ratings:
        """The ratings of the index."""
        return self.collection.ratings

    @property
    def state(self) -> str:
        """Changes whenever the index is written: images, names, failures, records, ratings."""
        return f"{self._boot}-{self.collection.images.revision}"

    def metadata(self, id: int) -> ImageMetadata:
        """What is known of an image.

        Raises:
            Problem: if there is no such image.
        """
        found = self.collection.images.metadata([id])
        if not found:
            raise no_image(id)
        return found[0]

    def digest(self, id: int) -> tuple[bytes, list[bytes]]:
        """The digest of an image, and the files that may hold it.

        Raises:
            Problem: if there is no such image, or none of its files is there any more.
        """
        stored = self.collection.images.files_of(id)
        if stored is None:
            raise no_image(id)
        digest, files = stored
        found = [name for name, stat in files if _is_like(name, stat)]
        if not found:
            raise _gone(id)
        return digest, found

    def open(self, id: int) -> tuple[bytes, Path, IO[bytes]]:
        """The digest of an image, and a file that holds it, open.

        Raises:
            Problem: if there is no such image, or no file has its content any more.
        """
        digest, paths = self.digest(id)
        found = self._files.open(paths, digest)
        if found is None:
            raise _gone(id)
        return digest, *found

    def thumbnail(self, id: int, digest: bytes, paths: list[bytes], side: int) -> bytes:
        """A thumbnail from the cache, or made now.

        Raises:
            Problem: if too many are being made, or no file has the image any more.
            UndecodableImageError: if the picture cannot be decoded.
        """
        kept = self._thumbnails.find(digest, side)
        if kept is not None:
            return kept
        try:
            with self._drawing():
                made = self._drawers.run(make_thumbnail, paths, digest, side)
        except FileChangedError:
            raise _gone(id) from None
        self._thumbnails.keep(digest, side, made)
        return made

    def pixels(self, id: int) -> NDArray[np.uint8] | None:
        """A small version of an image, (H, W, 3) sRGB; None where its file is gone or cannot be decoded."""
        try:
            content = self.thumbnail(id, *self.digest(id), PALETTE_SIDE)
        except (Problem, UndecodableImageError):
            return None
        with Image.open(BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))

    def contact_sheet(self, pictures: list[tuple[str, bytes]]) -> bytes:
        """Pictures with their names on one sheet, as JPEG."""
        with self._drawing():
            return self._drawers.run(contact_sheet, pictures)

    def camera(self, id: int) -> dict[str, str]:
        """What the camera wrote of an image.

        Raises:
            Problem: if too many wait, or no file has the image any more.
        """
        digest, paths = self.digest(id)
        try:
            with self._drawing():
                return self._drawers.run(read_camera, paths, digest)
        except FileChangedError:
            raise _gone(id) from None

    def describe(self, content: bytes) -> DescribedImage:
        """Read an uploaded image.

        Raises:
            ModelMismatchError: if the index is of another model.
            Problem: if too many wait, or another model has read the index again.
            UndecodableImageError: if the picture cannot be decoded.
        """
        self._require_model()
        with self.reading():
            return self._readers.run(describe_image, content)

    def explanation(self, id: int, emotion: str | None) -> ExplainedImage:
        """Why an image reads as it does; the last ones are remembered.

        Raises:
            ModelMismatchError: if the index is of another model.
            Problem: if too many wait, no file has the image any more, or another model has read the index again.
            QueryError: if the model has no such emotion.
            UndecodableImageError: if the picture cannot be decoded.
        """
        digest, paths = self.digest(id)
        # Another model's reasons would not be those of the reading beside them.
        self._require_model()
        try:
            return self._explanation(digest, tuple(paths), emotion)
        except FileChangedError:
            raise _gone(id) from None

    def _require_model(self) -> None:
        reader = self.collection.model_folder
        self.collection.images.require(reader.id, *reader.card.earlier_ids)
        if reader.id != self._model.id:
            raise read_again(reader.card.name)

    def _explain(self, digest: bytes, paths: tuple[bytes, ...], emotion: str | None) -> ExplainedImage:
        with self.reading():
            return self._readers.run(explain_image, paths, digest, emotion)


def _is_like(name: bytes, stat: FileStat) -> bool:
    """Whether a file has the size and time of the indexed one, where that is cheaper to ask than its content."""
    place = place_of(name)
    try:
        return not place.near or place.stat(name) == stat
    except OSError:
        return False


def _gone(id: int) -> Problem:
    return Problem(
        HTTPStatus.GONE,
        f"the file of image {id} is gone or has changed; run emoir index",
        chinese=f"图片 {id} 的文件已不在或已改变；请重新运行 emoir index",
    )


def get_service(request: Request) -> Service:
    """The service of an application, for routes to depend on."""
    found: Service = request.app.state.service
    return found


ServiceDep = Annotated[Service, Depends(get_service)]
"""What a route takes to reach the collection."""


def set_etag(request: Request, response: Response, version: str, *, seconds: int = 0) -> None:
    """Put an entity tag on a response.

    Args:
        request: may carry If-None-Match.
        response: receives the tag.
        version: of the content.
        seconds: for which the caller need not even ask.

    Raises:
        Unchanged: if the caller has that version already.
    """
    response.headers["etag"] = f'"{version}"'
    response.headers["cache-control"] = f"private, max-age={seconds}" if seconds else "private, no-cache"
    offered = request.headers.get("if-none-match", "")
    if f'"{version}"' in [part.strip().removeprefix("W/") for part in offered.split(",")]:
        raise Unchanged(dict(response.headers))
