"""Compiled kernels that resample a volume in another voxel grid, or shrink it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.jit import compiled


def warp_volume(
    pixels: NDArray[np.float32], to_source: Frame, shape: tuple[int, int, int], fill: float | None
) -> NDArray[np.float32]:
    """Resample a volume with trilinear interpolation, like SciPy's ``affine_transform`` of order 1.

    Parameters
    ----------
    pixels : ndarray of shape (planes, rows, columns)
    to_source : Frame
        Map from the result's positions to those in ``pixels``.
    shape : tuple of int
        Of the result.
    fill : float or None
        Value outside; the nearest voxel is repeated if it is ``None``.
    """
    resampled = np.empty(shape, np.float32)
    matrix = np.ascontiguousarray(to_source.matrix[:-1])
    _resample(np.ascontiguousarray(pixels), matrix, fill is None, np.float32(0.0 if fill is None else fill), resampled)
    return resampled


def average_blocks(pixels: NDArray[np.float32], factor: NDArray[np.int_]) -> NDArray[np.float32]:
    """Return the means of a volume's blocks of ``factor`` voxels along each axis; incomplete blocks are left out."""
    means = np.zeros(np.array(pixels.shape) // factor, np.float32)
    _sum_blocks(pixels, int(factor[0]), int(factor[1]), int(factor[2]), means)
    return np.asarray(means / np.float32(np.prod(factor)))


@compiled
def _sum_blocks(pixels: NDArray[np.float32], planes: int, rows: int, columns: int, sums: NDArray[np.float32]) -> None:
    for i in range(sums.shape[0] * planes):
        for j in range(sums.shape[1] * rows):
            for k in range(sums.shape[2]):
                total = np.float32(0.0)
                for m in range(k * columns, (k + 1) * columns):
                    total += pixels[i, j, m]
                sums[i // planes, j // rows, k] += total


@compiled
def _resample(
    pixels: NDArray[np.float32],
    matrix: NDArray[np.float64],
    repeat: bool,
    fill: np.float32,
    resampled: NDArray[np.float32],
) -> None:
    last_p, last_r, last_c = pixels.shape[0] - 1.0, pixels.shape[1] - 1.0, pixels.shape[2] - 1.0
    for i in range(resampled.shape[0]):
        for j in range(resampled.shape[1]):
            start_p = matrix[0, 0] * i + matrix[0, 1] * j
            start_r = matrix[1, 0] * i + matrix[1, 1] * j
            start_c = matrix[2, 0] * i + matrix[2, 1] * j
            for k in range(resampled.shape[2]):
                p = start_p + matrix[0, 2] * k + matrix[0, 3]
                r = start_r + matrix[1, 2] * k + matrix[1, 3]
                c = start_c + matrix[2, 2] * k + matrix[2, 3]
                if repeat:
                    p = min(max(p, 0.0), last_p)
                    r = min(max(r, 0.0), last_r)
                    c = min(max(c, 0.0), last_c)
                elif not (0.0 <= p <= last_p and 0.0 <= r <= last_r and 0.0 <= c <= last_c):
                    resampled[i, j, k] = fill
                    continue
                p0, r0, c0 = int(p), int(r), int(c)
                p1, r1, c1 = min(p0 + 1, int(last_p)), min(r0 + 1, int(last_r)), min(c0 + 1, int(last_c))
                fp, fr, fc = np.float32(p - p0), np.float32(r - r0), np.float32(c - c0)
                a = pixels[p0, r0, c0] + fc * (pixels[p0, r0, c1] - pixels[p0, r0, c0])
                b = pixels[p0, r1, c0] + fc * (pixels[p0, r1, c1] - pixels[p0, r1, c0])
                front = a + fr * (b - a)
                a = pixels[p1, r0, c0] + fc * (pixels[p1, r0, c1] - pixels[p1, r0, c0])
                b = pixels[p1, r1, c0] + fc * (pixels[p1, r1, c1] - pixels[p1, r1, c0])
                back = a + fr * (b - a)
                resampled[i, j, k] = front + fp * (back - front)
