"""Bringing the axes of a volume into the usual order, without resampling (docs/decisions/0007)."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Array, Frame

CANONICAL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Where planes, rows and columns (in the columns of the matrix) run in LPS: to the back, the feet and the left."""

_SKEWED = 1e-3  # the largest cosine between two axes that still counts as perpendicular


def bring_to_order(voxels: NDArray[np.float32], to_patient: Frame) -> tuple[NDArray[np.float32], Frame]:
    """Return a volume with its axes in the usual order, and the map from there to the volume given.

    1. Among the orders and directions of axes that make a right-handed picture, find the one nearest to planes that
       run from front to back, rows from head to foot and columns from right to left.
    2. Swap and turn the axes.

    Parameters
    ----------
    voxels : ndarray of shape (k, j, i)
    to_patient : Frame
        Map from (k, j, i) to millimetres in LPS.

    Returns
    -------
    pixels : ndarray of shape (planes, rows, columns)
    to_given : Frame

    Raises
    ------
    ValueError
        If the axes of the volume are not perpendicular.

    Examples
    --------
    >>> axial = Frame.from_linear(np.diag([3.0, 1.0, 1.0])[::-1], [0, 0, 0])  # k to the head, j to the back, i left
    >>> pixels, to_given = bring_to_order(np.zeros((9, 20, 30), np.float32), axial)
    >>> pixels.shape
    (20, 9, 30)
    >>> to_given.apply([[5, 0, 7]]).tolist()
    [[8.0, 5.0, 7.0]]
    """
    turn = _estimate_rotation(to_patient)
    last = np.array(voxels.shape) - 1
    return turn_axes(voxels, turn), Frame.from_linear(turn, np.where(turn.sum(axis=1) < 0, last, 0))


def turn_axes(voxels: NDArray[np.float32], turn: Array) -> NDArray[np.float32]:
    """Swap and turn the axes of a volume.

    Parameters
    ----------
    voxels : ndarray of 3 dimensions
    turn : ndarray of shape (3, 3)
        Column ``a`` has 1 or -1 at the axis of ``voxels`` that the new axis ``a`` runs along, or against.

    Returns
    -------
    ndarray of 3 dimensions
        A view.
    """
    axes = np.abs(turn).argmax(axis=0).tolist()
    return np.flip(voxels.transpose(axes), tuple(np.flatnonzero(turn.sum(axis=0) < 0).tolist()))


def _estimate_rotation(to_patient: Frame) -> Array:
    linear = to_patient.matrix[:-1, :-1]
    directions = linear / np.linalg.norm(linear, axis=0)
    if np.abs(directions.T @ directions - np.eye(3)).max() > _SKEWED:
        raise ValueError("the axes of the volume are not perpendicular")
    agreement = CANONICAL.T @ directions
    handed = np.linalg.det(agreement)
    turns = (turn for turn in _TURNS if np.linalg.det(turn) * handed > 0)
    return max(turns, key=lambda turn: round(float(np.trace(agreement @ turn)), 6))


_TURNS = [np.diag(signs)[list(axes)] for axes in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)]
