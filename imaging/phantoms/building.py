"""Random lengths and stages of the bones of a phantom hand, for radiographs and volumes."""

from __future__ import annotations

import numpy as np

from boneage.imaging.phantoms.anatomy import LongBone
from boneage.imaging.phantoms.growth import Centre, Stage, stage_at

_ZONE = 0.13  # part of a bone's length that epiphysis and growth plate take
_HEAD_ZONE = 0.19  # a metacarpal's head is its epiphysis
_FOREARM_ZONE_MM = 8.5


class Build:
    """Draws the length and the stage of each bone of a hand.

    Parameters
    ----------
    rng : numpy.random.Generator
    maturity : float
        In a boy's months.
    scale : float
        Length of the hand relative to a grown man's.
    girth : float
        Width of its bones relative to their length, against a grown man's.
    """

    def __init__(self, rng: np.random.Generator, maturity: float, scale: float, girth: float) -> None:
        self._rng = rng
        self._maturity = maturity
        self._scale = scale
        self._width = scale * girth

    def stage(self, centre: Centre) -> Stage:
        """Draw the stage of an ossification centre."""
        return stage_at(centre, max(self._maturity + self._rng.normal(0.0, 3.0), 0.0))

    def draw_length(self, bone: LongBone) -> float:
        """Draw the length of a bone in mm."""
        return float(bone.length * self._scale * self._rng.normal(1.0, 0.012))

    def zone(self, bone: LongBone, length: float) -> float:
        """Return the distance of a bone's growth plate from the end that it lengthens, in mm."""
        if bone.name in ("radius", "ulna"):
            return _FOREARM_ZONE_MM * self._scale
        return (_HEAD_ZONE if bone.plate == "distal" else _ZONE) * length
