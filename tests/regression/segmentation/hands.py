"""An upright hand as a drawing: landmarks on a grid, and a disc where each centre lies."""

import numpy as np

from boneage.imaging import Points
from boneage.regression.segmentation.anatomy import list_centres, measure_hand_length

SIDE = 320
# x to the thumb's side, y from the wrist to the tips, by the length of the hand
_FINGERS = {"index": (0.12, 2), "middle": (0.0, 3), "ring": (-0.11, 4), "little": (-0.21, 5)}
_HEIGHTS = {"MCP": 0.5, "PIP": 0.72, "DIP": 0.87, "tip": 1.0}
_WRIST = {
    "ulna_metaphysis_ulnar_corner": (-0.16, -0.07), "ulna_metaphysis_radial_corner": (-0.08, -0.07),
    "ulna_styloid_tip": (-0.13, 0.0), "radius_metaphysis_ulnar_corner": (-0.05, -0.08),
    "radius_metaphysis_radial_corner": (0.11, -0.08), "radius_styloid_tip": (0.13, 0.0),
    "triquetrum_pisiform_proximal": (-0.12, 0.06), "lunate_proximal_pole": (-0.02, 0.03),
    "scaphoid_proximal_pole": (0.04, 0.04), "hamate_proximal_apex": (-0.05, 0.1),
    "capitate_proximal_head": (0.01, 0.09), "trapezoid_trapezium_scaphoid_junction": (0.1, 0.13),
    "trapezium_proximal_radial": (0.14, 0.1), "mc1_base_CMC1": (0.18, 0.15), "thumb_MCP": (0.3, 0.33),
    "thumb_IP": (0.36, 0.48), "thumb_tip": (0.4, 0.6),
}  # fmt: skip


def make_points(scale=240.0):
    """Return the landmarks of a hand of 240 pixels in a square of 320."""
    places = dict(_WRIST)
    for finger, (x, number) in _FINGERS.items():
        places[f"mc{number}_base_CMC{number}"] = (0.7 * x, 0.19)
        for joint, y in _HEIGHTS.items():
            places[f"{finger}_{joint}"] = (x, y)
    positions = np.array([(SIDE - 50 - scale * y, SIDE / 2 - 10 + scale * x) for x, y in places.values()])
    return Points(tuple(places), positions)


def draw_discs(points, radii, kind="bones"):
    """Return a mask with a disc of a radius in pixels at the place of each named centre."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    rows, columns = np.indices(mask.shape)
    for name, radius in radii.items():
        row, column = list_centres(kind)[name].locate(points)
        mask[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = 1
    return mask


LENGTH = measure_hand_length(make_points())
