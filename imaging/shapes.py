"""Shapes: similarity transforms between sets of landmarks, and the mean of many (Procrustes analysis)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.points import Points

Array = NDArray[np.float64]

_MIRROR_RATIO = 2.0  # how much better a mirror image must fit: a few landmarks in line fit either way


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
        Not negative. Pairs with a NaN are left out.

    Returns
    -------
    linear : ndarray of shape (..., ndim, ndim)
        NaN where no similarity can be fitted.
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
        rotation, trace = _fit_rotations(np.nan_to_num((b * w).swapaxes(-1, -2) @ a))
        scale = trace / spread
        scale = np.where((scale > 1e-9) & (spread > 1e-18), scale, np.nan)
        linear = scale[..., None, None] * rotation
    offset = centre_b - centre_a @ linear.swapaxes(-1, -2)
    return linear, offset[..., 0, :]


def _fit_rotations(covariance: Array) -> tuple[Array, Array]:
    """Return the rotations nearest to matrices, and the traces of the products: by singular values, or angles in 2D."""
    if covariance.shape[-1] == 2:
        along = covariance[..., 0, 0] + covariance[..., 1, 1]
        across = covariance[..., 1, 0] - covariance[..., 0, 1]
        length = np.hypot(along, across)
        cosine, sine = along / length, across / length
        return np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(covariance.shape), length
    u, singular, vt = np.linalg.svd(covariance)
    signs = np.ones_like(singular)
    signs[..., -1] = np.sign(np.linalg.det(u @ vt))
    return (u * signs[..., None, :]) @ vt, (singular * signs).sum(axis=-1)


@dataclass(frozen=True, eq=False)
class Alignment:
    """The fit of a shape to another.

    Parameters
    ----------
    frame : Frame
        From the shape to the other; it reflects if the shape is mirrored.
    mirrored : bool
        Whether only the shape's mirror image fits well.
    residual : float
        Sum of the squared distances after the fit, over the landmarks that both have.
    """

    frame: Frame
    mirrored: bool
    residual: float


def align_to(shape: Array, pattern: Array) -> Alignment:
    """Fit a shape to another by a similarity, with a reflection if only that fits well.

    Parameters
    ----------
    shape, pattern : ndarray of shape (n, ndim)
        NaN for absent landmarks.

    Raises
    ------
    NoSimilarity
        If fewer than two landmarks are in both, or they coincide.

    Examples
    --------
    >>> pattern = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    >>> alignment = align_to(2 * pattern * [1, -1] + 5, pattern)
    >>> alignment.mirrored, round(alignment.residual, 6)
    (True, 0.0)
    """
    fits, ndim = [], shape.shape[1]
    for mirrored, side in ((False, Frame.identity(ndim)), (True, mirror(ndim))):
        frame = fit_similarity(side.apply(shape), pattern).compose(side)
        fits.append(Alignment(frame, mirrored, float(np.nansum((frame.apply(shape) - pattern) ** 2))))
    direct, reflected = fits
    return reflected if _MIRROR_RATIO * reflected.residual < direct.residual else direct


def fit_pose(shape: Array, pattern: Array, may_mirror: bool) -> Frame:
    """Return the similarity from a shape to another; with a reflection if that is allowed and only that fits well.

    Raises
    ------
    NoSimilarity
        If fewer than two landmarks are in both, or they coincide.
    """
    return align_to(shape, pattern).frame if may_mirror else fit_similarity(shape, pattern)


def mirror(ndim: int) -> Frame:
    """Return the reflection of the last axis (the columns) about 0."""
    return Frame.from_linear(np.diag(np.append(np.ones(ndim - 1), -1.0)), np.zeros(ndim))


def compute_mean_shape(hands: Sequence[Points]) -> Points | None:
    """Return the Procrustes mean of shapes; mirrored ones are mirrored back first.

    The shape with most landmarks is the pattern. All are aligned to it, mirrored if only that fits well. The mean has
    the pattern's pose, mirrored if the pattern is of the rarer side.

    Parameters
    ----------
    hands : sequence of Points
        With the same names.

    Returns
    -------
    Points or None
        Absent where a landmark is absent in all. None if none has two landmarks apart.
    """
    usable = [points.positions for points in hands if points.present.sum() > 1]
    usable = [shape for shape in usable if shape_extent(shape) > 0]
    if not usable:
        return None
    pattern = _find_fullest(usable)
    aligned, n_mirrored = [], 0
    for shape in usable:
        with contextlib.suppress(NoSimilarity):
            fit = align_to(shape, pattern)
            aligned.append(fit.frame.apply(shape))
            n_mirrored += fit.mirrored
    present = ~np.isnan(np.stack(aligned)[:, :, 0]).all(axis=0)
    mean = np.full_like(pattern, np.nan)
    mean[present] = mean_shape([shape[present] for shape in aligned])
    return Points(hands[0].names, mirror(mean.shape[1]).apply(mean) if 2 * n_mirrored > len(aligned) else mean)


def mean_shape(shapes: Sequence[Array], may_mirror: bool = False) -> Array:
    """Return the mean of shapes after removing place, size and rotation (generalised Procrustes analysis).

    Absent landmarks (NaN) are left out of the means.

    Parameters
    ----------
    shapes : sequence of ndarray of shape (n, ndim)
    may_mirror : bool
        Whether shapes may be mirror images of each other; the mean is then of the side of the majority.

    Returns
    -------
    ndarray of shape (n, ndim)
        Centred on 0, the larger side of its bounding box 1, in the shapes' mean orientation.
    """
    upright = [_normalise(shape) for shape in shapes]
    if may_mirror:
        upright = _mirror_to_one_side(upright)
    mean = _normalise(np.nanmean(upright, axis=0))
    for _ in range(5):
        aligned = [fit_pose(shape, mean, may_mirror).apply(shape) for shape in shapes]
        mean = _normalise(np.nanmean(aligned, axis=0))
    return mean


def shape_sides(shape: Array) -> Array:
    """Return the sides of a shape's bounding box, shape (ndim,)."""
    return np.asarray(np.nanmax(shape, axis=0) - np.nanmin(shape, axis=0))


def shape_extent(shape: Array) -> float:
    """Return the largest side of a shape's bounding box."""
    return float(shape_sides(shape).max())


def shape_centre(shape: Array) -> Array:
    """Return the centre of a shape's bounding box, shape (ndim,)."""
    return np.asarray((np.nanmax(shape, axis=0) + np.nanmin(shape, axis=0)) / 2)


def _normalise(shape: Array) -> Array:
    return np.asarray((shape - shape_centre(shape)) / shape_extent(shape), dtype=np.float64)


def _mirror_to_one_side(shapes: Sequence[Array]) -> list[Array]:
    """Return the shapes, mirrored where they are mirror images of the majority."""
    fullest = _find_fullest(shapes)
    mirrored = [_is_mirrored(shape, fullest) for shape in shapes]
    if 2 * sum(mirrored) > len(shapes):
        mirrored = [not side for side in mirrored]
    flip = mirror(fullest.shape[1])
    return [flip.apply(shape) if side else shape for shape, side in zip(shapes, mirrored, strict=True)]


def _find_fullest(shapes: Sequence[Array]) -> Array:
    """Return the first of the shapes with most landmarks."""
    return max(shapes, key=lambda shape: int((~np.isnan(shape[:, 0])).sum()))


def _is_mirrored(shape: Array, other: Array) -> bool:
    try:
        return align_to(shape, other).mirrored
    except NoSimilarity:  # too few landmarks in common
        return False
