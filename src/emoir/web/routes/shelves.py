"""Shelves: what a collection has of every emotion, in one answer for the first page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from emoir.emotions.spaces import POSITIVE_MIKELS
from emoir.search.option_text import Range
from emoir.search.options import SearchOptions
from emoir.web.parameters import ShelfParameters
from emoir.web.records import Hit, Shelf, Shelves
from emoir.web.routes.search import as_hits, search_options
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["search"])

LENGTH = 12
# A shelf is filled from this many: most images of the right confidence are named by another emotion.
ASKED = 4 * LENGTH
PLEASANT = POSITIVE_MIKELS | {"joy"}
MIDDLE = "va:0.5,0.5"


@router.get("/shelves", summary="The images of every emotion")
def shelves(
    service: ServiceDep, request: Request, response: Response, asked: Annotated[ShelfParameters, Query()]
) -> Shelves:
    """The first images of every emotion, which the model is sure of, under the conditions of a search.

    A pleasant emotion has no image that reads as unpleasant.

    Example: `/api/v1/shelves?orientation=landscape`
    """
    set_etag(request, response, service.state)
    version = f"{service.state} {asked.model_dump_json()}"
    return service.shelves(version, lambda: _shelves(service, search_options(service, asked)))


def _shelves(service: Service, options: SearchOptions) -> Shelves:
    images = service.collection.images
    edge = images.model.unsure_below
    named = _with_confidence(options, options.filters.confidence or Range(low=edge))
    unnamed = _with_confidence(options, Range(high=edge))
    found = [
        Shelf(emotion=name, hits=_shelf(service, name, named))
        for name in next(iter(images.layout.class_names.values()))
    ]
    return Shelves(
        images=images.count(),
        shelves=[shelf for shelf in found if shelf.hits],
        unsure=_find(service, MIDDLE, unnamed, LENGTH),
    )


def _with_confidence(options: SearchOptions, confidence: Range) -> SearchOptions:
    return replace(options, diverse=True, min_score=0, filters=replace(options.filters, confidence=confidence))


def _find(service: Service, query: str, options: SearchOptions, n: int) -> list[Hit]:
    return as_hits(service, service.collection.search(query, options, n=n).matches, options.rater)


def _shelf(service: Service, emotion: str, options: SearchOptions) -> list[Hit]:
    return [hit for hit in _find(service, emotion, options, ASKED) if _is_named(hit, emotion)][:LENGTH]


def _is_named(hit: Hit, emotion: str) -> bool:
    """Whether an image stands on the shelf of an emotion: by the reader's word, or by the model's."""
    if hit.rated is not None:
        return hit.rated == emotion
    # Near the middle of the plane a pleasant word may be said of a picture that is not.
    return hit.sure and hit.emotion == emotion and not (emotion in PLEASANT and hit.valence < 0.5)
