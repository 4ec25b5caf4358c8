"""Poses: where a shape lies in spite of landmarks gone astray, and how its parts are turned against the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.imaging.shapes import NoSimilarity, fit_similarities, fit_similarity

Array = NDArray[np.float64]
_N_TRIALS = 200
_N_REFITS = 5
_MAX_LOCAL_RESIZE = 1.5  # neighbours that seem to be larger or smaller than this are not believed


def turn_locally(shape: Array, mean: Array, neighbours: NDArray[np.integer] | None) -> Array:
    """Return how the surroundings of each landmark must be turned and scaled to lie as in the mean shape.

    Parameters
    ----------
    shape, mean : ndarray of shape (n, ndim)
    neighbours : ndarray of int, shape (n, n_neighbours), or None
        Which landmarks surround each, if that matters.

    Returns
    -------
    ndarray of shape (n, ndim, ndim)
        Linear maps; the identity where too few neighbours are known.
    """
    if neighbours is None:
        return np.tile(np.eye(shape.shape[1]), (len(shape), 1, 1))
    linear, _ = fit_similarities(shape[neighbours], mean[neighbours], np.ones(neighbours.shape))
    size = np.abs(np.linalg.det(np.nan_to_num(linear))) ** (1 / shape.shape[1])
    plausible = (size > 1 / _MAX_LOCAL_RESIZE) & (size < _MAX_LOCAL_RESIZE)
    return np.where(plausible[:, None, None], linear, np.eye(shape.shape[1]))


def fit_similarity_robustly(source: Array, target: Array, weights: Array, tolerance: float) -> tuple[Frame, Array]:
    """Fit a similarity in spite of outliers: random minimal fits, the best refined on its inliers.

    Parameters
    ----------
    source, target : ndarray of shape (n, ndim)
    weights : ndarray of shape (n,)
    tolerance : float
        Residual, in the target's unit, beyond which a pair counts for little.

    Returns
    -------
    frame : Frame
    support : ndarray of shape (n,)
        Weight of each pair in the fit, ``weights / (1 + (residual / tolerance)**2)``.

    Raises
    ------
    NoSimilarity
        If no two pairs of positive weight lie apart.
    """
    trials = _draw_trials(source, target)
    if not len(trials):
        raise NoSimilarity("the landmarks coincide: no similarity can be fitted")
    placed = source @ trials[:, :-1, :-1].transpose(0, 2, 1) + trials[:, None, :-1, -1]
    agreed = _support(placed, target, weights, tolerance)
    return refit_similarity(source, target, weights, tolerance, agreed[int(np.argmax(agreed.sum(axis=1)))])


def refit_similarity(
    source: Array, target: Array, weights: Array, tolerance: float, support: Array
) -> tuple[Frame, Array]:
    """Fit a similarity a few times, each time with less weight for the pairs that it left far apart [1]_.

    Parameters
    ----------
    source, target : ndarray of shape (n, ndim)
    weights : ndarray of shape (n,)
    tolerance : float
        See :func:`fit_similarity_robustly`, as for what is returned.
    support : ndarray of shape (n,)
        The weights to begin with.

    Raises
    ------
    NoSimilarity
        If no two pairs of positive weight lie apart.

    References
    ----------
    .. [1] Holland, Welsch, "Robust regression using iteratively reweighted least-squares", Communications in Statistics
       6(9), 1977; with the weights of a Cauchy distribution.
    """
    for _ in range(_N_REFITS):
        best = fit_similarity(source, target, support)
        support = _support(best.apply(source), target, weights, tolerance)
    return best, support


def rotation(angle_rad: float, ndim: int, still: int = 0) -> Array:
    """Return the rotation matrix in the plane of two axes: rows and columns; in 3D, all but the axis ``still``."""
    matrix = np.eye(ndim)
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    plane = np.ix_(*[[axis for axis in range(ndim) if ndim == 2 or axis != still]] * 2)
    matrix[plane] = [[c, -s], [s, c]]
    return matrix


def rotate(angles_rad: Sequence[float], ndim: int) -> Array:
    """Return the rotation by one angle in 2D; in 3D by three, about the planes', the rows' and the columns' axis."""
    matrix = rotation(angles_rad[0], ndim)
    for axis in range(1, len(angles_rad)):
        matrix = matrix @ rotation(angles_rad[axis], ndim, axis)
    return matrix


def nudge(ndim: int, turns_rad: Sequence[float], log_sizes: Sequence[float]) -> list[Frame]:
    """Return changes of a pose about the reference origin: turned about each axis, and resized."""
    axes = range(1 if ndim == 2 else 3)
    turns = [rotation(angle, ndim, axis) for axis in axes for angle in turns_rad]
    sizes = [np.eye(ndim) * np.exp(log_size) for log_size in log_sizes]
    return [Frame.from_linear(linear, np.zeros(ndim)) for linear in (*turns, *sizes)]


def _draw_trials(source: Array, target: Array) -> Array:
    """Return the matrices of similarities fitted to random minimal sets of pairs, shape (n, ndim + 1, ndim + 1)."""
    n, ndim = source.shape
    rng = np.random.default_rng(0)
    chosen = rng.random((_N_TRIALS, n)).argsort(axis=1)[:, : min(ndim, n)]
    linear, offset = fit_similarities(source[chosen], target[chosen], np.ones(chosen.shape))
    matrices = np.tile(np.eye(ndim + 1), (len(linear), 1, 1))
    matrices[:, :-1, :-1], matrices[:, :-1, -1] = linear, offset
    missing = np.isnan(source[chosen]).any(axis=(1, 2)) | np.isnan(target[chosen]).any(axis=(1, 2))
    return np.asarray(matrices[np.isfinite(linear).all(axis=(1, 2)) & ~missing])


def _support(placed: Array, target: Array, weights: Array, tolerance: float) -> Array:
    residual = np.linalg.norm(placed - target, axis=-1) / tolerance
    return np.asarray(np.nan_to_num(weights / (1.0 + residual**2), nan=0.0))
