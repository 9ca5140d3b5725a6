"""ModelChoice: the model that a collection reads with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from os import PathLike
from typing import Generic, TypeVar

# Names of the package are loaded when they are used: a search for a word needs no model.
from emoir import models
from emoir.errors import IndexFileError, ModelError

Loaded = TypeVar("Loaded")


class _Kept(Generic[Loaded]):
    """What was loaded for an index's model, until the index is of another."""

    def __init__(self, load: Callable[[str | None], Loaded]) -> None:
        self._load = load
        self._last: tuple[str | None, Loaded] | None = None

    def of(self, id: str | None) -> Loaded:
        if self._last is None or self._last[0] != id:
            self._last = id, self._load(id)
        return self._last[1]


class ModelChoice:
    """The model that was named; else the known one whose readings the index holds; else the shipped one.

    Args:
        named: a model folder, or the name of a known model.
        indexed: gives the id of the index's model, or raises an IndexFileError where nothing has been indexed.
    """

    def __init__(self, named: str | PathLike[str] | None, indexed: Callable[[], str]) -> None:
        self._named, self._indexed = named or None, indexed
        self._model = _Kept(lambda id: models.Model(self._folder()))
        self._text_tower = _Kept(lambda id: models.TextTower(self._folder()))
        # To know it, the graph is read to its end.
        self._known_model = _Kept(lambda id: None if id is None else _known_as(id))

    @property
    def model_folder(self) -> models.ModelFolder:
        """Its folder; no network is loaded for it."""
        return self._known() or models.ModelFolder(self._named)

    @property
    def rebuild_folder(self) -> models.ModelFolder:
        """The folder of the model that reads everything again: the same, but nothing is read again by an earlier one.

        Where the index is of a model that emoir has shipped before, it is the one that is shipped now.
        """
        return models.ModelFolder(None) if self.has_successor else self.model_folder

    @property
    def has_successor(self) -> bool:
        """Whether none was named and the index is of a model that emoir has shipped before."""
        known = self._known()
        return known is not None and known.folder in models.earlier_models().values()

    @property
    def model(self) -> models.Model:
        """The model itself; another one once the index has been read again with another."""
        return self._model.of(self._indexed_id())

    @property
    def text_tower(self) -> models.TextTower:
        """Its text tower; no other network is loaded for it."""
        return self._text_tower.of(self._indexed_id())

    def _indexed_id(self) -> str | None:
        """The id of the index's model, where that says which model reads."""
        if self._named is None:
            with suppress(IndexFileError):
                return self._indexed()
        return None

    def _folder(self) -> str | PathLike[str] | None:
        known = self._known()
        return self._named if known is None else known.folder

    def _known(self) -> models.ModelFolder | None:
        """The model of the index, if none was named and it is known."""
        return self._known_model.of(self._indexed_id())


def _known_as(id: str) -> models.ModelFolder | None:
    """The known model with an id, or that once had it."""
    for folder in models.known_models().values():
        # A spoilt one is nobody's business here.
        with suppress(ModelError):
            card = models.ModelCard.load(folder / models.CARD)
            # Only a model of that name is read to its end for its id.
            if id.startswith(f"{card.name}-") or id in card.earlier_ids:
                found = models.ModelFolder(folder)
                if id in (found.id, *card.earlier_ids):
                    return found
    return None
