"""Queries in words, images and points to ranked matches."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoir.search.grammar import parse_query
    from emoir.search.matches import Match, Matches
    from emoir.search.options import FilterOptions, SearchOptions
    from emoir.search.query import Query
    from emoir.search.terms import TERMS

__all__ = ["TERMS", "FilterOptions", "Match", "Matches", "Query", "SearchOptions", "parse_query"]

_HOMES = {
    "TERMS": "terms",
    "FilterOptions": "options",
    "Match": "matches",
    "Matches": "matches",
    "Query": "query",
    "SearchOptions": "options",
    "parse_query": "grammar",
}


def __getattr__(name: str) -> Any:
    # Imported when first used: the command line needs the options alone, which load no numpy.
    if name not in _HOMES:
        raise AttributeError(f"module 'emoir.search' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"emoir.search.{_HOMES[name]}"), name)
