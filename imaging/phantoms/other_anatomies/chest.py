"""A chest from the front: ribs, clavicles, lungs, heart, diaphragm, spine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.other_anatomies.exposure import Exposure
from boneage.imaging.phantoms.other_anatomies.outlines import (
    add_bone,
    add_tissue,
    outline_long_bone,
    outline_strip,
    smooth_closed,
    smooth_path,
)
from boneage.imaging.phantoms.other_anatomies.spine import add_vertebra
from boneage.imaging.phantoms.radiograph import Film

Array = NDArray[Any]

# Outlines: x, y in mm, y upwards.
_TRUNK = (
    (-42, 230), (-52, 185), (-190, 165), (-215, 60), (-185, -80), (-180, -260), (180, -260), (185, -80), (215, 60),
    (190, 165), (52, 185), (42, 230),
)  # fmt: skip
_RIGHT_LUNG = (
    (-14, 120), (-45, 148), (-85, 125), (-122, 40), (-132, -60), (-128, -104), (-80, -78), (-30, -90), (-22, -20),
)  # fmt: skip
_LEFT_LUNG = (
    (14, 120), (45, 148), (85, 125), (122, 40), (132, -70), (128, -118), (92, -98), (80, -80), (52, -30), (26, 20),
)  # fmt: skip

_N_RIBS = 10


def draw_chest(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw the grey values, 0 to 255.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Rows and columns.
    """
    exposure = Exposure.draw(rng, shape, 400.0, turn_deg=2.0)
    build = rng.uniform(0.9, 1.08)  # of the thorax's width
    _add_organs(rng, exposure.tissue, build)
    for number in range(17):
        middle = np.array([rng.normal(0, 0.5), 165.0 - 24.5 * number])
        add_vertebra(exposure.bone, middle, 28 + 0.6 * number, 18 + 0.3 * number, processes=False, density=0.55)
    for number in range(_N_RIBS):
        _add_rib_pair(exposure.bone, number, build)
    for side in (-1.0, 1.0):
        clavicle = smooth_path(
            [(side * 14, 124), (side * 60 * build, 134), (side * 100 * build, 140), (side * 142 * build, 152)]
        )
        add_bone(exposure.bone, outline_strip(clavicle, 10.5), depth=5.0, cortex=1.4, density=0.33)
        scapula = [(108, 150), (134, 140), (142, 80), (118, 30), (110, 70)]
        blade = smooth_closed([(side * x * build, y) for x, y in scapula])
        add_bone(exposure.bone, blade, depth=6.0, cortex=1.5, density=0.16)
        arm = outline_long_bone((side * 165 * build, 142), (side * 190 * build, -60), 40, 22, 30)
        add_bone(exposure.bone, arm, depth=11.0, cortex=3.0, density=0.42)
    return exposure.expose(rng)


def _add_organs(rng: np.random.Generator, film: Film, build: float) -> None:
    """Add the trunk, air in lungs and trachea, the heart and what lies under the diaphragm."""
    add_tissue(film, np.array([(x * build, y) for x, y in _TRUNK]), amount=1.9, edge=45.0)
    for lung in (_RIGHT_LUNG, _LEFT_LUNG):
        add_tissue(film, smooth_closed([(x * build, y) for x, y in lung]), amount=-1.45, edge=14.0)
    heart = [(-8, 55), (-34, -10), (-34, -62), (0, -88), (60, -86), (88, -70), (66, -20), (34, 20), (30, 60)]
    size = rng.uniform(0.9, 1.1)
    add_tissue(film, smooth_closed([(x * size, y) for x, y in heart]), amount=0.95, edge=16.0)
    add_tissue(film, outline_strip(np.array([[0.0, 215.0], [1.0, 130.0], [2.0, 75.0]]), 17), amount=-0.6, edge=6.0)
    for side in (-1.0, 1.0):
        for _ in range(14):  # vessels from the hilum into the lung
            turn, length = rng.uniform(-1.2, 1.2), rng.uniform(30, 75)
            start = np.array([side * 34, 12.0])
            path = start + np.linspace(0, length, 20)[:, None] * np.array([side * np.cos(turn), np.sin(turn)])
            add_tissue(film, outline_strip(path, np.linspace(6, 1.5, 20)), amount=0.25, edge=2.0)


def _add_rib_pair(film: Film, number: int, build: float) -> None:
    """Add the ribs of one segment: from the spine out and down at the back, then fainter to the front."""
    top = 140.0 - 23.0 * number
    width = (70 + 72 * (1 - np.exp(-number / 2.2))) * build
    drop = 16 + 3.2 * number
    for side in (-1.0, 1.0):
        back = smooth_path(
            [
                (side * 12, top),
                (side * 0.45 * width, top + 10),
                (side * 0.85 * width, top - 0.45 * drop),
                (side * width, top - drop - 14),
            ]
        )
        add_bone(film, outline_strip(back, 9.0), depth=4.2, cortex=1.1, density=0.30)
        if number < _N_RIBS - 2:
            front = smooth_path(
                [
                    (side * width, top - drop - 14),
                    (side * 0.92 * width, top - 1.9 * drop - 22),
                    (side * 0.5 * width, top - 2.2 * drop - 40),
                ]
            )
            add_bone(film, outline_strip(front, 10.0), depth=5.0, cortex=0.9, density=0.16)
