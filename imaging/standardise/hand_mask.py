"""The hand and forearm told from air, letters and plates."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.standardise.fingers import ALL_FINGERS, Fingers, find_fingers
from boneage.imaging.standardise.results import HandMask
from boneage.imaging.standardise.settings import FingerSettings, MaskSettings

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SIDES = ("top", "right", "bottom", "left")
_STEP = 2  # every second row and column are enough to fit a surface
_FIRST_WEIGHT = 0.5  # of pixels above the background, in the first fit


def find_hand(
    view: Picture, exposed: Mask, settings: MaskSettings, of_fingers: FingerSettings
) -> tuple[HandMask, Fingers | None]:
    """Find the hand in the exposed field.

    1. Fit the air's uneven brightness. 2. Choose the threshold above it at which the outline runs along the strongest
    edges. 3. Of the large parts that are no plates keep those with fingers, the largest if none has; fill their holes.

    Parameters
    ----------
    view : ndarray of float32, shape (rows, columns)
        The exposed field with bright bones.
    exposed : ndarray of bool, shape (rows, columns)
        Which of its pixels were exposed.
    settings : MaskSettings
    of_fingers : FingerSettings

    Returns
    -------
    hand : HandMask
        Its frame and length are those of the view's pixels.
    fingers : Fingers or None
        Of the hand with the most, on the mask's grid; None where there is no hand.
    """
    size = np.clip(np.rint(np.array(view.shape) * min(settings.size / max(view.shape), 1.0)).astype(int), 1, None)
    rows, columns = int(size[0]), int(size[1])
    small = cv2.resize(view, (columns, rows), interpolation=cv2.INTER_AREA)
    inside = cv2.resize(exposed.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST).astype(bool)
    to_small = Frame.resize(view.shape, (rows, columns))
    inside &= ~_find_blanks(small, inside, settings)
    low, high = np.percentile(small[inside], (settings.black, settings.white)) if inside.any() else (0.0, 0.0)
    if high <= low or min(rows, columns) < settings.min_size:
        return HandMask(np.zeros((rows, columns), dtype=bool), to_small, 0.0, 0, (), 0.0), None
    grey = ((np.clip(small, low, high) - low) / (high - low)).astype(np.float32)
    height = (grey - _fit_background(grey, inside, settings)).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    slope = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), cv2.Sobel(smooth, cv2.CV_32F, 1, 0))
    above = inside & (height > _choose_threshold(height[inside], slope[inside], settings))
    parts = [(part, find_fingers(part, of_fingers)) for part in _find_parts(above, settings)]
    parts.sort(key=lambda part: -min(len(part[1]), ALL_FINGERS))
    hands = [part for part in parts if len(part[1]) >= of_fingers.min_fingers] or parts[:1]
    if not hands:
        return HandMask(np.zeros_like(above), to_small, 0.0, 0, (), 0.0), None
    mask = np.logical_or.reduce([part for part, _ in hands])
    length = max(_measure_extent(part) for part, _ in hands) / to_small.scale()
    contacts = _find_contacts(mask, settings)
    return HandMask(mask, to_small, _judge(mask, slope, settings), len(hands), contacts, length), hands[0][1]


def _find_blanks(grey: Picture, inside: Mask, settings: MaskSettings) -> Mask:
    """Return pixels blackened far below the rest, with a margin: where a name was made unreadable."""
    if not inside.any():
        return np.zeros_like(inside)
    lowest, middle = float(grey[inside].min()), float(np.median(grey[inside]))
    blank = inside & (grey <= lowest + settings.blank_depth[0] * (middle - lowest))
    between = inside & ~blank & (grey < lowest + settings.blank_depth[1] * (middle - lowest))
    if blank.sum() <= between.sum() or blank.sum() > settings.max_blank * inside.sum():
        return np.zeros_like(inside)
    return np.asarray(cv2.dilate(blank.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _fit_background(grey: Picture, inside: Mask, settings: MaskSettings) -> Array:
    """Fit a quadratic surface to the air: pixels above it count little, and less with every fit; far below, too."""
    row, column = np.meshgrid(*(np.linspace(-1, 1, n) for n in grey.shape), indexing="ij")
    terms = np.stack([np.ones_like(row), row, column, row * row, row * column, column * column], axis=-1)
    used, value = (array[::_STEP, ::_STEP][inside[::_STEP, ::_STEP]] for array in (terms, grey.astype(np.float64)))
    weight = np.ones(len(value))
    ridge = settings.background_ridge * len(value) * np.diag([0.0, 1, 1, 1, 1, 1])
    surface: Array = np.zeros(6)
    for above in np.geomspace(_FIRST_WEIGHT, settings.weight_above, settings.n_fits):
        weighted = used * weight[:, None]
        surface = np.asarray(
            np.linalg.solve(weighted.T @ used + ridge + 1e-9 * np.eye(6), weighted.T @ value), dtype=np.float64
        )
        rest = value - used @ surface
        scale = 1.5 * float(np.median(np.abs(rest[rest <= 0]))) + 1e-3 if (rest <= 0).any() else 1e-3
        weight = np.where(rest > scale, above, np.where(rest < -3 * scale, above / 3, 1.0))
    return np.asarray(terms @ surface)


def _choose_threshold(height: Picture, slope: Picture, settings: MaskSettings) -> float:
    """Return the height, in a range below Otsu's threshold, of the pixels with the steepest slope."""
    otsu = _find_otsu(height)
    levels = np.linspace(settings.lowest_threshold * otsu, settings.highest_threshold * otsu, settings.n_thresholds + 1)
    if otsu <= 0:
        return otsu
    bins = np.digitize(height, levels)
    counts = np.bincount(bins, minlength=len(levels) + 1)[1:-1]
    sums = np.bincount(bins, weights=slope, minlength=len(levels) + 1)[1:-1]
    means = np.where(counts > 0, sums / np.maximum(counts, 1), 0.0)
    best = int(np.convolve(means, (0.25, 0.5, 0.25), mode="same").argmax())
    return float((levels[best] + levels[best + 1]) / 2)


def _find_otsu(values: Picture) -> float:
    counts, edges = np.histogram(values, 128)
    centres = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * centres)[:-1]
    total, whole = counts.sum(), float((counts * centres).sum())
    valid = (below > 0) & (below < total)
    if not valid.any():
        return float(centres[0])
    below, sums, centres = below[valid], sums[valid], centres[:-1][valid]
    between = (whole * below / total - sums) ** 2 / (below * (total - below))
    return float(centres[between.argmax()])


def _find_parts(above: Mask, settings: MaskSettings) -> list[Mask]:
    """Return the parts that may be hands, the largest first: large ones that do not fill a rectangle."""
    opened = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = np.array([cv2.contourArea(outline) for outline in outlines])
    parts: list[Mask] = []
    for index in np.argsort(-areas, kind="stable"):
        sides = np.array(cv2.minAreaRect(outlines[index])[1])
        if areas[index] < settings.min_area * above.size or areas[index] > settings.max_filling * sides.prod():
            continue
        if parts and areas[index] < settings.min_second_hand * parts[0].sum():
            break
        part = np.zeros(above.shape, dtype=np.uint8)
        cv2.drawContours(part, outlines, int(index), 1, cv2.FILLED)
        parts.append(part.astype(bool))
    return parts


def _judge(mask: Mask, slope: Picture, settings: MaskSettings) -> float:
    """Return which part of the outline lies on edges that stand out from the rest of the air."""
    if not mask.any() or mask.all():
        return 0.0
    outline = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).astype(bool)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if not outline.any() or near.all():
        return 0.0
    return float((slope[outline] > settings.edge_noise * np.median(slope[~near])).mean())


def _find_contacts(mask: Mask, settings: MaskSettings) -> tuple[str, ...]:
    """Return the sides of the field that the mask reaches."""
    near = settings.contact
    reached = (mask[:near].any(), mask[:, -near:].any(), mask[-near:].any(), mask[:, :near].any())
    return tuple(side for side, there in zip(_SIDES, reached, strict=True) if there)


def _measure_extent(part: Mask) -> float:
    """Return the longest side of the smallest rectangle around a part."""
    points = np.argwhere(part).astype(np.float32)
    return float(max(cv2.minAreaRect(points)[1])) + 1.0
