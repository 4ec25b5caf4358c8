"""Each hand of a picture that shows several, as a picture of its own."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.scans import Scan
from boneage.imaging.standardise.grids import make_working_copy
from boneage.imaging.standardise.settings import StandardiseSettings
from boneage.imaging.standardise.several_hands import find_hands
from boneage.imaging.standardise.standardising import standardise

Mask = NDArray[np.bool_]


def split_hands(scan: Scan, settings: StandardiseSettings | None = None) -> tuple[Scan, ...]:
    """Return a scan of each hand in a picture, from left to right; the picture itself where it shows one or none.

    1. Find the hands; see :func:`~boneage.imaging.standardise.standardise`. 2. Give each pixel to the hand nearest to
    it. 3. Cut out the rectangle around a hand's pixels; what other hands have of it becomes as bright as the air.

    Parameters
    ----------
    scan : Scan
        A volume is returned as it is.
    settings : StandardiseSettings, optional

    Returns
    -------
    tuple of Scan
        At least one. ``frame_to_original()`` of each leads back to the original's pixels. Of several, none has a
        laterality: a file that states one does not say of which.

    Examples
    --------
    >>> from boneage.imaging.phantoms import draw_phantom_hand, join_hands
    >>> hand = draw_phantom_hand(np.random.default_rng(0), sex="F", age_months=120.0)
    >>> both, _, _ = join_hands((hand.scan, hand.points), (hand.scan, hand.points))
    >>> len(split_hands(hand.scan)), len(split_hands(both))
    (1, 2)
    """
    settings = settings or StandardiseSettings()
    found = standardise(scan, settings)
    if found.mask.n_hands < 2:
        return (scan,)
    copy, to_copy = make_working_copy(scan, settings.size)
    frame, length = found.mask.frame.compose(to_copy.inverse()), found.mask.length * to_copy.scale()
    in_copy = dataclasses.replace(found.mask, frame=frame, length=length)
    shares = _share_pixels(find_hands(copy, in_copy, found.polarity.inverted, settings), scan.pixels.shape)
    return tuple(_cut_out(scan, share, found.window.low) for share in shares)


def _share_pixels(hands: list[Mask], shape: tuple[int, ...]) -> list[Mask]:
    """Return which pixels of a grid of ``shape`` are nearer to each hand than to the others."""
    distances = [cv2.distanceTransform((~hand).astype(np.uint8), cv2.DIST_L2, 5) for hand in hands]
    nearest = np.argmin(distances, axis=0).astype(np.uint8)
    nearest = cv2.resize(nearest, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return [nearest == number for number in range(len(hands))]


def _cut_out(scan: Scan, share: Mask, air: float) -> Scan:
    """Return the rectangle around a share of the pixels, all others in it as bright as the air."""
    inside = [np.flatnonzero(share.any(axis=axis)) for axis in (1, 0)]
    part = tuple(slice(int(there[0]), int(there[-1]) + 1) for there in inside)
    pixels = np.where(share[part], scan.pixels[part], np.float32(air))
    from_part = Frame.from_linear(np.eye(2), [float(there[0]) for there in inside])
    to_original = scan.frame_to_original().compose(from_part)
    return dataclasses.replace(scan, pixels=pixels, laterality=None, to_original=to_original)
