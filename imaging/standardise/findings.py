"""What a reader should know about a picture: several hands, noise, few pixels, a photograph."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.light_box import lies_on_light_box, measure_convergence
from boneage.imaging.standardise.results import ExposedField, Finding, GreyWindow, HandMask
from boneage.imaging.standardise.settings import FindingSettings

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LARGEST = 500  # pixels of each side that the noise is measured in
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_SAMPLE = 20000


def describe(
    pixels: Picture, window: GreyWindow, mask: HandMask, film: bool, settings: FindingSettings
) -> Iterator[Finding]:
    """Yield what is found in a picture.

    Parameters
    ----------
    pixels : ndarray of float32, shape (rows, columns)
        The exposed field, in the file's grey values.
    window : GreyWindow
    mask : HandMask
    film : bool
        Whether the field looks like a film that was photographed.
    settings : FindingSettings
    """
    length = mask.length or float(max(pixels.shape))
    if length < settings.min_length:
        yield Finding(
            "too few pixels", f"the hand is {length:.0f} pixels long; at least {settings.min_length:.0f} are needed"
        )
    if mask.n_hands > 1:
        yield Finding("two hands", f"there are {mask.n_hands} hands in the picture")
    if not mask.n_hands:
        yield Finding("no hand", "no outline of a hand stands out from the background")
    if film:
        yield Finding("photograph of a film", "the picture looks like a photograph of a film on a light box")
    width = abs(window.high - window.low)
    if width <= 0:
        return
    noise = estimate_noise(pixels) / width
    if noise > settings.max_noise:
        yield Finding("noise", f"the noise is {100 * noise:.0f} % of the contrast between air and bone")
    levels = count_levels(pixels, window)
    if levels < settings.min_levels:
        yield Finding("underexposed", f"there are only {levels} grey levels between air and bone")


def estimate_noise(pixels: Picture) -> float:
    """Estimate the standard deviation of the noise between neighbouring pixels.

    The median of a Laplacian's size [1]_, so that edges do not count; of the middle of large pictures.

    References
    ----------
    .. [1] J. Immerkær, Fast noise variance estimation, Computer Vision and Image Understanding 64, 1996.
    """
    if min(pixels.shape) < 3:
        return 0.0
    low = [max((n - _LARGEST) // 2, 0) for n in pixels.shape]
    part = np.ascontiguousarray(pixels[low[0] : low[0] + _LARGEST, low[1] : low[1] + _LARGEST])
    response = np.abs(cv2.filter2D(part, cv2.CV_32F, _LAPLACIAN))[1:-1, 1:-1]
    return float(np.median(response)) / 0.6745 / 6.0


def count_levels(pixels: Picture, window: GreyWindow) -> int:
    """Return the number of different grey values of the window that occur in a sample of the pixels."""
    low, high = sorted((window.low, window.high))
    sample = pixels.ravel()[:: max(pixels.size // _SAMPLE, 1)]
    return len(np.unique(sample[(sample >= low) & (sample <= high)]))


def looks_like_film(
    picture: Picture, field: ExposedField, exposed: Mask, window: GreyWindow, settings: FindingSettings
) -> bool:
    """Return whether the picture looks like a photograph of a film: seen aslant, on something as bright as bone.

    Either the field's sides tell it, or the light box all around does.

    Parameters
    ----------
    picture : ndarray of float32, shape (rows, columns)
    field : ExposedField
        In the picture's pixels.
    exposed : ndarray of bool, shape (rows, columns)
        Which of the picture's pixels were exposed.
    """
    if lies_on_light_box(picture, settings):
        return True
    surround = picture[~exposed]
    if field.n_sides < 4 or len(field.outline) != 4 or not len(surround) or window.low == window.high:
        return False
    bright = (float(np.median(surround)) - window.low) / (window.high - window.low)
    return bright > settings.min_surround and measure_convergence(field.outline) > settings.min_convergence_rad
