"""The networks that emoir's speed is compared with, as published but for their weights, which are random.

References:
    Radford, A. et al. (2021). Learning transferable visual models from natural language supervision. ICML.
    arXiv:2103.00020 (CLIP ViT-B/32: image tower).
    He, K. et al. (2016). Deep residual learning for image recognition. CVPR. DOI 10.1109/CVPR.2016.90 (ResNet-50,
    with the stride in the 3 x 3 convolution, as every library has it).
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, scaled_dot_product_attention

SIDE = 224


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward, self.outward = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        parts = self.inward(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        answer: Tensor = self.outward(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return answer


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.before_attention(x))
        hidden = self.wide(self.before_layers(x))
        answer: Tensor = x + self.narrow(hidden * torch.sigmoid(1.702 * hidden))
        return answer


class ClipImageTower(nn.Module):
    """ViT-B/32: 12 blocks of width 768 over 7 x 7 patches and a class token, to 512 numbers."""

    def __init__(self, width: int = 768, depth: int = 12, patch: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch, bias=False)
        self.token = nn.Parameter(torch.randn(width) * 0.02)
        self.places = nn.Parameter(torch.randn((SIDE // patch) ** 2 + 1, width) * 0.02)
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(Block(width, width // 64) for _ in range(depth)))
        self.out = nn.Linear(width, 512, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], 1, -1), x], dim=1) + self.places
        answer: Tensor = self.out(self.after(self.blocks(self.before(x))[:, 0]))
        return answer


class Bottleneck(nn.Module):
    def __init__(self, inward: int, width: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(inward, width, 1),
            nn.ReLU(),
            *_convolution(width, width, 3, stride),
            nn.ReLU(),
            *_convolution(width, 4 * width, 1),
        )
        same = stride == 1 and inward == 4 * width
        self.shortcut = nn.Identity() if same else nn.Sequential(*_convolution(inward, 4 * width, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.layers(x) + self.shortcut(x))


class ResNet50(nn.Module):
    """Four stages of 3, 4, 6 and 3 bottlenecks, to 1,000 classes."""

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = [*_convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        inward = 64
        for stage, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            for number in range(depth):
                blocks.append(Bottleneck(inward, width, 2 if stage and not number else 1))
                inward = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.out = nn.Linear(inward, 1000)

    def forward(self, images: Tensor) -> Tensor:
        answer: Tensor = self.out(self.blocks(images).mean(dim=(2, 3)))
        return answer


def _convolution(inward: int, outward: int, side: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inward, outward, side, stride, side // 2, bias=False), nn.BatchNorm2d(outward)


def write_graph(network: nn.Module, file: Path) -> None:
    """Export a network to ONNX, any number of images at once."""
    # What the exporter mutters is about libraries that are not needed here.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, SIDE, SIDE),),
            input_names=["images"],
            output_names=["answer"],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the ONNX exporter returned no graph")
    program.save(str(file), external_data=False)
