"""Phantom hands as T1-like MR volumes with exact landmarks and age."""

from __future__ import annotations

import numpy as np

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.growth import maturity_months
from boneage.imaging.phantoms.hands import PhantomHand
from boneage.imaging.phantoms.scanner import receive
from boneage.imaging.phantoms.solid import SolidHand, draw_solid_hand, turn_x, turn_y, turn_z
from boneage.imaging.phantoms.solid_bones import FAR_MM, Canvas, paint_carpals, paint_long_bone
from boneage.imaging.phantoms.solid_flesh import paint_flesh
from boneage.imaging.phantoms.tissues import draw_tissues
from boneage.imaging.points import Points
from boneage.imaging.scans import Scan, Sex
from boneage.imaging.schemes import read_scheme

VOLUME_LANDMARK_NAMES: tuple[str, ...] = read_scheme("hand34").names

YOUNGEST_MONTHS, OLDEST_MONTHS = 96.0, 240.0
FIELD_MM = (57.6, 256.0, 144.0)  # a grown man's hand with its wrist
FINE_MM, COARSE_MM = (0.9, 0.5, 0.5), (2.0, 0.9, 0.9)
_SMALLEST = (8, 32, 32)
_OUTSIDE = "outside the field of view"


def draw_phantom_volume(
    rng: np.random.Generator,
    *,
    sex: Sex,
    age_months: float,
    shape: tuple[int, int, int] | None = None,
    spacing_mm: tuple[float, float, float] = FINE_MM,
) -> PhantomHand:
    """Draw a T1-like MR volume of a synthetic left hand.

    1. Grow and pose a skeleton in space.
    2. Place it in the field of view; one hand in eight partly outside, so that landmarks are absent.
    3. Paint flesh, then bones from the fingers to the forearm.
    4. Receive it: uneven coil, Rician noise, whole numbers.

    Parameters
    ----------
    rng : numpy.random.Generator
    sex : {"F", "M"}
    age_months : float
        Bone age, 96 to 240.
    shape : tuple of int, optional
        Planes (back of the hand to palm), rows (fingers to wrist) and columns (little finger to thumb); a field of
        view of ``FIELD_MM`` if not given.
    spacing_mm : tuple of float
        Length of a voxel along each axis.

    Returns
    -------
    PhantomHand
        Landmarks are those of ``hand34``, in its order; those outside the volume are absent.

    Raises
    ------
    ValueError
        If the age is outside the growth model, the volume is too small, or the spacing not positive.
    """
    if not YOUNGEST_MONTHS <= age_months <= OLDEST_MONTHS:
        raise ValueError(f"age_months must be {YOUNGEST_MONTHS:g} to {OLDEST_MONTHS:g}, got {age_months}")
    shape = _check_grid(shape, spacing_mm)
    hand = draw_solid_hand(rng, sex, age_months)
    to_voxels = _draw_place(rng, hand, shape, spacing_mm)
    canvas = Canvas(
        np.zeros(shape, np.float32), np.full(shape, FAR_MM, np.float32), to_voxels,
        draw_tissues(rng, maturity_months(age_months, sex)),
    )  # fmt: skip
    paint_flesh(canvas, hand)
    for bone in (bone for bones in hand.rays.values() for bone in bones):
        paint_long_bone(canvas, bone, hand.scale)
    paint_carpals(canvas, hand.carpals, hand.scale)
    paint_long_bone(canvas, hand.radius, hand.scale)
    paint_long_bone(canvas, hand.ulna, hand.scale)
    scan = Scan(
        pixels=receive(rng, canvas.pixels, spacing_mm), spacing=spacing_mm, spacing_unit="mm", modality="mri",
        laterality="L", sex=sex, age_months=age_months, source="phantom", phantom=True,
        to_patient=_to_patient(shape, spacing_mm),
    )  # fmt: skip
    return PhantomHand(scan, _points(hand, to_voxels, shape), age_months, sex)


def _check_grid(shape: tuple[int, int, int] | None, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return the shape of the volume, that of ``FIELD_MM`` if not given; see :func:`draw_phantom_volume`."""
    if np.shape(spacing_mm) != (3,) or not all(np.isfinite(s) and s > 0 for s in spacing_mm):
        raise ValueError(f"spacing_mm must be 3 positive numbers, got {spacing_mm}")
    if shape is None:
        planes, rows, columns = (round(field / step) for field, step in zip(FIELD_MM, spacing_mm, strict=True))
        shape = (planes, rows, columns)
    if np.shape(shape) != (3,) or any(n < least for n, least in zip(shape, _SMALLEST, strict=True)):
        raise ValueError(f"shape must be at least {' x '.join(map(str, _SMALLEST))}, got {shape}")
    return shape


def _points(hand: SolidHand, to_voxels: Frame, shape: tuple[int, ...]) -> Points:
    """Return the landmarks in voxels; NaN where they are not in the volume."""
    places = hand.landmarks()
    positions = to_voxels.apply(np.array([places[name] for name in VOLUME_LANDMARK_NAMES]))
    inside = np.asarray(((positions >= -0.5) & (positions <= np.array(shape) - 0.5)).all(axis=1))
    positions[~inside] = np.nan
    return Points(VOLUME_LANDMARK_NAMES, positions, inside.astype(float), tuple("" if i else _OUTSIDE for i in inside))


def _draw_place(
    rng: np.random.Generator, hand: SolidHand, shape: tuple[int, ...], spacing_mm: tuple[float, ...]
) -> Frame:
    """Draw the map from the hand to voxels: rotated by a few degrees about each axis, near the middle of the field."""
    places = np.array(list(hand.landmarks().values()))
    lies_flat = -np.arctan(np.polyfit(places[:, 1], places[:, 2], 1)[0])  # levels hand and forearm
    plane, tilt, roll = np.radians(rng.normal(0, (5.0, 2.0, 6.0)))
    rotation = turn_z(plane) @ turn_x(lies_flat + tilt) @ turn_y(roll)
    to_axes = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])  # x, y, z to plane, row, column
    linear = np.diag(1 / np.array(spacing_mm)) @ to_axes @ rotation
    voxels = places @ linear.T * spacing_mm
    flesh = np.array([[14.0, 6.0, 12.0], [10.0, 5.0, 12.0]]) * hand.scale
    low, high = voxels.min(axis=0) - flesh[0], voxels.max(axis=0) + flesh[1]
    slack = np.maximum(np.array(shape) * spacing_mm - (high - low), 0) / 2
    aside = rng.uniform(-0.5, 0.5, 3) * slack
    placement, side = rng.uniform(), rng.uniform(12.0, 28.0) * hand.scale
    if placement < 0.06:
        aside[1] = -slack[1] - side  # finger tips
    elif placement < 0.12:
        aside[2] = slack[2] + side  # the thumb
    offset = (np.array(shape) - 1) / 2 - ((low + high) / 2 - aside) / spacing_mm
    return Frame.from_linear(linear, offset)


def _to_patient(shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> Frame:
    """Return the map from voxels to LPS: planes to the back, rows to the feet, columns to the left."""
    linear = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]) @ np.diag(spacing_mm)
    return Frame.from_linear(linear, -linear @ ((np.array(shape) - 1) / 2))
