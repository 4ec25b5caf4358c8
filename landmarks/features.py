"""Box features: the difference of two box means at random offsets: two values of a box-filtered picture, in 2D and 3D.

A picture is box-filtered once per box size and stored with a border as wide as the largest offset. A position
is then one number into the flat array, and a feature two numbers to add to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from boneage.imaging import Frame, shrink, warp

LEVELS = 2000  # grey levels between the 2nd and the 98th percentile
_N_PERCENTILE_PIXELS = 10_000  # from which a picture's percentiles are estimated
_NOISE = 0.03  # contrast, relative to that range, of a neighbourhood that is taken to be flat


@dataclass(frozen=True, eq=False)
class BoxStack:
    """Box-filtered pictures of one shape, ready for features.

    Parameters
    ----------
    values : ndarray of int16, shape (n_images, n_boxes, *padded shape)
    pad : int
        Width of the border.
    """

    values: NDArray[np.int16]
    pad: int

    @cached_property
    def strides(self) -> NDArray[np.int64]:
        """Steps in the flat array: to the next image, the next box, and along each axis."""
        shape = self.values.shape
        return np.cumprod((1, *shape[:0:-1]))[::-1].astype(np.int64)

    def flat(self, images: NDArray[np.integer], positions: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return places in the flat array of positions in the pictures.

        Parameters
        ----------
        images : ndarray of int, shape (n,)
        positions : ndarray of int, shape (n, ndim)
            Inside the pictures, or outside by no more than the border allows.
        """
        strides = self.strides
        return np.asarray(images * strides[0] + (positions + self.pad) @ strides[2:], dtype=np.int64)


def normalise_contrast(
    picture: NDArray[np.float32],
    contrast: float | NDArray[np.float64] = 0.0,
    tone: float = 1.0,
    noise: float = _NOISE,
) -> NDArray[np.float32]:
    """Bring a picture's grey to levels that compare between pictures.

    Parameters
    ----------
    picture : ndarray of float32
    contrast : float or ndarray of shape (ndim,)
        Standard deviation, in pixels (along each axis, if they differ), of the neighbourhood whose mean is brought to
        0 and whose contrast to ``LEVELS / 4``, so that a dark finger has the grey levels of a bright wrist. 0: the
        whole picture alike, its 2nd and 98th percentile to 0 and ``LEVELS``, clipped half a range beyond both.
    tone : float
        Exponent of the grey between the 2nd and the 98th percentile, where contrast is local: below 1, faint structures
        in dark regions weigh more.
    noise : float
        Contrast, relative to that range, of a neighbourhood that is taken to be flat, where contrast is local.
    """
    every = max(int((picture.size / _N_PERCENTILE_PIXELS) ** (1 / picture.ndim)), 1)
    low, high = np.percentile(picture[(slice(None, None, every),) * picture.ndim], (2, 98))
    grey = (picture - np.float32(low)) * np.float32(1.0 / max(float(high - low), 1e-6))
    if not np.any(contrast):
        return np.asarray(np.clip(grey, -0.5, 1.5) * LEVELS, dtype=np.float32)
    grey = np.asarray(np.maximum(grey, 0.0) ** tone, dtype=np.float32)  # by a square root, if the tone is 0.5
    mean, spread = _local_contrast(grey, contrast, noise)
    grey -= mean  # in place: to allocate a picture of a million pixels takes longer than to compute it
    grey /= spread
    np.clip(grey, -8, 8, out=grey)
    grey *= LEVELS / 4
    return grey


def stack_boxes(
    levels: Sequence[NDArray[np.float32] | NDArray[np.int16]], box_sizes: Sequence[int], pad: int
) -> BoxStack:
    """Box-filter pictures of one shape.

    Parameters
    ----------
    levels : sequence of ndarray, all of the same shape
        From :func:`normalise_contrast`.
    box_sizes : sequence of int
        Odd sides of the boxes, in pixels.
    pad : int
        Width of the border, which repeats the edge; at least the largest offset of a feature.
    """
    shape = tuple(n + 2 * pad for n in levels[0].shape)
    values = np.empty((len(levels), len(box_sizes), *shape), dtype=np.int16)
    for k, picture in enumerate(levels):
        padded = np.rint(picture).astype(np.int16)
        if pad:
            padded = np.pad(padded, pad, mode="edge")
        for b, size in enumerate(box_sizes):
            values[k, b] = _box_mean(padded, size)
    return BoxStack(values, pad)


def _local_contrast(
    grey: NDArray[np.float32], contrast: float | NDArray[np.float64], noise: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and the standard deviation of the grey around each pixel, by way of a smaller picture."""
    if grey.ndim != 2:
        return _local_contrast_in_volume(grey, np.broadcast_to(contrast, grey.ndim), noise)
    sigma = float(contrast)
    factor = max(int(sigma / 4), 1)
    small = tuple(max(n // factor, 1) for n in grey.shape[::-1])

    def smooth(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        reduced = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(reduced, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE))

    mean = smooth(grey)
    spread = _spread(mean, smooth(grey**2), noise)
    mean, spread = (cv2.resize(picture, grey.shape[::-1], interpolation=cv2.INTER_LINEAR) for picture in (mean, spread))
    return np.asarray(mean), np.asarray(spread)


def _local_contrast_in_volume(
    grey: NDArray[np.float32], sigmas: NDArray[np.float64], noise: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    factor = np.clip((sigmas / 3).astype(int), 1, grey.shape)

    def smooth(volume: NDArray[np.float32]) -> tuple[NDArray[np.float32], Frame]:
        small, from_small = shrink(volume, factor)
        smooth = ndimage.gaussian_filter(small, sigmas / factor, mode="nearest", truncate=3.0)
        return np.asarray(smooth, dtype=np.float32), from_small

    (mean, from_small), (square, _) = smooth(grey), smooth(grey**2)
    return warp(mean, from_small, grey.shape), warp(_spread(mean, square, noise), from_small, grey.shape)


def _spread(mean: NDArray[np.float32], square: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Return the standard deviation; hardly less than that of a neighbourhood that is taken to be flat."""
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)) + np.float32(noise))


def _box_mean(levels: NDArray[np.int16], size: int) -> NDArray[np.int16]:
    if size == 1:
        return levels
    if levels.ndim == 2:
        return np.asarray(cv2.blur(levels, (size, size), borderType=cv2.BORDER_REPLICATE), dtype=np.int16)
    return np.asarray(ndimage.uniform_filter(levels.astype(np.float32), size, mode="nearest"), dtype=np.int16)
