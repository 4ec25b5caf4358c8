"""A film in a photograph: a dark quadrilateral, seen aslant, with a light box all around."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.lines import angle_between
from boneage.imaging.standardise.settings import FindingSettings

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RIM = 0.02  # of the longer side
_N_FITS = 3
_BRIGHTER = 0.5  # of the light above the darkest, by which little of a picture on a light box is brighter than that
_TOLERANCES = np.linspace(0.01, 0.08, 15)  # of the outline's length, by which a quadrilateral may be off


def lies_on_light_box(picture: Picture, settings: FindingSettings) -> bool:
    """Return whether a picture shows a film on a light box, seen aslant.

    1. Fit the light's brightness, uneven where the camera darkens corners, to the picture's rim; no film is brighter.
    2. What is as bright and joined to the rim is the light box. 3. It must be nearly all of the rim, and what it
    surrounds a quadrilateral whose opposite sides converge.

    Parameters
    ----------
    picture : ndarray of float32, shape (rows, columns)
        As it is shown, not inverted.
    settings : FindingSettings
    """
    rim = np.ones(picture.shape, dtype=bool)
    width = max(round(_RIM * max(picture.shape)), 3)
    rim[width:-width, width:-width] = False
    light = _fit_light(picture, rim)
    dark = np.percentile(picture, 5)
    if np.percentile(picture - light, 95) > _BRIGHTER * (np.median(light) - dark):
        return False
    lit = picture - dark > settings.light_box_level * np.maximum(light - dark, 0)
    _, labels = cv2.connectedComponents(lit.astype(np.uint8))
    box = np.isin(labels, np.unique(labels[rim & lit])) & lit
    if box[rim].mean() < settings.min_rim or box.all():
        return False
    sides = _find_quadrilateral(~box, settings)
    return sides is not None and measure_convergence(sides) > settings.min_convergence_rad


def measure_convergence(corners: Array) -> float:
    """Return the larger angle between opposite sides of a quadrilateral, in radians."""
    sides = np.roll(corners, -1, axis=0) - corners
    angles = np.arctan2(sides[:, 1], sides[:, 0]) % np.pi
    return max(float(angle_between(angles[k : k + 1], float(angles[k + 2]))[0]) for k in (0, 1))


def _fit_light(picture: Picture, rim: Mask) -> Array:
    """Fit a quadratic surface to the rim; what is far off it does not count."""
    row, column = np.meshgrid(*(np.linspace(-1, 1, n) for n in picture.shape), indexing="ij")
    terms = np.stack([np.ones_like(row), row, column, row * row, row * column, column * column], axis=-1)
    used, value = terms[rim], picture[rim].astype(np.float64)
    near = np.ones(len(value), dtype=bool)
    surface = np.zeros(terms.shape[-1])
    for _ in range(_N_FITS):
        surface = np.linalg.lstsq(used[near], value[near], rcond=None)[0]
        rest = np.abs(value - used @ surface)
        near = rest <= 4.5 * np.median(rest)
    return np.asarray(terms @ surface)


def _find_quadrilateral(inside: Mask, settings: FindingSettings) -> Array | None:
    """Return the corners of the quadrilateral that the largest part fills; None if it fills none."""
    opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    outline = max(outlines, key=cv2.contourArea)
    hull, area = cv2.convexHull(outline), cv2.contourArea(outline)
    if area < settings.min_film * inside.size:
        return None
    length = cv2.arcLength(hull, True)
    shapes = (cv2.approxPolyDP(hull, tolerance * length, True) for tolerance in _TOLERANCES)
    corners = next((shape[:, 0] for shape in shapes if len(shape) == 4), None)
    if corners is None or abs(area / cv2.contourArea(corners) - 1) > 1 - settings.min_filling:
        return None
    return np.asarray(corners, dtype=np.float64)
