"""Service: what all routes share."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Response

from emoir.collection import Collection
from emoir.explain import Explanation, explain
from emoir.images.thumbnail import ThumbnailCache
from emoir.index.base import ImageFacts, as_path
from emoir.index.ratings import Ratings
from emoir.web.problems import Problem, Unchanged
from emoir.web.settings import Settings

WAIT_SECONDS = 20.0


class Service:
    """A collection, and what must be kept between requests.

    Args:
        collection: what is served.
        settings: how.
    """

    def __init__(self, collection: Collection, settings: Settings) -> None:
        self.collection, self.settings = collection, settings
        self.thumbnails = ThumbnailCache(settings.thumbnails)
        self._ratings: Ratings | None = None
        self._lock = threading.Lock()
        self._busy = threading.BoundedSemaphore(settings.explanations)
        self._boot = secrets.token_hex(4)
        self._seen: tuple[object, int] = (None, 0)
        self.explanation = lru_cache(maxsize=32)(self._explain)

    def close(self) -> None:
        """Close what is open; it opens again when it is needed."""
        with self._lock:
            if self._ratings is not None:
                self._ratings.close()
                self._ratings = None
        self.collection.close()

    @property
    def ratings(self) -> Ratings:
        """The ratings of the index."""
        with self._lock:
            if self._ratings is None:
                self._ratings = Ratings(self.collection.store.file)
            return self._ratings

    @property
    def state(self) -> str:
        """Changes whenever the indexed images do."""
        with self._lock:
            matrix = self.collection.store.matrix()
            if self._seen[0] is not matrix:
                self._seen = matrix, self._seen[1] + 1
            return f"{self._boot}-{self._seen[1]}"

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work that occupies a processor; as many at once as the settings say, the others wait a while.

        Raises:
            Problem: if the wait was too long.
        """
        if not self._busy.acquire(timeout=WAIT_SECONDS):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy; try again", headers={"retry-after": "5"})
        try:
            yield
        finally:
            self._busy.release()

    def facts(self, id: int) -> ImageFacts:
        """What is known of an image.

        Raises:
            Problem: if there is no such image.
        """
        found = self.collection.store.facts([id])
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, f"no image {id} in this index")
        return found[0]

    def file(self, id: int) -> tuple[bytes, Path]:
        """The digest of an image, and a file that holds it.

        Raises:
            Problem: if there is no such image, or its file is not there any more.
        """
        stored = self.collection.store.files_of(id)
        if stored is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no image {id} in this index")
        digest, files = stored
        for path in map(as_path, files):
            if path.is_file():
                return digest, path
        raise Problem(HTTPStatus.GONE, f"the file of image {id} is not there any more; run emoir index")

    def _explain(self, digest: bytes, path: Path, emotion: str | None) -> Explanation:
        with self.at_work():
            return explain(path, self.collection.model, emotion=emotion, max_pixels=self.settings.max_pixels)


def service(request: Request) -> Service:
    """The service of an application, for routes to depend on."""
    found: Service = request.app.state.service
    return found


Here = Annotated[Service, Depends(service)]
"""What a route takes to reach the collection."""


def tag(request: Request, response: Response, version: str, *, seconds: int = 0) -> None:
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
