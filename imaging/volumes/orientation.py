"""Bringing the axes of a volume into the usual order, without resampling (docs/decisions/0007)."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Array, Frame

CANONICAL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Directions of planes, rows and columns (the columns of the matrix) in LPS: to the back, the feet and the left."""

_SKEW_TOLERANCE = 1e-3  # the largest cosine between two axes that still counts as perpendicular


def to_canonical_axes(voxels: NDArray[np.float32], to_patient: Frame) -> tuple[NDArray[np.float32], Frame]:
    """Return a volume with its axes in the usual order, and the map from there to the volume given.

    1. Among the orders and directions of axes that give a right-handed picture, find the one nearest to planes from
       front to back, rows from head to foot and columns from right to left.
    2. Swap and flip the axes.

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
    >>> pixels, to_given = to_canonical_axes(np.zeros((9, 20, 30), np.float32), axial)
    >>> pixels.shape
    (20, 9, 30)
    >>> to_given.apply([[5, 0, 7]]).tolist()
    [[8.0, 5.0, 7.0]]
    """
    permutation = _find_permutation(to_patient)
    last = np.array(voxels.shape) - 1
    return permute_axes(voxels, permutation), Frame.from_linear(
        permutation, np.where(permutation.sum(axis=1) < 0, last, 0)
    )


def permute_axes(voxels: NDArray[np.float32], permutation: Array) -> NDArray[np.float32]:
    """Swap and flip the axes of a volume.

    Parameters
    ----------
    voxels : ndarray of 3 dimensions
    permutation : ndarray of shape (3, 3)
        Column ``a`` has 1 or -1 at the axis of ``voxels`` along which, or against which, the new axis ``a`` runs.

    Returns
    -------
    ndarray of 3 dimensions
        A view.
    """
    axes = np.abs(permutation).argmax(axis=0).tolist()
    return np.flip(voxels.transpose(axes), tuple(np.flatnonzero(permutation.sum(axis=0) < 0).tolist()))


def _find_permutation(to_patient: Frame) -> Array:
    linear = to_patient.matrix[:-1, :-1]
    directions = linear / np.linalg.norm(linear, axis=0)
    if np.abs(directions.T @ directions - np.eye(3)).max() > _SKEW_TOLERANCE:
        raise ValueError("the axes of the volume are not perpendicular")
    agreement = CANONICAL.T @ directions
    handed = np.linalg.det(agreement)
    allowed = (p for p in _PERMUTATIONS if np.linalg.det(p) * handed > 0)
    return max(allowed, key=lambda p: round(float(np.trace(agreement @ p)), 6))


_PERMUTATIONS = [
    np.diag(signs)[list(axes)] for axes in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)
]
