"""A spine from the front: lowest ribs, lumbar vertebrae, sacrum and the wings of the ilium."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.other_anatomies.exposure import Exposure
from boneage.imaging.phantoms.other_anatomies.outlines import (
    add_bone,
    add_tissue,
    outline_ellipse,
    outline_strip,
    smooth_closed,
    smooth_path,
)
from boneage.imaging.phantoms.radiograph import Film

Array = NDArray[Any]

_N_VERTEBRAE = 9  # the ninth thoracic to the fifth lumbar
_N_WITH_RIBS = 4


def draw_spine(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw the grey values, 0 to 255; slightly scoliotic or not.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Rows and columns.
    """
    exposure = Exposure.draw(rng, shape, 400.0)
    width_mm = 400.0 * shape[1] / shape[0]
    _add_trunk(rng, exposure, width_mm)
    bend, phase = rng.normal(0, 8), rng.uniform(0, 2 * np.pi)
    y = 190.0
    for k in range(_N_VERTEBRAE):
        width, height, disc = 31 + 2.2 * k, 20 + 1.2 * k, 3.5 + 0.9 * k
        y -= height / 2
        middle = np.array([bend * np.sin(y / 130 + phase), y])
        if k < _N_WITH_RIBS:
            _add_ribs(exposure.bone, middle, width, k)
        add_vertebra(exposure.bone, middle, width, height, processes=k >= _N_WITH_RIBS)
        y -= height / 2 + disc
    _add_pelvis(exposure.bone, np.array([bend * np.sin(y / 130 + phase), y]))
    return exposure.expose(rng)


def add_vertebra(
    film: Film, middle: Array, width: float, height: float, *, processes: bool, density: float = 1.0
) -> None:
    """Add a vertebra: a waisted body with dense end plates, pedicles, spinous and perhaps transverse processes."""
    w, h = width / 2, height / 2
    body = [(-w, h), (0, 0.9 * h), (w, h), (0.86 * w, 0), (w, -h), (0, -0.9 * h), (-w, -h), (-0.86 * w, 0)]
    add_bone(film, middle + smooth_closed(body), depth=0.5 * w, cortex=1.4, density=0.42 * density)
    for side in (-1.0, 1.0):
        pedicle = outline_ellipse(middle + np.array([side * 0.62 * w, 0.25 * h]), 0.17 * w, 0.38 * h)
        add_bone(film, pedicle, depth=3.0, cortex=1.2, density=0.28 * density)
        end_plate = outline_strip(
            middle + np.array([[-0.93 * w, side * 0.95 * h], [0, side * 0.87 * h], [0.93 * w, side * 0.95 * h]]), 1.6
        )
        add_bone(film, end_plate, depth=0.8, cortex=0.7, density=0.12 * density)
        if processes:
            path = middle + np.array([[0.85 * side, 0.1], [1.35 * side, 0.2], [1.8 * side, 0.35]]) * [w, h]
            add_bone(
                film,
                outline_strip(smooth_path(path), [*np.linspace(9, 7, 50), *np.linspace(7, 3, 10)]),
                depth=3.5,
                cortex=1.0,
                density=0.2 * density,
            )
    spinous = smooth_closed(
        middle + np.array([[0, -0.1 * h], [0.13 * w, -0.9 * h], [0, -1.25 * h], [-0.13 * w, -0.9 * h]])
    )
    add_bone(film, spinous, depth=2.5, cortex=1.2, density=0.26 * density)


def _add_trunk(rng: np.random.Generator, exposure: Exposure, width_mm: float) -> None:
    """Add flesh over the whole film, the psoas muscles beside the spine, and gas in the bowel."""
    far = max(width_mm, 400.0)
    add_tissue(exposure.tissue, np.array([[-far, -far], [far, -far], [far, far], [-far, far]]), amount=1.3, edge=1.0)
    for side in (-1.0, 1.0):
        psoas = [(side * 12, 60), (side * 36, -20), (side * 62, -110), (side * 40, -125), (side * 14, -60)]
        add_tissue(exposure.tissue, smooth_closed(psoas), amount=0.45, edge=9.0)
    for _ in range(rng.integers(2, 7)):
        place = [rng.uniform(-0.45, 0.45) * width_mm, rng.uniform(-140, 60)]
        gas = outline_ellipse(place, rng.uniform(8, 22), rng.uniform(6, 14), rng.uniform(0, 3))
        add_tissue(exposure.tissue, gas, amount=-rng.uniform(0.3, 0.7), edge=8.0)


def _add_ribs(film: Film, middle: Array, width: float, number: int) -> None:
    reach = 105 - 22 * number
    for side in (-1.0, 1.0):
        path = middle + np.array(
            [
                [side * 0.5 * width, 4],
                [side * (0.5 * width + 0.45 * reach), 2],
                [side * (0.5 * width + reach), -0.55 * reach],
            ]
        )
        add_bone(film, outline_strip(smooth_path(path), 8.5), depth=4.0, cortex=1.0, density=0.26)


def _add_pelvis(film: Film, top: Array) -> None:
    sacrum = smooth_closed(
        top + np.array([[-44, 0], [0, 3], [44, 0], [40, -22], [24, -62], [0, -84], [-24, -62], [-40, -22]])
    )
    add_bone(film, sacrum, depth=14.0, cortex=1.6, density=0.4)
    for side in (-1.0, 1.0):
        for row in range(3):
            hole = outline_ellipse(top + np.array([side * (19 - 2.5 * row), -17 - 18 * row]), 4.2, 3.4)
            add_tissue(film, hole, amount=-0.13, edge=3.0)
        wing = [(40, 2), (62, 30), (98, 40), (128, 18), (132, -20), (104, -58), (66, -70), (46, -40)]
        add_bone(
            film, smooth_closed(top + np.array([(side * x, y) for x, y in wing])), depth=10.0, cortex=1.4, density=0.36
        )
