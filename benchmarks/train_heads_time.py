"""How long heads take to fit once embeddings are cached: ``python benchmarks/train_heads_time.py [--images 10000]``.

Generated pictures of 24 pixels and an encoder of random weights that gives 768 numbers; eight classes, valence and
arousal follow from these numbers and noise. The command runs twice: the first time embeds and reads every picture, the
second time finds all of that in the cache.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from emoir.emotions.spaces import MIKELS
from emoir.evaluate.provenance import provenance

SIDE, CELLS, LENGTH = 64, 16, 768


def write_encoder(folder: Path, weights: np.ndarray) -> None:
    """An ONNX encoder as the hub lays it out: means of 16 x 16 cells, a matrix, tanh."""
    nodes = [
        helper.make_node("AveragePool", ["pixel_values"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["long"]),
        helper.make_node("Tanh", ["long"], ["image_embeds"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", LENGTH])],
        [numpy_helper.from_array(weights, "weights")],
    )
    (folder / "onnx").mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, str(folder / "onnx" / "model.onnx"))
    stated = {"size": {"height": SIDE, "width": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(stated | {"do_center_crop": False}))


def write_pictures(folder: Path, count: int, weights: np.ndarray, generator: np.random.Generator) -> Path:
    """Pictures of noise, and a table of their labels."""
    (folder / "pictures").mkdir()
    seen = np.empty((count, len(weights)), np.float32)
    for number in range(count):
        picture = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((24, 24))
        picture.save(folder / "pictures" / f"{number}.png")
        cells = np.asarray(picture.resize((CELLS, CELLS)), np.float32) / 127.5 - 1
        seen[number] = cells.transpose(2, 0, 1).ravel()
    embeddings = np.tanh(seen @ weights)
    axes = (embeddings - embeddings.mean(axis=0)) / embeddings.std(axis=0) @ generator.normal(size=(LENGTH, 10))
    axes = axes / axes.std(axis=0) + generator.normal(size=axes.shape)
    table = folder / "labels.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "emotion", "valence", "arousal"])
        for number, row in enumerate(axes):
            point = (f"{value:.3f}" for value in 1 / (1 + np.exp(-row[8:])))
            writer.writerow([f"pictures/{number}.png", MIKELS.names[row[:8].argmax()], *point])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(3 * CELLS**2, LENGTH)).astype(np.float32) / 40
    print("| images | the command | seconds |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_encoder(folder / "encoder", weights)
        table = write_pictures(folder, arguments.images, weights, generator)
        command = [sys.executable, "-m", "emoir", "train", str(table), f"--encoder={folder / 'encoder'}"]
        for title in ("for the first time", "with embeddings cached"):
            began = time.perf_counter()
            environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
            out = [f"--out={folder / title.replace(' ', '-')}"]
            subprocess.run(command + out, check=True, env=environment, capture_output=True)
            print(f"| {arguments.images:,} | {title} | {time.perf_counter() - began:.0f} |", flush=True)
    print("\n" + provenance("generated pictures and labels", f"{LENGTH} numbers an image", "seed 0"))


if __name__ == "__main__":
    main()
