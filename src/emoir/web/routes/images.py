"""Images: by id, never by path."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from PIL import Image as PillowImage
from starlette.concurrency import run_in_threadpool

from emoir.emotions.code import encode_reading
from emoir.explain import Explanation
from emoir.explain.figure import overlay
from emoir.explain.sentences import sentence
from emoir.images.descriptors import describe_pixels, descriptor_words
from emoir.images.palette import dominant_colours, named_palette
from emoir.images.thumbnail import webp
from emoir.index.base import as_path
from emoir.names import printable
from emoir.web.records import Changed, Description, ExplanationRecord, Id, Image, ImageDetail, Reading
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["images"])


class Side(IntEnum):
    """Longest side of a thumbnail in pixels: few sizes, so that they can be kept."""

    SMALL = 240
    MEDIUM = 480
    LARGE = 1600


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
    model = service.collection.model
    # The code is to be compared with what is indexed.
    service.collection.store.require(model.id, *model.card.earlier_ids)
    with service.reading():
        pixels = model.load(content, limits=service.settings.limits).pixels
        reading = model.read_pixels(pixels[None])[0]
    return Description(
        reading=Reading(**reading.to_dict()),
        code=encode_reading(reading),
        colours={colour: round(share, 4) for colour, share in dominant_colours(pixels)},
        words=descriptor_words(describe_pixels(pixels)),
    )


@router.get("/images/{id}", summary="All that is known of an image")
def image(request: Request, response: Response, id: Id, service: ServiceDep) -> ImageDetail:
    """One indexed image with its reading.

    Example: `/api/v1/images/17`
    """
    service.metadata(id)
    store = service.collection.store
    metadata, rows = store.rows([id])
    stored = store.files_of(id)
    files = [] if stored is None else [printable(as_path(path)) for path, _ in stored[1]]
    reading = store.readings(metadata, rows)[0]
    palette = rows[0, store.layout.palette] ** 2
    return ImageDetail(
        **Image.of(metadata[0], reading).model_dump(),
        reading=Reading(**reading.to_dict()),
        files=files,
        colours=named_palette(palette),
    )


@router.get("/images/{id}/file", summary="The file itself", response_class=FileResponse)
def file(request: Request, response: Response, id: Id, service: ServiceDep) -> Response:
    """The original file, to be kept.

    Example: `/api/v1/images/17/file`
    """
    digest, path = service.file(id)
    set_etag(request, response, digest.hex()[:32])
    name = printable(path.name)
    # Never shown in place: a file may hold more than an image.
    disposition = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path, media_type="application/octet-stream", headers={**response.headers, **disposition})


@router.get("/images/{id}/thumbnail", summary="A small version", response_class=Response, responses=WEBP)
def thumbnail(
    service: ServiceDep,
    request: Request,
    response: Response,
    id: Id,
    side: Annotated[Side, Query(description="Longest side in pixels.")] = Side.MEDIUM,
) -> Response:
    """The image as WebP, upright, no side longer than asked.

    Example: `/api/v1/images/17/thumbnail?side=240`
    """
    digest, path = service.file(id)
    set_etag(request, response, f"{digest.hex()[:32]}-{int(side)}")
    content = service.thumbnail(digest, path, int(side))
    return Response(content, media_type="image/webp", headers=dict(response.headers))


Emotion = Annotated[str | None, Query(max_length=60, description="Default: the most probable one.")]


@router.get("/images/{id}/explanation", summary="Why an image reads as it does")
def explanation(
    service: ServiceDep,
    id: Id,
    emotion: Emotion = None,
    language: Annotated[Literal["en", "zh"], Query(description="Of the sentence.")] = "en",
) -> ExplanationRecord:
    """Where, by its colours or by its texture, and in words; half a second of work.

    Example: `/api/v1/images/17/explanation?emotion=awe&language=zh`
    """
    found = _explanation(service, id, emotion)
    base = f"/api/v1/images/{id}/explanation"
    # The very same question, so that the pictures come from the explanation that is remembered.
    query = "" if emotion is None else f"?emotion={quote(emotion)}"
    return ExplanationRecord(
        emotion=found.emotion,
        space=found.space,
        probability=round(found.probability, 4),
        sentence=sentence(found, language),
        seen=f"{base}/seen{query}",
        map=f"{base}/map{query}",
        changed=[
            Changed(
                name=name,
                probability=round(found.probability_in(name), 4),
                change=round(found.probability_in(name) - found.probability, 4),
                picture=f"{base}/{name.replace(' ', '-')}{query}",
            )
            for name in found.counterfactuals
        ],
    )


def _explanation(service: Service, id: int, emotion: str | None) -> Explanation:
    digest, path = service.file(id)
    # Another model's reasons would not be those of the reading beside them.
    service.collection.store.require(service.collection.model.id, *service.collection.model.card.earlier_ids)
    return service.explanation(digest, path, emotion)


@router.get(
    "/images/{id}/explanation/{picture}",
    summary="A picture of an explanation",
    response_class=Response,
    responses=WEBP,
)
def explanation_picture(
    service: ServiceDep,
    request: Request,
    response: Response,
    id: Id,
    picture: Literal["seen", "map", "without-colour", "without-texture", "opposite-colours"],
    emotion: Emotion = None,
) -> Response:
    """The picture as the network saw it, under the map, or with one thing changed; WebP.

    Example: `/api/v1/images/17/explanation/without-colour`
    """
    found = _explanation(service, id, emotion)
    if picture == "seen":
        pixels = found.pixels
    elif picture == "map":
        pixels = overlay(found)
    else:
        pixels = found.counterfactuals[picture.replace("-", " ")].pixels
    content = webp(PillowImage.fromarray(pixels), quality=90)
    return Response(content, media_type="image/webp", headers={"cache-control": "private, no-cache"})
