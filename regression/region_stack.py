"""The regions of one hand as one value, and how their grey values are normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput

_PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True, eq=False)
class RegionStack:
    """The regions of one hand.

    Parameters
    ----------
    names : tuple of str
        Of the sites; ``hand`` and ``whole`` for the regions of :func:`~boneage.regression.crops.crop_hand` and
        :func:`~boneage.regression.crops.crop_whole`.
    pixels : ndarray of float32, shape (n_regions, side, side) or (n_regions, side, side, side)
        Grey values, normalised by :func:`normalise_grey`. Rows run from distal to proximal, and in a volume's regions
        columns to the side (see :class:`~boneage.regression.sites.Site`). Zeros for a missing region.
    present : ndarray of bool, shape (n_regions,)
    frames : tuple of Frame or None
        From each region's pixels to the pixels of the original file; ``None`` for a missing region. A picture that
        :func:`~boneage.regression.flattening.flatten_regions` made of a volume's region has the frame of the cube; the
        picture lies in the cube's middle plane.
    """

    names: tuple[str, ...]
    pixels: NDArray[np.float32]
    present: NDArray[np.bool_]
    frames: tuple[Frame | None, ...]

    def __post_init__(self) -> None:
        n = len(self.names)
        sides = self.pixels.shape[1:]
        if self.pixels.shape[:1] != (n,) or len(sides) not in (2, 3) or self.pixels.dtype != np.float32:
            raise InvalidInput(f"pixels must be float32 of shape ({n}, side, side[, side]), got {self.pixels.shape}")
        if self.present.shape != (n,) or len(self.frames) != n:
            raise InvalidInput(f"present and frames must have {n} entries")
        if not np.isfinite(self.pixels).all():
            raise InvalidInput("pixels must be finite")
        if any((frame is not None) != present for frame, present in zip(self.frames, self.present, strict=True)):
            raise InvalidInput("a region has a frame if it is present, and only then")


def join_regions(first: RegionStack, second: RegionStack) -> RegionStack:
    """Return the regions of two stacks of one hand as one stack."""
    return RegionStack(
        first.names + second.names,
        np.concatenate([first.pixels, second.pixels]),
        np.concatenate([first.present, second.present]),
        first.frames + second.frames,
    )


def normalise_grey(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one region's grey values with their 1st percentile at 0 and their 99th at 1, clipped; any shape."""
    low, high = np.percentile(pixels, _PERCENTILES)
    return np.asarray(np.clip((pixels - low) / max(float(high - low), 1e-6), 0.0, 1.0), dtype=np.float32)
