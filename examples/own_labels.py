"""A model of one's own labels: ``python -m examples.own_labels [FOLDER [OUT]]``; needs ``pip install "emoir[train]"``.

A notebook as a script: editors that know percent cells run it cell by cell. FOLDER has one folder per class; without
it, pieces of the demo's photographs are sorted into warm and cool by their own colours, to have something to learn.
"""

# %% [markdown]
# # A model of one's own labels
# The shipped network keeps what it knows and gets a new head for your classes. One image in five is held out; the
# figures come from these.

# %%
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from examples.demo import copy_photographs
from PIL import Image

from emoir import Collection, Model
from emoir.datasets import read_dataset
from emoir.training.fine_tune import fine_tune


def warm_and_cool(folder: Path, side: int = 160) -> None:
    """Cut the demo's photographs into squares; more red than blue is warm."""
    with tempfile.TemporaryDirectory() as place:
        copy_photographs(Path(place))
        for file in sorted(Path(place).iterdir()):
            picture = Image.open(file).convert("RGB")
            for top in range(0, picture.height - side + 1, side):
                for left in range(0, picture.width - side + 1, side):
                    piece = picture.crop((left, top, left + side, top + side))
                    red, _, blue = np.asarray(piece).mean(axis=(0, 1))
                    name = folder / ("warm" if red > blue else "cool") / f"{file.stem}-{top}-{left}.png"
                    name.parent.mkdir(parents=True, exist_ok=True)
                    piece.save(name)


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/own_labels/temperature")
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("runs/own_labels/model")
if len(sys.argv) < 2 and not folder.is_dir():
    warm_and_cool(folder)

# %% [markdown]
# ## Learn
# A stopped run goes on where it was. More epochs usually help; one is enough to see it work.

# %%
labelled = read_dataset(folder)
learnt = fine_tune(labelled, out, epochs=1, keep_anyway=True)
print(f"learnt from {learnt.training} images, tested on {learnt.held_out} others")
for name, (estimate, baseline) in learnt.metrics.items():
    print(f"{name}: {estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}], by guessing {baseline:.2f}")

# %% [markdown]
# ## Use
# The folder is a model everywhere: here, in `emoir index --model`, in `emoir serve --model`. What the network knew
# before stays.

# %%
model = Model(out)
own = model.read(labelled.paths[0])
print(
    labelled.paths[0].parent.name, {name: round(value, 2) for name, value in own.distributions[labelled.name].items()}
)
with Collection(out / "own.emoir", model=out) as photos:
    photos.index(folder)
    name = labelled.class_names[labelled.name][0]
    print(name, [match.path.name for match in photos.search(name, n=3)])
