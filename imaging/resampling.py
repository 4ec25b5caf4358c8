"""Resampling of a scan in another pixel grid, without aliasing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from boneage.imaging.frames import Frame
from boneage.imaging.scans import Scan
from boneage.imaging.trilinear import average_blocks, warp_volume


def resample(
    pixels: NDArray[np.float32],
    to_target: Frame,
    shape: Sequence[int],
    *,
    fill: float | None = None,
) -> NDArray[np.float32]:
    """Resample ``pixels`` in a target grid of ``shape``.

    Where the target is much coarser, the source is first shrunk by whole factors (means of pixels), then smoothed by a
    Gaussian for the rest of the reduction, so that thin bones do not alias. Only the part of the source that the
    target covers is used.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (planes, rows, columns)
    to_target : Frame
        Map from source positions to target positions.
    shape : sequence of int
        Shape of the result.
    fill : float, optional
        Value outside the source; the nearest edge pixel is repeated if not given.

    Returns
    -------
    ndarray of float32 with ``shape``

    Examples
    --------
    >>> image = np.arange(16, dtype=np.float32).reshape(4, 4)
    >>> resample(image, Frame.identity(2), (4, 4)).tolist() == image.tolist()
    True
    """
    if to_target.ndim != pixels.ndim or len(shape) != pixels.ndim:
        raise ValueError(f"a {pixels.ndim}D image needs a {pixels.ndim}D frame and shape")
    pixels, from_part = _crop_to_target(pixels, to_target.inverse(), shape)
    to_target = to_target.compose(from_part)
    pixels, from_small = _shrink(pixels, to_target.inverse())
    to_target = to_target.compose(from_small)
    return warp(_smooth_for(pixels, to_target.inverse()), to_target, shape, fill=fill)


def resize_scan(scan: Scan, shape: Sequence[int]) -> Scan:
    """Return a scan of the same field in a grid of another ``shape``; see :func:`resample`."""
    to_new = Frame.resize(scan.pixels.shape, shape)
    return dataclasses.replace(
        scan,
        pixels=resample(scan.pixels, to_new, shape),
        spacing=tuple(map(float, scan.true_size / np.array(shape))),
        to_original=scan.frame_to_original().compose(to_new.inverse()),
    )


def warp(
    pixels: NDArray[np.float32],
    to_target: Frame,
    shape: Sequence[int],
    *,
    fill: float | None = None,
) -> NDArray[np.float32]:
    """Resample ``pixels`` in a target grid of about the same resolution: :func:`resample` without its smoothing."""
    to_source = to_target.inverse()
    if pixels.ndim == 2:
        return _warp_2d(pixels, to_source, (int(shape[0]), int(shape[1])), fill)
    return warp_volume(pixels, to_source, (int(shape[0]), int(shape[1]), int(shape[2])), fill)


def _crop_to_target(
    pixels: NDArray[np.float32], to_source: Frame, shape: Sequence[int]
) -> tuple[NDArray[np.float32], Frame]:
    """Return the part of the source that a target grid covers, with a margin for smoothing, and the map from it."""
    ends = np.array(np.meshgrid(*[(0.0, n - 1.0) for n in shape], indexing="ij")).reshape(pixels.ndim, -1).T
    corners = to_source.apply(ends)
    margin = 4 * np.linalg.norm(to_source.matrix[:-1, :-1], axis=1) + 2
    size = np.array(pixels.shape)
    # A target entirely outside the source is filled from the source's edge.
    low = np.clip(np.floor(corners.min(axis=0) - margin), 0, size - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + margin) + 1, low + 1, size).astype(int)
    part = pixels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return part, Frame.from_linear(np.eye(pixels.ndim), low)


def _shrink(pixels: NDArray[np.float32], to_source: Frame) -> tuple[NDArray[np.float32], Frame]:
    """Return the source shrunk by the whole factors that the target allows, and the map from it."""
    step = np.linalg.norm(to_source.matrix[:-1, :-1], axis=1)
    # Half of the step: the rest is smoothed enough that the place of the blocks hardly matters.
    return shrink(pixels, np.clip((step / 2).astype(int), 1, np.array(pixels.shape)))


def shrink(pixels: NDArray[np.float32], factor: NDArray[np.int_]) -> tuple[NDArray[np.float32], Frame]:
    """Shrink an image by whole factors, to the means of blocks. An incomplete block at the end is dropped.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (planes, rows, columns)
    factor : ndarray of int, shape (ndim,)
        Along each axis; no larger than the image.

    Returns
    -------
    small : ndarray of float32
    from_small : Frame
        From its pixels to the image's.
    """
    if (factor == 1).all():
        return pixels, Frame.identity(pixels.ndim)
    if pixels.ndim == 2:
        rows, columns = np.array(pixels.shape) // factor
        whole = pixels[: rows * factor[0], : columns * factor[1]]
        means = cv2.resize(whole, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    else:
        means = average_blocks(pixels, factor)
    return np.asarray(means), Frame.from_linear(np.diag(factor.astype(np.float64)), (factor - 1) / 2)


def _smooth_for(pixels: NDArray[np.float32], to_source: Frame) -> NDArray[np.float32]:
    # One target pixel covers `step` source pixels along each source axis. Bilinear reading already
    # smooths by about one pixel; the Gaussian supplies what is missing for larger steps.
    step = np.linalg.norm(to_source.matrix[:-1, :-1], axis=1)
    sigma = [0.5 * float(np.sqrt(s * s - 1.0)) if s > 1.05 else 0.0 for s in step]
    if not any(sigma):
        return pixels
    if pixels.ndim == 2:
        tiny = 1e-3  # OpenCV reads a sigma of 0 as "choose one for me"
        size = [2 * int(np.ceil(3 * s)) + 1 for s in sigma]
        return np.asarray(
            cv2.GaussianBlur(
                pixels,
                (size[1], size[0]),
                sigmaX=max(sigma[1], tiny),
                sigmaY=max(sigma[0], tiny),
                borderType=cv2.BORDER_REPLICATE,
            ),
            dtype=np.float32,
        )
    return np.asarray(ndimage.gaussian_filter(pixels, sigma, mode="nearest", truncate=3.0), dtype=np.float32)


def _warp_2d(
    pixels: NDArray[np.float32], to_source: Frame, shape: tuple[int, int], fill: float | None
) -> NDArray[np.float32]:
    # OpenCV speaks (x, y): swap the two axes of the matrix.
    swap = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    matrix = (swap @ to_source.matrix @ swap)[:2]
    return np.asarray(
        cv2.warpAffine(
            pixels,
            matrix,
            (shape[1], shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT,
            borderValue=0.0 if fill is None else fill,
        ),
        dtype=np.float32,
    )
