"""Phantom hands: synthetic left hands, as radiographs and as MR volumes. A test instrument, not evidence.

All have exact landmarks and an exact age.
"""

from boneage.imaging.phantom.hands import (
    LANDMARK_NAMES,
    PHANTOM_PREFIX,
    PhantomHand,
    draw_phantom_hand,
    write_phantom_set,
)
from boneage.imaging.phantom.volumes import VOLUME_LANDMARK_NAMES, draw_phantom_volume

__all__ = [
    "LANDMARK_NAMES",
    "PHANTOM_PREFIX",
    "VOLUME_LANDMARK_NAMES",
    "PhantomHand",
    "draw_phantom_hand",
    "draw_phantom_volume",
    "write_phantom_set",
]
