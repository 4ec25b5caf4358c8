"""Phantom hands: synthetic left hands, as radiographs and as MR volumes. A test instrument, not evidence.

All have exact landmarks and an exact age.
"""

from boneage.imaging.phantoms.hands import LANDMARK_NAMES, PhantomHand, draw_phantom_hand
from boneage.imaging.phantoms.sets import PHANTOM_PREFIX, write_phantom_set
from boneage.imaging.phantoms.volumes import COARSE_MM, FINE_MM, VOLUME_LANDMARK_NAMES, draw_phantom_volume

__all__ = [
    "COARSE_MM",
    "FINE_MM",
    "LANDMARK_NAMES",
    "PHANTOM_PREFIX",
    "VOLUME_LANDMARK_NAMES",
    "PhantomHand",
    "draw_phantom_hand",
    "draw_phantom_volume",
    "write_phantom_set",
]
