"""Similarity transforms between shapes: the mean training shape, and where it lies in an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame

Array = NDArray[np.float64]
_N_TRIALS = 200
_CLEARLY = 2.0  # how much better a mirror image must fit: a few landmarks in line fit either way
_MAX_LOCAL_RESIZE = 1.5  # neighbours that seem to be larger or smaller than this are not believed


class NoSimilarity(ValueError):
    """Two shapes between which no similarity can be fitted: too few points in common, or all in one place."""


def fit_similarity(source: Array, target: Array, weights: Array | None = None) -> Frame:
    """Return the similarity (rotation, one scale, shift; no reflection) that takes source to target.

    Weighted least squares in closed form [1]_; pairs with a NaN are left out.

    Parameters
    ----------
    source, target : ndarray of shape (n, ndim)
    weights : ndarray of shape (n,), optional

    Raises
    ------
    NoSimilarity
        If fewer than two pairs are left, or they coincide.

    References
    ----------
    .. [1] Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
       IEEE TPAMI 13(4), 1991.
    """
    w = np.ones(len(source)) if weights is None else np.asarray(weights, dtype=np.float64)
    use = ~np.isnan(source[:, 0]) & ~np.isnan(target[:, 0]) & (w > 0)
    if use.sum() < 2:
        raise NoSimilarity(f"a similarity needs at least 2 landmarks, got {use.sum()}")
    linear, offset = fit_similarities(source[use], target[use], w[use])
    if not np.isfinite(linear).all():
        raise NoSimilarity("the landmarks coincide: no similarity can be fitted")
    return Frame.from_linear(linear, offset)


def fit_similarities(source: Array, target: Array, weights: Array) -> tuple[Array, Array]:
    """Fit many similarities at once; see :func:`fit_similarity`.

    Parameters
    ----------
    source, target : ndarray of shape (..., n, ndim)
    weights : ndarray of shape (..., n)
        Not negative. Pairs with a NaN count for nothing.

    Returns
    -------
    linear : ndarray of shape (..., ndim, ndim)
        NaN where nothing can be fitted.
    offset : ndarray of shape (..., ndim)
    """
    known = np.asarray(np.isfinite(source).all(axis=-1) & np.isfinite(target).all(axis=-1))
    w = np.where(known, weights, 0.0)[..., None]
    a, b = np.where(known[..., None], source, 0.0), np.where(known[..., None], target, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        w = w / w.sum(axis=-2, keepdims=True)
        centre_a, centre_b = (w * a).sum(axis=-2, keepdims=True), (w * b).sum(axis=-2, keepdims=True)
        a, b = a - centre_a, b - centre_b
        spread = (w * a**2).sum(axis=(-2, -1))
        u, singular, vt = np.linalg.svd(np.nan_to_num((b * w).swapaxes(-1, -2) @ a))
        signs = np.ones_like(singular)
        signs[..., -1] = np.sign(np.linalg.det(u @ vt))
        scale = (singular * signs).sum(axis=-1) / spread
        scale = np.where((scale > 1e-9) & (spread > 1e-18), scale, np.nan)
    linear = scale[..., None, None] * ((u * signs[..., None, :]) @ vt)
    offset = centre_b - centre_a @ linear.swapaxes(-1, -2)
    return linear, offset[..., 0, :]


def turn_locally(shape: Array, mean: Array, neighbours: NDArray[np.integer]) -> Array:
    """Return how the surroundings of each landmark must be turned and scaled to lie as in the mean shape.

    Parameters
    ----------
    shape, mean : ndarray of shape (n, ndim)
    neighbours : ndarray of int, shape (n, n_neighbours)
        Which landmarks surround each.

    Returns
    -------
    ndarray of shape (n, ndim, ndim)
        Linear maps; the identity where too few neighbours are known.
    """
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
    support = agreed[int(np.argmax(agreed.sum(axis=1)))]
    for _ in range(5):
        best = fit_similarity(source, target, support)
        support = _support(best.apply(source), target, weights, tolerance)
    return best, support


def fit_pose(shape: Array, mean: Array, may_mirror: bool) -> Frame:
    """Return the similarity that takes a shape to the mean shape, with a reflection if only that fits well.

    Parameters
    ----------
    shape, mean : ndarray of shape (n, ndim)
    may_mirror : bool
        Whether a reflection is allowed.

    Raises
    ------
    NoSimilarity
        If there are too few landmarks, or they coincide.
    """
    straight = fit_similarity(shape, mean)
    if not may_mirror:
        return straight
    flip = Frame.from_linear(np.diag([*[1.0] * (shape.shape[1] - 1), -1.0]), np.zeros(shape.shape[1]))
    mirrored = fit_similarity(flip.apply(shape), mean).compose(flip)
    misfits = [float(np.nansum((pose.apply(shape) - mean) ** 2)) for pose in (straight, mirrored)]
    return mirrored if _CLEARLY * misfits[1] < misfits[0] else straight


def mean_shape(shapes: Sequence[Array], may_mirror: bool = False) -> Array:
    """Return the mean of shapes after removing place, size and rotation (generalised Procrustes analysis).

    Absent landmarks (NaN) are left out of the means.

    Parameters
    ----------
    shapes : sequence of ndarray of shape (n, ndim)
    may_mirror : bool
        Whether some of the shapes may be mirror images of the others; the mean is then of the side that most are of.

    Returns
    -------
    ndarray of shape (n, ndim)
        Centred on 0, the larger side of its bounding box 1, in the shapes' mean orientation.
    """
    upright = [_normalise(shape) for shape in shapes]
    if may_mirror:
        upright = _turn_to_one_side(upright)
    mean = _normalise(np.nanmean(upright, axis=0))
    for _ in range(5):
        aligned = [fit_pose(shape, mean, may_mirror).apply(shape) for shape in shapes]
        mean = _normalise(np.nanmean(aligned, axis=0))
    return mean


def shape_extent(shape: Array) -> float:
    """Return the larger side of a shape's bounding box."""
    return float((np.nanmax(shape, axis=0) - np.nanmin(shape, axis=0)).max())


def shape_centre(shape: Array) -> Array:
    """Return the centre of a shape's bounding box, shape (ndim,)."""
    return np.asarray((np.nanmax(shape, axis=0) + np.nanmin(shape, axis=0)) / 2)


def rotation(angle_rad: float, ndim: int) -> Array:
    """Return the rotation matrix in the plane of the last two axes (rows, columns)."""
    matrix = np.eye(ndim)
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    matrix[-2:, -2:] = [[c, -s], [s, c]]
    return matrix


def _normalise(shape: Array) -> Array:
    return np.asarray((shape - shape_centre(shape)) / shape_extent(shape), dtype=np.float64)


def _turn_to_one_side(shapes: Sequence[Array]) -> list[Array]:
    """Return the shapes, mirrored where they are so with respect to most."""
    fullest = max(shapes, key=lambda shape: int((~np.isnan(shape[:, 0])).sum()))
    mirrored = [_is_mirrored(shape, fullest) for shape in shapes]
    if 2 * sum(mirrored) > len(shapes):
        mirrored = [not side for side in mirrored]
    flip = np.append(np.ones(fullest.shape[1] - 1), -1.0)
    return [shape * flip if side else shape for shape, side in zip(shapes, mirrored, strict=True)]


def _is_mirrored(shape: Array, other: Array) -> bool:
    try:
        return bool(np.linalg.det(fit_pose(shape, other, True).matrix) < 0)
    except NoSimilarity:  # they have too few landmarks in common to tell
        return False


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
