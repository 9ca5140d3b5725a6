"""Stimuli: images chosen for an experiment, with what they are balanced in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emoir.emotions.reading import EmotionReading
from emoir.errors import SelectionError
from emoir.extract.features import Features
from emoir.index.base import Record, as_path
from emoir.select.balance import Balance, balance
from emoir.select.matching import (
    READINGS,
    VARIABLES,
    match_sets,
    numeric_columns,
    variable_unit,
    variable_values,
)
from emoir.select.pool import CandidatePool, sample_images

POOL_SIZE = 400
"""Images of a condition, drawn at random, that are measured to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """One chosen image.

    Args:
        id: of the image in its index.
        path: of a file that holds it.
        reading: its emotion.
        record: its record in the catalogue, or None.
        condition: the name of its condition; empty where there is only one.
        set: number of the matched set that it belongs to, from 1; 0 where nothing was matched.
        variables: what was matched, by name.
    """

    id: int
    path: Path
    reading: EmotionReading
    record: Record | None
    condition: str = ""
    set: int = 0
    variables: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The image as JSON takes it."""
        matched = {"condition": self.condition, "set": self.set} if self.set else {}
        return {
            **matched,
            "id": self.id,
            "path": str(self.path),
            **self.reading.to_dict(),
            "record": None if self.record is None else self.record.to_dict(),
            **({"variables": {name: round(value, 4) for name, value in self.variables.items()}} if self.set else {}),
        }


@dataclass(frozen=True, slots=True)
class Stimuli:
    """A selection.

    Args:
        images: set by set; without sets, in the order of the paths.
        seed: of the random draw.
        conditions: their names, in the order of every ``Balance``.
        balance: one row per variable; empty without sets.
    """

    images: tuple[Stimulus, ...]
    seed: int
    conditions: tuple[str, ...] = ()
    balance: tuple[Balance, ...] = ()

    def to_json(self) -> str:
        """Seed, conditions, images and balance."""
        return json.dumps(
            {
                "seed": self.seed,
                "conditions": list(self.conditions),
                "images": [image.to_dict() for image in self.images],
                "balance": [row.to_dict() for row in self.balance],
            },
            indent=2,
            allow_nan=False,
        )


def select_stimuli(pool: CandidatePool, n: int, *, per_folder: int | None = None, seed: int = 0) -> Stimuli:
    """Choose images of a pool at random; see ``sample_images``.

    Raises:
        SelectionError: if there are fewer than n.
    """
    drawn = sample_images(pool, n, per_folder=per_folder, seed=seed)
    if len(drawn) < n:
        raise SelectionError(_too_few(f"{len(pool):,} images meet the conditions; ", n, len(drawn)))
    return Stimuli(tuple(_stimulus(pool, row) for row in sorted(drawn)), seed)


def pools_of(
    candidates: Mapping[str, CandidatePool], *, per_folder: int | None = None, seed: int = 0, size: int = POOL_SIZE
) -> tuple[dict[str, CandidatePool], int]:
    """Images to make sets of: some of each condition, drawn at random, no two of them near duplicates.

    Args:
        candidates: condition to the images that meet it.
        per_folder: at most this many of one condition from the same folder.
        seed: of the draw.
        size: at most this many per condition.

    Returns:
        The pools, and how many images were left out because they meet more than one condition.
    """
    counts = Counter(entry.id for pool in candidates.values() for entry in pool.metadata)
    pools: dict[str, CandidatePool] = {}
    chosen: list[tuple[CandidatePool, int]] = []
    for name, pool in candidates.items():
        alone = pool.take([row for row, entry in enumerate(pool.metadata) if counts[entry.id] == 1])
        drawn = sample_images(alone, size, per_folder=per_folder, seed=seed, exclude_near=chosen)
        chosen += [(alone, row) for row in drawn]
        pools[name] = alone.take(sorted(drawn))
    return pools, sum(count > 1 for count in counts.values())


def matched_stimuli(
    pools: Mapping[str, CandidatePool],
    features: Mapping[str, Sequence[Features | None]],
    n: int,
    *,
    variables: Sequence[str] = VARIABLES,
    shown: Sequence[str] = (),
    validity: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Stimuli:
    """Choose n sets of one image per condition that agree on the variables; see ``match_sets``.

    Args:
        pools: condition to the images to choose from (see ``pools_of``); at least two conditions.
        features: of the same images, None for one that could not be measured: it is not chosen.
        n: number of sets.
        variables: what the conditions should agree on; an image for which one is not known is not chosen.
        shown: columns of the catalogue whose balance is printed as well, such as norms that the conditions differ in.
        validity: valence and arousal to the correlation of the model's readings with raters' means.
        seed: that the pools were drawn with, to be kept with the result.

    Returns:
        n images of every condition, with the balance of the variables, valence and arousal.

    Raises:
        SelectionError: if a condition has fewer than n images, naming it.
        QueryError: if there is no such variable.
    """
    usable, values = {}, {}
    columns = numeric_columns(entry for pool in pools.values() for entry in pool.metadata)
    for name in variables:
        variable_unit(name, columns)
    for name, pool in pools.items():
        measured = [row for row, found in enumerate(features[name]) if found is not None]
        part = pool.take(measured)
        table = variable_values(part, [found for found in features[name] if found is not None], variables)
        known = np.flatnonzero(~np.isnan(table).any(axis=1))
        if len(known) < n:
            raise SelectionError(_too_few(f"condition {name}: ", n, len(known)))
        usable[name], values[name] = part.take(known.tolist()), table[known]
    sets = match_sets(list(values.values()), n)
    images = tuple(
        _stimulus(pool, rows[number], name, number + 1, dict(zip(variables, table[rows[number]].tolist(), strict=True)))
        for number in range(n)
        for (name, pool), rows, table in zip(usable.items(), sets, values.values(), strict=True)
    )
    rows = [
        balance(
            name,
            variable_unit(name, columns),
            [numbers[chosen, place] for numbers, chosen in zip(values.values(), sets, strict=True)],
            [numbers[:, place] for numbers in values.values()],
        )
        for place, name in enumerate(variables)
    ]
    others = [name for name in (*READINGS, *dict.fromkeys(shown)) if name not in variables]
    for name in others:
        numbers = [variable_values(pool, [{}] * len(pool), [name])[:, 0] for pool in usable.values()]
        everyone = [column[~np.isnan(column)] for column in numbers]
        inside = [column[chosen] for column, chosen in zip(numbers, sets, strict=True)]
        inside = [column[~np.isnan(column)] for column in inside]
        if all(map(len, inside)):
            unit, r = variable_unit(name, columns), (validity or {}).get(name)
            rows.append(balance(name, unit, inside, everyone, matched=False, validity=r))
    return Stimuli(images, seed, tuple(pools), tuple(rows))


def _too_few(where: str, n: int, left: int) -> str:
    return (
        f"{where}{n:,} were asked for, and {left:,} can be taken (near duplicates count once, and a folder for no more "
        "than --per-folder says); ask for fewer with -n, or loosen a condition"
    )


def _stimulus(
    pool: CandidatePool, row: int, condition: str = "", set: int = 0, variables: Mapping[str, float] | None = None
) -> Stimulus:
    entry = pool.metadata[row]
    return Stimulus(
        id=entry.id,
        path=as_path(entry.path),
        reading=pool.readings[row],
        record=entry.record,
        condition=condition,
        set=set,
        variables=variables or {},
    )
