"""What the planes cost: ``python benchmarks/plane_cost.py``.

Printed, in processor time on one thread: the planes' share of a training step (batches of 64, 128 px, bfloat16 where
the processor has it), views per second of training with all planes and with sRGB alone, and one forward pass of the
exported graph against decoding and resizing a photograph. The network has random weights: time does not depend on them.
The rows take turns, so that other work on the machine weighs on all of them alike.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from emoir.images.decode import decode
from emoir.networks import EmotionNet, NetworkConfig
from emoir.planes import PLANES
from emoir.training.export import write_graph
from emoir.training.loop import has_bfloat16
from photographs import photographs

BATCH, SIZE, CHUNK = 64, 128, 8
ROUNDS, PHOTOGRAPHS = 5, 20
HEADS = {"mikels": 8, "ekman": 7}


def network(planes: tuple[str, ...]) -> EmotionNet:
    torch.manual_seed(0)
    built = EmotionNet(NetworkConfig(size=SIZE, planes=planes, distributions=HEADS))
    return built.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def step(trained: EmotionNet, images: torch.Tensor) -> None:
    """Forward and backward pass of a batch."""
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
        output = trained(images)
    sum(head.float().square().mean() for head in (output.features, *output.heads.values())).backward()
    trained.zero_grad()


def draw_planes(planes: Sequence[nn.Module], images: torch.Tensor) -> None:
    """The planes alone of a batch, a few images at a time, as in training."""
    with torch.no_grad():
        for part in images.split(CHUNK):
            for plane in planes:
                plane(part)


def medians(rows: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median processor time of every row, in seconds; the first round does not count."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS + 1):
        for name, function in rows.items():
            start = time.process_time()
            function()
            times[name].append(time.process_time() - start)
    return {name: float(np.median(values[1:])) for name, values in times.items()}


def session(folder: Path) -> onnxruntime.InferenceSession:
    """The runtime of an exported network with all planes."""
    write_graph(network(tuple(PLANES)), folder / "model.onnx", {head: {head: 1.0} for head in HEADS})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])


def main() -> None:
    torch.set_num_threads(1)
    images = torch.rand(BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    planes = [plane() for plane in PLANES.values()]
    everything, rgb = network(tuple(PLANES)).train(), network(("srgb",)).train()
    files = list(photographs(PHOTOGRAPHS))
    pixels = [decode(file, size=SIZE).pixels[None] for file in files]
    with tempfile.TemporaryDirectory() as folder:
        graph = session(Path(folder))
        found = medians(
            {
                "planes": lambda: draw_planes(planes, images),
                "step": lambda: step(everything, images),
                "step, sRGB alone": lambda: step(rgb, images),
                "forward": lambda: [graph.run(None, {"images": picture}) for picture in pixels],
                "decode": lambda: [decode(file, size=SIZE) for file in files],
            }
        )
    print("| | ms per image |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds * 1e3 / (PHOTOGRAPHS if name in ('forward', 'decode') else BATCH):.2f} |")
    print(f"\nplanes are {found['planes'] / found['step']:.2f} of a training step; forward is", end=" ")
    print(f"{found['forward'] / found['decode']:.2f} of decoding and resizing; training sees", end=" ")
    print(f"{BATCH / found['step']:.0f} views per second, {BATCH / found['step, sRGB alone']:.0f} with sRGB alone")


if __name__ == "__main__":
    main()
