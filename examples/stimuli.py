"""Choose stimuli and matched sets, and export features: ``python examples/stimuli.py [FOLDER [OUT]]``.

A notebook as a script: editors that know percent cells run it cell by cell. Without a folder, the sample photographs
that come with scikit-image are used. Matched sets need: pip install "emoir[research]"
"""

# %% [markdown]
# # Choosing stimuli
# An experiment on emotion needs images that differ in the emotion and in nothing else that the eye could tell. We index
# a folder, choose images from a region of the valence-arousal plane, choose two matched sets, check their balance, and
# hand every number to the next program, with a codebook.

# %%
from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from emoir import Collection
from emoir.export import image_table, write_codebook, write_csv
from emoir.extract import Failure
from emoir.extract.features import Features, measure_files
from emoir.index import ImageMetadata
from emoir.index.base import as_path
from emoir.search.option_text import Range
from emoir.search.options import FilterOptions
from emoir.select import CandidatePool, matched_stimuli, pools_of, sample_images
from emoir.select.balance import balance_table


def sample_photos() -> Path:
    """The folder of scikit-image's sample photographs."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("the sample photographs need scikit-image; or name a folder of your own")
    return Path(spec.origin).parent / "data"


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else sample_photos()
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("runs/stimuli")
out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Index
# Every image is read once; later runs read only what is new.

# %%
photos = Collection(out / "stimuli.emoir")
report = photos.index(folder)
metadata, readings, vectors = photos.rows()
print(f"{len(metadata)} images; {report.failed} files could not be read")
for name, values in (("valence", readings.valence), ("arousal", readings.arousal)):
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    print(f"{name}: median {middle:.2f}, four in five images from {low:.2f} to {high:.2f}")

# %% [markdown]
# ## Images from one region
# The lower half in valence, at most three a folder, near duplicates once. The seed goes into the paper: whoever has the
# same images gets the same choice.

# %%
middle = float(np.median(readings.valence))
unpleasant = CandidatePool(*photos.rows(filters=FilterOptions(valence=Range(high=middle))))
for row in sample_images(unpleasant, 5, per_folder=3, seed=2026):
    reading = unpleasant.readings[row]
    print(
        f"{as_path(unpleasant.metadata[row].path).name}: valence {reading.valence:.2f}, arousal {reading.arousal:.2f}"
    )

# %% [markdown]
# ## Two matched conditions
# The less and the more pleasant third, alike in luminance, contrast and complexity. Colour and texture are measured
# from the files; only images that could be measured are chosen.


# %%
def measured(images: list[ImageMetadata]) -> list[Features | None]:
    """The features of images, None where a file cannot be read."""
    answers = measure_files([(as_path(entry.path), entry.modified_ns) for entry in images])
    return [None if isinstance(answer, Failure) else answer for answer in answers]


third, two_thirds = np.quantile(readings.valence, (1 / 3, 2 / 3))
conditions = {"less pleasant": Range(high=float(third)), "more pleasant": Range(low=float(two_thirds))}
candidates = {
    name: CandidatePool(*photos.rows(filters=FilterOptions(valence=valence))) for name, valence in conditions.items()
}
pools, _ = pools_of(candidates, seed=2026)
features = {name: measured(list(pool.metadata)) for name, pool in pools.items()}
stimuli = matched_stimuli(pools, features, 4, variables=("luminance", "contrast", "complexity"), seed=2026)
for line in balance_table(stimuli.balance, stimuli.conditions):
    print("  ".join(cell.ljust(15) for cell in line).rstrip())
(out / "stimuli.json").write_text(stimuli.to_json(), encoding="utf-8")

# %% [markdown]
# The last column says what to expect of so few images: with a larger collection, all that is matched is balanced.
#
# ## Features and codebook
# One row an image: readings, colour and texture; the codebook names unit, range and source of every column.

# %%
table = image_table(metadata, readings, measured(metadata))
write_csv(table, out / "features.csv")
write_codebook(table.columns, out / "features.codebook.csv")
wanted = [column for column in table.columns if column.name in ("valence", "lightness", "colourfulness", "warmth")]
numbers = table.numbers(wanted)
numbers = numbers[~np.isnan(numbers).any(axis=1)]
correlations = np.asarray(np.corrcoef(numbers.T))[0]
for column, correlation in list(zip(wanted, correlations, strict=True))[1:]:
    print(f"valence and {column.name} ({column.unit}): r = {correlation:+.2f}")
photos.close()
