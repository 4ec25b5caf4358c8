"""Hands that a reader must be told of: a finger missing, half a hand, two hands in one picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.growth import OLDEST_MONTHS, YOUNGEST_MONTHS
from boneage.imaging.phantoms.hands import PhantomHand, draw_phantom_hand
from boneage.imaging.points import Points
from boneage.imaging.resampling import resample
from boneage.imaging.scans import Scan, Sex

Half = Literal["left", "right", "upper", "lower"]

FINGERS: Mapping[str, tuple[str, ...]] = {
    "index": ("index_MCP", "index_PIP", "index_DIP", "index_tip"),
    "middle": ("middle_MCP", "middle_PIP", "middle_DIP", "middle_tip"),
    "ring": ("ring_MCP", "ring_PIP", "ring_DIP", "ring_tip"),
    "little": ("little_MCP", "little_PIP", "little_DIP", "little_tip"),
}
"""Landmarks of phantom hands from the base of a finger to its tip."""

_STUMP = 0.3  # of the first phalanx that is left
_GIRTH = 0.66  # of a finger with its flesh, relative to its first phalanx, where its neighbours are not nearer


def remove_finger(rng: np.random.Generator, scan: Scan, points: Points, finger: Sequence[str]) -> tuple[Scan, Points]:
    """Paint air over a finger, but for a stump, and leave out its landmarks.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of the grain of the air.
    scan : Scan
        A radiograph that is no resized copy.
    points : Points
        Its landmarks.
    finger : sequence of str
        The finger's landmarks, from its base to its tip; the base stays.

    Raises
    ------
    ValueError
        If the scan is a volume or a resized copy, or one of the landmarks is absent.
    """
    _check(scan)
    path = points.select(finger).positions
    if len(path) < 2 or np.isnan(path).any():
        raise ValueError(f"finger must be two or more landmarks that are there, got {', '.join(finger)}")
    phalanx = float(np.linalg.norm(path[1] - path[0]))
    beyond = path[-1] + 0.25 * phalanx * (path[-1] - path[-2]) / np.linalg.norm(path[-1] - path[-2])
    line = np.array([path[0] + (_STUMP + _GIRTH / 2) * (path[1] - path[0]), *path[1:], beyond])
    others = points.positions[points.present & ~np.isin(points.names, finger)]
    between = cdist(line, others).min() if len(others) else np.inf
    thickness = max(round(min(_GIRTH * phalanx, between)), 1)
    mask = np.zeros(scan.pixels.shape, np.uint8)
    corners = np.round(line[:, ::-1]).astype(np.int32)
    cv2.polylines(mask, [corners], isClosed=False, color=1, thickness=thickness)
    around = cv2.dilate(mask, np.ones((2 * (thickness // 3) + 1,) * 2, np.uint8)) > mask
    opacity = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.04 * phalanx + 0.5)
    pixels = scan.pixels * (1 - opacity) + _draw_air(rng, scan.pixels, around, thickness / 2) * opacity
    gone = np.isin(points.names, finger[1:])
    positions = np.where(gone[:, None], np.nan, points.positions)
    return dataclasses.replace(scan, pixels=np.round(pixels).clip(0)), dataclasses.replace(points, positions=positions)


def halve_hand(scan: Scan, points: Points, half: Half) -> tuple[Scan, Points]:
    """Return one half of a picture, divided in the middle of the hand; landmarks in the other half are left out.

    Parameters
    ----------
    scan : Scan
        A radiograph that is no resized copy.
    points : Points
        Its landmarks; the picture is divided in its own middle if none is there.
    half : {"left", "right", "upper", "lower"}

    Raises
    ------
    ValueError
        If the scan is a volume or a resized copy, or there is no such half.
    """
    _check(scan)
    if half not in ("left", "right", "upper", "lower"):
        raise ValueError(f"half must be left, right, upper or lower, got {half!r}")
    axis = 1 if half in ("left", "right") else 0
    length = scan.pixels.shape[axis]
    there = points.positions[points.present, axis]
    middle = int(np.clip(round((there.min() + there.max()) / 2) if len(there) else length // 2, 1, length - 1))
    first, last = (0, middle) if half in ("left", "upper") else (middle, length)
    pixels = np.take(scan.pixels, np.arange(first, last), axis)
    frame = Frame.from_linear(np.eye(2), [-first if k == axis else 0 for k in range(2)])
    moved = points.mapped(frame)
    inside = (moved.positions[:, axis] > -0.5) & (moved.positions[:, axis] < pixels.shape[axis] - 0.5)
    positions = np.where(inside[:, None], moved.positions, np.nan)
    return _replace_pixels(scan, pixels), dataclasses.replace(moved, positions=positions)


def join_hands(first: tuple[Scan, Points], second: tuple[Scan, Points]) -> tuple[Scan, Points, Points]:
    """Return two hands side by side, the second mirrored and as high as the first, and the landmarks of each.

    Parameters
    ----------
    first, second : tuple of Scan and Points
        Radiographs that are no resized copies, with their landmarks.

    Raises
    ------
    ValueError
        If a scan is a volume or a resized copy.
    """
    (left, left_points), (right, right_points) = first, second
    _check(left)
    _check(right)
    rows = left.pixels.shape[0]
    shape = (rows, max(round(right.pixels.shape[1] * rows / right.pixels.shape[0]), 1))
    mirror = Frame.from_linear(np.diag([1.0, -1.0]), [0, shape[1] - 1])
    frame = mirror.compose(Frame.resize(right.pixels.shape, shape))
    beside = resample(right.pixels, frame, shape)
    range_ = float(np.ptp(beside)) or 1.0
    beside = left.pixels.min() + (beside - beside.min()) * (np.ptp(left.pixels) / range_)
    both = _replace_pixels(left, np.round(np.hstack([left.pixels, beside])))
    shift = Frame.from_linear(np.eye(2), [0, left.pixels.shape[1]])
    return both, left_points, right_points.mapped(shift.compose(frame))


def draw_hand_without_finger(rng: np.random.Generator) -> Scan:
    """Draw a phantom hand of any age without one of its fingers."""
    hand = _draw_hand(rng)
    return remove_finger(rng, hand.scan, hand.points, FINGERS[str(rng.choice(list(FINGERS)))])[0]


def draw_half_hand(rng: np.random.Generator) -> Scan:
    """Draw one half of a phantom hand of any age."""
    hand = _draw_hand(rng)
    halves: tuple[Half, ...] = ("left", "right", "upper", "lower")
    return halve_hand(hand.scan, hand.points, halves[rng.integers(4)])[0]


def draw_two_hands(rng: np.random.Generator) -> Scan:
    """Draw a left and a right phantom hand of the same age and sex in one picture."""
    sex, age = _draw_sex_and_age(rng)
    left, right = (draw_phantom_hand(rng, sex=sex, age_months=age) for _ in range(2))
    return join_hands((left.scan, left.points), (right.scan, right.points))[0]


ALTERED_HANDS: Mapping[str, Callable[[np.random.Generator], Scan]] = {
    "finger-missing": draw_hand_without_finger,
    "half-hand": draw_half_hand,
    "two-hands": draw_two_hands,
}
"""What draws hands that a reader must be told of, by their kind."""


def _draw_hand(rng: np.random.Generator) -> PhantomHand:
    sex, age = _draw_sex_and_age(rng)
    return draw_phantom_hand(rng, sex=sex, age_months=age)


def _draw_sex_and_age(rng: np.random.Generator) -> tuple[Sex, float]:
    return "F" if rng.uniform() < 0.5 else "M", float(rng.uniform(YOUNGEST_MONTHS, OLDEST_MONTHS))


def _draw_air(
    rng: np.random.Generator, pixels: NDArray[np.float32], around: NDArray[np.bool_], reach: float
) -> NDArray[np.float32]:
    """Draw air that goes on from the darker pixels around a finger, within some pixels of them, with their grain."""
    air = around & (pixels <= np.percentile(pixels[around], 40))
    weights = cv2.GaussianBlur(air.astype(np.float32), (0, 0), reach) + np.float32(1e-6)
    level = cv2.GaussianBlur(np.where(air, pixels, 0).astype(np.float32), (0, 0), reach) / weights
    spread = float((pixels - cv2.GaussianBlur(pixels, (0, 0), 2.0))[air].std())
    return np.asarray(level + rng.normal(0, spread, pixels.shape), np.float32)


def _replace_pixels(scan: Scan, pixels: NDArray[np.float32]) -> Scan:
    return dataclasses.replace(scan, pixels=pixels, original_shape=None, to_original=None, to_patient=None)


def _check(scan: Scan) -> None:
    if scan.ndim != 2 or scan.original_shape != scan.pixels.shape:
        raise ValueError(f"scan must be a radiograph that is no resized copy, got shape {scan.pixels.shape}")
