"""Draw the folders of ``src/emoir`` as the path of an image: ``python benchmarks/draw_architecture.py``.

Writes ``docs/pictures/architecture.svg``. An arrow from A to B says that B takes what A gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parents[1] / "docs" / "pictures" / "architecture.svg"
WIDTH, HEIGHT, BESIDE, BELOW, MARGIN = 204, 46, 30, 28, 12


class Box(NamedTuple):
    """A folder in the drawing: its column and row, and what it gives."""

    column: int
    row: int
    gives: str

    @property
    def middle(self) -> int:
        """Of its width."""
        return MARGIN + self.column * (WIDTH + BESIDE) + WIDTH // 2

    @property
    def top(self) -> int:
        """Its upper edge."""
        return MARGIN + self.row * (HEIGHT + BELOW)


BOXES = {
    "images": Box(0, 0, "file to pixels, palette, numbers"),
    "emotions": Box(0, 1, "spaces, vocabulary, readings"),
    "models": Box(0, 2, "card, checks, encoder + heads"),
    "extract": Box(0, 3, "files to readings"),
    "index": Box(0, 4, "store, change log, vectors"),
    "search": Box(0, 5, "grammar, terms, compiled query"),
    "collection": Box(0, 6, "the facade"),
    "summary": Box(0, 7, "the whole in numbers"),
    "report": Box(0, 8, "one HTML page"),
    "planes": Box(1, 0, "colour and texture"),
    "networks": Box(1, 1, "AlexNet, EmotionNet"),
    "training": Box(1, 2, "fine-tune, fit heads, export"),
    "explain": Box(1, 3, "where, by colour, by texture"),
    "export, select": Box(1, 7, "tables and XMP; stimuli"),
    "cli, integrations": Box(1, 8, "commands; MCP tools"),
    "datasets": Box(2, 0, "labelled sets"),
    "evaluate": Box(2, 1, "metrics, intervals"),
    "experiment": Box(2, 2, "the paper's comparison"),
    "web": Box(2, 8, "REST and gallery"),
}
ARROWS = (
    *("images emotions", "emotions models", "models extract", "extract index", "index search", "search collection"),
    *("planes networks", "networks training", "training models", "training experiment", "models explain"),
    *("datasets evaluate", "evaluate experiment", "explain web", "collection export, select"),
    *("collection summary", "summary report", "summary cli, integrations", "summary web"),
)


def arrow(source: Box, target: Box) -> str:
    """Its path: sideways inside a row; else down, across right below the source, and down to the target."""
    if source.row == target.row:
        right = 1 if target.column > source.column else -1
        y = source.top + HEIGHT // 2
        return f"M{source.middle + right * WIDTH // 2} {y}H{target.middle - right * (WIDTH // 2 + 2)}"
    turn = source.top + HEIGHT + BELOW // 2
    return f"M{source.middle} {source.top + HEIGHT}V{turn}H{target.middle}V{target.top - 2}"


def drawing() -> str:
    """The drawing as SVG, on a ground of its own: pages are light or dark."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    width = max(box.middle for box in BOXES.values()) + WIDTH // 2 + MARGIN
    height = max(box.top for box in BOXES.values()) + HEIGHT + MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    yield '  font-family="sans-serif" text-anchor="middle" role="img" aria-label="The folders of emoir">'
    yield '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '<path d="M0 0L8 4L0 8z" fill="#5e35b1"/></marker></defs>'
    yield f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>'
    for names in ARROWS:
        source, _, target = names.partition(" ")
        path = arrow(BOXES[source], BOXES[target])
        yield f'<path d="{path}" fill="none" stroke="#5e35b1" stroke-width="1.5" marker-end="url(#tip)"/>'
    for name, box in BOXES.items():
        left = box.middle - WIDTH // 2
        yield f'<rect x="{left}" y="{box.top}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ede7f6"/>'
        yield f'<text x="{box.middle}" y="{box.top + 20}" font-size="15" font-weight="bold">{escape(name)}</text>'
        yield f'<text x="{box.middle}" y="{box.top + 37}" font-size="12.5">{escape(box.gives)}</text>'
    yield "</svg>"


if __name__ == "__main__":
    FILE.write_text(drawing(), encoding="utf-8")
