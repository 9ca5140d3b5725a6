"""Search: queries, their words, and the points of the plane."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from emoir.emotions.lexicon import lexicon
from emoir.emotions.phrases import parse_phrase
from emoir.emotions.spaces import SPACES
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.index.base import ImageMetadata, below
from emoir.index.contract import ImageReader
from emoir.index.ratings import Rating
from emoir.names import address_of
from emoir.search import Match, parse_query
from emoir.search import Query as ParsedQuery
from emoir.search.options import NEWEST, OLDEST, SearchOptions
from emoir.search.query import Clause
from emoir.search.terms import Colours, EncodedReading, ImageFile, ImageId, Point, Words
from emoir.search.vocabulary import Vocabulary
from emoir.web.parameters import Conditions, FilterControl, SearchParameters, filter_controls
from emoir.web.records import Hit, Image, QueryTerm, SearchPage, Space, Word
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["search"])

FARTHEST = 100_000
MOSTLY = 0.5
# In place of a class where the model is unsure.
UNSURE = 255


def safe_query(text: str) -> ParsedQuery:
    """Parse a query from the network: the disk is neither read nor probed for the names in it.

    Raises:
        QueryError: if it cannot be understood, or names a file.
    """
    query = parse_query(text, is_file=lambda _: False)
    for term in (term for clause in query.clauses for term in clause.terms):
        if isinstance(term, ImageFile):
            at = max(text.find(term.path), 0)
            hint = "name an indexed image as id:NUMBER, or show a picture to the gallery"
            raise QueryError(
                f"{term.path!r}: files are not read over the network; {hint}",
                chinese=f"“{term.path}”：不会通过网络读取文件；请用 id:编号 指明已索引的图片，或把图片拖进画廊",
                query=text,
                at=at,
            )
    return query


@router.get("/search", summary="Find images by emotion")
def search(
    service: ServiceDep,
    request: Request,
    response: Response,
    asked: Annotated[SearchParameters, Query()],
) -> SearchPage:
    """A page of the images that fit a query best.

    Example: `/api/v1/search?q=2:awe - fear&limit=20&valence=0.6..`
    """
    set_etag(request, response, service.state)
    start, limit = int(asked.cursor or 0), asked.limit
    if start + limit > FARTHEST:
        raise QueryError(
            f"only the first {FARTHEST:,} hits can be paged through; ask for less",
            chinese=f"只能翻看前 {FARTHEST:,} 个结果；请缩小范围",
        )
    matches = service.collection.search(safe_query(asked.q), search_options(service, asked), n=limit + 1, start=start)
    found = matches.matches[:limit]
    return SearchPage(
        query=matches.query,
        terms=_terms(safe_query(matches.query), next(iter(service.collection.images.layout.class_names))),
        unknown=list(matches.unknown),
        content=list(matches.content),
        similarity=matches.similarity,
        searched=matches.searched,
        hidden=matches.hidden,
        hits=as_hits(service, found, asked.options().get("rater")),
        next=str(start + limit) if len(matches) > limit else None,
    )


def search_options(service: Service, asked: Conditions) -> SearchOptions:
    """The options that a request gives.

    Raises:
        QueryError: if one cannot be understood, names a file, or a folder that is not indexed.
    """
    given = asked.options()
    if given.get("sort") not in (None, "", NEWEST, OLDEST):
        given["sort"] = safe_query(given["sort"])
    return SearchOptions.parse(given | {"folders": _known_folders(service, given.get("folders"))})


def as_hits(service: Service, matches: Sequence[Match], rater: str | None) -> list[Hit]:
    """Matches as lists show them, with what a rater says; images that went meanwhile are left out."""
    metadata = {entry.id: entry for entry in service.collection.images.metadata([match.id for match in matches])}
    rated = service.collection.images.ratings_by(rater) if rater else {}
    return [_hit(match, metadata[match.id], rated.get(match.id)) for match in matches if match.id in metadata]


def _known_folders(service: Service, folders: list[str] | None) -> list[str] | None:
    """Folders below those that are indexed, by their names alone; others are refused without a look at the disk."""
    if folders is None:
        return None
    roots = service.collection.images.roots()
    for folder in folders:
        if "\0" in folder or not any(below(_plain(folder), root) for root in roots):
            raise QueryError(
                f"folder {folder!r}: no indexed folder is called that or lies above it",
                chinese=f"文件夹“{folder}”：没有索引过这个文件夹，也没有索引过包含它的文件夹",
            )
    return folders


def _plain(folder: str) -> bytes:
    return address_of(folder) or os.path.normpath(os.fsencode(folder))


def _hit(match: Match, metadata: ImageMetadata, rating: Rating | None) -> Hit:
    image = Image.of(metadata, match.reading, match.path)
    image.rated = None if rating is None else rating.emotion
    parts = {term: round(value, 4) for term, value in match.parts.items()}
    return Hit(**image.model_dump(), score=round(match.score, 4), parts=parts)


def _terms(query: ParsedQuery, space: str) -> list[QueryTerm]:
    return [
        QueryTerm(
            text=str(Clause(1.0, clause.terms)),
            weight=clause.weight,
            kind=_kind(clause),
            emotions=list(_meant_mostly(clause, space)),
        )
        for clause in query.clauses
    ]


def _meant_mostly(clause: Clause, space: str) -> Iterator[str]:
    """The classes of a space that words of a clause mean by half or more."""
    phrases = (term.text for term in clause.terms if isinstance(term, Words))
    for part in (part for phrase in phrases for part in parse_phrase(phrase, lexicon()).parts):
        meaning = part.concept.distributions.get(space)
        if meaning is not None and part.factor > 0 and meaning.max() >= MOSTLY:
            yield SPACES[space].names[int(meaning.argmax())]


def _kind(clause: Clause) -> Literal["words", "image", "reading", "point", "colours", "both"]:
    if len(clause.terms) > 1:
        return "both"
    return KINDS.get(clause.terms[0].prefix, "words")


KINDS: dict[str, Literal["words", "image", "reading", "point", "colours"]] = {
    ImageId.prefix: "image",
    ImageFile.prefix: "image",
    EncodedReading.prefix: "reading",
    Point.prefix: "point",
    Colours.prefix: "colours",
}


@router.get("/words", summary="Words that begin with some letters")
def words(
    service: ServiceDep,
    prefix: Annotated[str, Query(min_length=1, max_length=40)],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> list[Word]:
    """Words that this index understands, for a search box to offer, shortest first; English and Chinese.

    Words for things are among them where the model sees content by classes; a text tower reads any word.

    Example: `/api/v1/words?prefix=lon`
    """
    begun = simplified(prefix.lower())
    concepts = Vocabulary.of(service.collection.images.layout).words
    chosen = sorted((word for word in concepts if word.startswith(begun)), key=lambda word: (len(word), word))[:limit]
    return [Word(word=word, valence=concepts[word].valence, arousal=concepts[word].arousal) for word in chosen]


@router.get("/spaces", summary="The emotions that the model knows")
def spaces(service: ServiceDep) -> list[Space]:
    """The model's emotion spaces with their classes, in order.

    Example: `/api/v1/spaces`
    """
    model = service.collection.images.model
    return [
        Space(
            name=name,
            classes=list(names),
            chinese=list(SPACES[name].chinese) if name in SPACES else None,
            unsure_below=model.unsure_below,
        )
        for name, names in model.layout.class_names.items()
    ]


@router.get("/filters", summary="The filters of a search, as a form asks for them")
def filters() -> list[FilterControl]:
    """Every filter that `/search` takes, with its label in English and Chinese.

    Example: `/api/v1/filters`
    """
    return filter_controls()


@router.get(
    "/plane",
    summary="Every image as a point of the valence-arousal plane",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def plane(request: Request, response: Response, service: ServiceDep) -> Response:
    """All images in five columns of little-endian numbers.

    Their number n (uint32); n ids (uint32); n valences and n arousals (uint8, 255 is 1); n numbers of the top class of
    the first space (uint8; 255 where the model is unsure of it).

    Example: `/api/v1/plane`
    """
    set_etag(request, response, service.state)
    content = service.points(service.state, lambda: _points(service.collection.images))
    return Response(content, media_type="application/octet-stream", headers=dict(response.headers))


def _points(store: ImageReader) -> bytes:
    matrix, layout = store.vectors(), store.layout
    point = np.rint(matrix.affect[:, layout.point][:, :2].clip(0, 1) * 255).astype(np.uint8)
    top = matrix.affect[:, layout.distribution(next(iter(layout.class_names)))].argmax(axis=1).astype(np.uint8)
    top[store.attributes(matrix.ids).confidence < store.model.unsure_below] = UNSURE
    count = np.array([len(matrix.ids)], dtype="<u4")
    parts = (count, matrix.ids.astype("<u4"), point[:, 0], point[:, 1], top)
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
