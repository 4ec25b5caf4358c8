"""Outlines of bones and organs in mm, and what they absorb on a film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from boneage.imaging.phantoms.radiograph import Film

Array = NDArray[Any]

_SUBPIXEL_BITS = 4


def smooth_closed(corners: Sequence[Sequence[float]] | Array, n: int = 120) -> Array:
    """Return the smooth closed curve through corners, shape (n, 2)."""
    ring = np.asarray([*corners, corners[0]], np.float64)
    return np.asarray(make_interp_spline(np.arange(len(ring)), ring, k=3, bc_type="periodic")(_steps(len(ring), n)))


def smooth_path(corners: Sequence[Sequence[float]] | Array, n: int = 60) -> Array:
    """Return the smooth open curve through three or more corners, shape (n, 2)."""
    places = np.asarray(corners, np.float64)
    return np.asarray(
        make_interp_spline(np.arange(len(places)), places, k=min(3, len(places) - 1))(_steps(len(places), n))
    )


def outline_ellipse(
    middle: Sequence[float] | Array, half_width: float, half_height: float, turn_rad: float = 0.0
) -> Array:
    """Return the outline of an ellipse, shape (72, 2)."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    round_ = np.column_stack([half_width * np.cos(angle), half_height * np.sin(angle)])
    return np.asarray(np.asarray(middle, np.float64) + round_ @ np.array([[c, s], [-s, c]]))


def outline_strip(path: Array, widths: Sequence[float] | Array | float) -> Array:
    """Return the outline of what runs along a path, with one width or as many as it has places; shape (2 n, 2)."""
    along = np.gradient(path, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1)[:, None]
    half = (np.broadcast_to(np.asarray(widths, np.float64), len(path)) / 2)[:, None]
    return np.concatenate([path + half * across, (path - half * across)[::-1]])


def outline_long_bone(
    start: Sequence[float] | Array, end: Sequence[float] | Array, base: float, waist: float, head: float
) -> Array:
    """Return the outline of a long bone with the widths of its two ends and its shaft; the ends are rounded."""
    t = np.linspace(0, 1, 60)
    first, last = np.asarray(start, np.float64), np.asarray(end, np.float64)
    length = float(np.linalg.norm(last - first))
    width = waist + (base - waist) * np.exp(-((t / 0.16) ** 1.6)) + (head - waist) * np.exp(-(((1 - t) / 0.16) ** 1.6))
    for distance, side in ((t * length, base), ((1 - t) * length, head)):
        width = width * np.sqrt(np.clip(1 - np.clip(1 - distance / (0.32 * side), 0, 1) ** 2.5, 0.02, 1))
    return outline_strip(first + t[:, None] * (last - first), width)


def add_bone(film: Film, outline: Array, *, depth: float, cortex: float, density: float) -> None:
    """Add a hollow body: thin at its outline, ``depth`` mm deep at that distance within, as a tube is.

    Parameters
    ----------
    film : Film
    outline : ndarray of shape (n, 2)
        x, y in mm.
    depth : float
        Half thickness in mm.
    cortex : float
        Thickness of the dense shell in mm.
    density : float
        Absorption of ``depth`` mm of it where it is solid.
    """
    patch, distance = _distances(film, outline, depth)
    from_axis = np.clip(depth - distance, 0, None)
    outer = np.sqrt(np.clip(depth**2 - from_axis**2, 0, None))
    inner = np.sqrt(np.clip((depth - cortex) ** 2 - from_axis**2, 0, None)) * (from_axis < depth - cortex)
    film.absorption[patch] += np.asarray(density * (outer - 0.72 * inner) / depth * (distance > 0), np.float32)


def add_tissue(film: Film, outline: Array, *, amount: float, edge: float) -> None:
    """Add a rounded body of even tissue: ``amount``, which may be < 0, from ``edge`` mm within its outline on."""
    patch, distance = _distances(film, outline, edge)
    rounded = np.sqrt(np.clip(1 - (1 - np.clip(distance / edge, 0, 1)) ** 2, 0, 1))
    film.absorption[patch] += np.asarray(amount * rounded, np.float32)


def _distances(film: Film, outline: Array, reach: float) -> tuple[tuple[slice, slice], Array]:
    """Return the part of the film with an outline in it, and how many mm within the outline its pixels lie.

    Outside the outline that is 0; distances beyond ``reach`` mm may be too short.
    """
    places = film.to_film.apply(outline)
    low = np.clip(np.floor(places.min(axis=0)).astype(int) - 1, 0, film.absorption.shape)
    high = np.clip(np.ceil(places.max(axis=0)).astype(int) + 2, 0, film.absorption.shape)
    patch = (slice(low[0], high[0]), slice(low[1], high[1]))
    shape = (int(high[0] - low[0]), int(high[1] - low[1]))
    if min(shape) == 0:
        return patch, np.zeros(shape)
    margin = int(np.ceil(reach * film.pixels_per_mm)) + 2  # the film's edge is not the body's
    mask = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin), np.uint8)
    corners = np.round((places - low + margin)[:, ::-1] * 2**_SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, shift=_SUBPIXEL_BITS)
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)[margin:-margin, margin:-margin]
    return patch, np.asarray(np.minimum(distance, margin) / film.pixels_per_mm)


def _steps(n_corners: int, n: int) -> Array:
    return np.linspace(0, n_corners - 1, n)
