"""Plots of a comparison: confusion, reliability, precision-recall, valence-arousal, map of embeddings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.evaluate.calibration import BINS, expected_calibration_error
from emoir.evaluate.compute import ranking_by_embedding
from emoir.evaluate.distributions import TIE
from emoir.evaluate.predictions import Predictions
from emoir.evaluate.regression import concordance, pearson
from emoir.evaluate.retrieval import Ranking, interpolated_precision, leave_one_out, same_class
from emoir.evaluate.systems import SystemComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The most queries that curves are drawn over.
QUERIES = 2_000
COLOURS = ("#2a6f97", "#c1502e", "#6a994e", "#7b5ea7", "#8a8a8a")


def labels_of(table: Table) -> tuple[str, NDArray[np.int64]] | None:
    """The first label space with classes, or with distributions and their favourites; None without either."""
    for space, indices in table.classes.items():
        return space, indices
    for space, shares in table.distributions.items():
        known = np.asarray(~np.isnan(shares).any(axis=1), dtype=bool)
        votes = np.where(known[:, None], shares, 0)
        # A tie has no favourite: it would go to the first class in the alphabet.
        known &= (votes >= votes.max(axis=1, keepdims=True) - TIE).sum(axis=1) == 1
        return space, np.where(known, votes.argmax(axis=1), ABSENT_CLASS)
    return None


def titled(table: Table, space: str) -> str:
    """The data set and, where it has another name, the space."""
    return table.name if space == table.name else f"{table.name}, {space}"


def ranking_of(system: Predictions, space: str, labels: NDArray[np.int64], rows: NDArray[np.intp]) -> Ranking | None:
    """Each of some rows' ranking of the others: by embedding, else by probabilities; None if the system has neither."""
    if system.embeddings is not None:
        return ranking_by_embedding(system.embeddings[rows], labels[rows])
    if space in system.probabilities:
        return leave_one_out(np.sqrt(system.probabilities[space][rows]), same_class(labels[rows]))
    return None


def save_plots(comparison: SystemComparison, folder: Path) -> list[Path]:
    """Draw every plot that the labels and the systems allow.

    Args:
        comparison: what was measured.
        folder: receives ``confusion.png``, ``reliability.png``, ``precision_recall.png``, ``valence_arousal.png`` and
            ``map.png``.

    Returns:
        The files that were written.
    """
    draw: dict[str, Callable[[SystemComparison], Figure | None]] = {
        "confusion": confusion,
        "reliability": reliability,
        "precision_recall": precision_recall,
        "valence_arousal": valence_arousal,
        "map": embedding_map,
    }
    written = []
    for name, function in draw.items():
        figure = function(comparison)
        if figure is not None:
            figure.savefig(folder / f"{name}.png", dpi=120)
            written.append(folder / f"{name}.png")
    return written


def _figure(columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    # Without pyplot: no window, no state shared with a program that plots itself.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def _classified(comparison: SystemComparison) -> tuple[str, NDArray[np.int64], NDArray[np.intp]] | None:
    found = labels_of(comparison.table)
    if found is None or not any(found[0] in system.probabilities for system in comparison.systems):
        return None
    space, labels = found
    return space, labels, np.flatnonzero(labels != ABSENT_CLASS)


def confusion(comparison: SystemComparison) -> Figure | None:
    """Confusion of the first system that names classes: a row per true class, in shares of the row."""
    found = _classified(comparison)
    if found is None:
        return None
    space, labels, rows = found
    names = comparison.table.class_names[space]
    system = next(system for system in comparison.systems if space in system.probabilities)
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (labels[rows], system.probabilities[space][rows].argmax(axis=1)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.6 + 0.55 * len(names)
    figure, [axes] = _figure(1, side + 0.8, side)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=max(0.5, float(shares.max())))
    if len(names) <= 12:
        for row, column in np.ndindex(*shares.shape):
            colour = "white" if shares[row, column] > 0.6 * image.norm.vmax else "black"  # type: ignore[operator]
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), [f"{name} ({n})" for name, n in zip(names, counts.sum(axis=1), strict=True)])
    axes.set(xlabel="said", ylabel="labelled (images)", title=f"{titled(comparison.table, space)}: {system.name}")
    figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
    return figure


def reliability(comparison: SystemComparison) -> Figure | None:
    """How often the first class is right, against its predicted probability, in bins of equally many images."""
    found = _classified(comparison)
    if found is None:
        return None
    space, labels, rows = found
    figure, [axes] = _figure(1, 5.6, 5)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1, label="perfectly calibrated")
    for system, colour in zip(comparison.systems, COLOURS * len(comparison.systems), strict=False):
        if space not in system.probabilities:
            continue
        p = system.probabilities[space][rows]
        top, right = p.max(axis=1), p.argmax(axis=1) == labels[rows]
        bins = np.array_split(np.argsort(top, kind="stable"), min(BINS, len(rows)))
        predicted, hit = (np.array([values[one].mean() for one in bins]) for values in (top, right))
        error = 1.96 * np.sqrt(hit * (1 - hit) / [len(one) for one in bins])
        title = f"{system.name}: ECE {expected_calibration_error(top, right):.3f}"
        axes.errorbar(
            predicted, hit, error, color=colour, marker="o", markersize=4, capsize=2, linewidth=1.2, label=title
        )
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="probability of the first class", ylabel="share of images where it is right"
    )
    axes.set_title(f"{titled(comparison.table, space)} ({len(rows)} images)")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return figure


def precision_recall(comparison: SystemComparison) -> Figure | None:
    """Precision against recall, every image asking for those of its class: by embedding, else by probabilities."""
    found = labels_of(comparison.table)
    if found is None:
        return None
    space, labels = found
    rows = np.flatnonzero(labels != ABSENT_CLASS)
    if len(rows) < 2:
        return None
    if len(rows) > QUERIES:
        rows = np.sort(np.random.default_rng(0).choice(rows, QUERIES, replace=False))
    figure, [axes] = _figure(1, 5.6, 4.6)
    drawn = 0.0
    for system, colour in zip(comparison.systems, COLOURS * len(comparison.systems), strict=False):
        ranking = ranking_of(system, space, labels, rows)
        if ranking is not None:
            curve = np.nanmean(interpolated_precision(ranking), axis=0)
            by = "embedding" if system.embeddings is not None else "probabilities"
            axes.plot(np.linspace(0, 1, len(curve)), curve, color=colour, marker=".", label=f"{system.name} ({by})")
            drawn = max(drawn, float(curve.max()))
    if not drawn:
        return None
    relevant = same_class(labels[rows])
    chance = (relevant.sum() - len(rows)) / (len(rows) * (len(rows) - 1))
    axes.axhline(float(chance), color="#bbbbbb", linewidth=1, label="chance")
    axes.set(xlim=(0, 1), ylim=(0, min(1, drawn * 1.15)), xlabel="recall", ylabel="interpolated precision")
    axes.set_title(f"{titled(comparison.table, space)}: {len(rows)} queries")
    axes.legend(frameon=False, fontsize=8)
    return figure


def valence_arousal(comparison: SystemComparison) -> Figure | None:
    """Valence and arousal predicted by the first system with points, against the mean rating."""
    table = comparison.table
    system = next((system for system in comparison.systems if system.points is not None), None)
    if system is None or system.points is None or table.valence is None or table.arousal is None:
        return None
    figure, panels = _figure(2, 9.4, 4.8)
    rated_as = {"valence": table.valence, "arousal": table.arousal}
    for column, (axes, (name, target)) in enumerate(zip(panels, rated_as.items(), strict=True)):
        rated = ~np.isnan(target)
        x, y = target[rated], system.points[rated, column]
        axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
        axes.scatter(x, y, s=9, alpha=0.35, color=COLOURS[0], linewidths=0)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=f"{name} rated", ylabel=f"{name} said", aspect="equal")
        axes.set_title(f"r {pearson(y, x):.2f}, CCC {concordance(y, x):.2f} ({len(x)} images)", fontsize=10)
    figure.suptitle(f"{table.name}: {system.name}")
    return figure


def principal_plane(embeddings: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two directions of largest variance.

    Args:
        embeddings: (n, d), n at least 2.

    Returns:
        ``(coordinates, shares)``: (n, 2), and (2,) shares of the whole variance. The sign is chosen so that the
        largest coordinate in size is positive.

    Example:
        >>> coordinates, shares = principal_plane(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))
        >>> coordinates[:, 0].round(6).tolist(), shares.round(6).tolist()
        ([-2.0, 0.0, 2.0], [1.0, 0.0])
    """
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    coordinates = np.zeros((len(centred), 2))
    coordinates[:, : min(2, len(strength))] = left[:, :2] * strength[:2]
    # Of two coordinates of the same size the last decides, so that rounding does not.
    far = len(centred) - 1 - abs(coordinates[::-1]).round(9).argmax(axis=0)
    coordinates *= np.where(coordinates[far, [0, 1]] < 0, -1, 1)
    variance = np.zeros(2)
    variance[: min(2, len(strength))] = strength[:2] ** 2
    return coordinates, variance / max(float((strength**2).sum()), 1e-12)


def embedding_map(comparison: SystemComparison) -> Figure | None:
    """The first system's embeddings on their principal plane, coloured by class and by rated valence."""
    table = comparison.table
    system = next((system for system in comparison.systems if system.embeddings is not None), None)
    found = labels_of(table)
    if system is None or system.embeddings is None or len(table) < 2 or (found is None and table.valence is None):
        return None
    coordinates, shares = principal_plane(system.embeddings)
    count = (found is not None) + (table.valence is not None)
    figure, panels = _figure(count, 6.4 * count, 5.2)
    for axes in panels:
        axes.set(xlabel=f"first component ({shares[0]:.0%})", ylabel=f"second component ({shares[1]:.0%})")
        axes.set(xticks=[], yticks=[])
    if found is not None:
        _draw_classes(panels[0], coordinates, found[1], table.class_names[found[0]])
        panels[0].set_title(found[0])
    if table.valence is not None:
        rated = ~np.isnan(table.valence)
        x, y = coordinates[rated].T
        points = panels[-1].scatter(x, y, c=table.valence[rated], cmap="coolwarm_r", vmin=0, vmax=1, s=10)
        figure.colorbar(points, ax=panels[-1], label="valence rated", shrink=0.8)
        panels[-1].set_title("valence")
    figure.suptitle(f"{table.name}: embeddings of {system.name}")
    return figure


def _draw_classes(
    axes: Axes, coordinates: NDArray[np.float64], labels: NDArray[np.int64], names: tuple[str, ...]
) -> None:
    from matplotlib import colormaps

    colours = colormaps["tab10" if len(names) <= 10 else "turbo"].resampled(max(len(names), 10))
    x, y = coordinates.T
    absent = labels == ABSENT_CLASS
    axes.scatter(x[absent], y[absent], s=6, color="#dddddd", linewidths=0)
    for number, name in enumerate(names):
        rows = labels == number
        colour = colours(number)
        axes.scatter(x[rows], y[rows], s=11, alpha=0.7, color=colour, linewidths=0, label=name)
        if rows.any():
            # Where the class lies on the whole; single images overlap.
            axes.scatter([x[rows].mean()], [y[rows].mean()], s=130, color=colour, edgecolors="black", marker="X")
    if len(names) <= 25:
        axes.legend(frameon=False, fontsize=7, markerscale=1.6, loc="center left", bbox_to_anchor=(1, 0.5))
