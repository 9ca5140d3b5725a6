"""Service: what all routes share."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request, Response

from emoir.collection import Collection
from emoir.explain import Explanation, explain
from emoir.images.thumbnail import ThumbnailCache
from emoir.images.walk import FileStat
from emoir.index.base import ImageMetadata, as_path
from emoir.index.ratings import Ratings
from emoir.web.problems import Problem, Unchanged, no_image
from emoir.web.settings import Settings

WAIT_SECONDS = 20.0
Overview = TypeVar("Overview")


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
                    raise Problem(
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        "busy; try again",
                        chinese="服务正忙，请稍后再试",
                        headers={"retry-after": "5"},
                    )
                stack.callback(semaphore.release)
            yield


class Service:
    """A collection, and what must be kept between requests.

    Args:
        collection: what is served.
        settings: how.
    """

    def __init__(self, collection: Collection, settings: Settings) -> None:
        self.collection, self.settings = collection, settings
        self.thumbnails = ThumbnailCache(settings.thumbnails)
        self._lock = threading.Lock()
        self.reading = ConcurrencyLimit(settings.explanations, waiting=6)
        self._drawing = ConcurrencyLimit(os.cpu_count() or 1, waiting=20)
        self._overview: tuple[str, object] = ("", None)
        self._boot = secrets.token_hex(4)
        self._seen: tuple[object, int] = (None, 0)
        self.explanation = lru_cache(maxsize=32)(self._explain)

    def close(self) -> None:
        """Close what is open; it opens again when it is needed."""
        self.collection.close()

    @property
    def ratings(self) -> Ratings:
        """The ratings of the index."""
        return self.collection.ratings

    @property
    def state(self) -> str:
        """Changes whenever the indexed images do."""
        with self._lock:
            matrix = self.collection.store.vectors()
            if self._seen[0] is not matrix:
                self._seen = matrix, self._seen[1] + 1
            return f"{self._boot}-{self._seen[1]}"

    def metadata(self, id: int) -> ImageMetadata:
        """What is known of an image.

        Raises:
            Problem: if there is no such image.
        """
        found = self.collection.store.metadata([id])
        if not found:
            raise no_image(id)
        return found[0]

    def file(self, id: int) -> tuple[bytes, Path]:
        """The digest of an image, and a file that holds it.

        Raises:
            Problem: if there is no such image, or its file is not there any more.
        """
        stored = self.collection.store.files_of(id)
        if stored is None:
            raise no_image(id)
        digest, files = stored
        for name, stat in files:
            path = as_path(name)
            try:
                now = path.stat()
                if FileStat(now.st_size, now.st_mtime_ns) == stat:
                    return digest, path
            except OSError:
                continue
        raise Problem(
            HTTPStatus.GONE,
            f"the file of image {id} is gone or has changed; run emoir index",
            chinese=f"图片 {id} 的文件已不在或已改变；请重新运行 emoir index",
        )

    def thumbnail(self, digest: bytes, path: Path, side: int) -> bytes:
        """A thumbnail from the cache, or made now.

        Raises:
            Problem: if too many are being made.
            UndecodableImageError: if the picture cannot be decoded.
        """
        kept = self.thumbnails.find(digest, side)
        if kept is not None:
            return kept
        with self._drawing():
            return self.thumbnails.get(digest, path, side, limits=self.settings.limits)

    def overview(self, make: Callable[[], Overview]) -> Overview:
        """What was made of the whole collection, made again only when its images changed."""
        state = self.state
        with self._lock:
            known, found = self._overview
        if known != state:
            with self.reading():
                found = make()
            with self._lock:
                self._overview = state, found
        return cast(Overview, found)

    def _explain(self, digest: bytes, path: Path, emotion: str | None) -> Explanation:
        with self.reading():
            return explain(path, self.collection.model, emotion=emotion, limits=self.settings.limits)


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
