"""CompiledQuery: a query as products with the rows of an index, compiled once for ranking, order and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import ScoreCurve
from emoir.errors import QueryError
from emoir.index.vectors import RowCondition
from emoir.search.component import QueryComponent
from emoir.search.query import Query
from emoir.search.terms import CompiledTerm, TermContext


@dataclass(frozen=True, slots=True)
class CompiledClause:
    """A clause: all its terms must fit.

    Args:
        weight: of the clause; negative: it is not wanted.
        names: of the terms, in the query grammar.
        terms: compiled.
    """

    weight: float
    names: tuple[str, ...]
    terms: tuple[CompiledTerm, ...]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """What a query asks of a row: the weighted mean of its clauses, one that is not wanted as one minus itself.

    Products and scores come as (c, n), a line for each component in the order of ``components``.

    Args:
        query: what was compiled.
        clauses: compiled.
    """

    query: Query
    clauses: tuple[CompiledClause, ...]

    @property
    def components(self) -> tuple[QueryComponent, ...]:
        """All of them, in the order of the query."""
        return tuple(part for one in self.clauses for term in one.terms for group in term.groups for part in group)

    @property
    def wanted(self) -> tuple[QueryComponent, ...]:
        """The components, each with its weight in the whole: negative where less of it scores more."""
        return tuple(
            part.scaled(one.weight)
            for one in self.clauses
            for term in one.terms
            for group in term.groups
            for part in group
        )

    @property
    def conditions(self) -> tuple[RowCondition, ...]:
        """Conditions that every match meets."""
        return tuple(
            condition if one.weight > 0 else replace(condition, negated=not condition.negated)
            for one in self.clauses
            for term in one.terms
            for condition in term.conditions
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words that were not understood and not used."""
        return tuple(word for one in self.clauses for term in one.terms for word in term.unknown)

    @property
    def content(self) -> tuple[str, ...]:
        """Words that were looked for in what pictures show, behind a minus sign where they must not be there."""
        return tuple(
            word if one.weight > 0 else f"- {word}".removeprefix("- - ")
            for one in self.clauses
            for term in one.terms
            for word in term.content
        )

    @property
    def examples(self) -> tuple[int, ...]:
        """Ids of the indexed images that the query names; they are never matches."""
        return tuple(id for one in self.clauses for term in one.terms for id in term.examples)

    def raw_scores(self, products: NDArray[np.float32]) -> NDArray[np.float32]:
        """How well images fit each component, uncalibrated, (c, n); written over the products."""
        for component, values in zip(self.components, products, strict=True):
            values += np.float32(component.offset)
            # What takes many things together, such as an animal, may be there several times over.
            np.minimum(values, np.float32(1), out=values)
        return products

    def mean(self, raw_scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """How well images fit on the whole, uncalibrated, (n,) in [0, 1]."""
        return self._combined(list(raw_scores), raw_scores.shape[1])

    def scores(self, raw_scores: NDArray[np.float32], curves: Mapping[str, ScoreCurve]) -> NDArray[np.float32]:
        """The probability that a rater agrees, (n,): the same of the calibrated components."""
        parts = zip(self.components, raw_scores, strict=True)
        agreement = [component.agreement(values, curves) for component, values in parts]
        return self._combined(agreement, raw_scores.shape[1])

    def term_scores(self, raw_scores: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """How well images fit each term alone, uncalibrated, whatever its weight.

        Returns:
            The term in the query grammar, with a minus sign where its clause is not wanted, to (n,) in [0, 1].
        """
        found, lines, at = {}, list(raw_scores), 0
        for one in self.clauses:
            sign = -1.0 if one.weight < 0 else 1.0
            for name, term in zip(one.names, one.terms, strict=True):
                values, at = _conjunction(term.groups, lines, at, raw_scores.shape[1])
                found[name if sign > 0 else f"- {name}"] = values if sign > 0 else 1 - values
        return found

    def least_score(self, curves: Mapping[str, ScoreCurve]) -> float:
        """The score from which on an image fits; components without calibration count 0."""
        values = []
        for one in self.clauses:
            for component in (part for term in one.terms for group in term.groups for part in group):
                wanted = (one.weight > 0) == (component.weight > 0)
                known = component.least_agreement(curves, wanted=wanted)
                value = (0.0 if wanted else 1.0) if known is None else known
                values.append(np.array([value], np.float32))
        return float(self._combined(values, 1)[0])

    def _combined(self, values: Sequence[NDArray[np.float32]], n: int) -> NDArray[np.float32]:
        asked = [one for one in self.clauses if any(term.groups for term in one.terms)]
        total = sum(abs(one.weight) for one in asked)
        combined, at = None, 0
        for one in asked:
            groups = [group for term in one.terms for group in term.groups]
            value, at = _conjunction(groups, values, at, n)
            value = 1 - value if one.weight < 0 else value
            if len(asked) == 1:
                return value
            value = np.float32(abs(one.weight) / total) * value
            combined = value if combined is None else combined + value
        return np.ones(n, np.float32) if combined is None else combined


def _conjunction(
    groups: Sequence[Sequence[QueryComponent]], values: Sequence[NDArray[np.float32]], at: int, n: int
) -> tuple[NDArray[np.float32], int]:
    """How far all groups are there, from the values of their components, which begin at a line; and the line behind.

    The product, as of independent judgements: benchmarks/search_conjunction.py compares it with the mean and the
    smallest.
    """
    product = None
    for group in groups:
        total = sum(abs(component.weight) for component in group)
        mean = None
        for component in group:
            value = 1 - values[at] if component.weight < 0 else values[at]
            if len(group) > 1:
                value = np.float32(abs(component.weight) / total) * value
            mean = value if mean is None else mean + value
            at += 1
        if mean is not None:
            product = mean if product is None else product * mean
    return (np.ones(n, np.float32) if product is None else product), at


def compile_query(query: Query, context: TermContext) -> CompiledQuery:
    """Compile a query.

    Args:
        query: as parsed.
        context: what its terms need.

    Raises:
        QueryError: if a term cannot be asked, pointing at it.
    """
    clauses = []
    for number, clause in enumerate(query.clauses):
        terms = []
        for place, term in enumerate(clause.terms):
            try:
                terms.append(term.compile(context))
            except QueryError as error:
                at = query.place(number, place)
                raise QueryError(str(error), chinese=error.chinese, query=str(query), at=at, near=error.near) from None
        clauses.append(CompiledClause(clause.weight, tuple(map(str, clause.terms)), tuple(terms)))
    return CompiledQuery(query, tuple(clauses))
