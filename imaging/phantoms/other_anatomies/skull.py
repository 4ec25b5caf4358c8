"""A skull from the side: vault, face, jaw with teeth, neck."""

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
from boneage.imaging.phantoms.other_anatomies.spine import add_vertebra

Array = NDArray[Any]

# Outlines: x, y in mm, y upwards.
_HEAD = (
    (100, -20), (96, 66), (50, 116), (-10, 130), (-76, 108), (-106, 50), (-98, -8), (-60, -60), (-50, -160),
    (20, -160), (30, -104), (78, -112), (94, -84), (108, -48),
)  # fmt: skip


def draw_skull(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw the grey values, 0 to 255.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Rows and columns.
    """
    exposure = Exposure.draw(rng, shape, 285.0)
    vault = [(82, 20), (80, 62), (45, 104), (-10, 118), (-66, 98), (-94, 50), (-86, 0), (-52, -28), (0, -22), (40, -2)]
    add_tissue(exposure.tissue, smooth_closed(_HEAD), amount=1.1, edge=22.0)
    add_tissue(exposure.tissue, smooth_closed(vault), amount=0.4, edge=25.0)
    add_bone(exposure.bone, smooth_closed(vault), depth=60.0, cortex=5.0, density=0.6)
    add_bone(exposure.bone, outline_strip(smooth_closed(vault), 7.0), depth=3.5, cortex=1.2, density=0.16)
    base = smooth_path([(82, 14), (40, 2), (6, -6), (-2, -16), (-14, -8), (-22, -26), (-60, -30)])
    add_bone(exposure.bone, outline_strip(base, 7.0), depth=3.5, cortex=1.8, density=0.35)
    face = [(84, 14), (90, -14), (88, -44), (40, -50), (24, -12), (40, 4)]
    add_bone(exposure.bone, smooth_closed(face), depth=20.0, cortex=2.5, density=0.34)
    add_bone(exposure.bone, outline_ellipse([64, 0], 17, 15), depth=12.0, cortex=1.8, density=0.2)
    add_tissue(exposure.bone, outline_ellipse([58, -28], 17, 12), amount=-0.14, edge=6.0)
    jaw = smooth_path([(8, -14), (4, -46), (12, -78), (48, -92), (86, -90)])
    jaw = outline_strip(jaw, np.interp(np.arange(60), [0, 12, 30, 59], [12, 26, 28, 22]))
    add_bone(exposure.bone, jaw, depth=9.0, cortex=2.5, density=0.42)
    for column in np.linspace(42, 92, 8):
        for y, length in ((-56.0, 8.0), (-70.0, 8.0)):
            add_bone(exposure.bone, outline_ellipse([column, y], 2.9, length), depth=2.8, cortex=1.6, density=0.42)
    add_bone(exposure.bone, outline_ellipse([-22, -24], 14, 12, 0.5), depth=9.0, cortex=4.0, density=0.3)
    for number in range(5):
        middle = np.array([-24 + 3.0 * number, -52.0 - 21 * number])
        add_vertebra(exposure.bone, middle, 24, 16, processes=False, density=0.9)
    return exposure.expose(rng)
