"""Phantom hands as radiographs with exact landmarks and age."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.growth import OLDEST_MONTHS, YOUNGEST_MONTHS
from boneage.imaging.phantoms.masks import draw_masks
from boneage.imaging.phantoms.pose import Skeleton, draw_skeleton
from boneage.imaging.phantoms.radiograph import Film, add_long_bone, add_oval, draw_flesh, expose
from boneage.imaging.points import Points
from boneage.imaging.scans import Scan, Sex

LANDMARK_NAMES: tuple[str, ...] = tuple(json.loads((files(__package__) / "landmarks37.json").read_text()))


@dataclass(frozen=True, eq=False)
class PhantomHand:
    """A synthetic left hand with its true landmarks, in the scan's pixels, and its true age in months.

    ``masks`` are those of its ossification centres (``bones``) and ``joints`` by name, if they were asked for.
    """

    scan: Scan
    points: Points
    age_months: float
    sex: Sex
    masks: Mapping[str, Mapping[str, NDArray[np.bool_]]] = field(default_factory=dict)


def draw_phantom_hand(
    rng: np.random.Generator, *, sex: Sex, age_months: float, shape: tuple[int, int] = (900, 700), masks: bool = False
) -> PhantomHand:
    """Draw a radiograph of a synthetic left hand.

    1. Grow and pose a skeleton.
    2. Place it on the film, with random position, size and rotation.
    3. Add up the absorption of bones and flesh; expose; add a side marker beside the hand.

    Parameters
    ----------
    rng : numpy.random.Generator
    sex : {"F", "M"}
    age_months : float
        Bone age.
    shape : tuple of int
        Rows and columns of the picture.
    masks : bool
        Whether the masks are drawn too.

    Raises
    ------
    ValueError
        If the age is outside the growth model or the picture is too small.
    """
    if not YOUNGEST_MONTHS <= age_months <= OLDEST_MONTHS:
        raise ValueError(f"age_months must be {YOUNGEST_MONTHS:g} to {OLDEST_MONTHS:g}, got {age_months}")
    if min(shape) < 64:
        raise ValueError(f"shape must be at least 64 x 64, got {shape}")
    skeleton = draw_skeleton(rng, sex, age_months)
    film = Film(shape, _draw_place(rng, skeleton, shape))
    for bones in (*skeleton.rays.values(), (skeleton.radius, skeleton.ulna)):
        for bone in bones:
            add_long_bone(film, bone)
    for oval in skeleton.ovals:
        add_oval(film, oval)
    pixels = expose(rng, film.absorption, draw_flesh(film, skeleton))
    pixels = _add_side_marker(rng, pixels)
    places = film.to_film.apply(np.array([skeleton.landmarks[name] for name in LANDMARK_NAMES]))
    points = Points(LANDMARK_NAMES, places, np.ones(len(places)), ("",) * len(places))
    scan = Scan(
        pixels=np.round(pixels), spacing=(1.0, 1.0), laterality="L", sex=sex, age_months=age_months, source="phantom",
        phantom=True,
    )  # fmt: skip
    drawn = draw_masks(skeleton, film.to_film, shape) if masks else {}
    return PhantomHand(scan, points, age_months, sex, drawn)


def _draw_place(rng: np.random.Generator, skeleton: Skeleton, shape: tuple[int, int]) -> Frame:
    """Draw the map from the hand to the film: upright within a few degrees, filling most of the picture."""
    places = np.array(list(skeleton.landmarks.values()))
    low, high = places.min(axis=0), places.max(axis=0)
    height = (high - low)[1] + 0.10 * (high - low)[1]  # some forearm below the landmarks
    scale = shape[0] * rng.uniform(0.82, 0.93) / height
    scale = min(scale, shape[1] * 0.86 / (high - low)[0])
    angle = np.radians(rng.normal(0, 4))
    c, s = np.cos(angle), np.sin(angle)
    linear = scale * np.array([[c, -s], [s, c]]) @ np.array([[0.0, -1.0], [1.0, 0.0]])  # x, y to row, column
    middle = (low + high) / 2 - np.array([0, 0.03 * height])
    centre = np.array(shape) / 2 + rng.normal(0, 0.008, 2) * np.array(shape)
    return Frame.from_linear(linear, centre - linear @ middle)


def _add_side_marker(rng: np.random.Generator, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Draw a lead letter L into a corner above the thumb, as on a film of a left hand."""
    rows, cols = pixels.shape
    size = rows / 900
    place = (int(cols * rng.uniform(0.84, 0.9)), int(rows * rng.uniform(0.08, 0.3)))
    letter = np.zeros(pixels.shape, np.uint8)
    cv2.putText(letter, "L", place, cv2.FONT_HERSHEY_SIMPLEX, 1.6 * size, 255, max(round(5 * size), 1), cv2.LINE_AA)
    ink = cv2.GaussianBlur(letter.astype(np.float32) / 255, (0, 0), 0.8)
    return np.asarray(pixels * (1 - ink) + rng.uniform(225, 250) * ink, np.float32)
