"""IndexedModel: what an index keeps of the model whose readings it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from emoir.emotions.calibration import UNSURE_BELOW, ConfidenceCurve, ScoreCurve
from emoir.index.layout import RowLayout


class Card(Protocol):
    """The part of a model's card that an index keeps."""

    @property
    def class_names(self) -> Mapping[str, tuple[str, ...]]:
        """Space name to its classes."""

    @property
    def embedding_length(self) -> int:
        """Numbers of the embedding."""

    @property
    def text(self) -> object | None:
        """Its text tower, or None."""

    @property
    def licence(self) -> str:
        """One line on the terms of its weights."""

    @property
    def scores(self) -> Mapping[str, ScoreCurve]:
        """Calibration per kind of query."""

    @property
    def confidence(self) -> ConfidenceCurve:
        """The calibration of the top class."""


class IndexableModel(Protocol):
    """A model, or its folder, whose readings an index can hold."""

    @property
    def id(self) -> str:
        """Two with one id give the same readings."""

    @property
    def card(self) -> Card:
        """What is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedModel:
    """The model whose readings an index holds.

    Args:
        id: of the model.
        layout: of its rows.
        licence: one line on the terms of its weights.
        scores: calibration per kind of query.
        unsure_below: confidence below which an image is not named.
    """

    id: str
    layout: RowLayout
    licence: str
    scores: Mapping[str, ScoreCurve] = field(default_factory=dict)
    unsure_below: float = UNSURE_BELOW

    @classmethod
    def of(cls, model: IndexableModel) -> IndexedModel:
        """What an index keeps of a model."""
        card = model.card
        return cls(
            id=model.id,
            layout=RowLayout(card.class_names, card.embedding_length, card.text is not None),
            licence=card.licence,
            scores=card.scores,
            unsure_below=card.confidence.unsure_below,
        )
