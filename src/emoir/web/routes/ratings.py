"""Ratings: people say what they feel, one picture at a time."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from emoir.datasets.agreement import krippendorff_alpha
from emoir.emotions.spaces import MIKELS
from emoir.index.base import as_path
from emoir.index.ratings import Rating
from emoir.names import printable
from emoir.web.problems import Problem
from emoir.web.records import Id, Image, NewRating, NextToRate, RatingRecord, RatingState
from emoir.web.service import ServiceDep

router = APIRouter(tags=["ratings"])


def writable(service: ServiceDep) -> None:
    """Refuse a change of the index where the service is read-only.

    Raises:
        Problem: likewise.
    """
    if service.settings.read_only:
        raise Problem(
            HTTPStatus.FORBIDDEN, "this service takes no ratings (--read-only)", chinese="本服务只读，不接受评分"
        )


@router.get("/ratings", summary="Ratings so far, and how far raters agree")
def state(service: ServiceDep) -> RatingState:
    """Counts and agreement.

    Example: `/api/v1/ratings`
    """
    ratings = service.ratings.all()
    by_image = _by_image(ratings)
    raters: dict[str, int] = defaultdict(int)
    for rating in ratings:
        raters[rating.rater] += 1
    emotions = [{r.rater: r.emotion for r in image if r.emotion is not None} for image in by_image.values()]
    valences = [{r.rater: r.valence for r in image if r.valence is not None} for image in by_image.values()]
    arousals = [{r.rater: r.arousal for r in image if r.arousal is not None} for image in by_image.values()]
    return RatingState(
        ratings=len(ratings),
        raters=dict(raters),
        images=len(by_image),
        shared=sum(len(image) > 1 for image in by_image.values()),
        emotion_agreement=_defined(krippendorff_alpha(emotions)),
        valence_agreement=_defined(krippendorff_alpha(valences, interval=True)),
        arousal_agreement=_defined(krippendorff_alpha(arousals, interval=True)),
    )


def _by_image(ratings: list[Rating]) -> dict[int, list[Rating]]:
    found: dict[int, list[Rating]] = defaultdict(list)
    for rating in ratings:
        found[rating.image].append(rating)
    return found


def _defined(alpha: float) -> float | None:
    return None if math.isnan(alpha) else round(alpha, 4)


@router.post("/ratings", status_code=HTTPStatus.CREATED, summary="Rate an image", dependencies=[Depends(writable)])
def rate(new: NewRating, service: ServiceDep) -> RatingRecord:
    """Keep a rating; an earlier one by the same rater is replaced.

    Example: `{"image": 17, "rater": "Ana", "emotion": "awe", "valence": 0.8, "arousal": 0.6}`
    """
    service.metadata(new.image)
    if new.emotion is not None and new.emotion not in MIKELS.names:
        raise Problem(HTTPStatus.BAD_REQUEST, f"emotion {new.emotion!r}: one of {', '.join(MIKELS.names)}")
    rating = service.ratings.add(
        new.image, new.rater.strip(), emotion=new.emotion, valence=new.valence, arousal=new.arousal
    )
    return RatingRecord.of(rating)


@router.delete(
    "/ratings/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a rating back",
    dependencies=[Depends(writable)],
)
def unrate(id: Id, service: ServiceDep) -> None:
    """Remove a rating.

    Example: `/api/v1/ratings/3`
    """
    if not service.ratings.remove(id):
        raise Problem(HTTPStatus.NOT_FOUND, f"no rating {id}")


@router.get("/next-to-rate", summary="The image to rate next")
def next_to_rate(
    service: ServiceDep,
    rater: Annotated[str, Query(min_length=1, max_length=80)],
    passed: Annotated[list[Id] | None, Query(max_length=500)] = None,
) -> NextToRate:
    """An image that this rater has not rated yet; those with the fewest ratings come first.

    Example: `/api/v1/next-to-rate?rater=Ana`
    """
    done = sum(rating.rater == rater.strip() for rating in service.ratings.all())
    images = service.collection.images.count()
    id = service.ratings.next_for(rater.strip(), passed or ())
    if id is None:
        return NextToRate(image=None, done=done, images=images)
    store = service.collection.images
    metadata, rows = store.rows([id])
    record = Image.of(metadata[0], store.readings(metadata, rows)[0]) if metadata else None
    return NextToRate(image=record, done=done, images=images)


@router.get(
    "/export/ratings",
    summary="Ratings as a table that emoir train takes",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def table(service: ServiceDep) -> Response:
    """CSV, one row per image: its path, the shares of the emotions, mean valence and arousal, number of raters.

    Example: `/api/v1/export/ratings`, then `emoir train ratings.csv --out mymodel`
    """
    by_image = _by_image(service.ratings.all())
    metadata = service.collection.images.metadata(list(by_image))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", *(f"p_{name}" for name in MIKELS.names), "valence", "arousal", "raters"])
    for entry in metadata:
        ratings = by_image[entry.id]
        emotions = [rating.emotion for rating in ratings if rating.emotion is not None]
        shares = [emotions.count(name) / len(emotions) if emotions else "" for name in MIKELS.names]
        means = [_mean([getattr(rating, name) for rating in ratings]) for name in ("valence", "arousal")]
        writer.writerow([printable(as_path(entry.path)), *shares, *means, len(ratings)])
    disposition = {"content-disposition": 'attachment; filename="ratings.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=disposition)


def _mean(values: list[float | None]) -> float | str:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else ""
