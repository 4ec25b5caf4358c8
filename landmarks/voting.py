"""From leaves to a place: votes are summed in a map, the map is smoothed, its peak is the estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from boneage.imaging import Frame, compiled
from boneage.landmarks.forest import VotingForest
from boneage.landmarks.settings import VoteWeight

_OFFSET = 100_000  # makes a place positive before it is truncated, so that it is rounded down
_OFFSET_AND_HALF = _OFFSET + 0.5


@dataclass(frozen=True, eq=False)
class VoteMap:
    """The smoothed votes for one landmark.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns) or (planes, rows, columns)
        Height relative to that of votes which all fall on one point: 0..1.
    to_map : Frame
        From the original's pixels to the map's.
    """

    values: NDArray[np.float32]
    to_map: Frame


def weigh_votes(forest: VotingForest, weight: VoteWeight, length: float) -> NDArray[np.float32]:
    """Return the weight of every leaf's vote for every landmark, shape (n_nodes, n_landmarks).

    Parameters
    ----------
    forest : VotingForest
    weight : {"uniform", "displacement", "spread"}
        1; ``exp(-|d| / length)`` of the displacement's length; ``1 / (1 + (s / length)**2)`` of the leaf's spread.
        0 where a leaf has no training positions of a landmark.
    length : float
        In pixels.
    """
    if weight == "uniform":
        weights = np.ones_like(forest.spreads_)
    elif weight == "displacement":
        weights = np.einsum("ijk,ijk->ij", forest.displacements_, forest.displacements_)
        np.sqrt(weights, out=weights)
        weights *= np.float32(-1.0 / length)
        np.exp(weights, out=weights)
    else:
        weights = 1.0 / (1.0 + (forest.spreads_ / length) ** 2)
    weights[forest.spreads_ < 0] = 0.0
    return weights


@compiled
def cast_votes(
    leaves: NDArray[np.int32],
    positions: NDArray[np.int64],
    displacements: NDArray[np.float32],
    weights: NDArray[np.float32],
    shape: NDArray[np.int64],
    maps: NDArray[np.float32],
    totals: NDArray[np.float64],
) -> None:
    """Add the votes of all positions to flat maps of one shape, one for each landmark.

    Parameters
    ----------
    leaves : ndarray of int32, shape (n, n_trees)
    positions : ndarray of int64, shape (n, ndim)
        Relative to the maps' first pixel.
    displacements : ndarray of float32, shape (n_nodes, n_landmarks, ndim)
    weights : ndarray of float32, shape (n_nodes, n_landmarks)
    shape : ndarray of int64, shape (ndim,)
        Of a map. Votes outside it are lost.
    maps : ndarray of float32, shape (n_landmarks, size)
        Added to in place.
    totals : ndarray of float64, shape (n_landmarks,)
        The weights of all votes, also of those outside, are added to it in place.
    """
    ndim = displacements.shape[2]
    for i in range(leaves.shape[0]):
        for tree in range(leaves.shape[1]):
            leaf = np.uint64(leaves[i, tree])
            for k in range(displacements.shape[1]):
                weight = weights[leaf, k]
                totals[k] += weight
                place = np.int64(0)
                inside = True
                for axis in range(ndim):
                    # Casting rounds towards 0; far enough above it, that is down.
                    vote = np.int64(positions[i, axis] + displacements[leaf, k, axis] + _OFFSET_AND_HALF) - _OFFSET
                    inside &= (vote >= 0) & (vote < shape[axis])
                    place = place * shape[axis] + vote
                if inside:
                    maps[k, np.uint64(place)] += weight


def vote(
    forest: VotingForest,
    leaves: NDArray[np.int32],
    positions: NDArray[np.int64],
    weights: NDArray[np.float32],
    shape: Sequence[int],
    smoothing: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Return where the votes for each landmark agree best, how well, and the maps of the votes.

    Parameters
    ----------
    forest : VotingForest
    leaves : ndarray of int32, shape (n, n_trees)
        Where the tested positions end.
    positions : ndarray of int64, shape (n, ndim)
        The tested positions, relative to the map's first pixel.
    weights : ndarray of float32, shape (n_nodes, n_landmarks)
    shape : sequence of int
        Of the maps.
    smoothing : float
        Standard deviation of the Gaussian that smooths the votes, in pixels.

    Returns
    -------
    peaks : ndarray of shape (n_landmarks, ndim)
        Sub-pixel, relative to the map's first pixel.
    scores : ndarray of shape (n_landmarks,)
        Height of the peak relative to that of votes which all fall on one point: 0..1.
    maps : ndarray of float32, shape (n_landmarks, *shape)
        The smoothed votes, as heights of the same kind.
    """
    n = forest.displacements_.shape[1]
    maps, totals = np.zeros((n, math.prod(shape)), np.float32), np.zeros(n)
    cast_votes(leaves, positions, forest.displacements_, weights, np.asarray(shape, np.int64), maps, totals)
    ideal = (np.sqrt(2 * np.pi) * smoothing) ** -len(shape)
    maps /= np.maximum(totals * ideal, 1e-12)[:, None]
    smoothed = [smooth(votes.reshape(shape), smoothing) for votes in maps]
    peaks, heights = zip(*(find_peak(surface) for surface in smoothed), strict=True)
    return np.array(peaks), np.clip(heights, 0.0, 1.0), np.array(smoothed)


def smooth(votes: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Smooth a map by a Gaussian; it is 0 outside."""
    if votes.ndim == 2:
        size = 2 * int(np.ceil(3 * sigma)) + 1
        return np.asarray(cv2.GaussianBlur(votes, (size, size), sigma, borderType=cv2.BORDER_CONSTANT))
    return np.asarray(ndimage.gaussian_filter(votes, sigma, mode="constant", truncate=3.0))


def find_peak(surface: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Return the sub-pixel place of the maximum (a parabola along each axis) and its height.

    Examples
    --------
    >>> rows, columns = np.mgrid[:9, :9]
    >>> hill = np.exp(-((rows - 4.25) ** 2 + (columns - 3) ** 2) / 8).astype(np.float32)
    >>> find_peak(hill)[0].round(1).tolist()
    [4.2, 3.0]
    """
    flat = surface.reshape(-1)
    best = int(flat.argmax())
    height = float(flat[best])
    peak = np.empty(surface.ndim)
    step, index = 1, best
    for axis in range(surface.ndim - 1, -1, -1):
        n = surface.shape[axis]
        index, top = divmod(index, n)
        peak[axis] = top
        if 0 < top < n - 1:
            before, after = float(flat[best - step]), float(flat[best + step])
            curvature = before - 2 * height + after
            if curvature < 0:
                peak[axis] += min(max(0.5 * (before - after) / curvature, -0.5), 0.5)
        step *= n
    return peak, height


def find_peaks(surface: NDArray[np.float32], width: int, n_peaks: int) -> NDArray[np.int64]:
    """Return the highest local maxima of a map, highest first, shape (n, ndim) with n from 1 to ``n_peaks``.

    Parameters
    ----------
    surface : ndarray of float32
    width : int
        Odd; a maximum is higher than everything in a box of this side.
    n_peaks : int
    """
    if surface.ndim == 2:
        around = cv2.dilate(surface, np.ones((width, width), np.uint8))
    else:
        around = ndimage.maximum_filter(surface, width, mode="constant")
    peaks = np.flatnonzero((surface == around) & (surface > 0))
    if not len(peaks):
        peaks = np.array([surface.argmax()])
    highest = peaks[np.argsort(-surface.reshape(-1)[peaks])[:n_peaks]]
    return np.stack(np.unravel_index(highest, surface.shape), axis=1).astype(np.int64)
