"""Box features: the difference of two box means at random offsets, by two look-ups in 2D as in 3D.

A picture is box-filtered once per box size and stored with a border as wide as the largest offset. A position
is then one number into the flat array, and a feature two numbers to add to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

LEVELS = 2000  # grey levels between the 2nd and the 98th percentile


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

    @property
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


def normalise_grey(picture: NDArray[np.float32]) -> NDArray[np.int16]:
    """Bring the 2nd and 98th percentile to 0 and ``LEVELS``, clipped half a range beyond both."""
    low, high = np.percentile(picture, (2, 98))
    levels = (picture - low) * (LEVELS / max(float(high - low), 1e-6))
    return np.asarray(np.clip(levels, -LEVELS // 2, LEVELS + LEVELS // 2), dtype=np.int16)


def stack_boxes(pictures: Sequence[NDArray[np.float32]], box_sizes: Sequence[int], pad: int) -> BoxStack:
    """Normalise and box-filter pictures of one shape.

    Parameters
    ----------
    pictures : sequence of ndarray, all of the same shape
    box_sizes : sequence of int
        Odd sides of the boxes, in pixels.
    pad : int
        Width of the border, which repeats the edge; at least the largest offset of a feature.
    """
    shape = tuple(n + 2 * pad for n in pictures[0].shape)
    values = np.empty((len(pictures), len(box_sizes), *shape), dtype=np.int16)
    for k, picture in enumerate(pictures):
        padded = np.pad(normalise_grey(picture), pad, mode="edge")
        for b, size in enumerate(box_sizes):
            values[k, b] = _box_mean(padded, size)
    return BoxStack(values, pad)


def _box_mean(levels: NDArray[np.int16], size: int) -> NDArray[np.int16]:
    if size == 1:
        return levels
    if levels.ndim == 2:
        return np.asarray(cv2.blur(levels, (size, size), borderType=cv2.BORDER_REPLICATE), dtype=np.int16)
    return np.asarray(ndimage.uniform_filter(levels.astype(np.float32), size, mode="nearest"), dtype=np.int16)
