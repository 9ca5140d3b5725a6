"""Collection: what is there, on the whole and in part."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import IO, Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray

from emoir.export.table import image_table
from emoir.images.palette import named_palette, real_colours
from emoir.index.base import as_path
from emoir.names import printable
from emoir.summary import Group, summarise
from emoir.texts import cause_in_chinese
from emoir.web.files import TableResponse, ZipResponse
from emoir.web.problems import Problem
from emoir.web.records import CollectionRecord, FailureRecord, Image, SelectedImages, Share
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["collection"])

FILES = 200
# An emotion's palette comes from this many of its pictures.
PICTURED = 8
Excel = Annotated[bool, Query(description="For spreadsheets: byte order mark, no formulas.")]


@router.get("/collection", summary="What is in the index")
def collection(request: Request, response: Response, service: ServiceDep) -> CollectionRecord:
    """Emotions overall, by folder and by month; palettes, extremes, uncertain images, failures.

    Example: `/api/v1/collection`
    """
    set_etag(request, response, service.state)
    return service.overview(service.state, lambda: _overview(service))


def _overview(service: Service) -> CollectionRecord:
    store = service.collection.images
    status = store.status()
    record = CollectionRecord(
        images=status.images,
        files=status.files,
        model=status.model.id,
        licence=status.model.licence,
        roots=[printable(as_path(root)) for root in status.roots],
        failures=[
            FailureRecord(path=printable(as_path(f.path)), cause=f.cause, chinese=cause_in_chinese(f.cause))
            for f in status.failures[:FILES]
        ],
        failed=len(status.failures),
        incomplete=[printable(as_path(path)) for path in status.incomplete[:FILES]],
        partial=len(status.incomplete),
    )
    metadata, rows = store.rows()
    if not metadata:
        return record
    readings = store.readings(metadata, rows)
    summary = summarise(metadata, readings, rows)

    def images(chosen: Sequence[int]) -> list[Image]:
        return [Image.of(metadata[row], readings[row]) for row in chosen]

    own = zip(summary.names, summary.own_palette, summary.palette, strict=True)
    record.emotions = _mix(summary.whole, summary.names)
    record.valence, record.arousal = round(summary.whole.valence, 4), round(summary.whole.arousal, 4)
    record.unsure = int((~summary.sure).sum())
    record.folders = [_share(group, summary.names) for group in summary.folders]
    record.months = [_share(group, summary.names) for group in summary.months]
    record.palettes = {
        name: _palette(colours, [metadata[row].id for row in chosen[:PICTURED]], service)
        for name, colours, chosen in own
        if chosen
    }
    record.most = {name: images(rows) for name, rows in zip(summary.names, summary.typical, strict=True) if rows}
    record.uncertain = images(summary.uncertain)
    return record


def _palette(shares: NDArray[np.float64], ids: list[int], service: Service) -> dict[str, float]:
    """The pictures' own colours, as much as they are more of than in all; reference colours where files are gone."""
    found = [pixels.reshape(-1, 3) for id in ids if (pixels := service.pixels(id)) is not None]
    return real_colours(np.concatenate(found), shares) if found else named_palette(shares)


def _mix(group: Group, names: Sequence[str]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in zip(names, group.mix.tolist(), strict=True)}


def _share(group: Group, names: Sequence[str]) -> Share:
    return Share(
        name=printable(group.label),
        folder=None if group.folder is None else printable(as_path(group.folder)),
        images=group.count,
        emotions=_mix(group, names),
        valence=round(group.valence, 4),
        arousal=round(group.arousal, 4),
    )


@router.get(
    "/export/readings",
    summary="Every reading as a table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def export(service: ServiceDep, excel: Excel = False) -> TableResponse:
    """CSV, one row per image, in the order of the paths.

    Example: `/api/v1/export/readings`
    """
    metadata, readings, _ = service.collection.rows()
    return TableResponse(
        image_table(metadata, readings),
        excel=excel,
        headers={"content-disposition": 'attachment; filename="readings.csv"'},
    )


@router.post("/selection/images", summary="Some images")
def selection_images(selection: SelectedImages, service: ServiceDep) -> list[Image]:
    """The images named, in that order; those that are gone are left out.

    Example: `{"ids": [17, 4]}`
    """
    store = service.collection.images
    metadata, rows = store.rows(list(dict.fromkeys(selection.ids)))
    return [Image.of(entry, read) for entry, read in zip(metadata, store.readings(metadata, rows), strict=True)]


@router.post(
    "/selection/table",
    summary="Some readings as a table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def selection_table(selection: SelectedImages, service: ServiceDep, excel: Excel = False) -> TableResponse:
    """CSV of the images named, in that order; those that are gone are left out.

    Example: `{"ids": [17, 4]}`
    """
    store = service.collection.images
    metadata, rows = store.rows(list(dict.fromkeys(selection.ids)))
    return TableResponse(
        image_table(metadata, store.readings(metadata, rows)),
        excel=excel,
        headers={"content-disposition": 'attachment; filename="selection.csv"'},
    )


@router.post(
    "/selection/files",
    summary="Some image files in a ZIP",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
def selection_files(selection: SelectedImages, service: ServiceDep) -> ZipResponse:
    """The original files of the images named, numbered in that order; files that are gone are left out.

    Example: `{"ids": [17, 4]}`
    """
    ids = list(dict.fromkeys(selection.ids))
    most = service.settings.max_selection_bytes
    check_count(len(ids), service)
    found = [(id, files) for id in ids if (files := _files_of(id, service)) is not None]
    size = sum(os.stat(files[0]).st_size for _, files in found)
    if size > most:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{size:,} bytes; at most {most:,} go into one ZIP file",
            chinese=f"共 {size:,} 字节；一个 ZIP 文件最多 {most:,} 字节",
        )
    return ZipResponse(
        _entries([id for id, _ in found], len(ids) - len(found), service),
        headers={"content-disposition": 'attachment; filename="emoir.zip"'},
    )


def check_count(count: int, service: Service) -> None:
    """Refuse what would make a file of too many pictures.

    Raises:
        Problem: likewise.
    """
    limit = service.settings.max_selection
    if count > limit:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{count:,} images; at most {limit:,} go into one file",
            chinese=f"共 {count:,} 张图片；一个文件最多 {limit:,} 张",
        )


def _files_of(id: int, service: Service) -> list[bytes] | None:
    """The files that may hold an image; None if there is none."""
    try:
        return service.digest(id)[1]
    except Problem:
        return None


def _entries(ids: list[int], missing: int, service: Service) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and contents of a ZIP file's entries; each file is opened when its turn has come."""
    for number, id in enumerate(ids, start=1):
        try:
            _, path, stream = service.open(id)
        except Problem:
            missing += 1
            continue
        # The number keeps names apart, and in order; a backslash in a name is a separator on Windows.
        name = printable(path.name).replace("\\", "_")
        yield f"{number:0{len(str(len(ids)))}} {name}", stream
    if missing:
        yield "missing.txt", io.BytesIO(f"{missing} files are gone or have changed; run emoir index\n".encode())
