"""Near duplicates of the development sets, before and after the thumbnail: ``python benchmarks/near_duplicates.py``.

Pairs that share hash and colours, and how many of them ``emoir data check`` confirms cell by cell; beside them the
known pairs of near_duplicates.csv inside each set.
"""

from __future__ import annotations

import numpy as np

import development
from emoir.datasets.check import SAME_CELLS
from emoir.datasets.fingerprint import Fingerprint, fingerprint
from emoir.evaluate.provenance import provenance
from emoir.images.near_duplicates import near_duplicate_pairs
from emoir.limits import DEFAULT_LIMITS


def main() -> None:
    known = development.near_duplicates()
    print("| set | known pairs | alike in hash and colours | of these in the thumbnail |\n|---|---|---|---|")
    for name in (*development.HUMAN_RATED, *development.WEAK):
        paths = list(development.load(name).paths)
        seen = [found for path in paths if isinstance(found := fingerprint(path, DEFAULT_LIMITS), Fingerprint)]
        hashes = np.array([one.hash for one in seen], dtype=np.uint64)
        pairs = near_duplicate_pairs(hashes, np.stack([one.palette for one in seen]))
        gaps = [abs(seen[one].cells.astype(np.int16) - seen[other].cells).mean() for one, other in pairs.tolist()]
        inside = sum(one in paths and other in paths for one, other in known)
        print(f"| {name} ({len(paths)}) | {inside} | {len(pairs)} | {sum(gap <= SAME_CELLS for gap in gaps)} |")
    print("\n" + provenance("development parts", f"16 x 16 cells, mean difference at most {SAME_CELLS:g} of 255"))


if __name__ == "__main__":
    main()
