"""The differences that the claims rest on, over images and runs: ``python benchmarks/run_differences.py``.

From the committed results of the comparison: P@10 by the delete-one jackknife in both roles, images alone and images x
runs. Four rows were chosen before their run; they are one family, over which Holm's p is adjusted. All other rows were
looked at afterwards: their intervals are those of one difference each.
"""

from __future__ import annotations

from emoir.evaluate.intervals import Estimate, Influence, holm
from emoir.evaluate.provenance import provenance
from emoir.experiment.comparison import VariantResult, variant_result
from paper_comparison import VARIANTS, packed, setting

SEEDS = (0, 1, 2)
SETTINGS = ("emotion6", "emotion6+web", "fi_subset", "fi_subset+web", "abstract_paintings", "oasis", "gaped")
BOTH, RGB, TEXTURE = "ours, colour + texture", "ours, RGB", "ours, texture"
PAIRS = ((BOTH, RGB), (TEXTURE, RGB), ("ours, colour + texture, distilled", "original"))
# Setting, rows and measure.
CHOSEN = (
    ("abstract_paintings", (BOTH, RGB), "top-1"),
    ("fi_subset+web", (BOTH, RGB), "top-1"),
    ("gaped", (BOTH, RGB), "arousal r"),
    ("emotion6+web", (TEXTURE, RGB), "P@10 (a)"),
)
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
    print("| setting | difference | metric | runs | images alone | images x runs | outcome |")
    print("|---|---|---|---|---|---|---|")
    chosen: dict[tuple[str, tuple[str, str], str], Estimate] = {}
    for name in SETTINGS:
        rows = rows_of(name)
        for first, second in PAIRS:
            for column in COLUMNS:
                sides = [rows[each].metrics.get(column) for each in (first, second) if each in rows]
                both = [side.influence for side in sides if side is not None and side.influence is not None]
                if len(both) == 2:
                    gap = both[0].minus(both[1])
                    runs = " and ".join(str(len(rows[each].by_seed)) for each in (first, second))
                    cells = [name, f"{first} minus {second}", column, runs, str(images_alone(gap).estimate())]
                    found = gap.estimate()
                    print("| " + " | ".join([*cells, str(found), found.outcome()]) + " |", flush=True)
                    if (key := (name, (first, second), column)) in CHOSEN:
                        chosen[key] = found
    print(
        "\n| chosen before its run | setting | metric | difference [95 %] | p | Holm's p |\n|---|---|---|---|---|---|"
    )
    for key, p in zip(CHOSEN, holm([chosen[key].p for key in CHOSEN]), strict=True):
        name, (first, second), column = key
        found = chosen[key]
        print(f"| {first} minus {second} | {name} | {column} | {found} | {found.p:.4f} | {p:.4f} |")
    print("\n" + provenance("committed results, 5 frozen folds", f"seeds {', '.join(map(str, SEEDS))}"))


if __name__ == "__main__":
    main()
