"""The tools, asked by the protocol's own client, of the real command."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image

from emoir import Collection
from tests.pictures import encoded, noise, save_photos


@pytest.fixture
def index(tmp_path: Path) -> Path:
    save_photos(tmp_path / "photos", 5)
    cut = encoded(Image.fromarray(noise(200, 1)), "PNG")
    (tmp_path / "photos" / "cut.png").write_bytes(cut[: int(len(cut) * 0.98)])
    with Collection(tmp_path / "a.emoir") as photos:
        photos.index(tmp_path / "photos")
    return tmp_path / "a.emoir"


def asked(index: Path, ask: Callable[[ClientSession], Awaitable[None]]) -> None:
    """Run ``emoir mcp`` and talk to it."""

    async def session() -> None:
        command = StdioServerParameters(command=sys.executable, args=["-m", "emoir", "mcp", "--index", str(index)])
        async with stdio_client(command) as (read, write), ClientSession(read, write) as client:
            await client.initialize()
            await ask(client)

    anyio.run(session)


async def call(client: ClientSession, tool: str, **arguments: object) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    content = result.structured_content
    assert content is not None
    return content.get("result", content)


def test_the_tools_answer_as_the_library_does(index: Path) -> None:
    async def ask(client: ClientSession) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search", "describe", "explain", "summarise", "export"}
        # The options are those of the command and of the service, with their help.
        schema = json.dumps(tools["search"].input_schema)
        assert "valence" in schema
        assert "Only images this pleasant" in schema
        found = await call(client, "search", asked={"q": "awe", "limit": 2, "min_score": 0})
        with Collection(index) as photos:
            expected = photos.search("awe", n=3, min_score=0.0)
            reading = expected.matches[0].reading
            assert [hit["id"] for hit in found["hits"]] == [match.id for match in expected.matches[:2]]
        assert found["next"] == "2"
        first = found["hits"][0]["id"]
        described = await call(client, "describe", image=first)
        assert described["distributions"] == reading.to_dict()["distributions"]
        with Collection(index) as photos:
            incomplete = {item.id for item in photos.images.rows()[0] if item.incomplete}
        assert len(incomplete) == 1
        assert described["incomplete"] is (first in incomplete)
        assert (await call(client, "describe", image=incomplete.pop()))["incomplete"]
        assert (await call(client, "summarise"))["incomplete"] == 1
        assert described["emotion"] in ("unsure", reading.top("mikels"))
        explanation = await call(client, "explain", image=first, emotion="awe")
        assert explanation["emotion"] == "awe"
        summary = await call(client, "summarise")
        assert summary["images"] == sum(summary["emotions"].values()) == 6
        rows = await call(client, "export", images=[first])
        assert [row["id"] for row in rows] == [first]

    asked(index, ask)


def test_mistakes_are_said_and_files_are_not_read(index: Path, tmp_path: Path) -> None:
    [photo] = save_photos(tmp_path / "other", 1)

    async def ask(client: ClientSession) -> None:
        for tool, arguments, cause in (
            ("describe", {"image": 999}, "no image of this index has that id"),
            ("search", {"asked": {"q": str(photo)}}, "files are not read"),
            ("search", {"asked": {"q": "awe", "unheard": 1}}, "unheard"),
            ("export", {"images": list(range(201))}, "at most 200"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert cause in str(result.content), result.content

    asked(index, ask)
