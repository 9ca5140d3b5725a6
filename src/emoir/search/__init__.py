"""Queries in words, images and points to ranked matches."""

from emoir.search.matches import Match, Matches
from emoir.search.query import Query, parse_query

__all__ = ["Match", "Matches", "Query", "parse_query"]
