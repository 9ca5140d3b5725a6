"""emoir search: find images by emotion."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from emoir.cli.listing import ListFormat, ListOptions, echo_list
from emoir.cli.options import IndexOption, LexiconOption, ModelOption, record_options, require_model
from emoir.cli.output import Exit, echo, echo_err, text
from emoir.cli.search_options import say_what_is_not_indexed, search_options
from emoir.errors import QueryError
from emoir.search.options import FilterOptions, SearchOptions, as_paths
from emoir.texts import terminal_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emoir.collection import Collection
    from emoir.search.query import Query


# No option is written like that: a term with a minus sign.
_GLUED = re.compile(r"-[^\W\d_]{3}|-\d+(?:\.\d+)?:|-[㐀-鿿]")


class QueryCommand(TyperCommand):
    """Takes a query that begins with a minus sign for what it is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hand '- fear' on with a wide minus, which the parser takes for no option."""
        for arg in args[: args.index("--") if "--" in args else None]:
            if _GLUED.match(arg):
                raise QueryError(
                    f"{arg!r}: write '- {arg[1:]}', with a space behind the minus sign, to take it away",
                    chinese=f"“{arg}”：要减去这一项，请写“- {arg[1:]}”，减号后面留一个空格",
                )
        return super().parse_args(ctx, [f"－{arg[1:]}" if arg.startswith("- ") else arg for arg in args])


@search_options(ranked=True)
@record_options("listing")
def search(
    query: Annotated[
        list[str],
        typer.Argument(
            help="Such as: awe | 'awe - fear' | ./cat.jpg | va:0.8,0.2 | near:teal | 宁静 | 'calm & content:dog'"
        ),
    ],
    options: SearchOptions,
    listing: ListOptions,
    n: Annotated[int, typer.Option("-n", min=1, help="Show at most this many.")] = 20,
    index: IndexOption = None,
    model: ModelOption = None,
    lexicon: LexiconOption = None,
) -> None:
    """Find the images that evoke a feeling, best first.

    A query is one or more terms joined by ' + ', ' - ' and ' & ' (both must be there): emotion words or phrases
    in English or Chinese, example images (their emotion counts, not what they show), id:NUMBER for an indexed image,
    a point va:VALENCE,AROUSAL with numbers from 0 to 1, colours such as near:#e07a5f,teal, or what a picture shows,
    content:dog, if the index's model sees it. A number and a colon before a term weigh it.
    """
    from emoir.collection import Collection
    from emoir.search.grammar import parse_query

    with Collection(index, model=model, lexicon=lexicon) as photos:
        require_model(photos, model)
        say_what_is_not_indexed(photos, options)
        asked = parse_query(query)
        if _has_pictures(asked):
            from emoir.images.decode import lift_pillow_limit

            lift_pillow_limit()
        matches = photos.search(asked, options, n=n)
        if matches.unknown:
            _say_not_searched(matches.unknown)
        if matches.content:
            echo_err(text("similarity" if matches.similarity else "content", words=", ".join(matches.content)))
        if len(matches) < n and matches.hidden:
            echo_err(text("hidden", count=matches.hidden))
        if not matches:
            if not matches.hidden:
                _say_nothing_found(photos, options)
            if listing.format is ListFormat.json:
                echo("[]")
            raise typer.Exit(Exit.NOTHING_FOUND)
    scores = [[f"{match.score:.3f}"] for match in matches]
    echo_list(matches.matches, ["score"], scores, listing, limits=options.limits, to_json=matches.to_json)


def _say_not_searched(words: Sequence[str]) -> None:
    """Words that were not understood, and those of things in pictures, each with what to do."""
    from emoir.emotions.content import content_words
    from emoir.emotions.lexicon import look_up
    from emoir.search.terms.content import NO_CONTENT, NO_CONTENT_CHINESE

    things = [word for word in words if look_up(word, content_words()) is not None]
    if others := [word for word in words if word not in things]:
        echo_err(text("unknown", words=", ".join(others)))
    if things:
        reason = NO_CONTENT_CHINESE if terminal_language() == "zh" else NO_CONTENT
        echo_err(text("no content", words=", ".join(things), reason=reason))


def _has_pictures(query: Query) -> bool:
    """Whether a picture must be decoded; without one, the decoders need not be loaded."""
    from emoir.search.terms import ImageFile

    return any(isinstance(term, ImageFile) for clause in query.clauses for term in clause.terms)


def _say_nothing_found(photos: Collection, options: SearchOptions) -> None:
    if options.paths is not None or options.filters != FilterOptions():
        echo_err(text("loosen" if options.filters.taken is None else "loosen dated"))
        return
    from emoir.index.location import index_option

    folders = None if options.folders is None else as_paths(options.folders)
    elsewhere = photos.status().images
    if folders is None or not elsewhere:
        echo_err(text("empty"))
        return
    for folder in folders:
        if not folder.is_dir():
            echo_err(text("no folder", folder=folder))
    names = list(map(str, folders))
    command = f"{shlex.join(names)}{index_option(photos.location)}"
    echo_err(text("elsewhere", folders=", ".join(names), count=elsewhere, command=command))
