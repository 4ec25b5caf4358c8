import numpy as np
import pytest

from boneage.regression import crop_regions
from boneage.regression.flattening import flatten_regions
from tests.regression.volume_bone import MIDDLE, SIDE, SITE, draw_bone


@pytest.fixture(scope="module")
def straight():
    """The cube around a bone that lies along the rows."""
    return crop_regions(*draw_bone(np.eye(3)), [SITE], side=SIDE)


def test_cubes_become_pictures(straight):
    slices, means = flatten_regions(straight, "slice"), flatten_regions(straight, "projection")
    assert slices.pixels.shape == means.pixels.shape == (1, SIDE, SIDE)
    assert slices.frames == straight.frames
    row, column = round(MIDDLE - 14), round(MIDDLE)
    for pictures in (slices, means):
        assert (pictures.pixels.min(), pictures.pixels.max()) == (0, 1)
        assert pictures.pixels[0, row, column] > pictures.pixels[0, -1 - row, column] + 0.3
    odd_side = crop_regions(*draw_bone(np.eye(3)), [SITE], side=41)
    low, high = np.percentile(odd_side.pixels[0, 20], (1, 99))
    expected = np.clip((odd_side.pixels[0, 20] - low) / (high - low), 0, 1)
    assert np.allclose(flatten_regions(odd_side, "slice").pixels[0], expected, atol=1e-5)
    with pytest.raises(ValueError, match="only a volume's regions"):
        flatten_regions(slices, "slice")
