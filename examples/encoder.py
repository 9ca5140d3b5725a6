"""From an encoder to a searched collection: ``python -m examples.encoder ENCODER FOLDER OUT [PHRASE]``.

Needs ``pip install "emoir[encoder]"``. A notebook as a script: editors that know percent cells run it cell by cell.
ENCODER is an ONNX file, a folder as the Hugging Face hub lays it out, or ``hf:OWNER/NAME``; FOLDER has one folder per
class; OUT becomes the model. PHRASE is looked for in the pictures, if the encoder has a text tower.
"""

# %% [markdown]
# # From an encoder to a searched collection
# An encoder that you trust keeps its weights; emoir fits heads from its embedding to your classes.

# %%
from __future__ import annotations

import sys
from pathlib import Path

from emoir import Collection, Model
from emoir.datasets import read_dataset
from emoir.models.hub import load_encoder
from emoir.training.train_heads import train_heads

source, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
phrase = sys.argv[4] if len(sys.argv) > 4 else "a dog on a beach"

# %% [markdown]
# ## What the encoder is
# The graph is tried on a grey picture; preprocessing and licence come from the files beside it.

# %%
encoder = load_encoder(source)
side, length = encoder.preprocessing.size, encoder.length
print(f"{encoder.name}: {side} x {side} pixels to {length} numbers, licence {encoder.licence}")

# %% [markdown]
# ## Fit heads
# Every image is embedded once and kept. The figures are of images that the heads had not seen, without and with the
# numbers of colour and texture.

# %%
labelled = read_dataset(folder)
learnt = train_heads(labelled, encoder, out, base=Model(), keep_anyway=True)
for key, alone in learnt.without.items():
    print(f"{key}: {alone}, with colour and texture {learnt.with_numbers[key]}, by guessing {alone.baseline}")

# %% [markdown]
# ## Use
# The folder is a model everywhere.

# %%
with Collection(out / "own.emoir", model=out) as photos:
    photos.index(folder)
    name = labelled.class_names[labelled.name][0]
    print(name, [match.path.name for match in photos.search(name, n=3)])

# %% [markdown]
# ## Ask for what is in the pictures
# A text tower answers any words, alone and beside a feeling.

# %%
if encoder.text is not None:
    with Collection(out / "own.emoir", model=out) as photos:
        for query in (f'content:"{phrase}"', f'{name} & content:"{phrase}"'):
            found = photos.search(query, n=3)
            scored = "similarity" if found.similarity else "probability"
            print(query, [(match.path.name, round(match.score, 2)) for match in found], scored)
