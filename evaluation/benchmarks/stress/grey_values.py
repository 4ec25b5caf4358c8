"""Changes of a radiograph's grey values; its landmarks stay where they are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Points, Scan

Array = NDArray[Any]


@dataclass(frozen=True)
class Inversion:
    """Bones dark on bright."""

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Turn the grey values round within their range."""
        return scan.negative(), points


@dataclass(frozen=True)
class Gamma:
    """A power law of the grey values, which are 0 to 1 for it: darker above 1, brighter below."""

    exponent: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Raise to the power."""
        return _with_part_of_range(scan, _part_of_range(scan) ** self.exponent), points


@dataclass(frozen=True)
class Contrast:
    """Grey values spread about, or drawn towards, the middle of the range, in 256 steps; what leaves it is clipped."""

    factor: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Multiply the distance from the middle."""
        spread = 0.5 + self.factor * (_part_of_range(scan) - 0.5)
        return _with_part_of_range(scan, _quantise(spread, 8)), points


@dataclass(frozen=True)
class Noise:
    """Gaussian noise, white, clipped to the picture's range.

    Parameters
    ----------
    sigma : float
        Where the picture's range is 0 to 255.
    seed : int
    """

    sigma: float
    seed: int

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Add the noise."""
        noise = np.random.default_rng(self.seed).normal(0.0, self.sigma / 255.0, scan.pixels.shape)
        return _with_part_of_range(scan, _part_of_range(scan) + noise), points


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur, whose sigma is a part of the longest side."""

    part: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Blur."""
        sigma = self.part * max(scan.pixels.shape)
        blurred = cv2.GaussianBlur(scan.pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return dataclasses.replace(scan, pixels=blurred), points


@dataclass(frozen=True)
class Jpeg:
    """What is left after a JPEG file of 8 bits."""

    quality: int

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Encode and decode."""
        encoded = cv2.imencode(
            ".jpg", np.rint(255 * _part_of_range(scan)).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, self.quality]
        )[1]
        decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))
        return _with_part_of_range(scan, decoded / 255.0), points


@dataclass(frozen=True)
class BitDepth:
    """Whole grey values from 0 to the largest of so many bits."""

    bits: int

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Stretch to the range, and round."""
        pixels = _quantise(_part_of_range(scan), self.bits) * (2**self.bits - 1)
        return dataclasses.replace(scan, pixels=pixels), points


def _part_of_range(scan: Scan) -> Array:
    """Return the grey values as 0 to 1, the darkest to the brightest; all 0 where there is only one."""
    low, range_ = float(scan.pixels.min()), float(np.ptp(scan.pixels))
    return (scan.pixels.astype(np.float64) - low) / (range_ or 1.0)


def _with_part_of_range(scan: Scan, parts: Array) -> Scan:
    """Return a scan with grey values given as parts of its range, clipped to it."""
    pixels = scan.pixels.min() + np.clip(parts, 0.0, 1.0) * np.ptp(scan.pixels)
    return dataclasses.replace(scan, pixels=pixels)


def _quantise(parts: Array, bits: int) -> Array:
    steps = 2**bits - 1
    return np.asarray(np.rint(np.clip(parts, 0.0, 1.0) * steps) / steps)
