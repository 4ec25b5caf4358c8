"""Measures of outlined ossification centres, by the length of the hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import expand_labels

from boneage.imaging import Frame, Points
from boneage.imaging.resampling import warp
from boneage.regression.segmentation.anatomy import Centre
from boneage.regression.segmentation.naming import Labels, Outlines

Array = NDArray[np.float64]

_FINER = 4  # outlines are measured between the network's pixels, where the interpolated probability is a half
_BEYOND = 2  # pixels around a part whose probabilities are still its own


@dataclass(frozen=True)
class CentreMeasure:
    """One centre of a hand, there or not; lengths by the length of the hand, NaN where there is nothing to measure.

    Parameters
    ----------
    name, group : str
    present : bool
    probability : float
        The network's highest in the part, or where the centre would lie; NaN where its place is not known, as
        landmarks are missing.
    score : float
        The network's mean in the part.
    row, column : float
        Centroid, in the picture's pixels.
    area : float
        By the squared length of the hand.
    width, height : float
        Across the axis of its bone, and along it.
    metaphysis_width : float
        Distance between the landmarks at the corners of its metaphysis; NaN without such landmarks.
    metaphysis_distance : float
        How far the outline's nearest point lies from the line through these corners; negative if it reaches beyond.
    """

    name: str
    group: str
    present: bool
    probability: float
    score: float = math.nan
    row: float = math.nan
    column: float = math.nan
    area: float = math.nan
    width: float = math.nan
    height: float = math.nan
    metaphysis_width: float = math.nan
    metaphysis_distance: float = math.nan

    @property
    def relative_width(self) -> float:
        """The width by that of the metaphysis."""
        return self.width / self.metaphysis_width


def refine_outlines(
    outlines: Outlines, probabilities: NDArray[np.float32], to_fine: Frame, shape: tuple[int, int]
) -> Labels:
    """Return the labels in another grid, with edges where the interpolated probability is a half.

    Parameters
    ----------
    outlines : Outlines
    probabilities : ndarray of shape (rows, columns)
        That the outlines were made of.
    to_fine : Frame
        From the outlines' pixels to those of the other grid.
    shape : tuple of int
        Of the other grid.
    """
    wide = expand_labels(outlines.labels, _BEYOND).astype(np.float32)
    labels = cv2.warpAffine(wide, _to_opencv(to_fine), (shape[1], shape[0]), flags=cv2.INTER_NEAREST)
    inside = warp(probabilities, to_fine, shape, fill=0.0) > 0.5
    return np.asarray(np.where(inside, labels, 0), dtype=np.int32)


def measure_centres(
    outlines: Outlines,
    probabilities: NDArray[np.float32],
    centres: Mapping[str, Centre],
    points: Points,
    hand_length: float,
) -> list[CentreMeasure]:
    """Measure each centre, in the order of ``centres``.

    Parameters
    ----------
    outlines : Outlines
    probabilities : ndarray of shape (rows, columns)
    centres : mapping of Centre
    points : Points
        Landmarks in the picture's pixels.
    hand_length : float
        In the picture's pixels.
    """
    rows, columns = outlines.labels.shape
    to_fine = Frame.resize((rows, columns), (rows * _FINER, columns * _FINER))
    fine = refine_outlines(outlines, probabilities, to_fine, (rows * _FINER, columns * _FINER))
    boxes = ndimage.find_objects(fine)
    free = np.where(outlines.labels == 0, probabilities, 0.0)
    fine_points, scale = points.mapped(to_fine), _FINER * hand_length
    measures = []
    for name, centre in centres.items():
        pixels = np.empty((0, 2))
        if name in outlines.names:
            label = outlines.names.index(name) + 1
            probability = float(probabilities[outlines.labels == label].max())
            pixels = _find_pixels(boxes, fine, label)
        else:
            probability = _highest_near(free, centre.locate(points), centre.reach / 2 * hand_length)
        if not len(pixels):
            measures.append(CentreMeasure(name, centre.group, False, probability))
            continue
        direction = centre.direction(points)
        middle = to_fine.inverse().apply([pixels.mean(axis=0)])[0]
        measures.append(
            CentreMeasure(
                name,
                centre.group,
                True,
                probability,
                float(probabilities[outlines.labels == label].mean()),
                float(middle[0]),
                float(middle[1]),
                len(pixels) / scale**2,
                _extent(pixels, np.array([-direction[1], direction[0]])) / scale,
                _extent(pixels, direction) / scale,
                _metaphysis_width(centre, points) / hand_length,
                _metaphysis_distance(pixels, centre, fine_points) / scale,
            )
        )
    return measures


def _find_pixels(boxes: Sequence[tuple[slice, ...] | None], labels: Labels, label: int) -> Array:
    """Return the rows and columns of a part, shape (n, 2).

    There are none if its probability is a half in a few pixels, and less between them.
    """
    box = boxes[label - 1] if label <= len(boxes) else None
    if box is None:
        return np.empty((0, 2))
    return np.asarray(np.argwhere(labels[box] == label) + np.array([part.start for part in box], dtype=np.float64))


def _extent(pixels: Array, axis: Array) -> float:
    return float(np.ptp(pixels @ axis)) + 1


def _metaphysis_width(centre: Centre, points: Points) -> float:
    if not centre.metaphysis:
        return math.nan
    first, second = points.select(centre.metaphysis).positions
    return float(np.linalg.norm(first - second))


def _metaphysis_distance(pixels: Array, centre: Centre, points: Points) -> float:
    """Return how far the nearest pixel lies from the line through the corners, to the hand's side of it."""
    if not centre.metaphysis:
        return math.nan
    first, second = points.select(centre.metaphysis).positions
    length = float(np.linalg.norm(second - first))
    if not length > 0:
        return math.nan
    distal = np.array([first[1] - second[1], second[0] - first[0]]) / length
    distal = distal if distal @ centre.direction(points) > 0 else -distal
    return float(((pixels - first) @ distal).min()) - 0.5


def _highest_near(probabilities: NDArray[np.float32], place: Array, radius: float) -> float:
    """Return the highest probability within a radius of a place; 0 outside the picture, NaN without a place."""
    if not np.isfinite(place).all():
        return math.nan
    rows, columns = np.ogrid[: probabilities.shape[0], : probabilities.shape[1]]
    near = (rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= radius**2
    return float(probabilities[near].max(initial=0.0))


def _to_opencv(frame: Frame) -> Array:
    """Return a map of rows and columns as OpenCV's of x and y, shape (2, 3)."""
    swap = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray((swap @ frame.matrix @ swap)[:2])
