"""Phantoms: synthetic left hands, as radiographs and as MR volumes, and radiographs of what is no hand.

They are a test instrument, not evidence. All hands have exact landmarks and an exact age.
"""

from boneage.imaging.phantoms.altered_hands import ALTERED_HANDS, FINGERS, halve_hand, join_hands, remove_finger
from boneage.imaging.phantoms.hands import LANDMARK_NAMES, PhantomHand, draw_phantom_hand
from boneage.imaging.phantoms.other_anatomies import ANATOMIES, draw_anatomy
from boneage.imaging.phantoms.sets import OTHER_PHANTOMS, PHANTOM_PREFIX, write_other_phantoms, write_phantom_set
from boneage.imaging.phantoms.volumes import COARSE_MM, FINE_MM, VOLUME_LANDMARK_NAMES, draw_phantom_volume

__all__ = [
    "ALTERED_HANDS",
    "ANATOMIES",
    "COARSE_MM",
    "FINE_MM",
    "FINGERS",
    "LANDMARK_NAMES",
    "OTHER_PHANTOMS",
    "PHANTOM_PREFIX",
    "VOLUME_LANDMARK_NAMES",
    "PhantomHand",
    "draw_anatomy",
    "draw_phantom_hand",
    "draw_phantom_volume",
    "halve_hand",
    "join_hands",
    "remove_finger",
    "write_other_phantoms",
    "write_phantom_set",
]
