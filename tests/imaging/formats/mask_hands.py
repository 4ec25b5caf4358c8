"""Masks of the joints of a drawn left hand: fingers up, thumb to the right, 120 x 110 pixels."""

import cv2
import numpy as np

PLACES = {
    "Radius": (97.0, 58.0), "Ulna": (95.0, 42.0), "Wrist": (84.0, 54.0), "CMC_1": (77.0, 71.0),
    "MCP_1": (58.0, 84.0), "MCP_2": (44.0, 66.0), "MCP_3": (42.0, 54.0), "MCP_4": (45.0, 43.0), "MCP_5": (51.0, 33.0),
    "PIP_1": (46.0, 94.0), "PIP_2": (23.0, 70.0), "PIP_3": (18.0, 54.0), "PIP_4": (23.0, 39.0), "PIP_5": (36.0, 26.0),
    "DIP_1": (10.0, 72.0), "DIP_2": (4.0, 54.0), "DIP_3": (9.0, 36.0), "DIP_4": (27.0, 22.0),
}  # fmt: skip
"""Row and column by name."""


def draw_mask(places=PLACES, scale=4):
    """Discs around the joints and a larger one for the carpals, ``scale`` times the size; 0 and 255."""
    mask = np.zeros((120 * scale, 110 * scale), np.uint8)
    for name, (row, column) in places.items():
        cv2.circle(mask, (round(column * scale), round(row * scale)), (8 if name == "Wrist" else 3) * scale, 255, -1)
    return mask
