"""Evaluate a model on your own labelled folder: ``python examples/judge_a_model.py FOLDER [OUT]``.

FOLDER holds a sub-folder per class (or a labels.csv, or a published set). A notebook as a script: editors that know
percent cells run it cell by cell. Needs ``pip install "emoir[research]"``.
"""

# %% [markdown]
# # Evaluate a model
# Two systems read the same labelled folder: the shipped model, and the shipped model taught your classes. Every metric
# comes with what guessing would give.

# %% [markdown]
# ## What is in the folder?

# %%
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emoir import Model
from emoir.datasets import read_dataset
from emoir.datasets.check import check_dataset
from emoir.datasets.splits import make_folds
from emoir.emotions.frames import to_frame
from emoir.evaluate.contact_sheet import retrieval_sheet
from emoir.evaluate.formats import FORMATS
from emoir.evaluate.leakage import rows_not_trained_on
from emoir.evaluate.plots import save_plots
from emoir.evaluate.predict import predict
from emoir.evaluate.predictions import Predictions
from emoir.evaluate.systems import evaluate_systems
from emoir.extract.transformer import EmotionFeatures

folder = Path(sys.argv[1]).resolve()
out = Path(sys.argv[2] if len(sys.argv) > 2 else "judged")
table = read_dataset(folder)
space = next(iter(table.classes))
found = check_dataset(table, folder)
print(f"{len(table)} images of {', '.join(table.class_names[space])}; {found.balance[space]}")
print(f"{len(found.missing)} missing, {len(found.broken)} broken, {len(found.copies)} groups of copies")

# %% [markdown]
# ## Let the model read the images
# It must not have learnt from any of them; that is checked first.

# %%
model = Model()
rows_not_trained_on(table, model)
shipped, failures = predict(table, model)
print(f"{shipped.name} read {int(shipped.known.sum())} images; {len(failures)} failed")
if not shipped.probabilities:
    print(f"its classes are not yours ({space}): only what its embeddings bring together is evaluated")

# %% [markdown]
# ## Another system
# The model's embedding and probabilities, taught your classes. Every image is read by a probe that has not learnt from
# it; copies stay on one side.

# %%
folds = make_folds(table, count=min(5, int(np.bincount(table.classes[space]).min())))
features = EmotionFeatures(parts=("embedding", "distributions", "point"))
numbers = features.transform(table.paths)
taught = np.zeros((len(table), len(table.class_names[space])))
for fold in range(folds.count):
    train, test = folds.training_rows(fold), folds.test_rows(fold)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=1000))
    probe.fit(numbers[train], table.classes[space][train])
    taught[np.ix_(test, probe.classes_)] = probe.predict_proba(numbers[test])
taught_predictions = Predictions(
    name="taught", known=np.ones(len(table), dtype=bool), probabilities={space: taught}, embeddings=numbers[:, :128]
)

# %% [markdown]
# ## Side by side
# Both on the same images, with what guessing would give.

# %%
comparison = evaluate_systems(table, [taught_predictions, shipped])
print(FORMATS["table"](comparison))

# %% [markdown]
# ## As a data frame
# The ten images that the taught system is least sure of.

# %%
columns = {"path": [path.name for path in table.paths], "sure": taught.max(axis=1)}
columns |= dict(zip(table.class_names[space], taught.T, strict=True))
frame = to_frame(columns, "pandas")  # or "polars", "pyarrow"
print(frame.nsmallest(10, "sure").round(2).to_string(index=False))

# %% [markdown]
# ## As pictures
# Plots, and the best and the worst retrievals on one sheet.

# %%
out.mkdir(parents=True, exist_ok=True)
written = save_plots(comparison, out)
sheet = retrieval_sheet(comparison)
if sheet is not None:
    sheet.save(out / "retrievals.png")
print(f"{len(written)} plots and a sheet of retrievals: {out}")
