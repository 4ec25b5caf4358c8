"""Limits on the size and content of an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import UnreadableScan

SMALLEST_SIDE = 16
LARGEST_AREA = 200_000_000


def check_size(path: Path, rows: int, columns: int) -> None:
    """Refuse, before decoding, an image that is too small to show a hand or too large to hold."""
    if min(rows, columns) < SMALLEST_SIDE:
        raise UnreadableScan(path, f"is too small to show a hand ({rows} x {columns} pixels)")
    if rows * columns > LARGEST_AREA:
        raise UnreadableScan(path, f"is too large ({rows} x {columns} pixels, at most {LARGEST_AREA:,} in all)")


def check_content(path: Path, pixels: NDArray[np.float32]) -> None:
    """Refuse a blank image."""
    if pixels.min() == pixels.max():
        raise UnreadableScan(path, f"is blank: every pixel has the value {pixels.flat[0]:g}")
