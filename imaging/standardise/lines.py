"""Straight lines in a picture: edge pixels, and a Hough transform in which each votes near its own direction."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.settings import FieldSettings

Array = NDArray[np.float64]

_ANGLE_BINS = 90
_OFFSET_BIN = 2.0  # pixels
_SPREAD = np.arange(-2, 3)  # bins of angle that an edge pixel votes for
_MARGIN = 3.0  # pixels, half the width of a line


@dataclass(frozen=True, eq=False)
class Edges:
    """The edge pixels of a picture.

    Parameters
    ----------
    shape : tuple of int
    positions : ndarray of shape (n, 2)
        Row, column.
    angles_rad : ndarray of shape (n,)
        Direction of the gradient, modulo pi: 0 along rows' index, pi / 2 along columns' index.
    """

    shape: tuple[int, int]
    positions: Array
    angles_rad: Array


@dataclass(frozen=True)
class Line:
    """A straight run of edge pixels: the points ``p`` with ``p @ normal == offset``.

    ``start`` and ``end`` are positions along the line, ``p @ direction``.
    """

    angle_rad: float
    offset: float
    start: float
    end: float
    coverage: float

    @property
    def normal(self) -> Array:
        """Unit vector across the line (row, column)."""
        return np.array([np.cos(self.angle_rad), np.sin(self.angle_rad)])

    @property
    def direction(self) -> Array:
        """Unit vector along the line (row, column)."""
        return np.array([-np.sin(self.angle_rad), np.cos(self.angle_rad)])

    @property
    def length(self) -> float:
        """Length of the run, in pixels."""
        return self.end - self.start

    @property
    def pixels_per_length(self) -> float:
        """Number of pixels of a line one pixel wide, per unit of its length: fewer on a diagonal."""
        return float(np.abs(self.normal).max())

    def count_hits(self, points: Array) -> int:
        """Return how many pixels along the line some points on it cover; a gap of one pixel is none."""
        along = np.unique(np.rint(points @ self.direction * self.pixels_per_length))
        return int(np.minimum(np.diff(along), 2).sum()) + 1 if len(along) else 0

    def near(self, edges: Edges, tolerance_rad: float) -> NDArray[np.bool_]:
        """Return which edge pixels lie on the line and run along it."""
        near = np.abs(edges.positions @ self.normal - self.offset) <= _MARGIN
        index = np.flatnonzero(near)
        along = edges.positions[index] @ self.direction
        inside = (along >= self.start - _MARGIN) & (along <= self.end + _MARGIN)
        near[index] = inside & (angle_between(edges.angles_rad[index], self.angle_rad) <= 2 * tolerance_rad)
        return np.asarray(near)


def angle_between(first: Array, second: float) -> Array:
    """Return the angle between directions modulo pi, 0 to pi / 2."""
    return np.abs((first - second + np.pi / 2) % np.pi - np.pi / 2)


def find_edges(picture: NDArray[np.float32], settings: FieldSettings) -> Edges:
    """Return the pixels where the gradient is largest along its own direction."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    by_row, by_column = (
        cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125),
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125),
    )
    size = cv2.magnitude(by_row, by_column)
    spread = float(np.subtract(*np.percentile(picture[::2, ::2], (98.0, 2.0))))
    lowest = max(settings.edge_noise * float(np.median(size[::2, ::2])), settings.edge_contrast * spread, 1e-6)
    rows, columns = np.nonzero(size > lowest)
    vertical = np.abs(by_row[rows, columns]) >= np.abs(by_column[rows, columns])
    step_row, step_column = vertical.astype(int), (~vertical).astype(int)
    padded = np.pad(size, 1)
    peak = size[rows, columns] >= np.maximum(
        padded[rows + 1 + step_row, columns + 1 + step_column], padded[rows + 1 - step_row, columns + 1 - step_column]
    )
    rows, columns = rows[peak], columns[peak]
    angles = np.arctan2(by_column[rows, columns], by_row[rows, columns]) % np.pi
    return Edges(
        (picture.shape[0], picture.shape[1]), np.stack([rows, columns], 1).astype(np.float64), angles.astype(np.float64)
    )


def label_parts(edges: Edges, chosen: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return, for each edge pixel, the number of its connected part among the chosen ones; 0 for the others.

    Pixels with a gap of one between them are connected.
    """
    rows, columns = edges.positions.astype(int).T
    picture = np.zeros(edges.shape, dtype=np.uint8)
    picture[rows[chosen], columns[chosen]] = 1
    labels = cv2.connectedComponents(cv2.dilate(picture, np.ones((3, 3), np.uint8)))[1]
    return np.asarray(np.where(chosen, labels[rows, columns], 0), dtype=np.int32)


def find_lines(edges: Edges, settings: FieldSettings) -> list[Line]:
    """Return straight runs of edge pixels, at least as long as the settings say, in the order of their votes."""
    shortest = settings.min_length * min(edges.shape)
    reach = int(np.ceil(np.hypot(*edges.shape) / _OFFSET_BIN)) + 1
    cells = _vote(edges, reach)
    votes = np.bincount(cells.ravel(), minlength=_ANGLE_BINS * 2 * reach)
    lines = []
    for _ in range(settings.n_lines):
        peak = int(votes.argmax())
        if votes[peak] < 0.5 * shortest:
            break
        angle, offset = peak // (2 * reach) * (np.pi / _ANGLE_BINS), (peak % (2 * reach) - reach) * _OFFSET_BIN
        line = _trace(edges, angle, offset, settings)
        if line.length >= shortest:
            lines.append(line)
        gone = line.near(edges, settings.angle_tolerance_rad)
        votes -= np.bincount(cells[gone].ravel(), minlength=len(votes))
        votes[peak] = 0
        cells = cells[~gone]
        edges = Edges(edges.shape, edges.positions[~gone], edges.angles_rad[~gone])
    return lines


def _vote(edges: Edges, reach: int) -> NDArray[np.int_]:
    """Return the cells (angle, offset), flattened, that each edge pixel votes for; shape (n, votes)."""
    unwrapped = np.rint(edges.angles_rad * (_ANGLE_BINS / np.pi)).astype(int)[:, None] + _SPREAD
    bins = unwrapped % _ANGLE_BINS
    radians = bins * (np.pi / _ANGLE_BINS)
    offsets = edges.positions[:, :1] * np.cos(radians) + edges.positions[:, 1:] * np.sin(radians)
    return np.asarray(bins * (2 * reach) + np.rint(offsets / _OFFSET_BIN).astype(int) + reach)


def _trace(edges: Edges, angle_rad: float, offset: float, settings: FieldSettings) -> Line:
    """Fit a line to the edge pixels near a peak of the votes, and return its best covered run."""
    line = Line(angle_rad, offset, -np.inf, np.inf, 0.0)
    for _ in range(2):
        near = edges.positions[line.near(edges, settings.angle_tolerance_rad)]
        if len(near) < 2:
            return Line(angle_rad, offset, 0.0, 0.0, 0.0)
        line = _fit(near, line)
        line = _best_run(near, line)
    return line


def _fit(points: Array, line: Line) -> Line:
    """Return the line through points, by total least squares."""
    centre = points.mean(axis=0)
    normal = np.linalg.svd(points - centre, full_matrices=False)[2][-1]
    angle = float(np.arctan2(normal[1], normal[0]) % np.pi)
    return Line(angle, float(centre @ [np.cos(angle), np.sin(angle)]), line.start, line.end, 0.0)


def _best_run(points: Array, line: Line) -> Line:
    """Return the part of a line where most pixels are covered: the run of the largest sum, +1 a hit, -1 a gap."""
    step = line.pixels_per_length
    along = np.rint(points @ line.direction * step).astype(int)
    low = int(along.min())
    hits = np.zeros(int(along.max()) - low + 1)
    hits[along - low] = 1.0
    hits[1:-1] = np.maximum(hits[1:-1], hits[:-2] * hits[2:])  # a gap of one pixel is none
    sums = np.concatenate([[0.0], np.cumsum(2.0 * hits - 1.0)])
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    start = int(sums[: end + 1].argmin())
    coverage = float(hits[start:end].mean()) if end > start else 0.0
    return Line(line.angle_rad, line.offset, (low + start) / step, (low + end) / step, coverage)
