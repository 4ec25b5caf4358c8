"""The orientation that EXIF and TIFF state: how the stored pixels are turned to show the picture upright."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame

N = TypeVar("N", bound=np.generic)

TAG = 274
_FLIPS_ROWS = (3, 4, 7, 8)  # stored axes that run against the shown ones, before rows and columns are swapped
_FLIPS_COLUMNS = (2, 3, 6, 7)
_SWAPS = (5, 6, 7, 8)


def check_orientation(value: object) -> int:
    """Return the orientation, 1 to 8; anything else counts as 1, upright."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_upright(pixels: NDArray[N], orientation: int) -> NDArray[N]:
    """Return stored pixels as they are shown.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns)
    orientation : int
        1 to 8, as in EXIF and TIFF: 6 is shown turned by a quarter clockwise.

    Examples
    --------
    >>> turn_upright(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation == 1:
        return pixels
    shown = pixels.T if orientation in _SWAPS else pixels
    rows, columns = _directions(orientation)
    return shown[::rows, ::columns]


def frame_to_stored(shown_shape: tuple[int, int], orientation: int) -> Frame:
    """Return the map from the pixels of the shown picture to those that are stored.

    Examples
    --------
    >>> frame_to_stored((2, 2), 6).apply([[0, 0]]).tolist()
    [[1.0, 0.0]]
    """
    rows, columns = _directions(orientation)
    linear = np.diag([float(rows), float(columns)])
    offset = np.array([n - 1.0 if step < 0 else 0.0 for n, step in zip(shown_shape, (rows, columns), strict=True)])
    if orientation in _SWAPS:
        linear, offset = linear[::-1], offset[::-1]
    return Frame.from_linear(linear, offset)


def counts_stored_pixels(shape: tuple[int, ...], shown_shape: tuple[int, int], orientation: int) -> bool:
    """Return whether a table that states ``shape`` counts in stored pixels: it has their proportions.

    Examples
    --------
    >>> counts_stored_pixels((300, 400), (400, 300), 6), counts_stored_pixels((800, 600), (400, 300), 6)
    (True, False)
    """
    if orientation not in _SWAPS or len(shape) != 2:
        return False
    shown = math.log(shown_shape[0] / shown_shape[1])
    stated = math.log(shape[0] / shape[1])
    return abs(stated + shown) < abs(stated - shown)


def turn_aspect(aspect: float, orientation: int) -> float:
    """Return the height of a shown pixel by its width from that of a stored one."""
    return 1 / aspect if orientation in _SWAPS else aspect


def _directions(orientation: int) -> tuple[int, int]:
    """Return the step, 1 or -1, along the shown rows and columns in the stored picture."""
    rows = -1 if orientation in _FLIPS_ROWS else 1
    columns = -1 if orientation in _FLIPS_COLUMNS else 1
    return rows, columns
