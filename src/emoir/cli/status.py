"""emoir status: what is indexed, by which model, what failed and why."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import cause_text, echo, echo_block, padded, text

SHOWN_FILES, TITLE = 20, 9


class StatusFormat(str, Enum):
    """How the status is written."""

    table = "table"
    json = "json"


def status(
    format: Annotated[StatusFormat, typer.Option("--format", help="How to print.")] = StatusFormat.table,
    all_files: Annotated[
        bool, typer.Option("--all", help="List every file that failed or is incomplete, not only the first.")
    ] = False,
    index: IndexOption = None,
) -> None:
    """Show what is indexed, and which files failed or are incomplete."""
    from emoir.collection import Collection
    from emoir.index.base import as_path
    from emoir.index.location import index_option

    with Collection(index) as photos:
        found = photos.status()
    if format is StatusFormat.json:
        echo_block(
            json.dumps(
                {
                    "index": found.location,
                    "model": found.model.id,
                    "licence": found.model.licence,
                    "folders": [str(as_path(root)) for root in found.roots],
                    "images": found.images,
                    "files": found.files,
                    "bytes": found.bytes,
                    "rebuild": None if found.rebuild is None else str(found.rebuild),
                    "catalogues": [
                        {
                            "folder": str(as_path(catalogue.root)),
                            "source": str(as_path(catalogue.source)),
                            "records": catalogue.records,
                        }
                        for catalogue in found.catalogues
                    ],
                    "failures": [{"path": str(as_path(f.path)), "error": f.cause} for f in found.failures],
                    "incomplete": [str(as_path(path)) for path in found.incomplete],
                },
                indent=2,
            )
        )
        return
    _put("index", f"{found.location} ({found.bytes / 1e6:.1f} MB)")
    _put("model", found.model.id)
    _put("licence", found.model.licence)
    if found.rebuild is not None:
        _put("rebuild", text("unfinished rebuild", options=index_option(photos.location), file=found.rebuild))
    _put("images", text("in files", images=found.images, count=found.files))
    for root in found.roots:
        _put("folder", str(as_path(root)))
    for catalogue in found.catalogues:
        source, folder = as_path(catalogue.source), as_path(catalogue.root)
        _put("records", text("records of", count=catalogue.records, source=source, root=folder))
    failures = [f"{as_path(failure.path)}: {cause_text(failure.cause)}" for failure in found.failures]
    _put_files("failed", failures, all_files)
    if found.incomplete:
        missing = text("part missing")
        _put_files("partial", [f"{as_path(path)}: {missing}" for path in found.incomplete], all_files)


def _put(key: str, value: str) -> None:
    """A line with its title in front, all titles alike wide."""
    echo(f"{padded(text(key), TITLE)}{value}")


def _put_files(key: str, lines: list[str], all_files: bool) -> None:
    """How many files there are of a kind, and the first or all of them."""
    _put(key, f"{len(lines):,}")
    for line in lines if all_files else lines[:SHOWN_FILES]:
        echo(f"  {line}")
    if len(lines) > SHOWN_FILES and not all_files:
        more = text("and more", count=len(lines) - SHOWN_FILES)
        echo(f"  {more}")
