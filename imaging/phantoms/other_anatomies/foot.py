"""A foot from above: toes, metatarsals, tarsus, heel."""

from __future__ import annotations

from dataclasses import dataclass
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
_SOLE = (
    (-47, 70), (-36, 100), (0, 100), (40, 82), (62, 48), (52, -20), (42, -90), (20, -128), (-12, -126), (-26, -95),
    (-36, -30), (-44, 20),
)  # fmt: skip


@dataclass(frozen=True)
class _Ray:
    """A metatarsal and its toe in mm: the metatarsal's two ends, lengths of the phalanges, width of the shaft."""

    base: tuple[float, float]
    head: tuple[float, float]
    phalanges: tuple[float, ...]
    width: float


_RAYS = (
    _Ray((-20.0, 8.0), (-31.0, 66.0), (31.0, 23.0), 14.0),  # the great toe
    _Ray((-4.0, 16.0), (-7.0, 79.0), (24.0, 10.0, 8.0), 7.5),
    _Ray((10.0, 13.0), (13.0, 73.0), (22.0, 9.0, 8.0), 7.0),
    _Ray((23.0, 6.0), (31.0, 63.0), (20.0, 8.0, 7.5), 7.0),
    _Ray((34.0, -3.0), (48.0, 50.0), (18.0, 7.0, 7.5), 7.5),
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
    for number, ray in enumerate(_RAYS):
        _add_ray(rng, exposure, ray, turn_rad=spread * (number - 2))
    for name, corners in _TARSUS.items():
        depth = 14.0 if name in ("talus", "calcaneus") else 9.0
        outline = smooth_closed(np.array(corners) + rng.normal(0, 0.5, (len(corners), 2)))
        add_bone(exposure.bone, outline, depth=depth, cortex=1.3, density=0.48 if depth > 10 else 0.42)
    shin = outline_strip(smooth_path([(-8, -62), (-8, -90), (-8, -150)]), 40.0)
    add_bone(exposure.bone, shin, depth=14.0, cortex=2.5, density=0.16)
    return exposure.expose(rng)


def _add_ray(rng: np.random.Generator, exposure: Exposure, ray: _Ray, *, turn_rad: float) -> None:
    """Add a metatarsal, turned about its base, and its toe; the great toe has sesamoids."""
    width, great = ray.width, len(ray.phalanges) == 2
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    base = np.array(ray.base)
    head = base + (np.array(ray.head) - base) @ np.array([[c, s], [-s, c]])
    waist = (0.82 if great else 0.68) * width
    metatarsal = outline_long_bone(base, head, (1.5 if great else 1.55) * width, waist, 1.4 * width)
    add_bone(exposure.bone, metatarsal, depth=0.45 * width, cortex=0.17 * width, density=0.5)
    along = (head - base) / np.linalg.norm(head - base) + 1.5 * np.array([rng.normal(-0.02, 0.05), 1.0])
    along /= np.linalg.norm(along)
    _add_toe(exposure, ray, head + 2.0 * along, along)
    if great:
        for side in (-0.35, 0.35):
            sesamoid = outline_ellipse(head - 6 * along + np.array([side * width * 1.1, 0]), 4.0, 5.5)
            add_bone(exposure.bone, sesamoid, depth=3.5, cortex=1.0, density=0.25)


def _add_toe(exposure: Exposure, ray: _Ray, start: Array, along: Array) -> None:
    """Add the phalanges from a place on, and the flesh around them."""
    place, size = start, 1.25 * ray.width
    for length in ray.phalanges:
        phalanx = outline_long_bone(place, place + length * along, size, 0.68 * size, 0.85 * size)
        add_bone(exposure.bone, phalanx, depth=0.32 * size, cortex=0.13 * size, density=0.36)
        place, size = place + (length + 1.5) * along, 0.86 * size
    girth = [*np.full(34, 2.3 * ray.width), *np.linspace(2.2 * ray.width, 1.0 * ray.width, 6)]
    flesh = outline_strip(np.linspace(start - 18 * along, place + 3 * along, 40), girth)
    add_tissue(exposure.tissue, flesh, amount=0.7, edge=1.0 * ray.width)
