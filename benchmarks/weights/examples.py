"""Examples for a top: ratings of images, and what probes on the teachers' embeddings of these say of unrated views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

import development
from emoir.datasets import Table
from emoir.networks import EmotionNet
from emoir.training.probes import DistributionProbe, PointProbe, fit_reduction
from emoir.training.targets import join_targets
from probes import shares_of
from weights.kept_statistics import KeptStatistics
from weights.top import LEARNT, WORDS, Examples, Recipe, fit_domain, fit_paintings, learn

PAINTINGS = "abstract_paintings"
PHOTOGRAPHS = ("emotion6", "oasis", "fi_subset")
SETS = (*PHOTOGRAPHS, PAINTINGS)
# How often a rated image is shown while each unrated view is shown once: OASIS is small.
REPEATS = {"emotion6": 8, "oasis": 12, "fi_subset": 8}
LABELLED_BY = {"mikels": ("fi_subset",), "ekman": ("emotion6",), WORDS: ("emotion6",)}
POINTED_BY = ("emotion6", "oasis")

Rows = Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True)
class RatedSets:
    """The tables of the rated sets, and what was kept of their images and of unrated views."""

    kept: KeptStatistics
    tables: Mapping[str, Table]

    @classmethod
    def of(cls, kept: KeptStatistics) -> RatedSets:
        """All sets that are learnt from."""
        return cls(kept, {name: development.load(name) for name in SETS})

    def examples(self, rows: Rows) -> Examples:
        """Photographs of some rows with their ratings, and the unrated views with soft labels.

        The soft labels come from probes on the teachers' embeddings, which are fitted on the same rows.

        Args:
            rows: of the sets that may be learnt from; sets that are not named are left out.
        """
        names = [name for name in PHOTOGRAPHS if name in rows]
        labelled = [space for space, labelling in LABELLED_BY.items() if set(labelling) & set(names)]
        rated = join_targets([self.tables[name].take(rows[name].tolist()) for name in names], labelled, [])
        own = torch.cat([torch.from_numpy(self.kept.rated[name][rows[name]]) for name in names])
        embeddings = {name: self.kept.rated_embeddings[name][rows[name]] for name in names}
        reduce = fit_reduction(np.concatenate(list(embeddings.values())))
        unrated = reduce(self.kept.unrated_embeddings.astype(np.float32))
        distributions = {}
        for space, classes in LEARNT.items():
            if space not in labelled:
                distributions[space] = torch.full((len(own) + len(unrated), len(classes)), torch.nan)
                continue
            labelling = [name for name in LABELLED_BY[space] if name in names]
            labels = [shares_of(self.tables[name], space, rows[name]) for name in labelling]
            x = [reduce(embeddings[name][known]) for name, (_, known) in zip(labelling, labels, strict=True)]
            probe = DistributionProbe.fit(np.concatenate(x), np.concatenate([y[known] for y, known in labels]))
            distributions[space] = torch.cat([rated.distributions[space], torch.from_numpy(probe(unrated)).float()])
        pointing = [name for name in POINTED_BY if name in rows]
        seen = np.concatenate([reduce(embeddings[name]) for name in pointing])
        points = PointProbe.fit(seen, np.concatenate([self.points(name)[rows[name]] for name in pointing]))(unrated)
        count = len(own)
        repeats = np.repeat([REPEATS[name] for name in names], [len(rows[name]) for name in names])
        views = torch.from_numpy(self.kept.unrated)
        return Examples(
            rated=own,
            unrated=views,
            distributions=distributions,
            points=torch.cat([rated.valence_arousal, torch.from_numpy(points.clip(0, 1)).float()]),
            shown=np.concatenate([np.repeat(np.arange(count), repeats), np.arange(len(views)) + count]),
        )

    def points(self, name: str) -> NDArray[np.float64]:
        """Valence and arousal of a set, (n, 2)."""
        return np.stack([np.asarray(self.tables[name].valence), np.asarray(self.tables[name].arousal)], axis=1)

    def network(self, trunk: EmotionNet, rows: Rows, recipe: Recipe) -> EmotionNet:
        """The network that learns from some rows, its heads for paintings and for the domain last."""
        network = learn(trunk, self.examples(rows), recipe)
        self.fit_domains(network, rows, recipe)
        return network

    def fit_domains(self, network: EmotionNet, rows: Rows, recipe: Recipe) -> None:
        """Fit the heads for paintings and for the domain of a network that has learnt."""
        rated = {name: torch.from_numpy(self.kept.rated[name][chosen, 0]) for name, chosen in rows.items()}
        shares, _ = shares_of(self.tables[PAINTINGS], "mikels", rows[PAINTINGS])
        fit_paintings(network, rated[PAINTINGS], shares)
        photographs = torch.cat([rated[name] for name in rated if name != PAINTINGS])
        fit_domain(network, photographs, rated[PAINTINGS], balanced=recipe.balanced)


def rows_of_folds(folds: Mapping[str, NDArray[np.int64]], left_out: Sequence[int]) -> Rows:
    """The rows of every set outside some folds."""
    return {name: np.flatnonzero(~np.isin(fold, left_out)) for name, fold in folds.items()}
