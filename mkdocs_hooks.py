"""What the site has beside the pages of docs/: README as its first page, commands and routes from the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent
# Pages outside docs/, by their name in the site.
OUTSIDE = {
    "home.md": "README.md",
    "home.zh.md": "README.zh.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
# Scripts of examples/ in percent cells.
NOTEBOOKS = ("first_collection", "own_labels", "encoder", "stimuli", "judge_a_model", "compare_networks")
SITE_NAMES = {file: name for name, file in OUTSIDE.items()}
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are generated; the first page of the site is README, not the room ``index``."""
    index = files.get_file_from_path("index.md")
    assert index is not None
    index.dest_uri = "index-files.html"
    for name, file in OUTSIDE.items():
        files.append(File.generated(config, name, content=(ROOT / file).read_text(encoding="utf-8")))
    home = files.get_file_from_path("home.md")
    assert home is not None
    home.dest_uri = "index.html"
    for name in NOTEBOOKS:
        script = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
        files.append(File.generated(config, f"notebooks/{name}.md", content=notebook(script)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Make links fit the site, and add what the program says of itself.

    Pages lie elsewhere in the site, and files of the repository are named, not linked.
    """
    source = page.file.src_uri
    folder = ROOT if source in OUTSIDE else (ROOT / "docs" / source).parent

    def fitting(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        file = (folder / target).resolve()
        if not file.is_relative_to(ROOT):
            return match[0]
        name = file.relative_to(ROOT).as_posix()
        up = "../" * source.count("/")
        if name in SITE_NAMES:
            return f"{text}({up}{SITE_NAMES[name]}{anchor})"
        if name.startswith("docs/"):
            return f"{text}({up}{name.removeprefix('docs/')}{anchor})"
        return f"{text.lstrip('!')[1:-1]} (`{name}`)"

    more = {"cli.md": commands, "rest.md": routes}.get(source)
    return LINK.sub(fitting, markdown) + (f"\n\n{more()}" if more else "")


class ExamplesAsCode(griffe.Extension):
    """Shows what stands under ``Example:`` as code: mkdocstrings knows that of ``Examples:`` alone."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Look at one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)


def notebook(script: str) -> str:
    """Markdown of a script in percent cells: text as text, code as code; its docstring is left out."""
    pages = []
    for cell in re.split(r"^# %%", script, flags=re.MULTILINE)[1:]:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            pages.append(re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip())
        else:
            pages += [f"## {head.strip()}"] if head.strip() else []
            pages.append(f"```python\n{body.strip()}\n```")
    return "\n\n".join(pages)


def commands() -> str:
    """Markdown of every command with its arguments and options."""
    import typer.main
    from typer.cli import get_docs_for_click

    from emoir.cli.app import app

    command: Any = typer.main.get_command(app)
    for part in command.commands.values():
        # The list of commands would cut it after 45 letters.
        part.short_help = (part.help or "").partition("\n\n")[0].replace("\n", " ")
    context: Any = command.make_context("emoir", [], resilient_parsing=True)
    pages = get_docs_for_click(obj=command, ctx=context, name="emoir", title="Every option")
    # One level down: they follow a page with a title of its own.
    return re.sub("^#", "##", pages, flags=re.MULTILINE)


def routes() -> str:
    """Markdown of every route of the service, from its own OpenAPI description."""
    from emoir import Collection
    from emoir.web import create_app

    schema = create_app(Collection("no.emoir")).openapi()
    return "## Every route\n\n" + "\n".join(_sections(schema))


def _sections(schema: dict[str, Any]) -> Iterator[str]:
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            yield f"### `{method.upper()} {path}`\n"
            yield f"**{route['summary']}.** {route.get('description', '')}\n"
            if rows := route.get("parameters"):
                yield "| parameter | where | type | meaning |\n|---|---|---|---|"
                for row in rows:
                    meaning = (row.get("description") or "").replace("\n", " ").replace("|", "\\|")
                    yield f"| `{row['name']}` | {row['in']} | {_type(row['schema'])} | {meaning} |"
                yield ""
            answers = ", ".join(f"{code} {answer['description']}" for code, answer in route["responses"].items())
            yield f"Answers: {answers}.\n"


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", "any"))
