"""The grey window: which grey values become 0 and 1, whatever letters, plates and rims are in the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.results import GreyWindow, HandMask, Polarity
from boneage.imaging.standardise.settings import WindowSettings

Mask = NDArray[np.bool_]


def choose_window(
    view: NDArray[np.float32], exposed: Mask, hand: HandMask, polarity: Polarity, settings: WindowSettings
) -> GreyWindow:
    """Choose the window from the air's and the hand's grey values.

    From all grey values where no hand is found, or much of the field is brighter than it.

    Parameters
    ----------
    view : ndarray of float32, shape (rows, columns)
        The exposed field, in the file's grey values.
    exposed : ndarray of bool, shape (rows, columns)
        Which of its pixels were exposed.
    hand : HandMask
        Found in the view.
    polarity : Polarity
    settings : WindowSettings
    """
    sign = -1.0 if polarity.inverted else 1.0
    rows, columns = hand.mask.shape
    small = sign * cv2.resize(view, (columns, rows), interpolation=cv2.INTER_AREA)
    inside = cv2.resize(exposed.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
    reach = 2 * max(round(settings.ring * max(rows, columns)), 1) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    ring = (cv2.dilate(hand.mask.astype(np.uint8), disc) > 0) & ~hand.mask & inside
    bones = hand.mask & inside
    if bones.any() and ring.any():
        low = sign * float(np.percentile(small[ring], settings.air))
        high = sign * float(np.percentile(small[bones], settings.bone))
        clipped = float((small[inside] > sign * high).mean())
        if sign * (high - low) > 0 and clipped <= settings.max_clipped:
            return GreyWindow(low, high, hand.quality)
    grey = sign * view[exposed] if exposed.any() else sign * view.ravel()
    low, high = (sign * float(value) for value in np.percentile(grey, (settings.black, settings.white)))
    return GreyWindow(low, high, 0.5 * polarity.confidence if low != high else 0.0)
