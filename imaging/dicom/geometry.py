"""Geometry of the slices of a DICOM volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.frames import Array, Frame

_GAP_TOLERANCE = 0.05  # of the median distance between slices
_SHIFT_TOLERANCE = 0.5  # pixels from the line through the first slice along the normal
_DIRECTION_TOLERANCE = 1e-3  # the largest difference of two directions that count as the same


@dataclass(frozen=True, eq=False)
class Slice:
    """Position of a slice in the patient.

    Parameters
    ----------
    name : str
        For messages.
    position : ndarray of shape (3,)
        Of the middle of its first pixel, in millimetres in LPS.
    directions : ndarray of shape (2, 3)
        Along growing columns, and along growing rows; of length 1 and perpendicular.
    spacing : ndarray of shape (2,)
        From row to row and from column to column, in millimetres.
    """

    name: str
    position: Array
    directions: Array
    spacing: Array

    @property
    def normal(self) -> Array:
        """The direction perpendicular to the slice, shape (3,)."""
        return np.cross(*self.directions)


def locate_slice(path: Path, name: str, position: Any, orientation: Any, spacing: Any) -> Slice:
    """Return the position of a slice from its DICOM fields, in DICOM's order of numbers.

    Raises
    ------
    UnreadableScan
        If a field is missing or not valid.
    """
    place = _numbers(path, name, "ImagePositionPatient", position, 3)
    directions = _numbers(path, name, "ImageOrientationPatient", orientation, 6).reshape(2, 3)
    lengths = _numbers(path, name, "PixelSpacing", spacing, 2)
    if np.abs(directions @ directions.T - np.eye(2)).max() > _DIRECTION_TOLERANCE:
        raise UnreadableScan(path, f"{name}: rows and columns are not perpendicular")
    if lengths.min() <= 0:
        raise UnreadableScan(path, f"{name}: PixelSpacing must be positive, got {lengths[0]:g} and {lengths[1]:g}")
    return Slice(name, place, directions, lengths)


def stack_slices(path: Path, slices: Sequence[Slice]) -> tuple[list[int], Frame]:
    """Sort slices by their position, and return their order and their map to the patient.

    Parameters
    ----------
    path : Path
        The file or folder of the slices, for messages.
    slices : sequence of Slice
        At least two.

    Returns
    -------
    order : list of int
        Along the normal, the cross product of the directions in which column and row grow.
    to_patient : Frame
        From (slice, row, column) to millimetres in LPS.

    Raises
    ------
    UnreadableScan
        If directions or spacings differ, slices are missing or double, or are shifted against each other, as those of
        a tilted gantry are.
    """
    first = slices[0]
    for other in slices[1:]:
        if np.abs(other.directions - first.directions).max() > _DIRECTION_TOLERANCE:
            raise UnreadableScan(path, f"mixes slices of several directions ({first.name} and {other.name})")
        if np.abs(other.spacing / first.spacing - 1).max() > _DIRECTION_TOLERANCE:
            raise UnreadableScan(path, f"mixes slices of several pixel spacings ({first.name} and {other.name})")
    positions = np.array([each.position for each in slices])
    heights = positions @ first.normal
    order = np.argsort(heights, kind="stable").tolist()
    gaps = np.diff(heights[order])
    median = float(np.median(gaps))
    for k, gap in enumerate(gaps.tolist()):
        names = f"{slices[order[k]].name} and {slices[order[k + 1]].name}"
        if gap <= _GAP_TOLERANCE * median or gap < 1e-3:
            raise UnreadableScan(path, f"two slices lie at the same place ({names})")
        if abs(gap - median) > _GAP_TOLERANCE * median:
            raise UnreadableScan(
                path, f"slices are missing, or unevenly spaced: {gap:.3g} mm between {names}, {median:.3g} mm elsewhere"
            )
    step = float(heights[order[-1]] - heights[order[0]]) / len(gaps)
    start = positions[order[0]]
    line = start + np.outer(np.arange(len(slices)) * step, first.normal)
    shift = np.abs((positions[order] - line) @ first.directions.T) / first.spacing[::-1]
    if shift.max() > _SHIFT_TOLERANCE:
        raise UnreadableScan(path, "its slices are shifted against each other (tilted gantry)")
    along_column, along_row = first.directions[1] * first.spacing[0], first.directions[0] * first.spacing[1]
    return order, Frame.from_linear(np.column_stack([first.normal * step, along_column, along_row]), start)


def _numbers(path: Path, name: str, field: str, values: Any, count: int) -> Array:
    try:
        numbers = np.array([float(value) for value in values])
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise UnreadableScan(path, f"{name} has no position ({field} is missing or not valid)")
    return numbers
