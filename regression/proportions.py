"""Proportions and detail of a radiograph: brought to those of a reference hand, or squashed to a thumbnail."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from boneage.imaging import Frame, NoSimilarity, Points, Scan, resize_scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.shapes import fit_similarity, mirror, shape_extent

Array = NDArray[np.float64]

_MAX_LOG_RATIO = 0.7  # proportions twice as broad, or half


def to_reference_side(scan: Scan, points: Points, reference: Points, mirrored: bool) -> tuple[Array, Frame]:
    """Return a hand's landmarks in true proportions and on the reference's side.

    Parameters
    ----------
    scan : Scan
    points : Points
        In original pixels.
    reference : Points
        Its landmark names are those that are returned, in its order.
    mirrored : bool
        Whether the hand is the mirror image of the reference; its landmarks are then mirrored back.

    Returns
    -------
    positions : ndarray of shape (n_landmarks, ndim)
        NaN for an absent landmark.
    frame : Frame
        From the scan's pixels to the space of the positions.

    Raises
    ------
    InvalidInput
        If the points lack a landmark name of the reference.
    """
    absent = [name for name in reference.names if name not in points.names]
    if absent:
        raise InvalidInput(f"the hand is aligned by the landmark {absent[0]}, which the points lack")
    frame = mirror(scan.ndim).compose(scan.frame_to_true()) if mirrored else scan.frame_to_true()
    from_original = frame.compose(scan.frame_to_original().inverse())
    return from_original.apply(points.select(reference.names).positions), frame


def fit_proportions(scan: Scan, points: Points, reference: Points, *, mirrored: bool = False) -> Scan:
    """Return the scan with the spacing ratio for which its landmarks fit a reference best.

    A copy that was squashed to a square of unknown original is then cropped like the original itself. Whether a hand
    is slender or broad is lost. A scan with fewer than three of the landmarks is returned unchanged.

    Parameters
    ----------
    scan : Scan
        2D.
    points : Points
        In original pixels.
    reference : Points
        The shape to compare with, in true proportions.
    mirrored : bool
        Whether the hand is the mirror image of the reference.

    Raises
    ------
    InvalidInput
        If the scan is not 2D, or the points lack a landmark name of the reference.
    """
    if scan.ndim != 2:
        raise InvalidInput("a volume has the proportions that its file says")
    positions, _ = to_reference_side(scan, points, reference, mirrored)
    if np.isfinite(positions).all(axis=1).sum() < 3:
        return scan

    def squared_distance(log_ratio: float) -> float:
        stretched = positions * [1.0, math.exp(log_ratio)]
        try:
            aligned = fit_similarity(stretched, reference.positions).apply(stretched)
        except NoSimilarity:
            return math.inf
        return float(np.nansum((aligned - reference.positions) ** 2))

    best = minimize_scalar(squared_distance, bounds=(-_MAX_LOG_RATIO, _MAX_LOG_RATIO), method="bounded")
    rows, columns = scan.spacing_array
    return dataclasses.replace(scan, spacing=(float(rows), float(columns) * math.exp(float(best.x))))


def to_thumbnail(scan: Scan, side: int) -> Scan:
    """Return a scan squashed to a square of ``side`` pixels by nearest-neighbour sampling.

    Thumbnails that were made like this are aliased, and networks learn the aliasing: a model of thumbnails needs a
    thumbnail of every hand. A scan whose sides are not larger than ``side`` is returned unchanged. The frame to the
    original's pixels stays right.

    Raises
    ------
    InvalidInput
        If the scan is not 2D.
    """
    if scan.ndim != 2:
        raise InvalidInput("thumbnails are made of radiographs, not of volumes")
    if max(scan.pixels.shape) <= side:
        return scan
    rows, columns = (((np.arange(side) + 0.5) * n / side).astype(int) for n in scan.pixels.shape)
    spacing = tuple(map(float, scan.true_size / side))
    to_original = scan.to_original and scan.to_original.compose(Frame.resize((side, side), scan.pixels.shape))
    return dataclasses.replace(
        scan, pixels=scan.pixels[np.ix_(rows, columns)], spacing=spacing, to_original=to_original
    )


def measure_hand(scan: Scan, points: Points, reference: Points, *, mirrored: bool = False) -> NDArray[np.float64]:
    """Return how many of a scan's pixels a hand measures from end to end, along each of the two axes.

    A squashed picture has fewer along one of them. NaN with fewer than two landmarks.

    Parameters
    ----------
    scan : Scan
        2D.
    points : Points
        In original pixels.
    reference : Points
        The shape whose larger side the hand's is the counterpart of.
    mirrored : bool
        Whether the hand is the mirror image of the reference.

    Returns
    -------
    ndarray of shape (2,)

    Raises
    ------
    InvalidInput
        If the points lack a landmark name of the reference.
    """
    positions, _ = to_reference_side(scan, points, reference, mirrored)
    try:
        to_reference = fit_similarity(positions, reference.positions)
    except NoSimilarity:
        return np.full(2, np.nan)
    length = shape_extent(reference.positions) / to_reference.scale()
    return np.array(scan.pixels.shape) * length / scan.true_size


def reduce_detail(scan: Scan, points: Points, reference: Points, detail: int, *, mirrored: bool = False) -> Scan:
    """Return a scan shrunk so that the hand measures no more than ``detail`` pixels along either axis.

    A film at full size and a small copy of it are then read alike. A scan with fewer pixels is returned unchanged, as
    is one with fewer than two landmarks.

    Parameters
    ----------
    scan : Scan
        2D.
    points : Points
        In original pixels.
    reference : Points
        The shape whose larger side the hand's is the counterpart of.
    detail : int
    mirrored : bool
        Whether the hand is the mirror image of the reference.

    Raises
    ------
    InvalidInput
        If the scan is not 2D, or the points lack a landmark name of the reference.
    """
    if scan.ndim != 2:
        raise InvalidInput("the detail of a volume is that of its file")
    measured = measure_hand(scan, points, reference, mirrored=mirrored)
    if np.isnan(measured).any():
        return scan
    old = np.array(scan.pixels.shape)
    new = np.minimum(np.maximum(np.rint(old * detail / measured), 1), old).astype(int)
    if (new == old).all():
        return scan
    return resize_scan(scan, (int(new[0]), int(new[1])))
