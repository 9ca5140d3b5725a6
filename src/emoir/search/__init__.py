"""Queries in words, images and points to ranked matches."""

from emoir.search.filters import Filters
from emoir.search.grammar import parse_query
from emoir.search.matches import Match, Matches
from emoir.search.query import Query

__all__ = ["Filters", "Match", "Matches", "Query", "parse_query"]
