"""Similarities: robust fits in spite of outliers, local frames of landmarks, rotations and small changes of a pose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, compiled
from boneage.imaging.shapes import NoSimilarity, fit_similarities, fit_similarity

Array = NDArray[np.float64]


def fit_local_frames(shape: Array, mean: Array, neighbours: NDArray[np.integer], max_resize: float) -> Array:
    """Return the rotation and scale that bring the neighbours of each landmark into their places in the mean shape.

    Parameters
    ----------
    shape, mean : ndarray of shape (n, ndim)
    neighbours : ndarray of int, shape (n, n_neighbours)
        The neighbours of each landmark; without any, all maps are the identity.
    max_resize : float
        A map that enlarges or shrinks by more than this factor is rejected.

    Returns
    -------
    ndarray of shape (n, ndim, ndim)
        Linear maps; the identity where too few neighbours are known, or the map is rejected.
    """
    if not neighbours.shape[1]:
        return np.tile(np.eye(shape.shape[1]), (len(shape), 1, 1))
    linear, _ = fit_similarities(shape[neighbours], mean[neighbours], np.ones(neighbours.shape))
    size = np.abs(np.linalg.det(np.nan_to_num(linear))) ** (1 / shape.shape[1])
    plausible = (size > 1 / max_resize) & (size < max_resize)
    return np.where(plausible[:, None, None], linear, np.eye(shape.shape[1]))


def fit_similarity_robustly(
    source: Array, target: Array, weights: Array, tolerance: float, n_trials: int, n_refits: int
) -> tuple[Frame, Array]:
    """Fit a similarity in spite of outliers: random minimal fits, the best refined on its inliers.

    Parameters
    ----------
    source, target : ndarray of shape (n, ndim)
    weights : ndarray of shape (n,)
    tolerance : float
        Residual, in the target's unit, beyond which a pair has little weight.
    n_trials, n_refits : int
        Number of minimal fits, and of refinements.

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
    trials = _draw_trials(source, target, n_trials)
    if not len(trials):
        raise NoSimilarity("the landmarks coincide: no similarity can be fitted")
    placed = source @ trials[:, :-1, :-1].transpose(0, 2, 1) + trials[:, None, :-1, -1]
    agreed = _support(placed, target, weights, tolerance)
    return refit_similarity(source, target, weights, tolerance, agreed[int(np.argmax(agreed.sum(axis=1)))], n_refits)


def refit_similarity(
    source: Array, target: Array, weights: Array, tolerance: float, support: Array, n_refits: int
) -> tuple[Frame, Array]:
    """Fit a similarity a few times, each time with less weight for the pairs that it left far apart [1]_.

    Parameters
    ----------
    source, target : ndarray of shape (n, ndim)
    weights : ndarray of shape (n,)
    tolerance : float
        See :func:`fit_similarity_robustly`, as for what is returned.
    support : ndarray of shape (n,)
        The initial weights.
    n_refits : int

    Raises
    ------
    NoSimilarity
        If no two pairs of positive weight lie apart.

    References
    ----------
    .. [1] Holland, Welsch, "Robust regression using iteratively reweighted least-squares", Communications in Statistics
       6(9), 1977; with the weights of a Cauchy distribution.
    """
    if source.shape[1] == 2:
        matrix, support = np.eye(3), np.array(support, np.float64)
        if not _refit_in_plane(source, target, weights, tolerance, support, matrix, n_refits):
            raise NoSimilarity("the landmarks coincide: no similarity can be fitted")
        return Frame(matrix), support
    for _ in range(n_refits):
        best = fit_similarity(source, target, support)
        support = _support(best.apply(source), target, weights, tolerance)
    return best, support


@compiled
def _refit_in_plane(
    source: Array, target: Array, weights: Array, tolerance: float, support: Array, matrix: Array, n_refits: int
) -> bool:
    """Do what :func:`refit_similarity` does, in 2D, compiled: it runs a dozen times an image.

    ``support`` and ``matrix`` are changed in place. Returns whether there is a similarity.
    """
    n = len(source)
    for i in range(n):
        if np.isnan(source[i].sum() + target[i].sum()):
            support[i] = 0.0
    for _ in range(n_refits):
        total, y, x, v, u = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            if support[i] > 0:
                total += support[i]
                y, x = y + support[i] * source[i, 0], x + support[i] * source[i, 1]
                v, u = v + support[i] * target[i, 0], u + support[i] * target[i, 1]
        if total <= 0:
            return False
        y, x, v, u = y / total, x / total, v / total, u / total
        spread, along, across = 0.0, 0.0, 0.0
        for i in range(n):
            if support[i] > 0:
                a, b, c, d = source[i, 0] - y, source[i, 1] - x, target[i, 0] - v, target[i, 1] - u
                spread += support[i] * (a * a + b * b)
                along += support[i] * (a * c + b * d)
                across += support[i] * (c * b - d * a)
        if spread <= 1e-18 * total or np.hypot(along, across) <= 1e-9 * spread:
            return False
        cosine, sine = along / spread, across / spread  # times the scale
        matrix[0, 0], matrix[0, 1], matrix[0, 2] = cosine, sine, v - cosine * y - sine * x
        matrix[1, 0], matrix[1, 1], matrix[1, 2] = -sine, cosine, u + sine * y - cosine * x
        for i in range(n):
            c = matrix[0, 0] * source[i, 0] + matrix[0, 1] * source[i, 1] + matrix[0, 2] - target[i, 0]
            d = matrix[1, 0] * source[i, 0] + matrix[1, 1] * source[i, 1] + matrix[1, 2] - target[i, 1]
            support[i] = weights[i] / (1.0 + (c * c + d * d) / tolerance**2)
            if np.isnan(support[i]):
                support[i] = 0.0
    return True


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


def _draw_trials(source: Array, target: Array, n_trials: int) -> Array:
    """Return the matrices of similarities fitted to random minimal sets of pairs, shape (n, ndim + 1, ndim + 1)."""
    n, ndim = source.shape
    chosen = _choose_trials(n, min(ndim, n), n_trials)
    linear, offset = fit_similarities(source[chosen], target[chosen], np.ones(chosen.shape))
    matrices = np.tile(np.eye(ndim + 1), (len(linear), 1, 1))
    matrices[:, :-1, :-1], matrices[:, :-1, -1] = linear, offset
    missing = np.isnan(source[chosen]).any(axis=(1, 2)) | np.isnan(target[chosen]).any(axis=(1, 2))
    return np.asarray(matrices[np.isfinite(linear).all(axis=(1, 2)) & ~missing])


@cache
def _choose_trials(n: int, n_pairs: int, n_trials: int) -> NDArray[np.int64]:
    """Return random sets of ``n_pairs`` of n pairs, the same every time, shape (n_trials, n_pairs)."""
    return np.random.default_rng(0).random((n_trials, n)).argsort(axis=1)[:, :n_pairs]


def _support(placed: Array, target: Array, weights: Array, tolerance: float) -> Array:
    residual = np.linalg.norm(placed - target, axis=-1) / tolerance
    return np.asarray(np.nan_to_num(weights / (1.0 + residual**2), nan=0.0))
