"""How a hand lies: where its fingers point, and on which side its thumb is."""

from __future__ import annotations

import numpy as np

from boneage.imaging.scans import Laterality
from boneage.imaging.standardise.fingers import ALL_FINGERS, Fingers
from boneage.imaging.standardise.results import Upright


def judge_upright(fingers: Fingers | None, quality: float, stated: Laterality | None) -> Upright:
    """Judge the rotation that points the fingers up, and the hand's side.

    Seen from the back, fingers up, the thumb of a left hand is on the right. It is the finger with the widest gap to
    its neighbour; that is clear only where all five fingers are seen.

    Parameters
    ----------
    fingers : Fingers or None
        None where there is no hand.
    quality : float
        Of the hand's mask.
    stated : {"L", "R"} or None
        What the file says.
    """
    side, sure = (stated, 1.0) if stated else _judge_side(fingers, quality)
    if fingers is None or not len(fingers):
        return Upright(0.0, 0.0, side, sure)
    return Upright(-fingers.direction_rad, quality * min(len(fingers), ALL_FINGERS) / ALL_FINGERS, side, sure)


def _judge_side(fingers: Fingers | None, quality: float) -> tuple[Laterality | None, float]:
    if fingers is None or len(fingers) != ALL_FINGERS:
        return None, 0.0
    gaps = np.diff(fingers.angles_rad)
    step = float(gaps[-1] - gaps[0])
    return "L" if step > 0 else "R", quality * min(0.5 + abs(step), 1.0)
