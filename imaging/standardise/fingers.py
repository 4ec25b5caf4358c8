"""Fingers of an outline: its thin parts away from the palm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.settings import FingerSettings

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALL_FINGERS = 5


@dataclass(frozen=True, eq=False)
class Fingers:
    """The fingers of one hand.

    Parameters
    ----------
    palm : ndarray of shape (2,)
        Row, column of the centre of the largest circle in the outline.
    direction_rad : float
        From the palm to the middle of the fingers, along the outline's longer axis where some are hidden: 0 towards the
        first row, pi / 2 towards the last column.
    angles_rad : ndarray of shape (n_fingers,)
        Of each finger's tip, against the direction; increasing.
    """

    palm: Array
    direction_rad: float
    angles_rad: Array

    def __len__(self) -> int:
        return len(self.angles_rad)


def find_fingers(part: Mask, settings: FingerSettings) -> Fingers:
    """Find the fingers of an outline. Their directions hold in square pixels.

    Parameters
    ----------
    part : ndarray of bool, shape (rows, columns)
        At least one pixel is true.
    settings : FingerSettings
    """
    depth = cv2.distanceTransform(np.pad(part.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    radius = float(depth.max())
    palm = np.array(np.unravel_index(int(depth.argmax()), depth.shape), dtype=np.float64)
    count, labels = cv2.connectedComponents((part & ~_open(part, settings.thickness * radius)).astype(np.uint8))
    offsets = [np.argwhere(labels == label) - palm for label in range(1, count)]
    distances = [np.linalg.norm(offset, axis=1) for offset in offsets]
    pairs = list(zip(offsets, distances, strict=True))
    thin = np.concatenate([np.zeros((0, 2)), *(o[d > settings.min_distance * radius] for o, d in pairs)])
    if len(thin) < settings.min_area * radius**2:
        return Fingers(palm, 0.0, np.zeros(0))
    middle = thin.mean(axis=0)
    tips = [
        offset[distance >= np.quantile(distance, 0.8)].mean(axis=0)
        for offset, distance in pairs
        if distance.max() >= settings.min_length * radius and len(offset) >= settings.min_area * radius**2
    ]
    direction = _direction(middle) if len(tips) >= ALL_FINGERS else _direction(_longer_axis(part, middle))
    angles = [(_direction(tip) - direction + np.pi) % (2 * np.pi) - np.pi for tip in tips]
    spread = np.sort([angle for angle in angles if abs(angle) <= settings.max_spread_rad])
    return Fingers(palm, direction, spread.astype(np.float64))


def _longer_axis(part: Mask, towards: Array) -> Array:
    """Return the direction of a mask's greatest variance, on the side of another direction."""
    axis = np.linalg.eigh(np.cov(np.argwhere(part).T))[1][:, -1]
    return np.asarray(axis if axis @ towards >= 0 else -axis)


def _open(part: Mask, radius: float) -> Mask:
    """Return what is left of a mask where a disc fits into it; beyond the grid it goes on as at its edge."""
    reach = max(round(radius), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = np.pad(part.astype(np.uint8), reach + 1, mode="edge")
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc)
    return np.asarray(opened[reach + 1 : -reach - 1, reach + 1 : -reach - 1] > 0)


def _direction(offset: Array) -> float:
    return float(np.arctan2(offset[1], -offset[0]))
