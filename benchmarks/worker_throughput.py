"""One kind of work on some photographs, alone in this process; started by ``performance_index.py``.

``python benchmarks/worker_throughput.py WORK LIST`` warms up, prints ``ready``, waits for a line, and prints the
seconds per photograph. LIST is a file of paths; WORK is ``decode`` or ``forward`` (the two halves of what emoir does),
``efficientnet-lite2`` (its forward pass), or ``clip.onnx``, ``resnet50.onnx`` or ``resnet50`` beside the list:
photographs decoded at a reduced scale, brought to 224 x 224 and read eight at once by the network, in ONNX Runtime or,
without a suffix, in torch. One thread each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir import Model
from emoir.images.decode import decode

AT_ONCE, SIDE = 8, 224
ENCODER = "efficientnet-lite2"
MEAN = np.array([0.481, 0.458, 0.408], np.float32)
DEVIATION = np.array([0.269, 0.261, 0.276], np.float32)

Work = Callable[[Sequence[Path]], None]


def decoding() -> Work:
    side = Model().card.size

    def work(paths: Sequence[Path]) -> None:
        for path in paths:
            decode(path, size=side)

    return work


def forward(name: str | None = None) -> Work:
    import onnxruntime

    model = Model(name)
    encoder, preprocessing = model.card.encoder, model.card.preprocessing
    session = onnxruntime.InferenceSession((model.folder / encoder.file).read_bytes(), _one_thread())
    side = model.card.size
    picture = preprocessing.tensor(np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8))

    def work(paths: Sequence[Path]) -> None:
        for _ in paths:
            session.run(None, {encoder.input: picture})

    return work


def network(name: str, folder: Path) -> Work:
    read = _in_onnx_runtime(folder / name) if name.endswith(".onnx") else _in_torch()

    def work(paths: Sequence[Path]) -> None:
        for start in range(0, len(paths), AT_ONCE):
            read(np.stack([_prepared(path) for path in paths[start : start + AT_ONCE]]))

    return work


def _in_onnx_runtime(graph: Path) -> Callable[[NDArray[np.float32]], object]:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.read_bytes(), _one_thread())
    return lambda images: session.run(None, {"images": images})


def _in_torch() -> Callable[[NDArray[np.float32]], object]:
    import torch

    from reference_networks import ResNet50

    torch.set_num_threads(1)
    eager = ResNet50().eval()

    def read(images: NDArray[np.float32]) -> object:
        with torch.inference_mode():
            return eager(torch.from_numpy(images))

    return read


def _one_thread() -> object:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _prepared(path: Path) -> NDArray[np.float32]:
    """As CLIP prepares a picture: the shorter side to 224, the middle cut out."""
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        scale = SIDE / min(image.size)
        size = (max(SIDE, round(image.width * scale)), max(SIDE, round(image.height * scale)))
        resized = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    left, top = (resized.width - SIDE) // 2, (resized.height - SIDE) // 2
    pixels = np.asarray(resized.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    return np.ascontiguousarray(((pixels - MEAN) / DEVIATION).transpose(2, 0, 1))


def main() -> None:
    name, listed = sys.argv[1], Path(sys.argv[2])
    paths = [Path(line) for line in listed.read_text().splitlines()]
    works: dict[str, Callable[[], Work]] = {
        "decode": decoding,
        "forward": forward,
        ENCODER: lambda: forward(ENCODER),
    }
    work = works[name]() if name in works else network(name, listed.parent)
    work(paths[:AT_ONCE])
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    work(paths)
    print((time.perf_counter() - start) / len(paths), flush=True)


if __name__ == "__main__":
    main()
