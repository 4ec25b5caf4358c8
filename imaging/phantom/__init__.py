"""Phantom hands: synthetic left-hand radiographs with exact landmarks and age. A test instrument, not evidence."""

from boneage.imaging.phantom.hands import (
    LANDMARK_NAMES,
    PHANTOM_PREFIX,
    PhantomHand,
    draw_phantom_hand,
    write_phantom_set,
)

__all__ = ["LANDMARK_NAMES", "PHANTOM_PREFIX", "PhantomHand", "draw_phantom_hand", "write_phantom_set"]
