"""Collection: what is there, on the whole and in part."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.export.table import image_table
from emoir.export.write import csv_blocks
from emoir.images.palette import named_palette
from emoir.index.base import as_path
from emoir.names import printable
from emoir.search.diverse import first_distinct
from emoir.web.files import blocks, zip_stream
from emoir.web.problems import Problem
from emoir.web.records import CollectionRecord, FailedFile, Image, Selection, Share
from emoir.web.service import Service, ServiceDep, set_etag

router = APIRouter(tags=["collection"])

SHOWN = 12
FOLDERS = 40
FAILURES = 200
Excel = Annotated[bool, Query(description="For spreadsheets: byte order mark, no formulas.")]


@router.get("/collection", summary="What is in the index")
def collection(request: Request, response: Response, service: ServiceDep) -> CollectionRecord:
    """Emotions on the whole, by folder and by month; palettes, extremes, uncertain images, failures.

    Example: `/api/v1/collection`
    """
    set_etag(request, response, service.state)
    return service.overview(lambda: _overview(service))


def _overview(service: Service) -> CollectionRecord:
    store = service.collection.store
    status = store.status()
    metadata, rows = store.rows()
    readings = store.readings(metadata, rows)
    space = next(iter(readings.class_names))
    names, shares = readings.class_names[space], readings.distributions[space]
    folders: dict[str, list[int]] = defaultdict(list)
    months: dict[str, list[int]] = defaultdict(list)
    for row, item in enumerate(metadata):
        folders[printable(as_path(os.path.dirname(item.path)))].append(row)
        if item.taken:
            months[item.taken[:7].replace(":", "-")].append(row)
    palettes = rows[:, store.layout.palette]

    def best(keys: NDArray[np.floating]) -> list[Image]:
        """The images with the largest keys, near duplicates once."""
        order = np.argsort(-keys, kind="stable")
        return [Image.of(metadata[row], readings[row]) for row in first_distinct(order, metadata, palettes, SHOWN)]

    largest = sorted(folders.items(), key=lambda entry: -len(entry[1]))[:FOLDERS]
    return CollectionRecord(
        images=status.images,
        files=status.files,
        model=status.model.id,
        licence=status.model.licence,
        roots=[printable(as_path(root)) for root in status.roots],
        emotions=_mix(readings, space),
        valence=_mean(readings.valence),
        arousal=_mean(readings.arousal),
        folders=[_share(name, chosen, readings, space) for name, chosen in sorted(largest)],
        months=[_share(name, chosen, readings, space) for name, chosen in sorted(months.items())],
        palettes=_palettes(palettes**2, shares.argmax(axis=1), names),
        most={name: best(shares[:, column]) for column, name in enumerate(names)},
        uncertain=best(-readings.confidence),
        failures=[FailedFile(path=printable(as_path(f.path)), cause=f.cause) for f in status.failures[:FAILURES]],
        failed=len(status.failures),
    )


def _mean(values: NDArray[np.floating]) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.5


def _mix(readings: EmotionReadings, space: str, rows: list[int] | slice = slice(None)) -> dict[str, float]:
    shares = readings.distributions[space][rows]
    mean = shares.mean(axis=0) if len(shares) else np.zeros(shares.shape[1])
    return {name: round(float(share), 4) for name, share in zip(readings.class_names[space], mean, strict=True)}


def _share(name: str, rows: list[int], readings: EmotionReadings, space: str) -> Share:
    valence, arousal = _mean(readings.valence[rows]), _mean(readings.arousal[rows])
    return Share(name=name, images=len(rows), emotions=_mix(readings, space, rows), valence=valence, arousal=arousal)


def _palettes(
    palettes: NDArray[np.float32], tops: NDArray[np.intp], names: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    return {
        name: named_palette(palettes[tops == column].mean(axis=0))
        for column, name in enumerate(names)
        if (tops == column).any()
    }


@router.get(
    "/export/readings",
    summary="Every reading as a table",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def export(service: ServiceDep, excel: Excel = False) -> StreamingResponse:
    """CSV, one row an image, in the order of the paths.

    Example: `/api/v1/export/readings`
    """
    metadata, readings, _ = service.collection.rows()
    return StreamingResponse(
        csv_blocks(image_table(metadata, readings), excel=excel),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="readings.csv"'},
    )


@router.post(
    "/selection/table",
    summary="Some readings as a table",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def selection_table(selection: Selection, service: ServiceDep, excel: Excel = False) -> StreamingResponse:
    """CSV of the images named, in that order; those that are gone are left out.

    Example: `{"ids": [17, 4]}`
    """
    store = service.collection.store
    metadata, rows = store.rows(list(dict.fromkeys(selection.ids)))
    return StreamingResponse(
        csv_blocks(image_table(metadata, store.readings(metadata, rows)), excel=excel),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="selection.csv"'},
    )


@router.post(
    "/selection/files",
    summary="Some image files in a ZIP",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def selection_files(selection: Selection, service: ServiceDep) -> StreamingResponse:
    """The original files of the images named, numbered in that order; files that are gone are left out.

    Example: `{"ids": [17, 4]}`
    """
    ids = list(dict.fromkeys(selection.ids))
    limit, most = service.settings.max_selection, service.settings.max_selection_bytes
    if len(ids) > limit:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(ids):,} images; at most {limit:,} go into one ZIP file",
            chinese=f"共 {len(ids):,} 张图片；一个 ZIP 文件最多 {limit:,} 张",
        )
    found = [(id, files) for id in ids if (files := _files_of(id, service)) is not None]
    size = sum(os.stat(files[0]).st_size for _, files in found)
    if size > most:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{size:,} bytes; at most {most:,} go into one ZIP file",
            chinese=f"共 {size:,} 字节；一个 ZIP 文件最多 {most:,} 字节",
        )
    return StreamingResponse(
        zip_stream(_entries([id for id, _ in found], len(ids) - len(found), service)),
        media_type="application/zip",
        headers={"content-disposition": 'attachment; filename="emoir.zip"'},
    )


def _files_of(id: int, service: Service) -> list[bytes] | None:
    """The files that may hold an image; None if there is none."""
    try:
        return service.digest(id)[1]
    except Problem:
        return None


def _entries(ids: list[int], missing: int, service: Service) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Names and contents of a ZIP file's entries; each file is opened when its turn has come."""
    for number, id in enumerate(ids, start=1):
        try:
            _, path, stream = service.open(id)
        except Problem:
            missing += 1
            continue
        # The number keeps names apart, and in order; a backslash in a name is a separator on Windows.
        name = printable(path.name).replace("\\", "_")
        yield f"{number:0{len(str(len(ids)))}} {name}", blocks(stream)
    if missing:
        yield "missing.txt", iter([f"{missing} files are gone or have changed; run emoir index\n".encode()])
