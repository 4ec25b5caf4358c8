"""Phantoms of what is no hand: to measure how often a model takes them for one."""

from boneage.imaging.phantoms.other_anatomies.drawing import ANATOMIES, draw_anatomy

__all__ = ["ANATOMIES", "draw_anatomy"]
