"""Pictures with a known truth: a phantom hand alone, in a field on a surround, twice, and as a photograph."""

import cv2
import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.phantoms import draw_phantom_hand


@pytest.fixture(scope="session")
def phantom():
    """An upright left hand of ten years with its landmarks; the forearm leaves through the last row."""
    return draw_phantom_hand(np.random.default_rng(4), sex="F", age_months=120.0)


@pytest.fixture(scope="session")
def spread():
    """An upright left hand whose five fingers are apart."""
    return draw_phantom_hand(np.random.default_rng(13), sex="F", age_months=120.0)


@pytest.fixture(scope="session")
def framed():
    """Return a function that lays a phantom, turned, on a surround: the picture, and the map into it."""

    def frame(hand, rotation_rad=0.0, surround=0.0, pad=0.35):
        pixels = hand.scan.pixels
        size = np.array(pixels.shape)
        shape = np.ceil(size.max() * (1 + 2 * pad) * np.ones(2)).astype(int)
        cos, sin = np.cos(rotation_rad), np.sin(rotation_rad)
        linear = np.array([[cos, -sin], [sin, cos]])
        offset = (shape - 1) / 2 - linear @ ((size - 1) / 2)
        xy = np.array([[linear[1, 1], linear[1, 0], offset[1]], [linear[0, 1], linear[0, 0], offset[0]]])
        raised = pixels + 60.0  # the exposed air is brighter than a black surround
        picture = cv2.warpAffine(raised, xy, (int(shape[1]), int(shape[0])), borderValue=float(surround))
        return Scan(picture, laterality=None), lambda p: np.asarray(p) @ linear.T + offset

    return frame
