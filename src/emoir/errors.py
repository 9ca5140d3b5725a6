"""One family of exceptions: what was received, what is accepted, and the option that changes it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from emoir.limits import RetryReason
from emoir.texts import cause_in_chinese


class EmoirError(Exception):
    """Base of every error that emoir raises on purpose.

    Args:
        message: in English.
        chinese: the same in Chinese, for errors that the gallery may show; default: the message.
    """

    def __init__(self, message: str = "", *, chinese: str = "") -> None:
        super().__init__(message)
        self.chinese = chinese or message


class ShapeError(EmoirError, ValueError):
    """An array or tensor has a shape, type or range that the function does not take."""


class UndecodableImageError(EmoirError, OSError):
    """A file or bytes object could not be turned into an image; the message is the cause.

    Args:
        cause: in one line, without the file's name; its Chinese stands in the catalogue of texts.
        retry_when: what may make it readable though the file stays the same: a higher limit, or the environment
            (permissions, a package, the disk); None if only another content can.
        kind: what sort of picture it is, if that sort is not read here (see ``emoir.images.formats.REMEDIES``).
    """

    def __init__(self, cause: str, *, retry_when: RetryReason | None = None, kind: str | None = None) -> None:
        super().__init__(cause, chinese=cause_in_chinese(cause))
        self.retry_when, self.kind = retry_when, kind

    @classmethod
    def of_system(cls, error: OSError | ValueError) -> UndecodableImageError:
        """The cause of a file that the system would not give: permissions, the disk, an impossible name."""
        if isinstance(error, PermissionError):
            return cls("no permission to read it", retry_when=RetryReason.ENVIRONMENT)
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return cls(f"cannot be read: {cause}", retry_when=RetryReason.ENVIRONMENT)


class ModelError(EmoirError):
    """A model folder is missing, incomplete or written by a newer emoir."""


class DatasetError(EmoirError, ValueError):
    """A table of labels is malformed; the message names the file, the row and the column."""


class SelectionError(EmoirError, ValueError):
    """There are not as many images as a selection asks for; the message says how many there are."""


class CatalogueError(EmoirError, ValueError):
    """A catalogue of records is malformed; the message names the file and the line or column."""


class TrainingError(EmoirError):
    """A training run cannot start or go on."""


class LeakageError(EmoirError, ValueError):
    """A metric would be measured on images that the model learnt from."""


class IndexFileError(EmoirError):
    """An index cannot be opened, read or written."""


class PlaceError(EmoirError, OSError):
    """Object storage cannot be used: it does not answer, a package is missing, or the address is none."""


class EngineError(EmoirError):
    """A search engine cannot be used: another one's rows, a malformed address, a missing package."""


class EngineAwayError(EngineError):
    """A search engine does not answer."""


class IndexVersionError(IndexFileError):
    """An index was written by a newer emoir."""


class ModelMismatchError(IndexFileError):
    """An index holds readings of another model."""


class QueryError(EmoirError, ValueError):
    """A query could not be understood.

    Args:
        message: what is wrong and what would be right.
        chinese: likewise.
        query: the whole text that was asked.
        at: the character at which the error begins.
        near: words that were not understood, each with a word like it.
    """

    def __init__(
        self,
        message: str,
        *,
        chinese: str = "",
        query: str = "",
        at: int = 0,
        near: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message, chinese=chinese)
        self.query = query
        self.at = at
        self.near = near

    def suggestions(self) -> list[str]:
        """Queries to ask instead: each has a word like it in the place of one that was not understood.

        Example:
            >>> QueryError("what?", query="awe + calmm", near=[("calmm", "calm")]).suggestions()
            ['awe + calm']
        """
        return [self.query.replace(given, word) for given, word in self.near if given in self.query]

    def pointer(self) -> str:
        """The query and, below it, a mark at the place; empty where there is no query.

        Example:
            >>> print(QueryError("a term is missing", query="awe +", at=4).pointer())
            awe +
                ^
        """
        if not self.query:
            return ""
        # Chinese characters are twice as wide in a terminal.
        before = self.query[: self.at]
        width = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in before)
        return f"{self.query}\n{' ' * width}^"
