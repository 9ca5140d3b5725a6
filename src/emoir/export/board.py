"""A board for people: a page that stands alone, and a contact sheet."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

THUMBNAIL = 480
COLUMNS, SIDE, GAP, LINE = 5, 240, 24, 26
INK, PAPER = (28, 28, 32), (255, 255, 255)
STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c1c20}
div{display:flex;flex-wrap:wrap;gap:1rem;align-items:end}figure{margin:0;max-width:100%}img{max-width:100%;height:15rem;
object-fit:contain;display:block}figcaption{font-size:.85rem;color:#5b5963;overflow-wrap:anywhere}p{white-space:pre-wrap}"""


def board_page(name: str, notes: str, pictures: Sequence[tuple[str, bytes]]) -> str:
    """A page that holds everything it shows, as HTML.

    Args:
        name: of the board.
        notes: its.
        pictures: names, and thumbnails as WebP, in order.

    Example:
        >>> "<h1>Sea &amp; sky</h1>" in board_page("Sea & sky", "", [])
        True
    """
    figures = "\n".join(
        f'<figure><img alt="" src="data:image/webp;base64,{base64.b64encode(content).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, content in pictures
    )
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(name)}</title><style>{STYLE}</style></head>\n<body><h1>{escape(name)}</h1>"
        f"<p>{escape(notes)}</p>\n<div>{figures}</div></body></html>\n"
    )


def contact_sheet(pictures: Sequence[tuple[str, bytes]]) -> bytes:
    """All pictures on one sheet, five to a row, numbered, as JPEG.

    Args:
        pictures: names, and thumbnails, in order; at least one.

    Example:
        >>> stream = BytesIO()
        >>> Image.new("RGB", (30, 20)).save(stream, "WEBP")
        >>> Image.open(BytesIO(contact_sheet([("a.jpg", stream.getvalue())]))).size
        (1344, 314)
    """
    rows = -(-len(pictures) // COLUMNS)
    size = GAP + COLUMNS * (SIDE + GAP), GAP + rows * (SIDE + LINE + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (name, content) in enumerate(pictures):
        left = GAP + place % COLUMNS * (SIDE + GAP)
        top = GAP + place // COLUMNS * (SIDE + LINE + GAP)
        with Image.open(BytesIO(content)) as picture:
            sheet.paste(ImageOps.pad(picture.convert("RGB"), (SIDE, SIDE), color=PAPER), (left, top))
        # The font that Pillow carries has no other letters; the number stands for the name then.
        label = f"{place + 1}  {name}" if name.isascii() else str(place + 1)
        while draw.textlength(label, font) > SIDE:
            label = label[:-2] + "~"
        draw.text((left, top + SIDE + 4), label, INK, font=font)
    stream = BytesIO()
    sheet.save(stream, "JPEG", quality=88)
    return stream.getvalue()
