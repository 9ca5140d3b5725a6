"""Matches: what a search found, best first."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoir.emotions.reading import EmotionReading
from emoir.index.base import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One image that was found.

    Args:
        id: of the image in its index.
        path: of a file that holds it.
        score: the probability that a rater would agree, where the model's card calibrates the kind of query;
            else how well it fits, from 0 to 1.
        reading: its emotion.
        parts: term of the query to how well the image fits that term alone, from 0 to 1, uncalibrated.
        record: what a catalogue says of the file, or None.
    """

    id: int
    path: Path
    score: float
    reading: EmotionReading
    parts: Mapping[str, float] = field(default_factory=dict)
    record: Record | None = None

    def to_dict(self) -> dict[str, Any]:
        """The match as JSON takes it."""
        parts = {term: round(value, 4) for term, value in self.parts.items()}
        return {
            "id": self.id,
            "path": str(self.path),
            "score": round(self.score, 4),
            "parts": parts,
            **self.reading.to_dict(),
            "record": None if self.record is None else self.record.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The matches of one query, best first.

    Args:
        query: as understood, in the query grammar.
        matches: best first.
        unknown: words of the query that were not understood and not used.
        content: words of the query that were looked for in what the pictures show; all others mean feelings.
        similarity: whether these are scored by similarity alone, for want of labels.
        searched: number of images that were compared.
        hidden: how many of them were left out because they score less than ``min_score``.
        complete: whether no better match can have been missed; an engine that does not compare every image says no.
    """

    query: str
    matches: tuple[Match, ...]
    unknown: tuple[str, ...]
    searched: int
    content: tuple[str, ...] = ()
    similarity: bool = False
    hidden: int = 0
    complete: bool = True

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __getitem__(self, place: int) -> Match:
        return self.matches[place]

    def to_json(self) -> str:
        """An array of the matches; file names that are not UTF-8 are escaped as Python does."""
        return json.dumps([match.to_dict() for match in self], ensure_ascii=True, indent=2)

    def to_csv(self) -> str:
        """One line a match: score, id, the top class of each space, valence, arousal, confidence, path, record."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        spaces = list(self.matches[0].reading.distributions) if self.matches else []
        catalogued = ["record", "title", "url"] if any(match.record for match in self) else []
        writer.writerow(["score", "id", *spaces, "valence", "arousal", "confidence", "path", *catalogued])
        for match in self:
            reading = match.reading
            numbers = (f"{value:.4f}" for value in (reading.valence, reading.arousal, reading.confidence))
            tops = (reading.top(space) for space in spaces)
            record = match.record or Record()
            stated = [record.id, record.title, record.url] if catalogued else []
            writer.writerow([f"{match.score:.4f}", match.id, *tops, *numbers, match.path, *stated])
        return text.getvalue()
