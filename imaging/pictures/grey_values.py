"""From the numbers of a file to grey values: colour, types of numbers, values that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
_ROWS = 256  # converted at once
_NARROW = 2.0**-12  # of the largest value: grey values that differ by less than this lose their steps as float32
_LARGE = 1e30
_WIDEST_ASPECT = 8.0


def compute_luminance(colour: NDArray[Any]) -> Grey:
    """Return the luminance of colours, shape (rows, columns, 3 or more); channels after the third are ignored."""
    grey = np.empty(colour.shape[:2], dtype=np.float32)
    for start in range(0, len(colour), _ROWS):  # so that large pictures take little memory
        rows = slice(start, start + _ROWS)
        grey[rows] = colour[rows, :, :3].astype(np.float32) @ _LUMINANCE
    return grey


def to_float32(values: NDArray[Any]) -> Grey:
    """Return numbers of any type as float32.

    They stay as they are where float32 can hold them; where it cannot, because they are too large or differ by too
    little, they become their height above the lowest one. NaN and infinity become NaN.

    Raises
    ------
    ValueError
        If they are not real numbers, or none of them is finite.

    Examples
    --------
    >>> to_float32(np.array([2**40, 2**40 + 1])).tolist()
    [0.0, 1.0]
    """
    if values.dtype.kind not in "biuf":
        raise ValueError(f"has values of the type {values.dtype}, which are no grey values")
    if values.dtype.kind != "f" and values.dtype.itemsize <= 2:
        return values.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("has no finite grey value")
    numbers = values if finite.all() else values[finite]
    low, high = float(numbers.min()), float(numbers.max())
    largest = max(abs(low), abs(high))
    if values.dtype.itemsize > 2 and (largest > _LARGE or 0 < high - low < _NARROW * largest):
        base, scale = values.dtype.type(low), 1 / (high / 2 - low / 2) if largest > _LARGE else 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            above = values * scale - low * scale if largest > _LARGE else values - base
        values = np.where(finite, above, 0)
    pixels = np.where(finite, values, 0).astype(np.float32)
    pixels[~finite] = np.nan
    return pixels


def invert(pixels: Grey) -> Grey:
    """Return grey values with black and white swapped; NaN stays NaN."""
    return np.nanmax(pixels) + np.nanmin(pixels) - pixels


def fill_darkest(pixels: Grey) -> Grey:
    """Return grey values, bright bones, whose NaN are the darkest value."""
    absent = np.isnan(pixels)
    return np.where(absent, np.nanmin(pixels), pixels) if absent.any() else pixels


def compute_aspect(per_column: object, per_row: object) -> float:
    """Return the height of a pixel by its width from its resolutions along a row and along a column; 1 if not valid.

    Examples
    --------
    >>> compute_aspect(200, 100), compute_aspect(200, 0)
    (2.0, 1.0)
    """
    try:
        ratio = float(per_column) / float(per_row)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0
    return ratio if 1 / _WIDEST_ASPECT <= ratio <= _WIDEST_ASPECT else 1.0


def to_relative_spacing(aspect: float) -> tuple[float, float]:
    """Return the spacing of pixels of this aspect; the shorter side has the length 1."""
    return (max(aspect, 1.0), max(1 / aspect, 1.0))
