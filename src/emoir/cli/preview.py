"""Previews: pictures in the terminal, above the line that speaks of each."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from emoir.cli.output import echo_err, spoken
from emoir.errors import EmoirError, UndecodableImageError
from emoir.limits import Limits

# Of a picture: cells of the terminal, and pixels for terminals that show pixels.
COLUMNS, PIXELS = 32, 480

PreviewOption = Annotated[
    bool, typer.Option("--preview", help="Show the pictures in the terminal (kitty, sixel; else coloured blocks).")
]


class Preview:
    """Shows pictures where the command writes.

    Args:
        limits: what one file may cost.

    Raises:
        EmoirError: if the output is no terminal, or the package that draws is not installed.
    """

    def __init__(self, limits: Limits) -> None:
        if not sys.stdout.isatty():
            raise EmoirError("--preview needs a terminal; leave it out, or write to one")
        # Where a terminal does not tell the size of its cells, a usual one is assumed, without a traceback.
        logging.getLogger("textual_image").setLevel(logging.ERROR)
        try:
            # Asks the terminal what it can show when it is imported.
            from textual_image.renderable import Image
        except ImportError:
            raise EmoirError("--preview needs textual-image: pip install textual-image") from None
        from rich.console import Console

        from emoir.images.decode import lift_pillow_limit

        lift_pillow_limit()
        self._limits, self._image, self._console = limits, Image, Console(highlight=False, markup=False)

    def show(self, path: Path) -> None:
        """Show one picture; one that cannot be read is named on standard error."""
        from PIL import Image

        from emoir.images.decode import decode

        try:
            pixels = decode(path, fit=PIXELS, limits=self._limits).pixels
        except UndecodableImageError as error:
            echo_err(f"{path}: {spoken(error)}")
            return
        self._console.print(self._image(Image.fromarray(pixels), width=COLUMNS, height="auto"))
