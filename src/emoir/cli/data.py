"""emoir data: look at a labelled data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoir.cli.options import LabelOption, LimitsOption, ScaleOption, SpaceOption, parse_scale
from emoir.cli.output import Exit, echo, echo_block, echo_paths
from emoir.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from emoir.datasets import Layout
    from emoir.datasets.check import DatasetReport, DuplicateGroup

MAX_LISTED = 10

data = typer.Typer(no_args_is_help=True, help="Look at a labelled data set.")


class CheckFormat(str, Enum):
    """How a check is written."""

    table = "table"
    json = "json"
    paths = "paths"


@data.callback()
def _data() -> None:
    """Look at a labelled data set."""


@data.command("check")
def check(
    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")],
    space: SpaceOption = None,
    label: LabelOption = None,
    scale: ScaleOption = "0,1",
    everything: Annotated[bool, typer.Option("--all", help="List every file, not only the first ten.")] = False,
    limits: LimitsOption = DEFAULT_LIMITS,
    format: Annotated[
        CheckFormat,
        typer.Option("--format", help="How to write the result; paths: only the images, in the order of the table."),
    ] = CheckFormat.table,
) -> None:
    """Check a labelled data set: files, labels, copies and leaks.

    Says what layout DATA has, which files are missing, broken or double, which leak between the parts of a split, and
    how the labels are balanced. Every image is decoded; nothing is changed. Exit code 3 if files are missing or broken.
    """
    from emoir.datasets import layout_of, read_dataset
    from emoir.datasets.check import check_dataset
    from emoir.images.decode import lift_pillow_limit

    source = data.resolve()
    table = read_dataset(source, space=space, label=label, scale=parse_scale(scale))
    if format is CheckFormat.paths:
        echo_paths(list(table.paths), nul=False)
        return
    from emoir.cli.progress import progress

    layout = layout_of(source)
    lift_pillow_limit()
    with progress("looking at images") as report:
        found = check_dataset(
            table,
            source if source.is_dir() else None,
            other_folders=layout.other_folders if layout is not None else (),
            limits=limits,
            report=report,
        )
    if format is CheckFormat.json:
        echo_block(json.dumps(_record(found, layout), indent=2))
    else:
        _put_table(found, layout, source, None if everything else MAX_LISTED)
    if found.missing or found.broken:
        raise typer.Exit(Exit.SOME_FAILED)


def _layout_words(layout: Layout | None, source: Path) -> str:
    from emoir.datasets.detect import TABLES

    if layout is not None:
        return f"{layout.title}; {layout.images:,} images were published"
    is_table = source.is_file() or any((source / name).is_file() for name in TABLES)
    return "a table of one's own" if is_table else "a folder per class"


def _record(found: DatasetReport, layout: Layout | None) -> dict[str, Any]:
    return {
        "data": found.name,
        "layout": None if layout is None else layout.name,
        "published images": None if layout is None else layout.images,
        "images": found.images,
        "missing": [str(path) for path in found.missing],
        "extra": [str(path) for path in found.extra],
        "repeated": [str(path) for path in found.repeated],
        "broken": [{"path": str(path), "error": cause} for path, cause in found.broken.items()],
        "copies": [
            {
                "paths": [str(path) for path in group.paths],
                "exact": group.exact,
                "splits": list(group.splits),
                "classes": list(group.classes),
                "leak": group.leak,
                "contradiction": group.contradiction,
            }
            for group in found.copies
        ],
        "balance": found.balance,
        "split": found.splits,
        "agreement": [
            {
                "label": line.label,
                "images": line.images,
                "measure": line.measure,
                "value": None if line.value != line.value else round(line.value, 4),
                "raters": line.raters,
            }
            for line in found.agreement
        ],
    }


def _put_table(found: DatasetReport, layout: Layout | None, source: Path, most: int | None) -> None:
    here = source if source.is_dir() else source.parent

    def name(path: Path) -> str:
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    echo(f"data       {found.name}: {_layout_words(layout, source)}")
    echo(f"images     {found.images:,}")
    _put_list("missing", [name(path) for path in found.missing], most)
    _put_list("extra", [name(path) for path in found.extra], most)
    if found.repeated:
        _put_list("repeated", [name(path) for path in found.repeated], most)
    _put_list("broken", [f"{name(path)}: {cause}" for path, cause in found.broken.items()], most)
    for title, exact in (("copies", True), ("alike", False)):
        groups = [group for group in found.copies if group.exact is exact]
        _put_list(title, [_words_of(group, name) for group in groups], most, "group", "groups")
    if found.splits:
        echo(f"split      {_counts(found.splits)}")
        leaks = [_words_of(group, name) for group in found.leaks]
        _put_list(
            "leaks", leaks, most, "group lies on both sides of the split", "groups lie on both sides of the split"
        )
    for label, counts in found.balance.items():
        echo(f"balance    {label}: {_counts(counts)}")
    for line in found.agreement:
        raters = "" if line.raters is None else f", {line.raters:.1f} raters an image"
        echo(f"agreement  {line.label}: {line.measure} {line.value:.3f} ({line.images:,} images{raters})")
    if not found.agreement:
        echo("agreement  not known: the data set holds no single ratings")


def _words_of(group: DuplicateGroup, name: Any) -> str:
    splits = f" [{' and '.join(group.splits)}]" if group.leak else ""
    classes = f" (labelled {', '.join(group.classes)})" if group.contradiction else ""
    return f"{' = '.join(name(path) for path in group.paths)}{splits}{classes}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or 'none'} {count:,}" for name, count in counts.items())


def _put_list(title: str, lines: Sequence[str], most: int | None, one: str = "file", many: str = "files") -> None:
    echo(f"{title:<10} {len(lines):,} {one if len(lines) == 1 else many}")
    for line in lines[:most]:
        echo(f"  {line}")
    if most is not None and len(lines) > most:
        echo(f"  and {len(lines) - most:,} more (--all lists them)")
