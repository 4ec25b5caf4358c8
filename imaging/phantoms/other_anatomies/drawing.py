"""Any of the phantoms that are no hand, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.other_anatomies.chest import draw_chest
from boneage.imaging.phantoms.other_anatomies.foot import draw_foot
from boneage.imaging.phantoms.other_anatomies.limb import draw_limb
from boneage.imaging.phantoms.other_anatomies.no_anatomies import draw_gradient, draw_noise, draw_text
from boneage.imaging.phantoms.other_anatomies.skull import draw_skull
from boneage.imaging.phantoms.other_anatomies.spine import draw_spine
from boneage.imaging.scans import Scan

Draw = Callable[[np.random.Generator, tuple[int, int]], NDArray[Any]]

ANATOMIES: Mapping[str, Draw] = {
    "spine": draw_spine,
    "chest": draw_chest,
    "limb": draw_limb,
    "foot": draw_foot,
    "skull": draw_skull,
    "text": draw_text,
    "noise": draw_noise,
    "gradient": draw_gradient,
}
"""What draws the grey values, 0 to 255, of a picture of so many rows and columns."""

_WIDTHS = {"spine": (0.42, 0.7), "chest": (0.9, 1.1), "limb": (0.4, 0.7), "foot": (0.55, 0.8), "skull": (0.8, 1.05)}
_OTHER_WIDTHS = (0.65, 1.2)
_SMALLEST, _LARGEST = 300, 2000


def draw_anatomy(rng: np.random.Generator, anatomy: str, shape: tuple[int, int] | None = None) -> Scan:
    """Draw a picture that shows no hand.

    Parameters
    ----------
    rng : numpy.random.Generator
    anatomy : str
        A name of ``ANATOMIES``.
    shape : tuple of int, optional
        Rows and columns; drawn, from 300 to 2000 pixels on the longer side, if not given.

    Raises
    ------
    ValueError
        If there is no such anatomy, or the picture is too small.

    Examples
    --------
    >>> draw_anatomy(np.random.default_rng(0), "foot", (400, 300)).pixels.shape
    (400, 300)
    """
    if anatomy not in ANATOMIES:
        raise ValueError(f"anatomy must be one of {', '.join(ANATOMIES)}, got {anatomy!r}")
    shape = shape or _draw_shape(rng, anatomy)
    if min(shape) < 64:
        raise ValueError(f"shape must be at least 64 x 64, got {shape}")
    pixels = np.round(ANATOMIES[anatomy](rng, shape)).astype(np.float32)
    return Scan(pixels, source=f"phantom {anatomy}", phantom=True)


def _draw_shape(rng: np.random.Generator, anatomy: str) -> tuple[int, int]:
    longest = float(np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    ratio = float(rng.uniform(*_WIDTHS.get(anatomy, _OTHER_WIDTHS)))  # columns for a row
    rows = longest / max(ratio, 1.0)
    return round(rows), round(rows * ratio)
