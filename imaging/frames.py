"""Affine maps between pixel grids, so that every result can be taken back to the original pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """An affine map from positions in one pixel grid to positions in another.

    Positions are ``(row, column)`` in 2D and ``(plane, row, column)`` in 3D, with pixel centres at integers.

    Parameters
    ----------
    matrix : ndarray of shape (ndim + 1, ndim + 1)
        Homogeneous matrix, last row ``0 … 0 1``; must be invertible.

    Raises
    ------
    ValueError
        If the matrix is not square, not finite, not affine or not invertible.

    Examples
    --------
    >>> half = Frame.resize((100, 80), (50, 40))
    >>> half.apply([[0.5, 0.5]]).round(6).tolist()
    [[0.0, 0.0]]
    >>> half.inverse().apply(half.apply([[12.0, 7.0]])).round(6).tolist()
    [[12.0, 7.0]]
    """

    matrix: Array

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] not in (3, 4):
            raise ValueError(f"matrix must have shape (3, 3) or (4, 4), got {matrix.shape}")
        if not np.isfinite(matrix).all():
            raise ValueError("matrix must be finite")
        if matrix[-1].tolist() != [*[0.0] * (len(matrix) - 1), 1.0]:
            raise ValueError(f"the last row must be 0 … 0 1 (affine), got {matrix[-1].tolist()}")
        if abs(_determinant(matrix)) < 1e-12:
            raise ValueError("matrix must be invertible")
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.matrix) - 1

    @classmethod
    def identity(cls, ndim: int) -> Frame:
        """Return the map that leaves positions where they are."""
        return cls(np.eye(ndim + 1))

    @classmethod
    def from_linear(cls, linear: Array, offset: Sequence[float] | Array) -> Frame:
        """Return the map ``p -> linear @ p + offset``."""
        matrix = np.eye(len(linear) + 1)
        matrix[:-1, :-1] = linear
        matrix[:-1, -1] = offset
        return cls(matrix)

    @classmethod
    def resize(cls, shape: Sequence[int], new_shape: Sequence[int]) -> Frame:
        """Return the map from a grid of ``shape`` to one of ``new_shape`` that covers the same field of view.

        Pixel centres are at integers, so the corner of the field lies at -0.5 in both grids.
        """
        ratio = np.asarray(new_shape, dtype=np.float64) / np.asarray(shape, dtype=np.float64)
        return cls.from_linear(np.diag(ratio), 0.5 * ratio - 0.5)

    def apply(self, positions: Sequence[Sequence[float]] | Array) -> Array:
        """Map positions; NaN stays NaN.

        Parameters
        ----------
        positions : array_like of shape (n, ndim)

        Returns
        -------
        ndarray of shape (n, ndim)
        """
        points = np.asarray(positions, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.ndim:
            raise ValueError(f"positions must have shape (n, {self.ndim}), got {points.shape}")
        return points @ self.matrix[:-1, :-1].T + self.matrix[:-1, -1]

    def compose(self, first: Frame) -> Frame:
        """Return the map that applies ``first``, then this one."""
        if first.ndim != self.ndim:
            raise ValueError(f"cannot compose a {self.ndim}D frame with a {first.ndim}D one")
        return Frame(self.matrix @ first.matrix)

    def inverse(self) -> Frame:
        """Return the map back."""
        return self._inverse

    @cached_property
    def _inverse(self) -> Frame:
        return Frame(_invert(self.matrix))

    def scale(self) -> float:
        """Return the mean linear magnification (ndim-th root of the volume ratio)."""
        return float(abs(_determinant(self.matrix)) ** (1.0 / self.ndim))


def _invert(matrix: Array) -> Array:
    """Return the inverse of an affine map; in 2D in closed form, for speed."""
    if len(matrix) > 3:
        inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        inverse[-1, :-1], inverse[-1, -1] = 0.0, 1.0
        return inverse
    (a, b, row), (c, d, column), _ = matrix.tolist()
    determinant = a * d - b * c
    adjugate = np.array([[d, -b, b * column - d * row], [-c, a, c * row - a * column], [0.0, 0.0, determinant]])
    return np.asarray(adjugate / determinant)


def _determinant(matrix: Array) -> float:
    """Return the determinant of an affine map; in 2D in closed form, for speed: frames are made by the hundred."""
    if len(matrix) > 3:
        return float(np.linalg.det(matrix))
    (a, b, _), (c, d, _), _ = matrix.tolist()
    return float(a * d - b * c)
