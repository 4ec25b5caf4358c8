"""A foot from above: toes, metatarsals, tarsus, heel."""

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
from boneage.imaging.phantoms.radiograph import Film

Array = NDArray[Any]

# Outlines: x, y in mm, y upwards.
_SOLE = (
    (-47, 70), (-36, 100), (0, 100), (40, 82), (62, 48), (52, -20), (42, -90), (20, -128), (-12, -126), (-26, -95),
    (-36, -30), (-44, 20),
)  # fmt: skip

# Of each ray, the great toe's first: base and head of the metatarsal in mm, lengths of the phalanges, shaft width.
_RAYS = (
    ((-20.0, 8.0), (-31.0, 66.0), (31.0, 23.0), 14.0),
    ((-4.0, 16.0), (-7.0, 79.0), (24.0, 10.0, 8.0), 7.5),
    ((10.0, 13.0), (13.0, 73.0), (22.0, 9.0, 8.0), 7.0),
    ((23.0, 6.0), (31.0, 63.0), (20.0, 8.0, 7.5), 7.0),
    ((34.0, -3.0), (48.0, 50.0), (18.0, 7.0, 7.5), 7.5),
)
_TARSUS = {
    "medial cuneiform": [(-29, 7), (-13, 9), (-12, -14), (-28, -16)],
    "intermediate cuneiform": [(-11, 15), (1, 14), (1, -8), (-10, -10)],
    "lateral cuneiform": [(3, 12), (14, 10), (15, -13), (3, -10)],
    "cuboid": [(16, 5), (36, -6), (34, -34), (14, -28)],
    "navicular": [(-28, -18), (-8, -13), (12, -17), (8, -30), (-10, -34), (-27, -29)],
    "talus": [(-27, -32), (-10, -38), (6, -32), (11, -54), (9, -80), (-20, -80), (-24, -54)],
    "calcaneus": [(14, -32), (32, -36), (33, -60), (26, -112), (4, -118), (-8, -104), (4, -62)],
}


def draw_foot(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw the grey values, 0 to 255.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Rows and columns.
    """
    exposure = Exposure.draw(rng, shape, 290.0, turn_deg=6.0)
    add_tissue(exposure.tissue, smooth_closed(_SOLE), amount=1.3, edge=30.0)
    add_tissue(exposure.tissue, outline_ellipse([0, -80], 45, 55), amount=0.5, edge=30.0)
    spread = rng.normal(0, 0.04)
    for number, (base, head, lengths, width) in enumerate(_RAYS):
        _add_ray(rng, exposure, np.array(base), np.array(head), lengths, width, turn_rad=spread * (number - 2))
    for name, corners in _TARSUS.items():
        depth = 14.0 if name in ("talus", "calcaneus") else 9.0
        outline = smooth_closed(np.array(corners) + rng.normal(0, 0.5, (len(corners), 2)))
        add_bone(exposure.bone, outline, depth=depth, cortex=1.3, density=0.48 if depth > 10 else 0.42)
    add_bone(
        exposure.bone,
        outline_strip(smooth_path([(-8, -62), (-8, -90), (-8, -150)]), 40.0),
        depth=14.0,
        cortex=2.5,
        density=0.16,
    )
    return exposure.expose(rng)


def _add_ray(
    rng: np.random.Generator,
    exposure: Exposure,
    base: Array,
    head: Array,
    lengths: tuple[float, ...],
    width: float,
    *,
    turn_rad: float,
) -> None:
    """Add a metatarsal, its toe, and the flesh of the toe; the great toe has sesamoids."""
    film: Film = exposure.bone
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    head = base + (head - base) @ np.array([[c, s], [-s, c]])
    great = len(lengths) == 2
    shaft = 0.75 * width if great else 0.62 * width
    add_bone(
        film,
        outline_long_bone(base, head, 1.55 * width if not great else 1.5 * width, shaft * 1.1, 1.4 * width),
        depth=0.45 * width,
        cortex=0.17 * width,
        density=0.5,
    )
    along = (head - base) / np.linalg.norm(head - base)
    straight = np.array([rng.normal(-0.02, 0.05), 1.0])
    along = (along + 1.5 * straight) / np.linalg.norm(along + 1.5 * straight)
    place, size = head + 2.0 * along, 1.25 * width
    start = place
    for length in lengths:
        long_enough = max(length, 1.0)
        add_bone(
            film,
            outline_long_bone(place, place + long_enough * along, size, 0.68 * size, 0.85 * size),
            depth=0.32 * size,
            cortex=0.13 * size,
            density=0.36,
        )
        place = place + (long_enough + 1.5) * along
        size *= 0.86
    toe = outline_strip(
        np.linspace(start - 18 * along, place + 3 * along, 40),
        [*np.full(34, 2.3 * width), *np.linspace(2.2 * width, 1.0 * width, 6)],
    )
    add_tissue(exposure.tissue, toe, amount=0.7, edge=1.0 * width)
    if great:
        for side in (-0.35, 0.35):
            sesamoid = outline_ellipse(head - 6 * along + np.array([side * width * 1.1, 0]), 4.0, 5.5)
            add_bone(film, sesamoid, depth=3.5, cortex=1.0, density=0.25)
