import numpy as np

from boneage.imaging.phantoms.other_anatomies.exposure import Exposure
from boneage.imaging.phantoms.other_anatomies.outlines import add_bone, outline_ellipse


def draw(seed):
    rng = np.random.default_rng(seed)
    exposure = Exposure.draw(rng, (200, 150), 100.0)
    add_bone(exposure.bone, outline_ellipse([0, 0], 20, 20), depth=15.0, cortex=3.0, density=0.6)
    return exposure.expose(rng)


def test_bone_in_the_middle_is_brighter_than_air_and_the_seed_decides_all():
    pixels = draw(3)
    assert pixels.shape == (200, 150)
    assert pixels.min() >= 0
    assert pixels.max() <= 255
    assert np.median(pixels[90:110, 65:85]) > np.median(pixels[:20, 60:90]) + 30
    assert np.array_equal(draw(3), pixels)
    assert not np.array_equal(draw(4), pixels)


def test_some_are_collimated():
    borders = [np.ptp(draw(seed)[-1]) for seed in range(12)]
    assert 0 < sum(border == 0 for border in borders) < 12
