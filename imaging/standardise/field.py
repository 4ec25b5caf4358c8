"""The exposed field: the part of a radiograph that was exposed, told from its surround by its straight sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.lines import Edges, Line, find_edges, find_lines, label_parts
from boneage.imaging.standardise.results import ExposedField
from boneage.imaging.standardise.settings import FieldSettings

Array = NDArray[np.float64]

_CLEARANCE = 4.0  # pixels beyond a line in which edge pixels are its own
_CROSSING = 0.7  # sine of the angle from which two sides cross
_TOUCHING = 0.5  # pixels within which a side bounds the outline


@dataclass(frozen=True, eq=False)
class _Side:
    """A line with its outside: the points ``p`` with ``p @ normal > offset``."""

    line: Line
    normal: Array
    offset: float

    def distance(self, points: Array) -> Array:
        """Return how far points lie outside."""
        return np.asarray(points @ self.normal - self.offset)


def find_exposed_field(picture: NDArray[np.float32], settings: FieldSettings) -> ExposedField:
    """Find the exposed field of a picture; the whole picture where none is found.

    1. Find straight lines. 2. A line is a side if next to nothing goes on beyond it: no edge pixels but those of other
    sides. So a line along a bone, a finger or a plate is none. 3. Keep the sides along the directions of one rectangle.
    4. Drop those that are not covered by edge pixels over most of the part that bounds the field; the more a side cuts
    off, the more. 5. Take the smallest rectangle around what is left.

    Parameters
    ----------
    picture : ndarray of float32, shape (rows, columns)
        In true proportions; a few hundred pixels.
    settings : FieldSettings

    Returns
    -------
    ExposedField
        In the picture's pixels.
    """
    edges = find_edges(picture, settings)
    sides = _choose_sides(edges, find_lines(edges, settings), settings)
    if not sides:
        return ExposedField.whole(edges.shape, settings.confidence_without_sides)
    sides, rotation = _choose_directions(sides, settings)
    border = ExposedField.whole(edges.shape, 0.0).corners
    sides, confidence = _keep_covered(sides, border, edges, settings)
    outline = _clip_all(border, sides, settings.margin)
    if not sides or not len(outline) or (np.ptp(outline, axis=0) < settings.min_size * np.array(edges.shape)).any():
        return ExposedField.whole(edges.shape, settings.confidence_without_sides)
    corners = _bounding_rectangle(outline, rotation)
    upright = _bounding_rectangle(outline, 0.0)
    if abs(rotation) <= settings.min_rotation_rad or _area(corners) >= settings.max_area * _area(upright):
        corners, rotation = upright, 0.0
    return ExposedField(corners, outline, rotation, len(sides), confidence)


def _choose_sides(edges: Edges, lines: list[Line], settings: FieldSettings) -> list[_Side]:
    """Return the lines that nothing goes on beyond, but for the edge pixels of other such lines.

    What is cut by a line has edges that run across it; letters in the surround do not reach it.
    """
    near = {line: line.near(edges, settings.angle_tolerance_rad) for line in lines}
    candidates, sides = [_outward(line, edges) for line in lines], list[_Side]()
    explained = np.zeros(len(edges.positions), dtype=bool)
    limit_across, limit_apart = (part * len(edges.positions) for part in (settings.max_across, settings.max_apart))
    while candidates:
        on_lines = np.logical_or.reduce([near[side.line] for side in candidates]) | explained
        part = label_parts(edges, ~on_lines)
        chosen = []
        for side in candidates:
            distance = side.distance(edges.positions)
            outside = (distance > _CLEARANCE) & ~explained
            across = np.isin(part, np.unique(part[(np.abs(distance) <= _CLEARANCE + 1) & (part > 0)]))
            if outside.sum() <= limit_apart and (outside & (across | (part == 0))).sum() <= limit_across:
                chosen.append(side)
        if not chosen:
            break
        sides += chosen
        candidates = [side for side in candidates if side not in chosen]
        for side in chosen:
            explained |= near[side.line]
    return sides


def _outward(line: Line, edges: Edges) -> _Side:
    """Return a line as a side with most edge pixels inside."""
    sign = 1.0 if (edges.positions @ line.normal < line.offset).mean() >= 0.5 else -1.0
    return _Side(line, sign * line.normal, sign * line.offset)


def _choose_directions(sides: list[_Side], settings: FieldSettings) -> tuple[list[_Side], float]:
    """Return the sides along the two directions of one rectangle, and its rotation: those of the greatest length."""
    angles = np.array([side.line.angle_rad for side in sides])
    lengths = np.array([side.line.length for side in sides])
    quarter = np.pi / 2
    turned = (angles[:, None] - angles + quarter / 2) % quarter - quarter / 2
    alike = np.abs(turned) <= settings.max_shear_rad
    best = int((alike * lengths[:, None]).sum(axis=0).argmax())
    chosen = alike[:, best]
    rotation = angles[best] + float(np.average(turned[chosen, best], weights=lengths[chosen]))
    kept = [side for side, keep in zip(sides, chosen, strict=True) if keep]
    return kept, float((rotation + quarter / 2) % quarter - quarter / 2)


def _keep_covered(
    sides: list[_Side], border: Array, edges: Edges, settings: FieldSettings
) -> tuple[list[_Side], float]:
    """Return the well covered sides that bound the field, and the least coverage among them."""
    covered = []
    for side in sides:
        crossing = [other for other in sides if abs(other.normal @ side.line.direction) > _CROSSING]
        coverage, cut = _cover(side, _clip_all(border, crossing), edges, settings)
        if coverage >= min(settings.min_coverage + settings.coverage_by_cut * cut, settings.max_coverage):
            covered.append((side, coverage))
    outline = _clip_all(border, [side for side, _ in covered])
    if not len(outline):
        return [], 0.0
    bounding = [(side, cover) for side, cover in covered if side.distance(outline).max() > -_TOUCHING]
    return [side for side, _ in bounding], min((cover for _, cover in bounding), default=0.0)


def _cover(side: _Side, polygon: Array, edges: Edges, settings: FieldSettings) -> tuple[float, float]:
    """Return which part of a side is covered by edge pixels within a polygon, and which part of it the side cuts off.

    The latter is a part of the polygon's width across the side.
    """
    if not len(polygon):
        return 0.0, 1.0
    line = side.line
    level, along = side.distance(polygon), polygon @ line.direction
    following, next_along = np.roll(level, -1), np.roll(along, -1)
    crossing = (level > 0) != (following > 0)
    if crossing.sum() < 2:
        return 0.0, 1.0
    part = level[crossing] / (level[crossing] - following[crossing])
    ends = along[crossing] + part * (next_along[crossing] - along[crossing])
    whole = Line(line.angle_rad, line.offset, float(ends.min()), float(ends.max()), 0.0)
    hits = whole.count_hits(edges.positions[whole.near(edges, settings.angle_tolerance_rad)])
    return float(min(hits / max(whole.length * line.pixels_per_length, 1.0), 1.0)), float(level.max() / np.ptp(level))


def _clip_all(polygon: Array, sides: list[_Side], margin: float = 0.0) -> Array:
    """Return the part of a convex polygon inside all sides, each moved inward by a margin."""
    for side in sides:
        polygon = _clip(polygon, side.distance(polygon) + margin)
    return polygon


def _clip(polygon: Array, level: Array) -> Array:
    """Return the part of a convex polygon where a linear function, given at its corners, is at most 0."""
    corners = []
    for here, there, a, b in zip(polygon, np.roll(polygon, -1, axis=0), level, np.roll(level, -1), strict=True):
        if a <= 0:
            corners.append(here)
        if (a > 0) != (b > 0):
            corners.append(here + a / (a - b) * (there - here))
    return np.array(corners).reshape(-1, 2)


def _bounding_rectangle(outline: Array, rotation_rad: float) -> Array:
    """Return the corners of the smallest rectangle of that rotation around a polygon."""
    cos, sin = np.cos(rotation_rad), np.sin(rotation_rad)
    axes = np.array([[cos, sin], [-sin, cos]])  # of its rows and columns
    low, high = (outline @ axes.T).min(axis=0), (outline @ axes.T).max(axis=0)
    return np.asarray(np.array([low, [low[0], high[1]], high, [high[0], low[1]]]) @ axes)


def _area(corners: Array) -> float:
    down, right = corners[3] - corners[0], corners[1] - corners[0]
    return float(np.linalg.norm(down) * np.linalg.norm(right))
