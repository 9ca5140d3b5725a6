"""Boards: images put together by people, and searches that they saved."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from emoir.errors import QueryError
from emoir.export.board import THUMBNAIL, board_page
from emoir.export.table import image_table
from emoir.index.base import as_path
from emoir.index.boards import Board
from emoir.names import printable
from emoir.web.files import TableResponse, ZipResponse
from emoir.web.problems import Problem
from emoir.web.records import ApiModel, Id, Image, SelectedImages
from emoir.web.routes.collection import check_count, selection_files
from emoir.web.routes.ratings import writable
from emoir.web.service import Service, ServiceDep

router = APIRouter(tags=["boards"])

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")]
Notes = Annotated[str, Field(max_length=10_000)]
Ids = Annotated[list[Id], Field(max_length=10_000)]
Kind = Literal["page", "sheet", "zip", "csv", "xmp"]


class BoardRecord(ApiModel):
    """A board in a list."""

    id: int
    name: str
    notes: str
    cover: int | None = Field(description="Id of the image to show it by; null while it is empty.")
    ids: list[int] = Field(description="Its images, in their order.")

    @classmethod
    def of(cls, board: Board) -> BoardRecord:
        """The same as JSON takes it."""
        return cls(id=board.id, name=board.name, notes=board.notes, cover=board.cover, ids=list(board.images))


class BoardDetail(BoardRecord):
    """A board with its images."""

    images: list[Image]


class NewBoard(ApiModel):
    """A board to be made."""

    name: Name
    notes: Notes = ""
    ids: Ids = Field(default=[])


class BoardChange(ApiModel):
    """What is to change of a board; what is left out stays."""

    name: Name | None = None
    notes: Notes | None = None
    cover: Id | None = None
    ids: Ids | None = Field(default=None, description="All of its images, in their new order.")


class NewSearch(ApiModel):
    """A search to be saved."""

    name: Name
    address: Annotated[str, Field(max_length=4000, pattern=r"^\?")] = Field(
        description="What follows the path in the gallery's address: ?q=awe&valence=0.6.."
    )


class SearchRecord(NewSearch):
    """A saved search."""

    id: int


@router.get("/boards", summary="Every board")
def boards(service: ServiceDep) -> list[BoardRecord]:
    """All boards, by name.

    Example: `/api/v1/boards`
    """
    return [BoardRecord.of(board) for board in service.collection.boards.all()]


@router.post("/boards", status_code=HTTPStatus.CREATED, summary="Make a board", dependencies=[Depends(writable)])
def create(new: NewBoard, service: ServiceDep) -> BoardRecord:
    """A new board with some images, or empty.

    Example: `{"name": "sea", "ids": [17, 4]}`
    """
    return BoardRecord.of(service.collection.boards.create(new.name.strip(), new.ids, notes=new.notes))


def _board(id: int, service: Service) -> Board:
    try:
        return service.collection.boards.get(id)
    except QueryError as error:
        raise Problem(HTTPStatus.NOT_FOUND, str(error), chinese=error.chinese) from None


@router.get("/boards/{id}", summary="A board with its images")
def board(id: Id, service: ServiceDep) -> BoardDetail:
    """One board; images whose files are gone are left out, and come back with them.

    Example: `/api/v1/boards/3`
    """
    found, store = _board(id, service), service.collection.images
    metadata, rows = store.rows(found.images)
    readings = store.readings(metadata, rows)
    images = [Image.of(entry, reading) for entry, reading in zip(metadata, readings, strict=True)]
    return BoardDetail(**BoardRecord.of(found).model_dump(), images=images)


@router.patch("/boards/{id}", summary="Change a board", dependencies=[Depends(writable)])
def change(id: Id, wanted: BoardChange, service: ServiceDep) -> BoardRecord:
    """Another name, other notes, another cover, another order, or other images.

    Example: `{"notes": "for the hall", "ids": [4, 17]}`
    """
    _board(id, service)
    name = None if wanted.name is None else wanted.name.strip()
    changed = service.collection.boards.change(id, name=name, notes=wanted.notes, cover=wanted.cover, images=wanted.ids)
    return BoardRecord.of(changed)


@router.post("/boards/{id}/images", summary="Put images on a board", dependencies=[Depends(writable)])
def add(id: Id, selection: SelectedImages, service: ServiceDep) -> BoardRecord:
    """At its end; those that are on it stay where they are.

    Example: `{"ids": [17, 4]}`
    """
    _board(id, service)
    return BoardRecord.of(service.collection.boards.add(id, selection.ids))


@router.delete(
    "/boards/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a board away",
    dependencies=[Depends(writable)],
)
def remove(id: Id, service: ServiceDep) -> None:
    """Its images stay.

    Example: `/api/v1/boards/3`
    """
    _board(id, service)
    service.collection.boards.remove(id)


@router.get(
    "/boards/{id}/export/{kind}",
    summary="A board as a file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def export(id: Id, kind: Kind, service: ServiceDep) -> Response:
    """A page that stands alone, a contact sheet, the files in a ZIP, a table, or XMP sidecars in a ZIP.

    Example: `/api/v1/boards/3/export/sheet`
    """
    found = _board(id, service)
    if not found.images:
        raise Problem(HTTPStatus.CONFLICT, "the board is empty", chinese="画板是空的")
    if kind == "zip":
        answer: Response = selection_files(SelectedImages(ids=list(found.images)), service)
        suffix = "zip"
    else:
        answer, suffix = _answer(found, kind, service)
    answer.headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(f'{printable(found.name)}.{suffix}')}"
    return answer


def _answer(board: Board, kind: Kind, service: Service) -> tuple[Response, str]:
    if kind == "page":
        return Response(board_page(board.name, board.notes, _pictures(board, service)), media_type="text/html"), "html"
    if kind == "sheet":
        return Response(service.contact_sheet(_pictures(board, service)), media_type="image/jpeg"), "jpg"
    store = service.collection.images
    metadata, rows = store.rows(board.images)
    readings = store.readings(metadata, rows)
    if kind == "csv":
        return TableResponse(image_table(metadata, readings)), "csv"
    # What lacks its package says so, before the answer begins.
    from emoir.export.xmp import sidecar, sidecar_labels

    labels = sidecar_labels(metadata, readings, service.ratings.all())
    names = [printable(as_path(entry.path).name).replace("\\", "_") for entry in metadata]
    sidecars = (
        (f"{number} {name}.xmp", io.BytesIO(sidecar(label)))
        for number, (name, label) in enumerate(zip(names, labels, strict=True), start=1)
    )
    return ZipResponse(sidecars), "xmp.zip"


def _pictures(board: Board, service: Service) -> list[tuple[str, bytes]]:
    """Names and thumbnails; files that are gone are left out."""
    check_count(len(board.images), service)
    found = []
    for entry in service.collection.images.metadata(board.images):
        try:
            content = service.thumbnail(entry.id, *service.digest(entry.id), THUMBNAIL)
        except Problem:
            continue
        found.append((printable(as_path(entry.path).name), content))
    return found


@router.get("/searches", summary="Every saved search")
def searches(service: ServiceDep) -> list[SearchRecord]:
    """All saved searches, by name.

    Example: `/api/v1/searches`
    """
    found = service.collection.boards.searches()
    return [SearchRecord(id=search.id, name=search.name, address=search.address) for search in found]


@router.post("/searches", status_code=HTTPStatus.CREATED, summary="Save a search", dependencies=[Depends(writable)])
def save_search(new: NewSearch, service: ServiceDep) -> SearchRecord:
    """One of the same name is replaced.

    Example: `{"name": "blue and sad", "address": "?q=sad+%26+blue"}`
    """
    saved = service.collection.boards.save_search(new.name.strip(), new.address)
    return SearchRecord(id=saved.id, name=saved.name, address=saved.address)


@router.delete(
    "/searches/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Forget a saved search",
    dependencies=[Depends(writable)],
)
def forget_search(id: Id, service: ServiceDep) -> None:
    """Forget it.

    Example: `/api/v1/searches/3`
    """
    if not service.collection.boards.forget_search(id):
        raise Problem(HTTPStatus.NOT_FOUND, f"no saved search {id}", chinese=f"没有保存的搜索 {id}")
