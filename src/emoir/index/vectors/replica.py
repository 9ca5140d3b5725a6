"""Replica: the rows of a store in a search engine on a server, fed from the store's change log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EngineError
from emoir.index.base import occurs_in
from emoir.index.contract import ImageReader
from emoir.index.vectors.engine import Engine, RowBatch, fields_of, numbers_of

# Images that are sent, read or named at once: 9 MB.
BATCH = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaState:
    """How far a replica is. It lies in the replica itself, so that a lost one is never taken for whole.

    Args:
        library: the store that it is of.
        layout: of the rows and of the numbers beside them, as JSON.
        revision: of the store; later changes are still to come.
        filled: images up to this id are there, as of the revision.
        whole: whether these are all.
    """

    library: str
    layout: str
    revision: int
    filled: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaCheck:
    """How a replica compares with the store, image by image.

    Args:
        compared: images of the store.
        missing, stale, foreign: ids that the replica lacks, holds outdated, or should not hold.
    """

    compared: int
    missing: tuple[int, ...]
    stale: tuple[int, ...]
    foreign: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether the replica holds what the store holds, and nothing else."""
        return not (self.missing or self.stale or self.foreign)


class Replica:
    """Brings an engine up to the revision of a store; several processes may do so at once.

    Args:
        engine: holds the rows.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def steps(self, store: ImageReader) -> Iterator[ReplicaState]:
        """Bring the replica up to the store's revision, a batch at a time; what was done stays if it is stopped."""
        waiting: NDArray[np.int64] | None = None
        while True:
            with store.replicating():
                state, revision = self._read(store), store.revision
                changed = store.changes(state.revision)
                if changed is None:
                    self._engine.drop()
                    continue
                if not state.filled:
                    waiting = None
                self._send(store, changed if state.whole else changed[changed <= state.filled])
                state = replace(state, revision=revision)
                if state.whole:
                    state = replace(state, filled=max(state.filled, int(changed.max(initial=0))))
                else:
                    if waiting is None or not len(waiting):
                        waiting = store.vectors().ids
                    waiting = waiting[waiting > state.filled]
                    batch, waiting = waiting[:BATCH], waiting[BATCH:]
                    self._send(store, batch)
                    state = replace(state, filled=int(batch[-1]) if len(batch) else state.filled, whole=not len(batch))
                self._engine.write_state(json.dumps(asdict(state)))
            yield state
            if state.whole and store.revision == state.revision:
                return

    def _read(self, store: ImageReader) -> ReplicaState:
        """The state of the replica; of a new one, if there is none or the rows are laid out otherwise."""
        layout = store.layout
        fields = fields_of(layout)
        shape = json.dumps([layout.to_json(), fields])
        text = self._engine.open(layout.length, list(fields))
        state = None if text is None else ReplicaState(**json.loads(text))
        if state is not None and state.library != store.library:
            raise EngineError(f"{self._engine} holds the rows of another index; choose another name")
        if state is not None and state.layout == shape:
            return state
        if state is not None:
            self._engine.drop()
            self._engine.open(layout.length, list(fields))
        state = ReplicaState(library=store.library, layout=shape, revision=store.revision)
        # Written before any row: rows without a state belong to another program.
        self._engine.write_state(json.dumps(asdict(state)))
        return state

    def _send(self, store: ImageReader, ids: NDArray[np.int64]) -> None:
        for part in parts(ids):
            batch = batch_of(store, part)
            self._engine.remove(part[~occurs_in(part, batch.ids)])
            self._engine.put(batch)

    def verify(self, store: ImageReader) -> ReplicaCheck:
        """Compare every row and number with the store, range by range of ids, and send again what differs."""
        *_, state = self.steps(store)
        missing: list[int] = []
        stale: list[int] = []
        foreign: list[int] = []
        known = store.vectors().ids
        beyond = self._engine.ids(f"id > {state.filled}")
        for condition, first, last in ranges(state.filled):
            here = known[slice(*np.searchsorted(known, [first, last], side="right"))]
            ours, theirs = batch_of(store, here), self._engine.batch(np.sort(self._engine.ids(condition)))
            missing += np.setdiff1d(ours.ids, theirs.ids).tolist()
            foreign += np.setdiff1d(theirs.ids, ours.ids).tolist()
            stale += ours.ids[differing(ours, theirs)].tolist()
        foreign += beyond.tolist()
        self._send(store, np.array(sorted({*missing, *stale, *foreign}), np.int64))
        self._engine.write_state(json.dumps(asdict(state)))
        return ReplicaCheck(
            compared=len(known), missing=tuple(missing), stale=tuple(stale), foreign=tuple(sorted(foreign))
        )


def ranges(last: int) -> Iterator[tuple[str, int, int]]:
    """Conditions that part the ids from 1 to the last; with each the ids that it lies behind and reaches.

    Example:
        >>> [text for text, _, _ in ranges(9000)]
        ['id > 0 and id <= 8192', 'id > 8192 and id <= 9000']
    """
    for first in range(0, last, BATCH):
        end = min(first + BATCH, last)
        yield f"id > {first} and id <= {end}", first, end


def parts(ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Ids in parts, each as long as one request takes."""
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def batch_of(store: ImageReader, ids: NDArray[np.int64]) -> RowBatch:
    """What the store holds of some images as it goes to an engine, sorted by id; those that are gone are left out."""
    table, layout = store.vectors(ids), store.layout
    known = store.attributes(table.ids)
    return RowBatch(table.ids, table.rows, numbers_of(layout, table.affect, known))


def differing(ours: RowBatch, theirs: RowBatch) -> NDArray[np.bool_]:
    """Which of our images the other batch holds, but with another row or another number."""
    both = occurs_in(ours.ids, theirs.ids)
    at, mine = np.searchsorted(theirs.ids, ours.ids[both]), np.flatnonzero(both)
    differs = (ours.rows[mine] != theirs.rows[at]).any(axis=1)
    for field, values in ours.numbers.items():
        differs |= values[mine] != theirs.numbers[field][at]
    found = np.zeros(len(ours.ids), np.bool_)
    found[mine] = differs
    return found
