"""Ratings: people's emotions for indexed images, kept beside the readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from emoir.errors import QueryError
from emoir.index.checksums import checked, replace, sealed, select
from emoir.index.file import IndexFile
from emoir.index.statements import digest_of, find_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One person's rating of one image.

    Args:
        id: of the rating.
        image: id of the image in its index.
        rater: the name that the person chose.
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

    def add(
        self, image: int, rater: str, *, emotion: str | None, valence: float | None, arousal: float | None
    ) -> Rating:
        """Keep a rating; a rater's earlier one of the same image is replaced.

        Raises:
            QueryError: if the index has no such image, or nothing is rated.
        """
        if emotion is None and (valence is None or arousal is None):
            raise QueryError(
                "a rating names an emotion, or valence and arousal, or both",
                chinese="评分要写一种情感，或效价和唤醒度，或两者都写",
            )
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        rated = (emotion, None if valence is None else float(valence), None if arousal is None else float(arousal))
        with self._file.writing() as connection:
            digest = digest_of(connection, image)
            id = connection.execute(
                "SELECT ifnull((SELECT id FROM ratings WHERE digest = ? AND rater = ?), "
                "1 + ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'ratings'), 0))",
                (digest, rater),
            ).fetchone()[0]
            row = sealed("ratings", (id, digest, rater, *rated, moment))
            connection.execute(replace("ratings"), row)
        emotion, valence, arousal = rated
        return Rating(id=id, image=image, rater=rater, emotion=emotion, valence=valence, arousal=arousal, moment=moment)

    def remove(self, rating: int) -> bool:
        """Take a rating back; whether there was one."""
        with self._file.writing() as connection:
            return bool(connection.execute("DELETE FROM ratings WHERE id = ?", (rating,)).rowcount)

    def all(self, rater: str | None = None) -> list[Rating]:
        """Every rating of an image that is indexed now, oldest first; only of one rater if named."""
        found = []
        with self._file.reading() as connection:
            chosen, values = ("", ()) if rater is None else ("WHERE rater = ? ", (rater,))
            rows = connection.execute(select("ratings", f"{chosen}ORDER BY id"), values).fetchall()
            for id, digest, rater, emotion, valence, arousal, moment in checked("ratings", rows):
                image = find_image(connection, digest)
                if image is None:
                    self._file.require_findable("images")
                else:
                    found.append(
                        Rating(
                            id=id,
                            image=image,
                            rater=rater,
                            emotion=emotion,
                            valence=valence,
                            arousal=arousal,
                            moment=moment,
                        )
                    )
        return found

    def next_for(self, rater: str, passed: Sequence[int] = ()) -> int | None:
        """An image that a rater has not rated, in an order without pattern.

        At every second turn one that a single other person has rated, so that agreement can be seen early; else those
        with the fewest ratings come first.

        Args:
            rater: the person.
            passed: ids of images that the rater skipped.

        Returns:
            Its id, or None when all are rated.
        """
        with self._file.reading() as connection:
            (done,) = connection.execute("SELECT count(*) FROM ratings WHERE rater = ?", (rater,)).fetchone()
            row = connection.execute(
                "SELECT images.id, (SELECT count(*) FROM ratings WHERE ratings.digest = images.digest) AS others "
                "FROM images WHERE digest NOT IN (SELECT digest FROM ratings WHERE rater = ?) "
                "AND images.id IN (SELECT image FROM files WHERE image IS NOT NULL) "
                f"AND images.id NOT IN ({', '.join('?' * len(passed))}) "
                "ORDER BY CASE WHEN ? THEN others <> 1 ELSE 0 END, others, digest LIMIT 1",
                (rater, *passed, done % 2),
            ).fetchone()
        return None if row is None else int(row[0])
