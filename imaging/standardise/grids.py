"""The pixel grids of standardising: a small working copy of the picture, and the exposed field cut out of a grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.scans import Scan
from boneage.imaging.standardise.results import ExposedField

Array = NDArray[np.float64]


def make_working_copy(scan: Scan, size: int) -> tuple[NDArray[np.float32], Frame]:
    """Shrink a radiograph to square pixels and at most ``size`` pixels along its longer side.

    Returns
    -------
    pixels : ndarray of float32, shape (rows, columns)
    to_copy : Frame
        From the file's pixels to the copy's.
    """
    shape = np.array(scan.pixels.shape)
    length = shape * scan.spacing_array
    pixel = max(float(length.max()) / size, float(scan.spacing_array.max()))
    rows, columns = np.clip(np.rint(length / pixel).astype(int), 1, shape)
    small = cv2.resize(scan.pixels, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32), Frame.resize(scan.pixels.shape, (int(rows), int(columns)))


def cut_field(field: ExposedField, shape: tuple[int, ...], spacing: Array) -> tuple[Frame, tuple[int, int]]:
    """Return the map from a grid to its part within the field, and the part's shape.

    Where the field is not aslant, the part is made of whole pixels of the grid; else its pixels have the same spacing.

    Parameters
    ----------
    field : ExposedField
        In the grid's pixels.
    shape : tuple of int
        The grid's.
    spacing : ndarray of shape (2,)
        The grid's, along rows and columns.
    """
    if field.rotation_rad == 0.0:
        low = np.clip(np.ceil(field.corners[0] - 1e-6 + 0.0).astype(int), 0, np.array(shape) - 1)
        high = np.clip(np.floor(field.corners[2] + 1e-6).astype(int) + 1, low + 1, shape)
        return Frame.from_linear(np.eye(2), -low.astype(np.float64)), (int(high[0] - low[0]), int(high[1] - low[1]))
    true = field.corners * spacing
    size = np.array([np.linalg.norm(true[3] - true[0]), np.linalg.norm(true[1] - true[0])])
    part = np.maximum(np.rint(size / spacing).astype(int), 1)
    cos, sin = np.cos(field.rotation_rad), np.sin(field.rotation_rad)
    turn = np.array([[cos, sin], [-sin, cos]])
    linear = turn * spacing / spacing[:, None]
    middle = field.corners.mean(axis=0)
    return Frame.from_linear(linear, (part - 1) / 2 - linear @ middle), (int(part[0]), int(part[1]))


def fill_outline(field: ExposedField, frame: Frame, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels of a grid were exposed; ``frame`` leads to it from the field's pixels."""
    mask = np.zeros(shape, dtype=np.uint8)
    outline = np.rint(frame.apply(field.outline)[:, ::-1]).astype(np.int32)
    cv2.fillConvexPoly(mask, outline, 1)
    return mask.astype(bool)
