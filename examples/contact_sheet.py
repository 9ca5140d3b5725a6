"""Draw what three searches find as one picture: ``python examples/contact_sheet.py FOLDER OUT.jpg``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emoir import Collection
from emoir.images.decode import decode

QUESTIONS = ("awe", "calm", "va:0.2,0.7")
COLUMNS, SIDE, LABEL, GAP = 5, 200, 34, 8


def cover(path: Path) -> Image.Image:
    """The middle square of a picture, SIDE x SIDE."""
    picture = Image.fromarray(np.asarray(decode(path).pixels))
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    return picture.crop((left, top, left + short, top + short)).resize((SIDE, SIDE))


def main() -> None:
    """Index the folder in a temporary place, ask, draw."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    font = ImageFont.load_default(20)
    width = COLUMNS * (SIDE + GAP) + GAP
    sheet = Image.new("RGB", (width, len(QUESTIONS) * (SIDE + LABEL + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    with tempfile.TemporaryDirectory() as place, Collection(Path(place) / "index.emoir") as photos:
        photos.index(folder)
        for row, question in enumerate(QUESTIONS):
            top = GAP + row * (SIDE + LABEL + GAP)
            draw.text((GAP, top), f"emoir search {question}", "black", font)
            for column, match in enumerate(photos.search(question, n=COLUMNS, min_score=0)):
                sheet.paste(cover(match.path), (GAP + column * (SIDE + GAP), top + LABEL))
    sheet.save(out, quality=85)


if __name__ == "__main__":
    main()
