"""Ratings: what people say of indexed images, kept beside the readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emoir.errors import QueryError
from emoir.index.file import IndexFile

COLUMNS = "ratings.id, images.id, rater, emotion, valence, arousal, moment"


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person said of one image.

    Args:
        id: of the rating.
        image: id of the image in its index.
        rater: the person's own name for herself.
        emotion: a class of Mikels' eight, or None.
        valence, arousal: in [0, 1], or None.
        moment: when, ISO 8601 in UTC.
    """

    id: int
    image: int
    rater: str
    emotion: str | None
    valence: float | None
    arousal: float | None
    moment: str


class Ratings:
    """The ratings of an index; safe to share between threads.

    They are kept by the content of the images, so that they outlive a rebuild, and an image that goes and comes back.

    Args:
        file: the open index.
    """

    def __init__(self, file: IndexFile) -> None:
        self._file = file

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._file.reading() as connection:
            return connection.execute(statement, values).fetchall()

    def _change(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._file.writing() as connection:
            return connection.execute(statement, values).fetchall()

    def add(
        self, image: int, rater: str, *, emotion: str | None, valence: float | None, arousal: float | None
    ) -> Rating:
        """Keep a rating; a rater's earlier one of the same image is replaced.

        Raises:
            QueryError: if the index has no such image, or nothing is rated.
        """
        if emotion is None and (valence is None or arousal is None):
            raise QueryError("a rating names an emotion, or valence and arousal, or both")
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        rows = self._change(
            "INSERT INTO ratings (digest, rater, emotion, valence, arousal, moment) "
            "SELECT digest, ?, ?, ?, ?, ? FROM images WHERE id = ? "
            "ON CONFLICT (digest, rater) DO UPDATE SET emotion = excluded.emotion, valence = excluded.valence, "
            "arousal = excluded.arousal, moment = excluded.moment RETURNING id",
            (rater, emotion, valence, arousal, moment, image),
        )
        if not rows:
            raise QueryError(f"id:{image}: no image of this index has that id")
        return Rating(rows[0][0], image, rater, emotion, valence, arousal, moment)

    def remove(self, rating: int) -> bool:
        """Take a rating back; whether there was one."""
        return bool(self._change("DELETE FROM ratings WHERE id = ? RETURNING id", (rating,)))

    def all(self) -> list[Rating]:
        """Every rating of an image that is indexed now, oldest first."""
        rows = self._run(f"SELECT {COLUMNS} FROM ratings JOIN images USING (digest) ORDER BY ratings.id")
        return [Rating(*row) for row in rows]

    def next_for(self, rater: str, passed: Sequence[int] = ()) -> int | None:
        """An image that a rater has not rated, in an order without pattern.

        At every second turn one that a single other person has rated, so that agreement can be seen early; else those
        with the fewest ratings come first.

        Args:
            rater: the person.
            passed: ids of images that she does not want to rate.

        Returns:
            Its id, or None when all are rated.
        """
        [(done,)] = self._run("SELECT count(*) FROM ratings WHERE rater = ?", (rater,))
        rows = self._run(
            "SELECT images.id, (SELECT count(*) FROM ratings WHERE ratings.digest = images.digest) AS others "
            "FROM images WHERE digest NOT IN (SELECT digest FROM ratings WHERE rater = ?) "
            "AND images.id IN (SELECT image FROM files WHERE image IS NOT NULL) "
            f"AND images.id NOT IN ({', '.join('?' * len(passed))}) "
            "ORDER BY CASE WHEN ? THEN others <> 1 ELSE 0 END, others, digest LIMIT 1",
            (rater, *passed, done % 2),
        )
        return rows[0][0] if rows else None
