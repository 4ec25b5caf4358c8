"""Outlines from probabilities: connected parts, parted where they touch, and named by the landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from skimage.segmentation import watershed

from boneage.imaging import Points
from boneage.regression.segmentation.anatomy import Centre

Array = NDArray[np.float64]
Labels = NDArray[np.int32]

_THRESHOLD = 0.5
_SMALLEST = 4e-5  # of the squared length of the hand: less than three pixels of the network are noise
_INSIDE = 0.012  # of the length of the hand: a place so near a part is counted as in it

_COMPACTNESS = 0.05  # depth that a pixel nearer to another place costs: parts without a neck are cut half-way


@dataclass(frozen=True, eq=False)
class Outlines:
    """The parts of one kind in one picture.

    Parameters
    ----------
    labels : ndarray of int32, shape (rows, columns)
        0 where there is nothing; n in the n-th part.
    names : tuple of str
        Of the parts, from the first on; empty for one that cannot be named.
    """

    labels: Labels
    names: tuple[str, ...]

    @property
    def n_unnamed(self) -> int:
        """How many parts have no name."""
        return self.names.count("")

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Return where a named part is; nowhere if it is not there."""
        if name not in self.names:
            return np.zeros(self.labels.shape, dtype=bool)
        return np.asarray(self.labels == self.names.index(name) + 1)


def name_parts(
    probabilities: NDArray[np.float32],
    centres: Mapping[str, Centre],
    points: Points,
    hand_length: float,
    *,
    least_probabilities: Mapping[str, float] | None = None,
) -> Outlines:
    """Find the parts of one kind and name them.

    1. Pixels more likely in than out make connected parts; tiny ones are left out.
    2. A part that holds the places of several centres is parted between them along the least likely pixels: the
       watershed of the probabilities, flooded from those places.
    3. Parts and centres are paired so that the sum of the distances of centroid and place, relative to the centre's
       reach, is least; beyond its reach no centre is paired.
    4. A named part that is nowhere as sure as its centre must be is left out.

    Parameters
    ----------
    probabilities : ndarray of shape (rows, columns)
        Of one kind; a mask of zeros and ones will do.
    centres : mapping of Centre
        By name.
    points : Points
        Landmarks in the picture's pixels.
    hand_length : float
        In the picture's pixels.
    least_probabilities : mapping of float, optional
        What the highest probability in the part of a centre must reach, by name; a half if not given.
    """
    inside = (probabilities > _THRESHOLD).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    labels = np.asarray(labels, dtype=np.int32)
    for part in np.flatnonzero(boxes[:, cv2.CC_STAT_AREA] < _SMALLEST * hand_length**2):
        labels[labels == part] = 0
    places = np.array([centre.locate(points) for centre in centres.values()]).reshape(-1, 2)
    labels = _part_touching(labels, probabilities, places, _INSIDE * hand_length)
    reaches = np.array([centre.reach for centre in centres.values()]) * hand_length
    found, centroids = measure_centroids(labels)
    owners = _pair(centroids, places, reaches)
    every = tuple(centres)
    names = ["" if owner < 0 else every[owner] for owner in owners]
    highest, least = np.zeros(int(labels.max()) + 1), least_probabilities or {}
    np.maximum.at(highest, labels, probabilities)
    kept = [k for k, name in enumerate(names) if not name or highest[found[k]] >= least.get(name, _THRESHOLD)]
    return Outlines(_renumber(labels, found[kept]), tuple(names[k] for k in kept))


def measure_centroids(labels: Labels) -> tuple[NDArray[np.intp], Array]:
    """Return the labels that occur, and the centroid of each part, shape (n, 2)."""
    counts = np.bincount(labels.ravel())
    found = np.flatnonzero(counts[1:]) + 1
    rows, columns = (
        np.bincount(labels.ravel(), weights=grid.ravel()) for grid in np.indices(labels.shape, dtype=np.float64)
    )
    return found, np.stack([rows[found], columns[found]], axis=1) / counts[found, None]


def _part_touching(labels: Labels, probabilities: NDArray[np.float32], places: Array, near: float) -> Labels:
    """Return the parts, each divided among the places that lie in it, or nearly."""
    parted, next_label = labels.copy(), int(labels.max()) + 1
    of_place = [_find_part(labels, place, near) for place in places]
    for part in {label for label, _ in of_place if label}:
        seeds = [pixels for label, pixels in of_place if label == part]
        if len(seeds) < 2:
            continue
        markers = np.zeros_like(labels)
        for k, pixels in enumerate(seeds):
            markers[tuple(pixels.T)] = next_label + k
        inside = labels == part
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
        divided = watershed(-probabilities * np.minimum(depth, near), markers, mask=inside, compactness=_COMPACTNESS)
        parted[inside] = divided[inside]
        next_label += len(seeds)
    return parted


def _find_part(labels: Labels, place: Array, near: float) -> tuple[int, NDArray[np.intp]]:
    """Return the part that has the pixel nearest to a place, and its pixels within ``near``, shape (n, 2); else 0."""
    nothing = np.zeros((0, 2), dtype=np.intp)
    if not np.isfinite(place).all():
        return 0, nothing
    low = np.maximum(np.floor(place - near), 0).astype(int)
    high = np.maximum(np.ceil(place + near) + 1, 0).astype(int)
    window = labels[low[0] : high[0], low[1] : high[1]]
    pixels = np.argwhere(window > 0) + low
    distances = np.linalg.norm(pixels - place, axis=1)
    pixels, distances = pixels[distances <= near], distances[distances <= near]
    if not len(pixels):
        return 0, nothing
    owners = labels[tuple(pixels.T)]
    part = int(owners[distances.argmin()])
    return part, pixels[owners == part]


def _pair(centroids: Array, places: Array, reaches: Array) -> list[int]:
    """Return the number of the place of each centroid; -1 for none."""
    owners = [-1] * len(centroids)
    if not len(centroids) or not len(places):
        return owners
    apart = np.linalg.norm(centroids[:, None] - places[None], axis=2) / reaches
    costs = np.where(np.isfinite(apart), np.minimum(apart, 1.0), 1.0)
    for part, place in zip(*linear_sum_assignment(costs), strict=True):
        if costs[part, place] < 1:
            owners[part] = int(place)
    return owners


def _renumber(labels: Labels, found: Sequence[int] | NDArray[np.intp]) -> Labels:
    """Return labels of which those found are 1, 2, ..."""
    table = np.zeros(int(labels.max()) + 1, dtype=np.int32)
    table[np.asarray(found, dtype=int)] = np.arange(1, len(found) + 1)
    return np.asarray(table[labels], dtype=np.int32)
