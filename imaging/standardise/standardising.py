"""A radiograph as archives keep it, brought to one standard form."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.resampling import warp
from boneage.imaging.scans import Scan
from boneage.imaging.standardise.field import find_exposed_field
from boneage.imaging.standardise.findings import describe, looks_like_film
from boneage.imaging.standardise.fingers import ALL_FINGERS, Fingers
from boneage.imaging.standardise.grids import cut_field, fill_outline, make_working_copy
from boneage.imaging.standardise.hand_mask import find_hand
from boneage.imaging.standardise.polarity import judge_polarity, weigh_hands
from boneage.imaging.standardise.results import (
    ExposedField,
    GreyWindow,
    HandMask,
    Polarity,
    StandardisedScan,
    Upright,
)
from boneage.imaging.standardise.settings import StandardiseSettings
from boneage.imaging.standardise.several_hands import find_hands
from boneage.imaging.standardise.upright import judge_upright
from boneage.imaging.standardise.window import choose_window

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SQUARE = np.ones(2)


def standardise(
    scan: Scan, settings: StandardiseSettings | None = None, *, inverted: bool | None = None
) -> StandardisedScan:
    """Bring a radiograph to the standard form: the exposed field, bones bright, grey values from 0 to 1.

    1. Find the exposed field. 2. Judge the polarity. 3. Find the hand. 4. Choose the grey window. 5. Judge how the hand
    lies. 6. Count the hands. 7. Cut out the field, with a rim where the hand reaches its side, and window it. All is
    decided on a working copy of a few hundred pixels; the result has the file's own resolution.

    Parameters
    ----------
    scan : Scan
        A volume is returned as it is.
    settings : StandardiseSettings, optional
    inverted : bool, optional
        Whether black and white are swapped in the file, where it is known; judged from the picture if not given.

    Returns
    -------
    StandardisedScan
        What was found, in pixels of ``scan``.

    Examples
    --------
    >>> from boneage.imaging.phantoms import draw_phantom_hand
    >>> hand = draw_phantom_hand(np.random.default_rng(0), sex="F", age_months=120.0).scan
    >>> inverted = dataclasses.replace(hand, pixels=255 - hand.pixels)
    >>> standardise(hand).polarity.inverted, standardise(inverted).polarity.inverted
    (False, True)
    """
    settings = settings or StandardiseSettings()
    if scan.ndim != 2:
        return _keep(scan)
    picture, to_copy = make_working_copy(scan, settings.size)
    field = find_exposed_field(picture, settings.field)
    to_view, shape = cut_field(field, picture.shape, _SQUARE)
    view = warp(picture, to_view, shape) if field.rotation_rad else _slice(picture, to_view, shape)
    exposed = fill_outline(field, to_view, shape)
    polarity, mask, fingers = _find_bright_hand(view, exposed, settings, inverted)
    window = choose_window(view, exposed, mask, polarity, settings.window)
    upright = judge_upright(fingers, mask.quality, scan.laterality)
    in_file = field.moved(to_copy.inverse())
    crop = crop_field(scan, in_file, mask.touches, window, settings)
    exposed_copy = fill_outline(field, Frame.identity(2), picture.shape)
    film = looks_like_film(picture, field, exposed_copy, window, settings.findings)
    mask = dataclasses.replace(mask, frame=mask.frame.compose(to_view))
    n_hands = len(find_hands(picture, mask, polarity.inverted, settings))
    mask = dataclasses.replace(
        mask, frame=mask.frame.compose(to_copy), length=mask.length / to_copy.scale(), n_hands=n_hands
    )
    findings = tuple(describe(_part(scan, in_file), window, mask, film, settings.findings))
    return StandardisedScan(crop, in_file, polarity, window, mask, upright, findings)


def crop_field(
    scan: Scan, field: ExposedField, touches: tuple[str, ...], window: GreyWindow, settings: StandardiseSettings
) -> Scan:
    """Cut the exposed field out of a radiograph and window it: the last step of :func:`standardise`.

    Parameters
    ----------
    scan : Scan
    field : ExposedField
        In pixels of ``scan``.
    touches : tuple of str
        The sides of the field that the hand reaches: there the picture goes on beyond it.
    window : GreyWindow
    settings : StandardiseSettings
    """
    return _crop(scan, _extend(field, touches, settings.reach, scan), window)


def _find_bright_hand(
    view: Picture, exposed: Mask, settings: StandardiseSettings, inverted: bool | None
) -> tuple[Polarity, HandMask, Fingers | None]:
    """Judge the polarity, unless it is known, and find the hand; where it is not clear, by the hand in both."""
    polarity = judge_polarity(view, exposed, settings.polarity) if inverted is None else Polarity(inverted, 1.0)
    bright = -view if polarity.inverted else view
    hand = find_hand(bright, exposed, settings.mask, settings.fingers)
    if polarity.confidence >= settings.polarity.sure:
        return polarity, *hand
    other = find_hand(-bright, exposed, settings.mask, settings.fingers)
    settled = weigh_hands(polarity, _rate(*hand), _rate(*other), settings.polarity)
    return settled, *(hand if settled.inverted == polarity.inverted else other)


def _rate(mask: HandMask, fingers: Fingers | None) -> float:
    """Return how well a hand is seen, 0 to 1: the quality of its outline and the part of its fingers."""
    return mask.quality * min(len(fingers or ()), ALL_FINGERS) / ALL_FINGERS


def _keep(scan: Scan) -> StandardisedScan:
    """Return a volume as it is, with a field and a mask that say nothing about it."""
    plane = scan.pixels.shape[-2:]
    mask = HandMask(np.zeros(plane, dtype=bool), Frame.identity(2), 0.0, 0, (), 0.0)
    window = GreyWindow(float(scan.pixels.min()), float(scan.pixels.max()), 0.0)
    upright = Upright(0.0, 0.0, scan.laterality, float(scan.laterality is not None))
    return StandardisedScan(scan, ExposedField.whole(plane, 0.0), Polarity(False, 0.5), window, mask, upright)


def _slice(pixels: Picture, to_part: Frame, shape: tuple[int, int]) -> Picture:
    row, column = (-np.rint(to_part.matrix[:2, 2])).astype(int).tolist()
    return pixels[row : row + shape[0], column : column + shape[1]]


def _part(scan: Scan, field: ExposedField) -> Picture:
    """Return the file's pixels in the upright rectangle around the field."""
    low = np.clip(np.floor(field.corners.min(axis=0)).astype(int), 0, np.array(scan.pixels.shape) - 1)
    high = np.maximum(np.ceil(field.corners.max(axis=0)).astype(int), low + 1)
    return scan.pixels[low[0] : high[0], low[1] : high[1]]


def _extend(field: ExposedField, touches: tuple[str, ...], reach: float, scan: Scan) -> ExposedField:
    """Return the field with its rectangle's sides moved outward where the hand reaches them, within the picture."""
    spacing = scan.spacing_array
    true = field.corners * spacing
    axes = np.stack([true[3] - true[0], true[1] - true[0]])
    lengths = np.linalg.norm(axes, axis=1)
    down, right = axes * (reach * lengths.max() / lengths)[:, None]
    top, bottom = -down * ("top" in touches), down * ("bottom" in touches)
    first, last = -right * ("left" in touches), right * ("right" in touches)
    corners = (true + np.array([top + first, top + last, bottom + last, bottom + first])) / spacing
    if field.rotation_rad == 0.0:
        corners = np.clip(corners, -0.5, np.array(scan.pixels.shape) - 0.5)
    return dataclasses.replace(field, corners=corners)


def _crop(scan: Scan, field: ExposedField, window: GreyWindow) -> Scan:
    """Return the field's part of a scan, windowed."""
    to_part, shape = cut_field(field, scan.pixels.shape, scan.spacing_array)
    if field.rotation_rad:
        part = warp(scan.pixels, to_part, shape, fill=window.low)
    else:
        part = _slice(scan.pixels, to_part, shape)
    width = window.high - window.low
    grey = part - np.float32(window.low)
    grey *= np.float32(1 / width if width else 0)
    np.clip(grey, 0, 1, out=grey)
    grey.flags.writeable = False  # the scan needs no copy then
    return dataclasses.replace(scan, pixels=grey, to_original=scan.frame_to_original().compose(to_part.inverse()))
