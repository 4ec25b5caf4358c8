"""Every hand in a picture: those that touch are told apart, and those of another exposure or field are looked for."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.resampling import warp
from boneage.imaging.standardise.field import find_exposed_field
from boneage.imaging.standardise.fingers import find_fingers
from boneage.imaging.standardise.grids import cut_field, fill_outline
from boneage.imaging.standardise.hand_mask import find_hand
from boneage.imaging.standardise.results import HandMask
from boneage.imaging.standardise.settings import StandardiseSettings

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MOST_PALMS = 3  # beside the largest, that a part is divided by


def find_hands(picture: Picture, found: HandMask, inverted: bool, settings: StandardiseSettings) -> list[Mask]:
    """Find all hands in a picture in which one was found.

    1. Divide the parts of its mask in which two palms have fingers. 2. Look for a hand in the rest of the picture: left
    and right of what was found, above and below, each as a picture of its own, with its own field and threshold.

    Parameters
    ----------
    picture : ndarray of float32, shape (rows, columns)
        The working copy.
    found : HandMask
        Its frame leads from the picture's pixels.
    inverted : bool
        Whether bones are dark.
    settings : StandardiseSettings

    Returns
    -------
    list of ndarray of bool, shape (rows, columns)
        In the picture's pixels, from left to right; empty where no hand was found.
    """
    count, labels = cv2.connectedComponents(found.mask.astype(np.uint8), connectivity=8)
    parts = [part for label in range(1, count) for part in _divide(labels == label, settings)]
    from_mask = found.frame.inverse()
    drawn = (warp(part.astype(np.float32), from_mask, picture.shape, fill=0.0) > 0.5 for part in parts)
    hands = [hand for hand in drawn if hand.any()]
    if hands:
        hands += _find_others(-picture if inverted else picture, np.logical_or.reduce(hands), found.length, settings)
    return sorted(hands, key=lambda hand: float(np.nonzero(hand)[1].mean()))


def _divide(part: Mask, settings: StandardiseSettings) -> list[Mask]:
    """Return the two hands in a part: its pixels nearer to one palm or the other, where both have fingers."""
    depth = _measure_depth(part)
    palm, radius = np.array(np.unravel_index(int(depth.argmax()), depth.shape)), float(depth.max())
    pixels = np.moveaxis(np.indices(depth.shape), 0, -1)
    distance = np.linalg.norm(pixels - palm, axis=-1)
    depth = np.where(distance > settings.others.min_distance * radius, depth, 0)
    highest = cv2.dilate(depth, np.ones(2 * [max(int(radius), 1) | 1], np.uint8))
    peaks = np.argwhere((depth >= highest) & (depth > settings.others.min_palm * radius))
    for other in peaks[np.argsort(-depth[tuple(peaks.T)], kind="stable")][:_MOST_PALMS]:
        nearer = np.linalg.norm(pixels - other, axis=-1) < distance
        hands = [part & ~nearer, part & nearer]
        if all(len(find_fingers(hand, settings.fingers)) >= settings.fingers.min_fingers for hand in hands):
            return hands
    return [part]


def _measure_depth(part: Mask) -> NDArray[np.float32]:
    """Return how far each pixel of a mask is from what is not in it; beyond the grid nothing is."""
    depth: NDArray[np.float32] = cv2.distanceTransform(np.pad(part.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return depth


def _find_others(bright: Picture, hands: Mask, length: float, settings: StandardiseSettings) -> Iterator[Mask]:
    """Yield the hands in the strips of a picture beside those that were found."""
    radius = float(_measure_depth(hands).max())
    low, high = (edge(np.argwhere(hands), axis=0) for edge in (np.min, np.max))
    rows, columns = hands.shape
    for part in (
        np.s_[:, : low[1]],
        np.s_[:, high[1] + 1 :],
        np.s_[: low[0], :],
        np.s_[high[0] + 1 :, :],
    ):
        strip = np.ascontiguousarray(bright[part])
        if min(strip.shape) < settings.others.min_strip * length:
            continue
        found = _find_other(strip, length, settings)
        if found is not None and _measure_depth(found).max() >= settings.others.min_palm * radius:
            hand = np.zeros((rows, columns), dtype=bool)
            hand[part] = found
            yield hand


def _find_other(strip: Picture, length: float, settings: StandardiseSettings) -> Mask | None:
    """Return the hand in a part of the picture, in its pixels; None if there is none of about the same length."""
    field = find_exposed_field(strip, settings.field)
    to_view, shape = cut_field(field, strip.shape, np.ones(2))
    found, fingers = find_hand(
        warp(strip, to_view, shape), fill_outline(field, to_view, shape), settings.mask, settings.fingers
    )
    others = settings.others
    alike = others.min_length * length <= found.length <= length / others.min_length
    if fingers is None or len(fingers) < others.min_fingers or found.quality < others.min_quality or not alike:
        return None
    to_strip = found.frame.compose(to_view).inverse()
    return np.asarray(warp(found.mask.astype(np.float32), to_strip, strip.shape, fill=0.0) > 0.5)
