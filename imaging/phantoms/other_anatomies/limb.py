"""Limbs without their hand or foot: a forearm, a knee, a lower leg."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.other_anatomies.exposure import Exposure
from boneage.imaging.phantoms.other_anatomies.outlines import (
    add_bone,
    add_tissue,
    outline_ellipse,
    outline_long_bone,
    outline_strip,
    smooth_closed,
    smooth_path,
)

Array = NDArray[Any]

# Outlines: x, y in mm, y upwards.
_HUMERUS = (
    (-13, 190), (-11, 120), (-34, 92), (-30, 76), (-14, 78), (4, 72), (28, 76), (36, 92), (12, 120), (13, 190),
)  # fmt: skip
_FEMUR = (
    (-17, 240), (-16, 90), (-24, 55), (-43, 28), (-42, 6), (-24, 1), (-8, 10), (0, 15), (8, 10), (24, 1), (42, 6),
    (43, 28), (24, 55), (16, 90), (17, 240),
)  # fmt: skip
_TIBIA = (
    (-42, -6), (-20, -7), (-4, -2), (4, -2), (20, -7), (42, -6), (41, -22), (24, -50), (14, -90), (13, -250),
    (-13, -250), (-14, -90), (-26, -50), (-41, -22),
)  # fmt: skip


def draw_limb(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw the grey values, 0 to 255, of a forearm with its elbow, a knee, or the shafts of a lower leg.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Rows and columns.
    """
    draw = (_draw_forearm, _draw_knee, _draw_lower_leg)[rng.integers(3)]
    return draw(rng, shape)


def _draw_forearm(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    exposure = Exposure.draw(rng, shape, 260.0, turn_deg=8.0)
    flesh = outline_strip(
        smooth_path([(0, 190), (0, 100), (0, -40), (0, -190)]),
        np.interp(np.arange(60), [0, 18, 40, 59], [95, 88, 78, 52]),
    )
    add_tissue(exposure.tissue, flesh, amount=1.3, edge=34.0)
    add_bone(exposure.bone, smooth_closed(_HUMERUS), depth=11.0, cortex=2.6, density=0.5)
    radius = outline_strip(
        smooth_path([(-19, 68), (-17, 40), (-22, -60), (-16, -220)]),
        _shaft_widths([(0, 22), (0.06, 21), (0.1, 13), (0.2, 14), (0.6, 15), (1, 22)]),
    )
    add_bone(exposure.bone, radius, depth=7.0, cortex=2.2, density=0.5)
    ulna = outline_strip(
        smooth_path([(14, 92), (14, 50), (18, -60), (15, -220)]),
        _shaft_widths([(0, 26), (0.1, 27), (0.2, 18), (0.5, 14), (1, 11)]),
    )
    add_bone(exposure.bone, ulna, depth=7.0, cortex=2.2, density=0.5)
    return exposure.expose(rng)


def _draw_knee(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    exposure = Exposure.draw(rng, shape, 330.0, turn_deg=5.0)
    flesh = outline_strip(
        smooth_path([(0, 230), (0, 80), (0, -30), (0, -230)]),
        np.interp(np.arange(60), [0, 22, 34, 45, 59], [165, 128, 118, 125, 105]),
    )
    add_tissue(exposure.tissue, flesh, amount=1.8, edge=55.0)
    add_bone(exposure.bone, smooth_closed(_FEMUR, 240), depth=16.0, cortex=4.0, density=0.62)
    add_bone(exposure.bone, smooth_closed(_TIBIA, 240), depth=14.0, cortex=4.0, density=0.6)
    fibula = outline_strip(
        smooth_path([(37, -24), (36, -60), (32, -120), (33, -250)]),
        _shaft_widths([(0, 12), (0.06, 17), (0.18, 10), (0.5, 11), (1, 11)]),
    )
    add_bone(exposure.bone, fibula, depth=5.0, cortex=2.0, density=0.4)
    patella = outline_ellipse([rng.normal(0, 2), 40], 22, 21)
    add_bone(exposure.bone, patella, depth=10.0, cortex=1.5, density=0.2)
    return exposure.expose(rng)


def _draw_lower_leg(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    exposure = Exposure.draw(rng, shape, 300.0, turn_deg=8.0)
    flesh = outline_strip(
        smooth_path([(0, 230), (0, 60), (0, -60), (0, -230)]), np.interp(np.arange(60), [0, 25, 59], [118, 100, 66])
    )
    add_tissue(exposure.tissue, flesh, amount=1.6, edge=45.0)
    tibia = outline_long_bone((-8, 330), (-4, -330), 60, 25, 50)
    add_bone(exposure.bone, tibia, depth=12.0, cortex=4.2, density=0.62)
    fibula = outline_strip(smooth_path([(26, 230), (23, 60), (22, -60), (26, -230)]), 12.0)
    add_bone(exposure.bone, fibula, depth=6.0, cortex=2.4, density=0.45)
    return exposure.expose(rng)


def _shaft_widths(knots: list[tuple[float, float]]) -> Array:
    places, widths = zip(*knots, strict=True)
    return np.asarray(np.interp(np.linspace(0, 1, 60), places, widths))
