"""Label maps beside true ones: overlap, distance of centroids, and what is there or not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelOverlap:
    """One label in two maps.

    Parameters
    ----------
    label : int
    found, true : bool
        Whether it is in either map.
    dice : float
        Twice the common pixels by the pixels of both maps; NaN if it is in neither.
    distance : float
        Between the centroids, in pixels; NaN unless it is in both.
    """

    label: int
    found: bool
    true: bool
    dice: float
    distance: float


def compare_labels(
    found: NDArray[np.uint8], true: NDArray[np.uint8], labels: Sequence[int], pixel: Sequence[float] = (1.0, 1.0)
) -> list[LabelOverlap]:
    """Compare two label maps, label by label.

    Parameters
    ----------
    found, true : ndarray of uint8, shape (rows, columns)
    labels : sequence of int
    pixel : sequence of float
        Height and width of a pixel, in the unit of the distances.

    Raises
    ------
    ValueError
        If the maps differ in shape.

    Examples
    --------
    >>> true = np.array([[1, 1, 0, 2]], dtype=np.uint8)
    >>> [overlap.dice for overlap in compare_labels(np.array([[1, 0, 0, 0]], dtype=np.uint8), true, (1, 2))]
    [0.6666666666666666, 0.0]
    """
    if found.shape != true.shape:
        raise ValueError(f"label maps must have the same shape, got {found.shape} and {true.shape}")
    common = np.bincount(found[found == true], minlength=256)
    areas = [np.bincount(labels_.ravel(), minlength=256) for labels_ in (found, true)]
    centres = [_centroids(labels_) * np.asarray(pixel) for labels_ in (found, true)]
    overlaps = []
    for label in labels:
        n_found, n_true = int(areas[0][label]), int(areas[1][label])
        dice = 2 * int(common[label]) / (n_found + n_true) if n_found + n_true else math.nan
        distance = float(np.linalg.norm(centres[0][label] - centres[1][label]))
        overlaps.append(LabelOverlap(label, n_found > 0, n_true > 0, dice, distance))
    return overlaps


def measure_dice(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks; NaN if both are empty.

    Examples
    --------
    >>> measure_dice(np.array([True, True]), np.array([True, False]))
    0.6666666666666666
    """
    total = int(found.sum()) + int(true.sum())
    return 2 * int((found & true).sum()) / total if total else math.nan


@dataclass(frozen=True)
class Presence:
    """How often a label is found where it is, and not found where it is not.

    Parameters
    ----------
    n_there, n_absent : int
        Hands in which it is there, and in which it is not.
    sensitivity, specificity : float
        NaN without such hands.
    """

    n_there: int
    n_absent: int
    sensitivity: float
    specificity: float


def measure_presence(overlaps: Iterable[LabelOverlap]) -> Presence:
    """Count a label, or several, over hands.

    Examples
    --------
    >>> hands = [LabelOverlap(1, True, True, 0.9, 0.1), LabelOverlap(1, False, False, math.nan, math.nan)]
    >>> measure_presence(hands)
    Presence(n_there=1, n_absent=1, sensitivity=1.0, specificity=1.0)
    """
    pairs = [(overlap.true, overlap.found) for overlap in overlaps]
    there, absent = [found for true, found in pairs if true], [not found for true, found in pairs if not true]
    parts = (sum(of_kind) / len(of_kind) if of_kind else math.nan for of_kind in (there, absent))
    return Presence(len(there), len(absent), *parts)


def _centroids(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the centroid of each of 256 labels, shape (256, 2); NaN of one that is nowhere."""
    rows, columns = np.nonzero(labels)
    of_pixel = labels[rows, columns]
    counts = np.bincount(of_pixel, minlength=256)
    sums = [np.bincount(of_pixel, weights=places, minlength=256) for places in (rows, columns)]
    with np.errstate(invalid="ignore"):
        return np.stack(sums, axis=1) / counts[:, None]
