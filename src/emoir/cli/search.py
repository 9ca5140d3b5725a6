"""emoir search: find images by emotion."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from typer.core import TyperCommand

from emoir.cli.filter_options import (
    ArousalOption,
    ConfidenceOption,
    EmotionOption,
    FromOption,
    MonochromeOption,
    OrientationOption,
    SideOption,
    TakenOption,
    ValenceOption,
    read_list,
    say_what_is_not_indexed,
)
from emoir.cli.options import (
    EverywhereOption,
    IndexOption,
    LexiconOption,
    LimitsOption,
    ModelOption,
    WithinOption,
    chosen_folders,
    require_model,
)
from emoir.cli.output import Exit, ListFormat, echo, echo_block, echo_err, echo_images, echo_paths
from emoir.errors import QueryError
from emoir.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from emoir.collection import Collection


# No option is written like that: a term with a minus sign.
_GLUED = re.compile(r"-[^\W\d_]{3}|-\d+(?:\.\d+)?:|-[㐀-鿿]")


class QueryCommand(TyperCommand):
    """Takes a query that begins with a minus sign for what it is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hand '- fear' on with a wide minus, which no parser of options stumbles over."""
        for arg in args[: args.index("--") if "--" in args else None]:
            if _GLUED.match(arg):
                raise QueryError(f"{arg!r}: write '- {arg[1:]}', with a space behind the minus sign, to take it away")
        return super().parse_args(ctx, [f"－{arg[1:]}" if arg.startswith("- ") else arg for arg in args])


def search(
    query: Annotated[
        list[str],
        typer.Argument(help="Such as: awe | 宁静 | 'not scary' | ./cat.jpg | va:0.8,0.2 | near:teal | 'awe - fear'"),
    ],
    n: Annotated[int, typer.Option("-n", min=1, help="Show at most this many.")] = 20,
    within: WithinOption = None,
    everywhere: EverywhereOption = False,
    listed: FromOption = None,
    valence: ValenceOption = None,
    arousal: ArousalOption = None,
    emotion: EmotionOption = None,
    confidence: ConfidenceOption = None,
    taken: TakenOption = None,
    side: SideOption = None,
    orientation: OrientationOption = None,
    monochrome: MonochromeOption = None,
    like: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--like", help="Move the query towards this image, such as id:17; may be repeated."),
    ] = None,
    unlike: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--unlike", help="Move the query away from this image; may be repeated."),
    ] = None,
    diverse: Annotated[bool, typer.Option("--diverse", help="Fold near duplicates and spread the results.")] = False,
    sort: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--sort", help="Order by newest, oldest, or another query such as awe or va:0.8,0.2."),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Also images that fit no better than chance.")] = False,
    format: Annotated[ListFormat, typer.Option("--format", help="How to write the matches.")] = ListFormat.table,
    nul: Annotated[bool, typer.Option("-0", help="Paths only, a NUL after each, for xargs -0.")] = False,
    limits: LimitsOption = DEFAULT_LIMITS,
    index: IndexOption = None,
    model: ModelOption = None,
    lexicon: LexiconOption = None,
) -> None:
    """Find the images that evoke a feeling, best first.

    A query is one or more terms joined by ' + ' and ' - ': emotion words or phrases in English or
    Chinese, example images (their emotion counts, not what they show), id:NUMBER for an indexed image,
    a point va:VALENCE,AROUSAL with numbers from 0 to 1, or colours such as near:#e07a5f,teal. A number and
    a colon before a term weigh it.
    """
    from emoir.collection import Collection
    from emoir.images.decode import lift_pillow_limit
    from emoir.search.filters import Filters, parse_filters
    from emoir.search.grammar import parse_id

    lift_pillow_limit()
    folders = chosen_folders(within, everywhere)
    files = read_list(listed)
    filters = parse_filters(
        valence=valence,
        arousal=arousal,
        confidence=confidence,
        emotion=emotion,
        taken=taken,
        side=side,
        orientation=orientation,
        monochrome=monochrome,
    )
    with Collection(index, model=model, lexicon=lexicon) as photos:
        require_model(photos, model)
        say_what_is_not_indexed(photos, files)
        matches = photos.search(
            query,
            n=n,
            folders=None if files is not None and within is None else folders,
            paths=files,
            filters=filters,
            positive_ids=[parse_id(text) for text in like or []],
            negative_ids=[parse_id(text) for text in unlike or []],
            diverse=diverse,
            min_score=0 if show_all else None,
            sort=sort,
            limits=limits,
        )
        if matches.unknown:
            echo_err(f"not understood and not used: {', '.join(matches.unknown)}")
        if len(matches) < n and matches.hidden:
            echo_err(f"{matches.hidden:,} images that fit no better than chance are hidden; show them with --all")
        if not matches:
            if not matches.hidden:
                _say_nothing_found(photos, folders, filtered=files is not None or filters != Filters())
            if format is ListFormat.json:
                echo("[]")
            raise typer.Exit(Exit.NOTHING_FOUND)
    if nul or format is ListFormat.paths:
        echo_paths([match.path for match in matches], nul=nul)
    elif format is ListFormat.json:
        echo_block(matches.to_json())
    else:
        scores = [[f"{match.score:.3f}"] for match in matches]
        echo_images(matches.matches, ["score"], scores, tabs=format is ListFormat.tsv)


def _say_nothing_found(photos: Collection, folders: list[Path] | None, *, filtered: bool) -> None:
    if filtered:
        echo_err("no indexed image meets all conditions; loosen one of them")
        return
    elsewhere = photos.status().images
    if folders is None or not elsewhere:
        echo_err("the index holds no image but the examples; begin with: emoir index FOLDER")
        return
    for folder in folders:
        if not folder.is_dir():
            echo_err(f"{folder} is no folder")
    named = ", ".join(map(str, folders))
    echo_err(
        f"no indexed images in {named}, but {elsewhere:,} elsewhere: search "
        f"them with --everywhere, or read what is here with: emoir index {shlex.join(map(str, folders))}"
    )
