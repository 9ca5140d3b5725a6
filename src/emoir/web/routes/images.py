"""Images: by id, never by path."""

from __future__ import annotations

from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from emoir.images.palette import dominant_colours, named_palette
from emoir.index.base import as_path
from emoir.names import printable
from emoir.web.files import OpenFileResponse
from emoir.web.problems import Unchanged
from emoir.web.records import (
    Changed,
    Description,
    ExplanationRecord,
    Id,
    Image,
    ImageDetail,
    Mark,
    RatingRecord,
    Reading,
)
from emoir.web.routes.ratings import writable
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["images"])


class ThumbnailSide(IntEnum):
    """Longest side of a thumbnail in pixels: few sizes, so that they can be kept."""

    SMALL = 240
    MEDIUM = 480
    LARGE = 1600
    HUGE = 3200


FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
WEBP: dict[int | str, dict[str, Any]] = {200: {"content": {"image/webp": {}}}}


@router.post(
    "/describe",
    summary="Read an image that is not indexed",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def describe(request: Request, service: ServiceDep) -> Description:
    """Read the image that is the body of the request; it is not kept.

    Example: `curl --data-binary @photo.jpg -H 'Content-Type: application/octet-stream' .../api/v1/describe`
    """
    return await run_in_threadpool(_describe, await request.body(), service)


def _describe(content: bytes, service: Service) -> Description:
    found = service.describe(content)
    return Description(
        reading=Reading(**found.reading.to_dict()), code=found.code, colours=found.colours, words=found.words
    )


Rater = Annotated[str | None, Query(max_length=80, description="Whose rating to give.")]


@router.get("/images/{id}", summary="All that is known of an image")
def image(id: Id, service: ServiceDep, rater: Rater = None) -> ImageDetail:
    """One indexed image with its reading, and what a rater says of it.

    Example: `/api/v1/images/17?rater=me`
    """
    service.metadata(id)
    store = service.collection.images
    metadata, rows = store.rows([id])
    stored = store.files_of(id)
    files = [] if stored is None else [printable(as_path(path)) for path, _ in stored[1]]
    reading = store.readings(metadata, rows)[0]
    rating = None if rater is None else store.ratings_by(rater).get(id)
    pixels = service.pixels(id)
    # Where the file is gone, the index still has a coarse palette.
    colours = named_palette(rows[0, store.layout.palette] ** 2) if pixels is None else dict(dominant_colours(pixels, 6))
    return ImageDetail(
        **Image.of(metadata[0], reading).model_dump(),
        reading=Reading(**reading.to_dict()),
        files=files,
        rating=None if rating is None else RatingRecord.of(rating),
        colours={colour: round(share, 4) for colour, share in colours.items()},
    )


@router.put(
    "/images/{id}/mark",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Mark an image as disturbing, or not",
    dependencies=[Depends(writable)],
)
def mark(id: Id, wanted: Mark, service: ServiceDep) -> None:
    """A mark goes before the model's reading; it is kept in the index.

    Example: `{"disturbing": true}`
    """
    service.metadata(id)
    service.collection.marks.set(id, wanted.disturbing)


@router.get("/images/{id}/camera", summary="What the camera wrote of an image")
def camera(id: Id, service: ServiceDep) -> dict[str, str]:
    """Camera, lens, exposure, aperture, sensitivity, focal length and location, as far as the file's EXIF has them.

    Example: `/api/v1/images/17/camera`
    """
    return service.camera(id)


@router.get("/images/{id}/file", summary="The file itself", response_class=Response, responses=FILE)
def file(request: Request, response: Response, id: Id, service: ServiceDep) -> Response:
    """The original file, to be kept.

    Example: `/api/v1/images/17/file`
    """
    digest, path, stream = service.open(id)
    try:
        set_etag(request, response, digest.hex()[:32])
    except Unchanged:
        stream.close()
        raise
    name = printable(path.name)
    # Never shown in place: a file may hold more than an image.
    disposition = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return OpenFileResponse(stream, {**response.headers, **disposition})


@router.get("/images/{id}/thumbnail", summary="A small version", response_class=Response, responses=WEBP)
def thumbnail(
    service: ServiceDep,
    request: Request,
    response: Response,
    id: Id,
    side: Annotated[ThumbnailSide, Query(description="Longest side in pixels.")] = ThumbnailSide.MEDIUM,
) -> Response:
    """The image as WebP, upright, no side longer than asked.

    Example: `/api/v1/images/17/thumbnail?side=240`
    """
    digest, paths = service.digest(id)
    set_etag(request, response, f"{digest.hex()[:32]}-{int(side)}")
    content = service.thumbnail(id, digest, paths, int(side))
    return Response(content, media_type="image/webp", headers=dict(response.headers))


Emotion = Annotated[str | None, Query(max_length=60, description="Default: the most probable one.")]


@router.get("/images/{id}/explanation", summary="Why an image reads as it does")
def explanation(
    service: ServiceDep,
    request: Request,
    id: Id,
    emotion: Emotion = None,
    language: Annotated[Literal["en", "zh"], Query(description="Of the sentence.")] = "en",
) -> ExplanationRecord:
    """Where, by its colours or by its texture, and in words; half a second of work.

    Example: `/api/v1/images/17/explanation?emotion=awe&language=zh`
    """
    found = service.explanation(id, emotion)
    base = f"{request.scope['root_path']}/api/v1/images/{id}/explanation"
    # The very same question, so that the pictures come from the explanation that is remembered.
    query = "" if emotion is None else f"?emotion={quote(emotion)}"
    return ExplanationRecord(
        emotion=found.emotion,
        space=found.space,
        probability=round(found.probability, 4),
        sentence=found.sentences[language],
        seen=f"{base}/seen{query}",
        map=f"{base}/map{query}",
        changed=[
            Changed(
                name=name,
                probability=round(probability, 4),
                change=round(probability - found.probability, 4),
                picture=f"{base}/{name.replace(' ', '-')}{query}",
            )
            for name, probability in found.changed.items()
        ],
    )


@router.get(
    "/images/{id}/explanation/{picture}",
    summary="A picture of an explanation",
    response_class=Response,
    responses=WEBP,
)
def explanation_picture(
    service: ServiceDep,
    id: Id,
    picture: Literal["seen", "map", "without-colour", "without-texture", "opposite-colours"],
    emotion: Emotion = None,
) -> Response:
    """The picture as the network saw it, under the map, or with one thing changed; WebP.

    Example: `/api/v1/images/17/explanation/without-colour`
    """
    content = service.explanation(id, emotion).pictures[picture.replace("-", " ")]
    return Response(content, media_type="image/webp", headers={"cache-control": "private, no-cache"})
