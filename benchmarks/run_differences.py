"""The differences that the claims rest on, over images and runs: ``python benchmarks/run_differences.py``.

From the committed results of the comparison: P@10 by the delete-one jackknife in both roles, images alone and images x
runs. Holm's p over the rows of a setting.
"""

from __future__ import annotations

from emoir.evaluate.intervals import Estimate, Influence, holm
from emoir.evaluate.provenance import provenance
from emoir.experiment.comparison import VariantResult, variant_result
from emoir.experiment.variants import VARIANTS
from paper_comparison import packed, setting

SEEDS = (0, 1, 2)
SETTINGS = ("emotion6", "emotion6+web", "fi_subset", "fi_subset+web", "abstract_paintings", "oasis", "gaped")
BOTH, RGB, TEXTURE = "ours, colour + texture", "ours, RGB", "ours, texture"
PAIRS = ((BOTH, RGB), (TEXTURE, RGB), ("ours, colour + texture, distilled", "original"))
COLUMNS = ("top-1", "P@10 (a)", "valence r", "arousal r")


def images_alone(influence: Influence) -> Influence:
    """The same difference with the runs taken as given."""
    return Influence(value=influence.value, images=influence.images, groups=influence.groups)


def rows_of(name: str) -> dict[str, VariantResult]:
    table, folds, _ = setting(name)
    results = packed(name)
    wanted = [variant for variant in VARIANTS if any(variant.name in pair for pair in PAIRS)]
    found = (variant_result(variant, table, folds, results, SEEDS) for variant in wanted)
    return {row.variant.name: row for row in found if row is not None}


def main() -> None:
    print("| setting | difference | metric | runs | images alone | images x runs | outcome | Holm's p |")
    print("|---|---|---|---|---|---|---|---|")
    for name in SETTINGS:
        rows = rows_of(name)
        lines: list[tuple[list[str], Estimate]] = []
        for first, second in PAIRS:
            for column in COLUMNS:
                sides = [rows[each].metrics.get(column) for each in (first, second) if each in rows]
                both = [side.influence for side in sides if side is not None and side.influence is not None]
                if len(both) == 2:
                    gap = both[0].minus(both[1])
                    runs = " and ".join(str(len(rows[each].by_seed)) for each in (first, second))
                    cells = [name, f"{first} minus {second}", column, runs, str(images_alone(gap).estimate())]
                    lines.append((cells, gap.estimate()))
        adjusted = holm([gap.p for _, gap in lines])
        for (cells, found), p in zip(lines, adjusted, strict=True):
            print("| " + " | ".join([*cells, str(found), found.outcome(), f"{p:.3f}"]) + " |", flush=True)
    print("\n" + provenance("committed results, 5 frozen folds", f"seeds {', '.join(map(str, SEEDS))}"))


if __name__ == "__main__":
    main()
