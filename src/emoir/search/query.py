"""Query: what is asked for, as terms that print themselves back in the query grammar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from emoir.search.terms import ImageId, Term

# Rocchio's usual weights: what is liked counts nearly as much as the query, what is not liked much less.
LIKED, DISLIKED = 0.75, 0.25


@dataclass(frozen=True, slots=True)
class Clause:
    """Terms that must all be there, and how much they count together.

    Args:
        weight: of the clause; negative: it is not wanted.
        terms: at least one.

    Example:
        >>> from emoir.search.terms import Words
        >>> str(Clause(2.0, (Words("awe"), Words("fear"))))
        '2:awe & fear'
    """

    weight: float
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        # The grammar knows no exponents.
        weight = "" if abs(self.weight) == 1 else f"{Decimal(f'{abs(self.weight):.10g}'):f}:"
        return weight + " & ".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query, a sum of clauses; as text it is a query again that parses to the same."""

    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        return self._before(len(self.clauses)).rstrip()

    def place(self, clause: int, term: int) -> int:
        """The character of the query's text where a term begins."""
        one = self.clauses[clause]
        through = str(Clause(one.weight, one.terms[: term + 1]))
        sign = "- " if one.weight < 0 else "+ " if clause else ""
        return len(self._before(clause) + sign + through) - len(str(one.terms[term]))

    def _before(self, clause: int) -> str:
        text = ""
        for number, one in enumerate(self.clauses[:clause]):
            sign = "- " if one.weight < 0 else "+ " if number else ""
            text += f"{sign}{one} "
        return text

    def with_feedback(self, liked: Sequence[int], disliked: Sequence[int]) -> Query:
        """The query moved towards images that were liked and away from others (relevance feedback).

        Args:
            liked: ids of indexed images, which share one weight evenly.
            disliked: the same, to be avoided.

        Returns:
            A query of the same grammar, so that it can be shown, edited and shared.

        References:
            Rocchio, J. J. (1971). Relevance feedback in information retrieval. In: The SMART Retrieval
            System, 313-323.

        Example:
            >>> from emoir.search.terms import Words
            >>> str(Query((Clause(1.0, (Words("awe"),)),)).with_feedback([17], [4, 5]))
            'awe + 0.75:id:17 - 0.125:id:4 - 0.125:id:5'
        """
        more = [Clause(LIKED / len(liked), (ImageId(id),)) for id in liked]
        less = [Clause(-DISLIKED / len(disliked), (ImageId(id),)) for id in disliked]
        return Query((*self.clauses, *more, *less))


QueryLike: TypeAlias = "str | Sequence[str] | Query"
"""In the query grammar: one text, or several that form one query; or parsed already."""
