"""Colour spaces that files state by numbers: primaries and a transfer function, as an ICC profile or as light."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

D65 = (0.3127, 0.3290)
C = (0.310, 0.316)
E = (1 / 3, 1 / 3)
DCI = (0.314, 0.351)
BT709 = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
BT2020_CODE, LINEAR, SRGB, PQ, HLG = 9, 8, 13, 16, 18

# ITU-T H.273, table 2: white point, then red, green and blue.
PRIMARIES: dict[int, tuple[float, ...]] = {
    1: (*D65, *BT709),
    4: (*C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (*C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    BT2020_CODE: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (*E, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (*DCI, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
# ITU-T H.273, table 3: (exponent, a, b, c, d): (a v + b) ** exponent above d, c v below. Those made for television are
# shown by BT.1886, as browsers do.
_BT1886 = (2.4, 1.0, 0.0, 0.0, 0.0)
CURVES: dict[int, tuple[float, float, float, float, float]] = {
    **dict.fromkeys((1, 6, 11, 14, 15), _BT1886),
    4: (2.2, 1.0, 0.0, 0.0, 0.0),
    5: (2.8, 1.0, 0.0, 0.0, 0.0),
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4.0, 0.0912),
    LINEAR: (1.0, 1.0, 0.0, 0.0, 0.0),
    SRGB: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    17: (2.6, (52.37 / 48) ** (1 / 2.6), 0.0, 0.0, 0.0),
}
CURVE_ENTRIES = 4096
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """A colour space of three primaries.

    Args:
        primaries: x and y of the white point, of red, green and blue.
        transfer: code point of ITU-T H.273, table 3: PQ, HLG, or one of ``CURVES``.
        gamma: exponent from samples to light, which holds in place of ``transfer``.
    """

    primaries: tuple[float, ...]
    transfer: int = SRGB
    gamma: float | None = None

    @property
    def is_hdr(self) -> bool:
        """Whether its white lies above that of a screen."""
        return self.gamma is None and self.transfer in (PQ, HLG)


def from_cicp(primaries: int, transfer: int) -> ColourSpace | None:
    """The colour space of two code points; None if they state none that Chromium knows.

    Args:
        primaries: code point of table 2.
        transfer: code point of table 3.

    References:
        ITU-T H.273 (2024). Coding-independent code points for video signal type identification.

    Example:
        >>> from_cicp(12, 13) == ColourSpace(PRIMARIES[12], SRGB), from_cicp(2, 2)
        (True, None)
    """
    if primaries not in PRIMARIES or transfer not in {*CURVES, PQ, HLG}:
        return None
    return ColourSpace(PRIMARIES[primaries], transfer)


def light(space: ColourSpace, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples of a colour space that is not HDR as light.

    Args:
        space: its curve is applied.
        samples: in [0, 1].

    Returns:
        As many, from 0; 1 is white, which code point 17 alone goes beyond.

    Example:
        >>> light(ColourSpace(PRIMARIES[1], gamma=2.0), np.array([0.5])).tolist()
        [0.25]
    """
    exponent, a, b, c, d = (space.gamma, 1.0, 0.0, 0.0, 0.0) if space.gamma is not None else CURVES[space.transfer]
    return np.where(samples < d, c * samples, (a * samples + b) ** exponent)


def srgb_samples(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light in [0, 1] as sRGB samples in [0, 1].

    References:
        IEC 61966-2-1:1999.

    Example:
        >>> round(255 * float(srgb_samples(np.array([0.5]))[0]))
        188
    """
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=32)
def rgb_to_xyz(primaries: tuple[float, ...]) -> NDArray[np.float64]:
    """(3, 3) matrix from linear RGB to CIE XYZ, its white adapted to D50 by Bradford's method.

    Args:
        primaries: see ``ColourSpace``.

    Raises:
        ValueError: if they span no colours.

    Example:
        >>> rgb_to_xyz(PRIMARIES[1]).round(3).tolist()[0]
        [0.436, 0.385, 0.143]
    """
    x, y = np.array(primaries).reshape(4, 2).T
    with np.errstate(divide="ignore", invalid="ignore"):
        white, *colours = np.stack([x / y, np.ones(4), (1 - x - y) / y], axis=1) if y.all() else _from_sums(x, y)
    matrix = np.stack(colours, axis=1)
    if not np.isfinite(matrix).all() or not np.isfinite(white).all() or abs(np.linalg.det(matrix)) < 1e-9:
        raise ValueError(f"primaries {primaries} span no colours")
    matrix = matrix * np.linalg.solve(matrix, white)
    gain = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(gain) @ _BRADFORD @ matrix
    if not np.isfinite(adapted).all() or abs(adapted).max() > 16:
        raise ValueError(f"primaries {primaries} span no colours")
    return np.asarray(adapted)


def _from_sums(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """XYZ of chromaticities of which some have no luminance, such as the X of CIE XYZ itself."""
    xyz = np.stack([x, y, 1 - x - y], axis=1)
    xyz[0] /= y[0]
    return xyz


@lru_cache(maxsize=32)
def icc_profile(space: ColourSpace) -> bytes:
    """An ICC profile (version 2, matrix and curves) of a colour space that is not HDR.

    Raises:
        ValueError: if its primaries span no colours.

    References:
        ICC.1:2001-04. File format for color profiles.

    Example:
        >>> icc_profile(ColourSpace(PRIMARIES[12]))[36:40]
        b'acsp'
    """
    levels = light(space, np.linspace(0, 1, CURVE_ENTRIES))
    # What goes beyond white is held by the colours, for the curve cannot.
    largest = max(1.0, float(levels[-1]))
    curve = b"curv" + struct.pack(">II", 0, CURVE_ENTRIES) + np.rint(levels / largest * 65535).astype(">u2").tobytes()
    text = b"stated by the file"
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", b"desc" + struct.pack(">II", 0, len(text) + 1) + text + bytes(79)),
        (b"wtpt", _xyz_tag(_D50)),
    ]
    tags += zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz_tag, largest * rgb_to_xyz(space.primaries).T), strict=True)
    tags.append((b"rTRC", curve))
    start = 128 + 4 + 12 * (len(tags) + 2)
    table, body, places = b"", b"", dict[bytes, tuple[int, int]]()
    for name, data in tags:
        places[name] = start + len(body), len(data)
        body += data + bytes(-len(data) % 4)
    for name, at in {**places, b"gTRC": places[b"rTRC"], b"bTRC": places[b"rTRC"]}.items():
        table += name + struct.pack(">II", *at)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4s40s", start + len(body), b"", 0x02400000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp", b"",
        bytes(24) + _s15_fixed16(_D50),
    )  # fmt: skip
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags) + 2) + table + body


def _xyz_tag(xyz: Sequence[float] | NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + _s15_fixed16(xyz)


def _s15_fixed16(values: Sequence[float] | NDArray[np.float64]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))
