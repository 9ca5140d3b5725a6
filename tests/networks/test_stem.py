from __future__ import annotations

import numpy as np
import onnxruntime
import skimage.data
import torch
from PIL import Image
from torch.nn import functional as F

from emoir.images.resize_square import resize_square
from emoir.models.card import GRAPH
from emoir.models.library import shipped_model_folder
from emoir.networks.stem import PlaneStem
from emoir.planes import PLANES, PlaneStack
from emoir.training.export import load_network


def test_a_stem_adds_the_convolutions_of_its_planes() -> None:
    torch.manual_seed(0)
    stem = PlaneStem(PlaneStack(("srgb", "lab", "gabor")), 6).eval()
    images = torch.rand(2, 3, 32, 32)
    srgb, lab, gabor = (PLANES[name]() for name in ("srgb", "lab", "gabor"))
    full, half = stem.state_dict()["convolutions.0.weight"], stem.state_dict()["convolutions.1.weight"]
    fine = F.conv2d(images / torch.tensor(srgb.deviations).view(3, 1, 1), full, stride=2, padding=1)
    coarse = torch.cat([lab(images), gabor(images)], dim=1)
    deviations = torch.tensor([*lab.deviations, *gabor.deviations]).view(11, 1, 1)
    expected = F.relu(stem.norm(fine + F.conv2d(coarse / deviations, half, padding=1)))
    torch.testing.assert_close(stem(images), expected, atol=1e-5, rtol=1e-4)


def test_weights_of_planes_of_full_size_are_carried_over() -> None:
    # A kernel that averages a plane over 3 x 3 pixels of the image takes, of the plane at every second pixel, the pixel
    # itself once and its neighbours as far as the interpolation reaches.
    stem = PlaneStem(PlaneStack(("srgb", "variance")), 1)
    old = torch.cat([torch.full((1, 3, 3, 3), 2.0), torch.full((1, 1, 3, 3), 1 / 9)], dim=1)
    state = {**stem.state_dict(), "convolution.weight": old}
    state = {key: value for key, value in state.items() if not key.startswith("convolutions.")}
    stem.load_state_dict(state)
    loaded = stem.state_dict()
    assert torch.equal(loaded["convolutions.0.weight"], torch.full((1, 3, 3, 3), 2.0))
    line = torch.tensor([0.5, 2.0, 0.5]) / 3
    torch.testing.assert_close(loaded["convolutions.1.weight"][0, 0], line[:, None] * line)


def test_the_shipped_weights_still_say_what_the_shipped_graph_says() -> None:
    photographs = (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket())
    pixels = np.stack([np.asarray(resize_square(Image.fromarray(photograph), 128)) for photograph in photographs])
    folder = shipped_model_folder()
    session = onnxruntime.InferenceSession(str(folder / GRAPH), providers=["CPUExecutionProvider"])
    embedding, mikels = session.run(["embedding", "mikels"], {"images": pixels})
    with torch.no_grad():
        output = load_network(folder)(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)
    assert ((output.embedding.numpy() * embedding).sum(axis=1) > 0.97).all()
    assert (output.heads["mikels"].numpy().argmax(axis=1) == mikels.argmax(axis=1)).all()
