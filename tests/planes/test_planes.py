"""What every plane promises, asked of every plane in the registry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.color import rgb2hsv, rgb2lab
from skimage.feature import local_binary_pattern, structure_tensor, structure_tensor_eigenvalues
from torch.nn import functional as F

from emoir.errors import ShapeError
from emoir.planes import PLANES, PlaneStack
from emoir.planes.base import luma
from emoir.planes.coherence import FLAT, WINDOW_SIGMA, coherence
from emoir.planes.gabor import ORIENTATIONS, RADIUS, WAVELENGTH, gabor_energy, gabor_kernels
from emoir.planes.lab import srgb_to_lab
from emoir.planes.saturation import saturation
from emoir.planes.variance import local_variance
from tests.pictures import noise


def batch(*images: np.ndarray) -> torch.Tensor:
    """uint8 pictures as the planes take them."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


PICTURE = noise(48, 11)


@pytest.mark.parametrize("name", PLANES)
def test_shape_and_range(name: str) -> None:
    plane = PLANES[name]()
    extremes = torch.stack([torch.zeros(3, 32, 32), torch.ones(3, 32, 32), torch.rand(3, 32, 32).round()])
    values = plane(torch.cat([batch(PICTURE[:32, :32]), extremes]))
    assert values.shape == (4, plane.channels, 32 // plane.stride, 32 // plane.stride)
    low, high = plane.value_range
    assert low - 0.01 <= float(values.min())
    assert float(values.max()) <= high + 0.01


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_gradients_are_finite_on_flat_images(name: str, level: float) -> None:
    images = torch.full((1, 3, 16, 16), level, requires_grad=True)
    PLANES[name]()(images).sum().backward()
    assert images.grad is not None
    assert bool(torch.isfinite(images.grad).all())


@pytest.mark.parametrize("name", ["lab", "saturation", "gabor", "variance", "coherence"])
def test_gradients_are_right(name: str) -> None:
    torch.manual_seed(0)
    images = (torch.rand(1, 3, 6, 6, dtype=torch.float64) * 0.8 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(PLANES[name](), (images,), eps=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    "wrong", [torch.rand(3, 8, 8), torch.rand(1, 1, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)]
)
def test_other_shapes_and_types_are_refused(wrong: torch.Tensor) -> None:
    for plane in PLANES.values():
        with pytest.raises(ShapeError, match="expected a float sRGB batch"):
            plane()(wrong)


@pytest.mark.parametrize("name", [name for name, plane in PLANES.items() if plane.stride == 2])
def test_odd_sides_are_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="must be even; got 9 x 8"):
        PLANES[name]()(torch.rand(1, 3, 8, 9))


@pytest.mark.parametrize("name", ["gabor", "variance", "coherence"])
def test_texture_ignores_hue_at_equal_luma(name: str) -> None:
    grey = luma(batch(PICTURE)).expand(-1, 3, -1, -1)
    plane = PLANES[name]()
    torch.testing.assert_close(plane(batch(PICTURE)), plane(grey), atol=1e-5, rtol=1e-4)


def turned_on_the_grid() -> tuple[torch.Tensor, tuple[slice, slice]]:
    """The picture turned by a quarter and shifted, so that its even pixels are even again; its inner part."""
    turned = torch.rot90(batch(PICTURE), 1, (2, 3))[:, :, 1:-1, :-2]
    return turned, (slice(3, 20), slice(3, 20))


@pytest.mark.parametrize("name", ["variance", "coherence"])
def test_turning_the_picture_turns_the_plane(name: str) -> None:
    plane = PLANES[name]()
    turned, inner = turned_on_the_grid()
    ours, expected = plane(turned)[0, 0][inner], torch.rot90(plane(batch(PICTURE)), 1, (2, 3))[0, 0][inner]
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", ["lab", "saturation"])
def test_turning_the_picture_turns_its_colours(name: str) -> None:
    plane = PLANES[name]()
    turned = plane(torch.rot90(batch(PICTURE), 1, (2, 3)))
    torch.testing.assert_close(turned, torch.rot90(plane(batch(PICTURE)), 1, (2, 3)), atol=1e-5, rtol=1e-4)


def test_turning_the_picture_turns_gabor_orientations() -> None:
    # A quarter turn swaps 0 with 90 degrees and 45 with 135, at either scale.
    upright = torch.rot90(gabor_energy(batch(PICTURE)), 1, (2, 3))[:, [2, 3, 0, 1, 6, 7, 4, 5]]
    turned, (rows, columns) = turned_on_the_grid()
    fine = gabor_energy(turned)[:, :4, rows, columns]
    torch.testing.assert_close(fine, upright[:, :4, rows, columns], atol=1e-4, rtol=1e-3)
    # The coarse scale is one of 2 x 2 pixels, which a quarter turn leaves together.
    coarse = gabor_energy(torch.rot90(batch(PICTURE), 1, (2, 3)))[:, 4:]
    torch.testing.assert_close(coarse, upright[:, 4:], atol=1e-4, rtol=1e-3)


def test_lab_against_scikit_image() -> None:
    theirs = rgb2lab(PICTURE)
    ours = srgb_to_lab(batch(PICTURE))[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours, theirs, atol=0.03)


def test_lab_joins_its_branches() -> None:
    # Both curves change their branch in the dark; primaries bring X, Y and Z there one by one.
    levels = np.arange(64, dtype=np.uint8)
    shades = np.zeros((4, 64, 3), np.uint8)
    shades[0] = levels[:, None]
    for channel in range(3):
        shades[channel + 1, :, channel] = levels
    ours = srgb_to_lab(batch(shades))[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours, rgb2lab(shades), atol=0.03)


def test_lab_of_red_by_hand() -> None:
    # Published for sRGB red under D65: 53.24, 80.09, 67.20.
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert srgb_to_lab(red).flatten().tolist() == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


def test_saturation_against_scikit_image() -> None:
    theirs = rgb2hsv(PICTURE)[..., 1]
    np.testing.assert_allclose(saturation(batch(PICTURE))[0, 0].numpy(), theirs, atol=1e-5)


def test_variance_against_scikit_image() -> None:
    grey = np.round(PICTURE @ np.array([0.2126, 0.7152, 0.0722])).astype(np.uint8)
    # On flat neighbourhoods theirs is NaN.
    theirs = np.nan_to_num(local_binary_pattern(grey, 8, 1, "var")) / 255**2
    images = batch(np.repeat(grey[..., None], 3, axis=2))
    ours = local_variance(images)[0, 0].numpy()
    np.testing.assert_allclose(ours[1:, 1:], theirs[2::2, 2::2], atol=2e-5)


def test_variance_by_hand() -> None:
    # A bright pixel on black, seen from its right neighbour: of the eight samples one is 1, and the two on the
    # diagonals towards it lie between four pixels, of which it weighs r (1 - r) with r = sqrt(1/2).
    images = torch.zeros(1, 3, 6, 6)
    images[:, :, 2, 3] = 1
    r = math.sqrt(0.5)
    samples = np.array([1.0, r * (1 - r), r * (1 - r), 0, 0, 0, 0, 0])
    assert float(local_variance(images)[0, 0, 1, 2]) == pytest.approx(samples.var(), abs=1e-6)


def test_coherence_against_scikit_image() -> None:
    grey = luma(batch(PICTURE))[0, 0].numpy().astype(np.float64)
    tensor = structure_tensor(grey, sigma=WINDOW_SIGMA, mode="nearest", order="rc")
    large, small = structure_tensor_eigenvalues(tensor)[:, ::2, ::2]
    # Their gradient is eight times ours. Where the gradient is strong, the guard against noise plays no part.
    clear = (large + small) / 64 > 40 * FLAT
    theirs = (large - small) / (large + small)
    ours = coherence(batch(PICTURE))[0, 0].numpy()
    inner = (slice(4, -4), slice(4, -4))
    assert clear[inner].sum() > 20
    np.testing.assert_allclose(ours[inner][clear[inner]], theirs[inner][clear[inner]], atol=0.03)


def test_gabor_is_the_convolution_with_its_kernels() -> None:
    grey = luma(batch(PICTURE)).double()
    ours = gabor_energy(batch(PICTURE))
    for scale, (level, step) in enumerate(((grey, 2), (F.avg_pool2d(grey, 2), 1))):
        padded = F.pad(level, (RADIUS,) * 4, mode="replicate")
        even, odd = F.conv2d(padded, gabor_kernels()).split(ORIENTATIONS, dim=1)
        expected = torch.sqrt(even**2 + odd**2 + 1e-6).float()[:, :, ::step, ::step]
        channels = slice(scale * ORIENTATIONS, (scale + 1) * ORIENTATIONS)
        torch.testing.assert_close(ours[:, channels], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("scale", range(2))
def test_gabor_answers_to_its_own_grating(step: int, scale: int) -> None:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    angle = math.pi * step / 4
    wavelength = WAVELENGTH * 2**scale
    wave = torch.sin(2 * math.pi / wavelength * (columns * math.cos(angle) + rows * math.sin(angle)))
    images = (0.5 + 0.25 * wave).expand(1, 3, 64, 64)
    energy = gabor_energy(images)[0, :, 10:22, 10:22].mean(dim=(1, 2))
    assert int(energy.argmax()) == step + 4 * scale
    # The fine scale gives the grating's amplitude; averaging by two before the coarse one takes a little of it.
    assert float(energy.max()) == pytest.approx(0.25, rel=0.25)


def test_stack_keeps_the_order_and_splits_by_kind_and_stride() -> None:
    stack = PlaneStack(("gabor", "srgb", "variance"))
    gabor, srgb, variance = stack(batch(PICTURE))
    torch.testing.assert_close(srgb, batch(PICTURE))
    torch.testing.assert_close(gabor, gabor_energy(batch(PICTURE)))
    assert variance.shape == (1, 1, 24, 24)
    assert stack.widths == [8, 3, 1]
    assert stack.channels == 8 + 3 + 1
    assert stack.of_kind("colour").names == stack.of_stride(1).names == ("srgb",)
    assert stack.of_kind("texture").names == stack.of_stride(2).names == ("gabor", "variance")


@pytest.mark.parametrize("names", [("lab", "lab"), ("depth",)])
def test_stack_refuses_unknown_and_repeated_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ShapeError, match="srgb, lab, saturation, gabor, variance, coherence"):
        PlaneStack(names)
