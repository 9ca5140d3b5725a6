"""emoir status: what is indexed, by which model, what failed and why."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import echo, echo_block

SHOWN_FAILURES = 20


class StatusFormat(str, Enum):
    """How the status is written."""

    table = "table"
    json = "json"


def status(
    format: Annotated[StatusFormat, typer.Option("--format", help="How to write it.")] = StatusFormat.table,
    all_failures: Annotated[
        bool, typer.Option("--all", help="List every file that failed, not only the first.")
    ] = False,
    index: IndexOption = None,
) -> None:
    """Show what is indexed, by which model, and which files could not be read and why."""
    from emoir.collection import Collection
    from emoir.index.base import as_path

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
                    "catalogues": [
                        {
                            "folder": str(as_path(catalogue.root)),
                            "source": str(as_path(catalogue.source)),
                            "records": catalogue.records,
                        }
                        for catalogue in found.catalogues
                    ],
                    "failures": [{"path": str(as_path(f.path)), "error": f.cause} for f in found.failures],
                },
                indent=2,
            )
        )
        return
    echo(f"index    {found.location} ({found.bytes / 1e6:.1f} MB)")
    echo(f"model    {found.model.id}")
    echo(f"licence  {found.model.licence}")
    echo(f"images   {found.images:,} in {found.files:,} files")
    for root in found.roots:
        echo(f"folder   {as_path(root)}")
    for catalogue in found.catalogues:
        records, source = f"{catalogue.records:,} records", as_path(catalogue.source)
        echo(f"records  {records} of {source} for {as_path(catalogue.root)}")
    echo(f"failed   {len(found.failures):,}")
    for failure in found.failures if all_failures else found.failures[:SHOWN_FAILURES]:
        echo(f"  {as_path(failure.path)}: {failure.cause}")
    if len(found.failures) > SHOWN_FAILURES and not all_failures:
        echo(f"  and {len(found.failures) - SHOWN_FAILURES:,} more (--all lists them)")
