"""Search: queries, their words, and the points of the plane."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from emoir.emotions.lexicon import lexicon
from emoir.emotions.spaces import SPACES
from emoir.errors import QueryError
from emoir.index.base import ImageMetadata, below
from emoir.search import Match, parse_query
from emoir.search import Query as ParsedQuery
from emoir.search.filters import parse_filters
from emoir.search.find import NEWEST, OLDEST
from emoir.search.query import Colours, EncodedReading, ImageFile, ImageId, Point, TermSource, source_text
from emoir.web.records import Hit, Id, Image, SearchResult, Space, Term, Word
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["search"])

Text = Annotated[str | None, Query(max_length=100)]
Ids = Annotated[list[Id] | None, Query(max_length=50)]
FARTHEST = 100_000


def safe_query(text: str) -> ParsedQuery:
    """Parse a stranger's query: the disk is neither read nor probed for the names in it.

    Raises:
        QueryError: if it cannot be understood, or names a file.
    """
    query = parse_query(text, is_file=lambda _: False)
    for term in query.terms:
        if isinstance(term.source, ImageFile):
            at = max(text.find(term.source.path), 0)
            hint = "name an indexed image as id:NUMBER, or show a picture to the gallery"
            raise QueryError(
                f"{term.source.path!r}: files are not read over the network; {hint}",
                chinese=f"“{term.source.path}”：不会通过网络读取文件；请用 id:编号 指明已索引的图片，或把图片拖进画廊",
                query=text,
                at=at,
            )
    return query


@router.get("/search", summary="Find images by emotion")
def search(
    service: ServiceDep,
    request: Request,
    response: Response,
    q: Annotated[str, Query(min_length=1, max_length=2000, description="Query, such as: awe - fear")],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,6}$", description="From the page before.")] = None,
    folder: Annotated[list[str] | None, Query(max_length=50, description="Only images in these folders.")] = None,
    valence: Annotated[Text, Query(description="A range such as 0.6.. or ..0.4")] = None,
    arousal: Text = None,
    confidence: Text = None,
    emotion: Annotated[list[str] | None, Query(max_length=20, description="Bounds such as fear<0.2")] = None,
    taken: Annotated[Text, Query(description="Such as 2019..2021-06")] = None,
    side: Annotated[Text, Query(description="Pixels of the shorter side, such as 1000..")] = None,
    orientation: Text = None,
    monochrome: bool | None = None,
    like: Ids = None,
    unlike: Ids = None,
    diverse: bool = False,
    show_all: Annotated[bool, Query(alias="all", description="Also images that fit no better than chance.")] = False,
    sort: Annotated[Text, Query(description="newest, oldest, or another query")] = None,
) -> SearchResult:
    """A page of the images that fit a query best.

    Example: `/api/v1/search?q=2:awe - fear&limit=20&valence=0.6..`
    """
    set_etag(request, response, service.state)
    start = int(cursor or 0)
    if start + limit > FARTHEST:
        raise QueryError(
            f"only the first {FARTHEST:,} hits can be paged through; ask for less",
            chinese=f"只能翻看前 {FARTHEST:,} 个结果；请缩小范围",
        )
    filters = parse_filters(
        valence=valence,
        arousal=arousal,
        confidence=confidence,
        emotion=emotion,
        taken=taken,
        side=side,
        orientation=orientation,
        monochrome=monochrome,
    )
    matches = service.collection.search(
        safe_query(q),
        # One more tells whether there is another page.
        n=limit + 1,
        start=start,
        folders=_known_folders(service, folder),
        filters=filters,
        positive_ids=like or (),
        negative_ids=unlike or (),
        diverse=diverse,
        min_score=0 if show_all else None,
        sort=safe_query(sort) if sort and sort not in (NEWEST, OLDEST) else sort,
    )
    found = matches.matches[:limit]
    metadata = {entry.id: entry for entry in service.collection.images.metadata([match.id for match in found])}
    return SearchResult(
        query=matches.query,
        terms=_terms(matches.query),
        unknown=list(matches.unknown),
        searched=matches.searched,
        hidden=matches.hidden,
        hits=[_hit(match, metadata[match.id]) for match in found if match.id in metadata],
        next=str(start + limit) if len(matches) > limit else None,
    )


def _known_folders(service: Service, folders: list[str] | None) -> list[str] | None:
    """Folders below those that are indexed, by their names alone; others are refused without a look at the disk."""
    if folders is None:
        return None
    roots = service.collection.images.roots()
    for folder in folders:
        if "\0" in folder or not any(below(os.path.normpath(os.fsencode(folder)), root) for root in roots):
            raise QueryError(
                f"folder {folder!r}: no indexed folder is called that or lies above it",
                chinese=f"文件夹“{folder}”：没有索引过这个文件夹，也没有索引过包含它的文件夹",
            )
    return folders


def _hit(match: Match, metadata: ImageMetadata) -> Hit:
    image = Image.of(metadata, match.reading, match.path)
    parts = {term: round(value, 4) for term, value in match.parts.items()}
    return Hit(**image.model_dump(), score=round(match.score, 4), parts=parts)


def _terms(text: str) -> list[Term]:
    return [
        Term(text=source_text(term.source), weight=term.weight, kind=_kind(term.source))
        for term in safe_query(text).terms
    ]


def _kind(source: TermSource) -> Literal["words", "image", "reading", "point", "colours"]:
    if isinstance(source, ImageId | ImageFile):
        return "image"
    if isinstance(source, EncodedReading):
        return "reading"
    if isinstance(source, Point):
        return "point"
    return "colours" if isinstance(source, Colours) else "words"


@lru_cache(maxsize=1)
def _sorted_words() -> Sequence[str]:
    return sorted(lexicon(), key=lambda word: (len(word), word))


@router.get("/words", summary="Emotion words that begin with some letters")
def words(
    prefix: Annotated[str, Query(min_length=1, max_length=40)], limit: Annotated[int, Query(ge=1, le=50)] = 8
) -> list[Word]:
    """Words of the lexicon for a search box to offer, shortest first; English and Chinese.

    Example: `/api/v1/words?prefix=lon`
    """
    begun = prefix.lower()
    chosen = [word for word in _sorted_words() if word.startswith(begun)][:limit]
    concepts = lexicon()
    return [Word(word=word, valence=concepts[word].valence, arousal=concepts[word].arousal) for word in chosen]


@router.get("/spaces", summary="The emotions that the model knows")
def spaces(service: ServiceDep) -> list[Space]:
    """The model's emotion spaces with their classes, in order.

    Example: `/api/v1/spaces`
    """
    return [
        Space(name=name, classes=list(names), chinese=list(SPACES[name].chinese) if name in SPACES else None)
        for name, names in service.collection.images.layout.class_names.items()
    ]


@router.get(
    "/plane",
    summary="Every image as a point of the valence-arousal plane",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def plane(request: Request, response: Response, service: ServiceDep) -> Response:
    """All images in five columns of little-endian numbers.

    Their number n (uint32); n ids (uint32); n valences and n arousals (uint8, 255 is 1); n numbers of the top class of
    the first space (uint8).

    Example: `/api/v1/plane`
    """
    set_etag(request, response, service.state)
    store = service.collection.images
    matrix, layout = store.vectors(), store.layout
    point = np.rint(matrix.affect[:, layout.point][:, :2].clip(0, 1) * 255).astype(np.uint8)
    top = matrix.affect[:, layout.distribution(next(iter(layout.class_names)))].argmax(axis=1).astype(np.uint8)
    count = np.array([len(matrix.ids)], dtype="<u4")
    parts = (count, matrix.ids.astype("<u4"), point[:, 0], point[:, 1], top)
    content = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
    return Response(content, media_type="application/octet-stream", headers=dict(response.headers))
