"""Compute: a system's predictions for a labelled data set, measured by every metric that both allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.emotions.spaces import MIKELS
from emoir.evaluate.intervals import Influence, Statistic, jackknife, of_mean
from emoir.evaluate.leave_out import retrieval_influence
from emoir.evaluate.metric import LabelKind, Metric, MetricKey, Needs, Sample
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.results import MetricResult
from emoir.evaluate.retrieval import Ranking, leave_one_out, mikels_gains, same_class

# Every image ranks all others; of more images than this, a sample does.
RETRIEVAL_IMAGES = 4_000
Groups: TypeAlias = NDArray[np.str_] | None
"""(n,) images that are not independent of each other have the same group; None: every image on its own."""
HEADLINE = ("top-1", "P@10", "mAP", "r", "KL")


class PredictionLike(Protocol):
    """A system's predictions for the images of a table, row by row."""

    @property
    def probabilities(self) -> Mapping[str, NDArray[np.floating]]:
        """Label space of the table to (n, K)."""

    @property
    def points(self) -> NDArray[np.floating] | None:
        """(n, 2) valence and arousal."""

    @property
    def embeddings(self) -> NDArray[np.floating] | None:
        """(n, d), comparable inside a fold only."""

    @property
    def folds(self) -> NDArray[np.int64]:
        """(n,), all the same if one model read all images."""


def compute_metrics(
    table: Table, predictions: PredictionLike, metrics: Sequence[Metric] = METRICS
) -> list[MetricResult]:
    """Everything that a data set's labels and a system's predictions allow to be measured.

    Args:
        table: the labels.
        predictions: row by row as the table.
        metrics: which to measure.

    Returns:
        The results in the order of the table's spaces, then valence and arousal.
    """
    results: list[MetricResult] = []
    for space in dict.fromkeys([*predictions.probabilities, *table.classes]):
        probabilities = predictions.probabilities.get(space)
        if probabilities is not None and space in table.classes:
            results += _of_classes(table, space, probabilities, metrics)
            results += _of_pooled_ranking(table, space, probabilities, metrics)
        if space in table.classes:
            results += _of_embeddings(table, space, predictions, metrics)
        if probabilities is not None and space in table.distributions:
            target = table.distributions[space]
            known = np.flatnonzero(~np.isnan(target).any(axis=1))
            sample = Sample(target[known], probabilities[known])
            kind = (LabelKind.DISTRIBUTION, Needs.PROBABILITIES)
            results += _measured(space, sample, kind, metrics, groups_of(table, known))
    if predictions.points is not None:
        for column, (name, ratings) in enumerate((("valence", table.valence), ("arousal", table.arousal))):
            if ratings is not None:
                known = np.flatnonzero(~np.isnan(ratings))
                sample = Sample(ratings[known], predictions.points[known, column])
                kind = (LabelKind.RATING, Needs.RATING)
                results += _measured(name, sample, kind, metrics, groups_of(table, known))
    return results


def groups_of(table: Table, rows: NDArray[np.intp]) -> Groups:
    """The groups of some rows of a table; None if it has none.

    Args:
        table: the labels.
        rows: of the table.
    """
    groups = table.groups
    return None if groups is None else groups[rows]


def retrieval_rows(labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """The labelled rows, or a sample of them where they are too many to rank each other."""
    rows = np.flatnonzero(labels != ABSENT_CLASS)
    if len(rows) <= RETRIEVAL_IMAGES:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, RETRIEVAL_IMAGES, replace=False))


def _measured(
    space: str, sample: Sample, kind: tuple[LabelKind, Needs], metrics: Sequence[Metric], groups: Groups
) -> Iterator[MetricResult]:
    """What can be measured on one sample; nothing without images."""
    count = len(sample.truth)
    for metric in metrics if count else ():
        if metric.is_for(*kind, space):
            found = metric.function(sample)
            over, influence = _over(metric, sample, found), None
            if isinstance(found, np.ndarray):
                influence = of_mean(found, groups=groups)
            elif metric.has_interval and count > 1:
                influence = jackknife(over, count, groups=groups)
            yield MetricResult(
                key=MetricKey(space, metric.name),
                metric=metric,
                images=count,
                baseline=metric.chance(sample),
                value=float(np.nanmean(found)),
                influence=influence,
                over=over,
            )


def _over(metric: Metric, sample: Sample, found: NDArray[np.float64] | float) -> Statistic:
    """A metric over some rows of a sample."""
    if isinstance(found, np.ndarray):
        return lambda rows: float(np.nanmean(found[rows]))
    return lambda rows: float(np.nanmean(metric.function(sample.take(rows))))


def _of_classes(
    table: Table, space: str, probabilities: NDArray[np.floating], metrics: Sequence[Metric]
) -> Iterator[MetricResult]:
    answers, labels = _in_order_of_the_wheel(space, table, probabilities)
    known = np.flatnonzero(labels != ABSENT_CLASS)
    sample = Sample(labels[known], answers[known])
    kind = (LabelKind.CLASSES, Needs.PROBABILITIES)
    return _measured(space, sample, kind, metrics, groups_of(table, known))


def _in_order_of_the_wheel(
    space: str, table: Table, probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Probabilities and labels with Mikels' classes in our order, by which steps on the wheel are counted."""
    labels = table.classes[space]
    if space != MIKELS.name:
        return probabilities, labels
    names = [name.casefold() for name in table.class_names[space]]
    order = [names.index(name) for name in MIKELS.names]
    return probabilities[:, order], np.array([*np.argsort(order), ABSENT_CLASS])[labels]


def _of_pooled_ranking(
    table: Table, space: str, probabilities: NDArray[np.floating], metrics: Sequence[Metric]
) -> Iterator[MetricResult]:
    """Protocol (a): square roots of the probabilities, leave-one-out over the whole set."""
    answers, labels = _in_order_of_the_wheel(space, table, probabilities)
    rows = retrieval_rows(labels)
    parts = [rows] if len(rows) > 1 else []
    return _ranked(MetricKey(space, "", "a"), np.sqrt(answers), labels, parts, table, metrics)


def _of_embeddings(
    table: Table, space: str, predictions: PredictionLike, metrics: Sequence[Metric]
) -> Iterator[MetricResult]:
    """Protocol (b): embeddings, leave-one-out inside each fold; nothing without embeddings."""
    if predictions.embeddings is None:
        return iter(())
    unused = np.zeros((len(table), len(table.class_names[space])))
    _, labels = _in_order_of_the_wheel(space, table, unused)
    chosen = retrieval_rows(labels)
    folds = (chosen[predictions.folds[chosen] == fold] for fold in np.unique(predictions.folds))
    parts = [rows for rows in folds if len(rows) > 1]
    return _ranked(MetricKey(space, "", "b"), predictions.embeddings, labels, parts, table, metrics)


def ranking_by_embedding(embeddings: NDArray[np.floating], labels: NDArray[np.int64]) -> Ranking:
    """Every image's ranking of all others by their embeddings, relevant where the class is the same.

    Args:
        embeddings: (n, d).
        labels: (n,) classes.
    """
    return leave_one_out(embeddings, same_class(labels))


def _ranked(
    key: MetricKey,
    vectors: NDArray[np.floating],
    labels: NDArray[np.int64],
    parts: Sequence[NDArray[np.intp]],
    table: Table,
    metrics: Sequence[Metric],
) -> Iterator[MetricResult]:
    """Retrieval inside each part, pooled over the parts."""
    wanted = [metric for metric in metrics if metric.is_for(LabelKind.CLASSES, Needs.RANKING, key.space)]
    if not parts or not wanted:
        return
    samples = [_rankings(vectors[rows], labels[rows], graded=any(metric.graded for metric in wanted)) for rows in parts]
    rows = np.sort(np.concatenate(parts))
    groups = groups_of(table, rows)
    for metric in wanted:
        found = [
            (part, metric.function(sample), _influence_in(metric, sample, groups_of(table, part)))
            for part, sample in zip(parts, samples, strict=True)
        ]
        values, influence = np.full((2, len(labels)), np.nan)
        for part, own, of_part in found:
            values[part], influence[part] = own, of_part.images
        mean = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
        for part, _, of_part in found:
            influence[part] += of_part.value - mean
        chances = [metric.chance(sample) for sample in samples]
        blind = np.average([chance.value for chance in chances], weights=[len(part) for part in parts])
        yield MetricResult(
            key=key._replace(metric=metric.name),
            metric=metric,
            images=len(rows),
            baseline=replace(chances[0], value=float(blind)),
            value=mean,
            influence=Influence(value=mean, images=influence[rows], groups=groups),
            over=_over(metric, samples[0], values[rows]),
        )


def _rankings(vectors: NDArray[np.floating], labels: NDArray[np.int64], *, graded: bool) -> Sample:
    binary = leave_one_out(vectors, same_class(labels))
    gains = np.take_along_axis(mikels_gains(labels), binary.order, axis=1) if graded else None
    return Sample(labels, np.empty((len(labels), 0)), binary, None if gains is None else Ranking(gains, binary.order))


def _influence_in(metric: Metric, sample: Sample, groups: Groups) -> Influence:
    def per_query(ranking: Ranking) -> NDArray[np.float64]:
        shown = replace(sample, graded=ranking) if metric.graded else replace(sample, binary=ranking)
        return np.asarray(metric.function(shown))

    ranking = sample.graded_ranking if metric.graded else sample.ranking
    return retrieval_influence(ranking, per_query, metric.leave_out, groups=groups)


def headline(table: Table, predictions: PredictionLike) -> dict[MetricKey, MetricResult]:
    """The few results that the tables of models side by side show.

    Args:
        table: the labels.
        predictions: row by row as the table.
    """
    metrics = [metric for metric in METRICS if metric.name in HEADLINE]
    return {result.key: result for result in compute_metrics(table, predictions, metrics) if result.key.protocol != "b"}
