"""A first collection in Python: ``python -m examples.first_collection [FOLDER [OUT]]``.

A notebook as a script: editors that know percent cells run it cell by cell. Without a folder, the photographs of the
demo are used.
"""

# %% [markdown]
# # A first collection
# We index a folder, ask for feelings in several ways, ask why, and look at the whole.

# %%
from __future__ import annotations

import sys
from pathlib import Path

from examples.demo import copy_photographs

from emoir import Collection, Matches
from emoir.explain import explain
from emoir.explain.figure import save_figure
from emoir.explain.sentences import sentence
from emoir.summary import summarise

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/demo/photographs")
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("runs/first_collection")
out.mkdir(parents=True, exist_ok=True)
if len(sys.argv) < 2:
    copy_photographs(folder)

# %% [markdown]
# ## Index
# Every image is read once; later runs read only what is new.

# %%
photos = Collection(out / "first.emoir")
report = photos.index(folder)
print(f"{report.read} read, {report.unchanged} unchanged, {report.failed} failed")


# %% [markdown]
# ## Ask
# With words in English or Chinese, with a point (valence, arousal), for two feelings at once, or with a picture.
# `min_score=0` also shows weak matches.


# %%
def show(query: str, matches: Matches) -> None:
    """One line per match: score, main emotion, file."""
    print(query)
    for match in matches:
        print(f"  {match.score:.2f}  {match.reading.top('mikels'):12}  {match.path.name}")


for query in ("awe", "宁静", "va:0.8,0.3", "sad but hopeful", str(sorted(folder.iterdir())[0])):
    show(query, photos.search(query, n=3, min_score=0))

# %% [markdown]
# ## Why
# What speaks for the emotion: a place, colours, texture. The figure shows what became of the picture without them.

# %%
best = photos.search("awe", n=1, min_score=0)[0]
explanation = explain(best.path, photos.model)
print(sentence(explanation))
save_figure(explanation, out / "why.png")

# %% [markdown]
# ## The whole
# Mean emotions of the collection; images of which the model is not sure count as unsure.

# %%
metadata, readings, vectors = photos.rows()
summary = summarise(metadata, readings, vectors)
print(f"{summary.whole.count} images, {summary.sure.sum()} of which the model is sure")
for name, mean in sorted(zip(summary.names, summary.whole.mix, strict=True), key=lambda pair: -pair[1])[:3]:
    print(f"{name:12} {mean:.0%}")
photos.close()
