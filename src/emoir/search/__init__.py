"""Queries in words, images and points to ranked matches."""

from typing import TYPE_CHECKING

from emoir.lazy import lazily

if TYPE_CHECKING:
    from emoir.search.grammar import parse_query
    from emoir.search.matches import Match, Matches
    from emoir.search.options import FilterOptions, SearchOptions
    from emoir.search.query import Query
    from emoir.search.terms import TERMS

__all__ = ["TERMS", "FilterOptions", "Match", "Matches", "Query", "SearchOptions", "parse_query"]

__getattr__ = lazily(
    __name__,
    {
        "TERMS": "terms",
        "FilterOptions": "options",
        "Match": "matches",
        "Matches": "matches",
        "Query": "query",
        "SearchOptions": "options",
        "parse_query": "grammar",
    },
)
