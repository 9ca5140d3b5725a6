"""MCP: a collection as tools for language models (Model Context Protocol), over standard input and output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from emoir.collection import Collection
from emoir.emotions.reading import EmotionReading
from emoir.errors import EmoirError, QueryError
from emoir.explain import explain as explained
from emoir.index.base import ImageMetadata, as_path
from emoir.search.options import SearchOptions
from emoir.summary import summarise as summarised
from emoir.web.parameters import SearchParameters
from emoir.web.routes.search import safe_query

if TYPE_CHECKING:
    from mcp.server import MCPServer

P = ParamSpec("P")
R = TypeVar("R")

MOST_ROWS = 200
INSTRUCTIONS = """Finds photographs on this computer by the emotion that they evoke in a viewer.
A query is words of feeling in English or Chinese (awe, 宁静, sad but hopeful), id:NUMBER for an image like
that one, near:COLOUR, or va:VALENCE,AROUSAL. Readings are predictions of what raters would often say: an image
whose top emotion is "unsure" should not be named by one."""


def make_server(collection: Collection) -> MCPServer[None]:
    """A server of five tools: search, describe, explain, summarise, export.

    The tools read indexed images only. They change nothing, and open no file that a caller names.

    Args:
        collection: with something indexed.

    Raises:
        EmoirError: if the package mcp is missing.
    """
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise EmoirError("emoir mcp needs the package mcp: pip install mcp") from None
    server: MCPServer[None] = MCPServer("emoir", instructions=INSTRUCTIONS)

    def tool(function: Callable[P, R]) -> Callable[P, R]:
        """Register a function; the caller gets an error for a mistake, where a crash would only end the server."""

        @wraps(function)
        def guarded(*arguments: P.args, **keywords: P.kwargs) -> R:
            try:
                return function(*arguments, **keywords)
            except EmoirError as error:
                raise ToolError(str(error)) from None

        server.add_tool(guarded)
        return function

    @tool
    def search(asked: SearchParameters) -> dict[str, Any]:
        """The images that fit a query best, best first, with id, path, score and reading.

        `next` is the cursor of the next page, or null.
        """
        start = int(asked.cursor or 0)
        options = SearchOptions.parse(asked.options())
        found = collection.search(safe_query(asked.q), options, n=asked.limit + 1, start=start)
        return {
            "query": found.query,
            "unknown": list(found.unknown),
            "content": list(found.content),
            "similarity": found.similarity,
            "hits": [{**match.to_dict(), **_brief(match.reading)} for match in found.matches[: asked.limit]],
            "next": str(start + asked.limit) if len(found) > asked.limit else None,
        }

    @tool
    def describe(image: int) -> dict[str, Any]:
        """The reading of an indexed image by its id: probabilities of emotions, valence, arousal, confidence."""
        [(metadata, reading)] = _indexed(collection, [image])
        known = {"id": image, "path": str(as_path(metadata.path)), "incomplete": metadata.incomplete}
        return {**known, **_brief(reading), **reading.to_dict()}

    @tool
    def explain(image: int, emotion: str | None = None) -> dict[str, Any]:
        """Why an indexed image was read so: a sentence, and how the reading changes without colour or texture.

        `emotion` defaults to the most probable one.
        """
        [(metadata, _)] = _indexed(collection, [image])
        explanation = explained(as_path(metadata.path), collection.model, emotion=emotion)
        return {"id": image, **explanation.to_dict()}

    @tool
    def summarise() -> dict[str, Any]:
        """How many images are indexed, in each folder, and how many are named by each emotion or are unsure."""
        status = collection.status()
        metadata, readings, vectors = collection.rows()
        found = {"images": status.images, "folders": {}, "failed": len(status.failures)}
        found |= {"incomplete": len(status.incomplete), "emotions": {}}
        if not metadata:
            return found
        summary = summarised(metadata, readings, vectors)
        named = summary.top[summary.sure]
        emotions = {name: int((named == place).sum()) for place, name in enumerate(summary.names)}
        folders = {group.label: group.count for group in summary.folders}
        return found | {"folders": folders, "emotions": {**emotions, "unsure": int((~summary.sure).sum())}}

    @tool
    def export(images: list[int]) -> list[dict[str, Any]]:
        """The readings of some indexed images by their ids, at most 200, as flat rows for a table."""
        from emoir.export import image_table

        if len(images) > MOST_ROWS:
            raise QueryError(
                f"{len(images)} images; ask for at most {MOST_ROWS}",
                chinese=f"{len(images)} 张图片；一次最多 {MOST_ROWS} 张",
            )
        metadata, rows = collection.images.rows(images)
        return list(image_table(metadata, collection.images.readings(metadata, rows)).rows())

    return server


def _indexed(collection: Collection, ids: Sequence[int]) -> list[tuple[ImageMetadata, EmotionReading]]:
    """Images that must be indexed, with their readings."""
    metadata, rows = collection.images.rows(ids)
    found = {entry.id for entry in metadata}
    for image in ids:
        if image not in found:
            raise QueryError(
                f"id:{image}: no image of this index has that id", chinese=f"id:{image}：索引里没有这个编号的图片"
            )
    return list(zip(metadata, collection.images.readings(metadata, rows), strict=True))


def _brief(reading: EmotionReading) -> dict[str, Any]:
    space = next(iter(reading.distributions))
    return {
        "emotion": "unsure" if reading.unsure else reading.top(space),
        "valence": round(reading.valence, 4),
        "arousal": round(reading.arousal, 4),
    }
