"""Contact sheet: the best and the worst retrievals of a system as one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from emoir.datasets import ABSENT_CLASS
from emoir.errors import UndecodableImageError
from emoir.evaluate.plots import QUERIES, labels_of, ranking_of, titled
from emoir.evaluate.retrieval import Ranking, average_precision, precision_at
from emoir.evaluate.systems import SystemComparison
from emoir.images.decode import decode

ANSWERS, ROWS = 6, 4
SIDE, GAP, FRAME, TITLE = 150, 12, 5, 34
INK, PAPER, GREY, RIGHT, WRONG = (28, 28, 32), (255, 255, 255), (200, 200, 205), (42, 111, 151), (230, 120, 40)


def retrieval_sheet(comparison: SystemComparison) -> Image.Image | None:
    """Draw queries with their first answers, the four that went best and the four that went worst.

    Every image asks for those of its class, by embedding or else by probabilities; a class is shown once above and
    once below. A blue frame is an answer of the query's class, an orange one is not.

    Args:
        comparison: its images must be there.

    Returns:
        mode RGB, or None without classes or anything to rank by.
    """
    found = labels_of(comparison.table)
    if found is None:
        return None
    space, labels = found
    rows = np.flatnonzero(labels != ABSENT_CLASS)
    if len(rows) > QUERIES:
        rows = np.sort(np.random.default_rng(0).choice(rows, QUERIES, replace=False))
    system = comparison.systems[0]
    ranking = ranking_of(system, space, labels, rows) if len(rows) > 1 else None
    if ranking is None:
        return None
    parts = {"best": _chosen(ranking, labels[rows], best=True), "worst": _chosen(ranking, labels[rows], best=False)}
    names = comparison.table.class_names[space]
    font, small = ImageFont.load_default(20), ImageFont.load_default(13)
    width = GAP + (ANSWERS + 1) * (SIDE + GAP) + GAP
    height = GAP + sum(TITLE + len(queries) * (SIDE + GAP + 18) for queries in parts.values())
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for title, queries in parts.items():
        draw.text((GAP, top), f"{titled(comparison.table, space)}: {title} retrievals of {system.name}", INK, font=font)
        top += TITLE
        for query in queries:
            places = [query, *ranking.order[query, :ANSWERS].tolist()]
            for column, place in enumerate(places):
                left = GAP + column * (SIDE + GAP) + (GAP if column else 0)
                own = labels[rows[place]]
                colour = GREY if not column else RIGHT if own == labels[rows[query]] else WRONG
                draw.rectangle(
                    (left - FRAME, top - FRAME, left + SIDE + FRAME - 1, top + SIDE + FRAME - 1), fill=colour
                )
                sheet.paste(_square(comparison.table.paths[rows[place]]), (left, top))
                draw.text((left, top + SIDE + FRAME), names[own], INK, font=small)
            top += SIDE + GAP + 18
    return sheet


def _chosen(ranking: Ranking, labels: NDArray[np.int64], *, best: bool) -> list[int]:
    """Queries by the precision of their first answers, then of all; one per class."""
    first = precision_at(ranking, ANSWERS)
    whole = np.nan_to_num(average_precision(ranking), nan=-1 if best else 2)
    order = np.lexsort((-whole, -first) if best else (whole, first))
    chosen: dict[int, int] = {}
    for query in order.tolist():
        if ranking.relevant[query].any():
            chosen.setdefault(int(labels[query]), query)
        if len(chosen) == ROWS:
            break
    return list(chosen.values())


def _square(path: Path) -> Image.Image:
    """The whole picture on a square, or an empty one where it cannot be read."""
    try:
        picture = Image.fromarray(decode(path).pixels)
    except UndecodableImageError:
        return Image.new("RGB", (SIDE, SIDE), GREY)
    return ImageOps.pad(picture, (SIDE, SIDE), color=PAPER)
